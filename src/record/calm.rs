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
//! | twice the number of a run, plus 1 | that run of timeouts is on, or was |
//! | `ANNOUNCED` | an announcement is open, or was |
//! | `SETTLING` | the collector is finding out whether it is over |
//!
//! Whoever has disturbed the path (a timeout has joined the run, an attempt was announced) says so afterwards; only the
//! collector says that it is calm again, in two steps, between which it looks. A timeout that finds its own run named
//! here need not say it again. Another disturbance's word would not do: it may be an old one, on its way out.
//!
//! # Orderings
//!
//! (DISTURB) is the Release of an exchange; it pairs with the Acquire of (SETTLE), the collector's first step. A
//! disturbance said before that step is seen by the look, with everything that was said before it (exchanges keep the
//! release sequence whole). One said after it makes the second step fail.

use crate::sync::{AtomicU64, Ordering, order, seeded};

pub(crate) struct Calm(AtomicU64);

const ODD: u64 = 1;
/// No run has the number 0.
const ANNOUNCED: u64 = ODD;
/// Nor one of 63 bits.
const SETTLING: u64 = u64::MAX;

fn word_of(run: u32) -> u64 {
    u64::from(run) << 1 | ODD
}

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

    pub(crate) fn is_calm(&self) -> bool {
        self.word() & ODD == 0
    }

    /// A timeout has joined a run.
    #[inline(always)]
    pub(crate) fn disturb_by_run(&self, run: u32) {
        if self.word() != word_of(run) && (self.is_calm() || !seeded("disturb_skipped")) {
            self.disturb(word_of(run));
        }
    }

    /// An attempt was announced, or the monitor has ended.
    pub(crate) fn disturb_by_announcement(&self) {
        self.disturb(ANNOUNCED);
    }

    #[cold]
    fn disturb(&self, word: u64) {
        if seeded("disturb_stored") {
            return self.0.store(word, Ordering::Release);
        }
        // (DISTURB) pairs with (SETTLE).
        self.0.swap(word, order!(Release, "disturb"));
    }

    /// Collector only: calm again, if nothing is left to look at.
    pub(crate) fn settle_down(&self, monitor: u64, is_over: impl FnOnce() -> bool) {
        let found = self.word();
        if found & ODD == 0 {
            return;
        }
        // (SETTLE) Acquire: pairs with (DISTURB).
        let settle = order!(Acquire, "settle");
        if self.0.compare_exchange(found, SETTLING, settle, Ordering::Relaxed).is_ok() {
            let next = if is_over() { monitor } else { found };
            // Relaxed: a record that finds the path calm reads nothing on the strength of it.
            if seeded("settle_stored") {
                return self.0.store(next, Ordering::Relaxed);
            }
            let _ = self.0.compare_exchange(SETTLING, next, Ordering::Relaxed, Ordering::Relaxed);
        }
    }
}

#[cfg(not(foreshock_loom))]
#[cfg(test)]
mod tests {
    use super::*;

    const MONITOR: u64 = 8;

    #[test]
    fn every_disturbance_has_a_word_of_its_own() {
        let calm = Calm::new(MONITOR);
        let mut words = vec![calm.word()];
        calm.disturb_by_announcement();
        words.push(calm.word());
        // Each says so although the one before it is still there.
        for run in 1..=4 {
            calm.disturb_by_run(run);
            words.push(calm.word());
        }
        assert_eq!(words[0], MONITOR);
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), 6);
    }

    #[test]
    fn a_path_is_calm_until_disturbed_and_again_once_that_is_over() {
        let calm = Calm::new(MONITOR);
        assert!(calm.is_calm());
        calm.settle_down(MONITOR, || panic!("there is nothing to look at"));
        calm.disturb_by_run(1);
        assert!(!calm.is_calm());
        calm.settle_down(MONITOR, || false);
        assert!(!calm.is_calm());
        calm.settle_down(MONITOR, || true);
        assert_eq!(calm.word(), MONITOR);
    }

    #[test]
    fn what_disturbs_a_path_while_it_is_looked_at_keeps_it_from_being_calm() {
        let calm = Calm::new(MONITOR);
        calm.disturb_by_run(1);
        calm.settle_down(MONITOR, || {
            calm.disturb_by_run(1);
            true
        });
        assert!(!calm.is_calm());
    }
}
