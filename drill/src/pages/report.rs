//! The verdict, for people and, on the last line, for programs.

use super::evidence::Evidence;
use super::notification::Notification;
use super::scale::SPEED;
use super::verdict::{InCut, Page, Verdict};
use serde::Serialize;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::time::Duration;

#[derive(Serialize)]
struct Json<'v> {
    #[serde(flatten)]
    verdict: &'v Verdict,
    speed: u64,
    duration_seconds: f64,
    /// From the start of the drill: when the node was cut, and when it was back.
    cuts: Vec<(f64, Option<f64>)>,
    notifications: &'v [Notification],
}

pub(crate) fn print(verdict: &Verdict, evidence: &Evidence, duration: Duration, has_json: bool) {
    let mut text = words(verdict, duration);
    if has_json {
        let cuts =
            evidence.cuts.iter().map(|cut| (cut.at.as_secs_f64(), cut.back.map(|back| back.as_secs_f64())));
        let json = Json {
            verdict,
            speed: SPEED,
            duration_seconds: duration.as_secs_f64(),
            cuts: cuts.collect(),
            notifications: &evidence.notifications,
        };
        text.push_str(&serde_json::to_string(&json).expect("names and numbers are JSON"));
        text.push('\n');
    }
    // A reader that has gone away is no reason to fail: the exit status still tells.
    let _ = io::stdout().write_all(text.as_bytes());
}

fn words(verdict: &Verdict, duration: Duration) -> String {
    let mut text = format!(
        "\nSeconds from each cut to its page, and from the return to the resolution (in real time up to {SPEED} times as long)\n"
    );
    let _ = writeln!(
        text,
        "{:<27} {:<10} {:<12} {:>15} {:>15} {:>15}",
        "alert", "severity", "receiver", "cut 1", "cut 2", "cut 3"
    );
    for Page { alert, severity, receiver, cuts } in &verdict.pages {
        let _ = write!(text, "{alert:<27} {severity:<10} {receiver:<12}");
        for cut in cuts {
            let _ = write!(text, " {:>15}", cell(cut));
        }
        text.push('\n');
    }
    let _ = writeln!(
        text,
        "expected: each page once, in the cuts above, naming node4; nothing else, and nothing while all is well"
    );
    if let Some(queries) = verdict.panel_queries {
        let _ = writeln!(text, "{queries} queries of the dashboard were run over the whole run");
    }
    for mismatch in &verdict.mismatches {
        let _ = writeln!(text, "  NOT AS EXPECTED: {mismatch}");
    }
    let held = if verdict.held { "HELD" } else { "NOT HELD" };
    let _ = writeln!(text, "{held}, in {:.0} s", duration.as_secs_f64());
    text
}

fn cell(cut: &InCut) -> String {
    let time = |seconds: Option<f64>| seconds.map_or_else(|| "never".to_owned(), |time| format!("{time:.1}"));
    let mut cell = match (cut.expected, cut.seen) {
        (0, 0) => return "-".to_owned(),
        _ => format!("{} / {}", time(cut.page_seconds), time(cut.resolution_seconds)),
    };
    if cut.seen != cut.expected {
        let _ = write!(cell, " x{}", cut.seen);
    }
    if cut.updates > 0 {
        let _ = write!(cell, " +{}", cut.updates);
    }
    cell
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_cut(expected: usize, seen: usize) -> InCut {
        let time = (seen > 0).then_some(3.25);
        InCut { expected, seen, updates: 0, resolved: seen, page_seconds: time, resolution_seconds: time }
    }

    #[test]
    fn a_cell_tells_times_or_that_there_is_nothing_to_tell() {
        assert_eq!(cell(&in_cut(0, 0)), "-");
        assert_eq!(cell(&in_cut(1, 1)), "3.2 / 3.2");
        assert_eq!(cell(&in_cut(1, 0)), "never / never x0");
        assert_eq!(cell(&InCut { updates: 1, ..in_cut(1, 2) }), "3.2 / 3.2 x2 +1");
    }

    #[test]
    fn what_was_not_as_expected_is_told() {
        let page =
            Page { alert: "A", severity: "critical", receiver: "#c".to_owned(), cuts: vec![in_cut(1, 1)] };
        let verdict = Verdict {
            held: false,
            pages: vec![page],
            mismatches: vec!["cut 1: why".to_owned()],
            panel_queries: Some(7),
        };
        let text = words(&verdict, Duration::from_secs(9));
        for part in ["#c", "3.2 / 3.2", "NOT AS EXPECTED: cut 1: why", "NOT HELD, in 9 s"] {
            assert!(text.contains(part), "{text}");
        }
    }
}
