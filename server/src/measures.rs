//! What is measured where it happens, for `metrics` to show.
//!
//! Made with what is measured, by `password` and by stores; a clone counts with the others.

use std::time::Duration;

use prometheus_client::metrics::histogram::Histogram;

/// Upper ends of the buckets of durations, in seconds: a refusal takes microseconds, a hash a tenth of a second.
pub(crate) const SECONDS: [f64; 12] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];

/// How long passwords wait, and how long their hashes take.
#[derive(Clone, Debug)]
pub(crate) struct Hashes {
    pub(crate) waits: Histogram,
    pub(crate) durations: Histogram,
}

impl Default for Hashes {
    fn default() -> Self {
        Self { waits: Histogram::new(SECONDS), durations: Histogram::new(SECONDS) }
    }
}

impl Hashes {
    /// A password had its turn after so long.
    pub(crate) fn waited(&self, time: Duration) {
        self.waits.observe(time.as_secs_f64());
    }

    /// Its hash took so long.
    pub(crate) fn took(&self, time: Duration) {
        self.durations.observe(time.as_secs_f64());
    }
}
