//! From a thread to its block.
//!
//! Two thread-locals. `LAST` is what a record reads: the monitor this thread recorded to last and the block it
//! has there, with no destructor, so that each word of it is one load. `LEASES` owns the leases, one for each
//! monitor, and gives them back when the thread ends; while and after it is destroyed `LAST` is empty and records
//! go to the fallback block.

use super::block::Block;
use super::cell::PathRef;
use super::counters::PathCounters;
use super::pool::Lease;
use super::shared::Shared;
use super::writer::Writer;
use crate::sync::{Ordering, seeded, thread_local};
use std::cell::{Cell, RefCell};
use std::ptr;

#[derive(Clone, Copy)]
struct Last {
    /// Number of a monitor, 0 = none. Compared with `Shared::live` and `PathCell::calm`, which are never 0.
    monitor: u64,
    block: *const Block,
    /// The counters of that block, by path.
    counters: *const PathCounters,
}

const NO_MONITOR: Last = Last { monitor: 0, block: ptr::null(), counters: ptr::null() };

thread_local! {
    static LAST: Cell<Last> = const { Cell::new(NO_MONITOR) };
    static LEASES: Leases = const { Leases(RefCell::new(Vec::new())) };
}

struct Leases(RefCell<Vec<(u64, Lease)>>);

impl Drop for Leases {
    fn drop(&mut self) {
        // Before the leases go, so that no record finds a block that is not this thread's any more.
        if !seeded("last_kept") {
            forget_last();
        }
    }
}

/// The block that this thread recorded to last, if it was this monitor's and the monitor still records.
#[inline(always)]
pub(crate) fn own_block(shared: &Shared) -> Option<&Block> {
    let last = LAST.with(Cell::get);
    // Relaxed: the number is compared, nothing is read on its strength. After shutdown it matches no thread's.
    if last.monitor != shared.live.load(Ordering::Relaxed) {
        return None;
    }
    // SAFETY: `LAST` was set by `any_writer` together with this monitor's number, to a block of the monitor's pool,
    // and numbers are never used twice. The pool frees no block while it lives, and `shared` is borrowed for as long
    // as the result. `live` is never 0, so an empty `LAST` does not get here.
    Some(unsafe { &*last.block })
}

/// What a record on a calm path needs of this thread's block.
#[derive(Clone, Copy)]
pub(crate) struct Own<'a> {
    block: *const Block,
    counters: *const PathCounters,
    path: &'a PathRef,
}

/// This thread's block, if it records to the monitor of the path and the path is calm.
#[inline(always)]
pub(crate) fn calm(path: &PathRef) -> Option<Own<'_>> {
    let last = LAST.with(Cell::get);
    // Relaxed inside: the number is compared, nothing is read on its strength.
    (last.monitor == path.cell().calm.word()).then_some(Own {
        block: last.block,
        counters: last.counters,
        path,
    })
}

impl<'a> Own<'a> {
    #[inline(always)]
    pub(crate) fn block(self) -> &'a Block {
        // SAFETY: the word of the cell was even and not 0, so it is the number of the monitor that the cell belongs to. As
        // in `own_block` the block is of that monitor's pool, which lives as long as the cell.
        unsafe { &*self.block }
    }

    /// The block's counters of the path.
    #[inline(always)]
    pub(crate) fn counters(self) -> &'a PathCounters {
        // SAFETY: as in `block`. Every block of a monitor has counters for every number of a path of it, and a
        // `PathRef` holds only those.
        unsafe { &*self.counters.add(self.path.number() as usize) }
    }
}

/// The long way: finds or takes this thread's lease, or falls back to the shared block; `None` where the monitor
/// records no more.
#[cold]
#[inline(never)]
pub(crate) fn any_writer(shared: &Shared) -> Option<Writer<'_>> {
    if !shared.is_live() {
        return None;
    }
    // SAFETY: this thread's, which is here and does not end.
    let leases = unsafe { leases_of_this_thread().as_ref() };
    let leased = leases.and_then(|leases| leases.block_of(shared));
    let own = leased.and_then(|index| shared.pool.block(index));
    Some(match own {
        Some(block) => {
            set_last(Last { monitor: shared.id, block, counters: block.paths.as_ptr() });
            Writer::Sole(block)
        }
        None => Writer::Shared(shared.pool.fallback()),
    })
}

/// Null while and after this thread's leases are given back.
///
/// The first call on a thread has the standard library register a destructor. It gives that to the C library where that takes
/// it, and else to a list of its own, which panics where it would hold more than an address space does. `extern "C"` says that
/// nothing is unwound from here.
extern "C" fn leases_of_this_thread() -> *const Leases {
    LEASES.try_with(ptr::from_ref).unwrap_or(ptr::null())
}

impl Leases {
    /// The place in its pool of the block that this thread has, or can get, at a monitor.
    fn block_of(&self, shared: &Shared) -> Option<usize> {
        // Not free only if the host's allocator records, below us on this very stack.
        let mut leases = self.0.try_borrow_mut().ok()?;
        if let Some((_, lease)) = leases.iter().find(|(monitor, _)| *monitor == shared.id) {
            return Some(lease.block().index);
        }
        forget_orphans(&mut leases);
        leases.try_reserve(1).ok()?;
        let lease = shared.pool.lease()?;
        let index = lease.block().index;
        // Not `push`, which would grow the table, and where it cannot, abort.
        leases.spare_capacity_mut().first_mut()?.write((shared.id, lease));
        let len = leases.len() + 1;
        // SAFETY: the place behind the last was there, and has just been written.
        unsafe { leases.set_len(len) };
        Some(index)
    }
}

/// Drops what monitors left behind that are gone.
fn forget_orphans(leases: &mut Vec<(u64, Lease)>) {
    if leases.iter().any(|(_, lease)| lease.is_orphan()) {
        forget_last();
        leases.retain(|(_, lease)| !lease.is_orphan());
    }
}

/// In a child after `fork`: the one thread there is must ask again before it records.
pub(crate) fn forget_last() {
    set_last(NO_MONITOR);
}

fn set_last(last: Last) {
    // It has no destructor, and so never fails; under loom every thread-local goes when its thread ends.
    let _ = LAST.try_with(|own| own.set(last));
}
