//! Ever new names: memory stays flat once the tables are full, and every record is counted, by name or under `__other__`.

mod common;

use common::allocator::{Counting, allocations, held_bytes};
use common::scale::scaled;
use common::{assert_conserved, manual, status};
use foreshock::FailureType::UploadFailure;
use std::time::Instant;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// As many fit the tables by default.
const PATHS: u64 = 1_024;
const COMPONENTS: u64 = 256;
const BATCH: u64 = 1_000;
/// After so many batches the tables are full, and so are the failures that wait for what may come late.
const FULL: usize = 10;

#[test]
fn distinct_names_beyond_the_limit_take_no_memory_and_none_is_lost() {
    let names = scaled(20_000, 1_000_000);
    let (monitor, _time) = manual();
    let mut name = String::with_capacity(64);
    let mut held = Vec::new();
    let mut allocated = 0;
    let mut batches_ns = Vec::new();
    for batch in 0..names / BATCH {
        let (before, began) = (allocations(), Instant::now());
        for number in batch * BATCH..(batch + 1) * BATCH {
            name.clear();
            std::fmt::Write::write_fmt(&mut name, format_args!("bucket/{number}/object")).expect("a String");
            monitor.record_success(&name);
            monitor.record_failure(UploadFailure, &name);
        }
        let batch_ns = began.elapsed().as_nanos() as u64 / BATCH;
        if batch * BATCH > PATHS {
            allocated += allocations() - before;
        }
        batches_ns.push(batch_ns);
        monitor.tick();
        held.push(held_bytes());
    }
    assert_eq!(allocated, 0, "a name that finds no place allocates nothing");
    let (least, most) = (held[FULL..].iter().min().unwrap(), held[FULL..].iter().max().unwrap());
    assert!(most - least <= 64 * 1_024, "{least} to {most} bytes");

    let other = status(&monitor, "__other__");
    assert_eq!(other.outcomes.success, names - PATHS);
    let snapshot = monitor.snapshot();
    assert_eq!(snapshot.paths.len() as u64, PATHS + 1);
    assert!(snapshot.paths[..PATHS as usize].iter().all(|path| path.outcomes.success == 1));
    let of_other =
        snapshot.failures.iter().filter(|f| &*f.component == "__other__" && f.kind == "upload_failure");
    assert_eq!(of_other.map(|f| f.events).sum::<u64>(), names - COMPONENTS);
    let statistics = monitor.statistics();
    assert_eq!((statistics.outcomes.success, statistics.total_events), (names, names));
    assert_eq!((statistics.paths, statistics.components), (PATHS + 1, COMPONENTS));
    assert_conserved(&monitor);

    batches_ns.drain(..FULL);
    let tenth = (batches_ns.len() / 10).max(1);
    let (first, last) = (median(&batches_ns[..tenth]), median(&batches_ns[batches_ns.len() - tenth..]));
    println!(
        "FIGURE {names} distinct names: {} in __other__, {} bytes more at most once the tables were full; \
         a name, a record and a failure take {} ns (median of batches; first tenth {first}, last {last}), {} in the worst batch",
        other.outcomes.success,
        most - least,
        median(&batches_ns),
        batches_ns.iter().max().unwrap(),
    );
}

fn median(values: &[u64]) -> u64 {
    let mut values = values.to_vec();
    values.sort_unstable();
    values[values.len() / 2]
}
