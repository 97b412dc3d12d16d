//! Past a limit nothing is refused that can be counted elsewhere, and what is refused is counted.

mod common;

use common::{assert_conserved, manual, manual_with, secs, status};
use foreshock::FailureType::{LockTimeout, PeerUnreachable, UploadFailure};
use foreshock::Monitor;

fn failures(monitor: &Monitor, component: &str) -> u64 {
    monitor.tick();
    let snapshot = monitor.snapshot();
    snapshot.failures.iter().filter(|f| *f.component == *component).map(|f| f.events).sum()
}

#[test]
fn paths_beyond_the_limit_are_counted_together() {
    let (monitor, _time) = manual_with(|builder| builder.max_paths(3));
    for place in 0..10 {
        let name = format!("bucket/{place}");
        monitor.record_success(&name);
        monitor.record_timeout(&name);
        monitor.lock_path(&name).attempt().error();
    }
    for place in 0..3 {
        assert_eq!(status(&monitor, &format!("bucket/{place}")).outcomes.completed(), 3);
    }
    let other = status(&monitor, "__other__").outcomes;
    assert_eq!((other.success, other.timeout, other.error), (7, 7, 7));
    assert_eq!(monitor.snapshot().paths.len(), 4);
    assert_eq!(&*monitor.snapshot().paths[3].name, "__other__", "it comes last");
    assert_eq!(monitor.statistics().outcomes.completed(), 30);
    assert_conserved(&monitor);
}

#[test]
fn a_known_path_is_found_when_the_table_is_full() {
    let (monitor, _time) = manual_with(|builder| builder.max_paths(1));
    for name in ["bucket/a", "bucket/b", "bucket/a"] {
        monitor.record_success(name);
    }
    assert_eq!(status(&monitor, "bucket/a").outcomes.success, 2);
    assert_eq!(&*monitor.lock_path("bucket/a").name(), "bucket/a");
    assert_eq!(&*monitor.lock_path("bucket/b").name(), "__other__");
}

#[test]
fn components_beyond_the_limit_are_counted_together() {
    let (monitor, _time) = manual_with(|builder| builder.max_components(2));
    for place in 0..10 {
        let component = monitor.component(&format!("node{place}"));
        component.record_failure(PeerUnreachable);
        monitor.record_failure(UploadFailure, &format!("node{place}"));
    }
    assert_eq!((failures(&monitor, "node0"), failures(&monitor, "node1")), (2, 2));
    assert_eq!(failures(&monitor, "__other__"), 16);
    assert_eq!((monitor.statistics().components, monitor.statistics().total_events), (2, 20));
    assert_conserved(&monitor);
}

#[test]
fn paths_do_not_take_the_places_of_components() {
    let (monitor, _time) = manual_with(|builder| builder.max_components(1));
    for place in 0..10 {
        monitor.record_timeout(&format!("bucket/{place}"));
    }
    monitor.record_failure(PeerUnreachable, "node4");
    assert_eq!(failures(&monitor, "node4"), 1);
    assert_eq!(monitor.statistics().total_events, 11);
}

#[test]
fn a_full_ring_refuses_the_newest_and_keeps_the_count() {
    let (monitor, time) = manual_with(|builder| builder.ring_events(4));
    for _ in 0..3 {
        monitor.record_failure(PeerUnreachable, "node4");
    }
    for _ in 0..5 {
        monitor.record_failure(LockTimeout, "a");
    }
    monitor.tick();
    let statistics = monitor.statistics();
    assert_eq!((statistics.total_events, statistics.processed_events), (8, 4));
    assert_eq!((statistics.dropped_events, statistics.dropped.event), (4, 4));
    assert_eq!(statistics.cascading_patterns_detected, 0, "of the timeouts the first alone was kept");
    time.advance(secs(1));
    monitor.record_failure(LockTimeout, "a");
    monitor.tick();
    assert_eq!(monitor.statistics().cascading_patterns_detected, 1, "there is room again");
    assert_conserved(&monitor);
}

#[test]
fn every_latency_sample_is_counted_and_one_publication_hands_on_a_bounded_number() {
    let (monitor, _time) = manual();
    let lock = monitor.lock_path("bucket/a");
    for _ in 0..10_000 {
        lock.attempt().success();
    }
    let seen = status(&monitor, "bucket/a");
    assert_eq!((seen.outcomes.success, seen.wait.map(|wait| wait.count)), (10_000, Some(10_000)));
    assert_eq!(monitor.statistics().dropped.wait, 10_000 - 8_192);
}

#[test]
fn racing_threads_that_fill_the_table_lose_no_count() {
    let (monitor, _time) = manual_with(|builder| builder.max_paths(50).max_components(50).ring_events(2_048));
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let monitor = &monitor;
            scope.spawn(move || {
                for place in 0..500 {
                    let name = format!("name/{}", (place + 125 * thread) % 500);
                    monitor.record_success(&name);
                    monitor.record_failure(UploadFailure, &name);
                }
            });
        }
    });
    monitor.tick();
    let (snapshot, statistics) = (monitor.snapshot(), monitor.statistics());
    assert_eq!((snapshot.paths.len(), statistics.components), (51, 50));
    assert_eq!(snapshot.paths.iter().map(|path| path.outcomes.success).sum::<u64>(), 2_000);
    assert_eq!(snapshot.failures.iter().map(|failure| failure.events).sum::<u64>(), 2_000);
    assert!(snapshot.paths[..50].iter().all(|path| path.outcomes.success == 4), "each name by each thread");
    assert_conserved(&monitor);
}
