//! What a monitor is given to publish: a thousand paths on which a little of everything happened.

use foreshock::FailureType::PeerUnreachable;
use foreshock::{Builder, Clock, LockPath, ManualTime, Monitor};
use std::time::Duration;

pub(crate) const PATHS: usize = 1_000;
const NODES: usize = 16;

pub(crate) struct Lived {
    pub(crate) monitor: Monitor,
    pub(crate) time: ManualTime,
    pub(crate) locks: Vec<LockPath>,
}

/// As long as a store's names are: 43 bytes.
pub(crate) fn name(place: usize) -> String {
    format!("config/iam/users/of/the/second/tenant/a{place:04}")
}

/// The same whenever and wherever it is called.
pub(crate) fn live(builder: Builder) -> Lived {
    let (clock, time) = Clock::manual();
    let monitor = builder.clock(clock).start().expect("valid settings");
    let locks: Vec<LockPath> = (0..PATHS).map(|place| monitor.lock_path(&name(place))).collect();
    // From a free lock to one that hangs: a wait in nearly every bucket.
    for wait_us in [70, 700, 3_000, 7_000, 30_000, 70_000, 170_000, 400_000, 800_000, 2_000_000] {
        let attempts: Vec<_> = locks.iter().map(LockPath::attempt).collect();
        time.advance(Duration::from_micros(wait_us));
        for (place, attempt) in attempts.into_iter().enumerate() {
            match place % 50 {
                0 if wait_us > 500_000 => attempt.timeout(),
                1 => attempt.error(),
                2 => drop(attempt),
                _ => attempt.success(),
            }
        }
        monitor.tick();
    }
    for node in 0..NODES {
        monitor.component(&format!("node{node}")).record_failure(PeerUnreachable);
    }
    monitor.tick();
    Lived { monitor, time, locks }
}
