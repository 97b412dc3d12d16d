//! The oldest attempt in flight on every path, without a look at blocks where none can have begun.

use super::paths::PathState;
use crate::clock::Stamp;
use crate::record::block::Block;
use crate::record::shared::Shared;

#[derive(Default)]
pub(super) struct InFlight {
    /// By place in the pool: how many records a block had when nothing was found in flight there. The beginning of
    /// an attempt is a record, so nothing is while that number stands.
    quiet_since: Vec<Option<u64>>,
    /// Something was found in flight at the last look.
    any: bool,
    /// Paths that have an age as of the last look.
    aged: Vec<u32>,
}

impl InFlight {
    /// Gives every path with an attempt in flight the age of its oldest one, and takes it from all others.
    /// `recorded`: there were records since the last call.
    pub(super) fn find_oldest(
        &mut self,
        shared: &Shared,
        now: Stamp,
        paths: &mut [Option<PathState>],
        recorded: bool,
    ) {
        if !recorded && !self.any {
            return;
        }
        for number in self.aged.drain(..) {
            if let Some(Some(path)) = paths.get_mut(number as usize) {
                path.oldest_age_ns = None;
            }
        }
        self.any = false;
        for block in shared.pool.blocks() {
            self.look_into(block, shared, now, paths);
        }
    }

    fn look_into(&mut self, block: &Block, shared: &Shared, now: Stamp, paths: &mut [Option<PathState>]) {
        if self.quiet_since.len() <= block.index {
            self.quiet_since.resize(block.index + 1, None);
        }
        // Read before the look: what begins meanwhile changes it.
        let records = block.records();
        let quiet_since = &mut self.quiet_since[block.index];
        if *quiet_since == Some(records) {
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
            path.oldest_age_ns = path.oldest_age_ns.max(Some(shared.clock.ticks_to_ns(age)));
        });
        *quiet_since = is_quiet.then_some(records);
        self.any |= !is_quiet;
    }
}
