//! The tail of single calls, with the collector running, stalled and dead.
//!
//! `cargo bench --bench tail`, and `-- --json` for a program. Every call is timed by itself, by the processor's time-stamp
//! counter. Nothing is subtracted: what two readings of it take with nothing between is a row, and how late the machine
//! itself makes such a pair is the floor of all the others.

#[path = "../shared/arguments.rs"]
mod arguments;
mod load;
#[path = "../shared/machine.rs"]
mod machine;
mod operations;
#[path = "../shared/pin.rs"]
mod pin;
mod report;
mod sampling;
mod state;
mod thread;
mod timer;

use hdrhistogram::Histogram;
use load::Load;
use operations::Operation;
use report::{OfState, Report, Row};
use state::{Stage, State};
use std::process::ExitCode;
use timer::Timer;

/// One chunk of each operation a round: whatever the machine does in the meantime, it does to all of them.
const ROUNDS: usize = 2_000;
/// Calls of a chunk: half of what a ring holds.
const CHUNK: usize = 512;

/// A name as a store has them: 43 bytes.
const NAME: &str = "config/iam/users/of/the/second/tenant/and/b";

fn main() -> ExitCode {
    let arguments = arguments::Arguments::read();
    let report = Report { states: State::all().map(measured).collect() };
    if arguments.json {
        println!("{}", report.to_json());
    } else {
        print!("{}", report.to_table());
    }
    if report.held() {
        return ExitCode::SUCCESS;
    }
    eprintln!(
        "tail: a state was not what it is called, or the negative control has no tail: this run says nothing"
    );
    ExitCode::FAILURE
}

fn measured(state: State) -> OfState {
    pin::to_core(0);
    let stage = Stage::set(state);
    let load = Load::start(&stage);
    let mut operations = operations::all(&stage.monitor, load.held());
    let timer = Timer::start();
    let mut spans = [0; CHUNK];
    let histogram = Histogram::<u64>::new_with_bounds(1, 1 << 40, 3).expect("bounds");
    let mut histograms = vec![histogram; operations.len()];
    let before = stage.monitor.statistics();
    for _ in 0..ROUNDS {
        for (operation, histogram) in operations.iter_mut().zip(&mut histograms) {
            operation.sample(&mut spans);
            for span in spans {
                histogram.saturating_record(span);
            }
            stage.rest();
        }
    }
    let after = stage.monitor.statistics();
    let ns_per_tick = timer.ns_per_tick();
    load.stop();
    let ticks = after.ticks - before.ticks;
    let row =
        |(operation, histogram): (&Operation, &Histogram<u64>)| Row::new(operation, histogram, ns_per_tick);
    let of_state = OfState {
        state,
        ticks,
        dropped_events: after.dropped.event - before.dropped.event,
        held: stage.held(ticks),
        rows: operations.iter().zip(&histograms).map(row).collect(),
    };
    stage.leave();
    of_state
}
