//! From a thread to its block.
//!
//! Two thread-locals. `LAST` is what a record reads: the monitor this thread recorded to last and the block it
//! has there, with no destructor, so that reading it is one load. `LEASES` owns the leases, one for each
//! monitor, and gives them back when the thread ends; while and after it is destroyed `LAST` is empty and records
//! go to the fallback block.

use super::block::{Block, Writer};
use super::pool::Lease;
use super::shared::Shared;
use crate::sync::Ordering;
use std::cell::{Cell, RefCell};
use std::ptr;

#[derive(Clone, Copy)]
struct Last {
    /// Number of a monitor, 0 = none. Compared with `Shared::live`, which is never 0.
    monitor: u64,
    block: *const Block,
}

const NO_MONITOR: Last = Last { monitor: 0, block: ptr::null() };

thread_local! {
    static LAST: Cell<Last> = const { Cell::new(NO_MONITOR) };
    static LEASES: Leases = const { Leases(RefCell::new(Vec::new())) };
}

struct Leases(RefCell<Vec<(u64, Lease)>>);

impl Drop for Leases {
    fn drop(&mut self) {
        // Before the leases go, so that no record finds a block that is not this thread's any more.
        LAST.set(NO_MONITOR);
    }
}

/// Runs `record` with the right to write a block; `None` where the monitor records no more.
#[inline(always)]
pub(crate) fn with_writer<R>(shared: &Shared, record: impl FnOnce(Writer<'_>) -> R) -> Option<R> {
    let last = LAST.get();
    // Relaxed: the number is compared, nothing is read on its strength. After shutdown it matches no thread's.
    if last.monitor == shared.live.load(Ordering::Relaxed) {
        // SAFETY: `LAST` names a block only while `LEASES` of this same thread holds the lease for it, which
        // keeps the allocation alive: `first_use` sets both, and `forget` and the destructor of `LEASES`
        // empty `LAST` before a lease is dropped. `live` is never 0, so an empty `LAST` does not get here.
        return Some(record(Writer::Sole(unsafe { &*last.block })));
    }
    without_last(shared, record)
}

#[cold]
#[inline(never)]
fn without_last<R>(shared: &Shared, record: impl FnOnce(Writer<'_>) -> R) -> Option<R> {
    if !shared.is_live() {
        return None;
    }
    let leased = LEASES.try_with(|leases| leases.block_of(shared)).ok().flatten();
    Some(match leased {
        Some(block) => {
            LAST.set(Last { monitor: shared.id, block });
            // SAFETY: `block_of` has just found or stored the lease of this block in `LEASES`, and nothing
            // below drops it before `record` returns.
            record(Writer::Sole(unsafe { &*block }))
        }
        None => record(Writer::Shared(shared.pool.fallback())),
    })
}

impl Leases {
    /// The block that this thread has, or can get, at a monitor.
    fn block_of(&self, shared: &Shared) -> Option<*const Block> {
        // Not free only if the host's allocator records, below us on this very stack.
        let mut leases = self.0.try_borrow_mut().ok()?;
        if let Some((_, lease)) = leases.iter().find(|(monitor, _)| *monitor == shared.id) {
            return Some(lease.block());
        }
        forget_orphans(&mut leases);
        leases.try_reserve(1).ok()?;
        let lease = shared.pool.lease()?;
        let block: *const Block = lease.block();
        leases.push((shared.id, lease));
        Some(block)
    }
}

/// Drops what monitors left behind that are gone.
fn forget_orphans(leases: &mut Vec<(u64, Lease)>) {
    if leases.iter().any(|(_, lease)| lease.is_orphan()) {
        LAST.set(NO_MONITOR);
        leases.retain(|(_, lease)| !lease.is_orphan());
    }
}

/// In a child after `fork`: the one thread there is must ask again before it records.
pub(crate) fn forget_last() {
    LAST.set(NO_MONITOR);
}
