//! Everything as one line of JSON.

use crate::handshake::Ports;
use crate::layout::NodeId;
use crate::orchestrator::drill::Outcome;
use crate::orchestrator::reading::Reading;
use crate::orchestrator::verdict::{Verdict, seconds};
use serde::Serialize;
use std::collections::BTreeMap;

#[derive(Serialize)]
struct Report<'o> {
    #[serde(flatten)]
    verdict: &'o Verdict,
    outage_seconds: f64,
    duration_seconds: f64,
    ports: &'o BTreeMap<NodeId, Ports>,
    /// Every figure as it was last read from each node.
    nodes: BTreeMap<NodeId, &'o Reading>,
}

pub(super) fn of(outcome: &Outcome) -> String {
    let latest = |node| Some((node, outcome.evidence.history(node).latest()?));
    let report = Report {
        verdict: &outcome.verdict,
        outage_seconds: seconds(outcome.outage),
        duration_seconds: seconds(outcome.duration),
        ports: &outcome.ports,
        nodes: NodeId::ALL.into_iter().filter_map(latest).collect(),
    };
    serde_json::to_string(&report).expect("names and numbers are JSON")
}

#[cfg(test)]
mod tests {
    use super::super::outcome;
    use super::*;
    use crate::orchestrator::verdict::sample_run::SampleRun;

    fn report(run: &SampleRun) -> serde_json::Value {
        let json = of(&outcome(run));
        assert!(!json.contains('\n'));
        serde_json::from_str(&json).expect("it is JSON")
    }

    #[test]
    fn the_verdict_the_times_and_the_figures_are_there() {
        let report = report(&SampleRun::power_cut());
        assert_eq!(report["held"], true);
        assert_eq!(report["fault"], "power_cut");
        assert_eq!(report["duration_seconds"], 51.234);
        assert_eq!(report["ports"]["node4"]["metrics"], 2);
        assert_eq!(report["scenario_1"]["held"], true);
        assert_eq!(report["scenario_1"]["survivors"]["node1"]["unhealthy_seconds"], 6.0);
        assert_eq!(report["scenario_2"]["held"], true);
        assert_eq!(report["scenario_2"]["survivors"]["node3"]["episode_seconds"], 3.0);
        assert_eq!(report["scenario_2"]["survivors"]["node3"]["roots"]["peer_lock_iam"]["node4"], 1);
        assert_eq!(report["nodes"]["node2"]["patterns"]["peer_lock_iam"], 1);
    }

    #[test]
    fn a_scenario_that_did_not_hold_takes_the_whole_with_it() {
        let mut run = SampleRun::power_cut();
        run.episodes = vec![3, 40];
        let report = report(&run);
        assert_eq!(report["held"], false);
        assert_eq!(report["scenario_1"]["held"], true);
        assert_eq!(report["scenario_2"]["held"], false);
        assert_eq!(report["scenario_2"]["mismatches"][0]["node"], "node1");
    }
}
