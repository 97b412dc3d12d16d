//! What the tests share: a monitor whose time is turned by hand.

#![allow(dead_code)]

pub(crate) mod again;
pub(crate) mod allocator;
pub(crate) mod footprint;
pub(crate) mod hostile;
#[cfg(feature = "prometheus")]
pub(crate) mod http;
pub(crate) mod mixed;
pub(crate) mod names;
pub(crate) mod recorder;
pub(crate) mod scale;
pub(crate) mod text_format;

use foreshock::{
    Builder, Clock, EpisodeStatus, FailureType, LockHealth, LockPath, ManualTime, Monitor, Outcome,
    PathStatus,
};
use std::cell::Cell;
use std::time::Duration;

pub(crate) const NS: Duration = Duration::from_nanos(1);

pub(crate) fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(crate) fn millis(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// A monitor without a thread, on a clock that stands still.
pub(crate) fn manual() -> (Monitor, ManualTime) {
    manual_with(|builder| builder)
}

pub(crate) fn manual_with(set: impl FnOnce(Builder) -> Builder) -> (Monitor, ManualTime) {
    let (clock, time) = Clock::manual();
    let monitor = set(Monitor::builder()).clock(clock).manual().start().expect("a valid configuration");
    (monitor, time)
}

/// The three ways to record an attempt.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Via {
    Handle,
    Name,
    Guard,
}

impl Via {
    pub(crate) const ALL: [Self; 3] = [Self::Handle, Self::Name, Self::Guard];

    pub(crate) fn record(self, monitor: &Monitor, path: &str, outcome: Outcome) {
        match self {
            Self::Handle => record_by_handle(&monitor.lock_path(path), outcome),
            Self::Name => record_by_name(monitor, path, outcome),
            Self::Guard => record_by_guard(&monitor.lock_path(path), outcome),
        }
    }

    /// Asks by handle or by name.
    pub(crate) fn health(self, monitor: &Monitor, path: &str) -> LockHealth {
        match self {
            Self::Name => monitor.health(path),
            Self::Handle | Self::Guard => monitor.lock_path(path).health(),
        }
    }
}

pub(crate) fn record_by_handle(path: &LockPath, outcome: Outcome) {
    match outcome {
        Outcome::Success => path.record_success(),
        Outcome::Timeout => path.record_timeout(),
        Outcome::Error => path.record_error(),
        Outcome::Abandoned => path.record_abandoned(),
    }
}

pub(crate) fn record_by_name(monitor: &Monitor, path: &str, outcome: Outcome) {
    match outcome {
        Outcome::Success => monitor.record_success(path),
        Outcome::Timeout => monitor.record_timeout(path),
        Outcome::Error => monitor.record_error(path),
        Outcome::Abandoned => monitor.record_abandoned(path),
    }
}

pub(crate) fn record_by_guard(path: &LockPath, outcome: Outcome) {
    let attempt = path.attempt();
    match outcome {
        Outcome::Success => attempt.success(),
        Outcome::Timeout => attempt.timeout(),
        Outcome::Error => attempt.error(),
        Outcome::Abandoned => drop(attempt),
    }
}

/// `S`, `T`, `E`, `A` for the four outcomes; blanks are passed over.
pub(crate) fn outcomes(letters: &str) -> impl Iterator<Item = Outcome> + '_ {
    letters.chars().filter(|letter| *letter != ' ').map(|letter| match letter {
        'S' => Outcome::Success,
        'T' => Outcome::Timeout,
        'E' => Outcome::Error,
        'A' => Outcome::Abandoned,
        other => panic!("{other} is no outcome"),
    })
}

/// The path as of a tick made now.
pub(crate) fn status(monitor: &Monitor, path: &str) -> PathStatus {
    monitor.tick();
    find(monitor, path).unwrap_or_else(|| panic!("{path} is not in the snapshot"))
}

/// The path as of the last tick.
pub(crate) fn find(monitor: &Monitor, path: &str) -> Option<PathStatus> {
    monitor.snapshot().paths.iter().find(|status| *status.name == *path).cloned()
}

/// Failures on a time line of their own: 0 is the start of the monitor.
pub(crate) struct Scene {
    pub(crate) monitor: Monitor,
    pub(crate) time: ManualTime,
    now: Cell<Duration>,
}

impl Scene {
    pub(crate) fn new() -> Self {
        Self::with(|builder| builder)
    }

    pub(crate) fn with(set: impl FnOnce(Builder) -> Builder) -> Self {
        let (monitor, time) = manual_with(set);
        Self { monitor, time, now: Cell::new(Duration::ZERO) }
    }

    /// Turns the clock, forwards or back.
    pub(crate) fn at(&self, when: Duration) -> &Self {
        match when.checked_sub(self.now.get()) {
            Some(ahead) => self.time.advance(ahead),
            None => self.time.rewind(self.now.get() - when),
        }
        self.now.set(when);
        self
    }

    pub(crate) fn fail(&self, kind: FailureType, component: &str) -> &Self {
        self.monitor.record_failure(kind, component);
        self
    }

    pub(crate) fn tick(&self) -> &Self {
        self.monitor.tick();
        self
    }

    /// Episodes of a pattern, as of a tick made now.
    pub(crate) fn detected(&self, pattern: &str) -> u64 {
        self.tick();
        self.pattern(pattern).detected
    }

    pub(crate) fn is_critical(&self, pattern: &str) -> bool {
        self.tick();
        self.pattern(pattern).is_critical
    }

    /// Patterns of which an episode goes on, as of the last tick.
    pub(crate) fn open_patterns(&self) -> Vec<String> {
        let snapshot = self.monitor.snapshot();
        snapshot.patterns.iter().filter(|pattern| pattern.is_open).map(|p| p.name.to_string()).collect()
    }

    fn pattern(&self, name: &str) -> foreshock::PatternStatus {
        let snapshot = self.monitor.snapshot();
        snapshot.patterns.iter().find(|pattern| *pattern.name == *name).expect("a known pattern").clone()
    }

    /// Every episode of a pattern that is remembered, as of the last tick.
    pub(crate) fn episodes(&self, pattern: &str) -> Vec<EpisodeStatus> {
        let snapshot = self.monitor.snapshot();
        snapshot.episodes.iter().filter(|episode| *episode.pattern == *pattern).cloned().collect()
    }

    /// The one episode of a pattern.
    pub(crate) fn episode(&self, pattern: &str) -> EpisodeStatus {
        let episodes = self.episodes(pattern);
        assert_eq!(episodes.len(), 1, "{episodes:?}");
        episodes[0].clone()
    }

    pub(crate) fn episodes_in_total(&self) -> u64 {
        self.tick();
        self.monitor.statistics().cascading_patterns_detected
    }
}

/// How many failures of a type and component an episode counts.
pub(crate) fn failures(episode: &EpisodeStatus, kind: &str, component: &str) -> u64 {
    let of = |f: &&foreshock::FailureCount| f.kind == kind && *f.component == *component;
    episode.failures.iter().filter(of).map(|f| f.events).sum()
}

/// Nothing is lost between recording and judgement.
pub(crate) fn assert_conserved(monitor: &Monitor) {
    let statistics = monitor.statistics();
    assert_eq!(
        statistics.total_events,
        statistics.processed_events + statistics.dropped_events,
        "{statistics:?}"
    );
}
