//! The HTTP server behind `/metrics`: one thread, a bounded number of connections, one request and a bounded time for
//! each. A client that asks and does not read could otherwise keep its place, and sixteen of them the server.

use crate::error::Error;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use metrics_exporter_prometheus::PrometheusHandle;
use std::convert::Infallible;
use std::net::TcpListener;
use std::pin::pin;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, oneshot};

const MAX_CONNECTIONS: usize = 16;
/// A request's head must be here by then.
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);
/// What is answered must be read by then, from when it is there: a host that is short of time is not the client's fault.
/// Prometheus waits for a scrape no longer than 10 s unless told to.
const READ_TIMEOUT: Duration = Duration::from_secs(15);
const MAX_HEAD_BYTES: usize = 16 * 1_024;
/// How often the recorder's histograms are drained while nobody scrapes.
const UPKEEP_EVERY: Duration = Duration::from_secs(5);

const TEXT: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");

/// Serves until it is dropped.
pub(super) struct Server {
    /// The `fork` generation it was started in.
    process: u32,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub(super) fn start(listener: TcpListener, handle: PrometheusHandle) -> Result<Self, Error> {
        listener.set_nonblocking(true).map_err(Error::thread)?;
        let runtime =
            Builder::new_current_thread().enable_io().enable_time().build().map_err(Error::thread)?;
        let listener = {
            let _entered = runtime.enter();
            tokio::net::TcpListener::from_std(listener).map_err(Error::thread)?
        };
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new()
            .name("foreshock-http".to_owned())
            .spawn(move || run(&runtime, listener, handle, stopped))
            .map_err(Error::thread)?;
        Ok(Self { process: crate::process::generation(), stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let thread = self.thread.take();
        if self.process != crate::process::generation() {
            // In the child of a `fork` there is no such thread to stop or to wait for.
            std::mem::forget((thread, self.stop.take()));
            return;
        }
        drop(self.stop.take());
        if let Some(thread) = thread {
            let _ = thread.join();
        }
    }
}

fn run(
    runtime: &Runtime,
    listener: tokio::net::TcpListener,
    handle: PrometheusHandle,
    stopped: oneshot::Receiver<()>,
) {
    runtime.block_on(async {
        tokio::select! {
            _ = stopped => {}
            () = accept(listener, handle.clone()) => {}
            () = keep_up(handle) => {}
        }
    });
}

async fn keep_up(handle: PrometheusHandle) {
    loop {
        tokio::time::sleep(UPKEEP_EVERY).await;
        handle.run_upkeep();
    }
}

async fn accept(listener: tokio::net::TcpListener, handle: PrometheusHandle) {
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        // Whoever comes seventeenth waits in the operating system's queue.
        let Ok(place) = places.clone().acquire_owned().await else {
            return;
        };
        match listener.accept().await {
            Ok((stream, _)) => {
                tokio::spawn(serve(stream, handle.clone(), place));
            }
            // Out of file descriptors, for example: the host's trouble, and no reason to spin.
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}

async fn serve(stream: TcpStream, handle: PrometheusHandle, place: OwnedSemaphorePermit) {
    let is_answered = Arc::new(Notify::new());
    let answered = is_answered.clone();
    let service = service_fn(move |request| {
        let response = respond(&request, &handle);
        is_answered.notify_one();
        async move { Ok::<_, Infallible>(response) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .keep_alive(false)
        // A client that has said all is answered all the same.
        .half_close(true)
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(MAX_HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    // A client that breaks off is no news.
    let is_over = tokio::select! {
        biased;
        _ = &mut connection => true,
        () = answered.notified() => false,
    };
    if !is_over {
        let _ = tokio::time::timeout(READ_TIMEOUT, connection).await;
    }
    drop(place);
}

fn respond(request: &Request<Incoming>, handle: &PrometheusHandle) -> Response<Full<Bytes>> {
    match (request.method(), request.uri().path()) {
        (&Method::GET | &Method::HEAD, "/metrics") => {
            plain(StatusCode::OK, (CONTENT_TYPE, TEXT), handle.render())
        }
        (_, "/metrics") => {
            let allow = (ALLOW, HeaderValue::from_static("GET, HEAD"));
            plain(StatusCode::METHOD_NOT_ALLOWED, allow, String::new())
        }
        _ => plain(StatusCode::NOT_FOUND, (CONTENT_TYPE, TEXT), "see /metrics\n".to_owned()),
    }
}

fn plain(status: StatusCode, header: (HeaderName, HeaderValue), body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    response.headers_mut().insert(header.0, header.1);
    response
}
