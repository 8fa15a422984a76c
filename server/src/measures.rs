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
pub struct Hashes {
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

/// How many records commits hold, and how long they take.
#[derive(Clone, Debug)]
pub struct Commits {
    pub(crate) records: Histogram,
    pub(crate) durations: Histogram,
}

impl Default for Commits {
    fn default() -> Self {
        let powers_of_two = std::iter::successors(Some(1.0), |power| Some(power * 2.0));
        Self { records: Histogram::new(powers_of_two.take(11)), durations: Histogram::new(SECONDS) }
    }
}

impl Commits {
    /// So many records were committed together, or failed to be.
    pub(crate) fn committed(&self, records: usize, time: Duration) {
        // Exact as far as any group goes.
        self.records.observe(u32::try_from(records).map_or(f64::INFINITY, f64::from));
        self.durations.observe(time.as_secs_f64());
    }
}

/// The connections that a store keeps for what it is asked.
#[derive(Clone, Copy, Debug, Default)]
pub struct Connections {
    /// Those that are in use.
    pub busy: u32,
    /// Those that wait for something to do.
    pub idle: u32,
}

impl<D: sqlx::Database> From<&sqlx::Pool<D>> for Connections {
    fn from(pool: &sqlx::Pool<D>) -> Self {
        let idle = u32::try_from(pool.num_idle()).unwrap_or(u32::MAX);
        Self { busy: pool.size().saturating_sub(idle), idle }
    }
}
