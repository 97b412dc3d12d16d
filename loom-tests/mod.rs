//! Models of the lock-free parts. One file a claim; see `README.md` beside this file.
//!
//! A model is a state, the steps of a few threads, and a check. loom explores it under `--cfg foreshock_loom`; in every
//! other build real threads run it many times, for Miri, ThreadSanitizer and the processor itself.

mod calm;
mod consecutive;
mod conserved;
mod counted;
#[cfg_attr(foreshock_loom, path = "explore_loom.rs")]
#[cfg_attr(not(foreshock_loom), path = "explore_threads.rs")]
mod explore;
mod handle;
mod in_flight;
mod lease;
mod retire;
mod ring;
mod shutdown;
mod small;
mod table;

use crate::sync::{AtomicU32, Ordering as Modelled};
use explore::explore;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How far a model is explored, and how many runs that must have taken at the least.
#[cfg_attr(not(foreshock_loom), expect(dead_code, reason = "real threads cannot be told"))]
struct Bound {
    /// `None`: every interleaving.
    preemptions: Option<usize>,
    /// Fewer runs than this, in either spawn order, and the model did not look.
    least_runs: usize,
}

/// A thread of a model.
type Step<S> = fn(&S);

/// Something counted outside of the model: not a point where threads interleave.
#[derive(Default)]
struct Tally(AtomicUsize);

impl Tally {
    fn add(&self, n: usize) {
        self.0.fetch_add(n, Ordering::Relaxed);
    }

    fn get(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// Where threads take turns. Of two loads of one word by one thread loom would remember the second alone, and not try what
/// comes between: it tries each order of these. Relaxed, so it orders nothing else.
#[derive(Default)]
struct Turns(AtomicU32);

impl Turns {
    fn take(&self) {
        self.0.fetch_add(1, Modelled::Relaxed);
    }
}
