//! Runs a drill to its verdict, and says with the exit status how it ended.

use crate::CANNOT_RUN;
use crate::interrupt::Interrupts;
use std::process::ExitCode;

const NOT_HELD: u8 = 1;
const INTERRUPTED: u8 = 130;

/// The drill's answer is whether everything held; its error, why it could not run.
pub(crate) fn conclude(drill: impl Future<Output = Result<bool, String>>) -> ExitCode {
    match attempt(drill) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(NOT_HELD),
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

fn attempt(drill: impl Future<Output = Result<bool, String>>) -> Result<bool, Ended> {
    // One thread, the main one: child processes are bound to the life of the thread that starts them.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("no runtime: {error}"))?;
    runtime.block_on(async {
        let interrupts =
            Interrupts::listen().map_err(|error| format!("cannot listen for signals: {error}"))?;
        // Whichever comes first, the other is dropped, and with the drill its processes and its directories.
        tokio::select! {
            biased;
            () = interrupts.any() => Err(Ended::Interrupted),
            outcome = drill => outcome.map_err(Ended::from),
        }
    })
}
