//! What the collector costs.
//!
//! `cargo bench --bench collector`, and `-- --json` for a program.

#[path = "../shared/arguments.rs"]
mod arguments;
mod cpu;
#[path = "../shared/machine.rs"]
mod machine;
mod mix;
mod throughput;

fn main() {
    let _ = arguments::Arguments::read();
    println!("{}", machine::line());
    for (mix, threads) in [(mix::INCIDENT, 16), (mix::INCIDENT, 2), (mix::MONOTONE, 16), (mix::PATHS, 16), (mix::ALTERNATING, 16), (mix::ALTERNATING, 2)] {
        if std::env::var("ONLY").is_ok_and(|only| only != format!("{}{}", &mix.name[..7], threads)) { continue; }
        match throughput::measured(mix, threads) {
            Ok(row) => println!("{:<50} {:>3} {:>8} {:>8.1} {:>8.1} M/s {}", row.mix, row.threads, row.events_per_tick, row.ns_per_event, row.events_per_second() / 1e6, row.events),
            Err(e) => println!("{e}"),
        }
    }
}
