//! The machine of one pattern. Events go in, in the order in which they happened.
//!
//! It either watches, with every event since the oldest initial that can still be a root, or has an episode
//! open. Of two initials the older has at least as many subsequent failures after it, so the oldest one alive is
//! always the first to have enough: it is the root, and the others need no counting.

use super::episode::Episode;
use super::event::Event;
use super::pattern::Rule;
use super::thin::thin;
use crate::record::event::{ComponentKey, Operation};
use crate::record::failure::TypeId;
use std::collections::VecDeque;

/// Events that wait for a match. Beyond it those of one second are merged.
const MAX_PENDING: usize = 2_048;

#[derive(Clone, Debug)]
pub(crate) struct Matcher {
    rule: Rule,
    /// In order; the first is the oldest initial that can still be a root.
    pending: Vec<Event>,
    /// The failures after that initial that count, each once. Fewer than `min_subsequent`.
    subsequent: Vec<Counted>,
    /// How many pending events were dropped so far: the place of `pending[0]` among all.
    dropped: u64,
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
    /// `recent_starts`: how many beginnings of episodes to remember.
    pub(crate) fn new(rule: Rule, recent_starts: usize) -> Self {
        Self {
            rule,
            pending: Vec::new(),
            subsequent: Vec::new(),
            dropped: 0,
            open: None,
            closed: Vec::new(),
            opened: 0,
            starts: VecDeque::with_capacity(recent_starts),
            recent_starts,
        }
    }

    /// The next event. Never older than the one before.
    pub(crate) fn apply(&mut self, event: &Event) {
        if !self.rule.concerns(event.kind) {
            return;
        }
        self.pass_to(event.at);
        if let Some(open) = &mut self.open {
            open.join(event);
            return;
        }
        if self.rule.is_initial(event.kind) {
            self.pending.push(*event);
        } else if !self.pending.is_empty() {
            self.count(event);
            self.pending.push(*event);
            if self.enough() {
                self.open_episode();
            }
        }
        if self.pending.len() > MAX_PENDING {
            self.thin_pending();
        }
    }

    /// Lets time pass: no event that comes is older than `now`. Without it the last failures before a long silence
    /// would be waited on, and their paths kept, for as long as the silence lasts.
    pub(crate) fn pass_to(&mut self, now: u64) {
        self.close_before(now);
        self.forget_before(now.saturating_sub(self.rule.window_ns));
    }

    /// Ends the open episode if a whole window passed without an event of it before `now`.
    pub(crate) fn close_before(&mut self, now: u64) {
        let quiet_until = |open: &Episode| open.last_at.saturating_add(self.rule.window_ns);
        if self.open.as_ref().is_some_and(|open| quiet_until(open) < now) {
            self.closed.extend(self.open.take());
        }
    }

    /// Drops what happened before the oldest initial at or after `oldest`.
    fn forget_before(&mut self, oldest: u64) {
        let rule = &self.rule;
        let keep = self
            .pending
            .iter()
            .position(|event| event.at >= oldest && rule.is_initial(event.kind))
            .unwrap_or(self.pending.len());
        if keep > 0 {
            self.pending.drain(..keep);
            self.dropped += keep as u64;
            self.subsequent.retain(|counted| counted.place >= self.dropped);
        }
    }

    fn count(&mut self, event: &Event) {
        let place = self.dropped + self.pending.len() as u64;
        let known = self
            .subsequent
            .iter_mut()
            .find(|counted| event.operation != Operation::NONE && counted.operation == event.operation);
        match known {
            Some(counted) => counted.place = place,
            None => self.subsequent.push(Counted {
                place,
                operation: event.operation,
                weight: if event.operation == Operation::NONE { event.weight } else { 1 },
            }),
        }
    }

    fn enough(&self) -> bool {
        let counted: u64 = self.subsequent.iter().map(|c| u64::from(c.weight)).sum();
        counted >= u64::from(self.rule.min_subsequent)
    }

    fn open_episode(&mut self) {
        let mut episode = Episode::new(self.opened, &self.pending[0]);
        for event in &self.pending {
            episode.join(event);
        }
        if self.starts.len() == self.recent_starts {
            self.starts.pop_front();
        }
        self.starts.push_back(episode.root_at);
        self.opened += 1;
        self.open = Some(episode);
        self.pending.clear();
        self.subsequent.clear();
    }

    fn thin_pending(&mut self) {
        // Initials on either side of a subsequent failure are not merged: which of them it follows matters.
        let rule = self.rule;
        let mut segment = 0;
        thin(&mut self.pending, MAX_PENDING / 2, rule.window_ns, |event| {
            segment += u64::from(rule.is_subsequent(event.kind));
            segment
        });
        if self.pending.len() > MAX_PENDING / 2 {
            // Thousands of components at once: the oldest (the root, should it match) and the newest stay.
            let end = MAX_PENDING / 4;
            self.pending.drain(end..self.pending.len() - end);
        }
        // Places have moved; the pending subsequent failures say where to.
        let pending = std::mem::take(&mut self.pending);
        self.subsequent.clear();
        self.dropped = 0;
        for event in pending {
            if rule.is_subsequent(event.kind) {
                self.count(&event);
            }
            self.pending.push(event);
        }
    }

    pub(crate) fn concerns(&self, kind: TypeId) -> bool {
        self.rule.concerns(kind)
    }

    /// Episodes found so far.
    pub(crate) fn opened(&self) -> u64 {
        self.opened
    }

    pub(crate) fn open(&self) -> Option<&Episode> {
        self.open.as_ref()
    }

    /// Ended and not yet taken, oldest first.
    pub(crate) fn closed(&self) -> &[Episode] {
        &self.closed
    }

    pub(crate) fn take_closed(&mut self) -> Vec<Episode> {
        std::mem::take(&mut self.closed)
    }

    /// When the latest episodes began, oldest first.
    pub(crate) fn starts(&self) -> impl DoubleEndedIterator<Item = u64> + '_ {
        self.starts.iter().copied()
    }

    pub(crate) fn mentions(&self, component: ComponentKey) -> bool {
        self.pending.iter().any(|event| event.component == component)
            || self.open.iter().chain(&self.closed).any(|e| e.mentions(component))
    }
}
