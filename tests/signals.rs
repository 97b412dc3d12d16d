//! Records of a thread that signals interrupt, whose handler does not record: each is counted, and none twice.

#![cfg(unix)]

mod common;

use common::scale::scaled;
use common::{assert_conserved, manual, record_by_guard, record_by_handle, record_by_name};
use foreshock::FailureType::PeerUnreachable;
use foreshock::Outcome;
use std::os::unix::thread::JoinHandleExt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;

static HANDLED: AtomicU64 = AtomicU64::new(0);

extern "C" fn handle(_signal: libc::c_int) {
    HANDLED.fetch_add(1, Ordering::Relaxed);
}

/// By handle, by guard and by name.
const OF_EACH_OUTCOME: u64 = 3;

#[test]
fn records_that_signals_interrupt_are_each_counted() {
    let interruptions = scaled(500, 100_000);
    let handler: extern "C" fn(libc::c_int) = handle;
    // SAFETY: the handler adds to an atomic, which a handler may.
    unsafe { libc::signal(libc::SIGUSR1, handler as libc::sighandler_t) };
    let (monitor, _time) = manual();
    let stop = Arc::<AtomicBool>::default();
    let (ready, is_ready) = mpsc::channel();
    let recorder = thread::spawn({
        let (monitor, stop) = (monitor.clone(), stop.clone());
        move || {
            let (lock, node) = (monitor.lock_path("bucket/a"), monitor.component("node4"));
            let mut rounds = 0;
            while !stop.load(Ordering::Relaxed) {
                for outcome in Outcome::ALL {
                    record_by_handle(&lock, outcome);
                    record_by_guard(&lock, outcome);
                    record_by_name(&monitor, "bucket/a", outcome);
                }
                node.record_failure(PeerUnreachable);
                rounds += 1;
                if rounds == 1 {
                    ready.send(()).unwrap();
                }
            }
            rounds
        }
    });
    is_ready.recv().unwrap();
    while HANDLED.load(Ordering::Relaxed) < interruptions {
        let thread = recorder.as_pthread_t() as libc::pthread_t;
        // SAFETY: the thread records until it is told to stop, and is joined after that.
        assert_eq!(unsafe { libc::pthread_kill(thread, libc::SIGUSR1) }, 0);
        monitor.tick();
    }
    stop.store(true, Ordering::Relaxed);
    let rounds: u64 = recorder.join().unwrap();
    monitor.tick();
    let statistics = monitor.statistics();
    let outcomes = Outcome::ALL.map(|outcome| statistics.outcomes.of(outcome));
    assert_eq!(outcomes, [OF_EACH_OUTCOME * rounds; 4]);
    // A timeout is a failure, too.
    assert_eq!(statistics.total_events, (1 + OF_EACH_OUTCOME) * rounds);
    assert_conserved(&monitor);
    let (records, handled) = (rounds * (1 + 4 * OF_EACH_OUTCOME), HANDLED.load(Ordering::Relaxed));
    println!("FIGURE {records} records of a thread that {handled} signals interrupted: each counted once");
}
