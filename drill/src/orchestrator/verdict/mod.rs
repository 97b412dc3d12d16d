//! What was expected, what was seen, and whether the one is the other. Pure: evidence in, verdict out.

mod lock_health;
mod lost_peer;
#[cfg(test)]
pub(crate) mod sample_run;

use super::evidence::Evidence;
use crate::arguments::Fault;
use crate::layout::NodeId;
pub(crate) use lock_health::PathsOfNode;
pub(crate) use lost_peer::CascadesOfNode;
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;

/// The two scenarios of the document that describes the system.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Verdict {
    pub(crate) held: bool,
    pub(crate) fault: Fault,
    /// Lock health degrades, and recovers by itself.
    pub(crate) scenario_1: Scenario<PathsOfNode>,
    /// A lost peer that pulls others down is one cascade, and known as its root.
    pub(crate) scenario_2: Scenario<CascadesOfNode>,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Scenario<T> {
    pub(crate) held: bool,
    pub(crate) expected: &'static str,
    pub(crate) seen: String,
    pub(crate) mismatches: Vec<Mismatch>,
    pub(crate) survivors: BTreeMap<NodeId, T>,
}

/// One thing that came out other than expected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Mismatch {
    pub(crate) node: NodeId,
    pub(crate) expected: String,
    pub(crate) seen: String,
}

impl Verdict {
    pub(crate) fn on(evidence: &Evidence) -> Self {
        let scenario_1 = lock_health::judge(evidence);
        let scenario_2 = lost_peer::judge(evidence);
        Self { held: scenario_1.held && scenario_2.held, fault: evidence.fault, scenario_1, scenario_2 }
    }
}

impl<T> Scenario<T> {
    /// Held if nothing came out other than expected, and there was something to look at.
    fn new(
        expected: &'static str,
        mismatches: Vec<Mismatch>,
        survivors: BTreeMap<NodeId, T>,
        describe: impl Fn(&T) -> String,
    ) -> Self {
        let seen = survivors.iter().map(|(node, seen)| format!("{node}: {}", describe(seen)));
        let seen = seen.collect::<Vec<_>>().join("; ");
        Self { held: mismatches.is_empty() && !survivors.is_empty(), expected, seen, mismatches, survivors }
    }
}

/// Collects what differs, in words.
struct Comparison {
    node: NodeId,
    mismatches: Vec<Mismatch>,
}

impl Comparison {
    fn of(node: NodeId) -> Self {
        Self { node, mismatches: Vec::new() }
    }

    fn require(&mut self, holds: bool, expected: impl Into<String>, seen: impl Into<String>) {
        if !holds {
            self.mismatches.push(Mismatch { node: self.node, expected: expected.into(), seen: seen.into() });
        }
    }
}

/// To the millisecond, which is more than the readings tell.
pub(crate) fn seconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e3).round() / 1e3
}

fn seconds_between(from: Option<Duration>, to: Option<Duration>) -> Option<f64> {
    Some(seconds(to?.checked_sub(from?)?))
}
