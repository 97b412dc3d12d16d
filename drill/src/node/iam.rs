//! Reads of identity and policy data: each under a read lock of the cluster, each from a peer.

use super::cluster_lock::{Acquisition, ClusterLocks, Mode};
use super::peer::{CallError, Peer};
use super::store::SYSTEM_VOLUME;
use foreshock::{Component, FailureType, LockPath};
use prost::bytes::Bytes;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;

const PAUSE: Duration = Duration::from_millis(150);

pub(super) struct Reader {
    pub(super) peers: Vec<Arc<Peer>>,
    pub(super) deadline: Duration,
}

pub(super) async fn work(
    path: &'static str,
    locks: Arc<ClusterLocks>,
    reader: Reader,
    watched: LockPath,
    iam: Component,
) -> String {
    for first_peer in (0..reader.peers.len()).cycle() {
        let attempt = watched.attempt();
        // The lock and the IAM operation that waits for it are one failure, not two.
        let operation = attempt.operation();
        match locks.acquire(path, Mode::Read).await {
            Acquisition::Granted(held) => {
                attempt.success();
                if reader.read(path, first_peer).await == Err(CallError::TimedOut) {
                    iam.record_failure(FailureType::IamOperationTimeout);
                }
                held.release().await;
            }
            Acquisition::TimedOut => {
                attempt.timeout();
                iam.record_failure_of(FailureType::IamOperationTimeout, operation);
            }
            Acquisition::Refused => attempt.error(),
        }
        sleep(PAUSE).await;
    }
    format!("no peer to read {path} from")
}

impl Reader {
    /// Asks the peers in turn. One that fails at once is passed over; one that is silent uses up the operation's
    /// time.
    async fn read(&self, path: &str, first: usize) -> Result<Bytes, CallError> {
        for peer in self.peers.iter().cycle().skip(first).take(self.peers.len()) {
            match peer.read_all(SYSTEM_VOLUME, path, self.deadline).await {
                Err(CallError::Failed) => {}
                answered_or_silent => return answered_or_silent,
            }
        }
        Err(CallError::Failed)
    }
}
