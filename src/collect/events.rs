//! The failure events' way out of the rings and through the detector.

use super::phase::Phase;
use super::{BUSY_SHARE, Collector, component_name};
use crate::cascade::{Change, Event, What};
use crate::record::event::RawEvent;
use std::collections::VecDeque;

/// A change at which the collector panicked is tried once more, and then passed over: it must not hold up the others.
const MAX_TRIES: u8 = 2;

/// In the order in which the detector said them.
pub(super) type Changes = VecDeque<Waiting>;

pub(super) struct Waiting {
    change: Change,
    /// When it was detected, on the timeline.
    at: u64,
    tries: u8,
}

impl Collector {
    /// Takes the failure events out of every ring. True if one was filling up.
    pub(super) fn drain_events(&mut self) -> bool {
        let mut busy = false;
        let detector = &mut self.detector;
        let timeline = &self.timeline;
        let finished = self.finished;
        let totals = &mut self.totals;
        let faults = &self.faults;
        for block in self.shared.pool.blocks() {
            let taken = block.events.drain(|words| {
                // First, so that it is counted also where what follows panics.
                totals.processed_events += 1;
                faults.reached(Phase::EventTaken);
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
        self.apply_changes(changes, now)
    }

    /// At the end: what waits is judged now.
    pub(super) fn detect_the_rest(&mut self, now: u64) {
        let changes = self.detector.finish(now);
        self.apply_changes(changes, now);
    }

    /// And those of an earlier tick that panicked. False if there are none.
    fn apply_changes(&mut self, changes: Vec<Change>, now: u64) -> bool {
        self.changes.extend(changes.into_iter().map(|change| Waiting { change, at: now, tries: 0 }));
        let changed = !self.changes.is_empty();
        let names = |component| component_name(&self.paths, &self.shared, component);
        while let Some(waiting) = self.changes.front_mut() {
            waiting.tries += 1;
            if waiting.tries <= MAX_TRIES {
                self.episodes.apply(&waiting.change, waiting.at, names);
            }
            self.changes.pop_front();
        }
        changed
    }
}
