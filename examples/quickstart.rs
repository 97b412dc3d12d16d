//! The smallest honest use: a lock that is taken, a peer that is lost, and what the monitor makes of it.
//!
//! `cargo run --example quickstart`

use foreshock::{FailureType, LockHealth, Monitor};
use std::sync::{Mutex, TryLockError};
use std::time::{Duration, Instant};

static USERS: Mutex<Vec<&str>> = Mutex::new(Vec::new());

/// Takes the lock within a deadline, as a server would a distributed one.
fn add_user(lock: &foreshock::LockPath, name: &'static str, deadline: Duration) {
    let attempt = lock.attempt();
    let until = Instant::now() + deadline;
    loop {
        match USERS.try_lock() {
            Ok(mut users) => {
                users.push(name);
                return attempt.success();
            }
            Err(TryLockError::WouldBlock) if Instant::now() < until => std::thread::yield_now(),
            Err(TryLockError::WouldBlock) => return attempt.timeout(),
            Err(TryLockError::Poisoned(_)) => return attempt.error(),
        }
    }
}

fn main() -> Result<(), foreshock::Error> {
    let monitor = Monitor::builder().prefix("quickstart").start()?;
    let users = monitor.lock_path("config/iam/users");
    let node3 = monitor.component("node3");

    add_user(&users, "alice", Duration::from_millis(20));
    println!("quiet:        {:?}", users.health());

    node3.record_failure(FailureType::PeerUnreachable);
    let held = USERS.lock().expect("nobody panicked");
    for name in ["bob", "carol", "dave"] {
        add_user(&users, name, Duration::from_millis(20));
    }
    assert_eq!(users.health(), LockHealth::Unhealthy);
    println!("lock is held: {:?}", users.health());
    drop(held);

    monitor.shutdown();
    let snapshot = monitor.snapshot();
    for episode in &snapshot.episodes {
        println!("{}: root {}, failures {:?}", episode.id, episode.root, episode.failures);
    }
    assert_eq!(snapshot.statistics.cascading_patterns_detected, 1);
    Ok(())
}
