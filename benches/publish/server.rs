//! What a host with `prometheus-client` writes around it: the same HTTP library as ours, on a thread of its own.

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::CONTENT_TYPE;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use tokio::runtime::Builder;

const TEXT: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Serves what `render` says, until the process ends.
pub(crate) fn serve(render: impl Fn() -> String + Send + Sync + 'static) -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let runtime = Builder::new_current_thread().enable_io().build()?;
    let render = Arc::new(render);
    std::thread::spawn(move || {
        runtime.block_on(async {
            let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
            while let Ok((stream, _)) = listener.accept().await {
                let render = render.clone();
                let service = service_fn(move |_: Request<Incoming>| {
                    let mut response = Response::new(Full::new(Bytes::from(render())));
                    response.headers_mut().insert(CONTENT_TYPE, TEXT.parse().expect("a header's value"));
                    async move { Ok::<_, Infallible>(response) }
                });
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
    });
    Ok(address)
}
