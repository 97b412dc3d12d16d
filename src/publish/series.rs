//! Which paths have series of their own, and what their counters stand at.
//!
//! A counter must not fall, and a path that is retired and comes back counts from 0 again: what its earlier lives
//! had is kept by name and added. Names beyond the limit are added up under `__other__`.

use super::snapshot::{Outcomes, PathStatus};
use crate::record::Outcome;
use crate::record::name::OTHER;
use std::collections::HashMap;
use std::sync::Arc;

pub(super) struct PathSeries {
    by_name: HashMap<Arc<str>, Series>,
    max: usize,
    /// Paths without a series of their own, by generation: what was added under `__other__` so far.
    beyond: HashMap<u64, Outcomes>,
    unpublished: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Series {
    generation: u64,
    /// Of earlier lives.
    earlier: Outcomes,
    /// Of this life, at the last publication.
    latest: Outcomes,
    /// The path is in use: its series are written.
    live: bool,
}

impl PathSeries {
    pub(super) fn new(max: usize) -> Self {
        // `__other__` is there from the start, at zero, and always.
        let other = Series { live: true, ..Series::default() };
        Self { by_name: HashMap::from([(OTHER.into(), other)]), max, beyond: HashMap::new(), unpublished: 0 }
    }

    /// Takes a new snapshot in.
    pub(super) fn update(&mut self, paths: &[PathStatus]) {
        for (name, series) in &mut self.by_name {
            // What was added up under `__other__` once has no path behind it that could keep it alive.
            series.live = **name == *OTHER;
        }
        let mut beyond = HashMap::new();
        for path in paths {
            if !self.update_own(path) {
                self.update_beyond(path);
                beyond.insert(path.generation, path.outcomes);
            }
        }
        self.beyond = beyond;
    }

    fn update_own(&mut self, path: &PathStatus) -> bool {
        let is_new = !self.by_name.contains_key(&path.name);
        // `__other__` itself is not counted against the limit.
        if is_new && self.by_name.len() > self.max {
            return false;
        }
        let series = self.by_name.entry(path.name.clone()).or_default();
        if series.generation != path.generation {
            series.earlier = sum(&series.earlier, &series.latest);
            series.generation = path.generation;
        }
        series.latest = path.outcomes;
        series.live = true;
        true
    }

    fn update_beyond(&mut self, path: &PathStatus) {
        let before = self.beyond.get(&path.generation);
        self.unpublished += u64::from(before.is_none());
        let before = before.copied().unwrap_or_default();
        let news = Outcomes::from_fn(|outcome| path.outcomes.of(outcome).saturating_sub(before.of(outcome)));
        let other = self.by_name.entry(OTHER.into()).or_default();
        other.earlier = sum(&other.earlier, &news);
        other.live = true;
    }

    /// The path has series under its own name.
    pub(super) fn is_own(&self, path: &PathStatus) -> bool {
        self.by_name.get(&path.name).is_some_and(|series| series.generation == path.generation)
    }

    /// What the counters of a name stand at, live or not.
    pub(super) fn total_of(&self, name: &str) -> Outcomes {
        self.by_name.get(name).map_or_else(Outcomes::default, |series| sum(&series.earlier, &series.latest))
    }

    /// What each live counter stands at.
    pub(super) fn totals(&self) -> impl Iterator<Item = (&Arc<str>, Outcomes)> {
        let live = self.by_name.iter().filter(|(_, series)| series.live);
        live.map(|(name, series)| (name, sum(&series.earlier, &series.latest)))
    }

    /// Paths that were added up under `__other__` so far.
    pub(super) fn unpublished(&self) -> u64 {
        self.unpublished
    }
}

fn sum(a: &Outcomes, b: &Outcomes) -> Outcomes {
    Outcomes::from_fn(|outcome: Outcome| a.of(outcome) + b.of(outcome))
}
