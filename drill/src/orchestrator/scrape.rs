//! Asks a node's `/metrics` over HTTP, again and again, as a Prometheus server would, only more often.

use super::reading::Reading;
use crate::layout::NodeId;
use http_body_util::{BodyExt, Empty, LengthLimitError, Limited};
use hyper::body::Bytes;
use hyper::{Request, StatusCode, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
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
    // A connection for each scrape: one kept from before the cut would say nothing about the node after it.
    let client = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build_http();
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let page = timeout(TIMEOUT, fetch(&client, &uri)).await;
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

enum FetchError {
    /// No connection, or one that broke.
    Silent,
    Bad(String),
}

async fn fetch(client: &Client<HttpConnector, Empty<Bytes>>, uri: &Uri) -> Result<String, FetchError> {
    let request = Request::get(uri.clone()).body(Empty::new()).expect("a URI makes a request");
    let response = client.request(request).await.map_err(|_| FetchError::Silent)?;
    if response.status() != StatusCode::OK {
        return Err(FetchError::Bad(format!("{uri} answered {}", response.status())));
    }
    let body = Limited::new(response.into_body(), MAX_PAGE_BYTES).collect().await.map_err(|error| {
        if error.is::<LengthLimitError>() {
            FetchError::Bad(format!("{uri} answered more than {MAX_PAGE_BYTES} bytes"))
        } else {
            FetchError::Silent
        }
    })?;
    String::from_utf8(body.to_bytes().into()).map_err(|_| FetchError::Bad(format!("{uri} is not UTF-8")))
}
