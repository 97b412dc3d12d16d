//! The collector's thread: there is one, it has a name, and it ends with its monitor.

#![cfg(target_os = "linux")]

use foreshock::{LockPath, Monitor};
use std::fs;
use std::sync::Mutex;

/// The threads of the whole process are counted, so one test at a time.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn collectors() -> usize {
    let tasks = fs::read_dir("/proc/self/task").expect("the threads of this process").flatten();
    let names = tasks.filter_map(|task| fs::read_to_string(task.path().join("comm")).ok());
    names.filter(|name| name.trim_end() == "foreshock").count()
}

/// A thread that has been joined may be listed for a moment longer. Hangs if there never are so many.
fn until_there_are(expected: usize) {
    while collectors() != expected {
        std::thread::yield_now();
    }
}

fn start() -> Monitor {
    let monitor = Monitor::builder().start().unwrap();
    // A thread names itself once it runs.
    until_there_are(1);
    monitor
}

#[test]
fn a_monitor_has_one_thread_until_shutdown() {
    let _alone = ONE_AT_A_TIME.lock();
    let monitor = start();
    monitor.shutdown();
    until_there_are(0);
    monitor.shutdown();
    assert_eq!(collectors(), 0);
}

#[test]
fn the_drop_of_the_last_clone_ends_the_thread_and_no_earlier_one_does() {
    let _alone = ONE_AT_A_TIME.lock();
    let first = start();
    let second = first.clone();
    let third = second.clone();
    drop(second);
    drop(first);
    assert_eq!(collectors(), 1);
    third.record_success("bucket/a");
    assert_eq!(third.statistics().dropped.after_shutdown, 0, "it still records");
    drop(third);
    until_there_are(0);
}

#[test]
fn handles_do_not_keep_the_thread() {
    let _alone = ONE_AT_A_TIME.lock();
    let monitor = start();
    let lock: LockPath = monitor.lock_path("bucket/a");
    let attempt = lock.attempt();
    drop(monitor);
    until_there_are(0);
    attempt.success();
}

#[test]
fn a_monitor_that_is_dropped_on_another_thread_ends_too() {
    let _alone = ONE_AT_A_TIME.lock();
    let monitor = start();
    std::thread::spawn(move || drop(monitor)).join().unwrap();
    until_there_are(0);
}

#[test]
fn a_manual_monitor_has_no_thread() {
    let _alone = ONE_AT_A_TIME.lock();
    let monitor = Monitor::builder().manual().start().unwrap();
    monitor.tick();
    assert_eq!(collectors(), 0);
    assert_eq!(monitor.statistics().ticks, 1);
}

#[test]
fn a_refused_configuration_starts_no_thread() {
    let _alone = ONE_AT_A_TIME.lock();
    assert!(Monitor::builder().max_paths(0).start().is_err());
    assert_eq!(collectors(), 0);
}
