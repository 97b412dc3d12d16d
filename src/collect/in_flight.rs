//! The oldest attempt in flight on every path, without a look at blocks where none can have begun.

use super::paths::PathState;
use crate::clock::Stamp;
use crate::record::shared::Shared;

#[derive(Default)]
pub(super) struct InFlight {
    /// By place in the pool: how many records a block had when nothing was found in flight there. The beginning of
    /// an attempt is a record, so nothing is while that number stands.
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
            }
        }
        for block in shared.pool.blocks() {
            if self.quiet_since.len() <= block.index {
                self.quiet_since.resize(block.index + 1, None);
            }
            // Read before the look: what begins meanwhile changes it.
            let records = block.records();
            let quiet_since = &mut self.quiet_since[block.index];
            if *quiet_since == Some(records) {
                continue;
            }
            *quiet_since = Some(records);
            block.open.for_each(now, |number, age| {
                *quiet_since = None;
                let Some(Some(path)) = paths.get_mut(number as usize) else {
                    return;
                };
                if path.oldest_age_ns.is_none() {
                    self.aged.push(number);
                }
                path.oldest_age_ns = path.oldest_age_ns.max(Some(shared.clock.ticks_to_ns(age)));
            });
        }
    }
}
