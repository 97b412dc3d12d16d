//! What a client cannot do to the exporter's HTTP server: whatever it sends, or does not send, or does not read, the
//! next scrape is served.

#![cfg(feature = "prometheus")]

mod common;

use common::http::{ask, connect, read_response};
use common::manual_with;
use foreshock::prometheus::Exporter;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

/// As many connections are served at a time.
const PLACES: usize = 16;

const SCRAPE: &[u8] = b"GET /metrics HTTP/1.1\r\nHost: test\r\n\r\n";

fn exporter() -> Exporter {
    Exporter::builder().listen(([127, 0, 0, 1], 0)).start().expect("a free port")
}

/// The server answers an ordinary client.
#[track_caller]
fn assert_serves(exporter: &Exporter) {
    assert_eq!(ask(exporter.local_addr(), "GET", "/metrics").status, 200);
}

/// Sends all that the server takes, says that there is no more, and reads until the server closes.
fn answer(exporter: &Exporter, request: &[u8]) -> String {
    let mut stream = connect(exporter.local_addr());
    // A server that has heard enough closes early: then the rest has nowhere to go.
    let _ = stream.write_all(request);
    let _ = stream.shutdown(Shutdown::Write);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8(answer).expect("UTF-8")
}

#[track_caller]
fn assert_refused(exporter: &Exporter, request: &[u8]) {
    let answer = answer(exporter, request);
    let shown = request[..request.len().min(80)].escape_ascii();
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{shown}: {answer}");
    assert_serves(exporter);
}

#[test]
fn a_huge_head_is_refused() {
    let exporter = exporter();
    let long = "x".repeat(1 << 20);
    let many = "X-Y: z\r\n".repeat(10_000);
    for head in [
        format!("GET /metrics HTTP/1.1\r\nHost: test\r\nX-Big: {long}\r\n\r\n"),
        format!("GET /metrics HTTP/1.1\r\nHost: test\r\n{long}: x\r\n\r\n"),
        format!("GET /metrics?{long} HTTP/1.1\r\nHost: test\r\n\r\n"),
        format!("{long} /metrics HTTP/1.1\r\nHost: test\r\n\r\n"),
        format!("GET /metrics HTTP/1.1\r\nHost: test\r\n{many}\r\n"),
    ] {
        assert_refused(&exporter, head.as_bytes());
    }
}

#[test]
fn what_is_not_http_is_refused() {
    let exporter = exporter();
    let binary: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    for garbage in [
        &b"\0\x01\x02\xff\r\n\r\n"[..],
        b"\r\n\r\n\r\n GET",
        b"GET\r\n\r\n",
        // HTTP/0.9, and versions that there are not.
        b"GET /metrics\r\n\r\n",
        b"GET /metrics HTTP/9.9\r\n\r\n",
        b"GET /metrics HTTP/1.1.1\r\n\r\n",
        // The prefaces of HTTP/2 and of TLS.
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0",
        b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03",
        b"GET /met\0rics HTTP/1.1\r\nHost: test\r\n\r\n",
        b"GET /metrics HTTP/1.1\r\nHo st: test\r\n\r\n",
        b"GET /metrics HTTP/1.1\r\nHost\r\n\r\n",
        b"GET /metrics HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"GET /metrics HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n",
        b"GET /metrics HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        &binary,
    ] {
        assert_refused(&exporter, garbage);
    }
}

#[test]
fn a_body_is_not_waited_for() {
    let exporter = exporter();
    let megabytes = vec![b'x'; 8 << 20];
    let endless =
        [&b"POST /metrics HTTP/1.1\r\nHost: test\r\nContent-Length: 1000000000000\r\n\r\n"[..], &megabytes];
    assert_refused(&exporter, &endless.concat());
    let mut chunks = b"POST /metrics HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    for _ in 0..10_000 {
        chunks.extend_from_slice(b"1\r\nx\r\n");
    }
    assert_refused(&exporter, &chunks);
    // Not a second request, but the body of the first.
    let hidden = b"POST /x HTTP/1.1\r\nHost: test\r\nContent-Length: 37\r\n\r\nGET /metrics HTTP/1.1\r\nHost: test\r\n\r\n";
    let told = answer(&exporter, hidden);
    assert_eq!(told.matches("HTTP/1.1 ").count(), 1, "{told}");
    assert!(told.starts_with("HTTP/1.1 404"), "{told}");
}

#[test]
fn of_a_thousand_requests_in_one_piece_one_is_answered() {
    let exporter = exporter();
    let told = answer(&exporter, &SCRAPE.repeat(1_000));
    // What was not read may cost the client the answer.
    assert!(told.matches("HTTP/1.1 200 OK").count() <= 1, "{told}");
    assert_serves(&exporter);
}

#[test]
fn connections_that_come_and_go_leave_nothing_behind() {
    let exporter = exporter();
    for beginning in [&b""[..], b"G", b"GET /metrics HTTP/1.1\r\n", SCRAPE] {
        for _ in 0..200 {
            let mut stream = connect(exporter.local_addr());
            let _ = stream.write_all(beginning);
        }
        assert_serves(&exporter);
    }
}

#[test]
fn clients_that_send_nothing_do_not_hold_up_others() {
    let exporter = exporter();
    let mut slow: Vec<_> = (0..PLACES / 2).map(|_| connect(exporter.local_addr())).collect();
    for stream in &mut slow {
        stream.write_all(b"GET /met").unwrap();
    }
    assert_serves(&exporter);
    let first = &mut slow[0];
    first.write_all(b"rics HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n").unwrap();
    assert_eq!(read_response(first).status, 200, "slow is not refused");
}

#[test]
fn a_client_that_never_asks_is_cut_off_and_makes_room() {
    let exporter = exporter();
    let silent: Vec<_> = (0..PLACES).map(|_| connect(exporter.local_addr())).collect();
    assert_serves(&exporter);
    drop(silent);
}

#[test]
fn clients_that_ask_and_stay_hold_up_nobody() {
    let exporter = exporter();
    let mut idle: Vec<_> = (0..PLACES).map(|_| connect(exporter.local_addr())).collect();
    for stream in &mut idle {
        stream.write_all(SCRAPE).unwrap();
    }
    assert_serves(&exporter);
}

/// Sends a head that never ends, byte by byte, until the server has had enough.
fn dribble(mut stream: TcpStream) {
    let head = b"GET /metrics HTTP/1.1\r\nX-Slow: ".iter().chain(std::iter::repeat(&b'x'));
    for byte in head {
        if stream.write_all(&[*byte]).is_err() {
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_head_that_comes_byte_by_byte_is_cut_off_and_makes_room() {
    let exporter = exporter();
    std::thread::scope(|scope| {
        for _ in 0..PLACES {
            let stream = connect(exporter.local_addr());
            scope.spawn(|| dribble(stream));
        }
        assert_serves(&exporter);
        // Each of them ends only when the server closes.
    });
}

#[test]
fn a_client_that_asks_and_does_not_read_is_cut_off_and_makes_room() {
    let exporter = exporter();
    // Much more than the operating system keeps of an answer that nobody reads.
    let (monitor, _time) = manual_with(|builder| builder.recorder(exporter.recorder()));
    for path in 0..1_000 {
        monitor.record_success(&format!("{path}/{}", "x".repeat(250)));
    }
    monitor.tick();
    let deaf: Vec<_> = (0..PLACES)
        .map(|_| {
            let mut stream = connect(exporter.local_addr());
            stream.write_all(&SCRAPE.repeat(20)).unwrap();
            stream
        })
        .collect();
    assert_serves(&exporter);
    drop(deaf);
}
