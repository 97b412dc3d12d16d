//! An allocator that has no room: `start()` says so, and a record goes where it needs none.

#![cfg(unix)]

mod common;

use common::mixed::Host;
use common::scale::scaled;
use common::{assert_conserved, manual_with, status};
use foreshock::FailureType::UploadFailure;
use foreshock::{Builder, Clock, FailureType, Monitor, Outcome, Pattern};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// Refuses what the calling thread asks for, from a certain time on.
struct Failing;

thread_local! {
    /// Allocations that this thread is still granted.
    static GRANTED: Cell<u64> = const { Cell::new(u64::MAX) };
    /// Allocations that it is refused then.
    static REFUSED: Cell<u64> = const { Cell::new(0) };
    static LARGEST_REFUSED: Cell<usize> = const { Cell::new(0) };
    /// Bytes that this thread may still take; what it gives back it may take again.
    static ROOM: Cell<usize> = const { Cell::new(usize::MAX) };
}

/// Takes so many bytes of the room, where there are so many.
fn fits(bytes: usize) -> bool {
    match ROOM.get() {
        usize::MAX => true,
        room if room < bytes => false,
        room => {
            ROOM.set(room - bytes);
            true
        }
    }
}

fn give_back(bytes: usize) {
    if ROOM.get() != usize::MAX {
        ROOM.set(ROOM.get() + bytes);
    }
}

/// As `grant` has said.
fn is_in_turn() -> bool {
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

/// The thread-locals have no destructor, so this can be asked at any time of a thread's life.
fn is_granted(bytes: usize) -> bool {
    let granted = is_in_turn() && fits(bytes);
    if !granted {
        LARGEST_REFUSED.set(LARGEST_REFUSED.get().max(bytes));
    }
    granted
}

fn grant(granted: u64, then_refuse: u64) {
    REFUSED.set(then_refuse);
    GRANTED.set(granted);
}

// SAFETY: every call is refused, as an allocator may, or handed to the system's allocator unchanged.
unsafe impl GlobalAlloc for Failing {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if !is_granted(layout.size()) {
            return std::ptr::null_mut();
        }
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        give_back(layout.size());
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(place, layout) }
    }

    unsafe fn realloc(&self, place: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        if !is_granted(new_size) {
            return std::ptr::null_mut();
        }
        give_back(layout.size());
        // SAFETY: the caller keeps the contract of `realloc`.
        unsafe { System.realloc(place, layout, new_size) }
    }
}

#[global_allocator]
static ALLOCATOR: Failing = Failing;

/// A page. Whatever grows with a limit is more, by default. What is less is taken by the standard library (a thread, a channel,
/// an `Arc`, a name), which aborts where it gets none.
const SMALL_BYTES: usize = 4_096;

/// How a start ends that is refused an allocation; what the process that tries it says at its own end.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(i32)]
enum End {
    Started = 10,
    NoMemory,
    /// Refused no more than a page.
    SmallAbort,
    LargeAbort,
}

/// In place of the standard library's last word.
extern "C" fn end_of_an_abort(_signal: i32) {
    let end = if LARGEST_REFUSED.get() > SMALL_BYTES { End::LargeAbort } else { End::SmallAbort };
    // SAFETY: ends the process at once, which a signal handler may.
    unsafe { libc::_exit(end as i32) }
}

/// Starts a monitor in a process of its own, which ends with it. `limit` says what it is refused.
fn end_of_start(builder: Builder, limit: impl FnOnce()) -> End {
    // SAFETY: the child starts a monitor and leaves by `_exit`: nothing of the test harness runs in it twice.
    let pid = unsafe { libc::fork() };
    assert!(pid >= 0, "fork");
    if pid == 0 {
        let on_abort: extern "C" fn(i32) = end_of_an_abort;
        // SAFETY: the handler is a function of this program, and does what a handler may. Nobody is to read what the
        // standard library says about each of these.
        unsafe {
            libc::signal(libc::SIGABRT, on_abort as libc::sighandler_t);
            libc::close(libc::STDERR_FILENO);
        }
        limit();
        let started = builder.start();
        grant(u64::MAX, 0);
        ROOM.set(usize::MAX);
        let end = if started.is_ok() { End::Started } else { End::NoMemory };
        let is_known = started.as_ref().err().is_none_or(foreshock::Error::is_memory);
        // SAFETY: as above.
        unsafe { libc::_exit(if is_known { end as i32 } else { 1 }) }
    }
    let mut status = 0;
    // SAFETY: `pid` is our child, `status` is a valid place for an int.
    assert_eq!(unsafe { libc::waitpid(pid, &mut status, 0) }, pid);
    let ends = [End::Started, End::NoMemory, End::SmallAbort, End::LargeAbort];
    let said = libc::WIFEXITED(status).then(|| libc::WEXITSTATUS(status));
    *ends.iter().find(|end| Some(**end as i32) == said).unwrap_or_else(|| panic!("status {status:x}"))
}

fn plain() -> Builder {
    // The processor's clock is measured at its first use, and that takes its time.
    Monitor::builder().clock(Clock::manual().0)
}

/// As many small parts as there may be.
fn crowded() -> Builder {
    const TYPES: [&str; 26] = [
        "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q", "r", "s", "t",
        "u", "v", "w", "x", "y", "z",
    ];
    let builder = TYPES.into_iter().fold(plain().no_patterns(), Builder::custom_failure);
    (0..16).fold(builder, |builder, number| {
        let name = format!("{}{number:02}", "p".repeat(62));
        let later = TYPES.map(FailureType::Custom);
        builder.pattern(Pattern::new(&name, UploadFailure).subsequent(later))
    })
}

#[test]
fn a_start_that_runs_out_of_memory_anywhere_is_an_error() {
    let step = scaled(997, 64) as usize;
    for builder in [plain, crowded] {
        let end_in = |room| end_of_start(builder(), || ROOM.set(room));
        let mut room = 0;
        loop {
            match end_in(room) {
                End::Started => break,
                End::NoMemory => room += step,
                abort => panic!("{abort:?} with room for {room} bytes"),
            }
        }
        assert!(room > SMALL_BYTES);
        println!(
            "FIGURE start() without enough memory, in steps of {step} bytes up to {room}: always an error, never an abort"
        );
    }
}

#[test]
fn a_start_that_is_refused_a_table_is_an_error_whichever_it_is() {
    for then_refuse in [1, u64::MAX] {
        let ends = (0..).map(|granted| end_of_start(plain(), || grant(granted, then_refuse)));
        let ends: Vec<End> = ends.take_while(|end| *end != End::Started).collect();
        let count = |end| ends.iter().filter(|known| **known == end).count();
        assert_eq!(count(End::LargeAbort), 0, "{ends:?}");
        let (errors, aborts) = (count(End::NoMemory), count(End::SmallAbort));
        assert!(errors >= 10, "{ends:?}");
        println!(
            "FIGURE of {} allocations of start(), refused {}: {errors} give an error; at {aborts}, of at most {SMALL_BYTES} bytes \
             each, the standard library aborts",
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
