//! The oldest attempt in flight on every path, without a look at blocks where none can have begun.

use super::paths::PathState;
use crate::clock::Stamp;
use crate::record::block::Block;
use crate::record::shared::Shared;

#[derive(Default)]
pub(super) struct InFlight {
    /// By place in the pool: how many attempts had begun in a block when nothing was found in flight there. Nothing is while
    /// that number stands.
    quiet_since: Vec<Option<u64>>,
    /// Paths that have an age as of the last look.
    aged: Vec<u32>,
}

impl InFlight {
    /// Gives every path with an attempt in flight the age of its oldest one, and takes it from all others.
    pub(super) fn find_oldest(&mut self, shared: &Shared, now: Stamp, paths: &mut [Option<PathState>]) {
        for number in self.aged.drain(..) {
            if let Some(Some(path)) = paths.get_mut(number as usize) {
                path.oldest_age_ns = None;
                path.placed = 0;
            }
        }
        for block in shared.pool.blocks() {
            self.look_into(block, shared, now, paths);
        }
    }

    fn look_into(&mut self, block: &Block, shared: &Shared, now: Stamp, paths: &mut [Option<PathState>]) {
        if self.quiet_since.len() <= block.index {
            self.quiet_since.resize(block.index + 1, None);
        }
        // Read before the look: what begins meanwhile changes it.
        let begun = block.open.begun();
        let quiet_since = &mut self.quiet_since[block.index];
        if *quiet_since == Some(begun) {
            return;
        }
        let mut is_quiet = true;
        block.open.for_each(now, |number, age| {
            is_quiet = false;
            let Some(Some(path)) = paths.get_mut(number as usize) else {
                return;
            };
            if path.oldest_age_ns.is_none() {
                self.aged.push(number);
            }
            path.placed += 1;
            path.oldest_age_ns = path.oldest_age_ns.max(Some(shared.clock.ticks_to_ns(age)));
        });
        *quiet_since = is_quiet.then_some(begun);
    }
}
