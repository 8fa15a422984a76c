//! A bar on standard error while much is done: on a terminal only, and only when it takes long.

use std::sync::Once;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget};

/// Work that is done sooner needs no bar.
const PATIENCE: Duration = Duration::from_millis(500);

pub(super) struct Progress {
    bar: ProgressBar,
    started: Instant,
    done: AtomicU64,
    shown: Once,
}

impl Progress {
    pub(super) fn new(length: usize) -> Self {
        let bar = ProgressBar::with_draw_target(Some(length as u64), ProgressDrawTarget::hidden());
        Self { bar, started: Instant::now(), done: AtomicU64::new(0), shown: Once::new() }
    }

    /// One more is done.
    pub(super) fn advance(&self) {
        self.show(self.done.fetch_add(1, Ordering::Relaxed) + 1);
    }

    /// So many are done, of so many as are known by now.
    pub(super) fn reach(&self, done: u64, of: u64) {
        self.bar.set_length(of);
        self.show(done);
    }

    fn show(&self, done: u64) {
        if self.started.elapsed() < PATIENCE {
            return;
        }
        // Draws nothing where standard error is no terminal.
        self.shown.call_once(|| self.bar.set_draw_target(ProgressDrawTarget::stderr()));
        self.bar.set_position(done);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
