//! Asks one peer again and again whether it is there.

use super::peer::Peer;
use foreshock::{Component, FailureType};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval};

const EVERY: Duration = Duration::from_millis(500);
const DEADLINE: Duration = Duration::from_secs(1);

pub(super) async fn work(peer: Arc<Peer>, watched: Component) -> String {
    let mut ticks = interval(EVERY);
    // After a silent probe: a pause, not a burst to catch up.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if peer.ping(DEADLINE).await.is_err() {
            watched.record_failure(FailureType::PeerUnreachable);
        }
    }
}
