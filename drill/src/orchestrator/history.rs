//! What became of one node's figures in the course of the drill.

use super::reading::{Health, Reading};
use std::collections::BTreeMap;
use std::time::Duration;

/// Something that a reading shows and the one before did not.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Change {
    /// The node answers, after silence or for the first time.
    Answers,
    /// The node no longer answers.
    Silent,
    PathHealth {
        path: String,
        from: Health,
        to: Health,
        timeouts: u64,
    },
    /// The first failure of its type on this component.
    FirstFailure {
        kind: String,
        component: String,
    },
    Episode {
        pattern: String,
        roots: Vec<String>,
    },
    Critical {
        pattern: String,
    },
}

/// All times are since the start of the drill.
#[derive(Clone, Debug, Default)]
pub(crate) struct History {
    latest: Option<Reading>,
    is_silent: bool,
    /// Of each path: the first health, and then each other one with its time.
    health: BTreeMap<String, Vec<(Duration, Health)>>,
    episodes: BTreeMap<String, Vec<Duration>>,
    last_failure: Option<Duration>,
    peak_critical: f64,
}

impl History {
    pub(crate) fn latest(&self) -> Option<&Reading> {
        self.latest.as_ref()
    }

    pub(crate) fn is_answering(&self) -> bool {
        self.latest.is_some() && !self.is_silent
    }

    pub(crate) fn health_of(&self, path: &str) -> &[(Duration, Health)] {
        self.health.get(path).map_or(&[], Vec::as_slice)
    }

    /// When each episode of the pattern was first seen.
    pub(crate) fn episodes_of(&self, pattern: &str) -> &[Duration] {
        self.episodes.get(pattern).map_or(&[], Vec::as_slice)
    }

    /// When a failure was last seen to be counted, of whatever type.
    pub(crate) fn last_failure(&self) -> Option<Duration> {
        self.last_failure
    }

    /// The highest that any critical gauge ever stood.
    pub(crate) fn peak_critical(&self) -> f64 {
        self.peak_critical
    }

    pub(crate) fn record_silence(&mut self) -> Vec<Change> {
        if !self.is_answering() {
            return Vec::new();
        }
        self.is_silent = true;
        vec![Change::Silent]
    }

    pub(crate) fn record(&mut self, at: Duration, reading: Reading) -> Vec<Change> {
        let mut changes = Vec::new();
        if !self.is_answering() {
            changes.push(Change::Answers);
        }
        let before = self.latest.take().unwrap_or_default();
        self.note_failures(at, &before, &reading, &mut changes);
        self.note_health(at, &reading, &mut changes);
        self.note_episodes(at, &before, &reading, &mut changes);
        self.note_critical(&before, &reading, &mut changes);
        self.latest = Some(reading);
        self.is_silent = false;
        changes
    }

    fn note_health(&mut self, at: Duration, reading: &Reading, changes: &mut Vec<Change>) {
        for (path, figures) in &reading.paths {
            let Some(to) = figures.health else { continue };
            let seen = self.health.entry(path.clone()).or_default();
            match seen.last() {
                Some(&(_, from)) if from == to => continue,
                Some(&(_, from)) => {
                    changes.push(Change::PathHealth {
                        path: path.clone(),
                        from,
                        to,
                        timeouts: figures.timeouts,
                    });
                }
                None => {}
            }
            seen.push((at, to));
        }
    }

    fn note_failures(&mut self, at: Duration, before: &Reading, now: &Reading, changes: &mut Vec<Change>) {
        for (kind, counts) in &now.failure_events {
            for (component, &count) in counts {
                let counted_before = before.failures(kind, component);
                if count > counted_before {
                    self.last_failure = Some(at);
                }
                if count > 0 && counted_before == 0 {
                    changes.push(Change::FirstFailure { kind: kind.clone(), component: component.clone() });
                }
            }
        }
    }

    fn note_episodes(&mut self, at: Duration, before: &Reading, now: &Reading, changes: &mut Vec<Change>) {
        for (pattern, &count) in &now.patterns {
            let counted_before = before.patterns.get(pattern).copied().unwrap_or(0);
            if count > counted_before {
                let new = count - counted_before;
                self.episodes.entry(pattern.clone()).or_default().extend((0..new).map(|_| at));
                changes.push(Change::Episode {
                    pattern: pattern.clone(),
                    roots: new_roots(pattern, before, now),
                });
            }
        }
    }

    fn note_critical(&mut self, before: &Reading, now: &Reading, changes: &mut Vec<Change>) {
        for (pattern, &value) in &now.critical {
            self.peak_critical = self.peak_critical.max(value);
            if value > before.critical.get(pattern).copied().unwrap_or(0.0) {
                changes.push(Change::Critical { pattern: pattern.clone() });
            }
        }
    }
}

/// The components whose count as a root of the pattern rose.
fn new_roots(pattern: &str, before: &Reading, now: &Reading) -> Vec<String> {
    let counted_before = |component: &str| {
        before.roots.get(pattern).and_then(|counts| counts.get(component)).copied().unwrap_or(0)
    };
    let counts = now.roots.get(pattern).into_iter().flatten();
    counts
        .filter(|(component, count)| **count > counted_before(component))
        .map(|(component, _)| component.clone())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn reading(text: &str) -> Reading {
        Reading::parse(text).expect("a good page")
    }

    #[test]
    fn only_what_is_new_is_a_change() {
        let mut history = History::default();
        let healthy = reading("rustfs_lock_health_status{path=\"a\"} 1");
        assert_eq!(history.record(at(1), healthy.clone()), [Change::Answers]);
        assert_eq!(history.record(at(2), healthy), []);
        let degraded =
            "rustfs_lock_health_status{path=\"a\"} 0.5\nrustfs_lock_health_timeouts_total{path=\"a\"} 1";
        let change =
            Change::PathHealth { path: "a".into(), from: Health::Healthy, to: Health::Degraded, timeouts: 1 };
        assert_eq!(history.record(at(3), reading(degraded)), [change]);
        assert_eq!(history.health_of("a"), [(at(1), Health::Healthy), (at(3), Health::Degraded)]);
        assert_eq!(history.health_of("b"), []);
    }

    #[test]
    fn silence_is_one_change_and_so_is_its_end() {
        let mut history = History::default();
        assert_eq!(history.record_silence(), []);
        history.record(at(1), Reading::default());
        assert_eq!(history.record_silence(), [Change::Silent]);
        assert_eq!(history.record_silence(), []);
        assert!(!history.is_answering());
        assert_eq!(history.record(at(9), Reading::default()), [Change::Answers]);
    }

    #[test]
    fn failures_count_as_activity_each_time_and_as_a_change_once() {
        let mut history = History::default();
        let events = |count: u32| {
            reading(&format!("rustfs_cascading_failure_events_total{{type=\"t\",component=\"c\"}} {count}"))
        };
        history.record(at(1), events(0));
        assert_eq!(history.last_failure(), None);
        let first = Change::FirstFailure { kind: "t".into(), component: "c".into() };
        assert_eq!(history.record(at(2), events(1)), [first]);
        assert_eq!(history.record(at(3), events(2)), []);
        assert_eq!(history.record(at(4), events(2)), []);
        assert_eq!(history.last_failure(), Some(at(3)));
    }

    #[test]
    fn an_episode_is_told_with_its_root() {
        let mut history = History::default();
        let page = |count: u32, root: &str| {
            reading(&format!(
                "rustfs_cascading_failure_patterns_total{{pattern=\"p\",initial=\"i\"}} {count}\n\
                 rustfs_cascading_failure_roots_total{{pattern=\"p\",component=\"{root}\"}} {count}\n\
                 rustfs_cascading_failure_critical{{pattern=\"p\",initial=\"i\"}} {}",
                u32::from(count >= 3)
            ))
        };
        history.record(at(1), page(0, "node4"));
        let episode = Change::Episode { pattern: "p".into(), roots: vec!["node4".into()] };
        assert_eq!(history.record(at(2), page(1, "node4")), std::slice::from_ref(&episode));
        let critical = Change::Critical { pattern: "p".into() };
        assert_eq!(history.record(at(5), page(3, "node4")), [episode, critical]);
        assert_eq!(history.episodes_of("p"), [at(2), at(5), at(5)]);
        assert_eq!(history.peak_critical(), 1.0);
    }
}
