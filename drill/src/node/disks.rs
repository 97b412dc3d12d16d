//! Asks every node for the state of its disk, and counts whether enough of them have one.

use super::peer::{CallError, Peer};
use super::store::Store;
use foreshock::{Component, FailureType};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

const EVERY: Duration = Duration::from_secs(2);
const DEADLINE: Duration = Duration::from_secs(3);
/// Of four disks, as RustFS writes with a parity of one.
pub(super) const WRITE_QUORUM: usize = 3;

pub(super) async fn work(
    peers: Vec<(Arc<Peer>, Component)>,
    store: Arc<Store>,
    disk_quorum: Component,
) -> String {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let own = usize::from(store.disk_info().is_ok());
        if own + count_online(&peers).await < WRITE_QUORUM {
            disk_quorum.record_failure(FailureType::QuorumLoss);
        }
    }
}

async fn count_online(peers: &[(Arc<Peer>, Component)]) -> usize {
    let mut checks = JoinSet::new();
    for (peer, watched) in peers {
        checks.spawn(check(Arc::clone(peer), watched.clone()));
    }
    checks.join_all().await.into_iter().filter(|&online| online).count()
}

async fn check(peer: Arc<Peer>, watched: Component) -> bool {
    match peer.disk_info(DEADLINE).await {
        Ok(_) => true,
        // Offline is an answer: the peer's probe reports it.
        Err(CallError::Failed) => false,
        Err(CallError::TimedOut) => {
            watched.record_failure(FailureType::DiskStateCheckTimeout);
            false
        }
    }
}
