//! Asks a node's `/metrics` over HTTP, again and again, as a Prometheus server would, only more often.

use super::reading::Reading;
use crate::http::{Client, FetchError};
use crate::layout::NodeId;
use hyper::Uri;
use std::time::Duration;
use tokio::sync::mpsc::Sender;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

const EVERY: Duration = Duration::from_millis(200);
const TIMEOUT: Duration = Duration::from_secs(1);
const MAX_PAGE_BYTES: usize = 4 << 20;

/// What came of asking one node once.
#[derive(Debug)]
pub(crate) struct Scrape {
    pub(crate) node: NodeId,
    pub(crate) at: Instant,
    /// The text of an answer that is not in order. Silence, which is to be expected, is `None`.
    pub(crate) answer: Result<Option<Reading>, String>,
}

/// Ends when nobody takes the answers any more.
pub(crate) async fn poll(node: NodeId, port: u16, answers: Sender<Scrape>) {
    let uri: Uri = format!("http://127.0.0.1:{port}/metrics").parse().expect("a port makes a URI");
    let client = Client::new(MAX_PAGE_BYTES);
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let page = timeout(TIMEOUT, client.get(&uri)).await;
        // The moment of the answer, not of the question: what is measured from it is never too short.
        let at = Instant::now();
        let answer = match page {
            Err(_) | Ok(Err(FetchError::Silent)) => Ok(None),
            Ok(Err(FetchError::Bad(what))) => Err(what),
            Ok(Ok(text)) => Reading::parse(&text).map(Some),
        };
        if answers.send(Scrape { node, at, answer }).await.is_err() {
            return;
        }
    }
}
