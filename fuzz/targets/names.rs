//! Names that somebody outside chose, recorded by name and by handle, as paths and as components: what is published
//! and what stands in the JSON is what the model says, to one.

#![no_main]

#[path = "../../src/publish/prometheus/escape.rs"]
mod escape;
#[path = "../../tests/common/names.rs"]
mod names;
#[path = "../../tests/common/text_format.rs"]
#[allow(dead_code)]
mod text_format;

use escape::Escaping;
use foreshock::FailureType::{Custom, QuorumLoss};
use foreshock::{Clock, Monitor};
use libfuzzer_sys::fuzz_target;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use names::NameModel;
use std::collections::BTreeMap;
use std::sync::Arc;
use text_format::Exposition;

/// Never part of UTF-8, so that it takes nothing from the names that it stands between.
const BETWEEN: u8 = 0xff;
const MAX_NAMES: usize = 16;

fn monitor(max_paths: usize, max_components: usize) -> (Monitor, PrometheusHandle) {
    let recorder = PrometheusBuilder::new().build_recorder();
    let handle = recorder.handle();
    let monitor = Monitor::builder()
        .recorder(Arc::new(Escaping::new(recorder)))
        .clock(Clock::manual().0)
        .manual()
        .max_paths(max_paths)
        .max_components(max_components)
        .max_threads(1)
        .ring_events(64)
        .open_attempts(2)
        .track_latency(false)
        .no_patterns();
    (monitor.start().expect("a valid configuration"), handle)
}

/// What a piece of the input asks for: its first byte says how, the rest is the name.
fn name(piece: &[u8]) -> (u8, String) {
    let (&how, name) = piece.split_first().unwrap_or((&0, &[]));
    let name = String::from_utf8_lossy(name);
    // Long names, and names that are cut to the same text, must not have to be found byte by byte.
    (how, if how & 0x80 == 0 { name.into_owned() } else { "x".repeat(255) + &name })
}

#[derive(Default)]
struct Expected {
    successes: BTreeMap<String, u64>,
    errors: BTreeMap<String, u64>,
    failures: BTreeMap<String, u64>,
    unregistered: u64,
}

fn record(monitor: &Monitor, input: &[u8], paths: &mut NameModel, components: &mut NameModel) -> Expected {
    let mut expected = Expected::default();
    for (how, name) in input.split(|byte| *byte == BETWEEN).take(MAX_NAMES).map(name) {
        let counted = match how & 7 {
            0 | 1 => {
                monitor.record_success(&name);
                expected.successes.entry(paths.label(&name))
            }
            2 => {
                monitor.lock_path(&name).record_success();
                expected.successes.entry(paths.label(&name))
            }
            3 => {
                monitor.lock_path(&name).attempt().error();
                expected.errors.entry(paths.label(&name))
            }
            4 => {
                monitor.component(&name).record_failure(QuorumLoss);
                expected.failures.entry(components.label(&name))
            }
            5 => {
                let path = monitor.lock_path(&name);
                assert_eq!(*path.name(), *paths.label(&name));
                continue;
            }
            6 => {
                let component = monitor.component(&name);
                assert_eq!(*component.name(), *components.label(&name));
                component.record_failure(Custom("never_registered"));
                expected.unregistered += 1;
                continue;
            }
            _ => {
                monitor.record_failure(QuorumLoss, &name);
                expected.failures.entry(components.label(&name))
            }
        };
        *counted.or_default() += 1;
    }
    expected
}

fn nonzero(counts: impl Iterator<Item = (String, u64)>) -> BTreeMap<String, u64> {
    counts.filter(|(_, count)| *count > 0).collect()
}

/// The values of a family by one label, where another is as given.
fn by(read: &Exposition, family: &str, label: &str, (other, value): (&str, &str)) -> BTreeMap<String, u64> {
    let asked = read.samples.iter().filter(|((name, labels), _)| name == family && labels[other] == value);
    nonzero(asked.map(|((_, labels), value)| (labels[label].clone(), *value as u64)))
}

fn check_exposition(text: &str, expected: &Expected) {
    let read = Exposition::parse(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let attempts = |outcome| by(&read, "rustfs_lock_health_attempts_total", "path", ("outcome", outcome));
    assert_eq!(attempts("success"), expected.successes);
    assert_eq!(attempts("error"), expected.errors);
    let failures = "rustfs_cascading_failure_events_total";
    assert_eq!(by(&read, failures, "component", ("type", "quorum_loss")), expected.failures);
}

fn check_json(monitor: &Monitor, expected: &Expected) {
    let text = serde_json::to_string(&*monitor.snapshot()).expect("plain data");
    let read: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let list = |field: &str| read[field].as_array().expect("a list").iter();
    let text_of = |value: &serde_json::Value| value.as_str().expect("a string").to_owned();
    let number_of = |value: &serde_json::Value| value.as_u64().expect("a number");
    let successes =
        |path: &serde_json::Value| (text_of(&path["name"]), number_of(&path["outcomes"]["success"]));
    assert_eq!(nonzero(list("paths").map(successes)), expected.successes);
    let of_type = list("failures").filter(|failure| failure["type"] == "quorum_loss");
    let failures =
        |failure: &serde_json::Value| (text_of(&failure["component"]), number_of(&failure["events"]));
    assert_eq!(nonzero(of_type.map(failures)), expected.failures);
}

fuzz_target!(|input: &[u8]| {
    let (&limits, input) = input.split_first().unwrap_or((&0, &[]));
    let limits = [usize::from(limits & 7) + 1, usize::from(limits >> 3 & 7) + 1];
    let (monitor, handle) = monitor(limits[0], limits[1]);
    let (mut paths, mut components) = (NameModel::new(limits[0]), NameModel::new(limits[1]));
    let expected = record(&monitor, input, &mut paths, &mut components);
    // One publication, the last: as exact as any, and half the time of two.
    monitor.shutdown();
    check_exposition(&handle.render(), &expected);
    check_json(&monitor, &expected);
    let statistics = monitor.statistics();
    assert_eq!(statistics.components, components.len() as u64);
    assert!([0, 1].contains(&(statistics.paths - paths.len() as u64)), "{statistics:?}");
    assert_eq!(statistics.dropped.unregistered_type, expected.unregistered);
    assert_eq!(statistics.panics, 0);
});
