//! The exporter's HTTP server: what it answers, and where it listens. `hostile_http.rs` has what it does not let a client do.

#![cfg(feature = "prometheus")]

mod common;

use common::http::{ask, connect, read_response, scrape};
use foreshock::Monitor;
use foreshock::prometheus::Exporter;
use std::io::Write;
use std::net::TcpListener;
use std::time::Duration;

fn exporter() -> Exporter {
    Exporter::builder().listen(([127, 0, 0, 1], 0)).start().expect("a free port")
}

#[test]
fn metrics_are_served_and_head_is_answered_without_a_body() {
    let exporter = exporter();
    let monitor = Monitor::builder().recorder(exporter.recorder()).manual().start().unwrap();
    monitor.record_success("bucket/a");
    monitor.tick();
    let read = scrape(exporter.local_addr());
    assert_eq!(read.value("rustfs_lock_health_status", &[("path", "bucket/a")]), Some(1.0));
    let head = ask(exporter.local_addr(), "HEAD", "/metrics");
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    let query = ask(exporter.local_addr(), "GET", "/metrics?x=1");
    assert_eq!(query.status, 200);
}

#[test]
fn what_is_rendered_is_what_is_served() {
    let exporter = exporter();
    let monitor = Monitor::builder().recorder(exporter.recorder()).manual().start().unwrap();
    monitor.tick();
    let sorted = |text: &str| {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    let served = ask(exporter.local_addr(), "GET", "/metrics").body;
    assert_eq!(sorted(&served), sorted(&exporter.render()));
}

#[test]
fn an_unknown_path_is_404() {
    let exporter = exporter();
    for path in ["/", "/metrics/", "/metricsx", "/Metrics", "//metrics", "/%6detrics"] {
        assert_eq!(ask(exporter.local_addr(), "GET", path).status, 404, "{path}");
    }
    assert_eq!(ask(exporter.local_addr(), "POST", "/x").status, 404);
}

#[test]
fn any_other_method_is_405_and_says_what_is_allowed() {
    let exporter = exporter();
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "NONSENSE"] {
        let response = ask(exporter.local_addr(), method, "/metrics");
        assert_eq!(response.status, 405, "{method}");
        assert!(response.head.contains("allow: get, head"), "{}", response.head);
    }
}

#[test]
fn one_connection_asks_once() {
    let exporter = exporter();
    let mut stream = connect(exporter.local_addr());
    stream.write_all(b"GET /x HTTP/1.1\r\nHost: test\r\n\r\n").unwrap();
    let first = read_response(&mut stream);
    assert_eq!(first.status, 404);
    assert!(first.head.contains("connection: close"), "{}", first.head);
}

#[test]
fn a_port_in_use_is_an_error_that_names_it() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let error = Exporter::builder().listen(address).start().expect_err("in use");
    assert!(error.is_listen() && !error.is_config(), "{error}");
    assert!(error.to_string().starts_with(&format!("cannot listen on {address}: ")), "{error}");
    assert!(std::error::Error::source(&error).is_some());
}

#[test]
fn a_dropped_exporter_gives_its_port_back() {
    let first = exporter();
    let address = first.local_addr();
    drop(first);
    let again = Exporter::builder().listen(address).start().expect("free again");
    assert_eq!(ask(again.local_addr(), "GET", "/metrics").status, 200);
}

#[test]
fn an_idle_timeout_out_of_range_names_itself_the_value_and_what_is_allowed() {
    let start = |timeout| Exporter::builder().listen(([127, 0, 0, 1], 0)).idle_timeout(timeout).start();
    let (minute, day) = (Duration::from_secs(60), Duration::from_secs(86_400));
    assert!(start(minute).is_ok() && start(day).is_ok());
    for timeout in [minute - Duration::from_nanos(1), day + Duration::from_nanos(1)] {
        let error = start(timeout).expect_err("out of range");
        assert_eq!(error.field(), Some("idle_timeout"));
        assert_eq!(error.to_string(), format!("idle_timeout = {timeout:?}: allowed is 60s to 86400s"));
    }
}

#[test]
fn without_a_word_the_exporter_listens_on_loopback() {
    let builder = format!("{:?}", Exporter::builder());
    assert!(builder.contains("127.0.0.1:9464"), "{builder}");
}

#[test]
fn a_second_recorder_of_the_process_is_refused() {
    let install = || Exporter::builder().listen(([127, 0, 0, 1], 0)).install();
    let installed = install().expect("the first");
    let error = install().expect_err("the second");
    assert!(error.is_recorder(), "{error}");
    let monitor = Monitor::builder().prefix("by_facade").manual().start().unwrap();
    monitor.tick();
    let read = scrape(installed.local_addr());
    assert_eq!(read.value("by_facade_foreshock_panics_total", &[]), Some(0.0));
}
