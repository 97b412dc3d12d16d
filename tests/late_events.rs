//! Events that arrive after others that happened later: in time they are put in order, late they are counted.

mod common;

use common::{NS, Scene, assert_conserved, millis, secs};
use foreshock::EpisodeEnd;
use foreshock::FailureType::{LockTimeout, PeerUnreachable};
use std::time::Duration;

const PATTERN: &str = "peer_lock_iam";

/// Two lock timeouts have been seen at a tick at 100 s; then a lost peer arrives that happened `before` it.
fn peer_arrives(before: Duration) -> Scene {
    let scene = Scene::new();
    scene.at(secs(99)).fail(LockTimeout, "a").at(millis(99_500)).fail(LockTimeout, "a");
    scene.at(secs(100)).tick();
    scene.at(secs(100) - before).fail(PeerUnreachable, "node4");
    scene.at(millis(100_050)).tick();
    scene
}

fn late(scene: &Scene) -> u64 {
    scene.monitor.statistics().late_events
}

#[test]
fn an_event_that_is_4_9_seconds_late_finds_its_place() {
    let scene = peer_arrives(millis(4_900));
    assert_eq!((scene.detected(PATTERN), late(&scene)), (1, 0));
    assert_eq!(&*scene.episode(PATTERN).root, "node4");
}

#[test]
fn an_event_that_is_5_1_seconds_late_is_counted_and_joins_nothing() {
    let scene = peer_arrives(millis(5_100));
    assert_eq!((scene.detected(PATTERN), late(&scene)), (0, 1));
    scene.fail(LockTimeout, "a").fail(LockTimeout, "a");
    assert_eq!(scene.detected(PATTERN), 0, "it is no root for what follows either");
    assert_conserved(&scene.monitor);
}

#[test]
fn five_seconds_exactly_is_in_time() {
    let scene = peer_arrives(secs(5));
    assert_eq!((scene.detected(PATTERN), late(&scene)), (1, 0));
    let scene = peer_arrives(secs(5) + NS);
    assert_eq!((scene.detected(PATTERN), late(&scene)), (0, 1));
}

#[test]
fn late_after_is_a_setting() {
    let scene = Scene::with(|builder| builder.late_after(secs(1)));
    scene.at(secs(100)).tick();
    scene.at(secs(99) - NS).fail(LockTimeout, "a").at(secs(99)).fail(LockTimeout, "a");
    scene.at(secs(100)).tick();
    assert_eq!(late(&scene), 1);
}

#[test]
fn the_verdict_does_not_depend_on_the_order_of_arrival() {
    let story = [(0, PeerUnreachable), (1, LockTimeout), (2, LockTimeout), (3, PeerUnreachable)];
    let orders = [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1], [1, 3, 0, 2]];
    for order in orders {
        let scene = Scene::new();
        for place in order {
            let (second, kind) = story[place];
            scene.at(secs(50 + second)).fail(kind, &format!("x{place}"));
            scene.at(millis(53_100)).tick();
        }
        assert_eq!((scene.detected(PATTERN), late(&scene)), (1, 0), "{order:?}");
        let episode = scene.episode(PATTERN);
        assert_eq!((&*episode.root, episode.failures.len()), ("x0", 4), "{order:?}");
    }
}

#[test]
fn a_cause_that_arrives_after_its_effects_is_no_cause_of_what_came_before_it() {
    let scene = Scene::new();
    scene.at(secs(51)).fail(LockTimeout, "a").at(secs(53)).fail(LockTimeout, "a").tick();
    scene.at(secs(52)).fail(PeerUnreachable, "node4");
    scene.at(millis(53_100));
    assert_eq!(scene.detected(PATTERN), 0, "one timeout before it, one after");
}

#[test]
fn an_earlier_root_that_arrives_late_takes_the_place_of_the_one_reported() {
    let scene = Scene::new();
    scene.at(secs(51)).fail(PeerUnreachable, "node3");
    scene.at(secs(52)).fail(LockTimeout, "a").fail(LockTimeout, "a").tick();
    assert_eq!(&*scene.episode(PATTERN).root, "node3");
    scene.at(secs(50)).fail(PeerUnreachable, "node4");
    scene.at(secs(53)).tick();
    assert_eq!(&*scene.episode(PATTERN).root, "node4");
    assert_eq!(scene.detected(PATTERN), 1, "still one episode");
}

#[test]
fn a_late_event_may_join_what_looked_like_two_episodes_and_the_count_never_falls() {
    let scene = Scene::new();
    scene.at(secs(100)).fail(PeerUnreachable, "node4").fail(LockTimeout, "a").fail(LockTimeout, "a").tick();
    scene.at(secs(130) + NS).tick();
    assert_eq!(scene.episode(PATTERN).end, EpisodeEnd::Quiet);
    scene.at(secs(130)).fail(LockTimeout, "a");
    scene.at(secs(131)).tick();
    assert_eq!(scene.episode(PATTERN).end, EpisodeEnd::Open);
    assert_eq!(scene.detected(PATTERN), 1);
}
