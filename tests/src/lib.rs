//! Tests of formwork from outside; see the files beside `src`. Here is what several of them start.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "tests"
)]

pub mod certificates;
pub mod postgres;
