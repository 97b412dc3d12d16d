//! What foreshock does on a hot path.
//!
//! A loop is no server: it fills a ring a thousand times faster than the collector empties it. So what pushes onto a
//! ring is called half a ring at a time, with a tick by hand between; and what finds the ring full is a row of its own.

use super::NAME;
use crate::measure::{Pace, Subject, calls, calls_and_then, forever};
use foreshock::{Builder, FailureType, LockPath, Monitor};
use metrics::NoopRecorder;
use std::hint::black_box;
use std::sync::Arc;

pub(crate) const OURS: &str = "foreshock";

/// Rows that `threads` and the control look up.
pub(crate) const RECORD_SUCCESS: &str = "LockPath::record_success";
pub(crate) const ATTEMPT_NO_LATENCY: &str = "attempt + success, no latency";
pub(crate) const ATTEMPT_LATENCY: &str = "attempt + success, latency";
pub(crate) const BY_NAME: &str = "Monitor::record_success, name seen before";
pub(crate) const RECORD_TIMEOUT: &str = "LockPath::record_timeout";
pub(crate) const RECORD_FAILURE: &str = "Component::record_failure";
pub(crate) const TIMEOUT_FULL: &str = "LockPath::record_timeout, ring full";
pub(crate) const FAILURE_FULL: &str = "Component::record_failure, ring full";

/// So many that a cache of the names used last, which has a few entries, has none of them when its turn comes again.
const STRANGERS: usize = 1_000;

/// Publishing is not what is measured here, and the process's own recorder belongs to a peer.
pub(crate) fn unpublished() -> Builder {
    Monitor::builder().recorder(Arc::new(NoopRecorder))
}

fn start(builder: Builder) -> &'static Monitor {
    forever(builder.start().expect("valid settings"))
}

pub(crate) fn subjects() -> Vec<Subject> {
    let mut subjects = counting();
    subjects.extend(by_name());
    subjects.extend(pushing());
    subjects.extend(finding_it_full());
    subjects.extend(asking());
    subjects
}

/// Beside a collector that runs.
fn counting() -> Vec<Subject> {
    let monitor = start(unpublished().track_latency(false));
    let lock = forever(monitor.lock_path(NAME));
    let locks: &'static Vec<LockPath> =
        forever((0..16).map(|n| monitor.lock_path(&format!("{NAME}{n}"))).collect());
    vec![
        Subject::new(OURS, RECORD_SUCCESS, || calls(|| lock.record_success())).target(0.45),
        Subject::new(OURS, "LockPath::record_success, 16 paths in turn", move || {
            let mut turn = 0;
            calls(move || {
                turn = (turn + 1) % 16;
                locks[turn].record_success();
            })
        }),
        Subject::new(OURS, ATTEMPT_NO_LATENCY, || calls(|| lock.attempt().success())).target(1.5),
    ]
}

fn by_name() -> Vec<Subject> {
    let monitor = start(unpublished());
    let strangers: &'static Vec<String> =
        forever((0..STRANGERS).map(|n| format!("config/iam/users/of/tenant/{n:04}/and/their/b")).collect());
    // Held, so that the names are registered, and by this thread.
    forever(strangers.iter().map(|name| monitor.lock_path(name)).collect::<Vec<_>>());
    vec![
        Subject::new(OURS, BY_NAME, || calls(|| monitor.record_success(black_box(NAME)))).target(0.6),
        Subject::new(OURS, "Monitor::record_success, first time on this thread", move || {
            let mut turn = 0;
            calls(move || {
                turn = if turn + 1 < STRANGERS { turn + 1 } else { 0 };
                monitor.record_success(black_box(&strangers[turn]));
            })
        })
        .target(1.8),
    ]
}

/// What leaves something on a ring, or in a place that only a tick empties.
fn pushing() -> Vec<Subject> {
    let monitor = start(unpublished().manual());
    let plain = start(unpublished().track_latency(false).manual());
    let (lock, plain_lock) = (forever(monitor.lock_path(NAME)), forever(plain.lock_path(NAME)));
    let peer = forever(plain.component("node3"));
    vec![
        Subject::new(OURS, ATTEMPT_LATENCY, || {
            calls_and_then(|| lock.attempt().success(), || monitor.tick())
        })
        .target(4.5)
        .reads_clock(2)
        .pace(Pace::HALF_A_RING),
        Subject::new(OURS, RECORD_TIMEOUT, || {
            calls_and_then(|| plain_lock.record_timeout(), || plain.tick())
        })
        .target(2.2)
        .reads_clock(1)
        .pace(Pace::HALF_A_RING),
        Subject::new(OURS, RECORD_FAILURE, || {
            calls_and_then(|| peer.record_failure(FailureType::PeerUnreachable), || plain.tick())
        })
        .target(2.0)
        .reads_clock(1)
        .pace(Pace::HALF_A_RING),
    ]
}

/// Nobody ticks: after the first thousand the ring refuses, and counts.
fn finding_it_full() -> Vec<Subject> {
    let monitor = start(unpublished().manual());
    let lock = forever(monitor.lock_path(NAME));
    let peer = forever(monitor.component("node3"));
    let full = || (0..2_000).for_each(|_| peer.record_failure(FailureType::PeerUnreachable));
    vec![
        Subject::new(OURS, TIMEOUT_FULL, move || {
            full();
            calls(|| lock.record_timeout())
        })
        .reads_clock(1),
        Subject::new(OURS, FAILURE_FULL, move || {
            full();
            calls(|| peer.record_failure(FailureType::PeerUnreachable))
        })
        .reads_clock(1),
    ]
}

fn asking() -> Vec<Subject> {
    let monitor = start(unpublished());
    let healthy = forever(monitor.lock_path(NAME));
    let degraded = forever(monitor.lock_path("config/iam/users/of/the/second/tenant/and/c"));
    healthy.record_success();
    degraded.record_timeout();
    vec![
        Subject::new(OURS, "LockPath::health", || calls(|| _ = black_box(healthy.health()))).target(1.0),
        Subject::new(OURS, "LockPath::health, degraded", || calls(|| _ = black_box(degraded.health())))
            .reads_clock(1),
        Subject::new(OURS, "Monitor::health, by name", || {
            calls(|| _ = black_box(monitor.health(black_box(NAME))))
        }),
    ]
}
