//! The calls that this node answers. RustFS's service has seventy-six; these are the ones the drill's work needs,
//! and the rest are answered as not implemented.

mod locks;
mod storage;

use super::store::Store;
use rustfs_protos::proto_gen::node_service::DiskInfoRequest;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::net::TcpListener;
use tonic::body::Body;
use tonic::codec::ProstCodec;
use tonic::codegen::{Service, http};
use tonic::server::{Grpc, NamedService, UnaryService};
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};

/// Serves until the task is dropped; the text says why it ended before.
pub(super) async fn serve(listener: TcpListener, store: Arc<Store>) -> String {
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    let ended = Server::builder().add_service(NodeService { store }).serve_with_incoming(incoming).await;
    format!("the server ended: {ended:?}")
}

#[derive(Clone)]
struct NodeService {
    store: Arc<Store>,
}

impl NamedService for NodeService {
    const NAME: &'static str = "node_service.NodeService";
}

type Answer = Pin<Box<dyn Future<Output = Result<http::Response<Body>, Infallible>> + Send>>;

impl Service<http::Request<Body>> for NodeService {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Answer;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Answer {
        let store = Arc::clone(&self.store);
        match request.uri().path().rsplit('/').next() {
            Some("Ping") => unary(request, storage::ping),
            Some("Lock") => unary(request, locks::lock),
            Some("UnLock") => unary(request, locks::unlock),
            Some("RLock") => unary(request, locks::read_lock),
            Some("RUnLock") => unary(request, locks::read_unlock),
            Some("DiskInfo") => unary(request, move |_: DiskInfoRequest| storage::disk_info(store)),
            Some("ReadAll") => unary(request, move |asked| storage::read_all(store, asked)),
            Some("WriteAll") => unary(request, move |asked| storage::write_all(store, asked)),
            _ => Box::pin(async { Ok(Status::unimplemented("not a call of the drill").into_http()) }),
        }
    }
}

fn unary<Asked, Answered, Handled>(
    request: http::Request<Body>,
    handler: impl FnOnce(Asked) -> Handled + Send + 'static,
) -> Answer
where
    Asked: prost::Message + Default + 'static,
    Answered: prost::Message + 'static,
    Handled: Future<Output = Answered> + Send + 'static,
{
    Box::pin(async move { Ok(Grpc::new(ProstCodec::default()).unary(Once(Some(handler)), request).await) })
}

/// A function as the service of one call.
struct Once<F>(Option<F>);

impl<F, Asked, Answered, Handled> UnaryService<Asked> for Once<F>
where
    F: FnOnce(Asked) -> Handled,
    Handled: Future<Output = Answered> + Send + 'static,
{
    type Response = Answered;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Answered>, Status>> + Send>>;

    fn call(&mut self, request: Request<Asked>) -> Self::Future {
        let answer = self.0.take().map(|handler| handler(request.into_inner()));
        Box::pin(async {
            match answer {
                Some(answer) => Ok(Response::new(answer.await)),
                None => Err(Status::internal("one request, two calls")),
            }
        })
    }
}
