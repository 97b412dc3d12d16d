//! What arrives late while thousands of failures wait: they are merged to make room, so that it still finds its place, and where it falls among
//! merged ones the verdict is off by no more than `docs/guarantees.md` says.

mod common;

use common::{NS, Scene, assert_conserved, failures, millis, secs};
use foreshock::FailureType::{LockTimeout, PeerUnreachable};
use std::time::Duration;

const PATTERN: &str = "peer_lock_iam";

/// More than may wait one by one.
const MANY: u32 = 9_000;
const STEP: Duration = Duration::from_micros(100);

/// Enough at one tick to be merged before they are judged, few enough to wait one by one if they were not.
const STORM: u32 = 5_000;

fn scene() -> Scene {
    Scene::with(|builder| builder.ring_events(16_384))
}

fn late(scene: &Scene) -> u64 {
    scene.monitor.statistics().late_events
}

/// So many lock timeouts of one component from 100 s on, within the second, over so many ticks.
fn timeouts(scene: &Scene, count: u32, ticks: u32) {
    for event in 0..count {
        scene.at(secs(100) + STEP * event).fail(LockTimeout, "a");
        if (event + 1) % (count / ticks) == 0 {
            scene.tick();
        }
    }
}

#[test]
fn a_few_failures_keep_their_very_times() {
    let scene = Scene::new();
    for tenth in 0..6 {
        scene.at(secs(100) + millis(100) * tenth).fail(LockTimeout, "a");
    }
    scene.tick();
    scene.at(millis(100_450)).fail(PeerUnreachable, "node4").at(millis(100_550));
    assert_eq!(scene.detected(PATTERN), 0, "one timeout after it");
    scene.at(millis(100_350)).fail(PeerUnreachable, "node5").at(millis(100_600));
    assert_eq!(scene.detected(PATTERN), 1, "two after it");
    assert_eq!(failures(&scene.episode(PATTERN), "lock_timeout", "a"), 2);
}

#[test]
fn thousands_of_effects_wait_for_a_late_cause() {
    // Merged as they arrive, or where they wait.
    for ticks in [1, 9] {
        let scene = scene();
        timeouts(&scene, MANY, ticks);
        scene.at(secs(99)).fail(PeerUnreachable, "node4").at(secs(101));
        assert_eq!((scene.detected(PATTERN), late(&scene)), (1, 0), "{ticks} ticks");
        let episode = scene.episode(PATTERN);
        assert_eq!(&*episode.root, "node4");
        assert_eq!(failures(&episode, "lock_timeout", "a"), u64::from(MANY));
        assert_conserved(&scene.monitor);
    }
}

#[test]
fn thousands_of_causes_each_of_an_operation_of_its_own_wait_for_late_effects() {
    for ticks in [1, 9] {
        let scene = scene();
        let lock = scene.monitor.lock_path("config/iam");
        for event in 0..MANY {
            scene.at(secs(100) + STEP * event);
            let attempt = lock.attempt();
            scene.monitor.record_failure_of(PeerUnreachable, "node4", attempt.operation());
            attempt.success();
            if (event + 1) % (MANY / ticks) == 0 {
                scene.tick();
            }
        }
        scene.at(secs(100) + STEP).fail(LockTimeout, "a").fail(LockTimeout, "a").at(secs(101));
        assert_eq!((scene.detected(PATTERN), late(&scene)), (1, 0), "{ticks} ticks");
        let episode = scene.episode(PATTERN);
        assert_eq!(&*episode.root, "node4");
        assert_eq!(failures(&episode, "peer_unreachable", "node4"), u64::from(MANY));
        assert_conserved(&scene.monitor);
    }
}

/// The second's last timeout is at `last`; the cause that arrives late happened then or `before`.
fn cause_among_merged_effects(before: Duration) -> Scene {
    let scene = scene();
    timeouts(&scene, STORM, 1);
    let last = secs(100) + STEP * (STORM - 1);
    scene.at(last - before).fail(PeerUnreachable, "node4").at(secs(101)).tick();
    scene
}

#[test]
fn a_late_cause_among_merged_effects_is_put_before_all_but_the_first_of_them() {
    let scene = cause_among_merged_effects(millis(200));
    assert_eq!((scene.detected(PATTERN), late(&scene)), (1, 0));
    // The first two are never merged: they would decide a match.
    let counted = failures(&scene.episode(PATTERN), "lock_timeout", "a");
    assert_eq!(counted, u64::from(STORM - 3), "2,000 happened after it");
}

#[test]
fn one_merged_effect_after_a_late_cause_may_pass_for_two_but_none_for_one() {
    assert_eq!(cause_among_merged_effects(NS).detected(PATTERN), 1, "the last one, taken for several");
    let scene = cause_among_merged_effects(Duration::ZERO);
    assert_eq!(scene.detected(PATTERN), 0, "at the same time, and recorded before it");
}

#[test]
fn a_failure_that_its_thread_recorded_last_comes_last_whoever_began_the_merged_ones() {
    let scene = scene();
    // This thread's block is the first.
    scene.at(secs(99)).fail(LockTimeout, "b").tick().at(secs(100));
    let monitor = &scene.monitor;
    std::thread::scope(|scope| {
        scope.spawn(|| (0..3).for_each(|_| monitor.record_failure(LockTimeout, "a")));
    });
    scene.at(millis(100_500));
    (0..STORM).for_each(|_| monitor.record_failure(LockTimeout, "a"));
    scene.tick().fail(PeerUnreachable, "node4").at(secs(101));
    assert_eq!(scene.detected(PATTERN), 0, "nothing after it");
}

#[test]
fn the_effects_of_a_second_are_merged_into_one_however_many_ticks_bring_them() {
    let scene = scene();
    // What waits is merged from now on; by the first of the two ticks all of it is settled.
    timeouts(&scene, MANY, 9);
    for half in 0..2 {
        for event in 0..STORM {
            scene.at(secs(200) + millis(500) * half + STEP / 2 * event).fail(LockTimeout, "a");
        }
        scene.tick();
    }
    scene.at(millis(200_700)).fail(PeerUnreachable, "node4").at(secs(201));
    assert_eq!((scene.detected(PATTERN), late(&scene)), (1, 0));
    let counted = failures(&scene.episode(PATTERN), "lock_timeout", "a");
    assert_eq!(counted, u64::from(2 * STORM - 1), "all but the first");
}

#[test]
fn a_tick_that_brings_several_seconds_has_each_of_them_merged() {
    let scene = scene();
    for event in 0..STORM {
        scene.at(secs(100) + 4 * STEP * event).fail(LockTimeout, "a");
    }
    scene.tick().at(millis(101_500)).fail(PeerUnreachable, "node4").at(secs(102));
    assert_eq!((scene.detected(PATTERN), late(&scene)), (1, 0));
    let counted = failures(&scene.episode(PATTERN), "lock_timeout", "a");
    assert!(counted > u64::from(STORM) / 2 - 4, "{counted}: 1,250 happened after it");
}
