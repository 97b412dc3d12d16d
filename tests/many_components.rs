//! Thousands of components fail at once: what is merged changes neither the root nor the count, and only how long late failures are waited for.

mod common;

use common::{Scene, assert_conserved, millis, secs};
use foreshock::EpisodeStatus;
use foreshock::FailureType::{LockTimeout, PeerUnreachable, UploadFailure};

const PEERS: usize = 9_000;
const PATTERN: &str = "peer_lock_iam";

fn scene() -> Scene {
    Scene::with(|builder| builder.max_components(PEERS + 1).ring_events(65_536))
}

fn sum_of(episode: &EpisodeStatus, kind: &str) -> u64 {
    episode.failures.iter().filter(|failure| failure.kind == kind).map(|failure| failure.events).sum()
}

/// One failure each, a microsecond apart, beginning at `from`.
fn all_peers_fail(scene: &Scene, from: std::time::Duration) {
    for peer in 0..PEERS {
        scene.at(from + std::time::Duration::from_micros(peer as u64));
        scene.fail(PeerUnreachable, &format!("node{peer}"));
    }
}

#[test]
fn the_first_of_nine_thousand_lost_peers_is_the_root_and_all_of_them_are_counted() {
    let scene = scene();
    all_peers_fail(&scene, secs(1));
    // Settled, and merged for want of room.
    scene.tick().at(secs(8)).tick().at(secs(9)).tick();
    assert_eq!(scene.episodes_in_total(), 0);
    scene.fail(LockTimeout, "a").fail(LockTimeout, "a");
    assert_eq!(scene.detected(PATTERN), 1);
    let episode = scene.episode(PATTERN);
    assert_eq!(&*episode.root, "node0");
    assert_eq!((sum_of(&episode, "peer_unreachable"), sum_of(&episode, "lock_timeout")), (PEERS as u64, 2));
    assert_conserved(&scene.monitor);
}

#[test]
fn lost_peers_in_their_thousands_are_forgotten_a_window_later() {
    let scene = scene();
    all_peers_fail(&scene, secs(1));
    scene.tick().at(secs(8)).tick();
    scene.at(secs(32)).fail(LockTimeout, "a").fail(LockTimeout, "a");
    assert_eq!(scene.detected(PATTERN), 0, "31 s after the last of them");
}

#[test]
fn a_failure_that_is_seconds_late_is_waited_for_unless_thousands_wait() {
    for (crowded, late) in [(false, 0), (true, 1)] {
        let scene = scene();
        if crowded {
            all_peers_fail(&scene, secs(10));
        } else {
            scene.at(secs(10)).fail(PeerUnreachable, "node0");
        }
        scene.at(secs(10) + millis(50)).tick();
        // Recorded by a thread whose clock reading was overtaken.
        scene.at(secs(7)).fail(UploadFailure, "bucket").at(secs(10) + millis(100)).tick().tick();
        assert_eq!(scene.monitor.statistics().late_events, late, "crowded: {crowded}");
        assert_conserved(&scene.monitor);
    }
}
