//! An allocator that has no room: `start()` says so, and a record goes where it needs none.

#![cfg(unix)]

mod common;

use common::again::{role, run_again};
use common::mixed::Host;
use common::scale::scaled;
use common::{assert_conserved, manual_with, status};
use foreshock::FailureType::UploadFailure;
use foreshock::{Clock, Monitor, Outcome};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::os::unix::process::ExitStatusExt;

/// Refuses what the calling thread asks for, from a certain time on.
struct Failing;

thread_local! {
    /// Allocations that this thread is still granted.
    static GRANTED: Cell<u64> = const { Cell::new(u64::MAX) };
    /// Allocations that it is refused then.
    static REFUSED: Cell<u64> = const { Cell::new(0) };
}

/// No destructor, so it can be reached at any time of a thread's life.
fn is_granted() -> bool {
    match (GRANTED.get(), REFUSED.get()) {
        (u64::MAX, _) | (0, 0) => true,
        (0, refused) => {
            REFUSED.set(refused - 1);
            false
        }
        (granted, _) => {
            GRANTED.set(granted - 1);
            true
        }
    }
}

fn grant(granted: u64, then_refuse: u64) {
    REFUSED.set(then_refuse);
    GRANTED.set(granted);
}

// SAFETY: every call is refused, as an allocator may, or handed to the system's allocator unchanged.
unsafe impl GlobalAlloc for Failing {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the contract of `alloc`.
        if is_granted() { unsafe { System.alloc(layout) } } else { std::ptr::null_mut() }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(place, layout) }
    }

    unsafe fn realloc(&self, place: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // SAFETY: the caller keeps the contract of `realloc`.
        if is_granted() { unsafe { System.realloc(place, layout, new_size) } } else { std::ptr::null_mut() }
    }
}

#[global_allocator]
static ALLOCATOR: Failing = Failing;

/// A page. Whatever grows with a limit is more, by default. What is less is taken by the standard library (a thread, a channel,
/// an `Arc`, a name), which aborts where it gets none.
const SMALL_BYTES: usize = 4_096;

const STARTED: i32 = 10;
const NO_MEMORY: i32 = 11;

/// Its role: the number of an allocation of `start()`, and how many are refused from there.
#[test]
fn the_start_that_is_run_again() {
    let Some(role) = role() else {
        return;
    };
    let (granted, refused) = role.split_once(' ').expect("two numbers");
    let (granted, refused) = (granted.parse().expect("a number"), refused.parse().expect("a number"));
    // The processor's clock is measured at its first use, and that takes its time.
    let builder = Monitor::builder().clock(Clock::manual().0);
    grant(granted, refused);
    let started = builder.start();
    grant(u64::MAX, 0);
    let status = match started {
        Ok(_) => STARTED,
        Err(error) if error.is_memory() => NO_MEMORY,
        Err(_) => 1,
    };
    // Nothing of the harness is to be run, and nothing of the monitor.
    std::process::exit(status);
}

/// How a start ends that is refused an allocation.
#[derive(Debug, PartialEq)]
enum End {
    Started,
    NoMemory,
    /// Of so many bytes.
    Aborted(usize),
}

fn end_of_start(granted: u64, refused: u64) -> End {
    let output = run_again("the_start_that_is_run_again", &format!("{granted} {refused}"));
    match (output.status.code(), output.status.signal()) {
        (Some(STARTED), _) => End::Started,
        (Some(NO_MEMORY), _) => End::NoMemory,
        (None, Some(libc::SIGABRT)) => {
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            let bytes = said.split("memory allocation of ").nth(1).and_then(|rest| rest.split(' ').next());
            End::Aborted(bytes.and_then(|bytes| bytes.parse().ok()).unwrap_or(usize::MAX))
        }
        _ => panic!("{output:?}"),
    }
}

#[test]
fn a_start_that_is_refused_a_table_is_an_error_whichever_it_is() {
    for then_refuse in [1, u64::MAX].into_iter().take(scaled(1, 2) as usize) {
        let mut ends = Vec::new();
        for granted in 0.. {
            match end_of_start(granted, then_refuse) {
                End::Started => break,
                end => ends.push(end),
            }
        }
        let errors = ends.iter().filter(|end| **end == End::NoMemory).count();
        let bytes = |end: &End| if let End::Aborted(bytes) = end { *bytes } else { 0 };
        let most = ends.iter().map(bytes).max().unwrap_or(0);
        assert!(most <= SMALL_BYTES, "{most} bytes: {ends:?}");
        assert!(errors >= 10, "{errors} tables: {ends:?}");
        println!(
            "FIGURE of {} allocations of start(), refused {}: {errors} give an error; at the others, of at most {most} bytes, \
             the standard library aborts",
            ends.len(),
            if then_refuse == 1 { "one at a time" } else { "one and all after it" },
        );
    }
}

/// Runs where every allocation fails.
fn without_memory<T>(run: impl FnOnce() -> T) -> T {
    grant(0, u64::MAX);
    let result = run();
    let refused = u64::MAX - REFUSED.get();
    grant(u64::MAX, 0);
    assert!(refused > 0, "nothing was asked for");
    result
}

#[test]
fn names_that_find_no_memory_are_counted_together_and_get_their_own_later() {
    let (monitor, _time) = manual_with(|builder| builder);
    let names: Vec<String> = (0..100).map(|number| format!("bucket/{number}")).collect();
    monitor.record_success("bucket/0");
    let record = || {
        for name in &names {
            monitor.record_success(name);
            monitor.record_timeout(name);
            monitor.record_failure(UploadFailure, name);
        }
    };
    without_memory(record);
    assert_eq!(status(&monitor, "bucket/0").outcomes.success, 2);
    let other = status(&monitor, "__other__").outcomes;
    assert_eq!((other.success, other.timeout), (99, 99));
    record();
    assert_eq!(status(&monitor, "bucket/99").outcomes.success, 1, "there is memory again");
    let statistics = monitor.statistics();
    assert_eq!((statistics.outcomes.success, statistics.outcomes.timeout), (201, 200));
    assert_eq!((statistics.total_events, statistics.paths), (400, 101));
    assert_conserved(&monitor);
}

#[test]
fn a_thread_that_finds_no_memory_for_a_block_records_on_the_shared_one_and_takes_its_own_later() {
    let (monitor, _time) = manual_with(|builder| builder);
    let host = Host::new(monitor.clone());
    let lock = monitor.lock_path("config/iam/0");
    std::thread::scope(|scope| {
        let thread = || {
            without_memory(|| (0..100).for_each(|round| host.record(round)));
            assert_eq!(monitor.statistics().blocks, 0);
            host.record(0);
            assert_eq!(monitor.statistics().blocks, 1, "there is memory again");
        };
        scope.spawn(thread).join().expect("no panic");
    });
    host.assert_counted(101);
    // Whatever a first record asks for may be what fails.
    for granted in 0..8 {
        let (monitor, _time) = manual_with(|builder| builder);
        let lock = monitor.lock_path("config/iam/0");
        std::thread::scope(|scope| {
            let thread = || {
                grant(granted, 1);
                Outcome::ALL.iter().for_each(|outcome| common::record_by_handle(&lock, *outcome));
                grant(u64::MAX, 0);
            };
            scope.spawn(thread).join().expect("no panic");
        });
        let outcomes = status(&monitor, "config/iam/0").outcomes;
        assert_eq!(Outcome::ALL.map(|outcome| outcomes.of(outcome)), [1; 4], "{granted} granted");
    }
    drop(lock);
    println!("FIGURE after start() no record aborts, whichever allocation fails, and each is counted");
}
