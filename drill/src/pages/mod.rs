//! Does the right page reach the right person? The drill's cluster, and beside it the real Prometheus and Alertmanager
//! with what an operator installs. Time runs faster, and receivers write down what they are told.

mod arguments;
mod campaign;
mod evidence;
mod install;
mod notification;
mod receiver;
mod report;
mod scale;
mod servers;
mod verdict;

use crate::ending;
pub(crate) use arguments::PagesArguments;
use campaign::Campaign;
use std::process::ExitCode;
use verdict::Verdict;

pub(crate) fn run(arguments: &PagesArguments) -> ExitCode {
    ending::conclude(attempt(arguments))
}

async fn attempt(arguments: &PagesArguments) -> Result<bool, String> {
    servers::require_installed()?;
    let mut campaign = Campaign::start(arguments).await?;
    campaign.run().await?;
    let verdict = Verdict::on(campaign.evidence());
    report::print(&verdict, campaign.evidence(), campaign.age(), arguments.json);
    Ok(verdict.held)
}
