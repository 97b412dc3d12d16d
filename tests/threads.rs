//! Threads that record: many, short-lived, too many, panicking. No count is lost, and memory is bounded by the peak.

mod common;

use common::scale::scaled;
use common::{assert_conserved, manual, manual_with, status};
use foreshock::FailureType::PeerUnreachable;
use foreshock::{LockPath, Monitor};
use std::sync::Barrier;
use std::thread;
use std::time::Instant;

const PATH: &str = "bucket/a";

/// Ten thousand records of every kind; see `assert_counted`.
fn record_much(monitor: &Monitor, lock: &LockPath) {
    for round in 0..1_000 {
        lock.record_success();
        monitor.record_success(PATH);
        lock.attempt().error();
        drop(lock.attempt());
        if round % 20 == 0 {
            lock.record_timeout();
            monitor.record_failure(PeerUnreachable, "node4");
        }
    }
}

#[track_caller]
fn assert_counted(monitor: &Monitor, threads: u64) {
    let seen = status(monitor, PATH);
    let outcomes = seen.outcomes;
    assert_eq!(
        [outcomes.success, outcomes.error, outcomes.abandoned, outcomes.timeout, seen.in_flight],
        [2_000 * threads, 1_000 * threads, 1_000 * threads, 50 * threads, 0]
    );
    let statistics = monitor.statistics();
    assert_eq!(statistics.total_events, 100 * threads);
    assert_conserved(monitor);
}

/// All of them alive at once.
fn record_from(threads: usize, monitor: &Monitor) {
    let lock = monitor.lock_path(PATH);
    let (begin, end) = (Barrier::new(threads), Barrier::new(threads));
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                begin.wait();
                record_much(monitor, &lock);
                end.wait();
            });
        }
    });
}

#[test]
fn each_thread_has_a_block_of_its_own_and_the_sums_are_exact() {
    let (monitor, _time) = manual();
    record_from(6, &monitor);
    assert_counted(&monitor, 6);
    assert_eq!(monitor.statistics().blocks, 6, "this thread asked for a handle, and recorded nothing");
}

#[test]
fn more_threads_than_blocks_share_one_and_the_sums_are_exact() {
    let (monitor, _time) = manual_with(|builder| builder.max_threads(2));
    record_from(8, &monitor);
    assert_counted(&monitor, 8);
    assert_eq!(monitor.statistics().blocks, 2);
}

#[test]
fn the_sums_are_exact_while_the_collector_looks() {
    for max_threads in [1, 16] {
        let monitor = Monitor::builder()
            .max_threads(max_threads)
            .tick(std::time::Duration::from_millis(1))
            .start()
            .expect("a collector thread");
        record_from(4, &monitor);
        monitor.shutdown();
        assert_counted(&monitor, 4);
    }
}

#[test]
fn short_lived_threads_lose_nothing_and_need_no_more_blocks_than_were_alive_at_once() {
    const AT_ONCE: u64 = 4;
    let threads = scaled(1_000, 100_000);
    let (monitor, _time) = manual();
    let lock = monitor.lock_path(PATH);
    let began = Instant::now();
    for _ in 0..threads / AT_ONCE {
        thread::scope(|scope| {
            let record = || {
                lock.record_success();
                monitor.record_timeout(PATH);
                monitor.record_failure(PeerUnreachable, "node4");
            };
            // Joined, and not only waited for: then each has given its block back.
            let alive: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(record)).collect();
            alive.into_iter().for_each(|thread| thread.join().expect("no panic"));
        });
        monitor.tick();
    }
    let seconds = began.elapsed().as_secs_f64();
    let outcomes = status(&monitor, PATH).outcomes;
    assert_eq!((outcomes.success, outcomes.timeout), (threads, threads));
    let statistics = monitor.statistics();
    assert_eq!((statistics.total_events, statistics.dropped_events), (2 * threads, 0));
    assert!(statistics.blocks <= AT_ONCE, "{} blocks for {AT_ONCE} threads at once", statistics.blocks);
    assert_conserved(&monitor);
    println!(
        "FIGURE {threads} threads, {AT_ONCE} at once, in {seconds:.1} s: {} blocks, no record lost",
        statistics.blocks
    );
}

#[test]
fn blocks_that_were_given_back_are_leased_again_when_all_exist() {
    let (monitor, _time) = manual_with(|builder| builder.max_threads(1));
    thread::scope(|scope| {
        for _ in 0..100 {
            scope.spawn(|| monitor.record_success(PATH)).join().unwrap();
        }
    });
    assert_eq!(status(&monitor, PATH).outcomes.success, 100);
    assert_eq!(monitor.statistics().blocks, 1);
}

#[test]
fn a_thread_that_panics_with_an_attempt_in_its_hands_abandons_it() {
    let (monitor, _time) = manual();
    let lock = monitor.lock_path(PATH);
    let panicked = thread::scope(|scope| {
        let thread = scope.spawn(|| {
            lock.record_success();
            let _attempt = lock.attempt();
            panic!("the host's own trouble");
        });
        thread.join()
    });
    assert!(panicked.is_err());
    let after = status(&monitor, PATH);
    assert_eq!((after.outcomes.success, after.outcomes.abandoned, after.in_flight), (1, 1, 0));
    assert_eq!(monitor.statistics().panics, 0, "not one of ours");
    lock.record_success();
    assert_eq!(status(&monitor, PATH).outcomes.success, 2);
}

#[test]
fn a_record_in_the_destructor_of_a_thread_local_is_counted() {
    struct RecordsAtTheEnd(LockPath);
    impl Drop for RecordsAtTheEnd {
        fn drop(&mut self) {
            self.0.record_success();
        }
    }
    thread_local! {
        static EARLY: std::cell::RefCell<Option<RecordsAtTheEnd>> = const { std::cell::RefCell::new(None) };
    }
    let (monitor, _time) = manual();
    let lock = monitor.lock_path(PATH);
    for first_use_comes_first in [true, false] {
        let own = lock.clone();
        let thread = thread::spawn(move || {
            if first_use_comes_first {
                own.record_success();
            }
            EARLY.set(Some(RecordsAtTheEnd(own.clone())));
            own.record_success();
        });
        thread.join().unwrap();
    }
    assert_eq!(status(&monitor, PATH).outcomes.success, 5);
}
