//! Few threads, few steps, one racing another: small enough for Miri, which tries another schedule with every seed, and exact wherever they
//! meet. ThreadSanitizer and AddressSanitizer run them at their full size.

mod common;

use common::{assert_conserved, manual_with, millis, secs};
use foreshock::FailureType::{LockTimeout, PeerUnreachable};
use foreshock::{Builder, Clock, LockHealth, ManualTime, Monitor};
use std::sync::Barrier;
use std::sync::mpsc;
use std::thread;

const PATH: &str = "bucket/a";
const ROUNDS: u64 = if cfg!(miri) { 2 } else { 2_000 };
/// A look publishes, which is dear under Miri. A retirement takes four.
const LOOKS: u64 = if cfg!(miri) { 4 } else { ROUNDS };
const THREADS: u64 = 2;

/// Everything is soon used up and used again.
fn tiny(builder: Builder) -> Builder {
    let builder = builder.max_paths(2).max_components(1).max_threads(2).ring_events(2).open_attempts(2);
    builder.no_patterns().track_latency(false).retire_after(secs(60))
}

fn small() -> (Monitor, ManualTime) {
    manual_with(tiny)
}

/// Looks while the others record.
fn look_on(monitor: &Monitor) {
    (0..if cfg!(miri) { 1 } else { ROUNDS }).for_each(|_| monitor.tick());
}

/// The same, and a path's idle time passes before each look.
fn retire_on(monitor: &Monitor, time: &ManualTime) {
    for _ in 0..LOOKS {
        time.advance(secs(61));
        monitor.tick();
    }
}

#[test]
fn an_attempt_is_ended_on_another_thread_than_it_was_begun_on() {
    let (monitor, _time) = manual_with(|builder| tiny(builder).track_latency(true));
    let lock = monitor.lock_path(PATH);
    let (hand_over, handed_over) = mpsc::channel();
    thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..ROUNDS {
                hand_over.send(lock.attempt()).unwrap();
                lock.attempt().error();
            }
            drop(hand_over);
        });
        scope.spawn(|| {
            for (number, attempt) in handed_over.into_iter().enumerate() {
                if number % 2 == 0 { attempt.success() } else { attempt.timeout() }
            }
        });
        scope.spawn(|| look_on(&monitor));
    });
    monitor.tick();
    let seen = &monitor.snapshot().paths[0];
    let outcomes = seen.outcomes;
    assert_eq!((outcomes.success, outcomes.timeout, outcomes.error), (ROUNDS / 2, ROUNDS / 2, ROUNDS));
    assert_eq!(seen.in_flight, 0);
    assert_conserved(&monitor);
}

#[test]
fn names_that_threads_remember_are_retired_and_come_back() {
    let (monitor, time) = small();
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let monitor = &monitor;
            scope.spawn(move || {
                for round in 0..ROUNDS.max(4) {
                    // Three names for two places, each used twice in a row so that the second finds it remembered.
                    let name = ["bucket/a", "bucket/b", "bucket/c"][((round + thread) % 3) as usize];
                    monitor.record_success(name);
                    monitor.record_error(name);
                    assert_eq!(monitor.health(name), LockHealth::Healthy);
                }
            });
        }
        retire_on(&monitor, &time);
    });
    monitor.tick();
    let outcomes = monitor.statistics().outcomes;
    assert_eq!((outcomes.success, outcomes.error), (THREADS * ROUNDS.max(4), THREADS * ROUNDS.max(4)));
    if cfg!(miri) {
        return;
    }
    // Twice: a retirement that was under way has seen the last records, and begins again.
    for _ in 0..2 {
        time.advance(secs(61));
        (0..8).for_each(|_| monitor.tick());
    }
    assert!(monitor.snapshot().paths.iter().all(|path| &*path.name == "__other__"), "the others are idle");
}

#[test]
fn handles_are_taken_and_dropped_while_their_path_is_retired() {
    let (monitor, time) = small();
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for round in 0..ROUNDS {
                    let asked = if round % 2 == 0 { "bucket/a" } else { "bucket/b" };
                    let lock = monitor.lock_path(asked);
                    let clone = lock.clone();
                    // The other one where both places are out: one in use, and one that is being retired.
                    let given = lock.name();
                    assert!(*given == *asked || &*given == "__other__", "{asked} is called {given}");
                    drop(lock);
                    clone.record_success();
                    assert_eq!(clone.name(), given, "while a handle is there, its path keeps its name");
                }
            });
        }
        retire_on(&monitor, &time);
    });
    monitor.tick();
    assert_eq!(monitor.statistics().outcomes.success, THREADS * ROUNDS);
}

#[test]
fn a_block_goes_from_an_ending_thread_to_a_beginning_one() {
    let (monitor, _time) = manual_with(|builder| tiny(builder).max_threads(1));
    let lock = monitor.lock_path(PATH);
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for _ in 0..ROUNDS.min(200) {
                    let record = || {
                        lock.record_success();
                        monitor.record_failure(PeerUnreachable, "node4");
                    };
                    // Two at once: one of them takes the block, the other one records into the shared one.
                    thread::scope(|scope| _ = scope.spawn(record));
                }
            });
        }
        scope.spawn(|| look_on(&monitor));
    });
    monitor.tick();
    let statistics = monitor.statistics();
    let expected = THREADS * ROUNDS.min(200);
    assert_eq!((statistics.outcomes.success, statistics.total_events), (expected, expected));
    assert_eq!(statistics.blocks, 1);
    assert_conserved(&monitor);
}

#[test]
fn threads_without_a_block_share_one_and_look_names_up_in_it() {
    let (monitor, time) = manual_with(|builder| tiny(builder).max_threads(1));
    // This thread has the block, and keeps it.
    monitor.record_success(PATH);
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let monitor = &monitor;
            scope.spawn(move || {
                for round in 0..ROUNDS {
                    monitor.record_timeout(if (round + thread) % 2 == 0 { "bucket/a" } else { "bucket/b" });
                    monitor.record_failure(LockTimeout, "node4");
                }
            });
        }
        retire_on(&monitor, &time);
    });
    monitor.tick();
    let statistics = monitor.statistics();
    assert_eq!((statistics.outcomes.success, statistics.outcomes.timeout), (1, THREADS * ROUNDS));
    assert_eq!(statistics.total_events, 2 * THREADS * ROUNDS);
    assert_eq!(statistics.blocks, 1);
    assert_conserved(&monitor);
}

#[test]
fn timeouts_successes_and_questions_race_on_one_path() {
    let (monitor, _time) = small();
    let lock = monitor.lock_path(PATH);
    thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..ROUNDS {
                (0..4).for_each(|_| lock.record_timeout());
                // Whatever the other did between: a timeout of ours was not half a minute ago.
                assert_ne!(lock.health(), LockHealth::Healthy);
            }
        });
        scope.spawn(|| (0..ROUNDS).for_each(|_| lock.attempt().success()));
        scope.spawn(|| look_on(&monitor));
    });
    monitor.tick();
    let seen = monitor.snapshot().paths[0].clone();
    assert_eq!((seen.outcomes.success, seen.outcomes.timeout), (ROUNDS, 4 * ROUNDS));
    assert!(seen.consecutive_timeouts <= 4 * ROUNDS);
    lock.record_success();
    monitor.tick();
    assert_eq!(monitor.snapshot().paths[0].consecutive_timeouts, 0);
    assert_conserved(&monitor);
}

#[test]
fn a_record_that_races_the_shutdown_is_counted_or_refused() {
    let (monitor, _time) = small();
    let lock = monitor.lock_path(PATH);
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for _ in 0..ROUNDS {
                    lock.record_success();
                    drop(lock.attempt());
                    monitor.record_success("bucket/b");
                }
            });
        }
        scope.spawn(|| monitor.shutdown());
    });
    let statistics = monitor.statistics();
    let counted = statistics.outcomes.success + statistics.outcomes.abandoned;
    assert_eq!(counted + statistics.dropped.after_shutdown, 3 * THREADS * ROUNDS);
    assert_eq!(monitor.snapshot().paths.iter().map(|path| path.in_flight).sum::<u64>(), 0);
}

#[test]
fn a_thread_that_outlives_its_monitor_goes_on_in_the_next_one() {
    let both_know = Barrier::new(2);
    let (first, _time) = small();
    let (second, _time) = small();
    let of_first = first.lock_path(PATH);
    thread::scope(|scope| {
        scope.spawn(|| {
            of_first.record_success();
            second.record_success(PATH);
            of_first.record_success();
            drop(of_first);
            both_know.wait();
            for _ in 0..ROUNDS {
                second.record_success(PATH);
            }
            // Room for a lease is made by those whose monitor is gone.
            small().0.record_success(PATH);
        });
        both_know.wait();
        drop(first);
    });
    second.tick();
    assert_eq!(second.statistics().outcomes.success, 1 + ROUNDS);
}

#[test]
fn two_threads_that_ask_for_the_operation_of_an_attempt_get_the_same() {
    let (monitor, _time) = small();
    let lock = monitor.lock_path(PATH);
    for _ in 0..ROUNDS.min(200) {
        let attempt = lock.attempt();
        let seen = thread::scope(|scope| {
            [(); 2].map(|()| scope.spawn(|| attempt.operation())).map(|thread| thread.join().unwrap())
        });
        assert_eq!(seen[0], seen[1]);
        attempt.success();
    }
}

#[test]
fn the_collectors_own_thread_sums_what_two_threads_record_until_the_last_moment() {
    let (clock, _time) = Clock::manual();
    let monitor = tiny(Monitor::builder()).clock(clock).tick(millis(1));
    let monitor = monitor.start().unwrap();
    let lock = monitor.lock_path(PATH);
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for _ in 0..ROUNDS {
                    lock.attempt().timeout();
                    monitor.record_failure(PeerUnreachable, "node4");
                }
            });
        }
    });
    monitor.shutdown();
    let statistics = monitor.statistics();
    assert_eq!(statistics.outcomes.timeout, THREADS * ROUNDS);
    assert_eq!(statistics.total_events, 2 * THREADS * ROUNDS);
    assert_conserved(&monitor);
}
