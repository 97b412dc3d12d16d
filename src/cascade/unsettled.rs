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

    fn event(at: u64) -> Event {
        // Of the initial type: any number of them may be one.
        Event::new(at, What::new(TypeId(0), ComponentKey::Component(0), Operation::NONE), 0)
    }

    #[test]
    fn a_storm_is_merged_until_it_has_passed() {
        let rule = Pattern::new("p", PeerUnreachable).subsequent([LockTimeout]);
        let rule = rule.compile(&FailureTypes::new(Vec::new())).unwrap();
        let mut unsettled = Unsettled::new(&[rule], 8);
        let push = |unsettled: &mut Unsettled, times: std::ops::Range<u64>| {
            times.for_each(|at| unsettled.push(Event { undecided: 1, ..event(at) }));
            unsettled.waiting.groups.len()
        };
        assert_eq!(push(&mut unsettled, 0..8), 8);
        unsettled.merge();
        assert_eq!(push(&mut unsettled, 8..10), 1);
        unsettled.settle_to(5);
        assert_eq!(push(&mut unsettled, 10..12), 1, "twelve still wait");
        unsettled.settle_to(100);
        while unsettled.next_settled().is_some() {}
        unsettled.settle_to(101);
        assert_eq!(push(&mut unsettled, 101..104), 3);
    }
}
