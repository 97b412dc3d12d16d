//! What a host's log line shows of a handle: the name, and nothing that could hold it up.

mod common;

use common::manual;
use foreshock::Monitor;

#[test]
fn handles_show_their_names() {
    let (monitor, _time) = manual();
    assert_eq!(format!("{:?}", monitor.lock_path("bucket/\"a\"")), r#"LockPath("bucket/\"a\"")"#);
    assert_eq!(format!("{:?}", monitor.component("node4")), r#"Component("node4")"#);
}

#[test]
fn operations_that_differ_are_shown_differently() {
    let (monitor, _time) = manual();
    let lock = monitor.lock_path("bucket/a");
    let (first, second) = (lock.attempt(), lock.attempt());
    assert_ne!(format!("{:?}", first.operation()), format!("{:?}", second.operation()));
    assert_eq!(format!("{:?}", first.operation()), format!("{:?}", first.operation()));
    assert_eq!(format!("{first:?}"), "Attempt { .. }");
}

#[test]
fn a_builder_shows_what_the_series_will_be_called() {
    let shown = format!("{:?}", Monitor::builder().prefix("store"));
    assert!(shown.contains("\"store\"") && shown.contains("peer_lock_iam"), "{shown}");
}

#[test]
fn a_monitor_shows_itself_after_its_end() {
    let (monitor, _time) = manual();
    let before = format!("{monitor:?}");
    monitor.shutdown();
    assert_eq!(format!("{monitor:?}"), before);
}
