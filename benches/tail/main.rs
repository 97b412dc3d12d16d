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

use load::Load;
use operations::Operation;
use report::{OfState, Report, Row};
use sampling::Tail;
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
    let stage = Stage::set(state);
    let load = Load::start(&stage);
    let before = stage.monitor.statistics();
    let rows = thread::on_core(0, || rows(&stage, &load));
    let after = stage.monitor.statistics();
    load.stop();
    let ticks = after.ticks - before.ticks;
    let of_state = OfState {
        state,
        ticks,
        dropped_events: after.dropped.event - before.dropped.event,
        held: stage.held(ticks),
        rows,
    };
    stage.leave();
    of_state
}

/// On the thread that is timed.
fn rows(stage: &Stage, load: &Load) -> Vec<Row> {
    let mut operations = operations::all(&stage.monitor, load.held());
    let mut tails = vec![Tail::default(); operations.len()];
    let mut spans = [0; CHUNK];
    // A thread's first record takes its block.
    operations.iter_mut().for_each(|operation| operation.sample(&mut spans));
    let timer = Timer::start();
    for _ in 0..ROUNDS {
        for (operation, tail) in operations.iter_mut().zip(&mut tails) {
            stage.rest();
            operation.sample(&mut spans);
            tail.add(&spans);
        }
    }
    let ns_per_tick = timer.ns_per_tick();
    let row = |(operation, tail): (&Operation, Tail)| Row::new(operation, tail, ns_per_tick);
    operations.iter().zip(tails).map(row).collect()
}
