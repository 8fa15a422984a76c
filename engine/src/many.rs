//! The same for each of some things: on every core where they are many.

use rayon::prelude::*;

/// From how many things on there is a thread for each core: a few are done before the threads are there, which stay, and hold
/// memory of their own.
const MANY: usize = 8;

/// What comes of each, in their order.
pub(crate) fn each<T: Sync, R: Send>(things: &[T], one: impl Fn(&T) -> R + Sync) -> Vec<R> {
    if things.len() < MANY { things.iter().map(one).collect() } else { things.par_iter().map(&one).collect() }
}
