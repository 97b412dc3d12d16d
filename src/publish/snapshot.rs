//! Everything that a monitor knows at one moment, as plain data.

use crate::health::LockHealth;
use crate::record::Outcome;
use std::sync::Arc;

/// Everything that a monitor knows, as of its last tick that published.
///
/// With the feature `serde` (on by default) it serializes, to JSON for example.
///
/// ```
/// let monitor = foreshock::Monitor::builder().manual().start()?;
/// monitor.record_timeout("bucket/a");
/// monitor.tick();
/// let snapshot = monitor.snapshot();
/// assert_eq!(&*snapshot.paths[0].name, "bucket/a");
/// println!("{}", serde_json::to_string_pretty(&*snapshot).unwrap());
/// # Ok::<(), foreshock::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Snapshot {
    /// Seconds since the Unix epoch.
    pub timestamp_seconds: f64,
    /// Totals over all paths and components.
    pub statistics: Statistics,
    /// Every path in use, in the order of its registration, `__other__` last.
    pub paths: Vec<PathStatus>,
    /// Every pattern.
    pub patterns: Vec<PatternStatus>,
    /// Open episodes and the latest ended ones, by the time of their root.
    pub episodes: Vec<EpisodeStatus>,
    /// Failures of registered components. Those of paths are their timeouts.
    pub failures: Vec<FailureCount>,
    /// How often each component was the root of a cascade.
    pub roots: Vec<RootCount>,
}

/// Totals of one monitor. At any quiet moment `total_events = processed_events + dropped_events`.
///
/// ```
/// let monitor = foreshock::Monitor::builder().manual().start()?;
/// monitor.record_failure(foreshock::FailureType::UploadFailure, "bucket/a");
/// monitor.tick();
/// let statistics = monitor.statistics();
/// assert_eq!((statistics.total_events, statistics.processed_events), (1, 1));
/// # Ok::<(), foreshock::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Statistics {
    /// Failures recorded, exactly, those included whose event was dropped.
    pub total_events: u64,
    /// Failure events that reached the detector.
    pub processed_events: u64,
    /// Failure events that found their ring full; also in `dropped`.
    pub dropped_events: u64,
    /// Cascades: episodes begun, of all patterns.
    pub cascading_patterns_detected: u64,
    /// Failure events that arrived too late to take part in a cascade. Part of `processed_events`.
    pub late_events: u64,
    /// Failure events of a time at which this process stood still; they raise no cascade. Part of
    /// `processed_events`.
    pub local_pause_events: u64,
    /// Times that this process stood still for longer than `local_pause_after`.
    pub local_pauses: u64,
    /// Attempts on all paths, exactly, retired paths included.
    pub outcomes: Outcomes,
    /// What found no room.
    pub dropped: Dropped,
    /// Paths in use.
    pub paths: u64,
    /// Components registered.
    pub components: u64,
    /// Blocks in existence: at most the peak of threads alive at one time, the fallback block not counted.
    pub blocks: u64,
    /// Looks the collector took.
    pub ticks: u64,
    /// Panics caught in the collector.
    pub panics: u64,
}

/// Records that found no room, or came when none were taken.
///
/// ```
/// let monitor = foreshock::Monitor::builder().manual().start()?;
/// monitor.shutdown();
/// monitor.record_success("bucket/a");
/// assert_eq!(monitor.statistics().dropped.after_shutdown, 1);
/// # Ok::<(), foreshock::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Dropped {
    /// Failure events whose ring was full. Their count is kept.
    pub event: u64,
    /// Latency samples that no recorder got: too many for one publication, or the recorder failed.
    pub wait: u64,
    /// Attempts in flight whose age is not known. They are counted.
    pub age: u64,
    /// Records after shutdown, or in the child of a `fork`.
    pub after_shutdown: u64,
    /// Failures of a custom type that was not registered.
    pub unregistered_type: u64,
    /// Paths published under `__other__`, because `max_published_paths` others had been published before.
    pub published_path: u64,
}

impl Dropped {
    /// Each with the value of its `kind` label.
    ///
    /// ```
    /// let dropped = foreshock::Dropped::default();
    /// assert!(dropped.by_kind().iter().all(|(_, count)| *count == 0));
    /// ```
    pub fn by_kind(&self) -> [(&'static str, u64); 6] {
        [
            ("event", self.event),
            ("wait", self.wait),
            ("age", self.age),
            ("after_shutdown", self.after_shutdown),
            ("unregistered_type", self.unregistered_type),
            ("published_path", self.published_path),
        ]
    }
}

/// Attempts by outcome.
///
/// ```
/// let outcomes = foreshock::Outcomes { success: 9, timeout: 1, ..Default::default() };
/// assert_eq!(outcomes.completed(), 10);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Outcomes {
    /// Granted.
    pub success: u64,
    /// Deadline passed.
    pub timeout: u64,
    /// Answered, not granted.
    pub error: u64,
    /// Given up by the caller.
    pub abandoned: u64,
}

impl Outcomes {
    /// Attempts that were answered or timed out.
    ///
    /// ```
    /// assert_eq!(foreshock::Outcomes { abandoned: 4, ..Default::default() }.completed(), 0);
    /// ```
    pub fn completed(&self) -> u64 {
        self.success + self.timeout + self.error
    }

    /// Attempts with one outcome.
    ///
    /// ```
    /// use foreshock::{Outcome, Outcomes};
    /// assert_eq!(Outcomes { error: 4, ..Default::default() }.of(Outcome::Error), 4);
    /// ```
    pub fn of(&self, outcome: Outcome) -> u64 {
        match outcome {
            Outcome::Success => self.success,
            Outcome::Timeout => self.timeout,
            Outcome::Error => self.error,
            Outcome::Abandoned => self.abandoned,
        }
    }

    pub(crate) fn from_fn(count: impl Fn(Outcome) -> u64) -> Self {
        Self {
            success: count(Outcome::Success),
            timeout: count(Outcome::Timeout),
            error: count(Outcome::Error),
            abandoned: count(Outcome::Abandoned),
        }
    }
}

/// One lock path.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct PathStatus {
    /// As published: cut at 256 bytes, or `__other__`.
    pub name: Arc<str>,
    /// The verdict.
    pub health: LockHealth,
    /// Attempts since the path was registered.
    pub outcomes: Outcomes,
    /// Attempts completed within the window.
    pub window_completed: u64,
    /// Timeouts within the window.
    pub window_timeouts: u64,
    /// Timeouts since the last success.
    pub consecutive_timeouts: u64,
    /// Attempts that have not ended.
    pub in_flight: u64,
    /// Age of the oldest of them.
    pub oldest_in_flight_seconds: Option<f64>,
    /// The oldest is in flight for longer than `slow_after`.
    pub is_slow: bool,
    /// How long attempts took; `None` before the first sample, or where latency is not tracked.
    pub wait: Option<WaitStatus>,
    /// Its place in the table: paths come in the order of these.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub(crate) number: u32,
    /// Tells two lives of a name apart.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub(crate) generation: u64,
}

/// How long the attempts on a path took since it was registered; abandoned ones not counted. The percentiles and
/// the longest are within 25 % from six microseconds up; the count and the sum are exact.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct WaitStatus {
    /// Samples.
    pub count: u64,
    /// All of them together.
    pub sum_seconds: f64,
    /// Median.
    pub p50_seconds: f64,
    /// 99th percentile.
    pub p99_seconds: f64,
    /// Longest.
    pub max_seconds: f64,
}

/// One pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct PatternStatus {
    /// The `pattern` label.
    pub name: Arc<str>,
    /// The `initial` label.
    pub initial: &'static str,
    /// Episodes begun.
    pub detected: u64,
    /// One of its episodes has not ended.
    pub is_open: bool,
    /// It recurs: an emergency.
    pub is_critical: bool,
}

/// How an episode ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
pub enum EpisodeEnd {
    /// It has not: failures of it came within the last window.
    Open,
    /// A whole window passed without one.
    Quiet,
    /// The monitor was shut down before.
    Shutdown,
}

/// One cascade.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct EpisodeStatus {
    /// Unique within its monitor: `pattern#1` is the pattern's first.
    pub id: String,
    /// The pattern.
    pub pattern: Arc<str>,
    /// The component whose failure came first.
    pub root: Arc<str>,
    /// When it failed, in seconds since the Unix epoch.
    pub root_timestamp_seconds: f64,
    /// When the collector detected the cascade.
    pub detected_timestamp_seconds: f64,
    /// When its last failure happened so far.
    pub last_timestamp_seconds: f64,
    /// Its failures, by type and component. The first 64 pairs; what is beyond is counted under `__other__`.
    pub failures: Vec<FailureCount>,
    /// How it ended.
    pub end: EpisodeEnd,
}

/// Failures of one type and component.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct FailureCount {
    /// The `type` label.
    #[cfg_attr(feature = "serde", serde(rename = "type"))]
    pub kind: &'static str,
    /// The `component` label.
    pub component: Arc<str>,
    /// How many.
    pub events: u64,
}

/// Cascades of one pattern with one root.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct RootCount {
    /// The pattern.
    pub pattern: Arc<str>,
    /// The component whose failure came first.
    pub component: Arc<str>,
    /// How many.
    pub episodes: u64,
}
