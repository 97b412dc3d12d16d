//! From start to end: shutdown, what comes after it, and several monitors in one process.

mod common;

use common::{Scene, assert_conserved, manual, record_by_handle, secs, status};
use foreshock::FailureType::{LockTimeout, PeerUnreachable};
use foreshock::{Dropped, EpisodeEnd, LockHealth, Monitor, Outcome};
use std::time::Duration;

/// A monitor with a thread that will hardly come to tick by itself during a test.
fn seldom() -> Monitor {
    let second = Duration::from_secs(1);
    Monitor::builder().tick(second).publish_every(second).start().expect("a collector thread")
}

#[test]
fn what_was_recorded_just_before_shutdown_is_in_the_last_publication() {
    let monitor = seldom();
    let lock = monitor.lock_path("bucket/a");
    for _ in 0..100 {
        lock.record_success();
        lock.record_timeout();
        monitor.record_failure(PeerUnreachable, "node4");
    }
    monitor.shutdown();
    let (statistics, snapshot) = (monitor.statistics(), monitor.snapshot());
    assert_eq!((statistics.outcomes.success, statistics.outcomes.timeout), (100, 100));
    assert_eq!((statistics.total_events, statistics.processed_events), (200, 200));
    assert_eq!(snapshot.paths[0].outcomes, statistics.outcomes);
    assert_conserved(&monitor);
}

#[test]
fn a_cascade_that_waits_for_late_events_is_in_the_last_publication() {
    let monitor = seldom();
    for kind in [PeerUnreachable, LockTimeout, LockTimeout] {
        monitor.record_failure(kind, "x");
    }
    monitor.shutdown();
    assert_eq!(monitor.statistics().cascading_patterns_detected, 1);
    assert_eq!(monitor.snapshot().episodes[0].end, EpisodeEnd::Shutdown);
}

#[test]
fn an_episode_that_ended_with_the_monitor_stays_so() {
    let scene = Scene::new();
    scene.fail(PeerUnreachable, "node4").fail(LockTimeout, "a").fail(LockTimeout, "a");
    scene.monitor.shutdown();
    assert_eq!(scene.episode("peer_lock_iam").end, EpisodeEnd::Shutdown);
    scene.at(secs(1_000));
    assert_eq!(scene.monitor.statistics().cascading_patterns_detected, 1);
    assert_eq!(scene.episode("peer_lock_iam").end, EpisodeEnd::Shutdown);
}

#[test]
fn every_record_after_shutdown_is_refused_and_counted() {
    let (monitor, _time) = manual();
    let lock = monitor.lock_path("bucket/a");
    let node = monitor.component("node4");
    lock.record_success();
    monitor.shutdown();
    for outcome in Outcome::ALL {
        record_by_handle(&lock, outcome);
        common::record_by_name(&monitor, "bucket/a", outcome);
        common::record_by_guard(&lock, outcome);
    }
    lock.record_attempt();
    monitor.record_attempt("bucket/a");
    node.record_failure(PeerUnreachable);
    monitor.record_failure(PeerUnreachable, "node4");
    let statistics = monitor.statistics();
    assert_eq!(statistics.dropped, Dropped { after_shutdown: 16, ..Dropped::default() });
    assert_eq!((statistics.outcomes.success, statistics.outcomes.completed()), (1, 1));
    assert_eq!(statistics.total_events, 0);
    assert_eq!(monitor.snapshot().statistics.dropped.after_shutdown, 16);
    assert_eq!(lock.health(), LockHealth::Healthy);
}

#[test]
fn names_asked_for_after_shutdown_are_not_registered() {
    let (monitor, _time) = manual();
    monitor.shutdown();
    assert_eq!(&*monitor.lock_path("bucket/a").name(), "__other__");
    assert_eq!(&*monitor.component("node4").name(), "__other__");
    assert_eq!(monitor.health("bucket/a"), LockHealth::Healthy);
    assert_eq!((monitor.statistics().paths, monitor.statistics().components), (0, 0));
}

#[test]
fn an_attempt_that_ends_after_shutdown_is_refused_and_counted() {
    let (monitor, _time) = manual();
    let lock = monitor.lock_path("bucket/a");
    let attempt = lock.attempt();
    monitor.shutdown();
    attempt.timeout();
    let statistics = monitor.statistics();
    assert_eq!((statistics.outcomes.timeout, statistics.dropped.after_shutdown), (0, 1));
}

#[test]
fn shutdown_may_be_called_twice() {
    for monitor in [seldom(), manual().0] {
        monitor.record_success("bucket/a");
        monitor.shutdown();
        let ticks = monitor.snapshot().statistics.ticks;
        monitor.shutdown();
        assert_eq!(monitor.statistics().outcomes.success, 1);
        assert!(monitor.statistics().ticks >= ticks);
    }
}

#[test]
fn shutdown_may_be_called_from_several_threads_at_once() {
    let monitor = seldom();
    monitor.record_timeout("bucket/a");
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                monitor.shutdown();
                assert_eq!(monitor.statistics().outcomes.timeout, 1);
            });
        }
    });
    assert_conserved(&monitor);
}

#[test]
fn a_second_monitor_may_be_started_beside_the_first_and_after_it() {
    let first = seldom();
    let second = seldom();
    first.record_success("bucket/a");
    first.shutdown();
    second.record_success("bucket/a");
    second.record_success("bucket/a");
    second.shutdown();
    let third = seldom();
    third.shutdown();
    let successes = [first, second, third].map(|monitor| monitor.statistics().outcomes.success);
    assert_eq!(successes, [1, 2, 0]);
}

#[test]
fn two_monitors_do_not_mix_what_one_thread_records_in_turns() {
    let ((one, _), (two, _)) = (manual(), manual());
    let (lock_one, lock_two) = (one.lock_path("bucket/a"), two.lock_path("bucket/a"));
    let (node_one, node_two) = (one.component("node"), two.component("node"));
    for _ in 0..1_000 {
        lock_one.record_success();
        lock_two.record_timeout();
        two.record_error("bucket/a");
        one.record_error("bucket/b");
        node_one.record_failure(PeerUnreachable);
        node_two.record_failure(LockTimeout);
    }
    assert_eq!(status(&one, "bucket/a").outcomes.completed(), 1_000);
    assert_eq!(status(&one, "bucket/b").outcomes.error, 1_000);
    assert_eq!(status(&two, "bucket/a").outcomes.completed(), 2_000);
    assert_eq!((lock_one.health(), lock_two.health()), (LockHealth::Healthy, LockHealth::Unhealthy));
    let events = [&one, &two].map(|monitor| monitor.statistics().total_events);
    assert_eq!(events, [1_000, 2_000]);
}

#[test]
fn many_monitors_may_come_and_go_on_one_thread() {
    for round in 0..200 {
        let (monitor, _time) = manual();
        for _ in 0..=round % 3 {
            monitor.record_success("bucket/a");
        }
        assert_eq!(status(&monitor, "bucket/a").outcomes.success, round % 3 + 1);
    }
}

#[test]
fn handles_outlive_their_monitor() {
    let (monitor, _time) = manual();
    let lock = monitor.lock_path("bucket/a");
    let node = monitor.component("node4");
    for _ in 0..3 {
        lock.record_timeout();
    }
    drop(monitor);
    lock.attempt().success();
    lock.clone().record_success();
    node.record_failure(PeerUnreachable);
    assert_eq!(lock.health(), LockHealth::Unhealthy, "what was known then");
    assert_eq!((&*lock.name(), &*node.name()), ("bucket/a", "node4"));
}

#[test]
fn a_running_collector_judges_and_publishes_by_itself() {
    let monitor = Monitor::builder().tick(Duration::from_millis(1)).start().unwrap();
    for _ in 0..3 {
        monitor.record_timeout("bucket/a");
    }
    while monitor.snapshot().paths.first().is_none_or(|path| path.health != LockHealth::Unhealthy) {
        std::thread::yield_now();
    }
    monitor.record_success("bucket/a");
    while monitor.snapshot().paths[0].health != LockHealth::Degraded {
        std::thread::yield_now();
    }
}
