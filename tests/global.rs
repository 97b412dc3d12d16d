//! The one monitor of the process, under the names of the service's own call sites. One test: there is one process.

use foreshock::FailureType::{LockTimeout, PeerUnreachable};
use foreshock::global::{self, GLOBAL_CASCADING_DETECTOR, GLOBAL_LOCK_HEALTH_MONITOR};
use foreshock::{Clock, LockHealth, Monitor, Statistics};
use std::time::Duration;

const PATH: &str = "config/iam/users";

fn before_init_every_call_is_a_no_op() {
    GLOBAL_LOCK_HEALTH_MONITOR.record_attempt(PATH);
    for _ in 0..3 {
        GLOBAL_LOCK_HEALTH_MONITOR.record_timeout(PATH);
    }
    GLOBAL_CASCADING_DETECTOR.record_failure(PeerUnreachable, "node4");
    assert_eq!(GLOBAL_LOCK_HEALTH_MONITOR.get_health(PATH), LockHealth::Healthy);
    assert_eq!(GLOBAL_CASCADING_DETECTOR.get_statistics(), Statistics::default());
    assert!(global::monitor().is_none());
}

fn a_refused_configuration_leaves_the_place_free() {
    let error = global::init(Monitor::builder().max_paths(0)).unwrap_err();
    assert_eq!(error.field(), Some("max_paths"));
    assert!(global::monitor().is_none());
}

fn a_second_init_is_refused() {
    let error = global::init(Monitor::builder()).unwrap_err();
    assert_eq!(error.to_string(), "global = a second init: allowed is one init per process");
}

fn the_call_sites_record_the_timeout_and_its_failure_each_by_themselves() {
    let monitor = global::monitor().unwrap();
    let owned = String::from("node4");
    GLOBAL_CASCADING_DETECTOR.record_failure(PeerUnreachable, owned);
    for _ in 0..2 {
        GLOBAL_LOCK_HEALTH_MONITOR.record_attempt(PATH);
        GLOBAL_LOCK_HEALTH_MONITOR.record_timeout(PATH);
        GLOBAL_CASCADING_DETECTOR.record_failure(LockTimeout, PATH);
    }
    monitor.tick();
    assert_eq!(GLOBAL_LOCK_HEALTH_MONITOR.get_health(PATH), LockHealth::Degraded);
    let statistics = GLOBAL_CASCADING_DETECTOR.get_statistics();
    assert_eq!(statistics.total_events, 3, "a timeout raises no failure of its own here");
    assert_eq!(statistics.cascading_patterns_detected, 1);
    let path = &monitor.snapshot().paths[0];
    assert_eq!((path.outcomes.timeout, path.in_flight), (2, 0));
}

#[test]
fn the_global_monitor_serves_the_services_own_call_sites() {
    before_init_every_call_is_a_no_op();
    a_refused_configuration_leaves_the_place_free();
    let (clock, time) = Clock::manual();
    global::init(Monitor::builder().clock(clock).manual()).unwrap();
    a_second_init_is_refused();
    the_call_sites_record_the_timeout_and_its_failure_each_by_themselves();

    GLOBAL_LOCK_HEALTH_MONITOR.record_timeout(PATH);
    assert_eq!(GLOBAL_LOCK_HEALTH_MONITOR.get_health(PATH), LockHealth::Unhealthy);
    GLOBAL_LOCK_HEALTH_MONITOR.record_success(PATH);
    time.advance(Duration::from_secs(30));
    assert_eq!(GLOBAL_LOCK_HEALTH_MONITOR.get_health(PATH), LockHealth::Healthy);
    assert_eq!(GLOBAL_LOCK_HEALTH_MONITOR.get_health("never/seen"), LockHealth::Healthy);
}
