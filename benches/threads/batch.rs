//! One batch: so many threads call one operation, from one moment on and for a fixed time.
//!
//! The time is fixed and not the number of calls, so that all threads are at it to the end, however unfair the operation is.
//! With no more threads than cores the figure is what a call takes, on each thread. With more it is the time of a core that a
//! call takes: all cores' time over all calls. The processor time of the threads would say less, because a thread that sleeps
//! until another gives a lock back has none, and the core that stands idle meanwhile is part of the cost.

use crate::machine;
use crate::measure::{Gate, Subject};
use crate::pin;
use quanta::Clock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

/// How many threads, on how many cores.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Crowd {
    pub(crate) threads: usize,
    pub(crate) cores: usize,
}

impl Crowd {
    /// One thread, and more up to one on each core; then two and four on each.
    pub(crate) fn of_this_machine() -> Vec<Self> {
        let cores = machine::cores();
        let all = 1..=cores;
        let up_to_cores: Vec<usize> = if cores <= 8 {
            all.collect()
        } else {
            all.filter(|n| n.is_power_of_two() || *n == cores).collect()
        };
        let beyond = [2 * cores, 4 * cores];
        up_to_cores.into_iter().chain(beyond).map(|threads| Self { threads, cores }).collect()
    }

    pub(crate) fn is_over_subscribed(self) -> bool {
        self.threads > self.cores
    }

    /// Cores that have something to do.
    fn busy_cores(self) -> usize {
        self.threads.min(self.cores)
    }

    /// Long beside the start of a thread; with several threads a core, each has some turns of the scheduler.
    fn batch_ns(self) -> u64 {
        if self.is_over_subscribed() { 40_000_000 } else { 5_000_000 }
    }
}

/// What one thread did.
struct Share {
    began: u64,
    ended: u64,
    calls: u64,
}

/// Nanoseconds of a core for one call.
pub(crate) fn ns(subject: &Subject, crowd: Crowd, clock: &Clock) -> f64 {
    let gate = Gate::new(crowd.threads);
    let began = AtomicU64::new(0);
    let shares: Vec<Share> = thread::scope(|scope| {
        let start = |place| {
            let (gate, began) = (&gate, &began);
            scope.spawn(move || {
                pin::to_core(place % crowd.cores);
                share(subject, crowd, clock, gate, began)
            })
        };
        let threads: Vec<_> = (0..crowd.threads).map(start).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    });
    let began = shares.iter().map(|share| share.began).min().expect("a thread");
    let ended = shares.iter().map(|share| share.ended).max().expect("a thread");
    let calls: u64 = shares.iter().map(|share| share.calls).sum();
    clock.delta_as_nanos(began, ended) as f64 * crowd.busy_cores() as f64 / calls as f64
}

fn share(subject: &Subject, crowd: Crowd, clock: &Clock, gate: &Gate, first_began: &AtomicU64) -> Share {
    let mut work = subject.work();
    // Between two readings of the clock. Short where a call may wait for a sleeping thread.
    let stretch = (subject.pace.calls / 20).max(25);
    work.run(stretch);
    gate.meet();
    let began = clock.raw();
    // Whoever is first says when it ends for all.
    let first =
        first_began.compare_exchange(0, began, Ordering::Relaxed, Ordering::Relaxed).err().unwrap_or(began);
    let mut share = Share { began, ended: began, calls: 0 };
    while clock.delta_as_nanos(first, share.ended) < crowd.batch_ns() {
        work.run(stretch);
        share.calls += stretch;
        share.ended = clock.raw();
    }
    share
}
