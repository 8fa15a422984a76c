//! Bare hashes per second: Argon2id with the server's implementation and parameters on every core, and nothing else.
//!
//!     cargo run --release --example hashing -- SECONDS
//!
//! Prints the number. `benches/peers` divides by it.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement")]

use std::thread;
use std::time::{Duration, Instant};

use argon2::Version;
use formwork::password::{Argon2id, owasp};

fn main() {
    let seconds = std::env::args().nth(1).and_then(|seconds| seconds.parse().ok()).unwrap_or(5);
    let time = Duration::from_secs(seconds);
    let cores = thread::available_parallelism().unwrap().get();
    let started = Instant::now();
    let hash_until_then = || {
        let (mut argon2id, params) = (Argon2id::default(), owasp().unwrap());
        let mut done = 0u32;
        while started.elapsed() < time {
            argon2id.hash(&params, Version::V0x13, b"somepassword", &[7; 16]).unwrap();
            done += 1;
        }
        done
    };
    let done: u32 = thread::scope(|scope| {
        let threads: Vec<_> = (0..cores).map(|_| scope.spawn(hash_until_then)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    println!("{:.1}", f64::from(done) / started.elapsed().as_secs_f64());
}
