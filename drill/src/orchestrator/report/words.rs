//! The verdict as a person reads it.

use crate::layout::NodeId;
use crate::orchestrator::drill::Outcome;
use crate::orchestrator::verdict::{CascadesOfNode, Mismatch, PathsOfNode, Scenario};
use std::fmt::Write;

pub(super) fn of(outcome: &Outcome) -> String {
    let verdict = &outcome.verdict;
    let mut text = String::from("\n");
    write_scenario(&mut text, "Scenario 1, lock health", &verdict.scenario_1, course);
    write_scenario(&mut text, "Scenario 2, lost peer", &verdict.scenario_2, cascades);
    write_returned_node(&mut text, outcome);
    let held = if verdict.held { "BOTH HELD" } else { "NOT HELD" };
    let _ = writeln!(text, "\n{held}, in {:.0} s", outcome.duration.as_secs_f64());
    text
}

fn write_scenario<T>(text: &mut String, name: &str, scenario: &Scenario<T>, in_words: impl Fn(&T) -> String) {
    let _ = writeln!(text, "{name}: {}", if scenario.held { "HELD" } else { "NOT HELD" });
    let _ = writeln!(text, "  expected: {}", scenario.expected);
    for (node, seen) in &scenario.survivors {
        let _ = writeln!(text, "  {node}  {}", in_words(seen));
    }
    for Mismatch { node, expected, seen } in &scenario.mismatches {
        let _ = writeln!(text, "  NOT AS EXPECTED on {node}\n    expected: {expected}\n    seen:     {seen}");
    }
}

fn course(seen: &PathsOfNode) -> String {
    let granted: u64 = seen.paths.values().map(|path| path.granted_in_outage_total).sum();
    if seen.degraded_seconds.is_none() && seen.unhealthy_seconds.is_none() {
        return format!("no path left 1 (healthy); {granted} locks granted while the node was gone");
    }
    let time =
        |seconds: Option<f64>| seconds.map_or_else(|| "never".to_owned(), |time| format!("{time:.1} s"));
    let (degraded, unhealthy) = (time(seen.degraded_seconds), time(seen.unhealthy_seconds));
    let recovered = time(seen.recovered_seconds);
    format!(
        "degraded {degraded}, unhealthy {unhealthy} after the cut; all healthy {recovered} after the return"
    )
}

fn cascades(seen: &CascadesOfNode) -> String {
    let mut text = match seen.episode_seconds {
        Some(seconds) => format!("first peer_lock_iam episode {seconds:.1} s after the cut"),
        None => "no peer_lock_iam episode".to_owned(),
    };
    for (pattern, count) in seen.patterns.iter().filter(|(_, count)| **count > 0) {
        let roots = seen.roots.get(pattern).into_iter().flatten().filter(|(_, count)| **count > 0);
        let roots = roots.map(|(component, count)| format!("{component} x{count}")).collect::<Vec<_>>();
        let _ = write!(text, "\n         {pattern} x{count}, root {}", roots.join(", "));
    }
    text
}

/// How the node that was gone fares. Nothing is expected of it: the drill is about its peers.
fn write_returned_node(text: &mut String, outcome: &Outcome) {
    let Some(reading) = outcome.evidence.history(NodeId::CUT).latest() else { return };
    let _ = writeln!(text, "{} itself, no part of the verdict", NodeId::CUT);
    for (path, figures) in &reading.paths {
        let (granted, refused) = (figures.granted(), figures.refused());
        let _ =
            writeln!(text, "  {path}  granted {granted}, refused {refused}, timeouts {}", figures.timeouts);
    }
    let pauses = reading.monitor.get("local_pauses_total").copied().unwrap_or(0.0);
    let cascades: u64 = reading.patterns.values().sum();
    let _ = writeln!(text, "  own pauses noticed {pauses}, cascades counted {cascades}");
}

#[cfg(test)]
mod tests {
    use super::super::outcome;
    use super::*;
    use crate::orchestrator::verdict::sample_run::SampleRun;

    #[test]
    fn a_verdict_that_held_tells_the_times() {
        let text = of(&outcome(&SampleRun::power_cut()));
        let course = "degraded 2.0 s, unhealthy 6.0 s after the cut; all healthy 30.0 s after the return";
        for part in ["lock health: HELD", course, "episode 3.0 s after the cut", "BOTH HELD, in 51 s"] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert!(!text.contains("NOT"), "{text}");
    }

    #[test]
    fn a_failure_says_what_was_expected_and_what_was_seen() {
        let mut run = SampleRun::power_cut();
        run.episodes = vec![3, 40];
        let text = of(&outcome(&run));
        let parts = [
            "lock health: HELD",
            "lost peer: NOT HELD",
            "NOT AS EXPECTED on node1",
            "expected: one peer_lock_iam episode",
            "seen:     2 peer_lock_iam",
            "\nNOT HELD",
        ];
        for part in parts {
            assert!(text.contains(part), "{part} in {text}");
        }
    }

    #[test]
    fn a_kill_is_told_as_the_calm_that_it_is() {
        let text = of(&outcome(&SampleRun::kill()));
        assert!(text.contains("no path left 1 (healthy); 120 locks granted"), "{text}");
        assert!(text.contains("no peer_lock_iam episode"), "{text}");
    }
}
