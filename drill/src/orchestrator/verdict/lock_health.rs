//! Scenario 1: what became of the survivors' lock paths.

use super::{Comparison, Scenario, seconds_between};
use crate::arguments::Fault;
use crate::layout::NodeId;
use crate::orchestrator::evidence::Evidence;
use crate::orchestrator::reading::{Health, Reading};
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;

/// Times of the first path to go down and of the last to come back.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct PathsOfNode {
    /// From the cut.
    pub(crate) degraded_seconds: Option<f64>,
    /// From the cut.
    pub(crate) unhealthy_seconds: Option<f64>,
    /// From the return of the node. `None` if a path did not recover, or none had to.
    pub(crate) recovered_seconds: Option<f64>,
    pub(crate) paths: BTreeMap<String, PathCourse>,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct PathCourse {
    pub(crate) degraded_seconds: Option<f64>,
    pub(crate) unhealthy_seconds: Option<f64>,
    pub(crate) recovered_seconds: Option<f64>,
    /// The health at the cut, and then each other one in turn.
    pub(crate) health: Vec<Health>,
    pub(crate) granted_before_cut_total: u64,
    pub(crate) granted_in_outage_total: u64,
    pub(crate) granted_after_return_total: u64,
    pub(crate) timeouts_total: u64,
}

pub(super) fn judge(evidence: &Evidence) -> Scenario<PathsOfNode> {
    let mut mismatches = Vec::new();
    let mut survivors = BTreeMap::new();
    for node in NodeId::survivors() {
        let mut comparison = Comparison::of(node);
        comparison.require(
            evidence.history(node).is_answering(),
            "its /metrics answers at the end",
            "it does not, and the last figures may be old",
        );
        let mut paths = BTreeMap::new();
        for path in node.lock_paths() {
            let course = course(evidence, node, &path);
            match evidence.fault {
                Fault::PowerCut => require_fall_and_recovery(&mut comparison, &path, &course),
                Fault::Kill => require_steadiness(&mut comparison, &path, &course),
            }
            paths.insert(path, course);
        }
        mismatches.append(&mut comparison.mismatches);
        survivors.insert(node, PathsOfNode::over(paths));
    }
    let expected = match evidence.fault {
        Fault::PowerCut => {
            "on each survivor every lock path goes from 1 (healthy) to 0.5 (degraded) to 0 (unhealthy), \
             and comes back to 1 by itself after the node has returned"
        }
        Fault::Kill => {
            "on each survivor every lock path stays 1 (healthy) and is granted throughout: \
             three of four nodes are a quorum, and a refused connection fails at once"
        }
    };
    Scenario::new(expected, mismatches, survivors, PathsOfNode::describe)
}

fn require_fall_and_recovery(comparison: &mut Comparison, path: &str, course: &PathCourse) {
    let seen = course.describe(path);
    let health = course.health.as_slice();
    comparison.require(
        matches!(health, [Health::Healthy, Health::Degraded, ..]),
        format!("{path} goes from 1 to 0.5 first"),
        seen.as_str(),
    );
    comparison.require(health.contains(&Health::Unhealthy), format!("{path} reaches 0"), seen.as_str());
    comparison.require(
        health.len() > 1 && health.last() == Some(&Health::Healthy),
        format!("{path} comes back to 1"),
        seen.as_str(),
    );
    let times_healthy = health.iter().filter(|&&state| state == Health::Healthy).count();
    comparison.require(times_healthy <= 2, format!("{path} comes back to 1 once, to stay"), seen.as_str());
    comparison.require(
        course.granted_after_return_total > 0,
        format!("{path} is granted after the return"),
        seen.as_str(),
    );
}

fn require_steadiness(comparison: &mut Comparison, path: &str, course: &PathCourse) {
    let seen = course.describe(path);
    comparison.require(course.health == [Health::Healthy], format!("{path} stays at 1"), seen.as_str());
    comparison.require(
        course.granted_in_outage_total > 0,
        format!("{path} is granted while the node is gone"),
        seen.as_str(),
    );
    comparison.require(
        course.granted_after_return_total > 0,
        format!("{path} is granted after the return"),
        seen.as_str(),
    );
}

fn course(evidence: &Evidence, node: NodeId, path: &str) -> PathCourse {
    let history = evidence.history(node);
    let cut = evidence.cut().map(|mark| mark.at);
    let back = evidence.back().map(|mark| mark.at);
    let since_cut = |at: Duration| cut.is_some_and(|cut| at >= cut);

    let all = history.health_of(path);
    let at_cut = all.iter().rev().find(|(at, _)| !since_cut(*at));
    let after: Vec<_> = all.iter().filter(|(at, _)| since_cut(*at)).collect();
    let first = |wanted: Health| after.iter().find(|(_, health)| *health == wanted).map(|(at, _)| *at);
    let recovered = after.last().filter(|(_, health)| *health == Health::Healthy).map(|(at, _)| *at);

    let granted = |reading: Option<&Reading>| reading.map_or(0, |reading| reading.granted(path));
    let before_cut = granted(evidence.cut().map(|mark| mark.reading(node)));
    let before_return = granted(evidence.back().map(|mark| mark.reading(node)));
    let last = history.latest();
    PathCourse {
        degraded_seconds: seconds_between(cut, first(Health::Degraded)),
        unhealthy_seconds: seconds_between(cut, first(Health::Unhealthy)),
        recovered_seconds: seconds_between(back, recovered),
        health: at_cut.into_iter().chain(after).map(|(_, health)| *health).collect(),
        granted_before_cut_total: before_cut,
        granted_in_outage_total: before_return.saturating_sub(before_cut),
        granted_after_return_total: granted(last).saturating_sub(before_return),
        timeouts_total: last.and_then(|reading| reading.paths.get(path)).map_or(0, |path| path.timeouts),
    }
}

impl PathCourse {
    fn describe(&self, path: &str) -> String {
        format!(
            "{path} was {}; granted {} times before the cut, {} in the outage, {} after; {} timeouts",
            self.arrows(),
            self.granted_before_cut_total,
            self.granted_in_outage_total,
            self.granted_after_return_total,
            self.timeouts_total
        )
    }

    fn arrows(&self) -> String {
        let states = self.health.iter().map(|health| health.gauge().to_string());
        states.collect::<Vec<_>>().join(" -> ")
    }
}

impl PathsOfNode {
    fn over(paths: BTreeMap<String, PathCourse>) -> Self {
        let first = |time: fn(&PathCourse) -> Option<f64>| paths.values().filter_map(time).reduce(f64::min);
        let has_unrecovered = paths.values().any(|path| path.recovered_seconds.is_none());
        let last_recovered = paths.values().filter_map(|path| path.recovered_seconds).reduce(f64::max);
        Self {
            degraded_seconds: first(|path| path.degraded_seconds),
            unhealthy_seconds: first(|path| path.unhealthy_seconds),
            recovered_seconds: last_recovered.filter(|_| !has_unrecovered),
            paths,
        }
    }

    fn describe(&self) -> String {
        let courses = self.paths.iter().map(|(path, course)| format!("{path} {}", course.arrows()));
        courses.collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample_run::SampleRun;
    use super::*;

    #[test]
    fn a_fall_and_a_recovery_hold() {
        let scenario = judge(&SampleRun::power_cut().evidence());
        assert!(scenario.held, "{:?}", scenario.mismatches);
        let node = &scenario.survivors[&NodeId::ALL[0]];
        assert_eq!(node.degraded_seconds, Some(2.0));
        assert_eq!(node.unhealthy_seconds, Some(6.0));
        assert_eq!(node.recovered_seconds, Some(30.0));
        assert_eq!(scenario.survivors.len(), 3);
    }

    #[test]
    fn every_other_course_fails() {
        let bad: [&[(u64, f64)]; 8] = [
            &[],
            &[(2, 0.5)],
            &[(2, 0.0), (45, 1.0)],
            &[(2, 0.5), (45, 1.0)],
            &[(2, 0.5), (6, 0.0)],
            &[(2, 0.5), (6, 0.0), (16, 0.5)],
            &[(2, 0.5), (4, 1.0), (6, 0.5), (8, 0.0), (45, 1.0)],
            &[(2, 0.5), (6, 0.0), (20, 1.0), (22, 0.5), (45, 1.0)],
        ];
        for course in bad {
            let mut run = SampleRun::power_cut();
            run.health_on_node2 = course.to_vec();
            let scenario = judge(&run.evidence());
            assert!(!scenario.held, "{course:?}");
            assert!(scenario.mismatches.iter().all(|mismatch| mismatch.node.to_string() == "node2"));
        }
    }

    #[test]
    fn the_unrecovered_have_no_time_of_recovery() {
        let mut run = SampleRun::power_cut();
        run.health_on_node2 = vec![(2, 0.5), (6, 0.0)];
        let scenario = judge(&run.evidence());
        assert_eq!(scenario.survivors[&NodeId::ALL[1]].recovered_seconds, None);
        assert!(scenario.seen.contains("1 -> 0.5 -> 0"), "{}", scenario.seen);
    }

    #[test]
    fn a_path_that_is_not_granted_again_fails() {
        let mut run = SampleRun::power_cut();
        run.granted = [50, 50, 50];
        assert!(!judge(&run.evidence()).held);
    }

    #[test]
    fn after_a_kill_steadiness_holds_and_everything_else_fails() {
        assert!(judge(&SampleRun::kill().evidence()).held);

        let mut dipped = SampleRun::kill();
        dipped.health_on_node2 = vec![(2, 0.5), (32, 1.0)];
        assert!(!judge(&dipped.evidence()).held);

        let mut stuck = SampleRun::kill();
        stuck.granted = [50, 50, 90];
        assert!(!judge(&stuck.evidence()).held);
    }

    #[test]
    fn a_survivor_that_is_silent_at_the_end_fails() {
        let mut evidence = SampleRun::power_cut().evidence();
        evidence.history_mut(NodeId::ALL[0]).record_silence();
        assert!(!judge(&evidence).held);
    }

    #[test]
    fn a_run_without_a_cut_does_not_hold() {
        for fault in [Fault::PowerCut, Fault::Kill] {
            assert!(!judge(&Evidence::new(fault)).held);
        }
    }
}
