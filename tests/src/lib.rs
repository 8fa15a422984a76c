//! Tests of formwork from outside; see the files beside `src`.
