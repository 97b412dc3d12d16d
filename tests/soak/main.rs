//! Records of every kind from several threads, with a collector that runs: at the end each is accounted for, to the last one.
//!
//! As many records as `FORESHOCK_SOAK_RECORDS` says. Every thread counts by itself what it records; nothing of the expectation is
//! read from the monitor.

#[path = "../common/mod.rs"]
mod common;
mod lane;
mod tally;

use common::assert_conserved;
use common::recorder::Remembering;
use foreshock::{Attempt, Clock, FailureType, ManualTime, Monitor, Outcome, Snapshot};
use lane::{COMPONENTS, Churn, Generations, Lane, PATHS, TYPES};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tally::Tally;

/// Threads that follow each other in a lane.
const GENERATIONS: u64 = 50;
/// Of a hundred records, so many go to the monitor whose paths come and go.
const CHURN_PERCENT: u64 = 5;
const IDLE: Duration = Duration::from_secs(60);

fn records() -> u64 {
    let set = std::env::var("FORESHOCK_SOAK_RECORDS");
    set.map_or(1_000_000, |records| records.parse().expect("FORESHOCK_SOAK_RECORDS is a number"))
}

/// Threads that have a block of their own.
fn blocks() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from).clamp(2, 64)
}

/// Threads alive at a time: two on each core, half of them on the block that threads share.
fn lanes() -> u64 {
    2 * blocks() as u64
}

/// What a host has: a monitor on the processor's clock.
fn steady() -> Monitor {
    let builder = Monitor::builder().max_threads(blocks()).tick(Duration::from_millis(5));
    builder.custom_failure("disk_full").start().expect("valid settings")
}

/// A monitor with fewer places than there are names, whose paths are idle as soon as the clock is turned.
fn churning(recorder: Remembering) -> (Monitor, ManualTime) {
    let (clock, time) = Clock::manual();
    let builder = Monitor::builder().clock(clock).tick(Duration::from_millis(1)).recorder(Arc::new(recorder));
    let builder = builder.max_paths(lane::CHURN_PLACES).retire_after(IDLE).no_patterns();
    (builder.start().expect("valid settings"), time)
}

#[test]
fn every_record_is_counted_once() {
    let (monitor, recorder) = (steady(), Remembering::default());
    let (churning, time) = churning(recorder.clone());
    let generations = Generations::new(time, IDLE);
    let began = Instant::now();
    let (expected, churned) = record(records(), &monitor, &churning, &generations);
    let seconds = began.elapsed().as_secs_f64();
    monitor.shutdown();
    churning.shutdown();

    assert_eq!(expected.records + churned.records, records());
    assert_exact(&monitor.snapshot(), &expected);
    assert_conserved(&monitor);
    let statistics = monitor.statistics();
    assert!(statistics.blocks <= blocks() as u64);
    assert_churn_exact(&churning, &recorder, &churned);
    let passed = generations.now.load(Ordering::Relaxed);
    let names = recorder.values_of(&["lock_health_attempts_total", "outcome=success"]).len();
    // `__other__` is one of them.
    let retired = names > lane::CHURN_PLACES + 1;
    assert!(retired || passed < lane::CHURN_GENERATIONS, "{names} names: none was retired");
    // Enough for generations to pass on any machine.
    assert!(retired || records() < 100_000_000, "{passed} generations passed, and no path was retired");
    println!(
        "FIGURE {} records by {} threads in {seconds:.1} s: {} failure events = {} processed + {} dropped; {} ticks; {passed} generations of paths retired",
        records(),
        lanes() * GENERATIONS,
        statistics.total_events,
        statistics.processed_events,
        statistics.dropped_events,
        statistics.ticks,
    );
}

fn record(records: u64, monitor: &Monitor, churning: &Monitor, generations: &Generations) -> (Tally, Tally) {
    let paths: Vec<_> = (0..PATHS).map(|path| monitor.lock_path(&lane::path_name(path))).collect();
    let components: Vec<_> = lane::component_names().map(|name| monitor.component(name)).collect();
    let at_a_time = lanes();
    let left_open = Mutex::<Vec<(usize, Attempt<'_>)>>::default();
    let lanes = std::thread::scope(|scope| {
        let run = |number| {
            let own = records / at_a_time + u64::from(number < records % at_a_time);
            let mut lane = Lane::new(number, monitor, &paths, &components, &left_open);
            let mut churn = Churn::new(number, churning, generations);
            scope.spawn(move || {
                for generation in 0..GENERATIONS {
                    let share = own / GENERATIONS + u64::from(generation < own % GENERATIONS);
                    let to_churn = share * CHURN_PERCENT / 100;
                    // A thread of its own, which takes up the block that the last one left.
                    let thread = || {
                        lane.record(share - to_churn);
                        churn.record(to_churn);
                    };
                    std::thread::scope(|inner| inner.spawn(thread).join()).expect("no panic");
                }
                (lane.tally, churn.tally)
            })
        };
        let lanes: Vec<_> = (0..at_a_time).map(run).collect();
        lanes.into_iter().map(|lane| lane.join().expect("no panic")).collect::<Vec<_>>()
    });
    let (mut all, mut churned) = (Tally::default(), Tally::default());
    for (steady, churn) in lanes {
        all.add(&steady);
        churned.add(&churn);
    }
    // Begun by threads that have ended, and counted when they end.
    for (path, attempt) in left_open.into_inner().expect("no panic") {
        drop(attempt);
        all.outcomes[path][Outcome::Abandoned as usize] += 1;
    }
    (all, churned)
}

/// By path and outcome, by type and component, and what was measured.
fn assert_exact(snapshot: &Snapshot, expected: &Tally) {
    assert_eq!(snapshot.paths.len(), PATHS, "no path beside those that were recorded on");
    for (number, path) in snapshot.paths.iter().enumerate() {
        let counted = Outcome::ALL.map(|outcome| path.outcomes.of(outcome));
        assert_eq!(counted, expected.outcomes[number], "{}", path.name);
        assert_eq!(path.wait.map_or(0, |wait| wait.count), expected.waits[number], "{}", path.name);
        assert_eq!(path.in_flight, 0, "{}", path.name);
    }
    for (number, name) in lane::component_names().enumerate() {
        let of = |kind: FailureType| {
            let found = snapshot.failures.iter().find(|f| f.kind == kind.label() && *f.component == *name);
            found.expect("a type of a component").events
        };
        assert_eq!(TYPES.map(of), expected.failures[number], "{name}");
    }
    let statistics = &snapshot.statistics;
    let failures: u64 = expected.failures.iter().flatten().sum();
    let timeouts: u64 = expected.outcomes.iter().map(|of_path| of_path[Outcome::Timeout as usize]).sum();
    assert_eq!(statistics.total_events, failures + timeouts, "each timeout is a failure of its path too");
    assert_eq!(statistics.components, COMPONENTS as u64);
    assert_eq!(statistics.dropped.unregistered_type, expected.unregistered);
    assert_eq!((statistics.dropped.after_shutdown, statistics.panics), (0, 0));
}

/// By outcome: which name found a place hangs on what was retired when.
fn assert_churn_exact(monitor: &Monitor, recorder: &Remembering, expected: &Tally) {
    let statistics = monitor.statistics();
    for outcome in Outcome::ALL {
        let recorded: u64 = expected.outcomes.iter().map(|of_path| of_path[outcome as usize]).sum();
        assert_eq!(statistics.outcomes.of(outcome), recorded, "{outcome:?}");
        let label = format!("outcome={}", outcome.label());
        let series = recorder.values_of(&["lock_health_attempts_total", &label]);
        let published: u64 = series.iter().filter_map(|values| values.last()).sum();
        assert_eq!(published, recorded, "{outcome:?}, published through every life of a path");
        assert!(series.iter().all(|values| values.is_sorted()), "a counter falls");
    }
    assert_conserved(monitor);
}
