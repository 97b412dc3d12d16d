//! How one figure is got: a chunk of calls between two readings of the processor's counter, many chunks, the median.
//!
//! The loop over the calls is compiled anew for each operation, so that nothing is called through a pointer inside the
//! timed span. What must happen between chunks (a ring is emptied) happens outside of it.

use crate::pin;
use quanta::Clock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What one thread does: built by the thread itself, so that it may own what only one thread may have.
pub(crate) trait Work {
    /// Calls the operation so often. The timed part.
    fn run(&mut self, calls: u64);
    /// Makes room for the next chunk. Not timed.
    fn between(&mut self) {}
}

/// An operation called in a loop, and what happens between two chunks of it.
struct Loop<C, B> {
    call: C,
    between: B,
}

impl<C: FnMut(), B: FnMut()> Work for Loop<C, B> {
    #[inline(never)]
    fn run(&mut self, calls: u64) {
        for _ in 0..calls {
            (self.call)();
        }
    }

    fn between(&mut self) {
        (self.between)();
    }
}

/// The work of a thread that calls `call` and nothing else.
pub(crate) fn calls(call: impl FnMut() + 'static) -> Box<dyn Work> {
    calls_and_then(call, || {})
}

/// The work of a thread that calls `call`, and `between` after each chunk.
pub(crate) fn calls_and_then(call: impl FnMut() + 'static, between: impl FnMut() + 'static) -> Box<dyn Work> {
    Box::new(Loop { call, between })
}

/// How often an operation is called for one figure.
#[derive(Clone, Copy)]
pub(crate) struct Pace {
    pub(crate) calls: u64,
    pub(crate) chunks: u64,
}

impl Pace {
    /// For what takes nanoseconds.
    pub(crate) const QUICK: Self = Self { calls: 100_000, chunks: 1 };
    /// For what takes some dozens of them.
    pub(crate) const MEDIUM: Self = Self { calls: 20_000, chunks: 1 };
    /// For what takes microseconds as soon as two threads do it.
    pub(crate) const SLOW: Self = Self { calls: 1_000, chunks: 2 };
    /// For what fills a ring of 1,024: half of it at a time.
    pub(crate) const HALF_A_RING: Self = Self { calls: 512, chunks: 64 };
}

/// One operation of one crate.
pub(crate) struct Subject {
    pub(crate) name: &'static str,
    pub(crate) operation: &'static str,
    /// At most so many times an uncontended `fetch_add`. Ours alone.
    pub(crate) target_ratio: Option<f64>,
    /// Readings of the processor's counter in one call: what it cannot do without.
    pub(crate) clock_reads: u32,
    /// Several threads may do it on one handle.
    pub(crate) is_shared: bool,
    pub(crate) pace: Pace,
    work: Box<dyn Fn() -> Box<dyn Work> + Sync>,
}

impl Subject {
    pub(crate) fn new(
        name: &'static str,
        operation: &'static str,
        work: impl Fn() -> Box<dyn Work> + Sync + 'static,
    ) -> Self {
        let work = Box::new(work);
        Self { name, operation, target_ratio: None, clock_reads: 0, is_shared: true, pace: Pace::QUICK, work }
    }

    pub(crate) fn target(mut self, ratio: f64) -> Self {
        self.target_ratio = Some(ratio);
        self
    }

    pub(crate) fn reads_clock(mut self, times: u32) -> Self {
        self.clock_reads = times;
        self
    }

    pub(crate) fn pace(mut self, pace: Pace) -> Self {
        self.pace = pace;
        self
    }

    pub(crate) fn for_one_thread(mut self) -> Self {
        self.is_shared = false;
        self
    }

    /// The work of one more thread.
    pub(crate) fn work(&self) -> Box<dyn Work> {
        (self.work)()
    }

    /// Nanoseconds per operation, on this thread.
    pub(crate) fn one_thread_ns(&self, clock: &Clock) -> f64 {
        self.mean_ns(clock, self.spans(clock, &Gate::new(1)).into_iter())
    }

    /// Nanoseconds per operation and thread, from two threads on the same handle at once. Only chunks that overlapped
    /// are taken: on a busy machine two threads may well take turns, and then there is nothing to see. `None` if too
    /// few did.
    pub(crate) fn two_threads_ns(&self, clock: &Clock) -> Option<f64> {
        const TRIES: usize = 8;
        (0..TRIES).find_map(|_| {
            let gate = Gate::new(2);
            let (mine, theirs) = std::thread::scope(|scope| {
                let on_core = |core| {
                    let gate = &gate;
                    scope.spawn(move || {
                        pin::to_core(core);
                        self.spans(clock, gate)
                    })
                };
                let (one, other) = (on_core(0), on_core(1));
                (one.join().expect("no panic"), other.join().expect("no panic"))
            });
            let pairs = mine.into_iter().zip(theirs).filter(|(mine, theirs)| mine.overlaps(theirs));
            let together: Vec<Span> = pairs.flat_map(|(mine, theirs)| [mine, theirs]).collect();
            (together.len() as u64 >= self.pace.chunks).then(|| self.mean_ns(clock, together.into_iter()))
        })
    }

    fn spans(&self, clock: &Clock, gate: &Gate) -> Vec<Span> {
        const WARM_UP: u64 = 64;
        let mut work = self.work();
        work.run(WARM_UP);
        work.between();
        let chunk = |_| {
            gate.meet();
            let began = clock.raw();
            work.run(self.pace.calls);
            let ended = clock.raw();
            gate.meet();
            work.between();
            Span { began, ended }
        };
        (0..self.pace.chunks).map(chunk).collect()
    }

    fn mean_ns(&self, clock: &Clock, spans: impl ExactSizeIterator<Item = Span>) -> f64 {
        let calls = spans.len() as u64 * self.pace.calls;
        let spent = spans.map(|span| span.ended - span.began).sum();
        clock.delta_as_nanos(0, spent) as f64 / calls as f64
    }
}

/// The timed part of a chunk, in readings of the processor's counter, which all cores share.
struct Span {
    began: u64,
    ended: u64,
}

impl Span {
    /// Nine tenths of the shorter one of the two lie within the other.
    fn overlaps(&self, other: &Self) -> bool {
        let shared = self.ended.min(other.ended).saturating_sub(self.began.max(other.began));
        let shorter = (self.ended - self.began).min(other.ended - other.began);
        shared * 10 >= shorter * 9
    }
}

/// Where threads wait for each other. They spin: a thread that has to be woken arrives when the others have finished.
pub(crate) struct Gate {
    threads: usize,
    arrived: AtomicUsize,
}

impl Gate {
    pub(crate) fn new(threads: usize) -> Self {
        Self { threads, arrived: AtomicUsize::new(0) }
    }

    pub(crate) fn meet(&self) {
        const SPINS: u32 = 10_000;
        let place = self.arrived.fetch_add(1, Ordering::AcqRel);
        let all = (place / self.threads + 1) * self.threads;
        let mut spins = 0;
        while self.arrived.load(Ordering::Acquire) < all {
            spins += 1;
            if spins < SPINS { std::hint::spin_loop() } else { std::thread::yield_now() }
        }
    }
}

pub(crate) fn median(samples: &[f64]) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

/// Lives until the process ends, so that every thread may have it.
pub(crate) fn forever<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}
