//! An allocator that counts: what this thread allocates, and what the whole process holds.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicIsize, Ordering};

pub(crate) struct Counting;

static HELD_BYTES: AtomicIsize = AtomicIsize::new(0);
static PEAK_BYTES: AtomicIsize = AtomicIsize::new(0);

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

/// Bytes allocated and not freed, in the whole process.
pub(crate) fn held_bytes() -> isize {
    HELD_BYTES.load(Ordering::Relaxed)
}

/// The most that was held at one time since [`restart_peak`].
pub(crate) fn peak_bytes() -> isize {
    PEAK_BYTES.load(Ordering::Relaxed)
}

/// The peak is what is held now.
pub(crate) fn restart_peak() {
    PEAK_BYTES.store(held_bytes(), Ordering::Relaxed);
}

/// Allocations, growths and frees that this thread made so far.
pub(crate) fn allocations() -> u64 {
    ALLOCATIONS.get()
}

fn count(bytes: isize) {
    let before = HELD_BYTES.fetch_add(bytes, Ordering::Relaxed);
    PEAK_BYTES.fetch_max(before + bytes, Ordering::Relaxed);
    // No destructor, so it can be reached at any time of a thread's life.
    ALLOCATIONS.set(ALLOCATIONS.get() + 1);
}

// SAFETY: every call is handed to the system's allocator unchanged; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: the caller keeps the contract of `alloc_zeroed`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(place, layout) }
    }

    unsafe fn realloc(&self, place: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        count(new_size as isize - layout.size() as isize);
        // SAFETY: the caller keeps the contract of `realloc`.
        unsafe { System.realloc(place, layout, new_size) }
    }
}
