//! Updates of the metadata of the node's own bucket, each under a write lock of the cluster.

use super::cluster_lock::{Acquisition, ClusterLocks, Mode};
use super::store::{SYSTEM_VOLUME, Store};
use foreshock::LockPath;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;

const PAUSE: Duration = Duration::from_millis(150);

pub(super) async fn work(
    path: String,
    locks: Arc<ClusterLocks>,
    store: Arc<Store>,
    watched: LockPath,
) -> String {
    for version in 1_u64.. {
        let attempt = watched.attempt();
        match locks.acquire(&path, Mode::Write).await {
            Acquisition::Granted(held) => {
                attempt.success();
                let written = store.write(SYSTEM_VOLUME, &path, &version.to_le_bytes()).await;
                held.release().await;
                if let Err(error) = written {
                    return format!("cannot write {path}: {error}");
                }
            }
            Acquisition::TimedOut => attempt.timeout(),
            Acquisition::Refused => attempt.error(),
        }
        sleep(PAUSE).await;
    }
    "out of versions".to_owned()
}
