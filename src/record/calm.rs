//! One word a path that lets a record skip what it need not look at.
//!
//! While a path is calm (its monitor records, no run of timeouts is on, no announcement is open) the word is the number
//! of its monitor. A record compares it with the number in its thread-local, and so asks for the thread's block and for
//! the calm of the path with one load. If it differs the record takes the longer way, which looks at everything by itself:
//! the word may say "not calm" for too long, never "calm" for too long.
//!
//! | word | meaning |
//! |---|---|
//! | even | number of the monitor: calm |
//! | `DISTURBED` | there is, or was, something to look at |
//! | `SETTLING` | the collector is finding out whether it is over |
//!
//! Whoever has disturbed the path (a timeout has joined the run, an attempt was announced) says so afterwards; only the
//! collector says that it is calm again, in two steps, between which it looks.
//!
//! # Orderings
//!
//! (DISTURB) is the Release of an exchange; it pairs with the Acquire of (SETTLE), the collector's first step. A
//! disturbance said before that step is seen by the look, with everything that was said before it (exchanges keep the
//! release sequence whole). One said after it makes the second step fail.

use crate::sync::{AtomicU64, Ordering};

pub(crate) struct Calm(AtomicU64);

const DISTURBED: u64 = 1;
const SETTLING: u64 = 3;

impl Calm {
    pub(crate) fn new(monitor: u64) -> Self {
        debug_assert!(monitor.is_multiple_of(2));
        Self(AtomicU64::new(monitor))
    }

    /// The number of the monitor, while the path is calm.
    #[inline(always)]
    pub(crate) fn word(&self) -> u64 {
        // Relaxed: a record that races what disturbs the path may come before it.
        self.0.load(Ordering::Relaxed)
    }

    /// There is now something that a record has to look at.
    pub(crate) fn disturb(&self) {
        // (DISTURB) pairs with (SETTLE).
        self.0.swap(DISTURBED, Ordering::Release);
    }

    /// Collector only: calm again, if nothing is left to look at.
    pub(crate) fn settle_down(&self, monitor: u64, is_over: impl FnOnce() -> bool) {
        if self.word() != DISTURBED {
            return;
        }
        // (SETTLE) Acquire: pairs with (DISTURB).
        let settling =
            self.0.compare_exchange(DISTURBED, SETTLING, Ordering::Acquire, Ordering::Relaxed).is_ok();
        if settling {
            let next = if is_over() { monitor } else { DISTURBED };
            // Relaxed: a record that finds the path calm reads nothing on the strength of it.
            let _ = self.0.compare_exchange(SETTLING, next, Ordering::Relaxed, Ordering::Relaxed);
        }
    }
}
