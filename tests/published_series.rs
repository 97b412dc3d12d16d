//! Paths come and go, their counters never fall, and the series of a process are bounded.

#![cfg(feature = "prometheus")]

mod common;

use common::http::scrape;
use common::text_format::Exposition;
use common::{manual_with, secs};
use foreshock::prometheus::Exporter;
use foreshock::{Builder, ManualTime, Monitor};

struct Published {
    exporter: Exporter,
    monitor: Monitor,
    time: ManualTime,
}

impl Published {
    fn with(set: impl FnOnce(Builder) -> Builder) -> Self {
        let exporter = Exporter::builder().listen(([127, 0, 0, 1], 0)).start().expect("a free port");
        let (monitor, time) = manual_with(|builder| set(builder).recorder(exporter.recorder()));
        Self { exporter, monitor, time }
    }

    fn scrape(&self) -> Exposition {
        self.monitor.tick();
        scrape(self.exporter.local_addr())
    }

    fn successes(&self, path: &str) -> Option<f64> {
        let labels = [("path", path), ("outcome", "success")];
        self.scrape().value("rustfs_lock_health_attempts_total", &labels)
    }

    /// Idle paths are retired.
    fn ten_minutes_pass(&self) {
        self.time.advance(secs(600));
        for _ in 0..8 {
            self.monitor.tick();
        }
        assert_eq!(self.monitor.statistics().paths, 0);
    }

    fn succeed(&self, path: &str, times: u64) {
        for _ in 0..times {
            self.monitor.record_success(path);
        }
    }
}

#[test]
fn the_counter_of_a_path_that_comes_back_goes_on_where_it_stood() {
    let published = Published::with(|builder| builder);
    published.succeed("bucket/a", 5);
    assert_eq!(published.successes("bucket/a"), Some(5.0));
    for life in 1..4 {
        published.ten_minutes_pass();
        published.succeed("bucket/a", 2);
        assert_eq!(published.successes("bucket/a"), Some(5.0 + 2.0 * f64::from(life)));
    }
    assert_eq!(published.monitor.snapshot().paths[0].outcomes.success, 2, "the snapshot tells this life");
}

#[test]
fn names_beyond_max_published_paths_are_published_together_and_counted() {
    let published = Published::with(|builder| builder.max_paths(2).max_published_paths(3));
    for generation in 0..4u64 {
        for place in 0..2 {
            published.succeed(&format!("bucket/{generation}/{place}"), 10 + generation);
        }
        published.scrape();
        published.ten_minutes_pass();
    }
    let read = published.scrape();
    let paths = read.series("rustfs_lock_health_timeouts_total").len();
    assert_eq!(paths, 3 + 1, "three names and __other__");
    assert_eq!(published.successes("bucket/0/0"), Some(10.0));
    assert_eq!(published.successes("bucket/1/1").or(published.successes("bucket/1/0")), Some(11.0));
    assert_eq!(published.successes("__other__"), Some(11.0 + 2.0 * 12.0 + 2.0 * 13.0));
    let dropped = published.scrape().value("rustfs_foreshock_dropped_total", &[("kind", "published_path")]);
    assert_eq!(dropped, Some(5.0));
    assert_eq!(published.monitor.statistics().dropped.published_path, 5);
}

#[test]
fn a_name_that_was_published_before_keeps_its_series_when_the_limit_is_reached() {
    let published = Published::with(|builder| builder.max_paths(1).max_published_paths(1));
    published.succeed("bucket/a", 1);
    published.scrape();
    published.ten_minutes_pass();
    published.succeed("bucket/b", 4);
    assert_eq!(published.successes("__other__"), Some(4.0));
    published.ten_minutes_pass();
    published.succeed("bucket/a", 2);
    assert_eq!(published.successes("bucket/a"), Some(3.0));
    assert_eq!(published.successes("__other__"), Some(4.0));
}

#[test]
fn what_is_counted_as_other_for_either_reason_is_one_series() {
    let published = Published::with(|builder| builder.max_paths(1).max_published_paths(1));
    published.succeed("bucket/a", 1);
    published.succeed("bucket/b", 2);
    assert_eq!(published.successes("__other__"), Some(2.0), "no place in the table");
    published.time.advance(secs(600));
    for _ in 0..8 {
        published.monitor.tick();
    }
    published.succeed("bucket/c", 4);
    assert_eq!(published.successes("__other__"), Some(6.0), "no series of its own");
    published.succeed("bucket/d", 8);
    assert_eq!(published.successes("__other__"), Some(14.0));
}

#[test]
fn what_was_recorded_just_before_shutdown_reaches_the_recorder() {
    let exporter = Exporter::builder().listen(([127, 0, 0, 1], 0)).start().expect("a free port");
    // The thread will hardly come to publish by itself.
    let builder = Monitor::builder().tick(secs(1)).publish_every(secs(60));
    let monitor = builder.recorder(exporter.recorder()).start().unwrap();
    for _ in 0..1_000 {
        monitor.record_success("bucket/a");
    }
    monitor.shutdown();
    let labels = [("path", "bucket/a"), ("outcome", "success")];
    let read = scrape(exporter.local_addr());
    assert_eq!(read.value("rustfs_lock_health_attempts_total", &labels), Some(1_000.0));
}
