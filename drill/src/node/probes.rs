//! Asks one peer again and again whether it is there.

use super::peer::Peer;
use crate::tempo::Pace;
use foreshock::{Component, FailureType};
use std::sync::Arc;
use tokio::time::{MissedTickBehavior, interval};

pub(super) async fn work(peer: Arc<Peer>, watched: Component, pace: &Pace) -> String {
    let mut ticks = interval(pace.probe_every);
    // After a silent probe: a pause, not a burst to catch up.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if peer.ping(pace.probe_deadline).await.is_err() {
            watched.record_failure(FailureType::PeerUnreachable);
        }
    }
}
