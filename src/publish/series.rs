//! Which paths have series of their own, and what their counters stand at.
//!
//! A counter must not fall, and a path that is retired and comes back counts from 0 again: what its earlier lives
//! had is kept by name and added. Names beyond the limit are added up under `__other__`.

use super::snapshot::{Outcomes, PathStatus};
use crate::record::Outcome;
use crate::record::name::OTHER;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

pub(super) struct PathSeries {
    /// Names that have series of their own.
    own: HashSet<Arc<str>>,
    max: usize,
    /// What the earlier lives of a name had. Of most there was none.
    earlier: HashMap<Arc<str>, Outcomes>,
    /// Paths without a series of their own, by generation: what was added under `__other__` so far.
    beyond: HashMap<u64, Outcomes>,
    /// What was added up under `__other__`.
    added_up: Outcomes,
    unpublished: u64,
}

impl PathSeries {
    pub(super) fn new(max: usize) -> Self {
        Self {
            own: HashSet::new(),
            max,
            earlier: HashMap::new(),
            beyond: HashMap::new(),
            added_up: Outcomes::default(),
            unpublished: 0,
        }
    }

    /// Takes a new snapshot in.
    pub(super) fn update(&mut self, paths: &[PathStatus], before: &[PathStatus]) {
        for (ended, _) in paired(before, paths).filter(|(_, again)| again.is_none()) {
            if self.is_own(ended) {
                let earlier = self.earlier.entry(ended.name.clone()).or_default();
                *earlier = sum(earlier, &ended.outcomes);
            }
        }
        let mut beyond = HashMap::new();
        for (path, known) in paired(paths, before) {
            let is_own = if known.is_some() { self.is_own(path) } else { self.admit(path) };
            if !is_own {
                self.add_up(path);
                beyond.insert(path.generation, path.outcomes);
            }
        }
        self.beyond = beyond;
    }

    fn admit(&mut self, path: &PathStatus) -> bool {
        // `__other__` itself is not counted against the limit.
        if is_other(path) || self.own.contains(&path.name) {
            return true;
        }
        let has_room = self.own.len() < self.max;
        if has_room {
            self.own.insert(path.name.clone());
        }
        has_room
    }

    fn add_up(&mut self, path: &PathStatus) {
        let before = self.beyond.get(&path.generation);
        self.unpublished += u64::from(before.is_none());
        let before = before.copied().unwrap_or_default();
        let news = Outcomes::from_fn(|outcome| path.outcomes.of(outcome).saturating_sub(before.of(outcome)));
        self.added_up = sum(&self.added_up, &news);
    }

    /// The path, which is in the latest snapshot, has series under its own name.
    pub(super) fn is_own(&self, path: &PathStatus) -> bool {
        !self.beyond.contains_key(&path.generation)
    }

    /// Series of this name were published.
    pub(super) fn is_known(&self, name: &str) -> bool {
        self.own.contains(name)
    }

    /// What the counters of a name stand at, with the path that has it now, if one has.
    pub(super) fn total(&self, name: &str, path: Option<&PathStatus>) -> Outcomes {
        let now = path.map(|path| path.outcomes).unwrap_or_default();
        let earlier = if name == OTHER { Some(&self.added_up) } else { self.earlier.get(name) };
        earlier.map_or(now, |earlier| sum(earlier, &now))
    }

    /// Paths that were added up under `__other__` so far.
    pub(super) fn unpublished(&self) -> u64 {
        self.unpublished
    }
}

pub(super) fn is_other(path: &PathStatus) -> bool {
    *path.name == *OTHER
}

/// Each path with what it was in another snapshot, if it was there in the same life.
pub(super) fn paired<'a>(
    paths: &'a [PathStatus],
    others: &'a [PathStatus],
) -> impl Iterator<Item = (&'a PathStatus, Option<&'a PathStatus>)> {
    // Both are in the order of their numbers.
    let mut others = others.iter().peekable();
    paths.iter().map(move |path| {
        while others.next_if(|other| other.number < path.number).is_some() {}
        let same_life = |other: &&&PathStatus| other.generation == path.generation;
        (path, others.peek().filter(same_life).copied())
    })
}

fn sum(a: &Outcomes, b: &Outcomes) -> Outcomes {
    Outcomes::from_fn(|outcome: Outcome| a.of(outcome) + b.of(outcome))
}
