//! What happened on one path, as far as one block knows. Sums over all blocks are exact.

use super::outcome::Outcome;
use super::run::Segment;
use crate::sync::{AtomicU64, Ordering};

#[derive(Default)]
pub(crate) struct PathCounters {
    pub(super) outcomes: [AtomicU64; 4],
    /// What this block counted of a run of timeouts past the limit.
    pub(crate) run: Segment,
}

impl PathCounters {
    /// By the only writer of the block.
    #[inline(always)]
    pub(super) fn count_sole(&self, outcome: Outcome) {
        let cell = &self.outcomes[outcome as usize];
        cell.store(cell.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
    }

    pub(crate) fn outcome(&self, outcome: Outcome) -> u64 {
        self.outcomes[outcome as usize].load(Ordering::Relaxed)
    }
}
