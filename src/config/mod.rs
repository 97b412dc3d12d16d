//! Every limit, window and pattern: its default, its range, its name.

mod builder;
mod check;

pub use builder::Builder;
pub(crate) use builder::SharedRecorder;

use crate::cascade::{Pattern, Recurrence, Rule};
use crate::health::Limits;
use std::time::Duration;

/// A checked configuration.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) prefix: String,
    pub(crate) tick: Duration,
    pub(crate) publish_every: Duration,
    pub(crate) refresh_every: Duration,
    pub(crate) manual: bool,
    pub(crate) max_paths: usize,
    pub(crate) max_components: usize,
    pub(crate) max_threads: usize,
    pub(crate) ring_events: usize,
    pub(crate) open_attempts: usize,
    pub(crate) max_published_paths: usize,
    pub(crate) track_latency: bool,
    pub(crate) raise_lock_timeouts: bool,
    pub(crate) limits: Limits,
    pub(crate) window_buckets: usize,
    pub(crate) bucket_ns: u64,
    pub(crate) slow_after_ns: u64,
    pub(crate) local_pause_after_ns: u64,
    pub(crate) late_after_ns: u64,
    pub(crate) retire_after_ns: u64,
    pub(crate) recurrence: Recurrence,
    pub(crate) kept_episodes: usize,
    pub(crate) custom_failures: Vec<&'static str>,
    pub(crate) patterns: Vec<(Pattern, Rule)>,
}
