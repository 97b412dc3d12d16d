//! Starts the cluster, lets the timeline happen to it, watches it over HTTP, and judges.

mod cluster;
mod drill;
mod evidence;
mod exposition;
mod history;
mod interrupt;
mod member;
mod reading;
mod report;
mod scrape;
mod timeline;
mod verdict;
mod view;

use crate::CANNOT_RUN;
use crate::arguments::DrillArguments;
use interrupt::Interrupts;
use std::process::ExitCode;

const NOT_HELD: u8 = 1;
const INTERRUPTED: u8 = 130;

pub(crate) fn run(arguments: &DrillArguments) -> ExitCode {
    match attempt(arguments) {
        Ok(held) if held => ExitCode::SUCCESS,
        Ok(_) => ExitCode::from(NOT_HELD),
        Err(Ended::Interrupted) => {
            eprintln!("interrupted: no verdict");
            ExitCode::from(INTERRUPTED)
        }
        Err(Ended::CannotRun(reason)) => {
            eprintln!("error: {reason}");
            ExitCode::from(CANNOT_RUN)
        }
    }
}

/// Why there is no verdict.
enum Ended {
    Interrupted,
    CannotRun(String),
}

impl From<String> for Ended {
    fn from(reason: String) -> Self {
        Self::CannotRun(reason)
    }
}

/// Whether both scenarios held.
fn attempt(arguments: &DrillArguments) -> Result<bool, Ended> {
    // One thread, the main one: the nodes are bound to the life of the thread that starts them.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("no runtime: {error}"))?;
    let outcome = runtime.block_on(async {
        let interrupts =
            Interrupts::listen().map_err(|error| format!("cannot listen for signals: {error}"))?;
        // Whichever comes first, the other is dropped, and with the drill its processes and its directory.
        tokio::select! {
            biased;
            () = interrupts.any() => Err(Ended::Interrupted),
            outcome = drill::run(arguments) => outcome.map_err(Ended::from),
        }
    })?;
    report::print(&outcome, arguments.json);
    Ok(outcome.verdict.held)
}
