//! What the collector knows of each path, and its verdict.

use super::timeline::Tick;
use crate::clock::Stamp;
use crate::config::Config;
use crate::health::{LockHealth, Window};
use crate::publish::{Outcomes, PathStatus, WaitStatus};
use crate::record::Outcome;
use crate::record::block::PathCounters;
use crate::record::cell::{JUDGED_RATE, JUDGED_SLOW, PathCell};
use crate::record::shared::Shared;
use crate::sync::Ordering;
use hdrhistogram::Histogram;
use std::sync::Arc;

/// Longest wait that the percentiles tell apart: an hour, in microseconds.
const MAX_WAIT_US: u64 = 3_600_000_000;

/// Sums over all blocks of the cells of one path.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct PathSums {
    pub(super) outcomes: Outcomes,
    /// Wrapping; see [`PathCounters`].
    pub(super) open: u64,
}

impl PathSums {
    pub(super) fn add(&mut self, counters: &PathCounters) {
        self.outcomes.success += counters.outcome(Outcome::Success);
        self.outcomes.timeout += counters.outcome(Outcome::Timeout);
        self.outcomes.error += counters.outcome(Outcome::Error);
        self.outcomes.abandoned += counters.outcome(Outcome::Abandoned);
        self.open = self.open.wrapping_add(counters.open());
    }
}

pub(super) struct PathState {
    pub(super) name: Arc<str>,
    pub(super) generation: u64,
    /// Sums when the path got this name.
    base: PathSums,
    /// Sums at the last tick.
    pub(super) sums: PathSums,
    window: Window,
    pub(super) last_active: u64,
    pub(super) oldest_age_ns: Option<u64>,
    health: LockHealth,
    is_slow: bool,
    waits: Option<Histogram<u32>>,
}

impl PathState {
    pub(super) fn new(name: Arc<str>, generation: u64, base: PathSums, now: u64, config: &Config) -> Self {
        let mut window = Window::new(config.window_buckets);
        window.advance(now, config.bucket_ns);
        Self {
            name,
            generation,
            base,
            sums: base,
            window,
            last_active: now,
            oldest_age_ns: None,
            health: LockHealth::Healthy,
            is_slow: false,
            waits: None,
        }
    }

    /// Takes the sums of this tick in.
    pub(super) fn update(&mut self, sums: PathSums, now: u64, config: &Config) {
        self.window.advance(now, config.bucket_ns);
        if sums == self.sums {
            return;
        }
        let (after, before) = (&sums.outcomes, &self.sums.outcomes);
        // Sums of cells that are read one by one may run a moment behind each other, never ahead of the truth.
        self.window.add(
            after.completed().saturating_sub(before.completed()),
            after.timeout.saturating_sub(before.timeout),
        );
        self.sums = sums;
        self.last_active = now;
    }

    pub(super) fn record_wait(&mut self, wait_ns: u64) {
        if self.waits.is_none() {
            self.waits = Histogram::new_with_bounds(1, MAX_WAIT_US, 1).ok();
        }
        if let Some(waits) = &mut self.waits {
            waits.saturating_record((wait_ns / 1_000).max(1));
        }
    }

    /// Judges the path and leaves the result where `health()` finds it. True if the verdict changed.
    pub(super) fn judge(&mut self, shared: &Shared, cell: &PathCell, tick: &Tick, config: &Config) -> bool {
        if !self.has_trouble(shared, cell, tick.stamp, config) {
            return false;
        }
        self.window.advance(tick.now, config.bucket_ns);
        self.is_slow = self.oldest_age_ns.is_some_and(|age| age > config.slow_after_ns);
        let rate = if self.window.rate_exceeded(&config.limits) { JUDGED_RATE } else { 0 };
        let slow = if self.is_slow { JUDGED_SLOW } else { 0 };
        if cell.judged.load(Ordering::Relaxed) != rate | slow {
            cell.judged.store(rate | slow, Ordering::Relaxed);
        }
        let health = shared.evidence(cell, tick.stamp).judge(&config.limits);
        std::mem::replace(&mut self.health, health) != health
    }

    /// There is anything to judge by: a timeout, an attempt in flight, or a verdict that has to be taken back. A
    /// timeout further back than any rule reaches is nothing; one that lies ahead, on a clock that was turned back,
    /// will be something again.
    pub(super) fn has_trouble(&self, shared: &Shared, cell: &PathCell, now: Stamp, config: &Config) -> bool {
        let matters = |last: Stamp| {
            let reach_ns = config.limits.window_ns.max(config.limits.degraded_for_ns);
            last.0 > now.0 || shared.clock.elapsed_ns(last, now) <= reach_ns
        };
        let last = Stamp(cell.last_timeout.load(Ordering::Relaxed));
        self.oldest_age_ns.is_some()
            || self.health != LockHealth::Healthy
            || self.window.timeouts() > 0
            || (last.0 != 0 && matters(last))
            || cell.judged.load(Ordering::Relaxed) != 0
    }

    /// Lets time pass for what is only shown.
    pub(super) fn pass_to(&mut self, now: u64, config: &Config) {
        self.window.advance(now, config.bucket_ns);
    }

    /// Guards that have not ended. Cells of a begin and an end may be read at different moments: not below 0.
    pub(super) fn open_guards(&self) -> u64 {
        u64::try_from(self.sums.open as i64).unwrap_or(0)
    }

    pub(super) fn status(&self, number: u32, cell: &PathCell) -> PathStatus {
        let announced = cell.announced.load(Ordering::Relaxed);
        let outcomes = &self.sums.outcomes;
        let base = &self.base.outcomes;
        PathStatus {
            name: self.name.clone(),
            health: self.health,
            outcomes: Outcomes::from_fn(|outcome| outcomes.of(outcome) - base.of(outcome)),
            window_completed: self.window.completed(),
            window_timeouts: self.window.timeouts(),
            consecutive_timeouts: cell.consecutive.load(Ordering::Relaxed),
            in_flight: self.open_guards() + u64::try_from(announced).unwrap_or(0),
            oldest_in_flight_seconds: self.oldest_age_ns.map(|ns| ns as f64 / 1e9),
            is_slow: self.is_slow,
            wait: self.waits.as_ref().map(wait_status),
            number,
            generation: self.generation,
        }
    }
}

fn wait_status(waits: &Histogram<u32>) -> WaitStatus {
    let seconds = |us: u64| us as f64 / 1e6;
    WaitStatus {
        count: waits.len(),
        p50_seconds: seconds(waits.value_at_quantile(0.5)),
        p99_seconds: seconds(waits.value_at_quantile(0.99)),
        max_seconds: seconds(waits.max()),
    }
}
