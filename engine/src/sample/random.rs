//! Chance that can be repeated.

use rand_pcg::Pcg32;
use rand_pcg::rand_core::Rng;

/// PCG XSH RR 64/32 (O'Neill, 2014): a stream that is the same on every machine and in every release. What is made of
/// its words is made here, since how libraries draw from a range does change.
#[derive(Debug)]
pub(super) struct Random(Pcg32);

impl Random {
    /// The stream of a seed.
    pub(super) fn new(seed: u64) -> Self {
        // PCG's own sequence constant.
        Self(Pcg32::new(seed, 0x0a02_bdbf_7bb3_c0a7))
    }

    /// A number from 0 that is less than `limit`; 0 where nothing is.
    pub(super) fn below(&mut self, limit: usize) -> usize {
        let limit = u64::try_from(limit).unwrap_or(u64::MAX).min(1 << 32);
        // Multiplied and shifted: a bias of at most one in four billion does samples no harm.
        usize::try_from((u64::from(self.0.next_u32()) * limit) >> 32).unwrap_or_default()
    }

    /// A number of a range, both ends included; `least` where the range is empty.
    pub(super) fn between(&mut self, least: i64, most: i64) -> i64 {
        let width = usize::try_from(most.saturating_sub(least).saturating_add(1)).unwrap_or_default();
        least.saturating_add(i64::try_from(self.below(width)).unwrap_or_default())
    }

    /// True once in so many times.
    pub(super) fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    /// True so many times in a hundred.
    pub(super) fn percent(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// One of these, if there is any.
    pub(super) fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        items.get(self.below(items.len()))
    }
}
