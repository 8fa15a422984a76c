//! Case files.
fn main() {}
