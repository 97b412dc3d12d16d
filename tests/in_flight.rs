//! Attempts that have not ended: how many, how old, and when that alone degrades a path.

mod common;

use common::{NS, manual, manual_with, millis, outcomes, record_by_guard, secs, status};
use foreshock::LockHealth::{Degraded, Healthy};
use foreshock::Monitor;
use std::time::Duration;

const PATH: &str = "config/iam/users";

/// Ages are known to about a microsecond.
const RESOLUTION: Duration = Duration::from_nanos(1_100);

#[track_caller]
fn assert_oldest(monitor: &Monitor, expected: Duration) {
    let seen = status(monitor, PATH).oldest_in_flight_seconds.expect("an attempt in flight");
    assert!((seen - expected.as_secs_f64()).abs() <= RESOLUTION.as_secs_f64(), "{seen} s, not {expected:?}");
}

#[test]
fn an_attempt_is_in_flight_from_its_beginning_to_its_end() {
    let (monitor, _time) = manual();
    let lock = monitor.lock_path(PATH);
    for end in outcomes("STEA") {
        record_by_guard(&lock, end);
        assert_eq!(status(&monitor, PATH).in_flight, 0, "{end:?}");
    }
    let attempt = lock.attempt();
    assert_eq!(status(&monitor, PATH).in_flight, 1);
    attempt.success();
    let after = status(&monitor, PATH);
    assert_eq!((after.in_flight, after.oldest_in_flight_seconds), (0, None));
}

#[test]
fn an_attempt_dropped_unfinished_is_abandoned_and_not_completed() {
    let (monitor, _time) = manual();
    let lock = monitor.lock_path(PATH);
    drop(lock.attempt());
    let after = status(&monitor, PATH);
    assert_eq!(after.outcomes.abandoned, 1);
    assert_eq!((after.outcomes.completed(), after.window_completed, after.in_flight), (0, 0, 0));
    assert_eq!(after.wait, None, "nothing was waited for to the end");
}

#[test]
fn the_oldest_of_several_attempts_counts_whichever_thread_began_it() {
    let (monitor, time) = manual();
    let lock = monitor.lock_path(PATH);
    std::thread::scope(|scope| {
        let first = scope.spawn(|| lock.attempt()).join().unwrap();
        time.advance(secs(2));
        let second = scope.spawn(|| lock.attempt()).join().unwrap();
        time.advance(secs(1));
        let third = lock.attempt();
        assert_eq!(status(&monitor, PATH).in_flight, 3);
        assert_oldest(&monitor, secs(3));
        scope.spawn(move || first.error()).join().unwrap();
        assert_eq!(status(&monitor, PATH).in_flight, 2);
        assert_oldest(&monitor, secs(1));
        drop((second, third));
        assert_eq!(status(&monitor, PATH).oldest_in_flight_seconds, None);
    });
}

#[test]
fn an_attempt_degrades_its_path_once_it_is_older_than_five_seconds_and_until_it_ends() {
    let (monitor, time) = manual();
    let lock = monitor.lock_path(PATH);
    let attempt = lock.attempt();
    time.advance(secs(5));
    let at_five = status(&monitor, PATH);
    assert_eq!((at_five.health, at_five.is_slow), (Healthy, false));
    time.advance(Duration::from_micros(2));
    let above_five = status(&monitor, PATH);
    assert_eq!((above_five.health, above_five.is_slow), (Degraded, true));
    assert_eq!(lock.health(), Degraded);
    attempt.success();
    let ended = status(&monitor, PATH);
    assert_eq!((ended.health, ended.is_slow), (Healthy, false));
    assert_eq!(lock.health(), Healthy);
}

#[test]
fn a_slow_attempt_degrades_its_own_path_alone() {
    let (monitor, time) = manual();
    let (slow, other) = (monitor.lock_path(PATH), monitor.lock_path("bucket/a"));
    let _hanging = slow.attempt();
    time.advance(secs(6));
    other.attempt().success();
    assert_eq!(status(&monitor, PATH).health, Degraded);
    assert_eq!(status(&monitor, "bucket/a").health, Healthy);
}

#[test]
fn slow_after_is_a_setting() {
    let (monitor, time) = manual_with(|builder| builder.slow_after(millis(10)));
    let lock = monitor.lock_path(PATH);
    let _attempt = lock.attempt();
    time.advance(millis(10));
    assert!(!status(&monitor, PATH).is_slow);
    time.advance(Duration::from_micros(2));
    assert!(status(&monitor, PATH).is_slow);
}

#[test]
fn an_attempt_announced_without_a_guard_is_in_flight_until_an_outcome_answers_it() {
    let (monitor, _time) = manual();
    let lock = monitor.lock_path(PATH);
    monitor.record_attempt(PATH);
    lock.record_attempt();
    assert_eq!(status(&monitor, PATH).in_flight, 2);
    monitor.record_success(PATH);
    lock.record_timeout();
    assert_eq!(status(&monitor, PATH).in_flight, 0);
    monitor.record_success(PATH);
    assert_eq!(status(&monitor, PATH).in_flight, 0, "an outcome of its own answers nothing");
    assert_eq!(status(&monitor, PATH).outcomes.completed(), 3);
}

#[test]
fn more_attempts_than_open_attempts_are_all_counted_and_the_untold_ages_too() {
    let (monitor, time) = manual_with(|builder| builder.open_attempts(2));
    let lock = monitor.lock_path(PATH);
    let first = lock.attempt();
    time.advance(secs(1));
    let further: Vec<_> = (0..4).map(|_| lock.attempt()).collect();
    assert_eq!(status(&monitor, PATH).in_flight, 5);
    assert_eq!(monitor.statistics().dropped.age, 3);
    assert_oldest(&monitor, secs(1));
    drop(further);
    first.success();
    assert_eq!(status(&monitor, PATH).in_flight, 0);
    assert_eq!(status(&monitor, PATH).outcomes.abandoned, 4);
}

#[test]
fn the_time_that_attempts_took_is_measured_within_a_quarter_and_summed_exactly() {
    let (monitor, time) = manual();
    let lock = monitor.lock_path(PATH);
    for _ in 0..99 {
        let attempt = lock.attempt();
        time.advance(millis(10));
        attempt.success();
    }
    let attempt = lock.attempt();
    time.advance(secs(3));
    attempt.timeout();
    let wait = status(&monitor, PATH).wait.expect("samples");
    let near = |seen: f64, expected: f64| (seen - expected).abs() <= 0.25 * expected;
    assert_eq!(wait.count, 100);
    assert!(near(wait.p50_seconds, 0.010), "{wait:?}");
    assert!(near(wait.p99_seconds, 0.010), "{wait:?}");
    assert!(near(wait.max_seconds, 3.0), "{wait:?}");
    assert!((wait.sum_seconds - 3.99).abs() < 1e-9, "{wait:?}");
}

#[test]
fn without_latency_tracking_ages_are_known_and_waits_are_not() {
    let (monitor, time) = manual_with(|builder| builder.track_latency(false));
    let lock = monitor.lock_path(PATH);
    let attempt = lock.attempt();
    time.advance(secs(5) + millis(1) - NS);
    assert_oldest(&monitor, secs(5) + millis(1));
    attempt.success();
    assert_eq!(status(&monitor, PATH).wait, None);
}
