//! Starts the cluster, lets the timeline happen to it, watches it over HTTP, and judges.

mod drill;
mod evidence;
mod history;
mod reading;
mod report;
mod scrape;
mod timeline;
mod verdict;
mod view;

use crate::arguments::DrillArguments;
use crate::ending;
use std::process::ExitCode;

pub(crate) fn run(arguments: &DrillArguments) -> ExitCode {
    ending::conclude(async {
        let outcome = drill::run(arguments).await?;
        report::print(&outcome, arguments.json);
        Ok(outcome.verdict.held)
    })
}
