//! What an operation costs as threads are added: ours, and what one would use instead, all threads on one handle.
//!
//! `cargo bench --bench threads`; `-- --json` for a program, `-- --plot FILE.svg` for a plot as well. Batches of all
//! operations and thread counts are interleaved, and the median over the batches is printed.

#[path = "../shared/arguments.rs"]
#[allow(dead_code, reason = "read as a part of this bench's own")]
mod arguments;
mod batch;
mod chosen;
#[path = "../shared/machine.rs"]
mod machine;
#[path = "../shared/measure.rs"]
#[allow(dead_code, reason = "a sweep has spans of its own")]
mod measure;
#[path = "../shared/pin.rs"]
mod pin;
mod plot;
mod report;
#[path = "../subjects/mod.rs"]
#[allow(dead_code, unused_imports, reason = "not all of them are in the sweep")]
mod subjects;

use batch::Crowd;
use clap::Parser;
use measure::median;
use report::{Point, Report, Row};
use std::path::PathBuf;
use std::process::ExitCode;

const BATCHES: usize = 21;

#[derive(Parser)]
#[command(about = "Prints what an operation costs as threads are added", no_binary_name = false)]
struct Arguments {
    #[command(flatten)]
    of_all: arguments::Arguments,
    /// Also draw the table there, as SVG
    #[arg(long, value_name = "FILE.svg")]
    plot: Option<PathBuf>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let report = Report::new(measured());
    if arguments.of_all.json {
        println!("{}", report.to_json());
    } else {
        print!("{}", report.to_table());
    }
    if let Some(file) = arguments.plot
        && let Err(error) = plot::draw(&report, &file)
    {
        eprintln!("threads: {}: {error}", file.display());
        return ExitCode::FAILURE;
    }
    if report.control_held {
        return ExitCode::SUCCESS;
    }
    eprintln!("threads: the negative control did not come out slower: this run says nothing");
    ExitCode::FAILURE
}

fn measured() -> Vec<Row> {
    let clock = quanta::Clock::new();
    let chosen = chosen::subjects();
    let crowds = Crowd::of_this_machine();
    let mut batches = vec![vec![Vec::new(); crowds.len()]; chosen.len()];
    for _ in 0..BATCHES {
        for (subject, of_subject) in chosen.iter().zip(&mut batches) {
            for (crowd, ns) in crowds.iter().zip(of_subject) {
                ns.push(batch::ns(subject, *crowd, &clock));
            }
        }
    }
    let point = |(crowd, ns): (&Crowd, Vec<f64>)| Point { crowd: *crowd, ns: median(&ns), batches: ns.len() };
    let row = |(subject, of_subject): (&measure::Subject, Vec<Vec<f64>>)| Row {
        subject: subject.name,
        operation: subject.operation,
        points: crowds.iter().zip(of_subject).map(point).collect(),
    };
    chosen.iter().zip(batches).map(row).collect()
}
