//! All patterns over one stream of events.
//!
//! Each pattern has two machines: `settled` has seen every event that no late one can come before any more, `view`
//! is a copy of it that has also seen the rest. What is reported comes from the view, at once; what it says in the
//! end depends on the order in which things happened and not on the order in which they arrived.

use super::episode::Episode;
use super::event::Event;
use super::matcher::Matcher;
use super::pattern::Rule;
use super::unsettled::Unsettled;
use crate::record::event::ComponentKey;

/// When episodes of a pattern count as recurring.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Recurrence {
    pub(crate) episodes: usize,
    pub(crate) window_ns: u64,
}

#[derive(Clone, Debug)]
pub(crate) struct Detector {
    patterns: Vec<Tracked>,
    unsettled: Unsettled,
    late_after_ns: u64,
    recurrence: Recurrence,
}

#[derive(Clone, Debug)]
struct Tracked {
    settled: Matcher,
    view: Matcher,
    /// Roots as they were reported, for the episodes whose root may still move: (ordinal, root).
    reported: Vec<(u64, ComponentKey)>,
    /// Episodes reported so far. Never falls.
    detected: u64,
    critical: bool,
}

/// What a tick changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// A new episode.
    Detected { pattern: usize, ordinal: u64, root: ComponentKey },
    /// A late event showed an earlier root for an episode that was reported before.
    RootMoved { pattern: usize, ordinal: u64, root: ComponentKey },
    /// An episode ended and can change no more.
    Ended { pattern: usize, episode: Episode },
    /// The pattern began or ceased to recur.
    Critical { pattern: usize, critical: bool },
}

impl Detector {
    pub(crate) fn new(rules: Vec<Rule>, late_after_ns: u64, recurrence: Recurrence) -> Self {
        let tracked = |rule| {
            let matcher = Matcher::new(rule, recurrence.episodes);
            Tracked {
                settled: matcher.clone(),
                view: matcher,
                reported: Vec::new(),
                detected: 0,
                critical: false,
            }
        };
        Self {
            patterns: rules.into_iter().map(tracked).collect(),
            unsettled: Unsettled::new(),
            late_after_ns,
            recurrence,
        }
    }

    /// One tick: takes what arrived and judges as of `now`, which never runs backwards.
    pub(crate) fn observe(&mut self, batch: impl IntoIterator<Item = Event>, now: u64) -> Vec<Change> {
        let patterns = &self.patterns;
        let wanted = |event: &Event| patterns.iter().any(|p| p.settled.concerns(event.kind));
        self.unsettled.arrive(batch, wanted);
        let mut changes = Vec::new();
        if let Some(to) = self.unsettled.overflow() {
            self.settle(to, &mut changes);
        }
        self.settle(now.saturating_sub(self.late_after_ns), &mut changes);
        for pattern in 0..self.patterns.len() {
            self.look(pattern, now, &mut changes);
        }
        changes
    }

    /// Ends everything: what waits is settled, and open episodes stay open.
    pub(crate) fn finish(&mut self, now: u64) -> Vec<Change> {
        let mut changes = Vec::new();
        self.settle(u64::MAX, &mut changes);
        for pattern in 0..self.patterns.len() {
            self.look(pattern, now, &mut changes);
        }
        changes
    }

    fn settle(&mut self, to: u64, changes: &mut Vec<Change>) {
        let patterns = &mut self.patterns;
        self.unsettled.settle(to, |event| {
            for tracked in patterns.iter_mut() {
                tracked.settled.apply(event);
            }
        });
        for (pattern, tracked) in patterns.iter_mut().enumerate() {
            if to != u64::MAX {
                tracked.settled.pass_to(to);
            }
            let ended = tracked.settled.take_closed().into_iter();
            changes.extend(ended.map(|episode| Change::Ended { pattern, episode }));
        }
    }

    /// Renews the view of one pattern and reports what is new in it.
    fn look(&mut self, pattern: usize, now: u64, changes: &mut Vec<Change>) {
        let tracked = &mut self.patterns[pattern];
        tracked.view.clone_from(&tracked.settled);
        for event in self.unsettled.events() {
            tracked.view.apply(event);
        }
        tracked.view.close_before(now);
        tracked.report(pattern, changes);

        let oldest = now.saturating_sub(self.recurrence.window_ns);
        let recent = tracked.view.starts().filter(|start| *start >= oldest).count();
        let critical = recent >= self.recurrence.episodes;
        if critical != tracked.critical {
            tracked.critical = critical;
            changes.push(Change::Critical { pattern, critical });
        }
    }

    /// Episodes found so far, by pattern.
    pub(crate) fn detected(&self, pattern: usize) -> u64 {
        self.patterns[pattern].detected
    }

    pub(crate) fn is_critical(&self, pattern: usize) -> bool {
        self.patterns[pattern].critical
    }

    /// The episodes of a pattern that can still change, oldest first, and whether each is open.
    pub(crate) fn current(&self, pattern: usize) -> impl Iterator<Item = (&Episode, bool)> {
        let view = &self.patterns[pattern].view;
        let ended = view.closed().iter().map(|episode| (episode, false));
        ended.chain(view.open().map(|episode| (episode, true)))
    }

    pub(crate) fn late(&self) -> u64 {
        self.unsettled.late()
    }

    /// Something that can still change speaks of this component: its number must not be given away.
    pub(crate) fn mentions(&self, component: ComponentKey) -> bool {
        self.unsettled.events().iter().any(|event| event.component == component)
            || self.patterns.iter().any(|p| p.settled.mentions(component))
    }
}

impl Tracked {
    fn report(&mut self, pattern: usize, changes: &mut Vec<Change>) {
        let settled = self.settled.opened();
        self.reported.retain(|(ordinal, _)| *ordinal >= settled);
        for episode in self.view.closed().iter().chain(self.view.open()) {
            let (ordinal, root) = (episode.ordinal, episode.root);
            if ordinal >= self.detected {
                self.detected = ordinal + 1;
                changes.push(Change::Detected { pattern, ordinal, root });
            } else if let Some((_, was)) = self.reported.iter_mut().find(|(o, _)| *o == ordinal) {
                if *was != root {
                    *was = root;
                    changes.push(Change::RootMoved { pattern, ordinal, root });
                }
                continue;
            } else {
                continue;
            }
            self.reported.push((ordinal, root));
        }
    }
}
