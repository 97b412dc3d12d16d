//! The one module that knows loom.
//!
//! Everything else takes its atomics, its shared pointers to data under test and its two-sided fence from
//! here, so that `--cfg foreshock_loom` swaps them all at once. The cfg is our own: a bare `cfg(loom)` would
//! reach the dependencies too.

#[cfg(foreshock_loom)]
pub(crate) use loom::hint::spin_loop as spin_hint;
#[cfg(foreshock_loom)]
pub(crate) use loom::sync::atomic::{AtomicI64, AtomicPtr, AtomicU8, AtomicU32, AtomicU64, Ordering};
#[cfg(not(foreshock_loom))]
pub(crate) use std::hint::spin_loop as spin_hint;
#[cfg(not(foreshock_loom))]
pub(crate) use std::sync::atomic::{AtomicI64, AtomicPtr, AtomicU8, AtomicU32, AtomicU64, Ordering};

/// Thread-locals, which under loom are those of the model's threads.
#[cfg(foreshock_loom)]
macro_rules! model_local {
    ($(static $name:ident: $kind:ty = const $value:block;)*) => {
        $(loom::thread_local! { static $name: $kind = $value; })*
    };
}
#[cfg(foreshock_loom)]
pub(crate) use model_local as thread_local;
#[cfg(not(foreshock_loom))]
pub(crate) use std::thread_local;

/// Bugs that a test switches on by name, to see whether it is noticed: `ci/teeth` builds with `--cfg foreshock_seeded` and
/// names one at a time in `FORESHOCK_SEED`. In every other build the answer is a constant.
#[cfg(not(foreshock_seeded))]
#[inline(always)]
pub(crate) const fn seeded(_bug: &str) -> bool {
    false
}

#[cfg(foreshock_seeded)]
pub(crate) fn seeded(bug: &str) -> bool {
    static NAMED: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    NAMED.get_or_init(|| std::env::var("FORESHOCK_SEED").unwrap_or_default()) == bug
}

/// `order!(Release, "...")` is `Ordering::Release`, and `Relaxed` where that bug is seeded.
#[cfg(not(foreshock_seeded))]
macro_rules! order {
    ($ordering:ident, $bug:literal) => {
        $crate::sync::Ordering::$ordering
    };
}

#[cfg(foreshock_seeded)]
macro_rules! order {
    ($ordering:ident, $bug:literal) => {
        if $crate::sync::seeded($bug) {
            $crate::sync::Ordering::Relaxed
        } else {
            $crate::sync::Ordering::$ordering
        }
    };
}
pub(crate) use order;

/// Stands for memory that one thread at a time may write, and none may read meanwhile. Nothing in a normal build; under loom,
/// Miri and ThreadSanitizer a piece of plain memory, so that they report an access that is not ordered after the last.
///
/// It sees what atomics hide: a load of an atomic that sinks below a later store is no race, and loom runs loads in program
/// order.
#[derive(Default)]
pub(crate) struct Witness(witness::Cell);

impl Witness {
    #[inline(always)]
    pub(crate) fn read(&self) {
        witness::read(&self.0);
    }

    #[inline(always)]
    pub(crate) fn write(&self) {
        witness::write(&self.0);
    }
}

#[cfg(foreshock_loom)]
mod witness {
    #[derive(Default)]
    pub(super) struct Cell(loom::cell::UnsafeCell<()>);

    // SAFETY: loom reports a race on it; there is nothing in it to be torn.
    unsafe impl Sync for Cell {}

    pub(super) fn read(cell: &Cell) {
        cell.0.with(|_| ());
    }

    pub(super) fn write(cell: &Cell) {
        cell.0.with_mut(|_| ());
    }
}

#[cfg(all(not(foreshock_loom), any(miri, foreshock_seeded)))]
mod witness {
    #[derive(Default)]
    pub(super) struct Cell(std::cell::UnsafeCell<u64>);

    // SAFETY: a race on it is what it is there to show, and happens in tests only.
    unsafe impl Sync for Cell {}

    pub(super) fn read(cell: &Cell) {
        // SAFETY: the pointer is that of a cell; whether another thread writes it meanwhile is the question asked.
        let _ = unsafe { cell.0.get().read_volatile() };
    }

    pub(super) fn write(cell: &Cell) {
        // SAFETY: as above.
        unsafe { cell.0.get().write_volatile(1) };
    }
}

#[cfg(not(any(foreshock_loom, miri, foreshock_seeded)))]
mod witness {
    pub(super) type Cell = ();

    #[inline(always)]
    pub(super) fn read(_: &Cell) {}

    #[inline(always)]
    pub(super) fn write(_: &Cell) {}
}

/// Atomics that live in a `static`. loom's cannot, and none of these takes part in a model.
pub(crate) mod process_wide {
    pub(crate) use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
}

/// A two-sided fence: free where it is executed often, dear where it is executed rarely.
///
/// `light` on one thread and `heavy` on another order as two `SeqCst` fences would: of two threads that each
/// store one word, pass their fence and load the other's word, at least one sees the other's store.
/// On Linux `heavy` is `membarrier(PRIVATE_EXPEDITED)`, which runs a full barrier on every core that executes
/// this process, so `light` need only keep the compiler from reordering. Elsewhere, and under loom and Miri,
/// both are `SeqCst` fences.
pub(crate) mod two_sided_fence {
    #[cfg(all(target_os = "linux", not(foreshock_loom), not(miri)))]
    mod imp {
        use super::super::seeded;
        use std::sync::atomic::{Ordering, compiler_fence};

        // linux/membarrier.h
        const PRIVATE_EXPEDITED: libc::c_int = 1 << 3;
        const REGISTER_PRIVATE_EXPEDITED: libc::c_int = 1 << 4;

        fn membarrier(command: libc::c_int) -> bool {
            // SAFETY: the call takes three integers and touches no memory of ours.
            unsafe { libc::syscall(libc::SYS_membarrier, command, 0, 0) == 0 }
        }

        pub(crate) fn register() -> bool {
            membarrier(REGISTER_PRIVATE_EXPEDITED)
        }

        #[inline(always)]
        pub(crate) fn light() {
            if !seeded("light_fence_missing") {
                compiler_fence(Ordering::SeqCst);
            }
        }

        pub(crate) fn heavy() -> bool {
            seeded("heavy_fence_missing") || membarrier(PRIVATE_EXPEDITED)
        }
    }

    #[cfg(not(all(target_os = "linux", not(foreshock_loom), not(miri))))]
    mod imp {
        use super::super::{Ordering, seeded};

        #[cfg(foreshock_loom)]
        use loom::sync::atomic::fence;
        #[cfg(not(foreshock_loom))]
        use std::sync::atomic::fence;

        pub(crate) fn register() -> bool {
            true
        }

        #[inline(always)]
        pub(crate) fn light() {
            if !seeded("light_fence_missing") {
                fence(Ordering::SeqCst);
            }
        }

        pub(crate) fn heavy() -> bool {
            if !seeded("heavy_fence_missing") {
                fence(Ordering::SeqCst);
            }
            true
        }
    }

    /// Makes `heavy` usable in this process; false where the kernel has no such call.
    pub(crate) use imp::register;

    /// The side that is executed often.
    pub(crate) use imp::light;

    /// The side that is executed rarely. False if the kernel refused: nothing may then be concluded.
    pub(crate) use imp::heavy;
}
