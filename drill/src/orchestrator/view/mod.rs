//! What a person sees while the drill runs: a table that keeps itself up to date where there is a terminal, plain
//! lines where there is none.

mod live;
mod table;

use super::evidence::Evidence;
use super::history::Change;
use super::reading::Health;
use crate::handshake::Ports;
use crate::layout::NodeId;
use live::Live;
use std::collections::BTreeMap;
use std::io::{self, IsTerminal, Write};
use std::time::Duration;

/// How a piece of text is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    Plain,
    Quiet,
    Loud,
    Good,
    Warning,
    Bad,
}

impl Tone {
    fn of(health: Health) -> Self {
        match health {
            Health::Healthy => Self::Good,
            Health::Degraded => Self::Warning,
            Health::Unhealthy => Self::Bad,
        }
    }
}

pub(crate) enum View {
    Plain,
    Live(Live),
}

impl View {
    pub(crate) fn open(ports: &BTreeMap<NodeId, Ports>) -> Self {
        let live = if io::stdout().is_terminal() { Live::open(ports) } else { None };
        let mut view = live.map_or(Self::Plain, Self::Live);
        for (node, ports) in ports {
            let text =
                format!("{node}  calls 127.0.0.1:{}  http://127.0.0.1:{}/metrics", ports.rpc, ports.metrics);
            view.say(Duration::ZERO, Tone::Plain, &text);
        }
        view
    }

    /// A line that stays.
    pub(crate) fn say(&mut self, at: Duration, tone: Tone, text: &str) {
        let line = format!("{:6.1} s  {text}", at.as_secs_f64());
        match self {
            // A reader that has gone away is no reason to end: the exit status still tells.
            Self::Plain => drop(writeln!(io::stdout(), "{line}")),
            Self::Live(live) => live.print(tone, &line),
        }
    }

    pub(crate) fn tell(&mut self, at: Duration, node: NodeId, change: &Change) {
        let (tone, text) = in_words(change);
        self.say(at, tone, &format!("{node}  {text}"));
    }

    pub(crate) fn draw(&mut self, evidence: &Evidence, phase: &str, now: Duration) {
        if let Self::Live(live) = self {
            live.draw(evidence, phase, now);
        }
    }
}

fn in_words(change: &Change) -> (Tone, String) {
    match change {
        Change::Answers => (Tone::Quiet, "answers".to_owned()),
        Change::Silent => (Tone::Warning, "does not answer".to_owned()),
        Change::PathHealth { path, from, to, timeouts } => {
            let gauges = format!("{} -> {}", from.gauge(), to.gauge());
            (Tone::of(*to), format!("{path}  {gauges}  {to}, {timeouts} timeouts so far"))
        }
        Change::FirstFailure { kind, component } => (Tone::Warning, format!("{component}  first {kind}")),
        Change::Episode { pattern, roots } => {
            (Tone::Loud, format!("CASCADE {pattern}, root {}", roots.join(", ")))
        }
        Change::Critical { pattern } => (Tone::Bad, format!("CRITICAL {pattern}: cascades recur")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_told_with_the_values_that_are_served() {
        let change = Change::PathHealth {
            path: "config/iam/users".into(),
            from: Health::Healthy,
            to: Health::Degraded,
            timeouts: 1,
        };
        let (tone, text) = in_words(&change);
        assert_eq!(
            (tone, text.as_str()),
            (Tone::Warning, "config/iam/users  1 -> 0.5  degraded, 1 timeouts so far")
        );
        let (_, text) = in_words(&Change::Episode { pattern: "p".into(), roots: vec!["node4".into()] });
        assert_eq!(text, "CASCADE p, root node4");
    }
}
