//! The moment at which a document is judged.
//!
//! A keyword takes no argument but the value, and a validator judges on the thread that asks it; so the time of a
//! request is handed to the keywords through this thread, for as long as one judgement takes.

use std::cell::Cell;
use std::time::SystemTime;

thread_local! {
    static NOW: Cell<Option<SystemTime>> = const { Cell::new(None) };
}

/// Puts the clock back, even when a judgement panics.
struct Restore(Option<SystemTime>);

impl Drop for Restore {
    fn drop(&mut self) {
        NOW.set(self.0);
    }
}

/// Judges something as of `now`.
pub(crate) fn at<T>(now: SystemTime, judge: impl FnOnce() -> T) -> T {
    let _restore = Restore(NOW.replace(Some(now)));
    judge()
}

/// The time of the judgement under way, if one has a time.
pub(super) fn now() -> Option<SystemTime> {
    NOW.get()
}
