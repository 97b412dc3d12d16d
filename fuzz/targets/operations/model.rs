//! What must be true after any sequence of operations, kept in the plainest way.

use foreshock::{FailureType, LockHealth, Outcome, Outcomes, PathStatus, Snapshot};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Where a manual clock begins: it cannot be turned back further than this.
const ORIGIN_NS: u64 = 100 * 24 * 3_600 * 1_000_000_000;
const SECOND_NS: u64 = 1_000_000_000;
/// The time of a last timeout is known to this.
const RESOLUTION_NS: u64 = 1_000_000;

#[derive(Default)]
struct Path {
    outcomes: Outcomes,
    consecutive_timeouts: u64,
    last_timeout_ns: Option<u64>,
    guards: u64,
    announced: u64,
    /// No attempt was ever open on it.
    never_open: bool,
}

pub(crate) struct Model {
    now_ns: u64,
    is_live: bool,
    /// Paths that a handle is held on, so that they are never retired.
    held: BTreeMap<&'static str, Path>,
    outcomes: Outcomes,
    failures: BTreeMap<&'static str, u64>,
    unregistered: u64,
    refused: u64,
    max_paths: usize,
    max_components: usize,
}

fn count(outcomes: &mut Outcomes, outcome: Outcome) {
    *match outcome {
        Outcome::Success => &mut outcomes.success,
        Outcome::Timeout => &mut outcomes.timeout,
        Outcome::Error => &mut outcomes.error,
        Outcome::Abandoned => &mut outcomes.abandoned,
    } += 1;
}

fn nanos(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}

impl Model {
    pub(crate) fn new(held: &[&'static str], max_paths: usize, max_components: usize) -> Self {
        let path = |name: &&'static str| (*name, Path { never_open: true, ..Path::default() });
        Self {
            now_ns: ORIGIN_NS,
            is_live: true,
            held: held.iter().map(path).collect(),
            outcomes: Outcomes::default(),
            failures: BTreeMap::new(),
            unregistered: 0,
            refused: 0,
            max_paths,
            max_components,
        }
    }

    pub(crate) fn advance(&mut self, by: Duration) {
        self.now_ns = self.now_ns.saturating_add(nanos(by)).min(u64::MAX - 1);
    }

    pub(crate) fn rewind(&mut self, by: Duration) {
        self.now_ns = self.now_ns.saturating_sub(nanos(by)).max(1);
    }

    pub(crate) fn shut_down(&mut self) {
        self.is_live = false;
    }

    /// An outcome without a guard: it answers one announcement, if there is one.
    pub(crate) fn record(&mut self, path: &str, outcome: Outcome) {
        if self.is_live
            && let Some(path) = self.held.get_mut(path)
        {
            path.announced = path.announced.saturating_sub(1);
        }
        self.count(path, outcome);
    }

    pub(crate) fn announce(&mut self, path: &str) {
        if !self.is_live {
            self.refused += 1;
        } else if let Some(path) = self.held.get_mut(path) {
            path.announced += 1;
            path.never_open = false;
        }
    }

    pub(crate) fn begin(&mut self, path: &str) {
        let path = self.held.get_mut(path).expect("a path that is held");
        path.guards += 1;
        path.never_open = false;
    }

    pub(crate) fn finish(&mut self, path: &str, outcome: Outcome) {
        self.held.get_mut(path).expect("a path that is held").guards -= 1;
        self.count(path, outcome);
    }

    fn count(&mut self, path: &str, outcome: Outcome) {
        if !self.is_live {
            self.refused += 1;
            return;
        }
        count(&mut self.outcomes, outcome);
        let Some(path) = self.held.get_mut(path) else {
            return;
        };
        count(&mut path.outcomes, outcome);
        match outcome {
            Outcome::Success => path.consecutive_timeouts = 0,
            Outcome::Timeout => {
                path.consecutive_timeouts += 1;
                path.last_timeout_ns = Some(self.now_ns);
            }
            Outcome::Error | Outcome::Abandoned => {}
        }
    }

    pub(crate) fn fail(&mut self, kind: FailureType) {
        if !self.is_live {
            self.refused += 1;
        } else if kind == FailureType::Custom("unheard_of") {
            self.unregistered += 1;
        } else {
            *self.failures.entry(kind.label()).or_default() += 1;
        }
    }

    /// Where the rules leave no doubt, whatever the collector has seen so far.
    pub(crate) fn check_health(&self, name: &str, health: LockHealth) {
        let Some(path) = self.held.get(name).filter(|_| self.is_live) else {
            return;
        };
        // Either way round: one that lies ahead, on a clock that was turned back, is as far away.
        let age_ns =
            path.last_timeout_ns.map(|last| self.now_ns.abs_diff(last).saturating_add(RESOLUTION_NS));
        let is_within = |seconds: u64| age_ns.is_some_and(|age| age < seconds * SECOND_NS);
        if path.consecutive_timeouts >= 3 && is_within(300) {
            assert_eq!(health, LockHealth::Unhealthy, "{name}: a run of {}", path.consecutive_timeouts);
        }
        if is_within(30) {
            assert_ne!(health, LockHealth::Healthy, "{name}: a timeout {age_ns:?} ns away");
        }
        if age_ns.is_none() && path.never_open {
            assert_eq!(health, LockHealth::Healthy, "{name}: nothing has happened");
        }
    }

    pub(crate) fn check(&self, snapshot: &Snapshot) {
        let statistics = &snapshot.statistics;
        assert_eq!(statistics.outcomes, self.outcomes);
        let failures = self.failures.values().sum::<u64>() + self.outcomes.timeout;
        assert_eq!(statistics.total_events, failures);
        assert_eq!(statistics.total_events, statistics.processed_events + statistics.dropped_events);
        assert!(statistics.late_events + statistics.local_pause_events <= statistics.processed_events);
        assert_eq!(statistics.dropped.unregistered_type, self.unregistered);
        assert_eq!(statistics.dropped.after_shutdown, self.refused);
        assert_eq!((statistics.panics, statistics.blocks.min(1)), (0, statistics.blocks));
        self.check_paths(&snapshot.paths);
        self.check_failures(snapshot);
        check_episodes(snapshot);
    }

    fn check_paths(&self, paths: &[PathStatus]) {
        let names: BTreeSet<_> = paths.iter().map(|path| &path.name).collect();
        assert_eq!(names.len(), paths.len(), "no name comes twice");
        assert!(paths.len() <= self.max_paths + 1);
        for path in paths {
            assert!(path.window_timeouts <= path.window_completed, "{path:?}");
            assert!(path.window_completed <= path.outcomes.completed(), "{path:?}");
            assert!(path.consecutive_timeouts <= path.outcomes.timeout, "{path:?}");
            assert_eq!(path.oldest_in_flight_seconds.is_some_and(|age| age < 0.0), false, "{path:?}");
        }
        for (name, expected) in &self.held {
            let path = paths.iter().find(|path| *path.name == **name).expect("a held path stays");
            assert_eq!(path.outcomes, expected.outcomes, "{name}");
            assert_eq!(path.consecutive_timeouts, expected.consecutive_timeouts, "{name}");
            if self.is_live {
                assert_eq!(path.in_flight, expected.guards + expected.announced, "{name}");
            }
            self.check_health(name, path.health);
        }
    }

    fn check_failures(&self, snapshot: &Snapshot) {
        let mut counted = BTreeMap::new();
        let mut components = BTreeSet::new();
        for failure in &snapshot.failures {
            assert!(components.insert((failure.kind, &failure.component)), "{failure:?} comes twice");
            *counted.entry(failure.kind).or_insert(0) += failure.events;
        }
        counted.retain(|_, events| *events > 0);
        assert_eq!(counted, self.failures);
        assert!(snapshot.statistics.components <= self.max_components as u64);
    }
}

fn check_episodes(snapshot: &Snapshot) {
    let detected: u64 = snapshot.patterns.iter().map(|pattern| pattern.detected).sum();
    assert_eq!(detected, snapshot.statistics.cascading_patterns_detected);
    for pattern in &snapshot.patterns {
        let of_pattern = snapshot.roots.iter().filter(|root| root.pattern == pattern.name);
        let roots: u64 = of_pattern.map(|root| root.episodes).sum();
        assert!(roots >= pattern.detected, "{pattern:?} {:?}", snapshot.roots);
    }
    let ids: BTreeSet<_> = snapshot.episodes.iter().map(|episode| &episode.id).collect();
    assert_eq!(ids.len(), snapshot.episodes.len(), "no episode comes twice");
    assert!(snapshot.episodes.len() <= 4 + snapshot.patterns.len());
}
