//! The smallest HTTP client that a scrape needs.

use super::text_format::Exposition;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Only so that a broken server fails the test instead of hanging it.
const GIVE_UP: Duration = Duration::from_secs(60);

pub(crate) struct Response {
    pub(crate) status: u16,
    /// Everything before the empty line, in lower case.
    pub(crate) head: String,
    pub(crate) body: String,
}

pub(crate) fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).expect("the server listens");
    stream.set_read_timeout(Some(GIVE_UP)).unwrap();
    stream.set_write_timeout(Some(GIVE_UP)).unwrap();
    stream
}

pub(crate) fn ask(address: SocketAddr, method: &str, path: &str) -> Response {
    let mut stream = connect(address);
    let request = format!("{method} {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    read_response(&mut stream)
}

pub(crate) fn read_response(stream: &mut TcpStream) -> Response {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    let text = String::from_utf8(bytes).expect("UTF-8");
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let head = head.to_lowercase();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status line");
    Response { status, head, body: body.to_owned() }
}

/// Scrapes, and reads strictly what came.
pub(crate) fn scrape(address: SocketAddr) -> Exposition {
    let response = ask(address, "GET", "/metrics");
    assert_eq!(response.status, 200);
    assert!(response.head.contains("content-type: text/plain; version=0.0.4"), "{}", response.head);
    assert!(response.head.contains(&format!("content-length: {}", response.body.len())), "{}", response.head);
    Exposition::parse(&response.body).unwrap_or_else(|error| panic!("{error}"))
}
