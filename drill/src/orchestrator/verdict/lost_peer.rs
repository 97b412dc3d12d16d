//! Scenario 2: what the survivors made of the loss of their peer.

use super::{Comparison, Scenario, seconds_between};
use crate::arguments::Fault;
use crate::layout::NodeId;
use crate::orchestrator::evidence::Evidence;
use crate::orchestrator::reading::{CountsByTwo, Reading};
use serde::Serialize;
use std::collections::BTreeMap;

const PATTERN: &str = "peer_lock_iam";
/// The document expects the cascade to be counted by then.
const EPISODE_LIMIT_SECONDS: f64 = 60.0;

#[derive(Clone, Debug, Serialize)]
pub(crate) struct CascadesOfNode {
    /// From the cut to the first episode of `peer_lock_iam`.
    pub(crate) episode_seconds: Option<f64>,
    /// Episodes of each pattern. The other two are no part of the verdict: they are what they are.
    pub(crate) patterns: BTreeMap<String, u64>,
    /// By pattern and component.
    pub(crate) roots: CountsByTwo,
    /// The highest that any critical gauge stood at any time.
    pub(crate) peak_critical: f64,
    pub(crate) peer_unreachable_events_total: u64,
    pub(crate) lock_timeout_events_total: u64,
    pub(crate) iam_operation_timeout_events_total: u64,
}

pub(super) fn judge(evidence: &Evidence) -> Scenario<CascadesOfNode> {
    let mut mismatches = Vec::new();
    let mut survivors = BTreeMap::new();
    for node in NodeId::survivors() {
        let mut comparison = Comparison::of(node);
        let seen = cascades(evidence, node);
        comparison.require(evidence.cut().is_some(), "a node is cut off", "none was");
        require_a_cause(&mut comparison, &seen);
        match evidence.fault {
            Fault::PowerCut => require_one_episode(&mut comparison, &seen),
            Fault::Kill => require_no_episode(&mut comparison, &seen),
        }
        mismatches.append(&mut comparison.mismatches);
        survivors.insert(node, seen);
    }
    let expected = match evidence.fault {
        Fault::PowerCut => {
            "on each survivor exactly one peer_lock_iam episode is counted, within 60 s of the cut, \
             with node4 as its only root, and no pattern becomes critical"
        }
        Fault::Kill => {
            "on each survivor node4 is counted as unreachable, and no peer_lock_iam episode opens: \
             a lost peer that pulls nothing down is no cascade"
        }
    };
    Scenario::new(expected, mismatches, survivors, CascadesOfNode::describe)
}

/// Whatever the fault, the survivors met it themselves.
fn require_a_cause(comparison: &mut Comparison, seen: &CascadesOfNode) {
    comparison.require(
        seen.peer_unreachable_events_total >= 1,
        format!("{} is counted as unreachable", NodeId::CUT),
        seen.describe(),
    );
    let is_calm = seen.peak_critical == 0.0;
    comparison.require(
        is_calm,
        "no pattern is ever critical",
        format!("the gauge stood at {}", seen.peak_critical),
    );
}

fn require_one_episode(comparison: &mut Comparison, seen: &CascadesOfNode) {
    let count = seen.count();
    comparison.require(count == Some(1), format!("one {PATTERN} episode"), seen.describe());
    let only_root = BTreeMap::from([(NodeId::CUT.to_string(), 1)]);
    comparison.require(
        seen.roots_of_pattern() == only_root,
        format!("{} is the root of one {PATTERN} episode, and nothing else of any", NodeId::CUT),
        seen.describe(),
    );
    comparison.require(
        seen.episode_seconds.is_some_and(|seconds| seconds <= EPISODE_LIMIT_SECONDS),
        format!("the episode opens within {EPISODE_LIMIT_SECONDS} s of the cut"),
        seen.episode_seconds.map_or_else(|| "none opened".to_owned(), |seconds| format!("{seconds} s")),
    );
    comparison.require(
        seen.lock_timeout_events_total >= 2,
        "two lock timeouts or more are counted",
        seen.lock_timeout_events_total.to_string(),
    );
}

fn require_no_episode(comparison: &mut Comparison, seen: &CascadesOfNode) {
    // The series must be there: an absent one would say nothing.
    comparison.require(seen.count() == Some(0), format!("no {PATTERN} episode"), seen.describe());
    comparison.require(
        seen.roots_of_pattern().is_empty(),
        format!("nothing is the root of a {PATTERN} episode"),
        seen.describe(),
    );
}

fn cascades(evidence: &Evidence, node: NodeId) -> CascadesOfNode {
    let history = evidence.history(node);
    let nothing = Reading::default();
    let reading = history.latest().unwrap_or(&nothing);
    let cut = evidence.cut().map(|mark| mark.at);
    CascadesOfNode {
        episode_seconds: seconds_between(cut, history.episodes_of(PATTERN).first().copied()),
        patterns: reading.patterns.clone(),
        roots: reading.roots.clone(),
        peak_critical: history.peak_critical(),
        peer_unreachable_events_total: reading.failures("peer_unreachable", &NodeId::CUT.to_string()),
        lock_timeout_events_total: reading.failures_of_kind("lock_timeout"),
        iam_operation_timeout_events_total: reading.failures_of_kind("iam_operation_timeout"),
    }
}

impl CascadesOfNode {
    /// `None` if the node does not serve the pattern's counter.
    fn count(&self) -> Option<u64> {
        self.patterns.get(PATTERN).copied()
    }

    /// Without those that are served as zero.
    fn roots_of_pattern(&self) -> BTreeMap<String, u64> {
        let counts = self.roots.get(PATTERN).into_iter().flatten();
        counts
            .filter(|(_, count)| **count > 0)
            .map(|(component, count)| (component.clone(), *count))
            .collect()
    }

    fn describe(&self) -> String {
        let count = self.count().map_or_else(|| "no counter of".to_owned(), |count| count.to_string());
        let roots = self.roots_of_pattern();
        let roots =
            roots.iter().map(|(component, count)| format!("{component} x{count}")).collect::<Vec<_>>();
        format!(
            "{count} {PATTERN}, roots [{}]; {} unreachable {}, lock timeouts {}, IAM timeouts {}",
            roots.join(", "),
            NodeId::CUT,
            self.peer_unreachable_events_total,
            self.lock_timeout_events_total,
            self.iam_operation_timeout_events_total
        )
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample_run::SampleRun;
    use super::*;

    #[test]
    fn one_episode_with_the_right_root_holds() {
        let scenario = judge(&SampleRun::power_cut().evidence());
        assert!(scenario.held, "{:?}", scenario.mismatches);
        assert_eq!(scenario.survivors[&NodeId::ALL[2]].episode_seconds, Some(3.0));
    }

    #[test]
    fn each_way_to_fail_fails() {
        type Spoil = fn(&mut SampleRun);
        let spoil: [(&str, Spoil); 9] = [
            ("no episode", |run| run.episodes = vec![]),
            ("two episodes", |run| run.episodes = vec![3, 40]),
            ("one before the cut", |run| run.episode_before_cut = true),
            ("another root", |run| run.root = "node3"),
            ("a second root", |run| run.second_root = Some("config/iam/users")),
            ("critical for a while", |run| run.critical_between = Some((10, 12))),
            ("nobody unreachable", |run| run.peer_unreachable = 0),
            ("one lock timeout", |run| run.lock_timeouts = 1),
            ("no such counter", |run| run.serves_patterns = false),
        ];
        for (name, spoil) in spoil {
            let mut run = SampleRun::power_cut();
            spoil(&mut run);
            let scenario = judge(&run.evidence());
            assert!(!scenario.held, "{name}");
            assert!(!scenario.mismatches.is_empty(), "{name}");
        }
    }

    #[test]
    fn after_a_kill_no_episode_holds_and_everything_else_fails() {
        let scenario = judge(&SampleRun::kill().evidence());
        assert!(scenario.held, "{:?}", scenario.mismatches);

        let spoil: [fn(&mut SampleRun); 4] = [
            |run| run.episodes = vec![3],
            |run| run.peer_unreachable = 0,
            |run| run.critical_between = Some((10, 12)),
            |run| run.serves_patterns = false,
        ];
        for spoil in spoil {
            let mut run = SampleRun::kill();
            spoil(&mut run);
            assert!(!judge(&run.evidence()).held);
        }
    }

    #[test]
    fn a_run_without_a_cut_does_not_hold() {
        for fault in [Fault::PowerCut, Fault::Kill] {
            assert!(!judge(&Evidence::new(fault)).held);
        }
    }
}
