//! The blocks of a monitor, and their leases.
//!
//! A block is created when a thread first needs one and none is free, up to the limit, and is never destroyed
//! while the monitor lives: the next thread continues where the last one stopped, so thread churn loses no
//! count and grows no memory.
//!
//! # Orderings
//!
//! | `state` | whose the block is |
//! |---|---|
//! | `FREE` | the pool's; whoever leases it next |
//! | `LEASED` | the pool's, written by the thread that holds the lease |
//! | `ORPHAN` with `LEASED` | the lease's: the pool is gone, and the block goes with the lease |
//!
//! (RETURN) a lease is given back by a Release change of `state`; pairs with (LEASE), the Acquire part of the
//! compare-exchange that takes it again: the next writer sees every plain store of the last one. Of a pool and a lease that
//! end at one time the second in the order of that word finds the other's bit, and frees the block; (END), the Acquire
//! parts, have it see what the first one did.
//! (CREATE) a new block is published with Release; pairs with (SEE), the Acquire load of its pointer.

use super::block::{Block, Layout};
use super::boxed::{NoMemory, boxed, boxed_one, room_for_small};
use crate::sync::{AtomicPtr, AtomicU8, AtomicU32, Ordering, order, seeded};
use std::ptr::{self, NonNull};
use std::sync::Arc;

pub(crate) struct Pool {
    slots: Box<[Slot]>,
    fallback: Box<Block>,
    layout: Layout,
    available: Arc<Available>,
}

/// How many blocks could be leased now: a hint that spares the scan when it is 0. Shared with the leases,
/// which may outlive the pool.
struct Available(AtomicU32);

struct Slot {
    /// From `Box::into_raw`, or null.
    block: AtomicPtr<Leasable>,
}

/// A block and its state, in one allocation that outlives the monitor while a thread holds the lease.
struct Leasable {
    state: AtomicU8,
    block: Block,
    available: Arc<Available>,
}

const FREE: u8 = 0;
const LEASED: u8 = 1;
const ORPHAN: u8 = 2;

impl Leasable {
    /// False if another thread was first.
    fn take(&self) -> bool {
        if seeded("lease_stored") {
            self.state.store(LEASED, Ordering::Release);
            return true;
        }
        // (LEASE) pairs with (RETURN).
        let taken = order!(Acquire, "lease_taken");
        self.state.compare_exchange(FREE, LEASED, taken, Ordering::Relaxed).is_ok()
    }
}

/// The exclusive right to write one block; given back on drop.
pub(crate) struct Lease {
    leased: NonNull<Leasable>,
}

// SAFETY: it gives out shared references to a `Leasable`, which is `Sync`, and frees one, which is `Send`.
unsafe impl Send for Lease {}
// SAFETY: as above.
unsafe impl Sync for Lease {}

impl Lease {
    fn leased(&self) -> &Leasable {
        // SAFETY: from `Box::into_raw` in `create`; it is freed with the lease or later.
        unsafe { self.leased.as_ref() }
    }

    pub(crate) fn block(&self) -> &Block {
        &self.leased().block
    }

    /// The monitor that the block belonged to is gone.
    pub(crate) fn is_orphan(&self) -> bool {
        // Relaxed: seen late, it is an orphan a little later.
        self.leased().state.load(Ordering::Relaxed) & ORPHAN != 0
    }
}

impl Pool {
    pub(crate) fn new(max_threads: usize, layout: Layout) -> Result<Self, NoMemory> {
        let slots = boxed("blocks", max_threads, || Slot { block: AtomicPtr::new(ptr::null_mut()) })?;
        let fallback = boxed_one("a block", Block::new(max_threads, layout)?)?;
        room_for_small()?;
        let available = Arc::new(Available(AtomicU32::new(max_threads as u32)));
        Ok(Self { slots, fallback, layout, available })
    }

    /// A block for this thread alone; `None` when all are leased or there is no memory for another.
    pub(crate) fn lease(&self) -> Option<Lease> {
        // Relaxed: a hint. Read too early it costs one record on the fallback block.
        if self.available.0.load(Ordering::Relaxed) == 0 {
            return None;
        }
        for (index, slot) in self.slots.iter().enumerate() {
            if let Some(lease) = self.lease_slot(index, slot).ok()? {
                self.available.0.fetch_sub(1, Ordering::Relaxed);
                return Some(lease);
            }
        }
        None
    }

    /// `None` if another thread has it. No memory for a new block ends the search: the slots behind are empty too.
    fn lease_slot(&self, index: usize, slot: &Slot) -> Result<Option<Lease>, NoMemory> {
        // (SEE) pairs with (CREATE).
        let Some(seen) = NonNull::new(slot.block.load(order!(Acquire, "block_seen"))) else {
            return self.create(index, slot);
        };
        // SAFETY: from `Box::into_raw` in `create`; it is freed when the pool is dropped or later, and `self` is borrowed.
        let leasable = unsafe { seen.as_ref() };
        // Relaxed first: a leased block is not worth a compare-exchange.
        if leasable.state.load(Ordering::Relaxed) != FREE || !leasable.take() {
            return Ok(None);
        }
        Ok(Some(Lease { leased: seen }))
    }

    fn create(&self, index: usize, slot: &Slot) -> Result<Option<Lease>, NoMemory> {
        let block = Block::new(index, self.layout)?;
        let leasable = Leasable { state: AtomicU8::new(LEASED), block, available: self.available.clone() };
        let raw = Box::into_raw(boxed_one("a block", leasable)?);
        // (CREATE) pairs with (SEE).
        let created = order!(Release, "block_created");
        match slot.block.compare_exchange(ptr::null_mut(), raw, created, Ordering::Relaxed) {
            Ok(_) => Ok(NonNull::new(raw).map(|leased| Lease { leased })),
            Err(_) => {
                // SAFETY: it was made above, and another thread filled the slot first: nobody has seen it.
                drop(unsafe { Box::from_raw(raw) });
                Ok(None)
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
            return (index == self.slots.len()).then_some(&*self.fallback);
        };
        // (SEE) pairs with (CREATE).
        let seen = slot.block.load(order!(Acquire, "block_seen"));
        // SAFETY: null or from `Box::into_raw` in `create`; it is not freed while `self` lives.
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

    /// What the pool and each of its blocks hold a share of.
    #[cfg(test)]
    pub(crate) fn held(&self) -> std::sync::Weak<dyn std::any::Any + Send + Sync> {
        let held: Arc<dyn std::any::Any + Send + Sync> = self.available.clone();
        Arc::downgrade(&held)
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
        let leased = self.leased();
        leased.available.0.fetch_add(1, Ordering::Relaxed);
        // (RETURN) pairs with (LEASE). From here on it may be another thread's, or be freed by the pool. Acquire: (END).
        let state = if seeded("lease_end_stored") {
            let state = leased.state.load(Ordering::Acquire);
            leased.state.store(state & !LEASED, Ordering::Release);
            state
        } else {
            leased.state.fetch_and(!LEASED, order!(AcqRel, "lease_returned"))
        };
        if state & ORPHAN != 0 {
            // SAFETY: from `Box::into_raw` in `create`. The pool is gone and has left it to this lease.
            drop(unsafe { Box::from_raw(self.leased.as_ptr()) });
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        for slot in &mut self.slots {
            let Some(seen) = NonNull::new(slot.block.load(Ordering::Relaxed)) else { continue };
            // SAFETY: from `Box::into_raw` in `create`. A lease leaves it to the pool until it finds the pool's bit.
            let state = unsafe { &seen.as_ref().state };
            // (END) AcqRel: pairs with (RETURN), and with the Acquire part of it.
            if state.fetch_or(ORPHAN, order!(AcqRel, "pool_end")) & LEASED == 0 {
                // SAFETY: as above; no thread holds a lease, nor can get one from here on.
                drop(unsafe { Box::from_raw(seen.as_ptr()) });
            }
        }
    }
}

#[cfg(all(test, not(foreshock_loom)))]
mod tests {
    use super::*;
    use crate::record::outcome::Outcome;
    use crate::record::writer::Writer;

    const LAYOUT: Layout = Layout { paths: 2, ring_events: 2, open_attempts: 2, track_latency: false };

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
