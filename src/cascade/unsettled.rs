//! Events of the last seconds, which an event that arrives late may still come before.

use super::event::Event;
use super::thin::{SECOND_NS, thin};

/// Events that wait for late ones. Beyond it those of one second are merged, and where that does not help the
/// older half waits no longer.
const MAX_EVENTS: usize = 4_096;

#[derive(Clone, Debug)]
pub(crate) struct Unsettled {
    /// In order.
    events: Vec<Event>,
    /// What happened before this is settled: an older event is late.
    settled_to: u64,
    late: u64,
}

impl Unsettled {
    pub(crate) fn new() -> Self {
        Self { events: Vec::new(), settled_to: 0, late: 0 }
    }

    /// Takes what arrived, in any order; events of one source in the order of their recording. What is not `wanted`
    /// takes up no room.
    pub(crate) fn arrive(&mut self, batch: impl IntoIterator<Item = Event>, wanted: impl Fn(&Event) -> bool) {
        let before = self.events.len();
        for event in batch {
            if event.at < self.settled_to {
                self.late += 1;
            } else if wanted(&event) {
                self.events.push(event);
            }
        }
        if self.events.len() > before {
            // Stable: what one source recorded at the same time stays in order.
            self.events.sort_by_key(Event::order);
        }
        if self.events.len() > MAX_EVENTS {
            self.merge();
        }
    }

    /// Merges the events of one second, but never across one of another type: which of them came before an
    /// initial and which after it decides the match.
    fn merge(&mut self) {
        let (mut run, mut last) = (0, None);
        thin(&mut self.events, MAX_EVENTS / 2, SECOND_NS, |event| {
            run += u64::from(last.replace(event.kind) != Some(event.kind));
            run
        });
    }

    /// The time up to which events must be settled early, where merging did not make room: half of them then wait on.
    pub(crate) fn overflow(&self) -> Option<u64> {
        (self.events.len() > MAX_EVENTS).then(|| self.events[self.events.len() - MAX_EVENTS / 2].at)
    }

    /// Hands on, in order, what happened before `to`: nothing that arrives from now on may come before it.
    pub(crate) fn settle(&mut self, to: u64, mut settled: impl FnMut(&Event)) {
        if to <= self.settled_to {
            return;
        }
        self.settled_to = to;
        let count = self.events.partition_point(|event| event.at < to);
        for event in self.events.drain(..count) {
            settled(&event);
        }
    }

    /// What waits, in order.
    pub(crate) fn events(&self) -> &[Event] {
        &self.events
    }

    /// Events that came too late, so far.
    pub(crate) fn late(&self) -> u64 {
        self.late
    }
}
