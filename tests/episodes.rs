//! The life of an episode: it opens once, is joined, closes, is remembered, and may recur.

mod common;

use common::{NS, Scene, failures, millis, secs};
use foreshock::FailureType::{IamOperationTimeout, LockTimeout, PeerUnreachable};
use foreshock::{EpisodeEnd, EpisodeStatus};
use std::time::Duration;

const PATTERN: &str = "peer_lock_iam";

/// A cascade with this root: a lost peer, and two lock timeouts a second later.
fn cascade(scene: &Scene, when: Duration, root: &str) {
    scene.at(when).fail(PeerUnreachable, root);
    scene.at(when + secs(1)).fail(LockTimeout, "a").fail(LockTimeout, "a");
    scene.tick();
}

fn total(episode: &EpisodeStatus) -> u64 {
    episode.failures.iter().map(|f| f.events).sum()
}

#[track_caller]
fn assert_seconds(seen: f64, expected: f64) {
    assert!((seen - expected).abs() < 1e-5, "{seen} s, not {expected} s");
}

#[test]
fn an_episode_opens_once_and_later_failures_join_it() {
    let scene = Scene::new();
    cascade(&scene, secs(0), "node4");
    for second in 2..50 {
        scene.at(secs(second)).fail(LockTimeout, "a").fail(PeerUnreachable, "node3");
        assert_eq!(scene.detected(PATTERN), 1);
    }
    let episode = scene.episode(PATTERN);
    assert_eq!((&*episode.root, total(&episode), episode.end), ("node4", 3 + 2 * 48, EpisodeEnd::Open));
}

#[test]
fn a_failure_a_whole_window_after_the_last_joins_and_one_nanosecond_later_does_not() {
    for (after, joined, end) in [(Duration::ZERO, 4, EpisodeEnd::Open), (NS, 3, EpisodeEnd::Quiet)] {
        let scene = Scene::new();
        cascade(&scene, secs(0), "node4");
        scene.at(secs(31) + after).fail(LockTimeout, "b").tick();
        let episode = scene.episode(PATTERN);
        assert_eq!((total(&episode), episode.end), (joined, end), "{after:?} after the window");
    }
}

#[test]
fn an_episode_closes_when_a_whole_window_has_passed_without_a_failure() {
    let scene = Scene::new();
    cascade(&scene, secs(0), "node4");
    scene.at(secs(31)).tick();
    assert_eq!(scene.episode(PATTERN).end, EpisodeEnd::Open);
    scene.at(secs(31) + NS).tick();
    assert_eq!(scene.episode(PATTERN).end, EpisodeEnd::Quiet);
    scene.at(secs(1_000)).tick();
    let settled = scene.episode(PATTERN);
    assert_eq!((settled.end, total(&settled)), (EpisodeEnd::Quiet, 3));
}

#[test]
fn failures_of_other_patterns_do_not_keep_an_episode_open() {
    let scene = Scene::new();
    cascade(&scene, secs(0), "node4");
    scene.at(secs(20)).fail(foreshock::FailureType::QuorumLoss, "a");
    scene.at(secs(31) + NS).tick();
    assert_eq!(scene.episode(PATTERN).end, EpisodeEnd::Quiet);
}

#[test]
fn a_second_cascade_after_the_first_has_closed_is_a_second_episode() {
    let scene = Scene::new();
    cascade(&scene, secs(0), "node4");
    cascade(&scene, secs(32), "node3");
    assert_eq!(scene.detected(PATTERN), 2);
    let episodes = scene.episodes(PATTERN);
    let told: Vec<_> = episodes.iter().map(|e| (e.id.as_str(), &*e.root, e.end)).collect();
    assert_eq!(
        told,
        [("peer_lock_iam#1", "node4", EpisodeEnd::Quiet), ("peer_lock_iam#2", "node3", EpisodeEnd::Open)]
    );
}

#[test]
fn what_one_episode_consumed_opens_no_second_one() {
    let scene = Scene::new();
    cascade(&scene, secs(0), "node4");
    scene.at(secs(30)).fail(LockTimeout, "a");
    scene.at(secs(61)).fail(LockTimeout, "a").fail(IamOperationTimeout, "iam");
    assert_eq!(scene.detected(PATTERN), 1);
}

#[test]
fn an_episode_says_when_it_began_was_detected_and_last_grew() {
    let scene = Scene::new();
    scene.at(secs(10)).fail(PeerUnreachable, "node4");
    scene.at(secs(12)).fail(LockTimeout, "a");
    scene.at(secs(15)).fail(IamOperationTimeout, "iam");
    scene.at(secs(16)).tick();
    scene.at(secs(20)).fail(LockTimeout, "a");
    scene.at(secs(21)).tick();
    let (episode, now) = (scene.episode(PATTERN), scene.monitor.snapshot().timestamp_seconds);
    assert_seconds(now - episode.root_timestamp_seconds, 11.0);
    assert_seconds(now - episode.detected_timestamp_seconds, 5.0);
    assert_seconds(now - episode.last_timestamp_seconds, 1.0);
    assert_eq!((&*episode.pattern, &*episode.root), (PATTERN, "node4"));
    assert_eq!(episode.failures.len(), 3);
    for (kind, component, times) in
        [("peer_unreachable", "node4", 1), ("lock_timeout", "a", 2), ("iam_operation_timeout", "iam", 1)]
    {
        assert_eq!(failures(&episode, kind, component), times, "{kind} of {component}");
    }
}

#[test]
fn an_episode_tells_64_components_apart_and_counts_the_rest_together() {
    let scene = Scene::new();
    cascade(&scene, secs(0), "node4");
    for i in 0..100 {
        scene.fail(LockTimeout, &format!("path/{i}"));
    }
    scene.tick();
    let episode = scene.episode(PATTERN);
    assert_eq!(total(&episode), 103);
    assert_eq!(episode.failures.len(), 65);
    assert_eq!(failures(&episode, "lock_timeout", "__other__"), 100 - 62);
}

#[test]
fn the_last_64_ended_episodes_are_remembered() {
    let scene = Scene::new();
    for i in 0..70 {
        cascade(&scene, secs(100 * i), &format!("node{i}"));
    }
    scene.at(secs(10_000)).tick();
    let ids: Vec<_> = scene.episodes(PATTERN).into_iter().map(|e| (e.id, e.root.to_string())).collect();
    let expected: Vec<_> =
        (6..70).map(|i| (format!("peer_lock_iam#{}", i + 1), format!("node{i}"))).collect();
    assert_eq!(ids, expected);
    assert_eq!(scene.detected(PATTERN), 70);
    let counted = |root: &str| {
        scene
            .monitor
            .snapshot()
            .roots
            .iter()
            .filter(|r| *r.component == *root)
            .map(|r| r.episodes)
            .sum::<u64>()
    };
    assert_eq!(counted("node0"), 1, "its root stays counted");
}

#[test]
fn kept_episodes_is_a_setting() {
    let scene = Scene::with(|builder| builder.kept_episodes(2));
    for i in 0..5 {
        cascade(&scene, secs(100 * i), "node4");
    }
    scene.at(secs(10_000)).tick();
    assert_eq!(scene.episodes(PATTERN).len(), 2);
}

#[test]
fn a_cascade_that_no_tick_has_seen_is_counted_at_shutdown_with_its_root() {
    let scene = Scene::new();
    scene.fail(PeerUnreachable, "node4").fail(LockTimeout, "a").fail(IamOperationTimeout, "iam");
    scene.monitor.shutdown();
    let snapshot = scene.monitor.snapshot();
    let roots: Vec<_> = snapshot.roots.iter().map(|root| (&*root.component, root.episodes)).collect();
    assert_eq!((scene.detected(PATTERN), roots), (1, vec![("node4", 1)]));
}

#[test]
fn an_episode_that_is_open_at_shutdown_ends_with_the_monitor() {
    let scene = Scene::new();
    cascade(&scene, secs(0), "node4");
    assert_eq!(scene.open_patterns(), [PATTERN]);
    scene.monitor.shutdown();
    assert_eq!(scene.episode(PATTERN).end, EpisodeEnd::Shutdown);
    assert!(scene.open_patterns().is_empty());
}

#[test]
fn a_pattern_is_open_as_long_as_an_episode_of_it() {
    let scene = Scene::new();
    assert!(scene.open_patterns().is_empty());
    cascade(&scene, secs(0), "node4");
    assert_eq!(scene.open_patterns(), [PATTERN]);
    scene.at(secs(31)).tick();
    assert_eq!(scene.open_patterns(), [PATTERN], "a whole window, and no more");
    scene.at(secs(31) + NS).tick();
    assert!(scene.open_patterns().is_empty());
}

#[test]
fn three_episodes_within_an_hour_are_critical_and_two_are_not() {
    let scene = Scene::new();
    for (start, critical) in [(0, false), (100, false), (3_599, true)] {
        cascade(&scene, secs(start), "node4");
        assert_eq!(scene.is_critical(PATTERN), critical, "after the one at {start} s");
    }
}

#[test]
fn the_hour_slides_and_both_its_ends_belong_to_it() {
    for (third, critical) in [(secs(3_600) - secs(1), true), (secs(3_600) - secs(1) + NS, false)] {
        let scene = Scene::new();
        for start in [secs(0), secs(1_800), third] {
            cascade(&scene, start, "node4");
        }
        // The tick of the third comes a second after its root: an hour after the first root exactly, or too late.
        assert_eq!(scene.is_critical(PATTERN), critical, "{third:?}");
    }
}

#[test]
fn a_series_is_not_cut_by_the_clock_hour() {
    let scene = Scene::new();
    for start in [3_500, 3_650, 3_800] {
        cascade(&scene, secs(start), "node4");
    }
    assert!(scene.is_critical(PATTERN));
}

#[test]
fn critical_clears_by_itself_an_hour_after_the_third_last_began() {
    let scene = Scene::new();
    for start in [0, 100, 200] {
        cascade(&scene, secs(start), "node4");
    }
    scene.at(secs(3_600));
    assert!(scene.is_critical(PATTERN));
    scene.at(secs(3_600) + NS);
    assert!(!scene.is_critical(PATTERN));
    cascade(&scene, secs(3_601), "node4");
    assert!(scene.is_critical(PATTERN), "the second, the third and the new one");
}

#[test]
fn recurrence_is_judged_by_pattern_and_by_the_settings() {
    let set = |builder: foreshock::Builder| builder.recurrence_episodes(2).recurrence_window(secs(200));
    let scene = Scene::with(set);
    cascade(&scene, secs(0), "node4");
    assert!(!scene.is_critical(PATTERN));
    cascade(&scene, secs(199), "node4");
    assert!(scene.is_critical(PATTERN));
    assert!(!scene.is_critical("peer_disk_quorum"));
    scene.at(secs(200) + millis(1));
    assert!(!scene.is_critical(PATTERN));
}

#[test]
fn an_episode_that_begins_and_ends_between_two_ticks_is_counted_with_its_root() {
    let scene = Scene::new();
    for (start, root) in [(0, "node4"), (100, "node5"), (200, "node6")] {
        scene.at(secs(start)).fail(PeerUnreachable, root);
        scene.at(secs(start + 1)).fail(LockTimeout, "a").fail(LockTimeout, "a");
    }
    scene.at(secs(1_000));
    assert_eq!(scene.detected(PATTERN), 3);
    assert_eq!(scene.episodes(PATTERN).len(), 3);
    let snapshot = scene.monitor.snapshot();
    let roots: Vec<(&str, u64)> =
        snapshot.roots.iter().map(|root| (&*root.component, root.episodes)).collect();
    assert_eq!(roots, [("node4", 1), ("node5", 1), ("node6", 1)]);
    assert!(scene.is_critical(PATTERN), "three within an hour");
}

#[test]
fn a_root_that_moves_as_its_episode_ends_is_counted() {
    let scene = Scene::new();
    cascade(&scene, secs(10), "node4");
    // An earlier cause that arrives late, and no tick until all of it is over.
    scene.at(secs(9)).fail(PeerUnreachable, "node3");
    scene.at(secs(500));
    assert_eq!(scene.detected(PATTERN), 1);
    assert_eq!(&*scene.episode(PATTERN).root, "node3");
    let snapshot = scene.monitor.snapshot();
    assert!(snapshot.roots.iter().any(|root| &*root.component == "node3"), "{:?}", snapshot.roots);
}
