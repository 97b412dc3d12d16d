//! What every handle of one monitor shares with the threads that record and with the collector.

use super::block::Layout;
use super::boxed::boxed;
use super::cell::PathCell;
use super::failure::FailureTypes;
use super::local::own_block;
use super::name::{BoundedName, USUAL_BYTES};
use super::open::Since;
use super::pin::Pin;
use super::pool::Pool;
use super::table::NameTable;
use super::tally::SharedTallies;
use super::wait::WaitScale;
use super::writer::Writer;
use crate::clock::{Clock, Stamp};
use crate::config::Config;
use crate::error::Error;
use crate::health::{Evidence, Limits, LockHealth};
use crate::process;
use crate::record::cell::{JUDGED_RATE, JUDGED_SLOW};
use crate::sync::{AtomicU64, Ordering, seeded};

/// `live` once the monitor records no more. No thread ever holds it.
const ENDED: u64 = u64::MAX;

/// In the unit of the processor's counter: some 20 microseconds, far below what a rule about seconds can tell.
const TIMEOUT_GRAIN: u64 = 1 << 16;

pub(crate) struct Shared {
    /// Never 0, never [`ENDED`], never used twice in a process.
    pub(crate) id: u64,
    /// `id`, or [`ENDED`].
    pub(crate) live: AtomicU64,
    /// The `fork` generation this monitor was started in.
    pub(crate) process: u32,
    pub(crate) clock: Clock,
    /// [`Since`] as of the last tick, for attempts whose latency is not tracked. Where it is, or the clock costs no more
    /// than this word, [`Since::READ_THE_CLOCK`] for good.
    pub(crate) coarse_since: AtomicU64,
    pub(crate) limits: Limits,
    pub(crate) types: FailureTypes,
    pub(crate) raise_lock_timeouts: bool,
    pub(crate) wait_scale: WaitScale,
    /// A run this long makes a path unhealthy.
    pub(crate) run_limit: u32,
    /// Timeouts of a path closer together than this, in the clock's own unit, may be noted as one.
    pub(crate) timeout_grain: u64,
    pub(crate) paths: NameTable,
    pub(crate) cells: Box<[PathCell]>,
    pub(crate) components: NameTable,
    /// Failures that are counted in no block.
    pub(crate) failures: SharedTallies,
    pub(crate) pool: Pool,
    pub(crate) after_shutdown: AtomicU64,
    pub(crate) unregistered_type: AtomicU64,
}

impl Shared {
    pub(crate) fn new(config: &Config, clock: Clock) -> Result<Self, Error> {
        let types = FailureTypes::new(config.custom_failures.clone());
        let layout = Layout {
            paths: config.max_paths + 1,
            ring_events: config.ring_events,
            open_attempts: config.open_attempts,
            track_latency: config.track_latency,
        };
        let id = process::next_monitor_id();
        let reads_clock = config.track_latency || clock.is_manual();
        let coarse_since = if reads_clock { Since::READ_THE_CLOCK } else { Since::new(clock.stamp()) };
        Ok(Self {
            id,
            live: AtomicU64::new(id),
            process: process::generation(),
            coarse_since: AtomicU64::new(coarse_since.bits()),
            wait_scale: WaitScale::new(&clock),
            run_limit: u32::try_from(config.limits.consecutive_timeouts).unwrap_or(u32::MAX),
            timeout_grain: if clock.is_manual() { 0 } else { TIMEOUT_GRAIN },
            clock,
            limits: config.limits,
            raise_lock_timeouts: config.raise_lock_timeouts,
            paths: NameTable::new(config.max_paths)?,
            cells: boxed("path cells", config.max_paths + 1, || PathCell::new(id))?,
            components: NameTable::new(config.max_components)?,
            failures: SharedTallies::new(types.len(), config.max_components + 1)?,
            pool: Pool::new(config.max_threads, layout)?,
            types,
            after_shutdown: AtomicU64::new(0),
            unregistered_type: AtomicU64::new(0),
        })
    }

    /// What time it is, for attempts that do not ask the clock.
    pub(crate) fn pass_to(&self, now: Stamp) {
        if self.coarse_since.load(Ordering::Relaxed) != Since::READ_THE_CLOCK.bits() {
            self.coarse_since.store(Since::new(now).bits(), Ordering::Relaxed);
        }
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
        if seeded("end_disturbs_first") {
            self.disturb_all();
        }
        let was_live = self.live.swap(ENDED, Ordering::Relaxed) != ENDED;
        // From here on every record takes the long way, and finds out there.
        if !seeded("end_disturbs_first") && !seeded("end_unsaid") {
            self.disturb_all();
        }
        was_live
    }

    fn disturb_all(&self) {
        for cell in &self.cells {
            cell.calm.disturb_by_announcement();
        }
    }

    pub(crate) fn cell(&self, path: u32) -> Option<&PathCell> {
        self.cells.get(path as usize)
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
        let (length, last) = cell.evidence();
        let last = Stamp(last);
        let judged = cell.judged.load(Ordering::Relaxed);
        // Either way round: a clock that was turned back must not keep a timeout "recent" for days.
        let since = self.clock.elapsed_ns(last, now) + self.clock.elapsed_ns(now, last);
        Evidence {
            consecutive_timeouts: u64::from(length),
            since_last_timeout_ns: (last.0 != 0).then_some(since),
            rate_exceeded: judged & JUDGED_RATE != 0,
            slow_in_flight: judged & JUDGED_SLOW != 0,
        }
    }

    /// Health of a path by name; one that nobody registered is healthy, and stays unregistered.
    #[inline]
    pub(crate) fn health_named(&self, name: &str) -> LockHealth {
        let recent = if USUAL_BYTES.contains(&name.len()) { self.health_recent(name) } else { None };
        recent.unwrap_or_else(|| self.health_named_slowly(name))
    }

    #[inline(always)]
    fn health_recent(&self, name: &str) -> Option<LockHealth> {
        let (block, pinned) = self.pin_own()?;
        // SAFETY: pinned, a block's names are those of its monitor's paths, and the mark is read here.
        let path = unsafe { block.recent_paths.find(self.paths.mark(), name) };
        let health = path.map(|path| self.health(path));
        block.sequence.unpin_idle(pinned);
        health
    }

    #[inline(never)]
    fn health_named_slowly(&self, name: &str) -> LockHealth {
        // Asking takes no lease, and is answered after shutdown too.
        let own = own_block(self).map(Writer::Sole);
        let _pin = Pin::new(own.unwrap_or_else(|| Writer::Shared(self.pool.fallback())));
        let path = self.paths.find(BoundedName::new(name));
        path.map_or(LockHealth::Healthy, |path| self.health(path))
    }
}

#[cfg(all(test, not(foreshock_loom)))]
mod tests {
    use super::*;
    use crate::record::{LockPath, Outcome};
    use std::sync::Arc;

    /// What no thread has to itself: the path, the table of names, the block that threads share, the counts of what was refused.
    fn shared_words(shared: &Shared, path: u32) -> Vec<u64> {
        let (cell, fallback) = (shared.cell(path).expect("a path"), shared.pool.fallback());
        let of = |word: &AtomicU64| word.load(Ordering::Relaxed);
        let mut words = vec![cell.calm.word(), u64::from(cell.run.length()), u64::from(cell.run.is_on())];
        words.extend([of(&cell.last_timeout), of(&cell.unplaced), of(&cell.handles)]);
        words.push(cell.announced.load(Ordering::Relaxed) as u64);
        words.push(u64::from(cell.judged.load(Ordering::Relaxed)));
        words.extend([
            shared.paths.added(),
            shared.paths.mark().bits(),
            u64::from(shared.paths.high_water()),
        ]);
        words.extend([fallback.records(), fallback.open.begun(), of(&fallback.next_operation)]);
        words.extend([
            fallback.pinned().unwrap_or(0),
            of(&fallback.refused.events),
            of(&fallback.refused.ages),
        ]);
        words.extend(Outcome::ALL.map(|outcome| fallback.paths[path as usize].outcome(outcome)));
        words.extend([of(&shared.after_shutdown), of(&shared.unregistered_type), of(&shared.live)]);
        words.push(of(&shared.coarse_since));
        words
    }

    #[test]
    #[cfg_attr(miri, ignore = "the system clock asks the processor what it can do")]
    fn a_healthy_record_writes_to_its_own_block_alone() {
        for track_latency in [false, true] {
            let builder = crate::Monitor::builder().track_latency(track_latency);
            let config = Config::check(&builder).expect("valid settings");
            let shared = Arc::new(Shared::new(&config, Clock::system()).expect("memory"));
            let name = "bucket/object";
            let (path, handle) = shared
                .with_path(name, |path| (path, LockPath::new(shared.clone(), path)))
                .expect("the monitor is live");
            let record = || {
                shared.record_named(name, Outcome::Success);
                handle.record_success();
                handle.record_error();
                handle.attempt().success();
                assert_eq!(handle.health(), LockHealth::Healthy);
            };
            record();
            let before = shared_words(&shared, path);
            for _ in 0..100 {
                record();
                assert_eq!(shared_words(&shared, path), before);
            }
            // The eye sees what it is to see.
            handle.record_timeout();
            assert_ne!(shared_words(&shared, path), before);
        }
    }
}
