//! What publishing costs: writing to a recorder, a scrape beside `prometheus-client` with the same series, and what
//! records notice of a scrape.
//!
//! `cargo bench --bench publish`, and `-- --json` for a program. Whatever is compared is measured in turn, so that a
//! machine that changes its speed changes it for all, and medians are printed.

#[path = "../shared/arguments.rs"]
mod arguments;
mod disturbance;
mod history;
#[path = "../../tests/common/http.rs"]
#[allow(dead_code)]
mod http;
#[path = "../shared/machine.rs"]
mod machine;
#[path = "../shared/measure.rs"]
#[allow(dead_code)]
mod measure;
mod peer;
#[path = "../shared/pin.rs"]
mod pin;
mod publication;
mod report;
mod scrape;
mod server;
#[path = "../../tests/common/text_format.rs"]
#[allow(dead_code)]
mod text_format;

use quanta::Clock;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = arguments::Arguments::read();
    let clock = Clock::new();
    let scrapes = match scrape::measured(&clock) {
        Ok(scrapes) => scrapes,
        Err(error) => {
            eprintln!("publish: {error}");
            return ExitCode::FAILURE;
        }
    };
    let report = report::Report {
        publications: publication::measured(&clock),
        scrapes,
        disturbances: disturbance::measured(&clock),
    };
    if arguments.json {
        println!("{}", report.to_json());
    } else {
        print!("{}", report.to_table());
    }
    if report.control_held() {
        return ExitCode::SUCCESS;
    }
    eprintln!("publish: the negative control was not slowed down: this run says nothing");
    ExitCode::FAILURE
}
