//! The right to write a block, and the way to do it: a plain load and store for a sole writer, `fetch_add` for many.

use super::block::{Block, PathCounters};
use super::event::{Operation, RawEvent};
use super::failure::TypeId;
use super::open::OpenPlace;
use super::outcome::Outcome;
use super::wait::WaitSample;
use crate::clock::Stamp;
use crate::sync::{AtomicU32, AtomicU64, Ordering, two_sided_fence};

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

    /// Ends a record: lets the collector know that there is something to sum.
    #[inline(always)]
    pub(crate) fn counted(self) {
        let records = &self.block().records;
        // (COUNTED) Release: pairs with the Acquire load in `Block::records`.
        match self {
            Self::Sole(_) => {
                records.store(records.load(Ordering::Relaxed).wrapping_add(1), Ordering::Release);
            }
            Self::Shared(_) => {
                records.fetch_add(1, Ordering::Release);
            }
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

    /// An attempt begins: it is counted, and written down if there is a place for it.
    #[inline(always)]
    pub(crate) fn begin(self, path: u32, start: Stamp) -> OpenPlace {
        if let Some(counters) = self.path(path) {
            self.add(&counters.open, 1);
        }
        let block = self.block();
        let sole = matches!(self, Self::Sole(_));
        block.open.begin(sole, block.index, path, start).unwrap_or_else(|| {
            self.add(&block.refused.ages, 1);
            OpenPlace::NONE
        })
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

    pub(crate) fn next_operation(self) -> Operation {
        let count = self.add(&self.block().next_operation, 1);
        Operation::new(self.block().index, count)
    }

    /// From here to the drop of the guard no number that this thread finds by name is given to another name.
    #[inline(always)]
    pub(crate) fn pin(self) -> Pin<'a> {
        let pin = &self.block().pin;
        let mut nested = false;
        match self {
            // Relaxed: ordered before the look-up by the light fence; pairs with the heavy fence in
            // `collect/retire.rs`.
            Self::Sole(_) => {
                let before = pin.load(Ordering::Relaxed);
                // Pinned already: the host's allocator records, below us on this very stack.
                nested = before % 2 == 1;
                if !nested {
                    pin.store(before.wrapping_add(1), Ordering::Relaxed);
                }
            }
            // A count of threads, doubled, plus the odd bit: any number of them keeps it odd.
            Self::Shared(_) => shared_pin(pin),
        }
        two_sided_fence::light();
        Pin { writer: self, nested }
    }
}

/// Keeps numbers found by name from being given to other names.
pub(crate) struct Pin<'a> {
    writer: Writer<'a>,
    /// Inside of another pin of this thread, which ends later.
    nested: bool,
}

impl Drop for Pin<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        let pin = &self.writer.block().pin;
        match self.writer {
            Writer::Sole(_) if self.nested => {}
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

#[cfg(all(test, not(foreshock_loom)))]
mod tests {
    use super::*;
    use crate::record::block::Layout;
    use crate::record::event::ComponentKey;

    const SMALL: Layout =
        Layout { paths: 3, components: 2, types: 6, ring_events: 2, open_attempts: 2, wait_samples: 2 };

    #[test]
    fn counts_are_kept_apart_by_path_outcome_type_and_component() {
        let block = Block::new(0, SMALL).unwrap();
        for writer in [Writer::Sole(&block), Writer::Shared(&block)] {
            writer.count_outcome(1, Outcome::Timeout);
            writer.count_failure(TypeId(2), 1);
            writer.begin(2, Stamp(1));
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
}
