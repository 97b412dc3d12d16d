//! Which paths have to be judged at a tick: those in trouble, and after a sum or a step back in time, all.

use super::paths::PathState;
use super::timeline::Tick;
use crate::config::Config;
use crate::record::shared::Shared;

#[derive(Default)]
pub(super) struct Trouble {
    /// Paths whose verdict may change by itself, as time passes.
    paths: Vec<u32>,
    /// The clock at the last tick.
    stamp: u64,
}

impl Trouble {
    /// Judges every path that a tick can have changed; `summed`: there may be trouble where there was none. True
    /// if a verdict changed.
    pub(super) fn judge(
        &mut self,
        shared: &Shared,
        tick: &Tick,
        config: &Config,
        paths: &mut [Option<PathState>],
        summed: bool,
    ) -> bool {
        // On a clock that was turned back an old timeout is recent again.
        let turned_back = tick.stamp.0 < self.stamp;
        self.stamp = tick.stamp.0;
        if summed || turned_back {
            self.paths.clear();
            self.paths.extend(0..paths.len() as u32);
        }
        let mut changed = false;
        self.paths.retain(|number| {
            let (Some(Some(path)), Some(cell)) = (paths.get_mut(*number as usize), shared.cell(*number))
            else {
                return false;
            };
            changed |= path.judge(shared, cell, tick, config);
            cell.settle_down(shared.id, || shared.is_live());
            path.has_trouble(shared, cell, tick.stamp, config)
        });
        changed
    }
}
