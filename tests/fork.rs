//! A child after `fork`: inert, never stuck, and free to start a monitor of its own.

#![cfg(unix)]

mod common;

use common::scale::scaled;
use foreshock::{LockHealth, Monitor};
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

#[test]
fn the_child_of_a_fork_is_inert_until_it_starts_a_monitor_of_its_own() {
    let monitor = Monitor::builder().start().expect("a valid configuration");
    let lock = monitor.lock_path("bucket/a");
    lock.record_success();
    let forks = scaled(200, 2_000);
    for _ in 0..forks {
        let held = in_child(|| {
            lock.record_timeout();
            monitor.record_success("bucket/b");
            let inert = monitor.statistics().dropped.after_shutdown == 2
                && monitor.snapshot().paths.is_empty()
                && lock.health() == LockHealth::Healthy;
            monitor.tick();
            monitor.shutdown();
            inert && own_monitor_works()
        });
        assert!(held);
        lock.record_success();
    }
    monitor.shutdown();
    let statistics = monitor.statistics();
    assert_eq!((statistics.outcomes.success, statistics.outcomes.timeout), (forks + 1, 0));
    assert_eq!(statistics.dropped.after_shutdown, 0, "nothing of the children reached the parent");
    println!("FIGURE {forks} forks: each child inert, none stuck, nothing of theirs in the parent");
}

fn own_monitor_works() -> bool {
    let Ok(own) = Monitor::builder().start() else {
        return false;
    };
    own.record_timeout("bucket/a");
    own.shutdown();
    own.statistics().outcomes.timeout == 1
}
