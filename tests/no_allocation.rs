//! After a thread's first record, recording allocates nothing and frees nothing. What the first one costs is counted too.

mod common;

use common::allocator::{Counting, allocations, held_bytes};
use common::mixed::{A_ROUND, Host, ROUNDS};
use foreshock::{Builder, Monitor};
use std::sync::{Mutex, MutexGuard, PoisonError};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What is held is counted for the whole process.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What this thread allocates and frees while it makes a million records, after a first round.
fn allocated(host: &Host) -> u64 {
    host.record(0);
    let before = allocations();
    for round in 0..ROUNDS {
        host.record(round);
    }
    allocations() - before
}

#[test]
fn a_million_records_allocate_nothing_though_the_rings_overflow() {
    let _alone = alone();
    let monitor = Monitor::builder().manual().start().unwrap();
    let host = Host::new(monitor);
    assert_eq!(allocated(&host), 0);
    host.assert_counted(ROUNDS + 1);
    assert!(host.monitor.statistics().dropped_events > 0, "the rings were full");
    println!("FIGURE {} mixed records: 0 blocks allocated, 0 freed", ROUNDS * A_ROUND);
}

#[test]
fn records_allocate_nothing_while_the_collector_runs() {
    let _alone = alone();
    let monitor = Monitor::builder().tick(std::time::Duration::from_millis(1)).start().unwrap();
    let host = Host::new(monitor);
    assert_eq!(allocated(&host), 0);
    std::thread::scope(|scope| {
        let others: Vec<_> = (0..2).map(|_| scope.spawn(|| allocated(&host))).collect();
        for other in others {
            assert_eq!(other.join().unwrap(), 0, "on a thread of its own");
        }
    });
}

#[test]
fn records_without_a_block_of_ones_own_allocate_nothing() {
    let _alone = alone();
    let monitor = Monitor::builder().manual().max_threads(1).start().unwrap();
    let host = Host::new(monitor);
    let _own = allocated(&host);
    let on_the_shared_block = std::thread::scope(|scope| scope.spawn(|| allocated(&host)).join().unwrap());
    assert_eq!(on_the_shared_block, 0);
}

#[test]
fn records_after_shutdown_allocate_nothing() {
    let _alone = alone();
    let monitor = Monitor::builder().manual().start().unwrap();
    let host = Host::new(monitor);
    host.monitor.shutdown();
    assert_eq!(allocated(&host), 0);
}

#[test]
fn records_of_names_beyond_the_limit_allocate_nothing() {
    let _alone = alone();
    let monitor = Monitor::builder().manual().max_paths(1).max_components(1).start().unwrap();
    let host = Host::new(monitor);
    assert_eq!(allocated(&host), 0);
}

/// What a new thread allocates with its first record, how many bytes of it stay, and what the rest of a round adds.
fn first_record(monitor: &Monitor) -> (u64, isize, u64) {
    let lock = monitor.lock_path("config/iam/0");
    let host = Host::new(monitor.clone());
    std::thread::scope(|scope| {
        let first = || {
            let (before, held) = (allocations(), held_bytes());
            lock.record_success();
            let (first, held) = (allocations() - before, held_bytes() - held);
            host.record(0);
            (first, held, allocations() - before - first)
        };
        scope.spawn(first).join().unwrap()
    })
}

fn first_and_next(set: impl FnOnce(Builder) -> Builder) -> [(u64, isize, u64); 2] {
    let monitor = set(Monitor::builder()).manual().start().unwrap();
    [first_record(&monitor), first_record(&monitor)]
}

#[test]
fn the_first_record_of_a_thread_takes_a_block_and_that_of_one_that_follows_takes_it_up() {
    let _alone = alone();
    // The block, its counters, open attempts and ring, and this thread's list of leases; then its waits.
    let [(plain, plain_bytes, later), (next, next_bytes, next_later)] =
        first_and_next(|builder| builder.track_latency(false));
    assert_eq!((plain, later), (5, 0));
    assert_eq!((next, next_later), (1, 0), "the list of leases");
    let [(waits, waits_bytes, _), (next_waits, ..)] = first_and_next(|builder| builder);
    assert_eq!((waits, next_waits), (6, 1));
    println!(
        "FIGURE first record of a thread: {plain} blocks of {plain_bytes} bytes ({waits} of {waits_bytes} with latency); \
         of one that follows another: {next} of {next_bytes} bytes"
    );
}

#[test]
fn the_allocator_does_count() {
    let _alone = alone();
    let monitor = Monitor::builder().manual().start().unwrap();
    let before = allocations();
    monitor.record_success("bucket/a");
    assert!(allocations() > before, "a first record registers a name");
}
