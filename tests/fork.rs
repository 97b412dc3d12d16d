//! A child after `fork`: inert, never stuck, and free to start a monitor of its own.

#![cfg(unix)]

mod common;

use common::assert_conserved;
use common::scale::scaled;
use foreshock::FailureType::PeerUnreachable;
use foreshock::{LockHealth, Monitor};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Runs `child` in a forked process; its answer is the exit status. A child that hangs is killed.
fn in_child(child: impl FnOnce() -> bool) -> bool {
    // SAFETY: the child runs `child` and leaves by `_exit`, so nothing of the test harness runs in it twice.
    let pid = unsafe { libc::fork() };
    assert!(pid >= 0, "fork");
    if pid == 0 {
        let held = std::panic::catch_unwind(std::panic::AssertUnwindSafe(child)).unwrap_or(false);
        // SAFETY: ends this process at once.
        unsafe { libc::_exit(i32::from(!held)) }
    }
    let deadline = Instant::now() + Duration::from_secs(20);
    let mut status = 0;
    // SAFETY: `pid` is our child, `status` is a valid place for an int.
    while unsafe { libc::waitpid(pid, &mut status, libc::WNOHANG) } == 0 {
        if Instant::now() > deadline {
            // SAFETY: as above.
            unsafe { libc::kill(pid, libc::SIGKILL) };
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    status == 0
}

/// Records until it is told to stop. Returns how often each thing was recorded.
fn record_until(stop: &AtomicBool, monitor: &Monitor) -> u64 {
    let (lock, node) = (monitor.lock_path("bucket/busy"), monitor.component("node4"));
    let mut rounds = 0;
    while !stop.load(Ordering::Relaxed) {
        lock.attempt().success();
        monitor.record_timeout("bucket/busy");
        node.record_failure(PeerUnreachable);
        rounds += 1;
    }
    rounds
}

/// The collector ticks as often as it can, and a thread records all the time: a fork finds either in the middle of it.
#[test]
fn the_child_of_a_fork_is_inert_until_it_starts_a_monitor_of_its_own() {
    let monitor = Monitor::builder().tick(Duration::from_millis(1)).start().expect("a valid configuration");
    let lock = monitor.lock_path("bucket/a");
    lock.record_success();
    let forks = scaled(200, 2_000);
    let stop = AtomicBool::new(false);
    let (held, rounds) = thread::scope(|scope| {
        let recording = scope.spawn(|| record_until(&stop, &monitor));
        let mut held = 0;
        for _ in 0..forks {
            let child_held = in_child(|| {
                lock.record_timeout();
                monitor.record_success("bucket/b");
                let inert = monitor.statistics().dropped.after_shutdown == 2
                    && monitor.snapshot().paths.is_empty()
                    && lock.health() == LockHealth::Healthy;
                monitor.tick();
                monitor.shutdown();
                inert && own_monitor_works()
            });
            if !child_held {
                break;
            }
            held += 1;
            lock.record_success();
        }
        stop.store(true, Ordering::Relaxed);
        (held, recording.join().expect("no panic"))
    });
    assert_eq!(held, forks);
    monitor.shutdown();
    let statistics = monitor.statistics();
    assert_eq!((statistics.outcomes.success, statistics.outcomes.timeout), (forks + 1 + rounds, rounds));
    assert_eq!((statistics.total_events, statistics.panics), (2 * rounds, 0));
    assert_eq!(statistics.dropped.after_shutdown, 0, "nothing of the children reached the parent");
    assert_conserved(&monitor);
    println!(
        "FIGURE {forks} forks while a thread made {} records: each child inert, none stuck, nothing of theirs in the \
         parent, whose counts are exact",
        3 * rounds
    );
}

fn own_monitor_works() -> bool {
    let Ok(own) = Monitor::builder().start() else {
        return false;
    };
    own.record_timeout("bucket/a");
    own.shutdown();
    own.statistics().outcomes.timeout == 1
}
