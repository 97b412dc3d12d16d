//! What is shared about one path, in a line of its own. Healthy traffic only reads it.

use crate::clock::Stamp;
use crate::sync::{AtomicI64, AtomicU8, AtomicU64, Ordering};

#[derive(Default)]
pub(crate) struct PathCell {
    /// Timeouts since the last success.
    pub(crate) consecutive: AtomicU64,
    /// When the last timeout was, 0 = never.
    pub(crate) last_timeout: AtomicU64,
    /// Attempts announced by name and not yet answered.
    pub(crate) announced: AtomicI64,
    /// Handles out.
    pub(crate) handles: AtomicU64,
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

    /// An attempt announced by name, to be answered by name.
    pub(crate) fn announce(&self) {
        self.announced.fetch_add(1, Ordering::Relaxed);
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
        // Several answers may race for one announcement; the count must not go below zero.
        let _ = self.announced.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| (n > 0).then(|| n - 1));
    }

    /// Ready for another name. Collector only, while no number leads here.
    pub(crate) fn reset(&self) {
        self.consecutive.store(0, Ordering::Relaxed);
        self.last_timeout.store(0, Ordering::Relaxed);
        self.announced.store(0, Ordering::Relaxed);
        self.judged.store(0, Ordering::Relaxed);
    }
}
