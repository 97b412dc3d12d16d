//! A sliding window over completed attempts and timeouts, in buckets.

use super::Limits;

/// Counts of the last `buckets` stretches of `bucket_ns`, the current one included.
#[derive(Clone, Debug)]
pub(crate) struct Window {
    /// Ring of buckets.
    completed: Box<[u32]>,
    /// The same, or empty while there is no timeout in the window: most paths never have one.
    timeouts: Box<[u32]>,
    /// Number of the newest bucket, counted from time 0.
    newest: u64,
    completed_sum: u64,
    timeouts_sum: u64,
}

impl Window {
    pub(crate) fn new(buckets: usize) -> Self {
        Self {
            completed: vec![0; buckets].into_boxed_slice(),
            timeouts: Box::default(),
            newest: 0,
            completed_sum: 0,
            timeouts_sum: 0,
        }
    }

    /// Lets time pass: buckets that left the window are forgotten. Time never runs backwards here.
    pub(crate) fn advance(&mut self, now_ns: u64, bucket_ns: u64) {
        let now = now_ns / bucket_ns;
        let passed = now.saturating_sub(self.newest).min(self.completed.len() as u64);
        for step in 1..=passed {
            let place = self.place_of(self.newest + step);
            self.completed_sum -= u64::from(std::mem::take(&mut self.completed[place]));
            if let Some(timeouts) = self.timeouts.get_mut(place) {
                self.timeouts_sum -= u64::from(std::mem::take(timeouts));
            }
        }
        debug_assert!(
            passed < self.completed.len() as u64 || (self.completed_sum, self.timeouts_sum) == (0, 0),
            "all of the window has passed"
        );
        if self.timeouts_sum == 0 && !self.timeouts.is_empty() {
            self.timeouts = Box::default();
        }
        self.newest = self.newest.max(now);
    }

    fn place_of(&self, bucket: u64) -> usize {
        (bucket % self.completed.len() as u64) as usize
    }

    /// Counts into the newest bucket.
    pub(crate) fn add(&mut self, completed: u64, timeouts: u64) {
        let place = self.place_of(self.newest);
        self.completed_sum += add_to(&mut self.completed[place], completed);
        if timeouts > 0 {
            if self.timeouts.is_empty() {
                self.timeouts = vec![0; self.completed.len()].into_boxed_slice();
            }
            self.timeouts_sum += add_to(&mut self.timeouts[place], timeouts);
        }
    }

    /// Rule 2: enough attempts completed, and the given share of them or more timed out.
    pub(crate) fn rate_exceeded(&self, limits: &Limits) -> bool {
        self.completed_sum >= limits.min_completed
            && u128::from(self.timeouts_sum) * 100
                >= u128::from(self.completed_sum) * u128::from(limits.timeout_percent)
    }

    pub(crate) fn completed(&self) -> u64 {
        self.completed_sum
    }

    pub(crate) fn timeouts(&self) -> u64 {
        self.timeouts_sum
    }
}

/// Returns what was added: a bucket holds 4 * 10^9, and beyond that the share of timeouts is what it was.
fn add_to(bucket: &mut u32, n: u64) -> u64 {
    let before = *bucket;
    *bucket = before.saturating_add(u32::try_from(n).unwrap_or(u32::MAX));
    u64::from(*bucket - before)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const S: u64 = 1_000_000_000;
    const BUCKET: u64 = 10 * S;
    const LIMITS: Limits = Limits {
        consecutive_timeouts: 3,
        min_completed: 10,
        timeout_percent: 50,
        degraded_for_ns: 30 * S,
        window_ns: 300 * S,
    };

    fn window_of(completed: u64, timeouts: u64) -> Window {
        let mut window = Window::new(30);
        window.add(completed, timeouts);
        window
    }

    #[test]
    fn nine_completed_are_too_few_and_ten_are_enough() {
        assert!(!window_of(9, 9).rate_exceeded(&LIMITS));
        assert!(window_of(10, 10).rate_exceeded(&LIMITS));
    }

    #[test]
    fn exactly_half_exceeds_and_49_percent_does_not() {
        assert!(window_of(100, 50).rate_exceeded(&LIMITS));
        assert!(!window_of(100, 49).rate_exceeded(&LIMITS));
        assert!(window_of(11, 6).rate_exceeded(&LIMITS));
        assert!(!window_of(11, 5).rate_exceeded(&LIMITS));
    }

    #[test]
    fn a_count_leaves_after_thirty_buckets() {
        let mut window = window_of(10, 10);
        window.advance(299 * S, BUCKET);
        assert_eq!(window.timeouts(), 10);
        window.advance(300 * S, BUCKET);
        assert_eq!((window.completed(), window.timeouts()), (0, 0));
    }

    #[test]
    fn timeouts_take_room_only_while_there_are_any() {
        let mut window = window_of(10, 0);
        assert!(window.timeouts.is_empty());
        window.add(1, 1);
        assert_eq!(window.timeouts.len(), 30);
        window.advance(300 * S, BUCKET);
        assert!(window.timeouts.is_empty());
    }

    #[test]
    fn a_jump_over_days_empties_it_and_a_jump_back_changes_nothing() {
        let mut window = window_of(10, 10);
        window.advance(86_400 * S, BUCKET);
        assert_eq!(window.completed(), 0);
        window.add(5, 1);
        window.advance(0, BUCKET);
        assert_eq!((window.completed(), window.timeouts()), (5, 1));
    }

    #[test]
    fn counts_beyond_a_bucket_saturate() {
        let mut window = window_of(u64::MAX, u64::MAX);
        window.add(1, 1);
        assert_eq!(window.completed(), u64::from(u32::MAX));
        window.advance(300 * S, BUCKET);
        assert_eq!(window.completed(), 0);
    }

    proptest! {
        /// Against a list of everything that ever happened.
        #[test]
        fn agrees_with_a_list(steps in prop::collection::vec((0u64..40 * S, 0u64..20, 0u64..20), 1..200)) {
            let mut window = Window::new(30);
            let mut list: Vec<(u64, u64, u64)> = Vec::new();
            let mut now = 0;
            for (passed, others, timeouts) in steps {
                now += passed;
                window.advance(now, BUCKET);
                window.add(others + timeouts, timeouts);
                list.push((now / BUCKET, others + timeouts, timeouts));
                let inside = list.iter().filter(|(bucket, ..)| bucket + 30 > now / BUCKET);
                let (completed, timed_out) = inside.fold((0, 0), |(c, t), (_, dc, dt)| (c + dc, t + dt));
                prop_assert_eq!((window.completed(), window.timeouts()), (completed, timed_out));
                prop_assert_eq!(window.rate_exceeded(&LIMITS), completed >= 10 && timed_out * 2 >= completed);
            }
        }
    }
}
