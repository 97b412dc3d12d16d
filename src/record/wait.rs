//! How long attempts took: one histogram a path and block, in the clock's own unit.
//!
//! The smallest step is a power of two of the clock's unit just under a microsecond. Above it a doubling has two
//! buckets: from six steps up a bucket is at most two thirds as wide as its lower bound, soon half. The sum is exact.

use crate::clock::Clock;
use crate::sync::{AtomicU32, AtomicU64, Ordering};

/// From under a microsecond to over a quarter of an hour.
pub(crate) const BUCKETS: usize = 64;

const SUB_BITS: u32 = 1;

/// The wait histogram of one path in one block. The counts wrap: the collector adds up differences.
pub(crate) struct WaitHistogram {
    pub(super) sum: AtomicU64,
    pub(super) buckets: [AtomicU32; BUCKETS],
}

impl Default for WaitHistogram {
    fn default() -> Self {
        Self { sum: AtomicU64::new(0), buckets: std::array::from_fn(|_| AtomicU32::new(0)) }
    }
}

impl WaitHistogram {
    pub(crate) fn sum(&self) -> u64 {
        self.sum.load(Ordering::Relaxed)
    }

    pub(crate) fn buckets(&self) -> impl Iterator<Item = u32> + '_ {
        self.buckets.iter().map(|bucket| bucket.load(Ordering::Relaxed))
    }
}

/// Which bucket a wait goes to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WaitScale {
    /// A step is 2^shift of the clock's unit.
    shift: u32,
}

impl WaitScale {
    pub(crate) fn new(clock: &Clock) -> Self {
        let fits = |shift: &u32| clock.ticks_to_ns(1 << shift) <= 1_000;
        // At least 1, so that `bucket` cannot overflow.
        Self { shift: (1..32).take_while(fits).last().unwrap_or(1) }
    }

    /// The place is below [`BUCKETS`]; what is too long goes to the last.
    ///
    /// The first is a branch of its own: which counter is written then does not hang on a clock that was just read, and the
    /// processor need not wait for it. Beside a longer wait the call costs nothing.
    #[inline(always)]
    pub(crate) fn bucket(self, ticks: u64) -> usize {
        let steps = ticks >> self.shift;
        if steps == 0 { 0 } else { Self::further(steps) }
    }

    #[cold]
    #[inline(never)]
    fn further(steps: u64) -> usize {
        // At most 2^63 before, so that this cannot overflow; the bit spares a check.
        let steps = steps + (1 << SUB_BITS);
        let octave = (steps | 1).ilog2() - SUB_BITS;
        let place = ((octave as usize) << SUB_BITS) + (steps >> octave) as usize - (1 << SUB_BITS);
        place.min(BUCKETS - 1)
    }

    pub(crate) fn bounds(self, bucket: usize) -> (u64, u64) {
        (self.lower(bucket), self.lower(bucket + 1))
    }

    fn lower(self, bucket: usize) -> u64 {
        let (octave, sub) = (bucket >> SUB_BITS, bucket & ((1 << SUB_BITS) - 1));
        let steps = (((1 << SUB_BITS) + sub as u64) << octave) - (1 << SUB_BITS);
        steps << self.shift
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wait_lies_within_the_bounds_of_its_bucket_and_no_bucket_is_left_out() {
        let scale = WaitScale { shift: 3 };
        let edges = (0..45).flat_map(|bits| [(1u64 << bits) - 1, 1 << bits, (1 << bits) + 1, 3 << bits]);
        for ticks in edges.chain(0..5_000) {
            let bucket = scale.bucket(ticks);
            let (from, to) = scale.bounds(bucket);
            assert!(from <= ticks && (ticks < to || bucket == BUCKETS - 1), "{ticks} in {from}..{to}");
        }
        for bucket in 0..BUCKETS {
            let (from, to) = scale.bounds(bucket);
            assert_eq!((scale.bucket(from), scale.bucket(to - 1)), (bucket, bucket));
            // One or two steps at the bottom, and at most two thirds of the lower bound further up.
            assert!(to - from <= (from * 2 / 3).max(2 << 3), "{from}..{to}");
        }
    }

    #[test]
    #[cfg_attr(miri, ignore = "the system clock asks the processor what it can do")]
    fn the_buckets_reach_from_a_microsecond_to_a_quarter_of_an_hour() {
        for clock in [Clock::manual().0, Clock::system()] {
            let scale = WaitScale::new(&clock);
            let ns = |ticks| clock.ticks_to_ns(ticks);
            assert!((256..=1_000).contains(&ns(scale.bounds(0).1)), "{}", ns(scale.bounds(0).1));
            assert!(ns(scale.bounds(BUCKETS - 1).0) > 900_000_000_000);
        }
    }

    #[test]
    fn a_wait_beyond_all_bounds_goes_to_the_last_bucket() {
        let scale = WaitScale { shift: 1 };
        assert_eq!(scale.bucket(u64::MAX), BUCKETS - 1);
    }
}
