//! Every recording function, each in one that `no-panic` refuses to link while a panic can be reached from it.
//!
//! Linked by `ci/deep.d/42-no-panic`. A path to a panic is found where it is: `ERROR[no-panic]: detected panic in function`, and
//! the name of the function here.

use foreshock::{Attempt, Component, FailureType, LockHealth, LockPath, Monitor, Operation, Outcome};
use no_panic::no_panic;
use std::hint::black_box;

#[no_panic]
#[inline(never)]
fn lock_path_attempt_success(lock: &LockPath) {
    lock.attempt().success();
}

#[no_panic]
#[inline(never)]
fn lock_path_attempt_timeout(lock: &LockPath) {
    lock.attempt().timeout();
}

#[no_panic]
#[inline(never)]
fn lock_path_attempt_error(lock: &LockPath) {
    lock.attempt().error();
}

#[no_panic]
#[inline(never)]
fn lock_path_attempt_dropped(lock: &LockPath) {
    drop(lock.attempt());
}

#[no_panic]
#[inline(never)]
fn lock_path_record_attempt(lock: &LockPath) {
    lock.record_attempt();
}

#[no_panic]
#[inline(never)]
fn lock_path_record_success(lock: &LockPath) {
    lock.record_success();
}

#[no_panic]
#[inline(never)]
fn lock_path_record_timeout(lock: &LockPath) {
    lock.record_timeout();
}

#[no_panic]
#[inline(never)]
fn lock_path_record_error(lock: &LockPath) {
    lock.record_error();
}

#[no_panic]
#[inline(never)]
fn lock_path_record_abandoned(lock: &LockPath) {
    lock.record_abandoned();
}

#[no_panic]
#[inline(never)]
fn lock_path_health(lock: &LockPath) -> LockHealth {
    lock.health()
}

#[no_panic]
#[inline(never)]
fn lock_path_clone(lock: &LockPath) -> LockPath {
    lock.clone()
}

#[no_panic]
#[inline(never)]
fn attempt_operation(attempt: &Attempt<'_>) -> Operation {
    attempt.operation()
}

#[no_panic]
#[inline(never)]
fn component_record_failure(component: &Component, kind: FailureType) {
    component.record_failure(kind);
}

#[no_panic]
#[inline(never)]
fn component_record_failure_of(component: &Component, kind: FailureType, operation: Operation) {
    component.record_failure_of(kind, operation);
}

#[no_panic]
#[inline(never)]
fn monitor_record_attempt(monitor: &Monitor, path: &str) {
    monitor.record_attempt(path);
}

#[no_panic]
#[inline(never)]
fn monitor_record_success(monitor: &Monitor, path: &str) {
    monitor.record_success(path);
}

#[no_panic]
#[inline(never)]
fn monitor_record_timeout(monitor: &Monitor, path: &str) {
    monitor.record_timeout(path);
}

#[no_panic]
#[inline(never)]
fn monitor_record_error(monitor: &Monitor, path: &str) {
    monitor.record_error(path);
}

#[no_panic]
#[inline(never)]
fn monitor_record_abandoned(monitor: &Monitor, path: &str) {
    monitor.record_abandoned(path);
}

#[no_panic]
#[inline(never)]
fn monitor_record_failure(monitor: &Monitor, kind: FailureType, component: &str) {
    monitor.record_failure(kind, component);
}

#[no_panic]
#[inline(never)]
fn monitor_record_failure_of(monitor: &Monitor, kind: FailureType, component: &str, operation: Operation) {
    monitor.record_failure_of(kind, component, operation);
}

#[no_panic]
#[inline(never)]
fn monitor_health(monitor: &Monitor, path: &str) -> LockHealth {
    monitor.health(path)
}

/// What an index that may be out of range is to the check.
#[cfg(feature = "control")]
#[no_panic]
#[inline(never)]
fn control(numbers: &[u64], place: usize) -> u64 {
    numbers[place]
}

/// Calls all of them, so that they are linked, on a thread that has its block and on one that has none yet.
fn main() {
    let monitor = Monitor::builder().manual().start().expect("default settings");
    record_all(&monitor);
    std::thread::scope(|scope| _ = scope.spawn(|| record_all(&monitor)));
    monitor.tick();
    let outcomes = monitor.statistics().outcomes;
    let by_outcome = Outcome::ALL.map(|outcome| outcomes.of(outcome));
    assert_eq!(by_outcome, [6, 6, 6, 6], "each outcome three times on each of two threads");
    assert_eq!(monitor.statistics().total_events, 6 + 8);
    println!("every recording function is linked, and was called");
}

fn record_all(monitor: &Monitor) {
    let lock = monitor.lock_path("config/iam/users");
    let component = monitor.component("node3");
    let (path, node, kind) = black_box(("config/iam/users", "node4", FailureType::PeerUnreachable));
    lock_path_attempt_success(&lock);
    lock_path_attempt_timeout(&lock);
    lock_path_attempt_error(&lock);
    lock_path_attempt_dropped(&lock);
    lock_path_record_attempt(&lock);
    lock_path_record_success(&lock);
    lock_path_record_timeout(&lock);
    lock_path_record_error(&lock);
    lock_path_record_abandoned(&lock);
    black_box(lock_path_health(&lock));
    drop(lock_path_clone(&lock));
    let attempt = lock.attempt();
    let operation = attempt_operation(&attempt);
    std::mem::forget(attempt);
    component_record_failure(&component, kind);
    component_record_failure_of(&component, FailureType::Custom("unheard_of"), operation);
    component_record_failure_of(&component, kind, operation);
    monitor_record_attempt(monitor, path);
    monitor_record_success(monitor, path);
    monitor_record_timeout(monitor, path);
    monitor_record_error(monitor, path);
    monitor_record_abandoned(monitor, path);
    monitor_record_failure(monitor, kind, node);
    monitor_record_failure_of(monitor, kind, node, operation);
    black_box(monitor_health(monitor, path));
    #[cfg(feature = "control")]
    black_box(control(black_box(&[1, 2, 3]), black_box(1)));
}
