//! Bare hashes: the server's implementation and parameters on every core at once, each with memory of its own, and
//! nothing else. What serving is compared with.

use std::thread;
use std::time::{Duration, Instant};

use argon2::Version;
use formwork::password::{Argon2id, owasp};

/// Hashes per second.
pub(crate) fn per_second(cores: usize, time: Duration) -> f64 {
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
    f64::from(done) / started.elapsed().as_secs_f64()
}
