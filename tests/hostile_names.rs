//! Names come from outside: bounded, escaped, kept apart, and read back as they went in.

#![cfg(feature = "prometheus")]

mod common;

use common::http::scrape;
use common::text_format::Exposition;
use common::{manual_with, status};
use foreshock::FailureType::{LockTimeout, PeerUnreachable};
use foreshock::Monitor;
use foreshock::prometheus::Exporter;
use proptest::prelude::*;
use std::collections::BTreeSet;

/// Names that are short enough to be kept whole.
const HOSTILE: [&str; 27] = [
    "a\nb",
    "a\\nb",
    "a\\\nb",
    "a\\\\nb",
    "a\\b",
    "a\\\\b",
    "a\\",
    "\\",
    "\\\\",
    "\"",
    "\\\"",
    "a\"b",
    "\n",
    "\r\n",
    "a\0b",
    "\0",
    "\t",
    " ",
    "{}",
    "}",
    "a\",path=\"b",
    "a\"} 1\nrustfs_lock_health_status{path=\"b",
    "# TYPE rustfs_x gauge",
    "config/日本/ü/€/🦀",
    "\u{202e}right to left\u{feff}",
    "__OTHER__",
    "path=\"a\"",
];

fn exporter() -> Exporter {
    Exporter::builder().listen(([127, 0, 0, 1], 0)).start().expect("a free port")
}

fn monitor(exporter: &Exporter) -> Monitor {
    manual_with(|builder| builder.recorder(exporter.recorder())).0
}

fn scraped(exporter: &Exporter, monitor: &Monitor) -> Exposition {
    monitor.tick();
    scrape(exporter.local_addr())
}

fn successes(read: &Exposition, path: &str) -> Option<f64> {
    read.value("rustfs_lock_health_attempts_total", &[("path", path), ("outcome", "success")])
}

/// Each name is recorded a number of times of its own, and read back with that number.
fn record_and_read_back(names: &[String]) {
    let exporter = exporter();
    let monitor = monitor(&exporter);
    for (name, times) in names.iter().zip(1..) {
        for _ in 0..times {
            monitor.record_success(name);
            monitor.record_failure(PeerUnreachable, name);
        }
    }
    let read = scraped(&exporter, &monitor);
    for (name, times) in names.iter().zip(1..) {
        let events = [("type", "peer_unreachable"), ("component", name.as_str())];
        assert_eq!(successes(&read, name), Some(f64::from(times)), "{name:?}");
        let events = read.value("rustfs_cascading_failure_events_total", &events);
        assert_eq!(events, Some(f64::from(times)), "{name:?}");
        assert!(read.value("rustfs_lock_health_wait_seconds_count", &[("path", name)]).is_some());
    }
    assert_eq!(read.series("rustfs_lock_health_status").len(), names.len());
    assert_eq!(monitor.statistics().dropped, foreshock::Dropped::default());
}

#[test]
fn every_hostile_name_is_read_back_as_itself_with_its_own_count() {
    record_and_read_back(&HOSTILE.map(str::to_owned));
}

#[test]
fn a_hostile_name_is_read_back_as_a_root() {
    for name in HOSTILE {
        let exporter = exporter();
        let monitor = monitor(&exporter);
        monitor.record_failure(PeerUnreachable, name);
        monitor.record_failure(LockTimeout, name);
        monitor.record_timeout(name);
        let labels = [("pattern", "peer_lock_iam"), ("component", name)];
        let read = scraped(&exporter, &monitor);
        assert_eq!(read.value("rustfs_cascading_failure_roots_total", &labels), Some(1.0), "{name:?}");
    }
}

#[test]
fn the_handles_and_the_snapshot_say_the_name_as_it_was_given() {
    let (monitor, _time) = manual_with(|builder| builder);
    for name in HOSTILE {
        assert_eq!(&*monitor.lock_path(name).name(), name);
        assert_eq!(&*monitor.component(name).name(), name);
        assert_eq!(&*status(&monitor, name).name, name);
    }
}

#[cfg(feature = "serde")]
#[test]
fn json_says_the_name_as_it_was_given() {
    let (monitor, _time) = manual_with(|builder| builder);
    for name in HOSTILE {
        monitor.record_success(name);
    }
    monitor.tick();
    let json = serde_json::to_value(&*monitor.snapshot()).unwrap();
    let told: Vec<_> = json["paths"].as_array().unwrap().iter().map(|path| path["name"].clone()).collect();
    assert_eq!(told, HOSTILE);
}

#[test]
fn a_name_of_10_kb_is_cut_at_256_bytes_on_a_character_boundary() {
    let exporter = exporter();
    let monitor = monitor(&exporter);
    let (ascii, wide) = ("x".repeat(10_000), "€".repeat(4_000));
    let limit = "y".repeat(256);
    for name in [&ascii, &wide, &limit] {
        monitor.record_success(name);
        monitor.lock_path(name).record_success();
        monitor.record_failure(PeerUnreachable, name);
    }
    let read = scraped(&exporter, &monitor);
    for kept in ["x".repeat(256), "€".repeat(85), limit] {
        assert_eq!(successes(&read, &kept), Some(2.0), "{} bytes", kept.len());
        let labels = [("type", "peer_unreachable"), ("component", kept.as_str())];
        assert_eq!(read.value("rustfs_cascading_failure_events_total", &labels), Some(1.0));
    }
    assert_eq!(read.series("rustfs_lock_health_status").len(), 3);
}

#[test]
fn two_long_names_that_are_cut_to_the_same_text_are_not_mixed() {
    let exporter = exporter();
    let monitor = monitor(&exporter);
    let beginning = "x".repeat(256);
    for (ending, times) in [("first", 1), ("second", 2), ("third", 4), ("", 8)] {
        for _ in 0..times {
            monitor.record_success(&format!("{beginning}{ending}"));
        }
    }
    let read = scraped(&exporter, &monitor);
    assert_eq!(successes(&read, &beginning), Some(1.0), "the first of them has the series");
    assert_eq!(successes(&read, "__other__"), Some(14.0), "the others are counted together");
}

#[test]
fn an_empty_name_and_the_reserved_one_are_counted_as_other() {
    let exporter = exporter();
    let monitor = monitor(&exporter);
    for name in ["", "__other__"] {
        monitor.record_success(name);
        monitor.record_failure(PeerUnreachable, name);
        assert_eq!(&*monitor.lock_path(name).name(), "__other__");
        assert_eq!(&*monitor.component(name).name(), "__other__");
    }
    let read = scraped(&exporter, &monitor);
    assert_eq!(successes(&read, "__other__"), Some(2.0));
    assert_eq!(successes(&read, ""), None);
    let labels = [("type", "peer_unreachable"), ("component", "__other__")];
    assert_eq!(read.value("rustfs_cascading_failure_events_total", &labels), Some(2.0));
    assert_eq!((monitor.statistics().paths, monitor.statistics().components), (1, 0));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Made of the characters that matter to the format.
    #[test]
    fn any_set_of_names_is_read_back(names in prop::collection::btree_set("[\\\\n\"\n{}=,a\0 é]{1,8}", 1..12)) {
        let names: BTreeSet<String> = names;
        record_and_read_back(&names.into_iter().collect::<Vec<_>>());
    }
}
