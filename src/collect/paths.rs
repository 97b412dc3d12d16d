//! What the collector knows of each path, and its verdict.

use super::timeline::Tick;
use super::waits::{RawWaits, Waits};
use crate::clock::Stamp;
use crate::config::Config;
use crate::health::{LockHealth, Window};
use crate::publish::{NewWaits, Outcomes, PathStatus};
use crate::record::Outcome;
use crate::record::block::Block;
use crate::record::cell::{JUDGED_RATE, JUDGED_SLOW, PathCell};
use crate::record::shared::Shared;
use crate::sync::Ordering;
use std::sync::Arc;

/// Sums over all blocks of the cells of one path.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct PathSums {
    pub(crate) outcomes: Outcomes,
}

impl PathSums {
    pub(crate) fn add(&mut self, block: &Block, path: usize) {
        if let Some(counters) = block.paths.get(path) {
            self.outcomes.success += counters.outcome(Outcome::Success);
            self.outcomes.timeout += counters.outcome(Outcome::Timeout);
            self.outcomes.error += counters.outcome(Outcome::Error);
            self.outcomes.abandoned += counters.outcome(Outcome::Abandoned);
        }
    }
}

/// What the cells of a number stood at when its last name left it.
#[derive(Clone, Default)]
pub(super) struct Base {
    pub(super) sums: PathSums,
    pub(super) waits: Option<Box<RawWaits>>,
}

pub(super) struct PathState {
    pub(super) name: Arc<str>,
    pub(super) generation: u64,
    /// Sums when the path got this name; `None` for zero, as with every first name of a number.
    base: Option<Box<PathSums>>,
    /// Sums at the last tick.
    pub(super) sums: PathSums,
    window: Window,
    pub(super) last_active: u64,
    pub(super) oldest_age_ns: Option<u64>,
    /// Attempts in flight that have a place in a table of open ones.
    pub(super) placed: u64,
    health: LockHealth,
    is_slow: bool,
    /// `None` where latency is not tracked.
    waits: Option<Box<Waits>>,
    /// Something was recorded since the waits were last looked at.
    has_new_waits: bool,
}

impl PathState {
    pub(super) fn new(name: Arc<str>, generation: u64, base: Base, now: u64, config: &Config) -> Self {
        let mut window = Window::new(config.window_buckets);
        window.advance(now, config.bucket_ns);
        Self {
            name,
            generation,
            base: (base.sums != PathSums::default()).then(|| Box::new(base.sums)),
            sums: base.sums,
            window,
            last_active: now,
            oldest_age_ns: None,
            placed: 0,
            health: LockHealth::Healthy,
            is_slow: false,
            waits: config.track_latency.then(|| Box::new(Waits::new(base.waits))),
            has_new_waits: false,
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
        self.has_new_waits = self.waits.is_some();
    }

    /// Waits since the last call, if there are any.
    pub(super) fn take_new_waits(&mut self, shared: &Shared, number: u32) -> Option<NewWaits> {
        if !std::mem::take(&mut self.has_new_waits) {
            return None;
        }
        let values = self.waits.as_mut()?.take_new(&RawWaits::of(shared, number), shared);
        (!values.is_empty()).then(|| NewWaits { path: self.name.clone(), values })
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
            || !cell.calm.is_calm()
    }

    /// Lets time pass for what is only shown.
    pub(super) fn pass_to(&mut self, now: u64, config: &Config) {
        self.window.advance(now, config.bucket_ns);
    }

    /// Guards that have not ended.
    pub(super) fn open_guards(&self, cell: &PathCell) -> u64 {
        self.placed + cell.unplaced.load(Ordering::Relaxed)
    }

    pub(super) fn status(&self, shared: &Shared, number: u32, cell: &PathCell) -> PathStatus {
        let segments = shared.pool.blocks().filter_map(|block| block.paths.get(number as usize));
        let announced = cell.announced.load(Ordering::Relaxed);
        let outcomes = &self.sums.outcomes;
        let base = self.base.as_ref().map_or_else(Outcomes::default, |base| base.outcomes);
        PathStatus {
            name: self.name.clone(),
            health: self.health,
            outcomes: Outcomes::from_fn(|outcome| outcomes.of(outcome) - base.of(outcome)),
            window_completed: self.window.completed(),
            window_timeouts: self.window.timeouts(),
            consecutive_timeouts: cell.run.total(segments.map(|counters| &counters.run)),
            in_flight: self.open_guards(cell) + u64::try_from(announced).unwrap_or(0),
            oldest_in_flight_seconds: self.oldest_age_ns.map(|ns| ns as f64 / 1e9),
            is_slow: self.is_slow,
            wait: self.waits.as_ref().and_then(|waits| waits.status),
            number,
            generation: self.generation,
        }
    }
}
