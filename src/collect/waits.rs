//! How long the attempts on a path took: the sum of its histograms over all blocks, and what is new in it.

use crate::clock::Clock;
use crate::publish::{NewWaits, WaitStatus};
use crate::record::shared::Shared;
use crate::record::wait::{BUCKETS, WaitScale};

/// The histograms of all blocks added up, as they stand. Counts wrap.
#[derive(Clone)]
pub(super) struct RawWaits {
    sum_ticks: u64,
    buckets: [u32; BUCKETS],
}

impl RawWaits {
    pub(super) fn of(shared: &Shared, path: u32) -> Self {
        let mut raw = Self { sum_ticks: 0, buckets: [0; BUCKETS] };
        let blocks = shared.pool.blocks();
        for histogram in blocks.filter_map(|block| block.waits.get(path as usize)) {
            raw.sum_ticks = raw.sum_ticks.wrapping_add(histogram.sum());
            for (sum, count) in raw.buckets.iter_mut().zip(histogram.buckets()) {
                *sum = sum.wrapping_add(count);
            }
        }
        raw
    }
}

/// Waits of one path in one life.
pub(super) struct Waits {
    /// What the cells stood at when this life began; `None` for zero.
    base: Option<Box<RawWaits>>,
    counts: Box<[u64; BUCKETS]>,
    sum_ticks: u64,
    /// What was published in all differs from the exact sum by this.
    owed_seconds: f64,
    /// As of the last call of `take_new`; `None` before the first wait.
    pub(super) status: Option<WaitStatus>,
}

impl Waits {
    pub(super) fn new(base: Option<Box<RawWaits>>) -> Self {
        Self { base, counts: Box::new([0; BUCKETS]), sum_ticks: 0, owed_seconds: 0.0, status: None }
    }

    /// Takes in what the cells stand at; the number of new waits by bucket, and their sum.
    fn advance(&mut self, raw: &RawWaits) -> ([u64; BUCKETS], u64) {
        let base = |bucket: usize| self.base.as_ref().map_or(0, |base| base.buckets[bucket]);
        let mut new = [0; BUCKETS];
        for (bucket, count) in self.counts.iter_mut().enumerate() {
            let seen = base(bucket).wrapping_add(*count as u32);
            new[bucket] = u64::from(raw.buckets[bucket].wrapping_sub(seen));
            *count += new[bucket];
        }
        let begun_at = self.base.as_ref().map_or(0, |base| base.sum_ticks);
        let sum_ticks = raw.sum_ticks.wrapping_sub(begun_at);
        let news = sum_ticks.wrapping_sub(self.sum_ticks);
        self.sum_ticks = sum_ticks;
        (new, news)
    }

    /// What is new since the last call. A bucket says roughly how long its waits were, the sum says it exactly: the
    /// values are stretched until they add up to it, as far as their buckets allow; the rest is owed.
    pub(super) fn take_new(&mut self, raw: &RawWaits, shared: &Shared) -> Vec<(f64, u64)> {
        let (new, sum_ticks) = self.advance(raw);
        let scale = Seconds { clock: &shared.clock, scale: shared.wait_scale };
        let filled = || new.iter().enumerate().filter(|(_, count)| **count > 0);
        let rough: f64 = filled().map(|(bucket, count)| scale.typical(bucket) * *count as f64).sum();
        let exact = scale.seconds(sum_ticks) + self.owed_seconds;
        let stretch = if rough > 0.0 { exact / rough } else { 1.0 };
        let value = |bucket| {
            let (from, to) = scale.bounds(bucket);
            (scale.typical(bucket) * stretch).clamp(from, to)
        };
        let values: Vec<_> = filled().map(|(bucket, count)| (value(bucket), *count)).collect();
        self.owed_seconds = exact - values.iter().map(|(value, count)| value * *count as f64).sum::<f64>();
        self.status = self.summary(&scale);
        values
    }

    fn summary(&self, scale: &Seconds<'_>) -> Option<WaitStatus> {
        let count: u64 = self.counts.iter().sum();
        let longest = self.counts.iter().rposition(|count| *count > 0)?;
        Some(WaitStatus {
            count,
            sum_seconds: scale.seconds(self.sum_ticks),
            p50_seconds: scale.typical(self.quantile(count.div_ceil(2))),
            p99_seconds: scale.typical(self.quantile(count - count / 100)),
            max_seconds: scale.typical(longest),
        })
    }

    /// The bucket of the wait of this rank, from 1.
    fn quantile(&self, rank: u64) -> usize {
        let mut below = 0;
        let reached = |count: &u64| {
            below += count;
            below >= rank
        };
        self.counts.iter().position(reached).unwrap_or(BUCKETS - 1)
    }
}

/// Buckets in seconds.
struct Seconds<'a> {
    clock: &'a Clock,
    scale: WaitScale,
}

impl Seconds<'_> {
    fn seconds(&self, ticks: u64) -> f64 {
        self.clock.ticks_to_ns(ticks) as f64 / 1e9
    }

    fn bounds(&self, bucket: usize) -> (f64, f64) {
        let (from, to) = self.scale.bounds(bucket);
        (self.seconds(from), self.seconds(to))
    }

    /// The value that is off by the least share, whichever of the bucket's was meant.
    fn typical(&self, bucket: usize) -> f64 {
        let (from, to) = self.bounds(bucket);
        if from == 0.0 { to / 2.0 } else { 2.0 * from * to / (from + to) }
    }
}

/// Thins what is to be published to about `most` samples, evenly, and counts what is left out.
pub(super) fn thin(waits: &mut [NewWaits], most: u64) -> u64 {
    let total: u64 = waits.iter().map(NewWaits::count).sum();
    if total <= most {
        return 0;
    }
    // What has come by so far decides how many of it go on: no value is favoured.
    let (mut seen, mut kept) = (0u128, 0u128);
    for (_, count) in waits.iter_mut().flat_map(|waits| &mut waits.values) {
        seen += u128::from(*count);
        let due = seen * u128::from(most) / u128::from(total);
        *count = (due - kept) as u64;
        kept = due;
    }
    total - most
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thinning_keeps_as_many_as_it_may_and_their_proportions() {
        let values = vec![(0.001, 30_000), (0.002, 10_000), (0.004, 3)];
        let mut waits = vec![NewWaits { path: "a".into(), values }];
        assert_eq!(thin(&mut waits, 40_003), 0);
        assert_eq!(thin(&mut waits, 4_000), 36_003);
        assert_eq!(waits[0].count(), 4_000);
        let kept: Vec<_> = waits[0].values.iter().map(|(_, count)| *count).collect();
        assert!(kept[0].abs_diff(3_000) <= 1 && kept[1].abs_diff(1_000) <= 1, "{kept:?}");
    }
}
