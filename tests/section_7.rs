//! Eleven things that the service's first detector got wrong, and what happens here instead.

mod common;

use common::{Scene, assert_conserved, failures, manual, manual_with, millis, secs, status};
use foreshock::FailureType::{
    DiskStateCheckTimeout, IamOperationTimeout, LockTimeout, PeerUnreachable, QuorumLoss, UploadFailure,
};
use foreshock::LockHealth::{Healthy, Unhealthy};

const PEER_LOCK_IAM: &str = "peer_lock_iam";
const IAM: &str = "config/iam/users";

fn lost_peer_and_two_timeouts(scene: &Scene, start: u64) {
    scene.at(secs(start)).fail(PeerUnreachable, "node4");
    scene.at(secs(start + 1)).fail(LockTimeout, IAM);
    scene.at(secs(start + 2)).fail(LockTimeout, IAM).tick();
}

#[test]
fn point_01_one_incident_is_one_episode_and_no_emergency() {
    let scene = Scene::new();
    for (second, kind) in
        [PeerUnreachable, LockTimeout, IamOperationTimeout, LockTimeout, IamOperationTimeout]
            .iter()
            .enumerate()
    {
        scene.at(secs(second as u64)).fail(*kind, "x").tick();
    }
    assert_eq!(scene.detected(PEER_LOCK_IAM), 1);
    assert_eq!(scene.episodes_in_total(), 1);
    assert!(!scene.is_critical(PEER_LOCK_IAM));
}

#[test]
fn point_02_two_lock_timeouts_after_a_lost_peer_are_detected() {
    let scene = Scene::new();
    lost_peer_and_two_timeouts(&scene, 0);
    assert_eq!(scene.detected(PEER_LOCK_IAM), 1);
    let episode = scene.episode(PEER_LOCK_IAM);
    assert_eq!((&*episode.root, failures(&episode, "lock_timeout", IAM)), ("node4", 2));
}

#[test]
fn point_03_all_three_patterns_fire() {
    let stories = [
        (PEER_LOCK_IAM, [PeerUnreachable, LockTimeout, IamOperationTimeout]),
        ("lock_disk_upload", [LockTimeout, DiskStateCheckTimeout, UploadFailure]),
        ("peer_disk_quorum", [PeerUnreachable, DiskStateCheckTimeout, QuorumLoss]),
    ];
    for (pattern, story) in stories {
        let scene = Scene::new();
        for (kind, second) in story.into_iter().zip(0..) {
            scene.at(secs(second)).fail(kind, "x");
        }
        assert_eq!(scene.detected(pattern), 1, "{pattern}");
        assert_eq!(scene.episodes_in_total(), 1, "{pattern} alone");
    }
}

#[test]
fn point_04_effects_before_the_cause_do_not_count() {
    let scene = Scene::new();
    scene.fail(LockTimeout, IAM).at(secs(1)).fail(IamOperationTimeout, "iam");
    scene.at(secs(2)).fail(PeerUnreachable, "node4");
    assert_eq!(scene.episodes_in_total(), 0);
}

#[test]
fn point_05_one_iam_timeout_is_one_subsequent_failure() {
    let scene = Scene::new();
    scene.fail(PeerUnreachable, "node4").at(secs(1)).fail(IamOperationTimeout, "iam");
    assert_eq!(scene.episodes_in_total(), 0);

    let scene = Scene::new();
    scene.fail(PeerUnreachable, "node4").at(secs(1));
    let lock = scene.monitor.lock_path(IAM);
    let attempt = lock.attempt();
    let operation = attempt.operation();
    attempt.timeout();
    scene.monitor.record_failure_of(IamOperationTimeout, "iam", operation);
    assert_eq!(scene.episodes_in_total(), 0, "the lock and the request behind it are one");
}

#[test]
fn point_06_the_critical_gauge_slides_and_clears_by_itself() {
    let scene = Scene::new();
    for start in [3_400, 3_550, 3_700] {
        lost_peer_and_two_timeouts(&scene, start);
    }
    assert!(scene.is_critical(PEER_LOCK_IAM), "three in 300 s, across the full hour");
    scene.at(secs(3_400 + 3_600) + millis(1));
    assert!(!scene.is_critical(PEER_LOCK_IAM));
}

#[test]
fn point_07_the_rate_is_windowed_and_recovers_without_new_traffic() {
    let (monitor, time) = manual();
    for attempt in 0..100 {
        if attempt % 5 < 3 { monitor.record_timeout(IAM) } else { monitor.record_success(IAM) }
    }
    assert_eq!(status(&monitor, IAM).health, Unhealthy);
    time.advance(secs(300));
    assert_eq!(status(&monitor, IAM).health, Healthy);
    for _ in 0..10 {
        monitor.record_success(IAM);
    }
    let after = status(&monitor, IAM);
    assert_eq!((after.health, after.window_completed, after.outcomes.timeout), (Healthy, 10, 60));
}

#[test]
fn point_08_an_idle_path_does_not_stay_unhealthy() {
    let (monitor, time) = manual();
    for _ in 0..5 {
        monitor.record_timeout(IAM);
    }
    assert_eq!(status(&monitor, IAM).health, Unhealthy);
    time.advance(secs(301));
    assert_eq!(status(&monitor, IAM).health, Healthy, "published so without a record");
    assert_eq!(monitor.health(IAM), Healthy);
}

#[test]
fn point_09_paths_and_components_are_bounded_and_nothing_is_lost_beyond_the_bound() {
    let (monitor, _time) = manual_with(|builder| builder.max_paths(8).max_components(4));
    for i in 0..10_000 {
        monitor.record_timeout(&format!("bucket/{i}/object"));
        monitor.record_failure(UploadFailure, &format!("bucket/{i}/object"));
        if i % 500 == 0 {
            monitor.tick();
        }
    }
    monitor.tick();
    let (snapshot, statistics) = (monitor.snapshot(), monitor.statistics());
    assert_eq!((snapshot.paths.len(), statistics.components), (9, 4));
    assert_eq!((statistics.outcomes.timeout, statistics.total_events), (10_000, 20_000));
    assert_eq!(status(&monitor, "__other__").outcomes.timeout, 10_000 - 8);
    assert_conserved(&monitor);
}

#[test]
fn point_10_a_storm_is_judged_like_a_drizzle() {
    let scene = Scene::with(|builder| builder.ring_events(2_048));
    scene.at(secs(1)).fail(PeerUnreachable, "node4");
    for second in 2..32 {
        scene.at(secs(second));
        for _ in 0..1_307 {
            scene.monitor.record_timeout(IAM);
        }
        scene.tick();
    }
    assert_eq!(scene.detected(PEER_LOCK_IAM), 1);
    assert_eq!(failures(&scene.episode(PEER_LOCK_IAM), "lock_timeout", IAM), 30 * 1_307);
    assert_eq!(scene.monitor.statistics().dropped_events, 0);
    assert_conserved(&scene.monitor);
}

#[test]
fn point_11_an_outcome_always_belongs_to_an_attempt() {
    let (monitor, _time) = manual();
    let lock = monitor.lock_path(IAM);
    for _retry in 0..5 {
        monitor.record_timeout(IAM);
        lock.record_timeout();
        lock.attempt().timeout();
    }
    let status = status(&monitor, IAM);
    assert_eq!((status.outcomes.completed(), status.outcomes.timeout), (15, 15));
    assert_eq!((status.window_completed, status.window_timeouts), (15, 15), "100 % and no more");
}
