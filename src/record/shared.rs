//! What every handle of one monitor shares with the threads that record and with the collector.

use super::block::{Layout, WaitSample, Writer};
use super::boxed::boxed;
use super::event::{ComponentKey, Operation, RawEvent};
use super::failure::{FailureType, FailureTypes, LOCK_TIMEOUT, TypeId};
use super::local::with_writer;
use super::name::BoundedName;
use super::open::{OpenAttempts, OpenPlace};
use super::outcome::Outcome;
use super::pool::Pool;
use super::table::NameTable;
use crate::clock::{Clock, Stamp};
use crate::config::Config;
use crate::error::Error;
use crate::health::{Evidence, Limits, LockHealth};
use crate::process;
use crate::sync::{AtomicI64, AtomicU8, AtomicU32, AtomicU64, Ordering};
use crossbeam_utils::CachePadded;

/// `live` once the monitor records no more. No thread ever holds it.
const ENDED: u64 = u64::MAX;

pub(crate) struct Shared {
    /// Never 0, never [`ENDED`], never used twice in a process.
    pub(crate) id: u64,
    /// `id`, or [`ENDED`].
    pub(crate) live: AtomicU64,
    /// The `fork` generation this monitor was started in.
    pub(crate) process: u32,
    pub(crate) clock: Clock,
    /// The clock at the last tick: start time for attempts whose latency is not tracked.
    pub(crate) coarse: AtomicU64,
    pub(crate) limits: Limits,
    pub(crate) types: FailureTypes,
    pub(crate) raise_lock_timeouts: bool,
    track_latency: bool,
    pub(crate) paths: NameTable,
    pub(crate) cells: Box<[CachePadded<PathCell>]>,
    pub(crate) components: NameTable,
    pub(crate) pool: Pool,
    pub(crate) after_shutdown: AtomicU64,
    pub(crate) unregistered_type: AtomicU64,
}

/// What is shared about one path. Healthy traffic only reads it.
#[derive(Default)]
pub(crate) struct PathCell {
    /// Timeouts since the last success.
    pub(crate) consecutive: AtomicU64,
    /// When the last timeout was, 0 = never.
    pub(crate) last_timeout: AtomicU64,
    /// Attempts announced by name and not yet answered.
    pub(crate) announced: AtomicI64,
    /// Handles out.
    pub(crate) handles: AtomicU32,
    /// What the collector found at its last tick: see [`JUDGED_RATE`], [`JUDGED_SLOW`].
    pub(crate) judged: AtomicU8,
}

pub(crate) const JUDGED_RATE: u8 = 1;
pub(crate) const JUDGED_SLOW: u8 = 2;

impl PathCell {
    #[inline(always)]
    pub(crate) fn count_timeout(&self, at: Stamp) {
        self.last_timeout.store(at.0, Ordering::Relaxed);
        // (RUN) Release: pairs with the Acquire load in `run`; who sees the run sees its last time.
        self.consecutive.fetch_add(1, Ordering::Release);
    }

    /// A success ends the run. Healthy traffic only reads.
    #[inline(always)]
    pub(crate) fn end_run(&self) {
        // Relaxed: the run is one word; a success that races a timeout may come before or after it.
        if self.consecutive.load(Ordering::Relaxed) != 0 {
            self.consecutive.store(0, Ordering::Relaxed);
        }
    }

    /// Timeouts since the last success, and when the last one was (0 = never).
    #[inline(always)]
    pub(crate) fn run(&self) -> (u64, u64) {
        // Acquire: pairs with (RUN).
        let consecutive = self.consecutive.load(Ordering::Acquire);
        (consecutive, self.last_timeout.load(Ordering::Relaxed))
    }

    /// Ready for another name. Collector only, while no number leads here.
    pub(crate) fn reset(&self) {
        self.consecutive.store(0, Ordering::Relaxed);
        self.last_timeout.store(0, Ordering::Relaxed);
        self.announced.store(0, Ordering::Relaxed);
        self.judged.store(0, Ordering::Relaxed);
    }
}

impl Shared {
    pub(crate) fn new(config: &Config, clock: Clock) -> Result<Self, Error> {
        let types = FailureTypes::new(config.custom_failures.clone());
        let layout = Layout {
            paths: config.max_paths + 1,
            components: config.max_components + 1,
            types: types.len(),
            ring_events: config.ring_events,
            open_attempts: config.open_attempts,
            wait_samples: if config.track_latency { config.ring_events } else { 0 },
        };
        let id = process::next_monitor_id();
        let now = clock.stamp();
        Ok(Self {
            id,
            live: AtomicU64::new(id),
            process: process::generation(),
            coarse: AtomicU64::new(now.0),
            clock,
            limits: config.limits,
            types,
            raise_lock_timeouts: config.raise_lock_timeouts,
            track_latency: config.track_latency,
            paths: NameTable::new(config.max_paths)?,
            cells: boxed("path cells", config.max_paths + 1, Default::default)?,
            components: NameTable::new(config.max_components)?,
            pool: Pool::new(config.max_threads, layout)?,
            after_shutdown: AtomicU64::new(0),
            unregistered_type: AtomicU64::new(0),
        })
    }

    /// Records are taken: not shut down, and not the child of a `fork`.
    pub(crate) fn is_live(&self) -> bool {
        self.live.load(Ordering::Relaxed) == self.id && !self.is_forked()
    }

    pub(crate) fn is_forked(&self) -> bool {
        self.process != process::generation()
    }

    /// Takes no more records. True for the call that ended it.
    pub(crate) fn end(&self) -> bool {
        self.live.swap(ENDED, Ordering::Relaxed) != ENDED
    }

    #[cold]
    fn refuse(&self) {
        self.after_shutdown.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn cell(&self, path: u32) -> Option<&PathCell> {
        self.cells.get(path as usize).map(|cell| &**cell)
    }

    #[inline(always)]
    fn count(&self, record: Option<()>) {
        if record.is_none() {
            self.refuse();
        }
    }

    /// Runs `record` with the number of a path named by the caller, which stays that name's until it returns.
    #[inline]
    pub(crate) fn with_path<R>(&self, name: &str, record: impl FnOnce(Writer<'_>, u32) -> R) -> Option<R> {
        with_writer(self, |writer| {
            let _pin = writer.pin();
            record(writer, self.paths.find_or_add(BoundedName::new(name)))
        })
    }

    /// An outcome without a guard.
    #[inline(always)]
    pub(crate) fn record(&self, path: u32, outcome: Outcome) {
        let recorded = with_writer(self, |writer| self.record_with(writer, path, outcome));
        self.count(recorded);
    }

    #[inline]
    pub(crate) fn record_named(&self, name: &str, outcome: Outcome) {
        let recorded = self.with_path(name, |writer, path| self.record_with(writer, path, outcome));
        self.count(recorded);
    }

    #[inline(always)]
    fn record_with(&self, writer: Writer<'_>, path: u32, outcome: Outcome) {
        self.settle(writer, path, outcome, Operation::NONE);
        if let Some(cell) = self.cell(path)
            && cell.announced.load(Ordering::Relaxed) > 0
        {
            answer_announced(cell);
        }
    }

    /// Counts an outcome and keeps the consecutive run.
    #[inline(always)]
    fn settle(&self, writer: Writer<'_>, path: u32, outcome: Outcome, operation: Operation) {
        writer.count_outcome(path, outcome);
        match outcome {
            Outcome::Success => {
                if let Some(cell) = self.cell(path) {
                    cell.end_run();
                }
            }
            Outcome::Timeout => self.settle_timeout(writer, path, operation),
            Outcome::Error | Outcome::Abandoned => {}
        }
    }

    #[inline]
    fn settle_timeout(&self, writer: Writer<'_>, path: u32, operation: Operation) {
        let at = self.clock.stamp();
        if let Some(cell) = self.cell(path) {
            cell.count_timeout(at);
        }
        if self.raise_lock_timeouts {
            writer.push_event(RawEvent {
                at,
                kind: LOCK_TIMEOUT,
                component: ComponentKey::Path(path),
                operation,
            });
        }
    }

    /// An attempt announced by name, to be answered by name.
    pub(crate) fn announce(&self, cell: &PathCell) {
        cell.announced.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn announce_path(&self, path: u32) {
        let recorded = self.is_live().then(|| {
            if let Some(cell) = self.cell(path) {
                self.announce(cell);
            }
        });
        self.count(recorded);
    }

    pub(crate) fn announce_named(&self, name: &str) {
        let recorded = self.with_path(name, |_, path| {
            if let Some(cell) = self.cell(path) {
                self.announce(cell);
            }
        });
        self.count(recorded);
    }

    /// An attempt with a guard begins. `None` where the monitor records no more.
    #[inline(always)]
    pub(crate) fn begin(&self, path: u32) -> Option<Begun> {
        let start = if self.track_latency || self.clock.is_manual() {
            self.clock.stamp()
        } else {
            Stamp(self.coarse.load(Ordering::Relaxed))
        };
        with_writer(self, |writer| {
            writer.begin(path);
            let place = OpenAttempts::begin(writer, path, start);
            if place.is_none() {
                writer.count_untracked_age();
            }
            Begun { start, place }
        })
    }

    /// An attempt with a guard ends, on any thread. One that began after shutdown is counted here as refused.
    #[inline(always)]
    pub(crate) fn end_attempt(
        &self,
        path: u32,
        begun: Option<Begun>,
        outcome: Outcome,
        operation: Operation,
    ) {
        let Some(begun) = begun else {
            return self.refuse();
        };
        if let Some(place) = begun.place
            && let Some(block) = self.pool.block(place.block as usize)
        {
            block.open.end(place);
        }
        let recorded = with_writer(self, |writer| {
            writer.end(path);
            if self.track_latency && outcome != Outcome::Abandoned {
                let wait_ns = self.clock.elapsed_ns(begun.start, self.clock.stamp());
                writer.push_wait(WaitSample { path, wait_ns });
            }
            self.settle(writer, path, outcome, operation);
        });
        self.count(recorded);
    }

    pub(crate) fn next_operation(&self) -> Operation {
        with_writer(self, |writer| writer.next_operation()).unwrap_or(Operation::NONE)
    }

    #[inline(always)]
    pub(crate) fn record_failure(&self, component: u32, kind: FailureType, operation: Operation) {
        let Some(kind) = self.type_or_refuse(kind) else {
            return;
        };
        let recorded = with_writer(self, |writer| {
            self.record_failure_with(writer, component, kind, operation);
        });
        self.count(recorded);
    }

    pub(crate) fn record_failure_named(&self, name: &str, kind: FailureType, operation: Operation) {
        let Some(kind) = self.type_or_refuse(kind) else {
            return;
        };
        let recorded = with_writer(self, |writer| {
            // Components are never retired: no pin.
            let component = self.components.find_or_add(BoundedName::new(name));
            self.record_failure_with(writer, component, kind, operation);
        });
        self.count(recorded);
    }

    #[inline(always)]
    fn record_failure_with(&self, writer: Writer<'_>, component: u32, kind: TypeId, operation: Operation) {
        writer.count_failure(kind, component);
        writer.push_event(RawEvent {
            at: self.clock.stamp(),
            kind,
            component: ComponentKey::Component(component),
            operation,
        });
    }

    #[inline(always)]
    fn type_or_refuse(&self, kind: FailureType) -> Option<TypeId> {
        let id = self.types.id(kind);
        if id.is_none() {
            self.unregistered_type.fetch_add(1, Ordering::Relaxed);
        }
        id
    }

    /// Health from the atomics, at once.
    #[inline]
    pub(crate) fn health(&self, path: u32) -> LockHealth {
        let Some(cell) = self.cell(path) else {
            return LockHealth::Healthy;
        };
        let judged = cell.judged.load(Ordering::Relaxed);
        if judged == 0 && cell.last_timeout.load(Ordering::Relaxed) == 0 {
            // Nothing to judge by, so no need for the time.
            return LockHealth::Healthy;
        }
        self.evidence(cell, self.clock.stamp()).judge(&self.limits)
    }

    /// What is known about a path: the run and the last timeout as of now, the rest as of the last tick.
    pub(crate) fn evidence(&self, cell: &PathCell, now: Stamp) -> Evidence {
        let (consecutive_timeouts, last) = cell.run();
        let last = Stamp(last);
        let judged = cell.judged.load(Ordering::Relaxed);
        // Either way round: a clock that was turned back must not keep a timeout "recent" for days.
        let since = self.clock.elapsed_ns(last, now) + self.clock.elapsed_ns(now, last);
        Evidence {
            consecutive_timeouts,
            since_last_timeout_ns: (last.0 != 0).then_some(since),
            rate_exceeded: judged & JUDGED_RATE != 0,
            slow_in_flight: judged & JUDGED_SLOW != 0,
        }
    }

    /// Health of a path by name; one that nobody registered is healthy, and stays unregistered.
    pub(crate) fn health_named(&self, name: &str) -> LockHealth {
        with_writer(self, |writer| {
            let _pin = writer.pin();
            match self.paths.find(BoundedName::new(name)) {
                Some(path) => self.health(path),
                None => LockHealth::Healthy,
            }
        })
        .unwrap_or(LockHealth::Healthy)
    }
}

/// An attempt's start, as its guard carries it.
#[derive(Clone, Copy)]
pub(crate) struct Begun {
    pub(crate) start: Stamp,
    place: Option<OpenPlace>,
}

#[cold]
fn answer_announced(cell: &PathCell) {
    // Several answers may race for one announcement; the count must not go below zero.
    let _ = cell.announced.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| (n > 0).then(|| n - 1));
}
