//! What reaches a recorder: from zero, never falling, nothing lost uncounted, and whatever the recorder does.

mod common;

use common::recorder::Remembering;
use common::{manual_with, secs};
use foreshock::{FailureType, ManualTime, Monitor};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

fn remembered(
    set: impl FnOnce(foreshock::Builder) -> foreshock::Builder,
) -> (Monitor, ManualTime, Remembering) {
    let recorder = Remembering::default();
    let (monitor, time) = manual_with(|builder| set(builder).recorder(Arc::new(recorder.clone())));
    (monitor, time, recorder)
}

#[test]
fn a_component_whose_registration_was_raced_is_in_the_snapshot() {
    for _ in 0..100 {
        let (monitor, _time) = common::manual();
        let start = Barrier::new(4);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    start.wait();
                    for name in ["node1", "node2", "node3"] {
                        monitor.record_failure(FailureType::PeerUnreachable, name);
                    }
                });
            }
        });
        monitor.tick();
        let in_snapshot: u64 = monitor.snapshot().failures.iter().map(|failure| failure.events).sum();
        assert_eq!((in_snapshot, monitor.statistics().components), (12, 3));
    }
}

#[test]
fn the_series_of_a_component_does_not_fall_when_the_path_of_its_name_retires() {
    let (monitor, time, recorder) = remembered(|builder| builder);
    monitor.record_failure(FailureType::LockTimeout, "config/iam");
    for _ in 0..100 {
        monitor.record_timeout("config/iam");
    }
    for _ in 0..20 {
        monitor.tick();
        time.advance(secs(60));
    }
    assert_eq!(monitor.statistics().paths, 0, "retired");
    let series = recorder.values_of(&["events_total", "type=lock_timeout", "component=config/iam"]);
    assert_eq!(series.len(), 1);
    assert!(series[0].iter().all(|value| *value == 101), "{:?}", series[0]);
}

#[test]
fn what_goes_to_other_is_counted_from_zero() {
    let (monitor, _time, recorder) = remembered(|builder| builder.max_components(1).max_paths(1));
    let _first = (monitor.component("a"), monitor.lock_path("a"));
    monitor.tick();
    monitor.record_failure(FailureType::UploadFailure, "b");
    monitor.record_timeout("b");
    monitor.tick();
    let series = recorder.values_of(&["__other__"]);
    assert!(series.iter().any(|values| values.last() == Some(&1)));
    assert!(series.iter().all(|values| values[0] == 0), "{series:?}");
}

#[test]
fn a_latency_sample_reaches_the_recorder_at_shutdown_and_beyond_the_limit_of_paths() {
    let (monitor, time, recorder) = remembered(|builder| builder.max_paths(1).max_published_paths(1));
    monitor.lock_path("a").attempt().success();
    for _ in 0..20 {
        monitor.tick();
        time.advance(secs(60));
    }
    monitor.lock_path("b").attempt().success();
    monitor.shutdown();
    let statistics = monitor.statistics();
    assert_eq!(statistics.dropped.published_path, 1, "b has no series of its own");
    assert_eq!((recorder.samples(), statistics.dropped.wait), (2, 0));
}

#[test]
fn a_recorder_may_tick_and_shut_down_its_own_monitor() {
    let (monitor, _time, recorder) = remembered(|builder| builder);
    let own = monitor.clone();
    recorder.call_once(move || {
        own.tick();
        own.shutdown();
    });
    let ticking = thread::spawn({
        let monitor = monitor.clone();
        move || monitor.tick()
    });
    let deadline = Instant::now() + secs(10);
    while !ticking.is_finished() {
        assert!(Instant::now() < deadline, "locked up");
        thread::sleep(Duration::from_millis(5));
    }
    monitor.record_success("a");
    assert_eq!(monitor.statistics().dropped.after_shutdown, 1);
}

#[test]
fn a_recorder_that_takes_its_time_is_no_pause_of_the_process() {
    let recorder = Remembering::default();
    let builder = Monitor::builder().local_pause_after(secs(1)).recorder(Arc::new(recorder.clone()));
    let monitor = builder.start().expect("a valid configuration");
    let peer = monitor.component("node4");
    let (entered, inside) = std::sync::mpsc::sync_channel(1);
    recorder.call_once(move || {
        let _ = entered.try_send(());
        thread::sleep(Duration::from_millis(1_500));
    });
    inside.recv().expect("a publication");
    peer.record_failure(FailureType::PeerUnreachable);
    monitor.record_timeout("a");
    monitor.record_timeout("a");
    monitor.shutdown();
    let statistics = monitor.statistics();
    assert_eq!((statistics.local_pauses, statistics.cascading_patterns_detected), (0, 1));
}

#[test]
fn health_by_name_and_by_handle_agree_after_shutdown() {
    let (monitor, _time) = common::manual();
    let lock = monitor.lock_path("a");
    for _ in 0..3 {
        lock.record_timeout();
    }
    monitor.shutdown();
    assert_eq!(lock.health(), foreshock::LockHealth::Unhealthy);
    assert_eq!(monitor.health("a"), lock.health());
}

#[test]
fn a_path_with_an_announced_attempt_is_not_retired() {
    let (monitor, time) = common::manual();
    monitor.record_attempt("hung");
    for _ in 0..30 {
        monitor.tick();
        time.advance(secs(60));
    }
    assert_eq!(monitor.snapshot().paths[0].in_flight, 1);
    monitor.record_success("hung");
    for _ in 0..30 {
        monitor.tick();
        time.advance(secs(60));
    }
    assert_eq!(monitor.statistics().paths, 0);
}
