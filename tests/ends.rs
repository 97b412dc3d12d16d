//! Monitors and hosts that end while threads record.

mod common;

use common::again::{role, run_again};
use common::recorder::Remembering;
use common::scale::scaled;
use common::{record_by_guard, record_by_handle, record_by_name};
use foreshock::FailureType::PeerUnreachable;
use foreshock::{Component, LockPath, Monitor, Outcome};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

const PATH: &str = "bucket/a";
const THREADS: usize = 8;

fn start() -> Monitor {
    Monitor::builder()
        .tick(Duration::from_millis(1))
        .max_threads(THREADS / 2)
        .start()
        .expect("valid settings")
}

/// Every kind of record that a handle makes. Returns how many.
fn record_round(lock: &LockPath, node: &Component) -> u64 {
    for outcome in Outcome::ALL {
        record_by_handle(lock, outcome);
        record_by_guard(lock, outcome);
    }
    node.record_failure(PeerUnreachable);
    9
}

#[test]
fn a_monitor_shut_down_while_eight_threads_record_counts_or_refuses_each_record() {
    let (monitors, mut records, mut refused) = (scaled(5, 100), 0, 0);
    for _ in 0..monitors {
        let monitor = start();
        let (lock, node) = (monitor.lock_path(PATH), monitor.component("node4"));
        let stop = AtomicBool::new(false);
        let recorded: u64 = thread::scope(|scope| {
            let record = || {
                let mut records = 0;
                while !stop.load(Ordering::Relaxed) {
                    records += record_round(&lock, &node);
                    record_by_name(&monitor, PATH, Outcome::Timeout);
                    records += 1;
                }
                // The monitor is gone by now.
                records + record_round(&lock, &node)
            };
            let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(record)).collect();
            thread::sleep(Duration::from_millis(5));
            monitor.shutdown();
            thread::sleep(Duration::from_millis(1));
            stop.store(true, Ordering::Relaxed);
            threads.into_iter().map(|thread| thread.join().expect("no panic")).sum()
        });
        let statistics = monitor.statistics();
        let outcomes: u64 = Outcome::ALL.iter().map(|outcome| statistics.outcomes.of(*outcome)).sum();
        let failures = statistics.total_events - statistics.outcomes.timeout;
        assert_eq!(outcomes + failures + statistics.dropped.after_shutdown, recorded);
        assert!(statistics.dropped.after_shutdown >= THREADS as u64 * 9);
        common::assert_conserved(&monitor);
        records += recorded;
        refused += statistics.dropped.after_shutdown;
    }
    println!(
        "FIGURE {monitors} monitors shut down while {THREADS} threads made {records} records: {refused} refused, the others counted"
    );
}

#[test]
fn a_monitor_dropped_while_eight_threads_record_publishes_a_last_time_and_its_handles_live_on() {
    let monitors = scaled(5, 100);
    for _ in 0..monitors {
        let recorder = Remembering::default();
        let builder = Monitor::builder().tick(Duration::from_millis(1)).recorder(Arc::new(recorder.clone()));
        let monitor = builder.max_threads(THREADS / 2).start().expect("valid settings");
        let (stop, begun) = (Arc::<AtomicBool>::default(), Arc::new(Barrier::new(THREADS + 1)));
        let threads: Vec<_> = (0..THREADS)
            .map(|_| {
                let (lock, node) = (monitor.lock_path(PATH), monitor.component("node4"));
                let (stop, begun) = (stop.clone(), begun.clone());
                thread::spawn(move || {
                    (0..1_000).for_each(|_| lock.record_abandoned());
                    begun.wait();
                    while !stop.load(Ordering::Relaxed) {
                        record_round(&lock, &node);
                    }
                    (0..1_000).for_each(|_| _ = record_round(&lock, &node));
                    lock.health()
                })
            })
            .collect();
        begun.wait();
        drop(monitor);
        stop.store(true, Ordering::Relaxed);
        threads.into_iter().for_each(|thread| _ = thread.join().expect("no panic"));
        let words = ["lock_health_attempts_total", "path=bucket/a", "outcome=abandoned"];
        let published = recorder.values_of(&words)[0].last().copied();
        assert!(
            published >= Some(THREADS as u64 * 1_000),
            "{published:?}: what came before the end is in it"
        );
    }
    println!("FIGURE {monitors} monitors dropped while {THREADS} threads record: a last publication of each");
}

/// A process whose threads record while it ends.
#[test]
fn the_host_that_is_run_again() {
    let Some(role) = role() else {
        return;
    };
    let monitor = start();
    for _ in 0..4 {
        let monitor = monitor.clone();
        thread::spawn(move || {
            let (lock, node) = (monitor.lock_path(PATH), monitor.component("node4"));
            loop {
                record_round(&lock, &node);
                record_by_name(&monitor, PATH, Outcome::Success);
            }
        });
    }
    while monitor.statistics().outcomes.success == 0 {
        thread::yield_now();
    }
    match &*role {
        "exits" => std::process::exit(0),
        "exits with an attempt in flight" => {
            let lock = monitor.lock_path(PATH);
            let _attempt = lock.attempt();
            std::process::exit(0)
        }
        "aborts" => std::process::abort(),
        // Its `main` returns, and the threads with their clones of the monitor are still at it.
        _ => drop(monitor),
    }
}

#[test]
fn a_host_that_ends_while_its_threads_record_ends_as_it_would_without() {
    let hosts = scaled(5, 100);
    for role in ["exits", "exits with an attempt in flight", "returns"] {
        for _ in 0..hosts {
            let output = run_again("the_host_that_is_run_again", role);
            assert_eq!(output.status.code(), Some(0), "{role}: {output:?}");
        }
    }
    for _ in 0..hosts {
        let output = run_again("the_host_that_is_run_again", "aborts");
        #[cfg(unix)]
        assert_eq!(
            std::os::unix::process::ExitStatusExt::signal(&output.status),
            Some(libc::SIGABRT),
            "{output:?}"
        );
        assert!(!output.status.success());
    }
    println!(
        "FIGURE {} hosts that ended while 4 threads recorded, a quarter by abort: each with its own status",
        4 * hosts
    );
}
