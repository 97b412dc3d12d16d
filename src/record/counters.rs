//! What happened on one path, as far as one block knows. Sums over all blocks are exact.

use super::outcome::Outcome;
use super::run::Segment;
use crate::sync::{AtomicU64, Ordering, Witness, seeded};

#[derive(Default)]
pub(crate) struct PathCounters {
    pub(super) outcomes: [AtomicU64; 4],
    /// What this block counted of a run of timeouts past the limit.
    pub(crate) run: Segment,
    /// Of a leased block: its writers come one after the other, and its end after all of them.
    witness: Witness,
}

impl Drop for PathCounters {
    fn drop(&mut self) {
        self.witness.write();
    }
}

impl PathCounters {
    /// By the only writer of the block.
    #[inline(always)]
    pub(super) fn count_sole(&self, outcome: Outcome) {
        self.witness.write();
        let cell = &self.outcomes[outcome as usize];
        cell.store(cell.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
    }

    /// By one of many.
    #[inline(always)]
    pub(super) fn count_shared(&self, outcome: Outcome) {
        let cell = &self.outcomes[outcome as usize];
        if seeded("shared_count_stored") {
            return cell.store(cell.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
        }
        cell.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn outcome(&self, outcome: Outcome) -> u64 {
        self.outcomes[outcome as usize].load(Ordering::Relaxed)
    }
}
