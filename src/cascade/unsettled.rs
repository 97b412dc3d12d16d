//! Events of the last seconds, which an event that arrives late may still come before.
//!
//! A few thousand wait one by one. More than that, a storm, are merged by second, so far as that cannot change what
//! the patterns make of them:
//!
//! - once a pattern's episode is open, all that its types do is join it, in any order;
//! - of the subsequent failures after an initial the first `min_subsequent` decide by their very times, so they stay
//!   apart, and no failure is merged with one from before another of the opposite role.
//!
//! What cannot be known any more is where an event that arrives late falls within a second that was merged: the first
//! of the merged is then taken to be before it and the others after it.

use super::event::{Event, Order};
use super::groups::{Groups, SECOND_NS};
use super::pattern::Rule;
use crate::record::event::Operation;

#[derive(Clone, Debug)]
pub(super) struct Unsettled {
    waiting: Groups,
    /// How many failures wait.
    failures: u64,
    patterns: Vec<Barriers>,
    settled_to: u64,
    /// The newest event so far.
    newest: Order,
}

/// What must not be merged, for one pattern. Places are those of `waiting`.
#[derive(Clone, Debug)]
struct Barriers {
    rule: Rule,
    /// The place that was next when the last initial, or the last subsequent failure came.
    last_initial: u64,
    last_subsequent: u64,
    /// Subsequent failures without an operation since the last initial.
    since: u64,
    /// Where the first of them that enough others precede would be, once there are enough.
    enough: u64,
}

impl Unsettled {
    pub(super) fn new(rules: &[Rule], max_waiting: usize) -> Self {
        Self {
            waiting: Groups::new(max_waiting),
            failures: 0,
            patterns: rules.iter().map(|rule| Barriers::new(*rule)).collect(),
            settled_to: 0,
            newest: 0,
        }
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
    pub(super) fn push(&mut self, mut event: Event) {
        self.newest = self.newest.max(event.order());
        self.failures += u64::from(event.weight);
        if event.what.operation() != Operation::NONE && !self.needs_operation(&event) {
            event.what = event.what.without_operation();
        }
        let end = self.waiting.end();
        let patterns = &self.patterns;
        self.waiting.push(&event, |group, place| {
            bits(group.undecided).all(|pattern| patterns[pattern].allow(&event, place))
        });
        // What joined an episode needs no note: until the pattern watches again, a second has passed.
        for pattern in bits(event.undecided) {
            self.patterns[pattern].note(&event, end, self.waiting.end());
        }
    }

    /// A pattern may still have to count the event by its operation.
    fn needs_operation(&self, event: &Event) -> bool {
        let kind = event.what.kind();
        bits(event.undecided).any(|pattern| self.patterns[pattern].rule.is_subsequent(kind))
    }

    /// Merges what waits, and what comes.
    pub(super) fn merge(&mut self) {
        if !self.is_merging() {
            let events = self.take();
            self.waiting.merge_by(SECOND_NS);
            for event in events {
                self.push(event);
            }
        }
    }

    fn is_merging(&self) -> bool {
        self.waiting.grain_ns() > 0
    }

    fn take(&mut self) -> impl Iterator<Item = Event> + use<> {
        let was_merging = self.is_merging();
        let events = self.waiting.take();
        if was_merging {
            self.waiting.merge_by(SECOND_NS);
        }
        self.failures = 0;
        for barriers in &mut self.patterns {
            *barriers = Barriers::new(barriers.rule);
        }
        events.into_iter()
    }

    /// Takes everything out, with events that arrived after others that happened later, in order.
    pub(super) fn take_with(&mut self, late: &[Event]) -> Vec<Event> {
        let mut events = Vec::with_capacity(self.waiting.len() + late.len());
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
        self.waiting.is_full()
    }

    /// How many events must be settled early, where merging did not make enough room: half of them then wait on.
    pub(super) fn excess(&self) -> usize {
        if self.waiting.is_crowded() { self.waiting.len() - self.waiting.limit() / 2 } else { 0 }
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
        if self.is_merging() && self.failures < self.waiting.limit() as u64 / 2 {
            self.waiting.stop_merging();
        }
    }

    /// Hands on, in order, an event that happened in settled time, all of it.
    pub(super) fn next_settled(&mut self) -> Option<Event> {
        let settled_to = self.settled_to;
        self.waiting.front().filter(|event| event.last < settled_to)?;
        self.pop()
    }

    fn pop(&mut self) -> Option<Event> {
        let event = self.waiting.pop_front()?;
        self.failures -= u64::from(event.weight);
        Some(event)
    }

    /// No event that is handed on from now is older.
    pub(super) fn passed(&self) -> u64 {
        self.waiting.front().map_or(self.settled_to, |event| event.at.min(self.settled_to))
    }

    /// What waits, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Event> {
        self.waiting.iter()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}

/// The places of the bits that are set.
#[inline]
pub(super) fn bits(mut mask: u16) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let place = mask.trailing_zeros() as usize;
        (mask != 0).then(|| {
            mask &= mask - 1;
            place
        })
    })
}

impl Barriers {
    fn new(rule: Rule) -> Self {
        Self { rule, last_initial: 0, last_subsequent: 0, since: 0, enough: u64::MAX }
    }

    /// The event may join a group that is at this place.
    #[inline]
    fn allow(&self, event: &Event, place: u64) -> bool {
        if self.rule.is_initial(event.what.kind()) {
            place >= self.last_subsequent
        } else if event.what.operation() == Operation::NONE {
            place >= self.enough
        } else {
            place >= self.last_initial
        }
    }

    #[inline]
    fn note(&mut self, event: &Event, end_before: u64, end_after: u64) {
        let kind = event.what.kind();
        if self.rule.is_initial(kind) {
            self.last_initial = end_before;
            self.since = 0;
            self.enough = u64::MAX;
        } else if self.rule.is_subsequent(kind) {
            self.last_subsequent = end_before;
            if self.enough == u64::MAX && event.what.operation() == Operation::NONE {
                self.since += u64::from(event.weight);
                if self.since >= u64::from(self.rule.min_subsequent) {
                    self.enough = end_after;
                }
            }
        }
    }
}
