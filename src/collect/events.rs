//! The failure events' way out of the rings and through the detector.

use super::{BUSY_SHARE, Collector, Scratch, component_name};
use crate::cascade::{Change, Event, What};
use crate::record::event::RawEvent;

/// Events recorded while a tick drains the rings that wait for the next tick; further ones are judged at once.
const MAX_AHEAD: usize = 65_536;

impl Collector {
    /// Takes the failure events out of every ring. True if one was filling up.
    pub(super) fn drain_events(&mut self) -> bool {
        let mut busy = false;
        let events = &mut self.scratch.events;
        events.append(&mut self.scratch.ahead);
        let timeline = &self.timeline;
        let mut processed = 0;
        let mut paused = 0;
        for block in self.shared.pool.blocks() {
            let taken = block.events.drain(|words| {
                let raw = RawEvent::from_words(words);
                let at = timeline.time_of(self.shared.clock.nanos(raw.at));
                if timeline.in_pause(at) {
                    paused += 1;
                    return;
                }
                let what = What::new(raw.kind, raw.component, raw.operation);
                events.push(Event::new(at, what, block.index as u16));
            });
            processed += taken as u64;
            busy |= taken * BUSY_SHARE >= block.events.capacity();
        }
        self.totals.processed_events += processed;
        self.totals.local_pause_events += paused;
        busy
    }

    /// Judges what happened up to `now`. True if a verdict changed.
    pub(super) fn detect(&mut self, now: u64) -> bool {
        if self.finished {
            self.scratch.events.clear();
            return false;
        }
        self.hold_back(now);
        let changes = self.detector.observe(&mut self.scratch.events, now);
        let changed = !changes.is_empty();
        self.apply_changes(changes, now);
        changed
    }

    /// Rings are drained one after the other, so of what is recorded meanwhile a part is missed. Left for the next tick,
    /// all of it, it comes in order; judged now, what was missed would be late for it.
    fn hold_back(&mut self, now: u64) {
        let Scratch { events, ahead, .. } = &mut self.scratch;
        events.retain(|event| {
            let is_ahead = event.at > now && ahead.len() < MAX_AHEAD;
            if is_ahead {
                ahead.push(*event);
            }
            !is_ahead
        });
    }

    /// At the end: what waits for the next tick, and for late events, is judged now.
    pub(super) fn detect_the_rest(&mut self, now: u64) {
        let mut changes = self.detector.observe(&mut self.scratch.ahead, now);
        changes.append(&mut self.detector.finish(now));
        self.apply_changes(changes, now);
    }

    fn apply_changes(&mut self, changes: Vec<Change>, now: u64) {
        for change in changes {
            let names = |component| component_name(&self.paths, &self.shared, component);
            self.episodes.apply(change, now, names);
        }
    }
}
