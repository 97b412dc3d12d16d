//! When a lock path is healthy. Pure: what is known and `now` go in, a verdict comes out.

mod window;

pub(crate) use window::Window;

/// The health of a lock path. The first rule that holds decides:
///
/// 1. at least 3 consecutive timeouts, the last of them within the window of 5 minutes: [`Unhealthy`](Self::Unhealthy).
///    Only a success ends a run; errors and abandoned attempts neither end nor extend it.
/// 2. at least 10 attempts completed (success, timeout or error) in the window, and at least half of them timeouts:
///    [`Unhealthy`](Self::Unhealthy).
/// 3. the last timeout less than 30 s ago, or an attempt in flight for more than 5 s: [`Degraded`](Self::Degraded).
/// 4. otherwise [`Healthy`](Self::Healthy), as is a path nobody has recorded on.
///
/// Each figure is a setting of the [`Builder`](crate::Builder).
///
/// ```
/// use foreshock::LockHealth;
/// assert_eq!(LockHealth::Degraded.gauge(), 0.5);
/// assert!(LockHealth::Unhealthy < LockHealth::Healthy);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
pub enum LockHealth {
    /// Do not expect to get this lock.
    Unhealthy,
    /// Something is wrong, or was a moment ago.
    Degraded,
    /// No recent trouble.
    Healthy,
}

impl LockHealth {
    /// The value of the `lock_health_status` gauge: 1, 0.5 or 0.
    ///
    /// ```
    /// assert_eq!(foreshock::LockHealth::Healthy.gauge(), 1.0);
    /// ```
    pub const fn gauge(self) -> f64 {
        match self {
            Self::Unhealthy => 0.0,
            Self::Degraded => 0.5,
            Self::Healthy => 1.0,
        }
    }
}

/// The figures of the rules.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) consecutive_timeouts: u64,
    pub(crate) min_completed: u64,
    pub(crate) timeout_percent: u64,
    pub(crate) degraded_for_ns: u64,
    pub(crate) window_ns: u64,
}

/// What is known about a path at one moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Evidence {
    pub(crate) consecutive_timeouts: u64,
    /// `None` if there never was one.
    pub(crate) since_last_timeout_ns: Option<u64>,
    /// Rule 2 holds: see [`Window::rate_exceeded`].
    pub(crate) rate_exceeded: bool,
    /// An attempt is in flight for longer than `slow_after`.
    pub(crate) slow_in_flight: bool,
}

impl Evidence {
    pub(crate) fn judge(&self, limits: &Limits) -> LockHealth {
        let timeout_within = |ns: u64| self.since_last_timeout_ns.is_some_and(|since| since <= ns);
        if self.consecutive_timeouts >= limits.consecutive_timeouts && timeout_within(limits.window_ns) {
            return LockHealth::Unhealthy;
        }
        if self.rate_exceeded {
            return LockHealth::Unhealthy;
        }
        // Less than, not at most: 30 s exactly is over.
        let recent = limits.degraded_for_ns > 0 && timeout_within(limits.degraded_for_ns - 1);
        if recent || self.slow_in_flight {
            return LockHealth::Degraded;
        }
        LockHealth::Healthy
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: u64 = 1_000_000_000;
    const LIMITS: Limits = Limits {
        consecutive_timeouts: 3,
        min_completed: 10,
        timeout_percent: 50,
        degraded_for_ns: 30 * S,
        window_ns: 300 * S,
    };
    const QUIET: Evidence = Evidence {
        consecutive_timeouts: 0,
        since_last_timeout_ns: None,
        rate_exceeded: false,
        slow_in_flight: false,
    };

    fn judge(evidence: Evidence) -> LockHealth {
        evidence.judge(&LIMITS)
    }

    fn timeouts(consecutive_timeouts: u64, since_ns: u64) -> Evidence {
        Evidence { consecutive_timeouts, since_last_timeout_ns: Some(since_ns), ..QUIET }
    }

    #[test]
    fn rule_1_three_in_a_row_while_the_last_is_within_the_window() {
        assert_eq!(judge(timeouts(2, 0)), LockHealth::Degraded);
        assert_eq!(judge(timeouts(3, 0)), LockHealth::Unhealthy);
        assert_eq!(judge(timeouts(3, 300 * S)), LockHealth::Unhealthy);
        assert_eq!(judge(timeouts(3, 300 * S + 1)), LockHealth::Healthy);
    }

    #[test]
    fn rule_2_comes_before_rule_3() {
        let rate = Evidence { rate_exceeded: true, ..timeouts(1, 0) };
        assert_eq!(judge(rate), LockHealth::Unhealthy);
    }

    #[test]
    fn rule_3_ends_at_30_seconds_exactly() {
        assert_eq!(judge(timeouts(1, 29_999_000_000)), LockHealth::Degraded);
        assert_eq!(judge(timeouts(1, 30 * S - 1)), LockHealth::Degraded);
        assert_eq!(judge(timeouts(1, 30 * S)), LockHealth::Healthy);
    }

    #[test]
    fn rule_3_a_slow_attempt_degrades_without_any_timeout() {
        let slow = Evidence { slow_in_flight: true, ..QUIET };
        assert_eq!(judge(slow), LockHealth::Degraded);
    }

    #[test]
    fn rule_3_says_nothing_of_a_timeout_where_its_time_is_zero() {
        let limits = Limits { degraded_for_ns: 0, ..LIMITS };
        assert_eq!(timeouts(1, 0).judge(&limits), LockHealth::Healthy);
        assert_eq!(timeouts(3, 0).judge(&limits), LockHealth::Unhealthy, "rule 1 all the same");
    }

    #[test]
    fn the_gauge_is_the_one_that_alerts_are_written_for() {
        let gauges =
            [LockHealth::Healthy, LockHealth::Degraded, LockHealth::Unhealthy].map(LockHealth::gauge);
        assert_eq!(gauges, [1.0, 0.5, 0.0]);
    }

    #[test]
    fn rule_4_nothing_known_is_healthy() {
        assert_eq!(judge(QUIET), LockHealth::Healthy);
    }
}
