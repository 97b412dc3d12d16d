//! All patterns over one stream of events.
//!
//! Each pattern has two machines: `settled` has seen every event that no late one can come before any more, `view`
//! has also seen the rest. What is reported comes from the view, at once; what it says in the end depends on the
//! order in which things happened and not on the order in which they arrived.
//!
//! Events that come in order, as nearly all do, go into the view one by one. For one that arrives after others that
//! happened later, and when an episode has ended, the view is made anew from `settled` and what waits.

use super::arrivals::Arrivals;
use super::episode::Episode;
use super::event::{self, Event};
use super::groups::SECOND_NS;
use super::matcher::Matcher;
use super::merger::{Merger, bits};
use super::pattern::Rule;
use super::tracked::Tracked;
use super::unsettled::Unsettled;
use crate::record::event::ComponentKey;
use crate::record::failure::TypeId;

/// When episodes of a pattern count as recurring.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Recurrence {
    pub(crate) episodes: usize,
    pub(crate) window_ns: u64,
}

/// How many events are kept before they are merged.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Of those that arrive at a tick. At least so many are a storm.
    pub(super) storm: usize,
    /// Of those that wait for late ones. A storm on a thousand paths keeps its five seconds.
    pub(super) unsettled: usize,
    /// Of those that wait for a match, in each machine.
    pub(super) pending: usize,
}

pub(super) const LIMITS: Limits = Limits { storm: 4_096, unsettled: 8_192, pending: 4_096 };

/// As many as an event has room for.
const TYPES: usize = 64;

#[derive(Clone, Debug)]
pub(crate) struct Detector {
    arrivals: Arrivals,
    patterns: Vec<Tracked>,
    /// By type, the patterns that it concerns, a bit for each.
    concerned: [u16; TYPES],
    /// For merging what one tick brings.
    storm: Merger,
    unsettled: Unsettled,
    /// The views have seen events that were not settled then.
    is_ahead: bool,
    late_after_ns: u64,
    recurrence: Recurrence,
    /// Of the last look.
    now: u64,
}

/// What a tick changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// A new episode.
    Detected { pattern: usize, ordinal: u64, root: ComponentKey },
    /// A late event showed an earlier root for an episode that was reported before.
    RootMoved { pattern: usize, ordinal: u64, root: ComponentKey },
    /// An episode ended and can change no more.
    Ended { pattern: usize, episode: Box<Episode> },
    /// The pattern began or ceased to recur.
    Critical { pattern: usize, critical: bool },
}

impl Detector {
    pub(crate) fn new(rules: &[Rule], late_after_ns: u64, recurrence: Recurrence) -> Self {
        Self::with_limits(rules, late_after_ns, recurrence, LIMITS)
    }

    pub(super) fn with_limits(
        rules: &[Rule],
        late_after_ns: u64,
        recurrence: Recurrence,
        limits: Limits,
    ) -> Self {
        let matcher = |rule: &Rule| Matcher::new(*rule, limits.pending, recurrence.episodes);
        let concerned = |kind: u8| {
            let concerned = rules.iter().enumerate().filter(|(_, rule)| rule.concerns(TypeId(kind)));
            concerned.fold(0, |patterns, (pattern, _)| patterns | 1 << pattern)
        };
        Self {
            arrivals: Arrivals::new(rules.iter().fold(0, |types, rule| types | rule.types())),
            patterns: rules.iter().map(|rule| Tracked::new(matcher(rule))).collect(),
            concerned: std::array::from_fn(|kind| concerned(kind as u8)),
            storm: Merger::new(rules, limits.storm),
            unsettled: Unsettled::new(rules, limits.unsettled),
            is_ahead: false,
            late_after_ns,
            recurrence,
            now: 0,
        }
    }

    /// Takes an event that arrived; those of one source come in the order of their recording.
    #[inline]
    pub(crate) fn arrive(&mut self, event: Event) {
        self.arrivals.add(event);
    }

    /// One tick: judges what arrived as of `now`, which never runs backwards. What happened after it waits.
    pub(crate) fn observe(&mut self, now: u64) -> Vec<Change> {
        let mut changes = Vec::new();
        self.take_arrivals(now, &mut changes);
        self.settle(now.saturating_sub(self.late_after_ns), &mut changes);
        self.look(now, &mut changes);
        self.accept_in_any_order(now);
        changes
    }

    /// Ends everything: what waits is settled, and open episodes stay open.
    pub(crate) fn finish(&mut self, now: u64) -> Vec<Change> {
        let mut changes = Vec::new();
        self.take_arrivals(u64::MAX, &mut changes);
        self.settle(u64::MAX, &mut changes);
        self.look(now, &mut changes);
        changes
    }

    fn take_arrivals(&mut self, now: u64, changes: &mut Vec<Change>) {
        let (events, taken) = self.arrivals.take(now);
        if events.is_empty() {
            self.storm.groups.release();
        }
        let newest = self.unsettled.newest();
        let behind = events[..taken].iter().take_while(|event| event.order() < newest).count();
        if behind > 0 {
            self.insert(&events[..behind], changes);
        }
        let in_order = &events[behind..taken];
        let merged = if in_order.len() >= self.storm.groups.limit() {
            self.append_merged(in_order, changes)
        } else {
            0
        };
        for event in &in_order[merged..] {
            self.append(*event, changes);
        }
        self.arrivals.put_back(events, taken);
    }

    /// Takes the events of a storm, merged first: by second, and as far as it helps. Returns how many it took.
    fn append_merged(&mut self, events: &[Event], changes: &mut Vec<Change>) -> usize {
        let mut taken = 0;
        while let Some(first) = events.get(taken) {
            let end = (first.at / SECOND_NS + 1) * SECOND_NS;
            let undecided = self.undecided_from(first.at, end);
            self.storm.groups.merge_by(SECOND_NS);
            let before = taken;
            while let Some(event) = events.get(taken)
                && event.at < end
                && !self.storm.groups.is_full()
            {
                let undecided = undecided[usize::from(event.what.kind().0)];
                self.storm.push(Event { undecided, ..*event });
                taken += 1;
            }
            let mut merged = self.storm.take();
            let is_worth_while = 2 * merged.len() <= taken - before;
            for event in merged.drain(..) {
                self.append(event, changes);
            }
            self.storm.groups.reuse(merged);
            self.unsettled.reach(events[taken - 1].order());
            if !is_worth_while {
                break;
            }
        }
        taken
    }

    /// By type, the patterns that may not have an episode open all the time from the next event at `from` to `end`.
    fn undecided_from(&mut self, from: u64, end: u64) -> [u16; TYPES] {
        let mut open = 0;
        for (pattern, tracked) in self.patterns.iter_mut().enumerate() {
            tracked.view.pass_to(from);
            open |= u16::from(tracked.view.is_open_until(end)) << pattern;
        }
        self.concerned.map(|patterns| patterns & !open)
    }

    /// Takes an event that is not older than any before it.
    #[inline]
    fn append(&mut self, mut event: Event, changes: &mut Vec<Change>) {
        event.undecided = 0;
        for pattern in bits(self.concerned[usize::from(event.what.kind().0)]) {
            event.undecided |= u16::from(!self.patterns[pattern].view.apply(&event)) << pattern;
        }
        self.unsettled.push(event);
        self.is_ahead = true;
        if self.unsettled.is_full() {
            self.make_room(changes);
        }
    }

    /// Takes events that happened before others which came earlier.
    fn insert(&mut self, late: &[Event], changes: &mut Vec<Change>) {
        for tracked in &mut self.patterns {
            tracked.renew(std::iter::empty());
        }
        for event in self.unsettled.take_with(late) {
            self.append(event, changes);
        }
    }

    fn make_room(&mut self, changes: &mut Vec<Change>) {
        self.unsettled.merge();
        for _ in 0..self.unsettled.excess() {
            if let Some(event) = self.unsettled.settle_oldest() {
                self.apply_settled(&event);
            }
        }
        self.take_ended(changes);
    }

    fn settle(&mut self, to: u64, changes: &mut Vec<Change>) {
        self.unsettled.settle_to(to);
        self.arrivals.settle_to(self.unsettled.settled_to());
        while let Some(event) = self.unsettled.next_settled() {
            self.apply_settled(&event);
        }
        if to != u64::MAX {
            let passed = self.unsettled.passed();
            for tracked in &mut self.patterns {
                tracked.settled.pass_to(passed);
            }
        }
        self.take_ended(changes);
        if self.is_ahead && self.unsettled.is_empty() {
            self.is_ahead = false;
            for tracked in &mut self.patterns {
                tracked.renew(std::iter::empty());
            }
        }
    }

    /// Says which events of the next tick need no order: those newer than all before, of types whose patterns all have
    /// an episode open then.
    fn accept_in_any_order(&mut self, now: u64) {
        let (mut types, mut until) = (!0, u64::MAX);
        for tracked in &self.patterns {
            match tracked.view.open_until().filter(|until| *until >= now) {
                Some(open_until) => until = until.min(open_until),
                None => types &= !tracked.view.types(),
            }
        }
        let newest = event::time_of(self.unsettled.newest());
        self.arrivals.accept_in_any_order(types, newest.saturating_add(1), until);
    }

    fn apply_settled(&mut self, event: &Event) {
        for pattern in bits(self.concerned[usize::from(event.what.kind().0)]) {
            self.patterns[pattern].settled.apply(event);
        }
    }

    fn take_ended(&mut self, changes: &mut Vec<Change>) {
        for (pattern, tracked) in self.patterns.iter_mut().enumerate() {
            if !tracked.settled.closed().is_empty() {
                tracked.take_ended(pattern, changes);
                tracked.renew(self.unsettled.iter());
            }
        }
    }

    /// Reports what is new in the views.
    fn look(&mut self, now: u64, changes: &mut Vec<Change>) {
        self.now = now;
        let since = now.saturating_sub(self.recurrence.window_ns);
        for (pattern, tracked) in self.patterns.iter_mut().enumerate() {
            tracked.report(pattern, (self.recurrence.episodes, since), changes);
        }
    }

    /// Episodes found so far, by pattern.
    pub(crate) fn detected(&self, pattern: usize) -> u64 {
        self.patterns[pattern].detected
    }

    /// An episode of the pattern has not ended.
    pub(crate) fn is_open(&self, pattern: usize) -> bool {
        self.current(pattern).any(|(_, open)| open)
    }

    pub(crate) fn is_critical(&self, pattern: usize) -> bool {
        self.patterns[pattern].critical
    }

    /// The episodes of a pattern that can still change, oldest first, and whether each is open.
    pub(crate) fn current(&self, pattern: usize) -> impl Iterator<Item = (&Episode, bool)> {
        let view = &self.patterns[pattern].view;
        let ended = view.closed().iter().map(|episode| (episode, false));
        let is_open = |episode| !view.is_over(episode, self.now);
        ended.chain(view.open().map(move |episode| (episode, is_open(episode))))
    }

    pub(crate) fn late(&self) -> u64 {
        self.arrivals.late()
    }

    /// The components that something which can still change speaks of, some of them many times: their numbers must
    /// not be given away.
    pub(crate) fn components(&self) -> impl Iterator<Item = ComponentKey> {
        let waiting = self.unsettled.iter().map(|event| event.what.component());
        self.arrivals
            .components()
            .chain(waiting)
            .chain(self.patterns.iter().flat_map(|p| p.settled.components()))
    }
}

#[cfg(test)]
mod tests;
