//! Events of the last seconds, which an event that arrives late may still come before.
//!
//! A few thousand wait one by one; more than that, a storm, are merged by second. What cannot be known any more is
//! where an event that arrives late falls within a second that was merged: the first of the merged is then taken to
//! be before it and the others after it.

use super::event::{Event, Order};
use super::groups::SECOND_NS;
use super::merger::Merger;
use super::pattern::Rule;
use std::collections::VecDeque;

#[derive(Clone, Debug)]
pub(super) struct Unsettled {
    waiting: Merger,
    /// How many failures wait.
    failures: u64,
    settled_to: u64,
    /// The newest event so far.
    newest: Order,
}

impl Unsettled {
    pub(super) fn new(rules: &[Rule], max_waiting: usize) -> Self {
        Self { waiting: Merger::new(rules, max_waiting), failures: 0, settled_to: 0, newest: 0 }
    }

    /// What came before is not older than this.
    pub(super) fn newest(&self) -> Order {
        self.newest
    }

    /// What happened before is settled: an older event is late.
    pub(super) fn settled_to(&self) -> u64 {
        self.settled_to
    }

    /// Adds an event that is not older than any that waits.
    #[inline]
    pub(super) fn push(&mut self, event: Event) {
        self.reach(event.order());
        self.failures += u64::from(event.weight);
        self.waiting.push(event);
    }

    /// What comes later and is older arrives late.
    pub(super) fn reach(&mut self, newest: Order) {
        self.newest = self.newest.max(newest);
    }

    /// Merges what waits, and what comes.
    pub(super) fn merge(&mut self) {
        if !self.is_merging() {
            let events = self.take();
            self.waiting.groups.merge_by(SECOND_NS);
            for event in events {
                self.push(event);
            }
        }
    }

    fn is_merging(&self) -> bool {
        self.waiting.groups.grain_ns() > 0
    }

    fn take(&mut self) -> VecDeque<Event> {
        self.failures = 0;
        self.waiting.take()
    }

    /// Takes everything out, with events that arrived after others that happened later, in order.
    pub(super) fn take_with(&mut self, late: &[Event]) -> Vec<Event> {
        let mut events = Vec::with_capacity(self.waiting.groups.len() + late.len());
        for event in self.take() {
            let first_after = late.partition_point(|late| late.order() < event.order());
            let is_split = late.get(first_after).is_some_and(|late| late.at <= event.last);
            if is_split && event.weight > 1 && event.undecided != 0 {
                events.push(Event { last: event.at, weight: 1, ..event });
                events.push(Event { at: event.last, weight: event.weight - 1, ..event });
            } else {
                events.push(event);
            }
        }
        events.extend_from_slice(late);
        events.sort_by_key(Event::order);
        events
    }

    /// No more events fit.
    pub(super) fn is_full(&self) -> bool {
        self.waiting.groups.is_full()
    }

    /// How many events must be settled early, where merging did not make enough room: half of them then wait on.
    pub(super) fn excess(&self) -> usize {
        if self.waiting.groups.is_crowded() {
            self.waiting.groups.len() - self.waiting.groups.limit() / 2
        } else {
            0
        }
    }

    /// Hands on the oldest event, whatever its time.
    pub(super) fn settle_oldest(&mut self) -> Option<Event> {
        let event = self.pop()?;
        self.settled_to = self.settled_to.max(event.last);
        Some(event)
    }

    /// From now on nothing is in time that happened before `to`.
    pub(super) fn settle_to(&mut self, to: u64) {
        self.settled_to = self.settled_to.max(to);
        if self.is_merging() && self.failures < self.waiting.groups.limit() as u64 / 2 {
            self.waiting.groups.stop_merging();
        }
    }

    /// Hands on, in order, an event that happened in settled time, all of it.
    pub(super) fn next_settled(&mut self) -> Option<Event> {
        let settled_to = self.settled_to;
        self.waiting.groups.front().filter(|event| event.last < settled_to)?;
        self.pop()
    }

    fn pop(&mut self) -> Option<Event> {
        let event = self.waiting.groups.pop_front()?;
        self.failures -= u64::from(event.weight);
        Some(event)
    }

    /// No event that is handed on from now is older.
    pub(super) fn passed(&self) -> u64 {
        self.waiting.groups.front().map_or(self.settled_to, |event| event.at.min(self.settled_to))
    }

    /// What waits, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Event> {
        self.waiting.groups.iter()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.groups.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Pattern;
    use crate::cascade::event::What;
    use crate::record::FailureType::{LockTimeout, PeerUnreachable};
    use crate::record::event::{ComponentKey, Operation};
    use crate::record::failure::{FailureTypes, TypeId};

    const LIMIT: u64 = 8;

    fn unsettled() -> Unsettled {
        let rule = Pattern::new("p", PeerUnreachable).subsequent([LockTimeout]);
        Unsettled::new(&[rule.compile(&FailureTypes::new(Vec::new())).unwrap()], LIMIT as usize)
    }

    /// Of the initial type: any number of them may be one.
    fn event(at: u64, source: u16) -> Event {
        let what = What::new(TypeId(0), ComponentKey::Component(0), Operation::NONE);
        Event { undecided: 1, ..Event::new(at, what, source) }
    }

    fn push(unsettled: &mut Unsettled, times: std::ops::Range<u64>) -> usize {
        times.for_each(|at| unsettled.push(event(at, 0)));
        unsettled.iter().count()
    }

    fn told<'a>(events: impl IntoIterator<Item = &'a Event>) -> Vec<(u64, u64, u32)> {
        events.into_iter().map(|event| (event.at, event.last, event.weight)).collect()
    }

    #[test]
    fn a_storm_is_merged_until_all_but_half_of_what_fits_has_passed() {
        let mut unsettled = unsettled();
        assert_eq!(push(&mut unsettled, 0..LIMIT), 8);
        assert!(unsettled.is_full() && !unsettled.is_empty());
        unsettled.merge();
        assert_eq!(push(&mut unsettled, LIMIT..12), 1);
        unsettled.settle_to(5);
        assert_eq!(push(&mut unsettled, 12..14), 1, "14 still wait");
        // Half of what fits beside them, each of a second of its own.
        let later = |second: u64| second * SECOND_NS..second * SECOND_NS + 1;
        assert_eq!((1..=LIMIT / 2).map(|second| push(&mut unsettled, later(second))).last(), Some(5));
        unsettled.settle_to(20);
        assert_eq!(told(&unsettled.next_settled()), [(0, 13, 14)]);
        for (handed_on, is_merging) in [(0, true), (1, false)] {
            (0..handed_on).for_each(|_| _ = unsettled.settle_oldest());
            unsettled.settle_to(20);
            assert_eq!(unsettled.is_merging(), is_merging, "{handed_on}");
        }
        while unsettled.settle_oldest().is_some() {}
        assert!(unsettled.is_empty());
        let from = 9 * SECOND_NS;
        assert_eq!(push(&mut unsettled, from..from + 3), 3);
    }

    #[test]
    fn what_happened_at_the_time_up_to_which_all_is_settled_waits() {
        let mut unsettled = unsettled();
        push(&mut unsettled, 4..6);
        unsettled.settle_to(5);
        assert_eq!(told(&unsettled.next_settled()), [(4, 4, 1)]);
        assert_eq!(unsettled.next_settled(), None);
    }

    #[test]
    fn half_of_what_fits_waits_on_where_merging_made_too_little_room() {
        let mut unsettled = unsettled();
        assert_eq!((push(&mut unsettled, 0..6), unsettled.excess()), (6, 0));
        assert_eq!((push(&mut unsettled, 6..7), unsettled.excess()), (7, 3));
    }

    /// Three that were merged, from 10 to 20, and a late one.
    fn with_late(late: Event) -> Vec<(u64, u64, u32)> {
        let mut unsettled = unsettled();
        unsettled.push(Event { last: 20, weight: 3, ..event(10, 1) });
        told(&unsettled.take_with(&[late]))
    }

    #[test]
    fn a_late_event_among_merged_ones_parts_the_first_from_the_others() {
        let parted = |at| vec![(10, 10, 1), (at, at, 1), (20, 20, 2)];
        for at in [11, 19] {
            assert_eq!(with_late(event(at, 0)), parted(at));
        }
        assert_eq!(with_late(event(20, 0)), [(10, 10, 1), (20, 20, 1), (20, 20, 2)]);
        assert_eq!(with_late(event(10, 1)), parted(10), "at the time of the first, and recorded after it");
        assert_eq!(with_late(event(21, 0)), [(10, 20, 3), (21, 21, 1)]);
        assert_eq!(with_late(event(10, 0)), [(10, 10, 1), (10, 20, 3)]);
        assert_eq!(with_late(event(5, 0)), [(5, 5, 1), (10, 20, 3)]);
    }

    #[test]
    fn one_that_was_not_merged_stays_one() {
        let mut unsettled = unsettled();
        unsettled.push(event(10, 0));
        assert_eq!(told(&unsettled.take_with(&[event(10, 1)])), [(10, 10, 1), (10, 10, 1)]);
    }
}
