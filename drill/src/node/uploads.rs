//! Uploads of small objects to the disks of all nodes, done once the write quorum has them.

use super::disks::WRITE_QUORUM;
use super::peer::Peer;
use super::store::Store;
use crate::layout::NodeId;
use crate::tempo::Pace;
use foreshock::{Component, FailureType};
use prost::bytes::Bytes;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

const OBJECT_BYTES: usize = 64 * 1_024;
/// Names are used again, so that the disks do not fill up.
const OBJECT_NAMES: usize = 8;

pub(super) async fn work(
    own: NodeId,
    peers: Vec<Arc<Peer>>,
    store: Arc<Store>,
    watched: Component,
    pace: &Pace,
) -> String {
    let volume = format!("photos-{}", own.index() + 1);
    let mut ticks = interval(pace.upload_every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for number in (0..OBJECT_NAMES).cycle() {
        ticks.tick().await;
        let object = Object {
            volume: volume.clone(),
            name: format!("object-{number}"),
            data: vec![0x5a; OBJECT_BYTES].into(),
            deadline: pace.upload_deadline,
        };
        if !upload(&Arc::new(object), &peers, &store).await {
            watched.record_failure(FailureType::UploadFailure);
        }
    }
    "out of names".to_owned()
}

struct Object {
    volume: String,
    name: String,
    data: Bytes,
    deadline: Duration,
}

/// Whether enough disks have it. Returns as soon as that is known; slower writes go on to their deadline.
async fn upload(object: &Arc<Object>, peers: &[Arc<Peer>], store: &Arc<Store>) -> bool {
    let mut writes = JoinSet::new();
    for peer in peers {
        let (peer, object) = (Arc::clone(peer), Arc::clone(object));
        writes.spawn(async move {
            peer.write_all(&object.volume, &object.name, object.data.clone(), object.deadline).await.is_ok()
        });
    }
    let (store, object) = (Arc::clone(store), Arc::clone(object));
    writes.spawn(async move { store.write(&object.volume, &object.name, &object.data).await.is_ok() });

    let mut written = 0;
    while let Some(done) = writes.join_next().await {
        written += usize::from(done.unwrap_or(false));
        if written == WRITE_QUORUM {
            writes.detach_all();
            return true;
        }
    }
    false
}
