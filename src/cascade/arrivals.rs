//! Events on their way in: what arrived since the last tick, put in order.

use super::event::Event;
use super::joined::Joined;
use super::runs::Runs;
use crate::record::event::ComponentKey;

/// Events that wait for the tick after the next; further ones are judged at once.
const MAX_AHEAD: usize = 65_536;

#[derive(Clone, Debug)]
pub(super) struct Arrivals {
    events: Vec<Event>,
    runs: Runs,
    joined: Joined,
    /// The types that a pattern speaks of, a bit for each.
    wanted: u64,
    /// What happened before this is settled: an older event is late.
    settled_to: u64,
    late: u64,
}

impl Arrivals {
    pub(super) fn new(wanted: u64) -> Self {
        Self {
            events: Vec::new(),
            runs: Runs::default(),
            joined: Joined::default(),
            wanted,
            settled_to: 0,
            late: 0,
        }
    }

    /// Takes an event; those of one source come in the order of their recording. What is late is counted and taken no
    /// further, and so is, uncounted, what no pattern speaks of.
    #[inline]
    pub(super) fn add(&mut self, event: Event) {
        if event.at < self.settled_to {
            self.late += 1;
        } else if self.wanted & (1 << event.what.kind().0) != 0 && !self.joined.add(&event) {
            self.runs.note(event.order(), self.events.len());
            self.events.push(event);
        }
    }

    /// Everything in order, and how many events of it happened up to `now`. To be given back to `put_back`.
    ///
    /// The rings are drained one after the other, so of what is recorded meanwhile a part is missed. Left for the next
    /// tick, all of it, it comes in order; judged now, what was missed would be late for it.
    pub(super) fn take(&mut self, now: u64) -> (Vec<Event>, usize) {
        if !self.joined.is_empty() {
            for group in self.joined.take() {
                self.runs.note(group.order(), self.events.len());
                self.events.push(group);
            }
        }
        self.runs.sort(&mut self.events);
        let events = std::mem::take(&mut self.events);
        // Nearly always all of them, or all but a few.
        let ahead = events.iter().rev().take_while(|event| event.at > now).count();
        let count = if ahead > MAX_AHEAD { events.len() } else { events.len() - ahead };
        (events, count)
    }

    /// Keeps what was not taken for the next time, and the space if there was anything.
    pub(super) fn put_back(&mut self, mut events: Vec<Event>, taken: usize) {
        if events.is_empty() {
            events = Vec::new();
            self.runs.release();
            self.joined.release();
        }
        events.drain(..taken);
        self.runs.restart(events.last());
        self.events = events;
    }

    /// The order of events of these types does not matter if they happen between these times, the last one included.
    pub(super) fn accept_in_any_order(&mut self, types: u64, from: u64, until: u64) {
        self.joined.accept(types & self.wanted, from, until);
    }

    /// What happened before `settled_to` is late from now on.
    pub(super) fn settle_to(&mut self, settled_to: u64) {
        self.settled_to = settled_to;
    }

    /// Events that came too late, so far.
    pub(super) fn late(&self) -> u64 {
        self.late
    }

    pub(super) fn components(&self) -> impl Iterator<Item = ComponentKey> {
        self.events.iter().map(|event| event.what.component()).chain(self.joined.components())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cascade::event::What;
    use crate::record::event::Operation;
    use crate::record::failure::TypeId;

    fn event(at: u64, kind: u8, source: u16) -> Event {
        Event::new(at, What::new(TypeId(kind), ComponentKey::Component(0), Operation::NONE), source)
    }

    fn times(events: &[Event]) -> Vec<(u64, u16)> {
        events.iter().map(|event| (event.at, event.source)).collect()
    }

    #[test]
    fn what_happened_after_the_tick_began_waits_for_the_next_and_comes_in_order_then() {
        let mut arrivals = Arrivals::new(!0);
        for (at, source) in [(1, 0), (4, 0), (6, 0), (2, 1), (4, 1)] {
            arrivals.add(event(at, 0, source));
        }
        let (events, taken) = arrivals.take(4);
        assert_eq!(times(&events[..taken]), [(1, 0), (2, 1), (4, 0), (4, 1)]);
        arrivals.put_back(events, taken);
        for (at, source) in [(5, 1), (8, 1)] {
            arrivals.add(event(at, 0, source));
        }
        let (events, taken) = arrivals.take(7);
        assert_eq!(times(&events[..taken]), [(5, 1), (6, 0)]);
        arrivals.put_back(events, taken);
        let (events, taken) = arrivals.take(8);
        assert_eq!((times(&events), taken), (vec![(8, 1)], 1));
    }

    #[test]
    fn a_late_event_is_counted_and_one_of_no_interest_is_not() {
        let mut arrivals = Arrivals::new(0b101);
        arrivals.settle_to(10);
        for (at, kind) in [(9, 0), (9, 1), (10, 1), (10, 0), (11, 2), (12, 3)] {
            arrivals.add(event(at, kind, 0));
        }
        assert_eq!(times(&arrivals.take(20).0), [(10, 0), (11, 0)]);
        assert_eq!(arrivals.late(), 2);
    }

    #[test]
    fn a_clock_that_is_far_ahead_holds_up_no_more_than_so_many() {
        let mut arrivals = Arrivals::new(!0);
        (0..MAX_AHEAD).for_each(|_| arrivals.add(event(9, 0, 0)));
        let (events, taken) = arrivals.take(8);
        assert_eq!((events.len(), taken), (MAX_AHEAD, 0));
        arrivals.put_back(events, taken);
        arrivals.add(event(9, 0, 0));
        let (events, taken) = arrivals.take(8);
        assert_eq!((events.len(), taken), (MAX_AHEAD + 1, MAX_AHEAD + 1));
    }

    #[test]
    fn what_joins_open_episodes_is_one_event_by_the_time_it_is_taken_and_keeps_its_component() {
        let mut arrivals = Arrivals::new(!0);
        arrivals.accept_in_any_order(!0, 10, 20);
        (10..15).for_each(|at| arrivals.add(event(at, 0, 0)));
        arrivals.add(event(21, 1, 0));
        let components: Vec<_> = arrivals.components().collect();
        assert_eq!(components, [ComponentKey::Component(0); 2]);
        let (events, taken) = arrivals.take(30);
        let seen: Vec<_> = events.iter().map(|e| (e.at, e.last, e.weight)).collect();
        assert_eq!((seen, taken), (vec![(10, 14, 5), (21, 21, 1)], 2));
    }
}
