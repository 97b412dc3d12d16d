//! Every metric: the one table that code, rules, dashboard and documentation follow.

/// What a metric is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricKind {
    /// Goes up and down.
    Gauge,
    /// Only goes up.
    Counter,
    /// Counts by size.
    Histogram,
}

/// One metric as it is published.
///
/// ```
/// for metric in foreshock::METRICS {
///     println!("{} {:?} {:?}: {}", metric.full_name("rustfs"), metric.kind, metric.labels, metric.help);
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metric {
    /// The name without the prefix.
    pub name: &'static str,
    /// What it is.
    pub kind: MetricKind,
    /// The labels of each of its series.
    pub labels: &'static [&'static str],
    /// What it says, as in its `# HELP` line.
    pub help: &'static str,
}

impl Metric {
    /// The name as it is scraped.
    ///
    /// ```
    /// assert_eq!(foreshock::METRICS[0].full_name("rustfs"), "rustfs_lock_health_status");
    /// ```
    pub fn full_name(&self, prefix: &str) -> String {
        format!("{prefix}_{}", self.name)
    }
}

macro_rules! metrics {
    ($($constant:ident $kind:ident $name:literal [$($label:literal)*] $help:literal;)*) => {
        $(
            pub(crate) const $constant: Metric = Metric {
                name: $name,
                kind: MetricKind::$kind,
                labels: &[$($label),*],
                help: $help,
            };
        )*

        /// Every metric that a monitor publishes.
        ///
        /// ```
        /// assert!(foreshock::METRICS.iter().any(|m| m.name == "cascading_failure_patterns_total"));
        /// ```
        pub const METRICS: &[Metric] = &[$($constant),*];
    };
}

metrics! {
    LOCK_HEALTH_STATUS Gauge "lock_health_status" ["path"]
        "Health of the lock path: 1 healthy, 0.5 degraded, 0 unhealthy.";
    LOCK_HEALTH_TIMEOUTS Counter "lock_health_timeouts_total" ["path"]
        "Attempts on the lock path whose deadline passed.";
    LOCK_HEALTH_ATTEMPTS Counter "lock_health_attempts_total" ["path" "outcome"]
        "Attempts on the lock path by outcome: success, timeout, error, abandoned.";
    LOCK_HEALTH_IN_FLIGHT Gauge "lock_health_in_flight" ["path"]
        "Attempts on the lock path that have not ended.";
    LOCK_HEALTH_OLDEST_IN_FLIGHT Gauge "lock_health_oldest_in_flight_seconds" ["path"]
        "Age of the oldest attempt on the lock path that has not ended, 0 if there is none.";
    LOCK_HEALTH_WAIT Histogram "lock_health_wait_seconds" ["path"]
        "Time from the beginning of an attempt to its success, timeout or error.";
    CASCADE_EVENTS Counter "cascading_failure_events_total" ["type" "component"]
        "Failures by type and component.";
    CASCADE_PATTERNS Counter "cascading_failure_patterns_total" ["pattern" "initial"]
        "Cascades detected: episodes begun, by pattern.";
    CASCADE_ROOTS Counter "cascading_failure_roots_total" ["pattern" "component"]
        "Cascades detected, by the component whose failure came first.";
    CASCADE_OPEN Gauge "cascading_failure_open" ["pattern" "initial"]
        "1 while a cascade of the pattern goes on, else 0.";
    CASCADE_CRITICAL Gauge "cascading_failure_critical" ["pattern" "initial"]
        "1 while cascades of the pattern recur, else 0.";
    DROPPED Counter "foreshock_dropped_total" ["kind"]
        "Records that found no room, by what was dropped. Counts of outcomes and failures stay exact.";
    LATE_EVENTS Counter "foreshock_late_events_total" []
        "Failure events that arrived too late to take part in a cascade.";
    LOCAL_PAUSES Counter "foreshock_local_pauses_total" []
        "Times that this process stood still for so long that its own timeouts mean nothing.";
    PANICS Counter "foreshock_panics_total" []
        "Panics caught in the collector.";
    LAST_TICK Gauge "foreshock_last_tick_timestamp_seconds" []
        "When the collector last looked, in seconds since the Unix epoch.";
    TICK Gauge "foreshock_tick_seconds" []
        "How long the collector's last tick took.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_conventions() {
        for metric in METRICS {
            let is_total = metric.name.ends_with("_total");
            assert_eq!(is_total, metric.kind == MetricKind::Counter, "{}", metric.name);
            assert!(metric.help.ends_with('.'), "{}", metric.name);
            let twins = METRICS.iter().filter(|other| other.name == metric.name);
            assert_eq!(twins.count(), 1, "{}", metric.name);
        }
    }
}
