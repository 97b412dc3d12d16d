//! Raw bytes into a connection of the exporter's server: it answers in HTTP or closes, serves the metrics only to
//! whom asked for them, and answers the next one.

#![no_main]

use foreshock::prometheus::Exporter;
use libfuzzer_sys::fuzz_target;
use socket2::SockRef;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Only so that a server that hangs is a finding.
const GIVE_UP: Duration = Duration::from_secs(20);
/// Every so often an ordinary scrape must be served.
const SCRAPE_EVERY: u64 = 64;

fn exporter() -> &'static Exporter {
    static EXPORTER: OnceLock<Exporter> = OnceLock::new();
    EXPORTER.get_or_init(|| Exporter::builder().listen(([127, 0, 0, 1], 0)).start().expect("a free port"))
}

/// Sends it all, says that there is no more, and reads until the server closes.
fn answer(request: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(exporter().local_addr()).expect("the server listens");
    stream.set_read_timeout(Some(GIVE_UP)).expect("a socket");
    stream.set_write_timeout(Some(GIVE_UP)).expect("a socket");
    SockRef::from(&stream).set_linger(Some(Duration::ZERO)).expect("a socket");
    // A server that has heard enough closes early: then the rest has nowhere to go.
    let _ = stream.write_all(request).and_then(|()| stream.shutdown(Shutdown::Write));
    let mut answer = Vec::new();
    if let Err(error) = stream.read_to_end(&mut answer) {
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "{error}");
    }
    answer
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

fuzz_target!(|request: &[u8]| {
    static RUNS: AtomicU64 = AtomicU64::new(0);
    let answered = answer(request);
    assert!(answered.is_empty() || answered.starts_with(b"HTTP/1."), "{}", answered.escape_ascii());
    if answered.starts_with(b"HTTP/1.1 200") || answered.starts_with(b"HTTP/1.0 200") {
        assert!(contains(request, b"GET ") || contains(request, b"HEAD "), "{}", request.escape_ascii());
        assert!(contains(request, b"/metrics"), "{}", request.escape_ascii());
    }
    if RUNS.fetch_add(1, Ordering::Relaxed).is_multiple_of(SCRAPE_EVERY) {
        let scraped = answer(b"GET /metrics HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
        assert!(scraped.starts_with(b"HTTP/1.1 200 OK"), "{}", scraped.escape_ascii());
    }
});
