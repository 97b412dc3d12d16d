//! What is shared about one path, in a line of its own. Healthy traffic only reads it.

use super::calm::Calm;
use super::run::Run;
use crate::clock::Stamp;
use crate::sync::{AtomicI64, AtomicU8, AtomicU64, Ordering, seeded};
use std::ptr::NonNull;

#[repr(align(64))]
pub(crate) struct PathCell {
    /// The other words need not be looked at.
    pub(crate) calm: Calm,
    /// Timeouts since the last success.
    pub(crate) run: Run,
    /// Attempts announced by name and not yet answered.
    pub(crate) announced: AtomicI64,
    /// When the last timeout was, 0 = never, or longer ago than anybody asks for.
    pub(crate) last_timeout: AtomicU64,
    /// Attempts in flight that found no place in the table of their thread.
    pub(crate) unplaced: AtomicU64,
    /// Handles out.
    pub(crate) handles: AtomicU64,
    /// What the collector found at its last tick: see [`JUDGED_RATE`], [`JUDGED_SLOW`].
    pub(crate) judged: AtomicU8,
}

pub(crate) const JUDGED_RATE: u8 = 1;
pub(crate) const JUDGED_SLOW: u8 = 2;

impl PathCell {
    pub(crate) fn new(monitor: u64) -> Self {
        Self {
            calm: Calm::new(monitor),
            run: Run::default(),
            announced: AtomicI64::new(0),
            last_timeout: AtomicU64::new(0),
            unplaced: AtomicU64::new(0),
            handles: AtomicU64::new(0),
            judged: AtomicU8::new(0),
        }
    }

    /// A timeout joins the run; the number of the run if it is left to the caller to count it in a segment.
    #[inline(always)]
    pub(crate) fn count_timeout(&self, limit: u32) -> Option<u32> {
        let (run, counted) = self.run.count_timeout(limit);
        self.calm.disturb_by_run(run);
        (!counted).then_some(run)
    }

    /// Collector only: has records take the short way again where it is time.
    pub(crate) fn settle_down(&self, monitor: u64, is_live: impl FnOnce() -> bool) {
        let is_live = || is_live() || seeded("settle_unasked");
        let is_over = || !self.run.is_on() && self.announced.load(Ordering::Relaxed) == 0 && is_live();
        self.calm.settle_down(monitor, is_over);
    }

    /// Notes the time of a timeout, unless one that is at most `grain` away (in the clock's own unit) is noted
    /// already: threads that all time out would pass the line around for nothing.
    #[inline(always)]
    pub(crate) fn timed_out(&self, at: Stamp, grain: u64) {
        let noted = self.last_timeout.load(Ordering::Relaxed);
        if at.0.wrapping_sub(noted).wrapping_add(grain) >= grain * 2 {
            // Relaxed: published by (RUN) in `run.rs`.
            self.last_timeout.store(at.0, Ordering::Relaxed);
        }
    }

    /// How long the run is, and when its last timeout was (0 = never).
    #[inline(always)]
    pub(crate) fn evidence(&self) -> (u32, u64) {
        // Pairs with (RUN): the length first.
        let length = self.run.length();
        (length, self.last_timeout.load(Ordering::Relaxed))
    }

    /// An attempt announced by name, to be answered by name.
    pub(crate) fn announce(&self) {
        if seeded("announced_late") {
            self.calm.disturb_by_announcement();
            self.announced.fetch_add(1, Ordering::Relaxed);
            return;
        }
        if seeded("announced_stored") {
            self.announced.store(self.announced.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        } else {
            self.announced.fetch_add(1, Ordering::Relaxed);
        }
        self.calm.disturb_by_announcement();
    }

    /// An outcome without a guard answers an announcement, if there is one.
    #[inline(always)]
    pub(crate) fn answer(&self) {
        if self.announced.load(Ordering::Relaxed) > 0 {
            self.take_announcement();
        }
    }

    #[cold]
    fn take_announcement(&self) {
        if seeded("answer_stored") {
            self.announced.fetch_sub(1, Ordering::Relaxed);
            return;
        }
        if seeded("answer_given_up") {
            let open = self.announced.load(Ordering::Relaxed);
            let _ = self.announced.compare_exchange(open, open - 1, Ordering::Relaxed, Ordering::Relaxed);
            return;
        }
        // Several answers may race for one announcement; the count must not go below zero. No bound: each failure is
        // the success of another thread, which has announced or answered.
        let _ = self.announced.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| (n > 0).then(|| n - 1));
    }

    /// Ready for another name. Collector only, while no number leads here.
    pub(crate) fn reset(&self, monitor: u64, is_live: impl FnOnce() -> bool) {
        self.run.end();
        self.last_timeout.store(0, Ordering::Relaxed);
        self.announced.store(0, Ordering::Relaxed);
        self.judged.store(0, Ordering::Relaxed);
        self.settle_down(monitor, is_live);
    }
}

/// A path of one monitor: its number, and its cell at hand.
#[derive(Clone, Copy)]
pub(crate) struct PathRef {
    cell: NonNull<PathCell>,
    number: u32,
}

// SAFETY: it gives out nothing but a shared reference to the cell, which is `Sync`.
unsafe impl Send for PathRef {}
// SAFETY: as above.
unsafe impl Sync for PathRef {}

impl PathRef {
    /// # Safety
    ///
    /// The cells are all those of one monitor, stay where they are, and outlive the result and its copies.
    pub(crate) unsafe fn new(cells: &[PathCell], number: u32) -> Self {
        // A number that has no cell is nobody's; it would be `__other__`, which is the last.
        let number = (number as usize).min(cells.len() - 1);
        Self { cell: NonNull::from(&cells[number]), number: number as u32 }
    }

    #[inline(always)]
    pub(crate) fn cell(&self) -> &PathCell {
        // SAFETY: by the contract of `new` the cell outlives `self`.
        unsafe { self.cell.as_ref() }
    }

    #[inline(always)]
    pub(crate) fn number(&self) -> u32 {
        self.number
    }
}
