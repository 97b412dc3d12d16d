//! What one node said at one moment, taken from its `/metrics`.

use crate::exposition::{self, Sample};
use crate::layout::METRICS_PREFIX;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;

/// A count for each pair of names.
pub(crate) type CountsByTwo = BTreeMap<String, BTreeMap<String, u64>>;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Health {
    Unhealthy,
    Degraded,
    Healthy,
}

impl Health {
    fn from_gauge(value: f64) -> Option<Self> {
        [Self::Unhealthy, Self::Degraded, Self::Healthy].into_iter().find(|health| health.gauge() == value)
    }

    /// As it is served.
    pub(crate) fn gauge(self) -> f64 {
        match self {
            Self::Unhealthy => 0.0,
            Self::Degraded => 0.5,
            Self::Healthy => 1.0,
        }
    }
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unhealthy => "unhealthy",
            Self::Degraded => "degraded",
            Self::Healthy => "healthy",
        })
    }
}

impl Serialize for Health {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.gauge())
    }
}

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct PathReading {
    /// `None` before the first judgement is published.
    pub(crate) health: Option<Health>,
    pub(crate) attempts: BTreeMap<String, u64>,
    pub(crate) timeouts: u64,
    pub(crate) in_flight: u64,
    pub(crate) oldest_in_flight_seconds: f64,
}

impl PathReading {
    pub(crate) fn granted(&self) -> u64 {
        self.attempts_with("success")
    }

    /// Answered, and not granted.
    pub(crate) fn refused(&self) -> u64 {
        self.attempts_with("error")
    }

    fn attempts_with(&self, outcome: &str) -> u64 {
        self.attempts.get(outcome).copied().unwrap_or(0)
    }
}

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Reading {
    pub(crate) paths: BTreeMap<String, PathReading>,
    /// By type and component.
    pub(crate) failure_events: CountsByTwo,
    pub(crate) patterns: BTreeMap<String, u64>,
    /// By pattern and component.
    pub(crate) roots: CountsByTwo,
    pub(crate) critical: BTreeMap<String, f64>,
    /// The drill's own calls to a peer that ended so: by call, peer and outcome, joined by spaces.
    pub(crate) calls: BTreeMap<String, u64>,
    /// How `foreshock` itself fares: every other series of its own without its name's prefix.
    pub(crate) monitor: BTreeMap<String, f64>,
}

impl Reading {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut reading = Self::default();
        for sample in exposition::parse(text).map_err(|malformed| malformed.to_string())? {
            reading.take(&sample)?;
        }
        Ok(reading)
    }

    pub(crate) fn granted(&self, path: &str) -> u64 {
        self.paths.get(path).map_or(0, PathReading::granted)
    }

    pub(crate) fn failures(&self, kind: &str, component: &str) -> u64 {
        self.failure_events.get(kind).and_then(|counts| counts.get(component)).copied().unwrap_or(0)
    }

    pub(crate) fn failures_of_kind(&self, kind: &str) -> u64 {
        self.failure_events.get(kind).map_or(0, |counts| counts.values().sum())
    }

    pub(crate) fn pings_answered_by(&self, peer: &str) -> u64 {
        self.calls.get(&format!("ping {peer} answered")).copied().unwrap_or(0)
    }

    fn take(&mut self, sample: &Sample) -> Result<(), String> {
        if sample.name == "drill_calls_total" {
            let name = [label(sample, "call")?, label(sample, "peer")?, label(sample, "outcome")?].join(" ");
            self.calls.insert(name, count(sample)?);
            return Ok(());
        }
        let Some(name) = sample.name.strip_prefix(METRICS_PREFIX).and_then(|rest| rest.strip_prefix('_'))
        else {
            return Ok(());
        };
        match name {
            "lock_health_status" => {
                let health = Health::from_gauge(sample.value).ok_or_else(|| unexpected(sample))?;
                self.path(sample)?.health = Some(health);
            }
            "lock_health_timeouts_total" => self.path(sample)?.timeouts = count(sample)?,
            "lock_health_attempts_total" => {
                let outcome = label(sample, "outcome")?.to_owned();
                self.path(sample)?.attempts.insert(outcome, count(sample)?);
            }
            "lock_health_in_flight" => self.path(sample)?.in_flight = count(sample)?,
            "lock_health_oldest_in_flight_seconds" => {
                self.path(sample)?.oldest_in_flight_seconds = sample.value;
            }
            "cascading_failure_events_total" => {
                insert(
                    &mut self.failure_events,
                    label(sample, "type")?,
                    label(sample, "component")?,
                    sample,
                )?;
            }
            "cascading_failure_patterns_total" => {
                self.patterns.insert(label(sample, "pattern")?.to_owned(), count(sample)?);
            }
            "cascading_failure_roots_total" => {
                insert(&mut self.roots, label(sample, "pattern")?, label(sample, "component")?, sample)?;
            }
            "cascading_failure_critical" => {
                self.critical.insert(label(sample, "pattern")?.to_owned(), sample.value);
            }
            other => {
                if let Some(own) = other.strip_prefix("foreshock_") {
                    let labels = sample.labels.values().map(|value| format!(" {value}")).collect::<String>();
                    self.monitor.insert(format!("{own}{labels}"), sample.value);
                }
            }
        }
        Ok(())
    }

    fn path(&mut self, sample: &Sample) -> Result<&mut PathReading, String> {
        Ok(self.paths.entry(label(sample, "path")?.to_owned()).or_default())
    }
}

fn insert(counts: &mut CountsByTwo, first: &str, second: &str, sample: &Sample) -> Result<(), String> {
    counts.entry(first.to_owned()).or_default().insert(second.to_owned(), count(sample)?);
    Ok(())
}

fn label<'s>(sample: &'s Sample, name: &str) -> Result<&'s str, String> {
    sample.labels.get(name).map(String::as_str).ok_or_else(|| format!("{} without label {name}", sample.name))
}

fn count(sample: &Sample) -> Result<u64, String> {
    let is_count = sample.value >= 0.0 && sample.value.fract() == 0.0 && sample.value < 2_f64.powi(53);
    // The cast is exact for what the line above lets through.
    if is_count { Ok(sample.value as u64) } else { Err(unexpected(sample)) }
}

fn unexpected(sample: &Sample) -> String {
    format!("{} = {}", sample.name, sample.value)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = r#"
rustfs_lock_health_status{path="config/iam/users"} 0.5
rustfs_lock_health_timeouts_total{path="config/iam/users"} 2
rustfs_lock_health_attempts_total{path="config/iam/users",outcome="success"} 40
rustfs_lock_health_attempts_total{path="config/iam/users",outcome="timeout"} 2
rustfs_lock_health_in_flight{path="config/iam/users"} 1
rustfs_lock_health_oldest_in_flight_seconds{path="config/iam/users"} 1.25
rustfs_lock_health_wait_seconds_bucket{path="config/iam/users",le="+Inf"} 42
rustfs_cascading_failure_events_total{type="peer_unreachable",component="node4"} 7
rustfs_cascading_failure_events_total{type="peer_unreachable",component="node3"} 1
rustfs_cascading_failure_patterns_total{pattern="peer_lock_iam",initial="peer_unreachable"} 1
rustfs_cascading_failure_roots_total{pattern="peer_lock_iam",component="node4"} 1
rustfs_cascading_failure_critical{pattern="peer_lock_iam",initial="peer_unreachable"} 0
rustfs_foreshock_dropped_total{kind="event"} 0
drill_calls_total{call="ping",peer="node2",outcome="answered"} 9
process_cpu_seconds_total 12.5
"#;

    #[test]
    fn every_figure_is_found_under_its_name() {
        let reading = Reading::parse(PAGE).expect("a good page");
        let path = &reading.paths["config/iam/users"];
        assert_eq!(path.health, Some(Health::Degraded));
        assert_eq!((path.timeouts, path.granted(), path.in_flight), (2, 40, 1));
        assert_eq!(path.oldest_in_flight_seconds, 1.25);
        assert_eq!(reading.failures("peer_unreachable", "node4"), 7);
        assert_eq!(reading.failures_of_kind("peer_unreachable"), 8);
        assert_eq!(reading.failures("lock_timeout", "node4"), 0);
        assert_eq!(reading.patterns["peer_lock_iam"], 1);
        assert_eq!(reading.roots["peer_lock_iam"]["node4"], 1);
        assert_eq!(reading.critical["peer_lock_iam"], 0.0);
        assert_eq!(reading.monitor["dropped_total event"], 0.0);
        assert_eq!((reading.pings_answered_by("node2"), reading.pings_answered_by("node3")), (9, 0));
    }

    #[test]
    fn values_that_cannot_be_are_refused() {
        let bad = [
            "rustfs_lock_health_status{path=\"a\"} 0.7",
            "rustfs_lock_health_status{path=\"a\"} NaN",
            "rustfs_lock_health_status 1",
            "rustfs_lock_health_timeouts_total{path=\"a\"} -1",
            "rustfs_cascading_failure_patterns_total{pattern=\"a\"} 1.5",
            "rustfs_cascading_failure_patterns_total{pattern=\"a\"} +Inf",
        ];
        for line in bad {
            assert!(Reading::parse(line).is_err(), "{line}");
        }
    }
}
