//! The failure events' way out of the rings and through the detector.

use super::{BUSY_SHARE, Collector, component_name};
use crate::cascade::{Change, Event, What};
use crate::record::event::RawEvent;

impl Collector {
    /// Takes the failure events out of every ring. True if one was filling up.
    pub(super) fn drain_events(&mut self) -> bool {
        let mut busy = false;
        let detector = &mut self.detector;
        let timeline = &self.timeline;
        let finished = self.finished;
        let totals = &mut self.totals;
        for block in self.shared.pool.blocks() {
            let taken = block.events.drain(|words| {
                // First, so that it is counted also where what follows panics.
                totals.processed_events += 1;
                let raw = RawEvent::from_words(words);
                let at = timeline.time_of(self.shared.clock.nanos(raw.at));
                if timeline.in_pause(at) {
                    totals.local_pause_events += 1;
                    return;
                }
                if finished {
                    return;
                }
                let what = What::new(raw.kind, raw.component, raw.operation);
                detector.arrive(Event::new(at, what, block.index as u16));
            });
            busy |= taken * BUSY_SHARE >= block.events.capacity();
        }
        busy
    }

    /// Judges what happened up to `now`. True if a verdict changed.
    pub(super) fn detect(&mut self, now: u64) -> bool {
        if self.finished {
            return false;
        }
        let changes = self.detector.observe(now);
        let changed = !changes.is_empty();
        self.apply_changes(changes, now);
        changed
    }

    /// At the end: what waits is judged now.
    pub(super) fn detect_the_rest(&mut self, now: u64) {
        let changes = self.detector.finish(now);
        self.apply_changes(changes, now);
    }

    fn apply_changes(&mut self, changes: Vec<Change>, now: u64) {
        for change in changes {
            let names = |component| component_name(&self.paths, &self.shared, component);
            self.episodes.apply(change, now, names);
        }
    }
}
