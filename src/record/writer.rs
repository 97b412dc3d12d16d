//! The right to write a block, and the way to do it: a plain load and store for a sole writer, `fetch_add` for many.

use super::block::Block;
use super::counters::PathCounters;
use super::event::{Operation, RawEvent};
use super::failure::TypeId;
use super::open::{OpenPlace, Since};
use super::outcome::Outcome;
use super::wait::{BUCKETS, WaitHistogram};
use crate::sync::{AtomicU64, Ordering, seeded};

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
        match self {
            Self::Sole(block) => block.sequence.count_sole(),
            Self::Shared(block) => block.sequence.count_shared(),
        }
    }

    #[inline(always)]
    fn path(self, path: u32) -> Option<&'a PathCounters> {
        self.block().paths.get(path as usize)
    }

    #[inline(always)]
    pub(crate) fn count_outcome(self, path: u32, outcome: Outcome) {
        if let Some(counters) = self.path(path) {
            match self {
                Self::Sole(_) => counters.count_sole(outcome),
                Self::Shared(_) => counters.count_shared(outcome),
            }
        }
    }

    /// Counts a timeout of a run that is past the limit.
    #[inline(always)]
    pub(crate) fn count_run(self, path: u32, run: u32) {
        if let Some(counters) = self.path(path) {
            match self {
                Self::Sole(_) => counters.run.count_sole(run),
                Self::Shared(_) => counters.run.count_shared(run),
            }
        }
    }

    /// Writes an attempt that begins down, if the next place is free for it.
    #[inline(always)]
    pub(crate) fn begin(self, path: u32, since: Since) -> Option<OpenPlace> {
        self.block().open.begin(matches!(self, Self::Sole(_)), path, since)
    }

    /// The same, if there is any place for it.
    pub(crate) fn begin_further(self, path: u32, since: Since) -> Option<OpenPlace> {
        self.block().open.begin_further(matches!(self, Self::Sole(_)), path, since)
    }

    /// Counts an attempt whose age will not be known.
    pub(crate) fn refuse_age(self) {
        self.add(&self.block().refused.ages, 1);
    }

    /// Counts how long an attempt took, in a histogram of this block.
    #[inline(always)]
    pub(crate) fn count_wait(self, histogram: &WaitHistogram, bucket: usize, ticks: u64) {
        self.add(&histogram.sum, ticks);
        let cell = &histogram.buckets[bucket % BUCKETS];
        match self {
            Self::Sole(_) => cell.store(cell.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed),
            Self::Shared(_) => _ = cell.fetch_add(1, Ordering::Relaxed),
        }
    }

    /// Counts a failure of a registered component in the block; false if it is to be counted elsewhere.
    #[inline(always)]
    pub(crate) fn count_failure(self, kind: TypeId, component: u32) -> bool {
        match self {
            Self::Sole(block) => block.failures.count(kind, component),
            Self::Shared(_) => false,
        }
    }

    #[inline(always)]
    pub(crate) fn push_event(self, event: RawEvent) {
        let pushed = match self {
            Self::Sole(block) => block.events.push(event.to_words()),
            Self::Shared(block) => block.events.push_shared(event.to_words()),
        };
        if pushed.is_err() {
            let counter = if seeded("refused_stored") { Self::Sole(self.block()) } else { self };
            counter.add(&self.block().refused.events, 1);
        }
    }

    pub(crate) fn next_operation(self) -> Operation {
        let count = self.add(&self.block().next_operation, 1);
        Operation::new(self.block().index, count)
    }
}

#[cfg(all(test, not(foreshock_loom)))]
mod tests {
    use super::*;
    use crate::record::block::Layout;
    use crate::record::event::ComponentKey;
    use crate::record::pin::Pin;

    const SMALL: Layout = Layout { paths: 3, ring_events: 2, open_attempts: 2, track_latency: true };

    #[test]
    fn counts_are_kept_apart_by_path_and_outcome() {
        let block = Block::new(0, SMALL).unwrap();
        let since = Since::new(crate::clock::Stamp(1));
        for writer in [Writer::Sole(&block), Writer::Shared(&block)] {
            writer.count_outcome(1, Outcome::Timeout);
            writer.begin(2, since);
        }
        assert_eq!(block.paths[1].outcome(Outcome::Timeout), 2);
        assert_eq!(block.paths[1].outcome(Outcome::Success), 0);
        // The table has two places.
        assert_eq!(Writer::Sole(&block).begin_further(2, since), None);
    }

    #[test]
    fn a_number_out_of_range_is_no_panic() {
        let block = Block::new(0, SMALL).unwrap();
        Writer::Sole(&block).count_outcome(99, Outcome::Success);
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
        }
        assert_eq!(block.refused.events.load(Ordering::Relaxed), 3);
    }

    #[test]
    fn it_is_pinned_while_any_holder_is_left() {
        let (own, fallback) = (Block::new(0, SMALL).unwrap(), Block::new(1, SMALL).unwrap());
        for writer in [Writer::Sole(&own), Writer::Shared(&fallback)] {
            let block = writer.block();
            assert_eq!(block.pinned(), None);
            let first = Pin::new(writer);
            let second = Pin::new(writer);
            writer.counted();
            let token = block.pinned();
            drop(second);
            assert!(token.is_some() && block.pinned().is_some());
            drop(first);
            assert_eq!(block.pinned(), None);
            assert_eq!(block.records(), 1);
        }
    }
}
