//! One pattern: its two machines, and what was said of them so far.

use super::detector::Change;
use super::episode::Episode;
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
        let seen = self.view.closed().iter().chain(self.view.open());
        seen.for_each(|episode| tell(&mut self.reported, &mut self.detected, pattern, episode, changes));
        let settled = self.settled.opened();
        self.reported.retain(|(ordinal, _)| *ordinal >= settled);
        let (episodes, since) = recurrence;
        let critical = self.view.starts().filter(|start| *start >= since).count() >= episodes;
        if critical != self.critical {
            self.critical = critical;
            changes.push(Change::Critical { pattern, critical });
        }
    }

    /// Takes the episodes that ended and can change no more. Where ticks are far apart, one may have begun and ended
    /// since the last: it is reported before it is gone.
    pub(super) fn take_ended(&mut self, pattern: usize, changes: &mut Vec<Change>) {
        for episode in self.settled.take_closed() {
            tell(&mut self.reported, &mut self.detected, pattern, &episode, changes);
            changes.push(Change::Ended { pattern, episode: Box::new(episode) });
        }
    }
}

/// Reports an episode that was not, and a root that is another one than was reported.
fn tell(
    reported: &mut Vec<(u64, ComponentKey)>,
    detected: &mut u64,
    pattern: usize,
    episode: &Episode,
    changes: &mut Vec<Change>,
) {
    let (ordinal, root) = (episode.ordinal, episode.root);
    if ordinal >= *detected {
        *detected = ordinal + 1;
        changes.push(Change::Detected { pattern, ordinal, root });
        reported.push((ordinal, root));
    } else if let Some((_, was)) = reported.iter_mut().find(|(o, _)| *o == ordinal)
        && *was != root
    {
        *was = root;
        changes.push(Change::RootMoved { pattern, ordinal, root });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Pattern;
    use crate::cascade::event::What;
    use crate::record::FailureType::{LockTimeout, PeerUnreachable};
    use crate::record::event::Operation;
    use crate::record::failure::{FailureTypes, TypeId};

    #[test]
    fn an_episode_whose_root_can_move_no_more_is_not_remembered() {
        let pattern = Pattern::new("p", PeerUnreachable).subsequent([LockTimeout]).min_subsequent(1);
        let rule = pattern.compile(&FailureTypes::new(Vec::new())).unwrap();
        let mut tracked = Tracked::new(Matcher::new(rule, 16, 3));
        let mut changes = Vec::new();
        for kind in [0, 1] {
            let what = What::new(TypeId(kind), ComponentKey::Component(0), Operation::NONE);
            tracked.view.apply(&Event::new(1, what, 0));
        }
        tracked.report(0, (3, 0), &mut changes);
        assert_eq!((changes.len(), tracked.reported.len()), (1, 1));
        tracked.settled = tracked.view.clone();
        tracked.report(0, (3, 0), &mut changes);
        assert_eq!((changes.len(), tracked.reported.len()), (1, 0));
    }
}
