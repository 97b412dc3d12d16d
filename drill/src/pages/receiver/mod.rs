//! The services that Alertmanager tells: the pager and the channels. One HTTP server stands for both.

pub(super) mod pagerduty;
mod slack;

use super::notification::Message;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use slack::Webhooks;
use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// PagerDuty takes 512 KiB.
const MAX_BODY_BYTES: usize = 512 << 10;
const HEADER_TIMEOUT: Duration = Duration::from_secs(5);
const MAX_CONNECTIONS: usize = 64;

/// When a request was there, and what it said or why it was refused.
pub(crate) type Received = (Instant, Result<Message, String>);

pub(crate) struct Endpoint {
    listener: TcpListener,
    address: SocketAddr,
    webhooks: Webhooks,
}

impl Endpoint {
    pub(crate) async fn bind() -> Result<Self, String> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .map_err(|error| format!("no port for the receivers: {error}"))?;
        let address = listener.local_addr().map_err(|error| error.to_string())?;
        Ok(Self { listener, address, webhooks: Webhooks::default() })
    }

    pub(crate) fn pagerduty_url(&self) -> String {
        format!("http://{}{}", self.address, pagerduty::PATH)
    }

    /// The webhook for a secret's file of this name.
    pub(crate) fn slack_url(&mut self, file_name: &str) -> Result<String, String> {
        let path = self.webhooks.hand_out(file_name)?;
        Ok(format!("http://{}{path}", self.address))
    }

    /// Never ends by itself.
    pub(crate) async fn serve(self, tell: UnboundedSender<Received>) {
        let webhooks = Arc::new(self.webhooks);
        let mut connections = JoinSet::new();
        loop {
            while connections.len() >= MAX_CONNECTIONS {
                connections.join_next().await;
            }
            // Out of descriptors, or a peer that went away: the next one may fare better.
            let Ok((stream, _)) = self.listener.accept().await else {
                tokio::time::sleep(Duration::from_millis(10)).await;
                continue;
            };
            let (webhooks, tell) = (webhooks.clone(), tell.clone());
            connections.spawn(async move {
                let service = service_fn(move |request| answer(request, webhooks.clone(), tell.clone()));
                // Whatever was received is told; how the connection ended is of no interest.
                let _ = http1::Builder::new()
                    .timer(TokioTimer::new())
                    .header_read_timeout(HEADER_TIMEOUT)
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            });
            while connections.try_join_next().is_some() {}
        }
    }
}

async fn answer(
    request: Request<Incoming>,
    webhooks: Arc<Webhooks>,
    tell: UnboundedSender<Received>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let body = match Limited::new(request.into_body(), MAX_BODY_BYTES).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) => return Ok(response(StatusCode::PAYLOAD_TOO_LARGE, error.to_string())),
    };
    let at = Instant::now();
    let (read, response) = understand(&method, &path, &body, &webhooks);
    // Nobody listens any more when the drill is ending.
    let _ = tell.send((at, read));
    Ok(response)
}

fn understand(
    method: &Method,
    path: &str,
    body: &[u8],
    webhooks: &Webhooks,
) -> (Result<Message, String>, Response<Full<Bytes>>) {
    match path {
        _ if method != Method::POST => {
            (Err(format!("{method} {path}")), response(StatusCode::METHOD_NOT_ALLOWED, String::new()))
        }
        pagerduty::PATH => match pagerduty::read(body) {
            Ok(message) => {
                let accepted = pagerduty::accepted(&message);
                (Ok(message), response(StatusCode::ACCEPTED, accepted))
            }
            Err(reason) => {
                let refused = pagerduty::refused(&reason);
                (Err(format!("pager: {reason}")), response(StatusCode::BAD_REQUEST, refused))
            }
        },
        _ => match webhooks.channel(path).map(|channel| (channel, slack::read(channel, body))) {
            Some((_, Ok(message))) => (Ok(message), response(StatusCode::OK, "ok".to_owned())),
            Some((channel, Err(reason))) => {
                (Err(format!("{channel}: {reason}")), response(StatusCode::BAD_REQUEST, reason))
            }
            None => {
                (Err(format!("{method} {path}")), response(StatusCode::NOT_FOUND, "no_service".to_owned()))
            }
        },
    }
}

fn response(status: StatusCode, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_webhook_that_was_never_handed_out_is_refused() {
        let mut webhooks = Webhooks::default();
        let path = webhooks.hand_out("slack_operations_url").expect("it names a channel");
        let body = br#"{"attachments": [{"title": "[FIRING] A", "text": "b"}]}"#;
        let (read, response) = understand(&Method::POST, &path, body, &webhooks);
        assert!(read.is_ok(), "{read:?}");
        assert_eq!(response.status(), StatusCode::OK);
        let (read, response) = understand(&Method::POST, &path, body, &Webhooks::default());
        assert_eq!(read, Err(format!("POST {path}")));
        assert_eq!(response.status(), StatusCode::NOT_FOUND);
    }
}
