//! What a scrape shows: every metric of the table, under its labels, with its value.

#![cfg(feature = "prometheus")]

mod common;

use common::http::scrape;
use common::text_format::Exposition;
use common::{Scene, millis, secs};
use foreshock::FailureType::{Custom, IamOperationTimeout, LockTimeout, PeerUnreachable};
use foreshock::prometheus::Exporter;
use foreshock::{METRICS, Metric, MetricKind, Pattern};
use std::collections::BTreeSet;

const IAM: &str = "config/iam/users";

/// Metrics that tell the real time, and so no fixed value.
const OF_REAL_TIME: [&str; 2] = ["foreshock_last_tick_timestamp_seconds", "foreshock_tick_seconds"];

fn exporter() -> Exporter {
    Exporter::builder().listen(([127, 0, 0, 1], 0)).start().expect("a free port")
}

fn scene(exporter: &Exporter) -> Scene {
    Scene::with(|builder| builder.recorder(exporter.recorder()))
}

fn scraped(exporter: &Exporter, scene: &Scene) -> Exposition {
    scene.tick();
    scrape(exporter.local_addr())
}

fn series_name(metric: &Metric) -> String {
    let suffix = if metric.kind == MetricKind::Histogram { "_count" } else { "" };
    metric.full_name("rustfs") + suffix
}

#[test]
fn the_table_is_the_one_of_the_design() {
    let told: Vec<String> =
        METRICS.iter().map(|m| format!("{:?} {} {}", m.kind, m.name, m.labels.join(","))).collect();
    let expected = [
        "Gauge lock_health_status path",
        "Counter lock_health_timeouts_total path",
        "Counter lock_health_attempts_total path,outcome",
        "Gauge lock_health_in_flight path",
        "Gauge lock_health_oldest_in_flight_seconds path",
        "Histogram lock_health_wait_seconds path",
        "Counter cascading_failure_events_total type,component",
        "Counter cascading_failure_patterns_total pattern,initial",
        "Counter cascading_failure_roots_total pattern,component",
        "Gauge cascading_failure_open pattern,initial",
        "Gauge cascading_failure_critical pattern,initial",
        "Counter foreshock_dropped_total kind",
        "Counter foreshock_late_events_total ",
        "Counter foreshock_panics_total ",
        "Gauge foreshock_last_tick_timestamp_seconds ",
        "Gauge foreshock_tick_seconds ",
    ];
    for line in expected {
        assert!(told.iter().any(|known| known == line), "{line} is missing from {told:#?}");
    }
}

#[test]
fn metrics_without_a_path_or_component_are_there_before_anything_happened() {
    let exporter = exporter();
    let read = scraped(&exporter, &scene(&exporter));
    for metric in METRICS.iter().filter(|m| !m.labels.contains(&"path") && !m.labels.contains(&"component")) {
        assert!(!read.series(&series_name(metric)).is_empty(), "{}", metric.name);
    }
}

#[test]
fn every_metric_has_its_type_its_help_its_labels_and_zero_from_the_start() {
    let exporter = exporter();
    let scene = scene(&exporter);
    let _handles = (scene.monitor.lock_path(IAM), scene.monitor.component("node4"));
    let read = scraped(&exporter, &scene);
    assert_eq!(read.types.len(), METRICS.len());
    for metric in METRICS {
        let family = metric.full_name("rustfs");
        let kind = format!("{:?}", metric.kind).to_lowercase();
        assert_eq!(read.types.get(&family), Some(&kind), "{family}");
        assert_eq!(read.helps.get(&family).map(String::as_str), Some(metric.help), "{family}");
        let series = read.series(&series_name(metric));
        assert!(!series.is_empty(), "{family}");
        for labels in series {
            let seen: BTreeSet<&str> = labels.keys().map(String::as_str).collect();
            assert_eq!(seen, metric.labels.iter().copied().collect(), "{family}");
        }
    }
    let not_zero = ["lock_health_status"].iter().chain(&OF_REAL_TIME).map(|name| format!("rustfs_{name}"));
    let not_zero: Vec<String> = not_zero.collect();
    for ((name, labels), value) in &read.samples {
        assert!(*value == 0.0 || not_zero.contains(name), "{name}{labels:?} {value}");
    }
    assert_eq!(read.value("rustfs_lock_health_status", &[("path", IAM)]), Some(1.0));
    assert!(read.value("rustfs_foreshock_last_tick_timestamp_seconds", &[]) > Some(1.7e9));
}

#[test]
fn every_label_value_of_the_closed_sets_is_there_from_the_start() {
    let exporter = exporter();
    let scene = scene(&exporter);
    let _handles = (scene.monitor.lock_path(IAM), scene.monitor.component("node4"));
    let read = scraped(&exporter, &scene);
    for outcome in ["success", "timeout", "error", "abandoned"] {
        let labels = [("path", IAM), ("outcome", outcome)];
        assert_eq!(read.value("rustfs_lock_health_attempts_total", &labels), Some(0.0), "{outcome}");
    }
    for kind in foreshock::FailureType::BUILT_IN {
        let labels = [("type", kind.label()), ("component", "node4")];
        assert_eq!(read.value("rustfs_cascading_failure_events_total", &labels), Some(0.0), "{kind}");
    }
    for kind in ["event", "wait", "age", "after_shutdown", "unregistered_type", "published_path"] {
        let labels = [("kind", kind)];
        assert_eq!(read.value("rustfs_foreshock_dropped_total", &labels), Some(0.0), "{kind}");
    }
    for (pattern, root) in [("peer_lock_iam", "node4"), ("lock_disk_upload", IAM)] {
        let labels = [("pattern", pattern), ("component", root)];
        assert_eq!(read.value("rustfs_cascading_failure_roots_total", &labels), Some(0.0), "{pattern}");
    }
}

/// A power cut as one node sees it: a lost peer, timeouts on a lock, a request that hangs.
fn power_cut(scene: &Scene) {
    scene.tick();
    let iam = scene.monitor.lock_path(IAM);
    let granted = iam.attempt();
    scene.at(millis(20));
    granted.success();
    scene.at(secs(10)).fail(PeerUnreachable, "node4").fail(Custom("unheard_of"), "node4");
    for second in 11..14 {
        scene.at(secs(second)).monitor.record_timeout(IAM);
    }
    iam.record_error();
    drop(iam.attempt());
    scene.fail(IamOperationTimeout, "iam");
}

/// Everything but zeros and what tells the real time, as lines in alphabetical order.
fn lines(read: &Exposition) -> Vec<String> {
    let told = read.samples.iter().filter(|((name, _), value)| {
        **value != 0.0 && !name.contains("_bucket") && !OF_REAL_TIME.iter().any(|end| name.ends_with(end))
    });
    told.map(|((name, labels), value)| {
        let labels: Vec<String> = labels.iter().map(|(label, text)| format!("{label}={text}")).collect();
        format!("{} {} {value}", name.trim_start_matches("rustfs_"), labels.join(" "))
    })
    .collect()
}

#[test]
fn a_power_cut_reads_line_by_line() {
    let exporter = exporter();
    let scene = scene(&exporter);
    power_cut(&scene);
    let hanging = scene.monitor.lock_path(IAM);
    let _attempt = hanging.attempt();
    scene.at(secs(15) - millis(500)).tick();
    let read = scraped(&exporter, &scene);
    let oldest = read.value("rustfs_lock_health_oldest_in_flight_seconds", &[("path", IAM)]).unwrap();
    assert!((oldest - 1.5).abs() < 1e-5, "{oldest}");
    let mut told = lines(&read);
    told.retain(|line| !line.starts_with("lock_health_oldest"));
    let expected = [
        "cascading_failure_events_total component=config/iam/users type=lock_timeout 3",
        "cascading_failure_events_total component=iam type=iam_operation_timeout 1",
        "cascading_failure_events_total component=node4 type=peer_unreachable 1",
        "cascading_failure_open initial=peer_unreachable pattern=peer_lock_iam 1",
        "cascading_failure_patterns_total initial=peer_unreachable pattern=peer_lock_iam 1",
        "cascading_failure_roots_total component=node4 pattern=peer_lock_iam 1",
        "foreshock_dropped_total kind=unregistered_type 1",
        "lock_health_attempts_total outcome=abandoned path=config/iam/users 1",
        "lock_health_attempts_total outcome=error path=config/iam/users 1",
        "lock_health_attempts_total outcome=success path=config/iam/users 1",
        "lock_health_attempts_total outcome=timeout path=config/iam/users 3",
        "lock_health_in_flight path=config/iam/users 1",
        "lock_health_timeouts_total path=config/iam/users 3",
        "lock_health_wait_seconds_count path=config/iam/users 1",
        "lock_health_wait_seconds_sum path=config/iam/users 0.02",
    ];
    assert_eq!(told, expected);
    let status = read.value("rustfs_lock_health_status", &[("path", IAM)]);
    assert_eq!(status, Some(0.0), "three timeouts in a row");
    let fast = read.value("rustfs_lock_health_wait_seconds_bucket", &[("path", IAM), ("le", "0.05")]);
    assert_eq!(fast, Some(1.0));
}

#[test]
fn the_gauges_clear_by_themselves_and_the_counters_stay() {
    let exporter = exporter();
    let scene = scene(&exporter);
    let status = |scene: &Scene| {
        scraped(&exporter, scene).value("rustfs_lock_health_status", &[("path", IAM)]).unwrap()
    };
    power_cut(&scene);
    assert_eq!(status(&scene), 0.0);
    scene.monitor.record_success(IAM);
    assert_eq!(status(&scene), 0.5, "a recent timeout");
    scene.at(secs(43));
    assert_eq!(status(&scene), 1.0);
    let read = scraped(&exporter, &scene);
    assert_eq!(read.value("rustfs_lock_health_timeouts_total", &[("path", IAM)]), Some(3.0));
}

#[test]
fn recurrence_raises_its_gauge_and_clears_it() {
    let exporter = exporter();
    let scene = scene(&exporter);
    let labels = [("pattern", "peer_lock_iam"), ("initial", "peer_unreachable")];
    let critical = |scene: &Scene| {
        scraped(&exporter, scene).value("rustfs_cascading_failure_critical", &labels).unwrap()
    };
    for start in [0, 100, 200] {
        assert_eq!(critical(&scene), 0.0);
        scene.at(secs(start)).fail(PeerUnreachable, "node4");
        scene.fail(IamOperationTimeout, "iam").fail(IamOperationTimeout, "iam");
    }
    assert_eq!(critical(&scene), 1.0);
    scene.at(secs(3_601));
    assert_eq!(critical(&scene), 0.0);
    let read = scraped(&exporter, &scene);
    assert_eq!(read.value("rustfs_cascading_failure_patterns_total", &labels), Some(3.0));
}

#[test]
fn a_cascade_is_open_until_a_whole_window_has_passed_or_the_monitor_ends() {
    let exporter = exporter();
    let scene = scene(&exporter);
    let open = |pattern: &str, scene: &Scene| {
        let labels = [("pattern", pattern), ("initial", "peer_unreachable")];
        scraped(&exporter, scene).value("rustfs_cascading_failure_open", &labels).unwrap()
    };
    assert_eq!(open("peer_lock_iam", &scene), 0.0);
    power_cut(&scene);
    assert_eq!((open("peer_lock_iam", &scene), open("peer_disk_quorum", &scene)), (1.0, 0.0));
    scene.at(secs(44));
    assert_eq!(open("peer_lock_iam", &scene), 0.0);
    scene.fail(PeerUnreachable, "node4").fail(LockTimeout, IAM).fail(LockTimeout, IAM);
    assert_eq!(open("peer_lock_iam", &scene), 1.0);
    scene.monitor.shutdown();
    let read = scrape(exporter.local_addr());
    let labels = [("pattern", "peer_lock_iam"), ("initial", "peer_unreachable")];
    assert_eq!(read.value("rustfs_cascading_failure_open", &labels), Some(0.0));
}

#[test]
fn prefix_and_patterns_of_the_host_name_the_series() {
    let exporter = exporter();
    let pattern = Pattern::new("full_uploads", Custom("disk_full")).subsequent([IamOperationTimeout]);
    let scene = Scene::with(|builder| {
        let builder = builder.prefix("my_store").custom_failure("disk_full").no_patterns();
        builder.pattern(pattern).recorder(exporter.recorder())
    });
    scene.fail(Custom("disk_full"), "disk7");
    let read = scraped(&exporter, &scene);
    assert!(read.types.keys().all(|name| name.starts_with("my_store_")), "{:?}", read.types);
    let labels = [("pattern", "full_uploads"), ("initial", "disk_full")];
    assert_eq!(read.value("my_store_cascading_failure_patterns_total", &labels), Some(0.0));
    let labels = [("type", "disk_full"), ("component", "disk7")];
    assert_eq!(read.value("my_store_cascading_failure_events_total", &labels), Some(1.0));
    assert_eq!(read.series("my_store_cascading_failure_patterns_total").len(), 1);
}

#[test]
fn a_component_with_the_name_of_a_path_shares_its_series() {
    let exporter = exporter();
    let scene = scene(&exporter);
    scene.monitor.record_timeout(IAM);
    scene.fail(foreshock::FailureType::LockTimeout, IAM);
    let read = scraped(&exporter, &scene);
    let labels = [("type", "lock_timeout"), ("component", IAM)];
    assert_eq!(read.value("rustfs_cascading_failure_events_total", &labels), Some(2.0));
}
