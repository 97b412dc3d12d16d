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
            compiler_fence(Ordering::SeqCst);
        }

        pub(crate) fn heavy() -> bool {
            membarrier(PRIVATE_EXPEDITED)
        }
    }

    #[cfg(not(all(target_os = "linux", not(foreshock_loom), not(miri))))]
    mod imp {
        use super::super::Ordering;

        #[cfg(foreshock_loom)]
        use loom::sync::atomic::fence;
        #[cfg(not(foreshock_loom))]
        use std::sync::atomic::fence;

        pub(crate) fn register() -> bool {
            true
        }

        #[inline(always)]
        pub(crate) fn light() {
            fence(Ordering::SeqCst);
        }

        pub(crate) fn heavy() -> bool {
            fence(Ordering::SeqCst);
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
