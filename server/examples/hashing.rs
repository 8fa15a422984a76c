//! Bare hashes per second, by which `benches/peers` divides; with `simd-argon2`, those of that implementation.
//!
//!     cargo run --release --example hashing -- SECONDS

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement")]

#[path = "../benches/bare/hashes.rs"]
mod hashes;

use std::time::Duration;

fn main() {
    let seconds = std::env::args().nth(1).and_then(|seconds| seconds.parse().ok()).unwrap_or(5);
    let cores = std::thread::available_parallelism().unwrap().get();
    println!("{:.1}", hashes::per_second(cores, Duration::from_secs(seconds)));
}
