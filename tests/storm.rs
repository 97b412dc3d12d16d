//! A storm of failures changes neither the memory nor the verdict.

mod common;

use common::allocator::{Counting, held_bytes};
use common::{Scene, assert_conserved, failures, millis, secs};
use foreshock::FailureType::{LockTimeout, PeerUnreachable};
use foreshock::{Component, EpisodeEnd};
use std::sync::Mutex;
use std::time::Duration;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What is held is counted for the whole process, so the storms pass one after the other.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

const PATTERN: &str = "peer_lock_iam";
const TICK: Duration = Duration::from_millis(50);
const TICKS_A_SECOND: u64 = 20;

/// One second of 10^6 lock timeouts, spread evenly over its ticks and over a number of components.
fn storm_of_one_second(scene: &Scene, from: Duration, components: &[Component]) {
    let a_tick = 1_000_000 / TICKS_A_SECOND;
    for tick in 0..TICKS_A_SECOND {
        scene.at(from + TICK * tick as u32);
        for event in 0..a_tick {
            components[(event % components.len() as u64) as usize].record_failure(LockTimeout);
        }
        scene.tick();
    }
}

fn components(scene: &Scene, count: usize) -> Vec<Component> {
    (0..count).map(|i| scene.monitor.component(&format!("disk{i}"))).collect()
}

#[test]
fn a_million_failures_are_one_episode_with_an_exact_count_and_no_more_memory() {
    let _alone = ONE_AT_A_TIME.lock();
    let scene = Scene::with(|builder| builder.ring_events(65_536));
    let disks = components(&scene, 50);
    scene.at(secs(1)).fail(PeerUnreachable, "node4");
    storm_of_one_second(&scene, secs(2), &disks);
    let before = held_bytes();
    storm_of_one_second(&scene, secs(3), &disks);
    let grown = held_bytes() - before;

    assert!(grown <= 64 * 1_024, "a second second of the storm took {grown} bytes more");
    assert_eq!(scene.detected(PATTERN), 1);
    let episode = scene.episode(PATTERN);
    assert_eq!((&*episode.root, episode.end), ("node4", EpisodeEnd::Open));
    for disk in 0..50 {
        assert_eq!(failures(&episode, "lock_timeout", &format!("disk{disk}")), 40_000);
    }
    let statistics = scene.monitor.statistics();
    assert_eq!((statistics.total_events, statistics.dropped_events), (2_000_001, 0));
    assert_eq!(statistics.late_events, 0);
    assert_conserved(&scene.monitor);

    scene.at(secs(200)).tick();
    assert_eq!(scene.episode(PATTERN).end, EpisodeEnd::Quiet);
    assert_eq!(scene.episodes_in_total(), 1);
}

#[test]
fn a_storm_without_a_cause_waits_in_bounded_memory_and_the_cause_that_follows_is_still_found() {
    let _alone = ONE_AT_A_TIME.lock();
    let scene = Scene::with(|builder| builder.ring_events(65_536));
    // Lock timeouts are the initial failure of another pattern: each of them waits for what may follow.
    let disks = components(&scene, 200);
    storm_of_one_second(&scene, secs(1), &disks);
    let before = held_bytes();
    storm_of_one_second(&scene, secs(2), &disks);
    let grown = held_bytes() - before;
    assert!(grown <= 64 * 1_024, "a second second of the storm took {grown} bytes more");
    assert_eq!(scene.episodes_in_total(), 0);

    scene.at(secs(3)).fail(PeerUnreachable, "node4").fail(LockTimeout, "disk1");
    assert_eq!(scene.detected(PATTERN), 0);
    scene.fail(LockTimeout, "disk1");
    assert_eq!(scene.detected(PATTERN), 1);
    assert_eq!(&*scene.episode(PATTERN).root, "node4");
}

#[test]
fn hundreds_of_paths_that_time_out_for_a_whole_window_wait_in_bounded_memory() {
    let _alone = ONE_AT_A_TIME.lock();
    let scene = Scene::with(|builder| builder.ring_events(4_096));
    let paths: Vec<String> = (0..500).map(|i| format!("bucket/{i}")).collect();
    for path in &paths {
        scene.monitor.record_success(path);
    }
    scene.tick();
    let before = held_bytes();
    let mut most = 0;
    // Longer than the longest window: whatever is waited on has had the time to pile up.
    for step in 1..=31 {
        scene.at(secs(2 * step));
        for path in paths.iter().chain(&paths) {
            scene.monitor.record_timeout(path);
        }
        scene.tick();
        most = most.max(held_bytes() - before);
    }
    assert!(most <= 768 * 1_024, "{most} bytes more");
    assert_eq!(scene.monitor.statistics().total_events, 31_000);
    assert_conserved(&scene.monitor);
    let upload = foreshock::FailureType::UploadFailure;
    scene.fail(upload, "bucket").fail(upload, "bucket");
    assert_eq!(scene.detected("lock_disk_upload"), 1, "the cascade is found all the same");
}

#[test]
fn what_finds_its_ring_full_is_counted_by_type_and_as_dropped() {
    let _alone = ONE_AT_A_TIME.lock();
    let scene = Scene::new();
    let disks = components(&scene, 1);
    scene.at(secs(1)).fail(PeerUnreachable, "node4").tick();
    storm_of_one_second(&scene, secs(2), &disks);
    let statistics = scene.monitor.statistics();
    assert_eq!(statistics.total_events, 1_000_001);
    assert_eq!(statistics.processed_events, 1 + TICKS_A_SECOND * 1_024);
    assert_eq!(statistics.dropped_events, statistics.dropped.event);
    assert_conserved(&scene.monitor);
    assert_eq!(scene.detected(PATTERN), 1);
    let snapshot = scene.monitor.snapshot();
    let counted = snapshot.failures.iter().find(|f| f.kind == "lock_timeout" && &*f.component == "disk0");
    assert_eq!(counted.map(|f| f.events), Some(1_000_000), "the count is exact all the same");
}

#[test]
fn timeouts_on_many_paths_from_many_threads_are_all_counted() {
    let _alone = ONE_AT_A_TIME.lock();
    let scene = Scene::with(|builder| builder.ring_events(65_536));
    scene.at(secs(1)).fail(PeerUnreachable, "node4").at(secs(2));
    // All of them fit one ring: a thread may go on in the block of one that has ended.
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let monitor = &scene.monitor;
            scope.spawn(move || {
                for event in 0..5_000 {
                    monitor.record_timeout(&format!("bucket/{}", (event + thread) % 100));
                }
            });
        }
    });
    scene.tick();
    let statistics = scene.monitor.statistics();
    assert_eq!((statistics.outcomes.timeout, statistics.total_events), (40_000, 40_001));
    assert_eq!(statistics.dropped_events, 0);
    assert_conserved(&scene.monitor);
    assert_eq!(scene.detected(PATTERN), 1);
}

#[test]
fn merged_causes_reach_over_no_effect_that_came_between_them() {
    let _alone = ONE_AT_A_TIME.lock();
    let scene = Scene::with(|builder| builder.ring_events(16_384));
    let peers_fail = |from: u64| {
        for peer in 0..2_500 {
            scene.at(millis(from) + Duration::from_micros(100) * peer).fail(PeerUnreachable, "node4");
        }
    };
    peers_fail(100_000);
    scene.at(millis(100_300)).fail(LockTimeout, "a");
    peers_fail(100_400);
    scene.tick();
    scene.at(millis(130_350)).fail(LockTimeout, "a");
    assert_eq!(
        scene.detected(PATTERN),
        0,
        "one timeout came after the last lost peer, one a window after the first"
    );
    scene.fail(LockTimeout, "a");
    assert_eq!(scene.detected(PATTERN), 1);
}
