//! When failures are a cascade: matching and rooting, each rule at its boundary.

mod common;

use common::{NS, Scene, assert_conserved, failures, secs};
use foreshock::FailureType::{
    Custom, DiskStateCheckTimeout, IamOperationTimeout, LockTimeout, PeerUnreachable, QuorumLoss,
    UploadFailure,
};
use foreshock::{FailureType, Pattern};
use std::time::Duration;

const PEER_LOCK_IAM: &str = "peer_lock_iam";

/// Failures of `node4` (initial) and of `a`, `b`, ... (lock timeouts) at the given times; episodes found.
#[track_caller]
fn found(events: &[(Duration, FailureType, &str)]) -> u64 {
    let scene = Scene::new();
    for (when, kind, component) in events {
        scene.at(*when).fail(*kind, component);
    }
    assert_conserved(&scene.monitor);
    scene.detected(PEER_LOCK_IAM)
}

#[test]
fn a_lost_peer_and_two_lock_timeouts_are_a_cascade_and_one_is_not() {
    let peer = (secs(0), PeerUnreachable, "node4");
    let lock = |at| (secs(at), LockTimeout, "config/iam");
    assert_eq!(found(&[peer, lock(1)]), 0);
    assert_eq!(found(&[peer, lock(1), lock(2)]), 1, "the same type twice is enough");
    assert_eq!(found(&[peer, lock(1), (secs(2), IamOperationTimeout, "iam")]), 1);
    assert_eq!(found(&[lock(1), lock(2)]), 0, "nothing without an initial");
}

#[test]
fn a_failure_at_the_end_of_the_window_counts_and_one_nanosecond_later_does_not() {
    let windows = [
        (PEER_LOCK_IAM, PeerUnreachable, LockTimeout, 30),
        ("lock_disk_upload", LockTimeout, UploadFailure, 60),
        ("peer_disk_quorum", PeerUnreachable, QuorumLoss, 45),
    ];
    for (pattern, initial, subsequent, window) in windows {
        for (after, expected) in [(Duration::ZERO, 1), (NS, 0)] {
            let scene = Scene::new();
            scene.fail(initial, "first").at(secs(1)).fail(subsequent, "second");
            scene.at(secs(window) + after).fail(subsequent, "third");
            assert_eq!(scene.detected(pattern), expected, "{pattern}, {after:?} after {window} s");
        }
    }
}

#[test]
fn failures_at_the_time_of_the_initial_count_in_the_order_of_their_recording() {
    let peer = (secs(7), PeerUnreachable, "node4");
    let lock = (secs(7), LockTimeout, "config/iam");
    assert_eq!(found(&[peer, lock, lock]), 1);
    assert_eq!(found(&[lock, peer, lock]), 0);
    assert_eq!(found(&[lock, lock, peer]), 0);
}

#[test]
fn effects_before_the_cause_never_count() {
    let lock = |at| (secs(at), LockTimeout, "config/iam");
    let peer = (secs(5), PeerUnreachable, "node4");
    assert_eq!(found(&[lock(1), lock(2), lock(3), peer, lock(6)]), 0);
    assert_eq!(found(&[lock(1), lock(2), lock(3), peer, lock(6), lock(7)]), 1);
}

#[test]
fn types_outside_the_pattern_do_not_count() {
    let events = [PeerUnreachable, LockTimeout, UploadFailure, QuorumLoss, DiskStateCheckTimeout];
    let events: Vec<_> = events.into_iter().zip(0..).map(|(kind, at)| (secs(at), kind, "a")).collect();
    assert_eq!(found(&events), 0);
}

/// A lost peer, then what an attempt and the request behind it record, in either order.
fn one_failed_operation(lock_first: bool) -> Scene {
    let scene = Scene::new();
    scene.fail(PeerUnreachable, "node4").at(secs(1));
    let lock = scene.monitor.lock_path("config/iam/users");
    let iam = scene.monitor.component("iam");
    let attempt = lock.attempt();
    let operation = attempt.operation();
    if lock_first {
        attempt.timeout();
        iam.record_failure_of(IamOperationTimeout, operation);
    } else {
        iam.record_failure_of(IamOperationTimeout, operation);
        attempt.timeout();
    }
    scene
}

#[test]
fn failures_of_one_operation_count_once_in_either_order() {
    for lock_first in [true, false] {
        let scene = one_failed_operation(lock_first);
        assert_eq!(scene.detected(PEER_LOCK_IAM), 0, "lock first: {lock_first}");
        assert_eq!(scene.monitor.statistics().total_events, 3);
        scene.fail(IamOperationTimeout, "iam");
        assert_eq!(scene.detected(PEER_LOCK_IAM), 1, "lock first: {lock_first}");
    }
}

#[test]
fn failures_of_two_operations_count_twice() {
    let scene = one_failed_operation(true);
    scene.monitor.lock_path("config/iam/users").attempt().timeout();
    assert_eq!(scene.detected(PEER_LOCK_IAM), 1);

    let scene = one_failed_operation(true);
    let lock = scene.monitor.lock_path("config/iam/policies");
    let attempt = lock.attempt();
    let operation = attempt.operation();
    attempt.timeout();
    scene.monitor.record_failure_of(IamOperationTimeout, "iam", operation);
    assert_eq!(scene.detected(PEER_LOCK_IAM), 1);
}

#[test]
fn an_operation_that_began_to_fail_before_the_cause_counts_once_for_what_came_after_it() {
    let scene = Scene::new();
    let lock = scene.monitor.lock_path("config/iam/users");
    let attempt = lock.attempt();
    let operation = attempt.operation();
    attempt.timeout();
    scene.at(secs(1)).fail(PeerUnreachable, "node4").at(secs(2));
    scene.monitor.record_failure_of(IamOperationTimeout, "iam", operation);
    assert_eq!(scene.detected(PEER_LOCK_IAM), 0);
    scene.fail(IamOperationTimeout, "iam");
    assert_eq!(scene.detected(PEER_LOCK_IAM), 1);
}

#[test]
fn a_timeout_of_a_path_is_a_lock_timeout_whose_component_is_the_path() {
    let scene = Scene::new();
    scene.fail(PeerUnreachable, "node4").at(secs(1));
    scene.monitor.record_timeout("config/iam/users");
    scene.monitor.lock_path("config/iam/users").attempt().timeout();
    assert_eq!(scene.detected(PEER_LOCK_IAM), 1);
    assert_eq!(failures(&scene.episode(PEER_LOCK_IAM), "lock_timeout", "config/iam/users"), 2);
}

#[test]
fn raise_lock_timeouts_off_leaves_the_failures_to_the_host() {
    let scene = Scene::with(|builder| builder.raise_lock_timeouts(false));
    scene.fail(PeerUnreachable, "node4").at(secs(1));
    for _ in 0..3 {
        scene.monitor.record_timeout("config/iam/users");
    }
    assert_eq!(scene.detected(PEER_LOCK_IAM), 0);
    assert_eq!(scene.monitor.statistics().total_events, 1);
    assert_eq!(scene.monitor.statistics().outcomes.timeout, 3);
    scene.fail(LockTimeout, "config/iam/users").fail(LockTimeout, "config/iam/users");
    assert_eq!(scene.detected(PEER_LOCK_IAM), 1);
}

#[test]
fn the_earliest_initial_that_matches_is_the_root() {
    let scene = Scene::new();
    scene.fail(PeerUnreachable, "node4").at(secs(10)).fail(PeerUnreachable, "node3");
    scene.at(secs(29)).fail(LockTimeout, "a").at(secs(30)).fail(LockTimeout, "a");
    assert_eq!(scene.detected(PEER_LOCK_IAM), 1, "two lost peers are one cascade");
    let episode = scene.episode(PEER_LOCK_IAM);
    assert_eq!(&*episode.root, "node4");
    assert_eq!(failures(&episode, "peer_unreachable", "node3"), 1);
}

#[test]
fn a_later_initial_is_the_root_when_the_first_has_expired() {
    let scene = Scene::new();
    scene.fail(PeerUnreachable, "node4").at(secs(20)).fail(PeerUnreachable, "node3");
    scene.at(secs(30)).fail(LockTimeout, "a").at(secs(30) + NS).fail(LockTimeout, "a");
    assert_eq!(scene.detected(PEER_LOCK_IAM), 1);
    let episode = scene.episode(PEER_LOCK_IAM);
    assert_eq!(&*episode.root, "node3");
    assert_eq!(failures(&episode, "peer_unreachable", "node4"), 0);
}

#[test]
fn three_patterns_are_independent_and_share_events() {
    let scene = Scene::new();
    let story = [PeerUnreachable, LockTimeout, LockTimeout, DiskStateCheckTimeout, QuorumLoss, UploadFailure];
    let found = story.into_iter().zip(0..).map(|(kind, second)| {
        scene.at(secs(second)).fail(kind, "x");
        [PEER_LOCK_IAM, "lock_disk_upload", "peer_disk_quorum"].map(|pattern| scene.detected(pattern))
    });
    let found: Vec<_> = found.collect();
    assert_eq!(found, [[0, 0, 0], [0, 0, 0], [1, 0, 0], [1, 0, 0], [1, 0, 1], [1, 1, 1]]);
    assert_eq!(scene.monitor.statistics().cascading_patterns_detected, 3);
}

#[test]
fn a_pattern_and_a_type_of_the_hosts_own_work_like_the_built_in_ones() {
    let full = Custom("disk_full");
    let scene = Scene::with(|builder| {
        builder.custom_failure("disk_full").no_patterns().pattern(
            Pattern::new("disk_full_uploads", full)
                .subsequent([UploadFailure])
                .window(secs(20))
                .min_subsequent(3),
        )
    });
    scene.fail(full, "disk7").at(secs(1)).fail(UploadFailure, "a").fail(UploadFailure, "b");
    assert_eq!(scene.detected("disk_full_uploads"), 0);
    scene.at(secs(20)).fail(UploadFailure, "c");
    assert_eq!(scene.detected("disk_full_uploads"), 1);
    let episode = scene.episode("disk_full_uploads");
    assert_eq!((&*episode.root, failures(&episode, "disk_full", "disk7")), ("disk7", 1));
    assert_eq!(scene.monitor.snapshot().patterns.len(), 1);
}

#[test]
fn a_pattern_of_a_built_in_name_replaces_it() {
    let scene = Scene::with(|builder| {
        builder
            .pattern(Pattern::new(PEER_LOCK_IAM, PeerUnreachable).subsequent([LockTimeout]).min_subsequent(1))
    });
    scene.fail(PeerUnreachable, "node4").fail(LockTimeout, "a");
    assert_eq!(scene.detected(PEER_LOCK_IAM), 1);
    assert_eq!(scene.monitor.snapshot().patterns.len(), 3);
}

#[test]
fn a_failure_of_an_unregistered_type_is_refused_and_counted() {
    let scene = Scene::with(|builder| builder.custom_failure("disk_full"));
    let disk = scene.monitor.component("disk7");
    disk.record_failure(Custom("disk_empty"));
    scene.fail(Custom("disk_empty"), "disk8").fail(Custom("disk_full"), "disk7").tick();
    let statistics = scene.monitor.statistics();
    assert_eq!((statistics.dropped.unregistered_type, statistics.total_events), (2, 1));
}
