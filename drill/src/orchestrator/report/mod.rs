//! The verdict, for people and, on the last line, for programs.

mod json;
mod words;

use super::drill::Outcome;
use std::io::{self, Write};

pub(crate) fn print(outcome: &Outcome, has_json: bool) {
    let mut text = words::of(outcome);
    if has_json {
        text.push_str(&json::of(outcome));
        text.push('\n');
    }
    // A reader that has gone away is no reason to fail: the exit status still tells.
    let _ = io::stdout().write_all(text.as_bytes());
}

#[cfg(test)]
fn outcome(run: &super::verdict::sample_run::SampleRun) -> Outcome {
    use crate::handshake::Ports;
    use crate::layout::NodeId;
    use std::time::Duration;

    let evidence = run.evidence();
    Outcome {
        verdict: super::verdict::Verdict::on(&evidence),
        evidence,
        ports: [(NodeId::CUT, Ports { rpc: 1, metrics: 2 })].into(),
        duration: Duration::from_millis(51_234),
        outage: Duration::from_secs(15),
    }
}
