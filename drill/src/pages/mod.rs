//! Does the right page reach the right person? The drill's cluster, and beside it the real Prometheus and Alertmanager
//! with what an operator installs. Time runs faster, and receivers write down what they are told.

mod arguments;
mod campaign;
mod evidence;
mod install;
mod notification;
mod panels;
mod receiver;
mod report;
mod scale;
mod servers;
mod verdict;

use crate::ending;
pub(crate) use arguments::PagesArguments;
use campaign::Campaign;
use panels::Panels;
use std::process::ExitCode;
use verdict::Verdict;

pub(crate) fn run(arguments: &PagesArguments) -> ExitCode {
    ending::conclude(attempt(arguments))
}

async fn attempt(arguments: &PagesArguments) -> Result<bool, String> {
    servers::require_installed()?;
    let mut campaign = Campaign::start(arguments).await?;
    campaign.run().await?;
    let mut verdict = Verdict::on(campaign.evidence());
    if let Some(file) = &arguments.panels {
        let panels = Panels::ask(&campaign.api(), &arguments.deploy, campaign.age()).await?;
        panels.write(file)?;
        verdict.add_panels(panels.queries(), panels.empty());
    }
    report::print(&verdict, campaign.evidence(), campaign.age(), arguments.json);
    Ok(verdict.held)
}
