//! What the collector costs: events a second, a storm, idleness, and the sum over all blocks.
//!
//! `cargo bench --bench collector`, and `-- --json` for a program. A run in which a verdict or a count is wrong fails.

#[path = "../../tests/common/allocator.rs"]
#[allow(dead_code, reason = "what a thread allocates is asked by tests alone")]
mod allocator;
#[path = "../shared/arguments.rs"]
mod arguments;
mod cpu;
mod figure;
mod idle;
#[path = "../shared/machine.rs"]
mod machine;
mod mix;
mod storm;
mod summing;
mod throughput;
mod tick_seconds;

use figure::Measured;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: allocator::Counting = allocator::Counting;

fn main() -> ExitCode {
    let arguments = arguments::Arguments::read();
    // The idle monitors come last: they stay.
    let parts: [fn() -> Measured; 4] = [throughput::figures, storm::figures, summing::figures, idle::figures];
    let mut figures = Vec::new();
    for part in parts {
        match part() {
            Ok(measured) => figures.extend(measured),
            Err(error) => {
                eprintln!("collector: {error}");
                return ExitCode::FAILURE;
            }
        }
    }
    if arguments.json {
        println!("{}", figure::json(&figures));
    } else {
        print!("{}", figure::table(&figures));
    }
    ExitCode::SUCCESS
}
