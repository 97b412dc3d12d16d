//! The command line.

use crate::layout::{METRICS_PREFIX, NodeId};
use crate::pages::PagesArguments;
use crate::tempo::Tempo;
use clap::{Args, Parser, Subcommand, ValueEnum};
use serde::Serialize;
use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// Starts a cluster of four node processes that take RustFS's own distributed locks, cuts one of them off, brings
/// it back, and checks what foreshock said about it on the three others.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
#[command(
    after_help = "Exit status: 0 everything held, 1 something did not, 2 the drill could not run, 130 interrupted."
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) drill: DrillArguments,
    #[command(subcommand)]
    pub(crate) role: Option<Role>,
}

#[derive(Args, Clone, Debug)]
pub(crate) struct DrillArguments {
    /// What happens to node4
    #[arg(long, value_enum, default_value_t = Fault::PowerCut)]
    pub(crate) fault: Fault,

    /// How long node4 is gone, in seconds: 10 to 30
    #[arg(long, value_name = "SECONDS", default_value_t = 15, value_parser = clap::value_parser!(u64).range(10..=30))]
    pub(crate) outage: u64,

    /// Use fixed ports: BASE to BASE+3 for the calls between the nodes, BASE+4 to BASE+7 for /metrics (1024 to
    /// 65528; by default the system chooses)
    #[arg(long, value_name = "BASE", value_parser = clap::value_parser!(u16).range(1_024..=65_528))]
    pub(crate) ports: Option<u16>,

    /// Print the verdict and every figure as one JSON object, on the last line
    #[arg(long)]
    pub(crate) json: bool,
}

impl DrillArguments {
    pub(crate) fn outage(&self) -> Duration {
        Duration::from_secs(self.outage)
    }
}

/// What the cut node suffers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Fault {
    /// It stops answering and closes no connection, as a machine without power does
    PowerCut,
    /// Its process dies; connections to it are refused
    Kill,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PowerCut => "power-cut",
            Self::Kill => "kill",
        })
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Role {
    /// Cuts a node three times, with the real Prometheus and Alertmanager, and checks who is told what
    Pages(PagesArguments),
    /// One node; the drill starts these itself
    #[command(hide = true)]
    Node(NodeArguments),
    /// Another program, ended with the drill; the drill starts these itself
    #[command(hide = true)]
    Guard(GuardArguments),
}

#[derive(Args, Debug)]
pub(crate) struct NodeArguments {
    #[arg(long)]
    pub(crate) id: NodeId,
    /// Process id of the drill: the node ends with it.
    #[arg(long)]
    pub(crate) parent: i32,
    #[arg(long)]
    pub(crate) directory: PathBuf,
    #[arg(long)]
    pub(crate) rpc_port: u16,
    #[arg(long)]
    pub(crate) metrics_port: u16,
    #[arg(long, default_value = METRICS_PREFIX)]
    pub(crate) prefix: String,
    #[arg(long, value_enum, default_value_t = Tempo::Real)]
    pub(crate) tempo: Tempo,
}

#[derive(Args, Debug)]
pub(crate) struct GuardArguments {
    /// Process id of the drill: the program ends with it.
    #[arg(long)]
    pub(crate) parent: i32,
    #[arg(last = true, required = true)]
    pub(crate) program: Vec<OsString>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    fn parse(line: &str) -> Result<Arguments, String> {
        Arguments::try_parse_from(line.split_whitespace()).map_err(|error| error.to_string())
    }

    #[test]
    fn the_declaration_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn no_argument_is_a_power_cut_of_fifteen_seconds() {
        let arguments = parse("drill").expect("no argument is fine").drill;
        assert_eq!(arguments.fault, Fault::PowerCut);
        assert_eq!(arguments.outage(), Duration::from_secs(15));
        assert_eq!((arguments.ports, arguments.json), (None, false));
    }

    #[test]
    fn limits_are_inclusive() {
        for good in ["--outage 10", "--outage 30", "--ports 1024", "--ports 65528", "--fault kill --json"] {
            assert!(parse(&format!("drill {good}")).is_ok(), "{good}");
        }
    }

    #[test]
    fn a_refusal_names_the_argument_the_value_and_what_is_allowed() {
        let cases = [
            ("--outage 9", ["--outage", "9", "10..=30"]),
            ("--outage 31", ["--outage", "31", "10..=30"]),
            ("--outage long", ["--outage", "long", "invalid digit"]),
            ("--ports 1023", ["--ports", "1023", "1024..=65528"]),
            ("--ports 65529", ["--ports", "65529", "1024..=65528"]),
            ("--fault flood", ["--fault", "flood", "power-cut, kill"]),
            ("--nonsense", ["--nonsense", "unexpected", "Usage"]),
        ];
        for (bad, wanted) in cases {
            let message = parse(&format!("drill {bad}")).expect_err(bad);
            for part in wanted {
                assert!(message.contains(part), "{bad}: {message}");
            }
        }
    }
}
