//! What surrounds one judgement: its time, and what the checked keywords find in it.
//!
//! A keyword takes no argument but the value, does not learn where the value is, and its errors own a copy of it; and
//! a validator judges on the thread that asks it. So for as long as one judgement takes, this thread holds the time of
//! the request for the keywords, and keeps what they refuse by the address of the value.

use std::cell::{Cell, RefCell};
use std::time::SystemTime;

use jsonschema::paths::Location;
use serde_json::Value;

use super::Failure;

thread_local! {
    static NOW: Cell<Option<SystemTime>> = const { Cell::new(None) };
    static RECORD: RefCell<Option<Vec<Recorded>>> = const { RefCell::new(None) };
}

/// What a keyword refuses.
pub(crate) struct Recorded {
    /// Where the keyword stands in the schema.
    pub(crate) keyword: Location,
    /// The address of the value that has it, which holds as long as the judged document is borrowed.
    pub(crate) address: usize,
    /// What in the value is refused.
    pub(crate) failures: Vec<Failure>,
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

/// Collects errors with what the keywords refuse beside them.
pub(crate) fn recording<T>(judge: impl FnOnce() -> T) -> (T, Vec<Recorded>) {
    RECORD.set(Some(Vec::new()));
    let result = judge();
    (result, RECORD.take().unwrap_or_default())
}

/// Keeps what a keyword refuses, if somebody wants it so.
pub(super) fn record(keyword: &Location, value: &Value, failures: Vec<Failure>) -> bool {
    RECORD.with_borrow_mut(|record| match record {
        None => false,
        Some(record) => {
            let address = address_of(value);
            record.push(Recorded { keyword: keyword.clone(), address, failures });
            true
        }
    })
}

/// Where a value is in memory: what tells it from every other of the same document.
pub(crate) fn address_of(value: &Value) -> usize {
    std::ptr::from_ref(value).addr()
}
