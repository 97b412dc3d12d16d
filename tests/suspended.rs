//! A process that is stopped and goes on, by the real clock: what its collector makes of the failures around the stop.
//!
//! The test runs itself again as that process, which stops itself and is told to go on from here.

#![cfg(target_os = "linux")]

mod common;

use common::again::{role, start_again};
use common::{assert_conserved, secs};
use foreshock::FailureType::{IamOperationTimeout, PeerUnreachable};
use foreshock::Monitor;
use std::process::Child;
use std::time::{Duration, Instant};
use std::{fs, thread};

const PROGRAM: &str = "the_program_that_is_run_again";
const STOPPED_FOR: Duration = Duration::from_millis(2_500);

/// What the program says of itself, as [`Seen`].
const SEEN: &str = "SEEN ";

/// Local pauses, failures that were put down to them, cascades, failures.
type Seen = [u64; 4];

/// Where the machine itself kept the program waiting for longer than this, it says nothing: a pause more or less would
/// prove nothing.
const SPARE: Duration = Duration::from_millis(900);
const TRIES: u32 = 50;

#[test]
fn failures_around_a_stop_raise_no_cascade() {
    assert_paused(seen("stops"));
}

#[test]
fn failures_around_a_stop_raise_no_cascade_if_the_monitor_ends_just_then() {
    assert_paused(seen("stops, then ends"));
}

/// The first failure comes before the stop, and is put down to it only where the collector was late already.
fn assert_paused(seen: Seen) {
    assert!(matches!(seen, [1, 2 | 3, 0, 3]), "{seen:?}");
}

#[test]
fn the_same_failures_without_a_stop_do() {
    assert_eq!(seen("goes on"), [0, 0, 1, 3]);
}

fn seen(role: &str) -> Seen {
    for _ in 0..TRIES {
        let program = start_again(PROGRAM, role);
        if role != "goes on" {
            let_stand(&program);
        }
        let output = program.wait_with_output().expect("it ends");
        assert!(output.status.success(), "{output:?}");
        let text = String::from_utf8_lossy(&output.stdout);
        if let Some(numbers) = text.lines().find_map(|line| line.split_once(SEEN)) {
            let numbers: Vec<u64> =
                numbers.1.split(' ').map(|number| number.parse().expect("a number")).collect();
            return numbers.try_into().expect("four numbers");
        }
    }
    panic!("this machine is too busy for that: {TRIES} times, {SPARE:?} were not enough");
}

/// Waits until the program has stopped itself, and has it go on later.
fn let_stand(program: &Child) {
    let id = libc::id_t::from(program.id());
    // SAFETY: all zeros are a valid `siginfo_t`.
    let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
    // SAFETY: it is our child, and stays one to be waited for; `info` is a valid place.
    let waited =
        unsafe { libc::waitid(libc::P_PID, id, &mut info, libc::WSTOPPED | libc::WEXITED | libc::WNOWAIT) };
    assert_eq!(waited, 0, "waitid");
    thread::sleep(STOPPED_FOR);
    // SAFETY: it is our child, which nobody has waited for, so that its number is no other's.
    unsafe { libc::kill(program.id() as libc::pid_t, libc::SIGCONT) };
}

#[test]
fn the_program_that_is_run_again() {
    let Some(role) = role() else {
        return;
    };
    let begun = Instant::now();
    let monitor = Monitor::builder().local_pause_after(secs(1)).start().expect("valid settings");
    let (lock, iam) = (monitor.lock_path("config/iam/users"), monitor.component("iam"));
    next_tick(&monitor);
    while !collector_waits() {
        thread::yield_now();
    }
    let mut spare = SPARE;
    monitor.record_failure(PeerUnreachable, "node4");
    if role != "goes on" {
        spare += STOPPED_FOR;
        // SAFETY: stops this process until it is told to go on.
        unsafe { libc::raise(libc::SIGSTOP) };
    }
    lock.record_timeout();
    iam.record_failure(IamOperationTimeout);
    if role != "stops, then ends" {
        next_tick(&monitor);
        next_tick(&monitor);
    }
    monitor.shutdown();
    let seen = monitor.statistics();
    assert_conserved(&monitor);
    if begun.elapsed() < spare {
        println!(
            "{SEEN}{} {} {} {}",
            seen.local_pauses, seen.local_pause_events, seen.cascading_patterns_detected, seen.total_events
        );
    }
}

fn next_tick(monitor: &Monitor) {
    let ticks = monitor.statistics().ticks;
    while monitor.statistics().ticks == ticks {
        thread::yield_now();
    }
}

/// The collector's thread sleeps: it has made a tick, and published it.
fn collector_waits() -> bool {
    let threads = fs::read_dir("/proc/self/task").expect("the threads of this process");
    let mut states = threads.filter_map(|thread| fs::read_to_string(thread.ok()?.path().join("stat")).ok());
    states.any(|state| state.contains("(foreshock) S"))
}
