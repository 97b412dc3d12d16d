//! A path that is idle for ten minutes gives its place back, and only such a path.

mod common;

use common::{NS, find, manual_with, secs, status};
use foreshock::FailureType::{LockTimeout, PeerUnreachable};
use foreshock::{LockHealth, ManualTime, Monitor};

const PATH: &str = "bucket/a";
const TEN_MINUTES: u64 = 600;

/// Room for two paths. Retirement needs a call that old kernels do not have: then these tests see nothing retired.
fn small() -> (Monitor, ManualTime) {
    manual_with(|builder| builder.max_paths(2))
}

/// As many ticks as the retirement of a path may take, while the clock stands still.
fn ticks(monitor: &Monitor) {
    for _ in 0..8 {
        monitor.tick();
    }
}

fn is_known(monitor: &Monitor, path: &str) -> bool {
    ticks(monitor);
    find(monitor, path).is_some()
}

#[test]
fn a_path_is_retired_once_it_was_idle_for_ten_minutes_and_not_a_nanosecond_earlier() {
    let (monitor, time) = small();
    monitor.record_success(PATH);
    monitor.tick();
    time.advance(secs(TEN_MINUTES) - NS);
    assert!(is_known(&monitor, PATH));
    time.advance(NS);
    assert!(!is_known(&monitor, PATH));
    assert_eq!(monitor.statistics().paths, 0);
    assert_eq!(monitor.statistics().outcomes.success, 1, "the total keeps it");
}

#[test]
fn a_name_that_comes_back_starts_afresh() {
    let (monitor, time) = small();
    for _ in 0..4 {
        monitor.record_timeout(PATH);
        monitor.record_failure(LockTimeout, "unrelated");
    }
    monitor.record_success(PATH);
    monitor.record_timeout(PATH);
    monitor.tick();
    time.advance(secs(TEN_MINUTES));
    // Something else goes on, so that the timeouts are no longer waited on.
    monitor.record_failure(LockTimeout, "unrelated");
    assert!(!is_known(&monitor, PATH));
    monitor.record_success(PATH);
    let again = status(&monitor, PATH);
    assert_eq!((again.outcomes.success, again.outcomes.timeout), (1, 0));
    assert_eq!((again.health, again.consecutive_timeouts), (LockHealth::Healthy, 0));
    assert_eq!((again.window_completed, again.in_flight), (1, 0));
    assert_eq!(monitor.health(PATH), LockHealth::Healthy);
    assert_eq!(monitor.statistics().outcomes.completed(), 7);
}

#[test]
fn a_path_whose_timeout_was_the_last_failure_of_all_is_retired_too() {
    let (monitor, time) = small();
    monitor.record_timeout(PATH);
    monitor.tick();
    time.advance(secs(TEN_MINUTES));
    assert!(!is_known(&monitor, PATH), "nothing can follow a failure that is ten minutes old");
}

#[test]
fn a_path_that_was_the_root_of_a_cascade_is_retired_and_the_episode_keeps_its_name() {
    let (monitor, time) = small();
    monitor.record_timeout(PATH);
    monitor.record_failure(foreshock::FailureType::UploadFailure, "bucket");
    monitor.record_failure(foreshock::FailureType::UploadFailure, "bucket");
    monitor.tick();
    time.advance(secs(TEN_MINUTES));
    assert!(!is_known(&monitor, PATH));
    monitor.record_success("bucket/b");
    monitor.tick();
    assert_eq!(&*monitor.snapshot().episodes[0].root, PATH);
}

#[test]
fn the_number_of_a_retired_path_is_given_to_the_next_name() {
    let (monitor, time) = small();
    monitor.record_success("bucket/a");
    monitor.record_success("bucket/b");
    monitor.record_success("bucket/c");
    assert_eq!(status(&monitor, "__other__").outcomes.success, 1, "the table is full");
    time.advance(secs(TEN_MINUTES));
    assert!(!is_known(&monitor, "bucket/a"));
    for name in ["bucket/c", "bucket/d"] {
        monitor.record_success(name);
        assert_eq!(status(&monitor, name).outcomes.success, 1, "{name}");
    }
    assert_eq!(status(&monitor, "__other__").outcomes.success, 1);
}

#[test]
fn a_path_with_a_handle_out_is_never_retired() {
    let (monitor, time) = small();
    let lock = monitor.lock_path(PATH);
    let clone = lock.clone();
    drop(lock);
    monitor.tick();
    time.advance(secs(10 * TEN_MINUTES));
    assert!(is_known(&monitor, PATH));
    clone.record_success();
    assert_eq!(status(&monitor, PATH).outcomes.success, 1);
    drop(clone);
    monitor.tick();
    time.advance(secs(TEN_MINUTES));
    assert!(!is_known(&monitor, PATH));
}

#[test]
fn a_path_with_an_attempt_in_flight_is_never_retired() {
    let (monitor, time) = small();
    let lock = monitor.lock_path(PATH);
    let attempt = lock.attempt();
    monitor.tick();
    time.advance(secs(10 * TEN_MINUTES));
    assert!(is_known(&monitor, PATH));
    assert_eq!(status(&monitor, PATH).in_flight, 1);
    attempt.success();
    assert_eq!(status(&monitor, PATH).outcomes.success, 1);
}

#[test]
fn a_record_takes_the_path_back_at_every_step_of_its_retirement() {
    for step in 0..8 {
        let (monitor, time) = small();
        monitor.record_success(PATH);
        monitor.tick();
        time.advance(secs(TEN_MINUTES));
        for _ in 0..step {
            monitor.tick();
        }
        monitor.record_success(PATH);
        ticks(&monitor);
        // At the first tick the path is only marked; some ticks later it is gone, and its name starts afresh.
        let seen = status(&monitor, PATH).outcomes.success;
        let expected = if step <= 1 {
            2..=2
        } else if step < 5 {
            1..=2
        } else {
            1..=1
        };
        assert!(expected.contains(&seen), "{seen} after {step} ticks");
        assert_eq!(monitor.statistics().outcomes.success, 2, "after {step} ticks");
    }
}

#[test]
fn health_asked_by_name_keeps_no_path() {
    let (monitor, time) = small();
    monitor.record_success(PATH);
    monitor.tick();
    time.advance(secs(TEN_MINUTES));
    for _ in 0..8 {
        assert_eq!(monitor.health(PATH), LockHealth::Healthy);
        monitor.tick();
    }
    ticks(&monitor);
    assert_eq!(monitor.health(PATH), LockHealth::Healthy);
    assert!(monitor.statistics().paths <= 1);
}

#[test]
fn ever_new_names_fit_for_ever_and_no_count_is_lost() {
    let (monitor, time) = manual_with(|builder| builder.max_paths(16));
    for generation in 0..50 {
        for place in 0..16 {
            monitor.record_success(&format!("bucket/{generation}/{place}"));
        }
        monitor.tick();
        assert_eq!(monitor.statistics().paths, 16, "generation {generation}");
        time.advance(secs(TEN_MINUTES));
        ticks(&monitor);
    }
    assert_eq!(find(&monitor, "__other__"), None);
    assert_eq!(monitor.statistics().outcomes.success, 50 * 16);
}

#[test]
fn components_are_never_retired() {
    let (monitor, time) = small();
    monitor.record_failure(PeerUnreachable, "node4");
    monitor.tick();
    time.advance(secs(100 * TEN_MINUTES));
    ticks(&monitor);
    assert_eq!(monitor.statistics().components, 1);
}

#[test]
fn retire_after_is_a_setting() {
    let (monitor, time) = manual_with(|builder| builder.retire_after(secs(120)));
    monitor.record_success(PATH);
    monitor.tick();
    time.advance(secs(120));
    assert!(!is_known(&monitor, PATH));
}
