//! One pattern: its two machines, and what was said of them so far.

use super::detector::Change;
use super::event::Event;
use super::matcher::Matcher;
use crate::record::event::ComponentKey;

#[derive(Clone, Debug)]
pub(super) struct Tracked {
    /// Has seen every event that no late one can come before any more.
    pub(super) settled: Matcher,
    /// Has seen the rest too.
    pub(super) view: Matcher,
    /// Roots as they were reported, for the episodes whose root may still move: (ordinal, root).
    reported: Vec<(u64, ComponentKey)>,
    /// Episodes reported so far. Never falls.
    pub(super) detected: u64,
    pub(super) critical: bool,
}

impl Tracked {
    pub(super) fn new(matcher: Matcher) -> Self {
        Self { settled: matcher.clone(), view: matcher, reported: Vec::new(), detected: 0, critical: false }
    }

    /// Makes the view anew from what is settled and what waits.
    pub(super) fn renew<'a>(&mut self, waiting: impl Iterator<Item = &'a Event>) {
        self.view.clone_from(&self.settled);
        for event in waiting {
            self.view.apply(event);
        }
    }

    /// Says what is new in the view. `recent`: how many of the latest episodes count as recurrence, and since when.
    pub(super) fn report(&mut self, pattern: usize, recurrence: (usize, u64), changes: &mut Vec<Change>) {
        let settled = self.settled.opened();
        self.reported.retain(|(ordinal, _)| *ordinal >= settled);
        for episode in self.view.closed().iter().chain(self.view.open()) {
            let (ordinal, root) = (episode.ordinal, episode.root);
            if ordinal >= self.detected {
                self.detected = ordinal + 1;
                changes.push(Change::Detected { pattern, ordinal, root });
                self.reported.push((ordinal, root));
            } else if let Some((_, was)) = self.reported.iter_mut().find(|(o, _)| *o == ordinal)
                && *was != root
            {
                *was = root;
                changes.push(Change::RootMoved { pattern, ordinal, root });
            }
        }
        let (episodes, since) = recurrence;
        let critical = self.view.starts().filter(|start| *start >= since).count() >= episodes;
        if critical != self.critical {
            self.critical = critical;
            changes.push(Change::Critical { pattern, critical });
        }
    }
}
