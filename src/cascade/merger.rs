//! Merging what a storm brings, so far as it cannot change what the patterns make of it:
//!
//! - once a pattern's episode is open, all that its types do is join it, in any order;
//! - of the subsequent failures after an initial the first `min_subsequent` decide by their very times, so they stay
//!   apart, and no failure is merged with one from before another of the opposite role.

use super::event::Event;
use super::groups::Groups;
use super::pattern::Rule;
use crate::record::event::Operation;
use std::collections::VecDeque;

#[derive(Clone, Debug)]
pub(super) struct Merger {
    pub(super) groups: Groups,
    patterns: Vec<Barriers>,
}

/// What must not be merged, for one pattern. Places are those of `groups`.
#[derive(Clone, Debug)]
struct Barriers {
    rule: Rule,
    /// The place that was next when the last subsequent failure came.
    last_subsequent: u64,
    /// Subsequent failures without an operation since the last initial.
    since: u64,
    /// Where the first of them that enough others precede would be, once there are enough.
    enough: u64,
}

impl Merger {
    /// `limit`: how many events fit.
    pub(super) fn new(rules: &[Rule], limit: usize) -> Self {
        Self { groups: Groups::new(limit), patterns: rules.iter().map(|rule| Barriers::new(*rule)).collect() }
    }

    /// Adds an event that is not older than any before it. `undecided` says which patterns may not have an episode
    /// open that it joins.
    #[inline]
    pub(super) fn push(&mut self, mut event: Event) {
        let end = self.groups.end();
        if event.what.operation() != Operation::NONE && self.needs_operation(&event) {
            // There are hardly two alike.
            self.groups.append(&event);
        } else {
            event.what = event.what.without_operation();
            let patterns = &self.patterns;
            self.groups.push(&event, |group, place| {
                bits(group.undecided).all(|pattern| patterns[pattern].allow(&event, place))
            });
        }
        // What joined an episode needs no note: until the pattern watches again, a second has passed.
        for pattern in bits(event.undecided) {
            self.patterns[pattern].note(&event, end, self.groups.end());
        }
    }

    /// A pattern may still have to count the event by its operation.
    fn needs_operation(&self, event: &Event) -> bool {
        let kind = event.what.kind();
        bits(event.undecided).any(|pattern| self.patterns[pattern].rule.is_subsequent(kind))
    }

    /// Takes everything out, in order.
    pub(super) fn take(&mut self) -> VecDeque<Event> {
        for barriers in &mut self.patterns {
            *barriers = Barriers::new(barriers.rule);
        }
        self.groups.take()
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
        Self { rule, last_subsequent: 0, since: 0, enough: u64::MAX }
    }

    /// The event may join a group that is at this place.
    #[inline]
    fn allow(&self, event: &Event, place: u64) -> bool {
        place >= if self.rule.is_initial(event.what.kind()) { self.last_subsequent } else { self.enough }
    }

    #[inline]
    fn note(&mut self, event: &Event, end_before: u64, end_after: u64) {
        let kind = event.what.kind();
        if self.rule.is_initial(kind) {
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
