//! What a monitor holds in memory, by a counting allocator and by the system's own word, and that it stays so.
//!
//! `cargo bench --bench memory`, and `-- --json` for a program. Each case is counted in a process of its own: the program
//! runs itself. Bytes are counted, not timed, so growth fails the run.

#[path = "../../tests/common/allocator.rs"]
#[allow(dead_code)]
mod allocator;
#[path = "../shared/arguments.rs"]
mod arguments;
mod cases;
#[path = "../../tests/common/footprint.rs"]
mod footprint;
#[path = "../shared/machine.rs"]
mod machine;
mod report;
mod resident;

use allocator::Counting;
use serde_json::Value;
use std::process::{Command, ExitCode, Stdio};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const INSIDE: &str = "--inside";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    if arguments.next().as_deref() == Some(INSIDE) {
        return inside(&arguments.next().unwrap_or_default());
    }
    let arguments = arguments::Arguments::read();
    let report = match report::Report::new(count_apart) {
        Ok(report) => report,
        Err(error) => {
            eprintln!("memory: {error}");
            return ExitCode::FAILURE;
        }
    };
    if arguments.json {
        println!("{}", report.to_json());
    } else {
        print!("{}", report.to_table());
    }
    if report.is_flat() {
        return ExitCode::SUCCESS;
    }
    eprintln!("memory: what has to stay flat grew, or what has to grow was not seen to");
    ExitCode::FAILURE
}

/// Counts one case in this process.
fn inside(name: &str) -> ExitCode {
    match cases::count(name) {
        Some(counted) => {
            println!("{counted}");
            ExitCode::SUCCESS
        }
        None => {
            eprintln!("memory: no case {name:?}");
            ExitCode::FAILURE
        }
    }
}

/// Counts one case in a fresh process.
fn count_apart(name: &str) -> Result<Value, String> {
    let failed = |error: &dyn std::fmt::Display| format!("{name}: {error}");
    let program = std::env::current_exe().map_err(|error| failed(&error))?;
    let output = Command::new(program)
        .args([INSIDE, name])
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| failed(&error))?;
    if !output.status.success() {
        return Err(failed(&output.status));
    }
    serde_json::from_slice(&output.stdout).map_err(|error| failed(&error))
}
