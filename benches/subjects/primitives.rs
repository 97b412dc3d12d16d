//! What the machine itself can do: the measure of all ratios, the floor of whatever reads a clock, and the control.

use crate::measure::{Pace, Subject, calls, forever};
use quanta::Clock;
use std::hint::black_box;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

pub(crate) const MACHINE: &str = "machine";
/// What a ratio of 1 is.
pub(crate) const BASELINE: &str = "fetch_add, relaxed";
/// What comes out slower with two threads than anything that does not wait, or nothing here was measured.
pub(crate) const CONTROL: &str = "Mutex around a counter";
/// One reading of the processor's counter.
pub(crate) const CLOCK_READ: &str = "rdtsc (quanta raw)";

pub(crate) fn subjects() -> Vec<Subject> {
    let shared = forever(AtomicU64::new(0));
    let mutex = forever(Mutex::new(0u64));
    let clock = forever(Clock::new());
    vec![
        Subject::new(MACHINE, BASELINE, || calls(|| _ = black_box(shared.fetch_add(1, Ordering::Relaxed)))),
        Subject::new(MACHINE, CONTROL, || {
            calls(|| {
                let mut count = mutex.lock().expect("no panic");
                *count = black_box(*count + 1);
            })
        })
        .pace(Pace::MEDIUM),
        // Each thread has a cell of its own, as ours do.
        Subject::new(MACHINE, "load + store, one writer, one cell", || {
            let cell = forever([const { AtomicU64::new(0) }; 32]);
            calls(|| bump(black_box(&cell[16])))
        }),
        Subject::new(MACHINE, "load + store, one writer, 64 cells in turn", || {
            let cells = forever([const { AtomicU64::new(0) }; 64 * 8]);
            let mut turn = 0;
            calls(move || {
                turn = (turn + 8) % cells.len();
                bump(black_box(&cells[turn]));
            })
        }),
        Subject::new(MACHINE, CLOCK_READ, || calls(|| _ = black_box(clock.raw()))),
        Subject::new(MACHINE, "std Instant::now", || calls(|| _ = black_box(Instant::now()))),
    ]
}

#[inline(always)]
fn bump(cell: &AtomicU64) {
    cell.store(cell.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
}
