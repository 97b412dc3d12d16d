//! The table of the live view, as text: what it says, not how it is drawn.

use super::Tone;
use crate::layout::NodeId;
use crate::orchestrator::evidence::Evidence;
use crate::orchestrator::history::History;
use std::time::Duration;

/// A line is pieces of text one after the other.
pub(super) type Line = Vec<(Tone, String)>;

/// Lines of every table: phase, heading, three paths and one line of cascades for each node.
pub(super) const HEIGHT: usize = 2 + NodeId::ALL.len() * 4;

pub(super) fn table(evidence: &Evidence, phase: &str, now: Duration) -> Vec<Line> {
    let mut lines = Vec::with_capacity(HEIGHT);
    lines.push(vec![(Tone::Loud, format!("{:6.1} s  {phase}", now.as_secs_f64()))]);
    let heading = format!(
        "{:<6} {:<31} {:<14} {:>7} {:>8} {:>8}",
        "node", "lock path", "health", "granted", "timeouts", "waits s"
    );
    lines.push(vec![(Tone::Quiet, heading)]);
    for node in NodeId::ALL {
        let history = evidence.history(node);
        lines.extend(node.lock_paths().iter().map(|path| path_line(node, path, history)));
        lines.push(cascade_line(node, history));
    }
    lines
}

fn path_line(node: NodeId, path: &str, history: &History) -> Line {
    let name = (Tone::Plain, format!("{:<6} {path:<31} ", node.to_string()));
    let figures = history.latest().and_then(|reading| reading.paths.get(path));
    let Some((figures, health)) = figures.and_then(|figures| Some((figures, figures.health?))) else {
        return vec![name, (Tone::Quiet, "-".to_owned())];
    };
    if !history.is_answering() {
        return vec![
            name,
            (Tone::Quiet, format!("{:<14} {:>7} {:>8}", "no answer", figures.granted(), figures.timeouts)),
        ];
    }
    let state = (Tone::of(health), format!("{:<14} ", format!("{} {health}", health.gauge())));
    let counts =
        format!("{:>7} {:>8} {:>8.1}", figures.granted(), figures.timeouts, figures.oldest_in_flight_seconds);
    vec![name, state, (Tone::Plain, counts)]
}

fn cascade_line(node: NodeId, history: &History) -> Line {
    let name = (Tone::Plain, format!("{:<6} {:<31} ", node.to_string(), "cascades"));
    let Some(reading) = history.latest() else {
        return vec![name, (Tone::Quiet, "-".to_owned())];
    };
    // From the end of the alphabet, because the pattern that the drill is about stands there: a narrow terminal
    // cuts off the others.
    let counted: Vec<_> = reading.patterns.iter().rev().filter(|(_, count)| **count > 0).collect();
    if counted.is_empty() {
        return vec![name, (Tone::Good, "none".to_owned())];
    }
    let texts = counted.into_iter().map(|(pattern, count)| {
        let roots = reading.roots.get(pattern).into_iter().flatten().filter(|(_, count)| **count > 0);
        let roots = roots.map(|(component, _)| component.as_str()).collect::<Vec<_>>();
        format!("{pattern} x{count} ({})", roots.join(", "))
    });
    vec![name, (Tone::Loud, texts.collect::<Vec<_>>().join("  "))]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arguments::Fault;
    use crate::orchestrator::reading::Reading;

    fn text(line: &Line) -> String {
        line.iter().map(|(_, text)| text.as_str()).collect()
    }

    #[test]
    fn the_height_never_changes() {
        let mut evidence = Evidence::new(Fault::PowerCut);
        assert_eq!(table(&evidence, "", Duration::ZERO).len(), HEIGHT);
        evidence.history_mut(NodeId::CUT).record(Duration::ZERO, Reading::default());
        assert_eq!(table(&evidence, "", Duration::ZERO).len(), HEIGHT);
    }

    #[test]
    fn a_node_is_shown_as_it_last_spoke() {
        let mut evidence = Evidence::new(Fault::PowerCut);
        let page = "rustfs_lock_health_status{path=\"config/iam/users\"} 0.5\n\
                    rustfs_lock_health_timeouts_total{path=\"config/iam/users\"} 2\n\
                    rustfs_cascading_failure_patterns_total{pattern=\"p\"} 1\n\
                    rustfs_cascading_failure_roots_total{pattern=\"p\",component=\"node4\"} 1";
        let node = NodeId::ALL[0];
        evidence.history_mut(node).record(Duration::ZERO, Reading::parse(page).expect("a good page"));
        let lines = table(&evidence, "outage", Duration::from_millis(12_340));
        assert_eq!(text(&lines[0]), "  12.3 s  outage");
        assert!(text(&lines[2]).contains("0.5 degraded"), "{}", text(&lines[2]));
        assert!(text(&lines[5]).contains("p x1 (node4)"), "{}", text(&lines[5]));

        evidence.history_mut(node).record_silence();
        assert!(text(&table(&evidence, "", Duration::ZERO)[2]).contains("no answer"));
    }
}
