//! A peer as this node sees it: calls over TCP, each under a deadline, each counted by how it ended.

use crate::layout::NodeId;
use prost::bytes::Bytes;
use rustfs_protos::proto_gen::node_service::node_service_client::NodeServiceClient;
use rustfs_protos::proto_gen::node_service::{
    DiskInfoRequest, Error, PingRequest, ReadAllRequest, WriteAllRequest,
};
use std::net::SocketAddr;
use std::time::Duration;
use tonic::transport::{Channel, Endpoint};
use tonic::{Response, Status};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// How a call went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CallError {
    /// No answer within the deadline.
    TimedOut,
    /// An answer that is not the wanted one, or no connection.
    Failed,
}

pub(super) struct Peer {
    id: NodeId,
    /// Probes and bulk data do not share a connection: a window full of unread data must not delay a probe.
    control: NodeServiceClient<Channel>,
    data: NodeServiceClient<Channel>,
}

impl Peer {
    pub(super) fn new(id: NodeId, address: SocketAddr) -> Self {
        let endpoint = Endpoint::from_shared(format!("http://{address}"))
            .expect("a socket address makes a URI")
            .connect_timeout(CONNECT_TIMEOUT)
            .tcp_nodelay(true);
        let connect = || NodeServiceClient::new(endpoint.connect_lazy());
        Self { id, control: connect(), data: connect() }
    }

    pub(super) fn id(&self) -> NodeId {
        self.id
    }

    pub(super) async fn ping(&self, deadline: Duration) -> Result<(), CallError> {
        let mut client = self.control.clone();
        let request = PingRequest { version: 1, body: Bytes::new() };
        self.call("ping", deadline, client.ping(request)).await.map(drop)
    }

    pub(super) async fn disk_info(&self, deadline: Duration) -> Result<String, CallError> {
        let mut client = self.data.clone();
        let request = DiskInfoRequest::default();
        let answer = self.call("disk_info", deadline, client.disk_info(request)).await?;
        if answer.success { Ok(answer.disk_info) } else { Err(refused(answer.error)) }
    }

    pub(super) async fn read_all(
        &self,
        volume: &str,
        path: &str,
        deadline: Duration,
    ) -> Result<Bytes, CallError> {
        let mut client = self.data.clone();
        let request =
            ReadAllRequest { volume: volume.to_owned(), path: path.to_owned(), ..Default::default() };
        let answer = self.call("read_all", deadline, client.read_all(request)).await?;
        if answer.success { Ok(answer.data) } else { Err(refused(answer.error)) }
    }

    pub(super) async fn write_all(
        &self,
        volume: &str,
        path: &str,
        data: Bytes,
        deadline: Duration,
    ) -> Result<(), CallError> {
        let mut client = self.data.clone();
        let request =
            WriteAllRequest { volume: volume.to_owned(), path: path.to_owned(), data, ..Default::default() };
        let answer = self.call("write_all", deadline, client.write_all(request)).await?;
        if answer.success { Ok(()) } else { Err(refused(answer.error)) }
    }

    /// The host's own metrics stand beside those of `foreshock`, as they would in a server.
    async fn call<T>(
        &self,
        name: &'static str,
        deadline: Duration,
        call: impl Future<Output = Result<Response<T>, Status>>,
    ) -> Result<T, CallError> {
        let answer = match tokio::time::timeout(deadline, call).await {
            Ok(Ok(response)) => Ok(response.into_inner()),
            Ok(Err(_)) => Err(CallError::Failed),
            Err(_) => Err(CallError::TimedOut),
        };
        let outcome = match answer {
            Ok(_) => "answered",
            Err(CallError::Failed) => "failed",
            Err(CallError::TimedOut) => "timed_out",
        };
        let labels =
            [("call", name.to_owned()), ("peer", self.id.to_string()), ("outcome", outcome.to_owned())];
        metrics::counter!("drill_calls_total", &labels).increment(1);
        answer
    }
}

/// The peer answered, and said no.
fn refused(error: Option<Error>) -> CallError {
    if let Some(error) = error {
        eprintln!("a peer refused: {}", error.error_info);
    }
    CallError::Failed
}
