//! What one thread records into: counters by path, failures by type and component, one ring of events.
//!
//! Who may touch what: while a block is leased, only the thread that holds the lease writes its cells, with a
//! plain load and store; the collector only reads them, and consumes the rings. The fallback block has many
//! writers, which use `fetch_add` and the shared push instead. `Writer` (in `writer.rs`) carries the difference.
//!
//! The cells are `Relaxed`: each is a sum of its own, and a sum read a moment early is completed at the next
//! tick. At a quiet moment (the threads joined, or otherwise ordered before the reader) all are seen.

use super::boxed::boxed;
use super::failure::TypeId;
use super::open::OpenAttempts;
use super::outcome::Outcome;
use super::recent::Recent;
use super::ring::Ring;
use crate::error::Error;
use crate::sync::{AtomicU32, AtomicU64, Ordering};
use crossbeam_utils::CachePadded;

/// The sizes of every block of a monitor.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layout {
    /// Paths, `__other__` included.
    pub(crate) paths: usize,
    /// Components, `__other__` included.
    pub(crate) components: usize,
    pub(crate) types: usize,
    /// Events a ring holds; a power of two.
    pub(crate) ring_events: usize,
    /// Attempts whose age is known at one time; a power of two.
    pub(crate) open_attempts: usize,
    /// Latency samples a ring holds, 0 = latency is not tracked.
    pub(crate) wait_samples: usize,
}

pub(crate) struct Block {
    /// Place of the block in its pool.
    pub(crate) index: usize,
    /// Odd while the writer is between a look-up by name and the end of its record.
    pub(super) pin: CachePadded<AtomicU32>,
    pub(super) next_operation: AtomicU64,
    /// Records made so far. Stored after what the record wrote, so that the collector need not look at the rest
    /// while this stands still.
    pub(super) records: AtomicU64,
    pub(crate) recent_paths: Recent,
    pub(crate) paths: Box<[PathCounters]>,
    /// By type, then by component.
    failures: Box<[AtomicU64]>,
    components: usize,
    pub(crate) open: OpenAttempts,
    pub(crate) events: Ring<2>,
    pub(crate) waits: Option<Ring<1>>,
    pub(crate) refused: Refused,
}

/// What happened on one path, as far as one block knows. Sums over all blocks are exact; of one block alone
/// `open` may be negative (an attempt may end on another thread than it began).
#[derive(Default)]
pub(crate) struct PathCounters {
    pub(super) outcomes: [AtomicU64; 4],
    /// Guards begun minus guards ended, wrapping.
    pub(super) open: AtomicU64,
}

impl PathCounters {
    pub(crate) fn outcome(&self, outcome: Outcome) -> u64 {
        self.outcomes[outcome as usize].load(Ordering::Relaxed)
    }

    pub(crate) fn open(&self) -> u64 {
        self.open.load(Ordering::Relaxed)
    }
}

/// Records that found no room, by what was refused.
#[derive(Default)]
pub(crate) struct Refused {
    pub(crate) events: AtomicU64,
    pub(crate) waits: AtomicU64,
    pub(crate) ages: AtomicU64,
}

impl Block {
    pub(crate) fn new(index: usize, layout: Layout) -> Result<Self, Error> {
        let failures = layout.types * layout.components;
        Ok(Self {
            index,
            pin: CachePadded::new(AtomicU32::new(0)),
            next_operation: AtomicU64::new(0),
            records: AtomicU64::new(0),
            recent_paths: Recent::default(),
            paths: boxed("path counters", layout.paths, PathCounters::default)?,
            failures: boxed("failure counters", failures, || AtomicU64::new(0))?,
            components: layout.components,
            open: OpenAttempts::new(layout.open_attempts)?,
            events: Ring::new(layout.ring_events)?,
            waits: match layout.wait_samples {
                0 => None,
                samples => Some(Ring::new(samples)?),
            },
            refused: Refused::default(),
        })
    }

    pub(super) fn failure_cell(&self, kind: TypeId, component: u32) -> Option<&AtomicU64> {
        self.failures.get(usize::from(kind.0) * self.components + component as usize)
    }

    /// Failures of one kind and component (not of a path in the role of one), those included whose event
    /// found the ring full.
    pub(crate) fn failures(&self, kind: TypeId, component: u32) -> u64 {
        self.failure_cell(kind, component).map_or(0, |cell| cell.load(Ordering::Relaxed))
    }

    /// Records made so far. Who sees a number sees all that those records counted.
    pub(crate) fn records(&self) -> u64 {
        // Acquire: pairs with (COUNTED) in `writer.rs`.
        self.records.load(Ordering::Acquire)
    }

    /// For the collector: `None` while nothing is pinned here, else a token that changes when the pin ends.
    pub(crate) fn pinned(&self) -> Option<u32> {
        // (PIN-ACQUIRE) pairs with (UNPIN): the records made under an ended pin are seen.
        let pin = self.pin.load(Ordering::Acquire);
        (pin % 2 == 1).then_some(pin)
    }
}
