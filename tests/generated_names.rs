//! Ten thousand generated names, as paths and as components, all the way to what is scraped: each is read back as
//! itself or is counted in `__other__`, and no count is lost between them.

#![cfg(feature = "prometheus")]

mod common;

use common::hostile::names;
use common::http::{ask, scrape};
use common::manual_with;
use common::names::{NameModel, OTHER};
use common::text_format::Exposition;
use foreshock::FailureType::{LockTimeout, PeerUnreachable};
use foreshock::prometheus::Exporter;
use foreshock::{Builder, Monitor};
use std::collections::{BTreeMap, BTreeSet};

const NAMES: usize = 10_000;

/// What shall be read back, by label value.
#[derive(Default)]
struct Expected {
    successes: BTreeMap<String, u64>,
    timeouts: BTreeMap<String, u64>,
    failures: BTreeMap<String, u64>,
    paths: usize,
    components: usize,
}

fn exporter() -> Exporter {
    Exporter::builder().listen(([127, 0, 0, 1], 0)).start().expect("a free port")
}

fn monitor(exporter: &Exporter, set: impl FnOnce(Builder) -> Builder) -> Monitor {
    let set = |builder: Builder| set(builder.recorder(exporter.recorder()).ring_events(65_536));
    manual_with(set).0
}

/// Uses each name as a path, by name and by handle, and as a component, a number of times of its own.
fn record(monitor: &Monitor, names: &[String], max_paths: usize, max_components: usize) -> Expected {
    let (mut paths, mut components) = (NameModel::new(max_paths), NameModel::new(max_components));
    let mut expected = Expected::default();
    for (name, times) in names.iter().zip((1..=3).cycle()) {
        for _ in 0..times {
            monitor.record_success(name);
            monitor.record_failure(PeerUnreachable, name);
        }
        monitor.lock_path(name).attempt().timeout();
        monitor.component(name).record_failure(PeerUnreachable);
        *expected.successes.entry(paths.label(name)).or_default() += times;
        *expected.timeouts.entry(paths.label(name)).or_default() += 1;
        *expected.failures.entry(components.label(name)).or_default() += times + 1;
    }
    // `__other__` is a path in use like any other once it is used.
    expected.paths = paths.len() + usize::from(expected.successes.contains_key(OTHER));
    expected.components = components.len();
    expected
}

/// The values of a family by one label, where the others are as given.
fn by(read: &Exposition, family: &str, label: &str, others: &[(&str, &str)]) -> BTreeMap<String, u64> {
    let of_family = read.samples.iter().filter(|((name, _), _)| name == family);
    let asked = of_family.filter(|((_, labels), _)| {
        others.iter().all(|(name, value)| labels.get(*name).is_some_and(|known| known == value))
    });
    asked.map(|((_, labels), value)| (labels[label].clone(), *value as u64)).collect()
}

/// Ten thousand names are too many to be printed when one of them is wrong.
#[track_caller]
fn assert_same(read: &BTreeMap<String, u64>, expected: &BTreeMap<String, u64>) {
    for (name, count) in expected {
        assert_eq!(read.get(name), Some(count), "{name:?}");
    }
    let unexpected = read.keys().find(|name| !expected.contains_key(*name));
    assert_eq!(unexpected, None);
}

fn assert_read_back(read: &Exposition, expected: &Expected, has_waits: bool) {
    let attempts = |outcome| by(read, "rustfs_lock_health_attempts_total", "path", &[("outcome", outcome)]);
    assert_same(&attempts("success"), &expected.successes);
    assert_same(&attempts("timeout"), &expected.timeouts);
    assert_same(&by(read, "rustfs_lock_health_timeouts_total", "path", &[]), &expected.timeouts);
    assert_eq!(read.value("rustfs_foreshock_panics_total", &[]), Some(0.0));
    let failures = |kind| by(read, "rustfs_cascading_failure_events_total", "component", &[("type", kind)]);
    let nonzero = |mut counts: BTreeMap<String, u64>| {
        counts.retain(|_, count| *count > 0);
        counts
    };
    assert_eq!(nonzero(failures(PeerUnreachable.label())), expected.failures);
    assert_eq!(
        nonzero(failures(LockTimeout.label())),
        expected.timeouts,
        "each timeout is one of its path's"
    );
    let waits = by(read, "rustfs_lock_health_wait_seconds_count", "path", &[]);
    if !has_waits {
        return assert_eq!(waits.len(), 0);
    }
    // One publication takes no more than 8,192 waits; the others are counted.
    assert!(waits.keys().eq(expected.timeouts.keys()), "each path has a histogram");
    let dropped = read.value("rustfs_foreshock_dropped_total", &[("kind", "wait")]).unwrap() as u64;
    assert_eq!(waits.values().sum::<u64>() + dropped, expected.timeouts.values().sum::<u64>());
}

/// Every record is somewhere, and there are as many names of their own as the limits allow.
fn assert_accounted(monitor: &Monitor, expected: &Expected) {
    let statistics = monitor.statistics();
    assert_eq!(statistics.outcomes.success, expected.successes.values().sum::<u64>());
    assert_eq!(statistics.outcomes.timeout, expected.timeouts.values().sum::<u64>());
    let failures = expected.failures.values().sum::<u64>() + statistics.outcomes.timeout;
    assert_eq!(statistics.total_events, failures);
    assert_eq!(statistics.total_events, statistics.processed_events + statistics.dropped_events);
    assert_eq!(
        (statistics.paths, statistics.components),
        (expected.paths as u64, expected.components as u64)
    );
    assert_eq!(statistics.panics, 0);
}

/// What is generated is worth the effort: nearly all of it differs, and some of every kind is there.
#[test]
fn the_generator_makes_what_it_says_and_the_same_again() {
    let generated = names(1, NAMES);
    assert_eq!(generated, names(1, NAMES));
    assert_ne!(generated, names(2, NAMES));
    let distinct: BTreeSet<&String> = generated.iter().collect();
    assert!(distinct.len() > NAMES * 9 / 10, "{}", distinct.len());
    for part in ["\n", "\"", "\\", "\0", "\r", "\u{202e}", "\u{200d}", "\u{fffd}", "} 1", "# HELP", OTHER] {
        let with = distinct.iter().filter(|name| name.contains(part)).count();
        assert!(with >= 50, "{with} names with {part:?}");
    }
    assert!(distinct.iter().any(|name| name.is_empty()) && distinct.iter().any(|name| name.len() > 10_000));
}

#[test]
fn with_room_for_all_of_them_each_name_is_read_back_as_itself() {
    let exporter = exporter();
    let monitor = monitor(&exporter, |builder| {
        // The histograms are more than half of what is scraped: the tests at the limits have them.
        builder.max_paths(NAMES).max_components(NAMES).track_latency(false)
    });
    let generated = names(1, NAMES);
    let expected = record(&monitor, &generated, NAMES, NAMES);
    monitor.tick();
    assert_read_back(&scrape(exporter.local_addr()), &expected, false);
    assert_accounted(&monitor, &expected);
    // Without a limit in the way only the empty, the reserved and those that are cut to the text of another are there.
    let (mut model, mut of_other) = (NameModel::new(NAMES), BTreeSet::new());
    of_other.extend(generated.iter().filter(|name| model.label(name) == OTHER));
    assert!(of_other.iter().all(|name| name.is_empty() || *name == OTHER || name.len() > 256));
    let distinct = generated.iter().collect::<BTreeSet<_>>().len();
    assert_eq!(model.len() + of_other.len(), distinct);
    println!("{distinct} names: {} read back as themselves, {} in {OTHER}", model.len(), of_other.len());
}

#[test]
fn past_the_limits_the_first_names_are_themselves_and_the_rest_is_counted_together() {
    let exporter = exporter();
    let monitor = monitor(&exporter, |builder| builder.max_paths(1_024).max_components(256));
    let expected = record(&monitor, &names(2, NAMES), 1_024, 256);
    monitor.tick();
    assert_read_back(&scrape(exporter.local_addr()), &expected, true);
    assert_accounted(&monitor, &expected);
    assert_eq!((expected.paths, expected.components), (1_024 + 1, 256));
}

#[cfg(feature = "serde")]
#[test]
fn json_gives_each_name_back_with_its_count() {
    let (monitor, _time) =
        manual_with(|builder| builder.max_paths(NAMES).max_components(NAMES).track_latency(false));
    let expected = record(&monitor, &names(3, NAMES), NAMES, NAMES);
    monitor.tick();
    let text = serde_json::to_string(&*monitor.snapshot()).unwrap();
    let read: serde_json::Value = serde_json::from_str(&text).unwrap();
    let list = |field: &str| read[field].as_array().unwrap().clone();
    let text_of = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let counts = |outcome: &str| {
        let of =
            |path: &serde_json::Value| (text_of(&path["name"]), path["outcomes"][outcome].as_u64().unwrap());
        list("paths").iter().map(of).collect::<BTreeMap<_, _>>()
    };
    assert_same(&counts("success"), &expected.successes);
    assert_same(&counts("timeout"), &expected.timeouts);
    let mut failures = list("failures");
    failures.retain(|failure| failure["type"] == "peer_unreachable");
    let of =
        |failure: &serde_json::Value| (text_of(&failure["component"]), failure["events"].as_u64().unwrap());
    assert_same(&failures.iter().map(of).collect(), &expected.failures);
}

/// For readers that are not ours: writes what was scraped, and what must be found in it, to the folder that
/// `FORESHOCK_EXPOSITIONS` names, once for each seed up to `FORESHOCK_SEEDS`.
#[test]
#[ignore = "writes files for other readers: see ci/deep.d/60-hostile-names"]
fn expositions_for_other_readers() {
    let setting = |name| std::env::var(name).unwrap_or_else(|_| panic!("{name} is set"));
    let folder = std::path::PathBuf::from(setting("FORESHOCK_EXPOSITIONS"));
    let seeds: u64 = setting("FORESHOCK_SEEDS").parse().expect("a number");
    for seed in 1..=seeds {
        let exporter = exporter();
        let limit = if seed % 2 == 1 { NAMES } else { 1_024 };
        let monitor = monitor(&exporter, |builder| builder.max_paths(limit).max_components(limit));
        let expected = record(&monitor, &names(seed, NAMES), limit, limit);
        monitor.tick();
        let response = ask(exporter.local_addr(), "GET", "/metrics");
        assert_eq!(response.status, 200);
        assert_read_back(&Exposition::parse(&response.body).unwrap(), &expected, true);
        assert_accounted(&monitor, &expected);
        std::fs::write(folder.join(format!("{seed}.txt")), response.body).unwrap();
        let must_be_found = serde_json::json!({
            "successes": expected.successes, "timeouts": expected.timeouts, "failures": expected.failures,
        });
        std::fs::write(folder.join(format!("{seed}.json")), must_be_found.to_string()).unwrap();
    }
    println!("FIGURE {} names as paths and as components", seeds * NAMES as u64);
}
