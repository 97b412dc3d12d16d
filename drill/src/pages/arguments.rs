//! The command line of `pages`.

use crate::layout::METRICS_PREFIX;
use clap::Args;
use std::path::PathBuf;

#[derive(Args, Clone, Debug)]
pub(crate) struct PagesArguments {
    /// What an operator installs: alerts, routes, dashboard
    #[arg(long, value_name = "DIRECTORY", default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy"))]
    pub(crate) deploy: PathBuf,

    /// The prefix of the metrics in it, which is also the name of the job
    #[arg(long, default_value = METRICS_PREFIX)]
    pub(crate) prefix: String,

    /// Run every expression of the dashboard over the whole run, and write the answers to FILE as JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) panels: Option<PathBuf>,

    /// Print the verdict and every notification as one JSON object, on the last line
    #[arg(long)]
    pub(crate) json: bool,
}
