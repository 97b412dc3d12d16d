//! What one thread records into: counters by path, failures by type and component, one ring of events.
//!
//! Who may touch what: while a block is leased, only the thread that holds the lease writes its cells, with a
//! plain load and store; the collector only reads them, and consumes the ring. The fallback block has many
//! writers, which use `fetch_add` and the shared push instead. `Writer` (in `writer.rs`) carries the difference.
//!
//! The cells are `Relaxed`: each is a sum of its own, and a sum read a moment early is completed at the next
//! tick. At a quiet moment (the threads joined, or otherwise ordered before the reader) all are seen.

use super::boxed::{NoMemory, boxed};
use super::counters::PathCounters;
use super::open::OpenAttempts;
use super::recent::Recent;
use super::ring::Ring;
use super::sequence::Sequence;
use super::tally::Tallies;
use super::wait::WaitHistogram;
use crate::sync::{AtomicU32, AtomicU64, order};

/// The sizes of every block of a monitor.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layout {
    /// Paths, `__other__` included.
    pub(crate) paths: usize,
    /// Events a ring holds; a power of two.
    pub(crate) ring_events: usize,
    /// Attempts whose age is known at one time; a power of two.
    pub(crate) open_attempts: usize,
    pub(crate) track_latency: bool,
}

/// The words that change with every record come first, and share no line with another block's.
#[repr(C, align(64))]
pub(crate) struct Block {
    pub(super) sequence: Sequence,
    pub(super) next_operation: AtomicU64,
    /// Place of the block in its pool.
    pub(crate) index: usize,
    /// The fallback block: threads that are looking a name up. Of a leased block `sequence` says it.
    pub(super) pins: AtomicU32,
    pub(crate) recent_paths: Recent,
    pub(crate) paths: Box<[PathCounters]>,
    /// By path; empty where latency is not tracked.
    pub(crate) waits: Box<[WaitHistogram]>,
    pub(crate) failures: Tallies,
    pub(crate) open: OpenAttempts,
    pub(crate) events: Ring<2>,
    pub(crate) refused: Refused,
}

/// Records that found no room, by what was refused.
#[derive(Default)]
pub(crate) struct Refused {
    pub(crate) events: AtomicU64,
    pub(crate) ages: AtomicU64,
}

impl Block {
    pub(crate) fn new(index: usize, layout: Layout) -> Result<Self, NoMemory> {
        let waits = if layout.track_latency { layout.paths } else { 0 };
        Ok(Self {
            sequence: Sequence::default(),
            next_operation: AtomicU64::new(0),
            index,
            pins: AtomicU32::new(0),
            recent_paths: Recent::default(),
            paths: boxed("path counters", layout.paths, PathCounters::default)?,
            waits: boxed("wait histograms", waits, WaitHistogram::default)?,
            failures: Tallies::default(),
            open: OpenAttempts::new(layout.open_attempts)?,
            events: Ring::new(layout.ring_events)?,
            refused: Refused::default(),
        })
    }

    /// A number that stands still while nothing is recorded. Who sees it sees all that was counted before.
    pub(crate) fn records(&self) -> u64 {
        self.sequence.records()
    }

    /// For the collector: `None` while nothing is pinned here, else a token that changes when the pin ends.
    pub(crate) fn pinned(&self) -> Option<u64> {
        // Acquire: pairs with (UNPIN) in `pin.rs`.
        match self.pins.load(order!(Acquire, "pins_seen")) {
            0 => self.sequence.pinned(),
            pins => Some(u64::from(pins)),
        }
    }
}
