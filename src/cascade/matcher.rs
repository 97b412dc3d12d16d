//! The machine of one pattern. Events go in, in the order in which they happened.
//!
//! It either watches, with every event since the oldest initial that can still be a root, or has an episode
//! open. Of two initials the older has at least as many subsequent failures after it, so the oldest one alive is
//! always the first to have enough: it is the root, and the others need no counting.

use super::episode::Episode;
use super::event::Event;
use super::groups::{Groups, SECOND_NS};
use super::pattern::Rule;
use crate::record::event::{ComponentKey, Operation};
use std::collections::VecDeque;

#[derive(Clone, Debug)]
pub(super) struct Matcher {
    rule: Rule,
    /// In order; the first is the oldest initial that can still be a root. When it fills up, those of one second are
    /// merged, then of two, of four ...
    pending: Groups,
    /// Places that were next when the newest initial and the newest subsequent failure came. Failures of the one role
    /// are not merged with any from before that of the other: which of them it follows decides the match.
    last_initial: u64,
    last_subsequent: u64,
    /// The failures after the first pending initial that count, each once. Fewer than `min_subsequent`.
    subsequent: Vec<Counted>,
    /// The sum of their weights.
    counted: u64,
    open: Option<Episode>,
    /// Ended, and not yet taken.
    closed: Vec<Episode>,
    opened: u64,
    /// When the latest episodes began, as many as `recent_starts`.
    starts: VecDeque<u64>,
    recent_starts: usize,
}

/// A subsequent failure: the latest event of an operation, or events without one.
#[derive(Clone, Copy, Debug)]
struct Counted {
    place: u64,
    operation: Operation,
    weight: u32,
}

impl Matcher {
    /// `max_pending`: events that may wait for a match; `recent_starts`: how many beginnings of episodes to remember.
    pub(super) fn new(rule: Rule, max_pending: usize, recent_starts: usize) -> Self {
        Self {
            rule,
            pending: Groups::new(max_pending),
            last_initial: 0,
            last_subsequent: 0,
            subsequent: Vec::new(),
            counted: 0,
            open: None,
            closed: Vec::new(),
            opened: 0,
            starts: VecDeque::with_capacity(recent_starts),
            recent_starts,
        }
    }

    /// The next event. Never older than the one before. True if its order to others does not matter to this pattern,
    /// and never will: it is of no concern, or joins an open episode. No late event can undo that: one more failure
    /// can open an episode earlier and keep it open for longer, and nothing else.
    #[inline]
    pub(super) fn apply(&mut self, event: &Event) -> bool {
        if !self.rule.concerns(event.what.kind()) {
            return true;
        }
        self.pass_to(event.at);
        match &mut self.open {
            Some(open) => {
                open.join(event);
                true
            }
            None => {
                self.watch(event);
                false
            }
        }
    }

    fn watch(&mut self, event: &Event) {
        if self.pending.is_empty() && !self.rule.is_initial(event.what.kind()) {
            return;
        }
        self.hold(event);
        if self.counted >= u64::from(self.rule.min_subsequent) {
            self.open_episode(event.at);
        } else if self.pending.is_full() {
            self.thin();
        }
    }

    /// Lets time pass: no event that comes is older than `now`. Without it the last failures before a long silence
    /// would be waited on, and their paths kept, for as long as the silence lasts.
    #[inline]
    pub(super) fn pass_to(&mut self, now: u64) {
        if self.open.as_ref().is_some_and(|open| self.is_over(open, now)) {
            self.closed.extend(self.open.take());
        }
        self.forget_before(now.saturating_sub(self.rule.window_ns));
    }

    /// A whole window passed without an event of the episode before `now`.
    pub(super) fn is_over(&self, episode: &Episode, now: u64) -> bool {
        episode.last_at.saturating_add(self.rule.window_ns) < now
    }

    /// Drops what happened before the oldest initial at or after `oldest`.
    #[inline]
    fn forget_before(&mut self, oldest: u64) {
        let dead = |event: &Event, rule: &Rule| event.last < oldest || !rule.is_initial(event.what.kind());
        let mut dropped = false;
        while self.pending.front().is_some_and(|front| dead(front, &self.rule)) {
            self.pending.pop_front();
            dropped = true;
        }
        if dropped && self.pending.is_empty() {
            self.pending.stop_merging();
        }
        if dropped && !self.subsequent.is_empty() {
            let first = self.pending.end() - self.pending.len() as u64;
            self.subsequent.retain(|counted| counted.place >= first);
            self.counted = self.subsequent.iter().map(|c| u64::from(c.weight)).sum();
        }
    }

    /// Keeps an event for a match to come.
    fn hold(&mut self, event: &Event) {
        let end = self.pending.end();
        if self.rule.is_initial(event.what.kind()) {
            let event = Event { what: event.what.without_operation(), ..*event };
            let barrier = self.last_subsequent;
            self.pending.push(&event, |_, place| place >= barrier);
            self.last_initial = end;
        } else {
            let barrier = self.last_initial;
            let place = self.pending.push(event, |_, place| place >= barrier);
            self.last_subsequent = end;
            self.count(event, place);
        }
    }

    fn count(&mut self, event: &Event, place: u64) {
        let operation = event.what.operation();
        let known = self
            .subsequent
            .iter_mut()
            .find(|counted| operation != Operation::NONE && counted.operation == operation);
        match known {
            Some(counted) => counted.place = place,
            None => {
                let weight = if operation == Operation::NONE { event.weight } else { 1 };
                self.subsequent.push(Counted { place, operation, weight });
                self.counted += u64::from(weight);
            }
        }
    }

    fn open_episode(&mut self, now: u64) {
        let pending = self.pending.take();
        self.pending.stop_merging();
        self.reset_counted();
        let Some(root) = pending.front() else { return };
        // Where the first of merged initials is too old, the root is one of the others: the oldest that can be.
        let root_at = root.at.max(now.saturating_sub(self.rule.window_ns));
        let mut episode = Episode::new(self.opened, root.what.component(), root_at);
        for event in pending.iter().filter(|event| event.last >= root_at) {
            episode.join(event);
        }
        if self.starts.len() == self.recent_starts {
            self.starts.pop_front();
        }
        self.starts.push_back(root_at);
        self.opened += 1;
        self.open = Some(episode);
    }

    fn reset_counted(&mut self) {
        self.subsequent.clear();
        self.counted = 0;
    }

    /// Makes room by merging more coarsely, up to a whole window.
    fn thin(&mut self) {
        let mut grain_ns = self.pending.grain_ns();
        while self.pending.is_crowded() && grain_ns < self.rule.window_ns {
            grain_ns = (2 * grain_ns).max(SECOND_NS);
            let pending = self.pending.take();
            self.hold_again(pending, grain_ns);
        }
        if self.pending.is_crowded() {
            self.thin_the_middle(grain_ns);
        }
    }

    fn hold_again(&mut self, events: impl IntoIterator<Item = Event>, grain_ns: u64) {
        self.reset_counted();
        self.pending.merge_by(grain_ns);
        for event in events {
            self.hold(&event);
        }
    }

    /// Thousands of components at once. The oldest events (the root, should it match) and the newest stay; the initials
    /// between them are no longer told apart, and of the subsequent failures those stay that count.
    fn thin_the_middle(&mut self, grain_ns: u64) {
        let first = self.pending.end() - self.pending.len() as u64;
        let pending = self.pending.take();
        let keep = self.pending.limit() / 8;
        let middle = keep..pending.len() - keep;
        let counted: Vec<u64> = self.subsequent.iter().map(|counted| counted.place).collect();
        let rule = self.rule;
        let thinned = (first..).zip(pending).enumerate().filter_map(|(i, (place, event))| {
            match (middle.contains(&i), rule.is_initial(event.what.kind())) {
                (false, _) => Some(event),
                (true, true) => Some(Event { what: event.what.of_other(), ..event }),
                (true, false) => counted.contains(&place).then_some(event),
            }
        });
        self.hold_again(thinned, grain_ns);
    }

    /// An episode is open, and whatever comes before `end` will join it.
    pub(super) fn is_open_until(&self, end: u64) -> bool {
        self.open_until().is_some_and(|until| until >= end)
    }

    /// The last moment at which an event would still join the episode that is open.
    pub(super) fn open_until(&self) -> Option<u64> {
        self.open.as_ref().map(|open| open.last_at.saturating_add(self.rule.window_ns))
    }

    /// The types it speaks of, a bit for each.
    pub(super) fn types(&self) -> u64 {
        self.rule.types()
    }

    /// Episodes found so far.
    pub(super) fn opened(&self) -> u64 {
        self.opened
    }

    pub(super) fn open(&self) -> Option<&Episode> {
        self.open.as_ref()
    }

    /// Ended and not yet taken, oldest first.
    pub(super) fn closed(&self) -> &[Episode] {
        &self.closed
    }

    pub(super) fn take_closed(&mut self) -> Vec<Episode> {
        std::mem::take(&mut self.closed)
    }

    /// When the latest episodes began, oldest first.
    pub(super) fn starts(&self) -> impl DoubleEndedIterator<Item = u64> + '_ {
        self.starts.iter().copied()
    }

    /// Components it may still speak of.
    pub(super) fn components(&self) -> impl Iterator<Item = ComponentKey> {
        let pending = self.pending.iter().map(|event| event.what.component());
        pending.chain(self.open.iter().chain(&self.closed).flat_map(Episode::components))
    }
}
