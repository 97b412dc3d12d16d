//! The blocks of a monitor, and their leases.
//!
//! A block is created when a thread first needs one and none is free, up to the limit, and is never destroyed
//! while the monitor lives: the next thread continues where the last one stopped, so thread churn loses no
//! count and grows no memory.
//!
//! # Orderings
//!
//! (RETURN) a lease is given back with a Release store of `leased`; pairs with (LEASE), the Acquire part of the
//! compare-exchange that takes it again: the next writer sees every plain store of the last one.
//! (CREATE) a new block is published with Release; pairs with (SEE), the Acquire load of its pointer.

use super::block::{Block, Layout};
use super::boxed::boxed;
use crate::error::Error;
use crate::sync::{AtomicBool, AtomicPtr, AtomicU32, Ordering, order, seeded};
use std::ptr;
use std::sync::Arc;

pub(crate) struct Pool {
    slots: Box<[Slot]>,
    fallback: Block,
    layout: Layout,
    available: Arc<Available>,
}

/// How many blocks could be leased now: a hint that spares the scan when it is 0. Shared with the leases,
/// which may outlive the pool.
struct Available(AtomicU32);

struct Slot {
    /// From `Arc::into_raw`, or null.
    block: AtomicPtr<Leasable>,
}

/// A block and its lease flag, in one allocation that outlives the monitor while a thread holds the lease.
struct Leasable {
    leased: AtomicBool,
    block: Block,
    available: Arc<Available>,
}

impl Leasable {
    /// False if another thread was first.
    fn take(&self) -> bool {
        if seeded("lease_stored") {
            self.leased.store(true, Ordering::Release);
            return true;
        }
        // (LEASE) pairs with (RETURN).
        let taken = order!(Acquire, "lease_taken");
        self.leased.compare_exchange(false, true, taken, Ordering::Relaxed).is_ok()
    }
}

/// The exclusive right to write one block; given back on drop.
pub(crate) struct Lease {
    leased: Arc<Leasable>,
}

impl Lease {
    pub(crate) fn block(&self) -> &Block {
        &self.leased.block
    }

    /// The monitor that the block belonged to is gone.
    pub(crate) fn is_orphan(&self) -> bool {
        Arc::strong_count(&self.leased) == 1
    }
}

impl Pool {
    pub(crate) fn new(max_threads: usize, layout: Layout) -> Result<Self, Error> {
        Ok(Self {
            slots: boxed("blocks", max_threads, || Slot { block: AtomicPtr::new(ptr::null_mut()) })?,
            fallback: Block::new(max_threads, layout)?,
            layout,
            available: Arc::new(Available(AtomicU32::new(max_threads as u32))),
        })
    }

    /// A block for this thread alone; `None` when all are leased or there is no memory for another.
    pub(crate) fn lease(&self) -> Option<Lease> {
        // Relaxed: a hint. Read too early it costs one record on the fallback block.
        if self.available.0.load(Ordering::Relaxed) == 0 {
            return None;
        }
        let lease = self.slots.iter().enumerate().find_map(|(index, slot)| self.lease_slot(index, slot))?;
        self.available.0.fetch_sub(1, Ordering::Relaxed);
        Some(lease)
    }

    fn lease_slot(&self, index: usize, slot: &Slot) -> Option<Lease> {
        // (SEE) pairs with (CREATE).
        let seen = slot.block.load(order!(Acquire, "block_seen"));
        if seen.is_null() {
            return self.create(index, slot);
        }
        // SAFETY: not null, so from `Arc::into_raw` in `create`; the slot keeps its share until the pool is
        // dropped, and `self` is borrowed.
        let leasable = unsafe { &*seen };
        // Relaxed first: a leased block is not worth a compare-exchange.
        if leasable.leased.load(Ordering::Relaxed) || !leasable.take() {
            return None;
        }
        // SAFETY: as above; the new share is the lease's own.
        let leased = unsafe {
            Arc::increment_strong_count(seen);
            Arc::from_raw(seen)
        };
        Some(Lease { leased })
    }

    fn create(&self, index: usize, slot: &Slot) -> Option<Lease> {
        let block = Block::new(index, self.layout).ok()?;
        let leased =
            Arc::new(Leasable { leased: AtomicBool::new(true), block, available: self.available.clone() });
        let raw = Arc::into_raw(leased.clone()).cast_mut();
        // (CREATE) pairs with (SEE).
        let created = order!(Release, "block_created");
        match slot.block.compare_exchange(ptr::null_mut(), raw, created, Ordering::Relaxed) {
            Ok(_) => Some(Lease { leased }),
            Err(_) => {
                // SAFETY: the share that was to go into the slot, which another thread filled first.
                drop(unsafe { Arc::from_raw(raw) });
                None
            }
        }
    }

    /// Where threads record that have no block of their own.
    pub(crate) fn fallback(&self) -> &Block {
        &self.fallback
    }

    /// The block at a place of the pool; the last place is the fallback's.
    #[inline]
    pub(crate) fn block(&self, index: usize) -> Option<&Block> {
        let Some(slot) = self.slots.get(index) else {
            return (index == self.slots.len()).then_some(&self.fallback);
        };
        // (SEE) pairs with (CREATE).
        let seen = slot.block.load(order!(Acquire, "block_seen"));
        // SAFETY: null or from `Arc::into_raw` in `create`; the slot keeps its share while `self` lives.
        unsafe { seen.as_ref() }.map(|leasable| &leasable.block)
    }

    /// A pin that the collector saw has not ended. What the many writers of the fallback block hold cannot be told
    /// apart: theirs have ended when none is left.
    pub(crate) fn pin_lasts(&self, index: usize, token: u64) -> bool {
        let Some(block) = self.block(index) else {
            return true;
        };
        match block.pinned() {
            None => false,
            Some(now) => index == self.slots.len() || now == token,
        }
    }

    /// Every block that exists, the fallback last.
    pub(crate) fn blocks(&self) -> impl Iterator<Item = &Block> {
        (0..=self.slots.len()).filter_map(|index| self.block(index))
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if seeded("lease_lost") {
            return;
        }
        // (RETURN) pairs with (LEASE).
        self.leased.leased.store(false, order!(Release, "lease_returned"));
        self.leased.available.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        for slot in &mut self.slots {
            let raw = slot.block.load(Ordering::Relaxed);
            if !raw.is_null() {
                // SAFETY: the share that `create` put into the slot, taken out once, here.
                drop(unsafe { Arc::from_raw(raw) });
            }
        }
    }
}

#[cfg(all(test, not(foreshock_loom)))]
mod tests {
    use super::*;
    use crate::record::outcome::Outcome;
    use crate::record::writer::Writer;

    const LAYOUT: Layout =
        Layout { paths: 2, components: 2, types: 6, ring_events: 2, open_attempts: 2, track_latency: false };

    #[test]
    fn blocks_are_created_up_to_the_limit_and_used_again() {
        let pool = Pool::new(2, LAYOUT).unwrap();
        let first = pool.lease().unwrap();
        let second = pool.lease().unwrap();
        assert!(pool.lease().is_none());
        Writer::Sole(first.block()).count_outcome(0, Outcome::Success);
        drop(first);
        let again = pool.lease().unwrap();
        assert_eq!(again.block().index, 0);
        Writer::Sole(again.block()).count_outcome(0, Outcome::Success);
        assert_eq!(again.block().paths[0].outcome(Outcome::Success), 2);
        assert_eq!(pool.blocks().count(), 3);
        drop(second);
    }

    #[test]
    fn short_lived_threads_continue_each_others_blocks() {
        let pool = Pool::new(4, LAYOUT).unwrap();
        let threads = if cfg!(miri) { 8 } else { 1_000 };
        for _ in 0..threads / 4 {
            std::thread::scope(|scope| {
                for _ in 0..4 {
                    scope.spawn(|| {
                        let lease = pool.lease().expect("never more than four at once");
                        Writer::Sole(lease.block()).count_outcome(1, Outcome::Error);
                    });
                }
            });
        }
        let total: u64 = pool.blocks().map(|block| block.paths[1].outcome(Outcome::Error)).sum();
        assert_eq!(total, threads / 4 * 4);
    }

    #[test]
    fn a_lease_outlives_its_pool() {
        let pool = Pool::new(1, LAYOUT).unwrap();
        let lease = pool.lease().unwrap();
        assert!(!lease.is_orphan());
        drop(pool);
        assert!(lease.is_orphan());
        Writer::Sole(lease.block()).count_outcome(0, Outcome::Success);
    }
}
