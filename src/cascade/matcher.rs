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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Pattern;
    use crate::cascade::event::What;
    use crate::record::FailureType::{LockTimeout, PeerUnreachable};
    use crate::record::failure::{FailureTypes, TypeId};
    use std::time::Duration;

    const MS: u64 = 1_000_000;
    const CAUSE: TypeId = TypeId(0);
    const EFFECT: TypeId = TypeId(1);
    const LIMIT: usize = 16;

    /// Of a window of 4 s, with room for sixteen events.
    fn matcher(min_subsequent: u32) -> Matcher {
        let pattern = Pattern::new("p", PeerUnreachable).subsequent([LockTimeout]);
        let pattern = pattern.window(Duration::from_secs(4)).min_subsequent(min_subsequent);
        Matcher::new(pattern.compile(&FailureTypes::new(Vec::new())).unwrap(), LIMIT, 3)
    }

    fn event(kind: TypeId, at: u64, component: u32, operation: Operation) -> Event {
        Event::new(at, What::new(kind, ComponentKey::Component(component), operation), 0)
    }

    fn cause(at: u64, component: u32) -> Event {
        event(CAUSE, at, component, Operation::NONE)
    }

    fn effect(at: u64, component: u32) -> Event {
        event(EFFECT, at, component, Operation::NONE)
    }

    fn apply(matcher: &mut Matcher, events: impl IntoIterator<Item = Event>) {
        events.into_iter().for_each(|event| _ = matcher.apply(&event));
    }

    fn told(matcher: &Matcher) -> Vec<(u64, u32)> {
        matcher.pending.iter().map(|event| (event.at / MS, event.weight)).collect()
    }

    #[test]
    fn causes_of_one_second_wait_as_one_whatever_their_operations() {
        let mut matcher = matcher(2);
        let of_operation = |at| event(CAUSE, at * MS, 0, Operation::new(0, at + 1));
        apply(&mut matcher, (0..20).map(of_operation));
        assert_eq!(told(&matcher), [(0, 20)]);
    }

    #[test]
    fn an_effect_is_not_merged_with_one_from_before_a_cause() {
        let mut matcher = matcher(9);
        apply(&mut matcher, (0..16).map(|at| cause(at * MS, 0)));
        let after = [
            effect(20 * MS, 0),
            effect(21 * MS, 0),
            cause(22 * MS, 0),
            effect(23 * MS, 0),
            effect(24 * MS, 0),
        ];
        apply(&mut matcher, after);
        assert_eq!(told(&matcher), [(0, 16), (20, 2), (22, 1), (23, 2)]);
    }

    #[test]
    fn merging_goes_on_while_anything_waits_and_ends_with_it() {
        let mut matcher = matcher(2);
        apply(&mut matcher, (0..16).map(|at| cause(at * MS, 0)));
        apply(&mut matcher, [cause(3_000 * MS, 0), cause(3_001 * MS, 0)]);
        assert_eq!(told(&matcher), [(0, 16), (3_000, 2)]);
        // The first have gone.
        apply(&mut matcher, [cause(5_000 * MS, 0), cause(5_001 * MS, 0)]);
        assert_eq!(told(&matcher), [(3_000, 2), (5_000, 2)]);
        apply(&mut matcher, [cause(60_000 * MS, 0), cause(60_001 * MS, 0)]);
        assert_eq!(told(&matcher), [(60_000, 1), (60_001, 1)]);
    }

    #[test]
    fn nothing_is_merged_over_more_than_a_window() {
        let mut matcher = matcher(2);
        apply(&mut matcher, (0..16).map(|component| cause(u64::from(component) * MS, component)));
        assert_eq!(matcher.pending.grain_ns(), 4_000 * MS);
    }

    /// Causes of so many components that no merging helps, an effect among them, and what is left of them.
    #[test]
    fn of_thousands_of_causes_the_first_and_the_last_keep_their_names_and_effects_that_count_stay() {
        let mut matcher = matcher(2);
        let mut waiting_before = 0;
        for component in 0..100 {
            apply(&mut matcher, [cause(u64::from(component) * MS, component)]);
            if component == 5 {
                apply(&mut matcher, [effect(5 * MS, 7)]);
            }
            let waiting: Vec<_> = matcher.pending.iter().map(|event| event.what).collect();
            // An eighth of what fits at either end, the effect, and one each for all others before it and after it.
            let has_thinned = waiting.len() < waiting_before;
            assert!(waiting.len() <= if has_thinned { 2 + 2 + 2 + 1 } else { LIMIT }, "{waiting:?}");
            assert!(waiting.contains(&cause(0, component).what));
            waiting_before = waiting.len();
        }
        let waiting: Vec<_> = matcher.pending.iter().map(|event| event.what).collect();
        assert_eq!((waiting[0], waiting[1]), (cause(0, 0).what, cause(0, 1).what));
        assert!(waiting.contains(&effect(0, 7).what));
        assert!(waiting.contains(&cause(0, 0).what.of_other()));
        assert_eq!(matcher.pending.iter().map(|event| event.weight).sum::<u32>(), 101);
        apply(&mut matcher, [effect(200 * MS, 8)]);
        assert_eq!(matcher.open().map(|open| open.root), Some(ComponentKey::Component(0)));
    }

    #[test]
    fn an_episode_is_open_until_a_window_after_its_last_failure_and_speaks_of_its_components() {
        let mut matcher = matcher(1);
        apply(&mut matcher, [cause(MS, 3)]);
        assert_eq!((matcher.open_until(), matcher.opened()), (None, 0));
        assert_eq!(matcher.components().collect::<Vec<_>>(), [ComponentKey::Component(3)]);
        apply(&mut matcher, [effect(2 * MS, 4)]);
        let until = 4_002 * MS;
        assert_eq!((matcher.open_until(), matcher.opened()), (Some(until), 1));
        assert_eq!([until, until + 1].map(|end| matcher.is_open_until(end)), [true, false]);
        let components = [3, 3, 4].map(ComponentKey::Component);
        assert_eq!(matcher.components().collect::<Vec<_>>(), components, "its root, and what is counted");
    }
}
