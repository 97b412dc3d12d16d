//! The consecutive run of a path: its timeouts since the last success, exact across threads.
//!
//! One shared word says which run it is and how long, up to the length at which the path is unhealthy. From there on
//! each thread counts in a segment of its own, which says of which run it speaks. So a path that does nothing but time
//! out writes no shared line, and a success ends the run, with every segment of it, by one compare-exchange.
//!
//! | bits | `Run` | `Segment` |
//! |---|---|---|
//! | 63..32 | number of the run, from 1 | number of the run it belongs to |
//! | 31..0 | timeouts counted here | timeouts counted here |
//!
//! A timeout takes effect with its load of the run's word if it then goes to a segment, else with its increment
//! of that word; a success with its compare-exchange. In a race either may come first, and nothing comes between.

use crate::sync::{AtomicU64, Ordering, order, seeded};

const COUNT_BITS: u32 = 32;

fn number(word: u64) -> u32 {
    (word >> COUNT_BITS) as u32
}

fn count(word: u64) -> u32 {
    word as u32
}

fn first_of(number: u32) -> u64 {
    (u64::from(number) << COUNT_BITS) | 1
}

/// The part of a run that is shared.
pub(crate) struct Run(AtomicU64);

/// What one block counted of a run past the limit.
#[derive(Default)]
pub(crate) struct Segment(AtomicU64);

impl Default for Run {
    /// Number 1: a segment that was never written belongs to no run.
    fn default() -> Self {
        Self(AtomicU64::new(1 << COUNT_BITS))
    }
}

impl Run {
    /// The number of the run that a timeout joins, and whether it was counted here. If not, the run is past the limit (which
    /// is never 0), and the caller counts it in a segment.
    #[inline(always)]
    pub(crate) fn count_timeout(&self, limit: u32) -> (u32, bool) {
        let word = self.0.load(Ordering::Relaxed);
        if count(word) >= limit {
            return (number(word), false);
        }
        if seeded("run_count_stored") {
            self.0.store(word + 1, Ordering::Release);
            return (number(word), true);
        }
        // (RUN) Release: pairs with the Acquire load in `length`; who sees the run sees the time of its last timeout.
        (number(self.0.fetch_add(1, order!(Release, "run_counted"))), true)
    }

    /// Timeouts in a row, up to the limit; past it whatever the shared word had reached.
    #[inline(always)]
    pub(crate) fn length(&self) -> u32 {
        // Acquire: pairs with (RUN).
        count(self.0.load(order!(Acquire, "run_seen")))
    }

    /// A success: there is a run for it to end. Healthy traffic only reads.
    #[inline(always)]
    pub(crate) fn is_on(&self) -> bool {
        // Relaxed: the run is one word; a success that races a timeout may come before or after it.
        count(self.0.load(Ordering::Relaxed)) != 0
    }

    #[cold]
    #[inline(never)]
    pub(crate) fn end(&self) {
        let mut word = self.0.load(Ordering::Relaxed);
        let ended = number(word);
        // If another success is first, the run that was there when this one came has ended. A timeout that comes
        // between makes this one try again: at most as often as the limit, and once more for each thread.
        while number(word) == ended && count(word) != 0 {
            if seeded("run_end_stored") {
                return self.0.store(next(word), Ordering::Relaxed);
            }
            match self.0.compare_exchange_weak(word, next(word), Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return,
                Err(now) => word = now,
            }
            if seeded("run_end_given_up") {
                return;
            }
        }
    }

    /// Collector only: all timeouts in a row, with the segments of every block.
    pub(crate) fn total<'a>(&self, segments: impl Iterator<Item = &'a Segment>) -> u64 {
        // Relaxed: the words say each by itself of which run they speak; one seen late is a timeout that is counted at the
        // next look.
        let word = self.0.load(Ordering::Relaxed);
        match count(word) {
            0 => 0,
            shared => u64::from(shared) + segments.map(|segment| segment.count_of(number(word))).sum::<u64>(),
        }
    }
}

/// A run of the next number, which no segment speaks of. After 2^32 runs of one path a number comes back.
fn next(word: u64) -> u64 {
    let step = u32::from(!seeded("run_number_kept"));
    u64::from(number(word).wrapping_add(step).max(1)) << COUNT_BITS
}

impl Segment {
    /// By the only writer of the block.
    #[inline(always)]
    pub(crate) fn count_sole(&self, run: u32) {
        let word = self.0.load(Ordering::Relaxed);
        self.0.store(counted(word, run), Ordering::Relaxed);
    }

    /// By one of many.
    pub(crate) fn count_shared(&self, run: u32) {
        if seeded("segment_stored") {
            return self.count_sole(run);
        }
        if seeded("segment_given_up") {
            let word = self.0.load(Ordering::Relaxed);
            let _ = self.0.compare_exchange(word, counted(word, run), Ordering::Relaxed, Ordering::Relaxed);
            return;
        }
        // No bound: each failure is a timeout that another thread has counted.
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |word| Some(counted(word, run)));
    }

    fn count_of(&self, run: u32) -> u64 {
        let word = self.0.load(Ordering::Relaxed);
        if number(word) == run || seeded("segment_unasked") { u64::from(count(word)) } else { 0 }
    }
}

/// One more in the segment of a run. After 2^32 timeouts of one run it stands still.
#[inline(always)]
fn counted(word: u64, run: u32) -> u64 {
    if number(word) != run {
        return first_of(run);
    }
    if count(word) == u32::MAX { word } else { word + 1 }
}

#[cfg(not(foreshock_loom))]
#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: u32 = 2;

    fn time_out(run: &Run, segment: &Segment) {
        let (number, is_counted) = run.count_timeout(LIMIT);
        if !is_counted {
            segment.count_sole(number);
        }
    }

    #[test]
    fn a_run_is_counted_past_the_limit_and_the_next_one_from_zero() {
        let (run, segments) = (Run::default(), [Segment::default(), Segment::default()]);
        for _ in 0..3 {
            for length in 1..=5 {
                time_out(&run, &segments[length % 2]);
                assert_eq!(run.total(segments.iter()), length as u64);
            }
            assert_eq!(run.length(), LIMIT);
            run.end();
            assert_eq!((run.length(), run.total(segments.iter())), (0, 0));
        }
    }

    #[test]
    fn a_success_without_a_run_ends_none() {
        let run = Run::default();
        assert!(!run.is_on());
        run.end();
        assert_eq!(run.count_timeout(LIMIT), (1, true));
        assert!(run.is_on());
        run.end();
        assert_eq!(run.count_timeout(LIMIT), (2, true));
    }
}
