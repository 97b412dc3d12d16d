//! What happens when, as plain data, and the conditions that it waits for.

use super::evidence::Evidence;
use super::reading::Health;
use crate::layout::NodeId;
use std::fmt;
use std::time::Duration;

/// So much steady work is watched before the cut.
const STEADY: Duration = Duration::from_secs(5);
/// A little more than the 30 s window of `peer_lock_iam`: no failure so long, and its count is final.
const QUIET: Duration = Duration::from_secs(31);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Goes on as soon as the condition holds. If it does not in time, there is nothing to judge.
    Require {
        condition: Condition,
        limit: Duration,
    },
    /// Goes on as soon as the condition holds, and also if it does not in time: the verdict tells.
    Await {
        condition: Condition,
        limit: Duration,
    },
    Watch {
        what: &'static str,
        time: Duration,
    },
    Cut(NodeId),
    BringBack(NodeId),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Condition {
    /// Every node has every peer, and every path is healthy and was granted so often.
    Steady { min_granted: u64 },
    /// Every path of the survivors is healthy and granted again, the node that was cut answers, and no survivor
    /// has met a failure for so long.
    Settled { quiet: Duration },
}

pub(crate) fn timeline(outage: Duration) -> Vec<Step> {
    // A timeout takes 2 s, so that the outage sees fewer timeouts than it has seconds. With more successes than
    // that before it, timeouts are not half of the attempts, and the path recovers 30 s after the last of them
    // and not when the outage leaves the window of 5 min.
    let enough = outage.as_secs();
    vec![
        Step::Require { condition: Condition::Steady { min_granted: 1 }, limit: Duration::from_secs(15) },
        Step::Watch { what: "steady work", time: STEADY },
        Step::Require { condition: Condition::Steady { min_granted: enough }, limit: Duration::from_secs(5) },
        Step::Cut(NodeId::CUT),
        Step::Watch { what: "one node is gone", time: outage },
        Step::BringBack(NodeId::CUT),
        Step::Await { condition: Condition::Settled { quiet: QUIET }, limit: Duration::from_secs(40) },
    ]
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Steady { min_granted } => {
                write!(
                    f,
                    "every node has every peer and every lock path was granted {min_granted} times or more"
                )
            }
            Self::Settled { quiet } => {
                write!(f, "the survivors have recovered and met no failure for {} s", quiet.as_secs())
            }
        }
    }
}

impl Condition {
    /// `None` once it holds, else the first thing that is missing.
    pub(crate) fn missing(&self, evidence: &Evidence, now: Duration) -> Option<String> {
        match *self {
            Self::Steady { min_granted } => {
                NodeId::ALL.into_iter().find_map(|node| steady_lacks(evidence, node, min_granted))
            }
            Self::Settled { quiet } => {
                let unsettled =
                    NodeId::survivors().find_map(|node| settled_lacks(evidence, node, now, quiet));
                unsettled.or_else(|| {
                    let is_back = evidence.history(NodeId::CUT).is_answering();
                    (!is_back).then(|| format!("{} does not answer", NodeId::CUT))
                })
            }
        }
    }
}

fn steady_lacks(evidence: &Evidence, node: NodeId, min_granted: u64) -> Option<String> {
    let history = evidence.history(node);
    let Some(reading) = history.latest().filter(|_| history.is_answering()) else {
        return Some(format!("{node} does not answer"));
    };
    if let Some(peer) = node.others().find(|peer| reading.pings_answered_by(&peer.to_string()) == 0) {
        return Some(format!("{node} has not reached {peer}"));
    }
    node.lock_paths().into_iter().find_map(|path| {
        let granted = reading.granted(&path);
        if granted < min_granted {
            return Some(format!("{path} was granted {granted} times on {node}, wanted are {min_granted}"));
        }
        not_healthy(evidence, node, &path)
    })
}

fn settled_lacks(evidence: &Evidence, node: NodeId, now: Duration, quiet: Duration) -> Option<String> {
    let history = evidence.history(node);
    let Some(reading) = history.latest().filter(|_| history.is_answering()) else {
        return Some(format!("{node} does not answer"));
    };
    if history.last_failure().is_some_and(|last| now.saturating_sub(last) < quiet) {
        return Some(format!("{node} met a failure in the last {} s", quiet.as_secs()));
    }
    let before = evidence.back().map(|back| back.reading(node));
    node.lock_paths().into_iter().find_map(|path| {
        if before.is_none_or(|before| reading.granted(&path) <= before.granted(&path)) {
            return Some(format!("{path} has not been granted again on {node}"));
        }
        not_healthy(evidence, node, &path)
    })
}

fn not_healthy(evidence: &Evidence, node: NodeId, path: &str) -> Option<String> {
    match evidence.history(node).health_of(path).last() {
        Some((_, Health::Healthy)) => None,
        Some((_, other)) => Some(format!("{path} is {other} on {node}")),
        None => Some(format!("{path} has no health on {node}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arguments::Fault;
    use crate::orchestrator::reading::Reading;
    use std::fmt::Write;

    const LONG_BEFORE: Duration = Duration::from_secs(1);
    const SETTLED: Condition = Condition::Settled { quiet: Duration::from_secs(31) };

    /// `/metrics` of a node that does well.
    fn page(node: NodeId, granted: u64) -> String {
        let mut page = String::new();
        for path in node.lock_paths() {
            let _ = writeln!(page, "rustfs_lock_health_status{{path=\"{path}\"}} 1");
            let _ = writeln!(
                page,
                "rustfs_lock_health_attempts_total{{path=\"{path}\",outcome=\"success\"}} {granted}"
            );
        }
        for peer in node.others() {
            let _ =
                writeln!(page, "drill_calls_total{{call=\"ping\",peer=\"{peer}\",outcome=\"answered\"}} 1");
        }
        page
    }

    fn read(evidence: &mut Evidence, node: NodeId, at: Duration, page: &str) {
        evidence.history_mut(node).record(at, Reading::parse(page).expect("a good page"));
    }

    fn all_well(granted: u64) -> Evidence {
        let mut evidence = Evidence::new(Fault::PowerCut);
        for node in NodeId::ALL {
            read(&mut evidence, node, LONG_BEFORE, &page(node, granted));
        }
        evidence
    }

    fn steady(evidence: &Evidence, min_granted: u64) -> Option<String> {
        Condition::Steady { min_granted }.missing(evidence, LONG_BEFORE)
    }

    #[test]
    fn the_node_goes_once_and_comes_back() {
        let steps = timeline(Duration::from_secs(20));
        let cut = steps.iter().position(|step| *step == Step::Cut(NodeId::CUT)).expect("a cut");
        assert!(matches!(steps[cut + 1], Step::Watch { time, .. } if time == Duration::from_secs(20)));
        assert_eq!(steps[cut + 2], Step::BringBack(NodeId::CUT));
        assert_eq!(steps.iter().filter(|step| matches!(step, Step::Cut(_))).count(), 1);
    }

    #[test]
    fn the_default_ends_in_ninety_seconds_whatever_happens() {
        let longest = |step: &Step| match step {
            Step::Require { limit: time, .. }
            | Step::Await { limit: time, .. }
            | Step::Watch { time, .. } => *time,
            Step::Cut(_) | Step::BringBack(_) => Duration::ZERO,
        };
        let sum: Duration = timeline(Duration::from_secs(15)).iter().map(longest).sum();
        assert!(sum < Duration::from_secs(88), "{sum:?}");
    }

    #[test]
    fn steady_means_every_node_every_peer_and_every_path() {
        assert_eq!(steady(&all_well(5), 5), None);
        assert!(steady(&all_well(5), 6).is_some());
        assert!(steady(&Evidence::new(Fault::PowerCut), 0).is_some());

        let last = NodeId::ALL[3];
        for (whole, part) in [("peer=\"node2\"", "peer=\"node9\""), ("} 1\n", "} 0.5\n"), ("users", "groups")]
        {
            // Spoils the first line that has it: a health, or a ping.
            let spoilt = page(last, 5).replacen(whole, part, 1);
            let mut evidence = all_well(5);
            *evidence.history_mut(last) = Default::default();
            read(&mut evidence, last, LONG_BEFORE, &spoilt);
            assert!(steady(&evidence, 5).is_some(), "{part}");
        }

        let mut silent = all_well(5);
        silent.history_mut(last).record_silence();
        assert!(steady(&silent, 5).is_some());
    }

    #[test]
    fn settled_means_granted_again_and_quiet_for_a_window() {
        let failure = "rustfs_cascading_failure_events_total{type=\"t\",component=\"c\"} 1\n";
        let mut evidence = all_well(5);
        evidence.mark_back(LONG_BEFORE);
        let last_failure = Duration::from_secs(10);
        let missing = |evidence: &Evidence, at: u64| SETTLED.missing(evidence, Duration::from_secs(at));
        assert!(missing(&evidence, 90).is_some(), "not granted again");

        for node in NodeId::survivors() {
            read(&mut evidence, node, last_failure, &(page(node, 6) + failure));
        }
        assert!(missing(&evidence, 40).is_some(), "30 s of quiet");
        assert_eq!(missing(&evidence, 41), None);

        evidence.history_mut(NodeId::CUT).record_silence();
        assert!(missing(&evidence, 41).is_some(), "the node is not back");
    }
}
