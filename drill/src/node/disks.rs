//! Asks every node for the state of its disk, and counts whether enough of them have one.

use super::peer::{CallError, Peer};
use super::store::Store;
use crate::tempo::Pace;
use foreshock::{Component, FailureType};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

/// Of four disks, as RustFS writes with a parity of one.
pub(super) const WRITE_QUORUM: usize = 3;

pub(super) async fn work(
    peers: Vec<(Arc<Peer>, Component)>,
    store: Arc<Store>,
    disk_quorum: Component,
    pace: &Pace,
) -> String {
    let mut ticks = interval(pace.disk_check_every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let own = usize::from(store.disk_info().is_ok());
        if own + count_online(&peers, pace.disk_check_deadline).await < WRITE_QUORUM {
            disk_quorum.record_failure(FailureType::QuorumLoss);
        }
    }
}

async fn count_online(peers: &[(Arc<Peer>, Component)], deadline: Duration) -> usize {
    let mut checks = JoinSet::new();
    for (peer, watched) in peers {
        checks.spawn(check(Arc::clone(peer), watched.clone(), deadline));
    }
    checks.join_all().await.into_iter().filter(|&online| online).count()
}

async fn check(peer: Arc<Peer>, watched: Component, deadline: Duration) -> bool {
    match peer.disk_info(deadline).await {
        Ok(_) => true,
        // Offline is an answer: the peer's probe reports it.
        Err(CallError::Failed) => false,
        Err(CallError::TimedOut) => {
            watched.record_failure(FailureType::DiskStateCheckTimeout);
            false
        }
    }
}
