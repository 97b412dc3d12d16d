//! What Alertmanager says of itself.

use crate::exposition;
use crate::http::{Client, FetchError};
use hyper::Uri;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::time::timeout;

const ANSWER_LIMIT: Duration = Duration::from_secs(5);
const MAX_ANSWER_BYTES: usize = 4 << 20;
const GROUPS: &str = "alertmanager_dispatcher_aggregation_groups";

/// How many groups of alerts it remembers. It forgets one that has become empty at the next look through them, every 30 s
/// whatever time is scaled by; an alert that comes before is told at the group's next interval, and not after the time
/// that a new group is waited for.
pub(crate) async fn remembered_groups(address: SocketAddr) -> Result<f64, String> {
    let uri: Uri = format!("http://{address}/metrics").parse().expect("an address makes a URI");
    let page = match timeout(ANSWER_LIMIT, Client::new(MAX_ANSWER_BYTES).get(&uri)).await {
        Ok(Ok(page)) => page,
        Ok(Err(FetchError::Bad(answer))) => return Err(answer),
        Ok(Err(FetchError::Silent)) | Err(_) => return Err(format!("{uri} does not answer")),
    };
    let samples = exposition::parse(&page).map_err(|malformed| format!("{uri}: {malformed}"))?;
    let groups = samples.iter().find(|sample| sample.name == GROUPS);
    groups.map(|sample| sample.value).ok_or_else(|| format!("{uri} has no {GROUPS}"))
}
