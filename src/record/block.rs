//! What one thread records into: counters by path, failures by type and component, one ring of events.
//!
//! Who may touch what: while a block is leased, only the thread that holds the lease writes its cells, with a
//! plain load and store; the collector only reads them, and consumes the rings. The fallback block has many
//! writers, which use `fetch_add` and the shared push instead. [`Writer`] carries the difference.
//!
//! The cells are `Relaxed`: each is a sum of its own, and a sum read a moment early is completed at the next
//! tick. At a quiet moment (the threads joined, or otherwise ordered before the reader) all are seen.

use super::boxed::boxed;
use super::event::{Operation, RawEvent};
use super::failure::TypeId;
use super::open::OpenAttempts;
use super::outcome::Outcome;
use super::recent::Recent;
use super::ring::Ring;
use crate::error::Error;
use crate::sync::{AtomicU32, AtomicU64, Ordering, two_sided_fence};
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
    pin: CachePadded<AtomicU32>,
    next_operation: AtomicU64,
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
    outcomes: [AtomicU64; 4],
    /// Guards begun minus guards ended, wrapping.
    open: AtomicU64,
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

    fn failure_cell(&self, kind: TypeId, component: u32) -> Option<&AtomicU64> {
        self.failures.get(usize::from(kind.0) * self.components + component as usize)
    }

    /// Failures of one kind and component (not of a path in the role of one), those included whose event
    /// found the ring full.
    pub(crate) fn failures(&self, kind: TypeId, component: u32) -> u64 {
        self.failure_cell(kind, component).map_or(0, |cell| cell.load(Ordering::Relaxed))
    }

    /// For the collector: `None` while nothing is pinned here, else a token that changes when the pin ends.
    pub(crate) fn pinned(&self) -> Option<u32> {
        // (PIN-ACQUIRE) pairs with (UNPIN): the records made under an ended pin are seen.
        let pin = self.pin.load(Ordering::Acquire);
        (pin % 2 == 1).then_some(pin)
    }
}

/// The right to write a block, and the way to do it.
#[derive(Clone, Copy)]
pub(crate) enum Writer<'a> {
    /// This thread holds the lease of the block.
    Sole(&'a Block),
    /// The fallback block.
    Shared(&'a Block),
}

impl<'a> Writer<'a> {
    #[inline(always)]
    pub(crate) fn block(self) -> &'a Block {
        match self {
            Self::Sole(block) | Self::Shared(block) => block,
        }
    }

    #[inline(always)]
    fn add(self, cell: &AtomicU64, n: u64) -> u64 {
        match self {
            Self::Sole(_) => {
                let before = cell.load(Ordering::Relaxed);
                cell.store(before.wrapping_add(n), Ordering::Relaxed);
                before
            }
            Self::Shared(_) => cell.fetch_add(n, Ordering::Relaxed),
        }
    }

    #[inline(always)]
    fn path(self, path: u32) -> Option<&'a PathCounters> {
        self.block().paths.get(path as usize)
    }

    #[inline(always)]
    pub(crate) fn count_outcome(self, path: u32, outcome: Outcome) {
        if let Some(counters) = self.path(path) {
            self.add(&counters.outcomes[outcome as usize], 1);
        }
    }

    #[inline(always)]
    pub(crate) fn begin(self, path: u32) {
        if let Some(counters) = self.path(path) {
            self.add(&counters.open, 1);
        }
    }

    #[inline(always)]
    pub(crate) fn end(self, path: u32) {
        if let Some(counters) = self.path(path) {
            self.add(&counters.open, 1u64.wrapping_neg());
        }
    }

    /// Counts a failure of a registered component. One of a path in that role is counted as its timeout.
    #[inline(always)]
    pub(crate) fn count_failure(self, kind: TypeId, component: u32) {
        if let Some(cell) = self.block().failure_cell(kind, component) {
            self.add(cell, 1);
        }
    }

    #[inline(always)]
    pub(crate) fn push_event(self, event: RawEvent) {
        let pushed = match self {
            Self::Sole(block) => block.events.push(event.to_words()),
            Self::Shared(block) => block.events.push_shared(event.to_words()),
        };
        if pushed.is_err() {
            self.add(&self.block().refused.events, 1);
        }
    }

    /// Hands a latency sample on; no-op where latency is not tracked.
    #[inline(always)]
    pub(crate) fn push_wait(self, wait: WaitSample) {
        let Some(ring) = &self.block().waits else {
            return;
        };
        let pushed = match self {
            Self::Sole(_) => ring.push([wait.to_word()]),
            Self::Shared(_) => ring.push_shared([wait.to_word()]),
        };
        if pushed.is_err() {
            self.add(&self.block().refused.waits, 1);
        }
    }

    pub(crate) fn count_untracked_age(self) {
        self.add(&self.block().refused.ages, 1);
    }

    pub(crate) fn next_operation(self) -> Operation {
        let count = self.add(&self.block().next_operation, 1);
        Operation::new(self.block().index, count)
    }

    /// From here to the drop of the guard no number that this thread finds by name is given to another name.
    #[inline(always)]
    pub(crate) fn pin(self) -> Pin<'a> {
        let pin = &self.block().pin;
        match self {
            // Relaxed: ordered before the look-up by the light fence; pairs with the heavy fence in
            // `collect/retire.rs`.
            Self::Sole(_) => pin.store(pin.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed),
            // A count of threads, doubled, plus the odd bit: any number of them keeps it odd.
            Self::Shared(_) => shared_pin(pin),
        }
        two_sided_fence::light();
        Pin(self)
    }
}

/// Keeps numbers found by name from being given to other names.
pub(crate) struct Pin<'a>(Writer<'a>);

impl Drop for Pin<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        let pin = &self.0.block().pin;
        match self.0 {
            // (UNPIN) pairs with (PIN-ACQUIRE).
            Writer::Sole(_) => pin.store(pin.load(Ordering::Relaxed).wrapping_add(1), Ordering::Release),
            Writer::Shared(_) => shared_unpin(pin),
        }
    }
}

/// The shared pin is `2 * threads - 1` while threads are pinned, so odd, and 0 while none is.
fn shared_pin(pin: &AtomicU32) {
    // AcqRel: keeps the chain of (UNPIN) releases whole through every change.
    let _ = pin.fetch_update(Ordering::AcqRel, Ordering::Relaxed, |n| {
        Some(if n == 0 { 1 } else { n.wrapping_add(2) })
    });
}

fn shared_unpin(pin: &AtomicU32) {
    // (UNPIN) pairs with (PIN-ACQUIRE).
    let _ = pin.fetch_update(Ordering::AcqRel, Ordering::Relaxed, |n| {
        Some(if n == 1 { 0 } else { n.wrapping_sub(2) })
    });
}

/// How long an attempt took, in one word: path + 1 in the upper 20 bits, nanoseconds in the lower 44.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WaitSample {
    pub(crate) path: u32,
    pub(crate) wait_ns: u64,
}

impl WaitSample {
    const NS_BITS: u32 = 44;
    /// About 4.9 hours; longer waits are recorded as this.
    const MAX_NS: u64 = (1 << Self::NS_BITS) - 1;

    #[inline(always)]
    pub(crate) fn to_word(self) -> u64 {
        ((u64::from(self.path) + 1) << Self::NS_BITS) | self.wait_ns.min(Self::MAX_NS)
    }

    pub(crate) fn from_word(word: u64) -> Self {
        Self { path: ((word >> Self::NS_BITS) - 1) as u32, wait_ns: word & Self::MAX_NS }
    }
}

#[cfg(all(test, not(foreshock_loom)))]
mod tests {
    use super::*;
    use crate::record::event::ComponentKey;

    const SMALL: Layout =
        Layout { paths: 3, components: 2, types: 6, ring_events: 2, open_attempts: 2, wait_samples: 2 };

    #[test]
    fn counts_are_kept_apart_by_path_outcome_type_and_component() {
        let block = Block::new(0, SMALL).unwrap();
        for writer in [Writer::Sole(&block), Writer::Shared(&block)] {
            writer.count_outcome(1, Outcome::Timeout);
            writer.count_failure(TypeId(2), 1);
            writer.begin(2);
        }
        Writer::Sole(&block).end(2);
        assert_eq!(block.paths[1].outcome(Outcome::Timeout), 2);
        assert_eq!(block.paths[1].outcome(Outcome::Success), 0);
        assert_eq!(block.paths[2].open(), 1);
        assert_eq!(block.failures(TypeId(2), 1), 2);
        assert_eq!(block.failures(TypeId(1), 1), 0);
    }

    #[test]
    fn a_number_out_of_range_is_no_panic() {
        let block = Block::new(0, SMALL).unwrap();
        Writer::Sole(&block).count_outcome(99, Outcome::Success);
        Writer::Sole(&block).count_failure(TypeId(31), 99);
        assert_eq!(block.failures(TypeId(31), 99), 0);
    }

    #[test]
    fn a_full_ring_refuses_and_counts() {
        let block = Block::new(0, SMALL).unwrap();
        let event = RawEvent {
            at: crate::clock::Stamp(1),
            kind: TypeId(0),
            component: ComponentKey::Component(0),
            operation: Operation::NONE,
        };
        for _ in 0..5 {
            Writer::Sole(&block).push_event(event);
            Writer::Sole(&block).push_wait(WaitSample { path: 0, wait_ns: 1 });
        }
        assert_eq!(block.refused.events.load(Ordering::Relaxed), 3);
        assert_eq!(block.refused.waits.load(Ordering::Relaxed), 3);
    }

    #[test]
    fn the_pin_is_odd_while_any_holder_is_left() {
        let (own, fallback) = (Block::new(0, SMALL).unwrap(), Block::new(1, SMALL).unwrap());
        for writer in [Writer::Sole(&own), Writer::Shared(&fallback)] {
            let block = writer.block();
            assert_eq!(block.pinned(), None);
            let pin = writer.pin();
            assert!(block.pinned().is_some());
            drop(pin);
            assert_eq!(block.pinned(), None);
        }
        let block = Block::new(0, SMALL).unwrap();
        let first = Writer::Shared(&block).pin();
        let second = Writer::Shared(&block).pin();
        drop(first);
        assert!(block.pinned().is_some());
        drop(second);
        assert_eq!(block.pinned(), None);
    }

    #[test]
    fn a_wait_survives_its_packing_and_a_huge_one_is_clamped() {
        let sample = WaitSample { path: 65_536, wait_ns: 12_345 };
        assert_eq!(WaitSample::from_word(sample.to_word()), sample);
        let huge = WaitSample { path: 0, wait_ns: u64::MAX };
        assert_eq!(WaitSample::from_word(huge.to_word()).wait_ns, WaitSample::MAX_NS);
    }
}
