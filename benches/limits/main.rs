//! What a record costs, as a ratio to an uncontended relaxed `fetch_add` of the same run, beside what one would use
//! instead.
//!
//! `cargo bench --bench limits`, and `-- --json` for a program. Batches of all operations are interleaved, so that a
//! machine that changes its speed changes it for all of them, and the median over the batches is printed.

#[path = "../shared/arguments.rs"]
mod arguments;
#[path = "../shared/machine.rs"]
mod machine;
#[path = "../shared/measure.rs"]
mod measure;
#[path = "../shared/pin.rs"]
mod pin;
mod report;
#[path = "../subjects/mod.rs"]
mod subjects;

use measure::median;
use report::{Report, Row};
use std::process::ExitCode;

const BATCHES: usize = 31;
/// With fewer batches in which two threads did run at once there is no figure for two.
const FEWEST: usize = BATCHES / 2;

fn main() -> ExitCode {
    let arguments = arguments::Arguments::read();
    let report = Report::new(measured());
    if arguments.json {
        println!("{}", report.to_json());
    } else {
        print!("{}", report.to_table());
    }
    if report.control_held {
        return ExitCode::SUCCESS;
    }
    eprintln!("limits: the negative control did not come out slower: this run says nothing");
    ExitCode::FAILURE
}

fn measured() -> Vec<Row> {
    let clock = quanta::Clock::new();
    let subjects = subjects::all();
    let mut ones = vec![Vec::new(); subjects.len()];
    let mut twos = vec![Vec::new(); subjects.len()];
    for _ in 0..BATCHES {
        for (place, subject) in subjects.iter().enumerate() {
            ones[place].push(subject.one_thread_ns(&clock));
            if subject.is_shared {
                twos[place].extend(subject.two_threads_ns(&clock));
            }
        }
    }
    let row = |(place, subject): (usize, &measure::Subject)| Row {
        subject: subject.name,
        operation: subject.operation,
        target_ratio: subject.target_ratio,
        clock_reads: subject.clock_reads,
        ns: median(&ones[place]),
        two_threads_ns: Some(&twos[place])
            .filter(|samples| samples.len() >= FEWEST)
            .map(|samples| median(samples)),
    };
    subjects.iter().enumerate().map(row).collect()
}
