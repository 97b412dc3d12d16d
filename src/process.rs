//! What belongs to the process, not to one monitor: monitor numbers, and what happens at `fork`.

use crate::sync::process_wide::{AtomicU32, AtomicU64, Ordering};

static NEXT_MONITOR: AtomicU64 = AtomicU64::new(2);
static GENERATION: AtomicU32 = AtomicU32::new(0);

/// A number that no monitor of this process had before. Even, and never 0.
pub(crate) fn next_monitor_id() -> u64 {
    NEXT_MONITOR.fetch_add(2, Ordering::Relaxed)
}

/// How many `fork`s lie between the first process and this one. A monitor of another generation is inert: its
/// collector thread did not survive the `fork`.
pub(crate) fn generation() -> u32 {
    GENERATION.load(Ordering::Relaxed)
}

/// Has the operating system tell us of every `fork`. Once per process.
pub(crate) fn watch_forks() {
    #[cfg(all(unix, not(miri)))]
    {
        static ONCE: std::sync::Once = std::sync::Once::new();
        ONCE.call_once(|| {
            // SAFETY: the handler only stores to an atomic and to a thread-local without destructor, both of
            // which are allowed between `fork` and `exec`. It stays valid: it is a function of this program.
            unsafe {
                libc::pthread_atfork(None, None, Some(in_child));
            }
        });
    }
}

#[cfg(all(unix, not(miri)))]
extern "C" fn in_child() {
    GENERATION.fetch_add(1, Ordering::Relaxed);
    crate::record::forget_last();
}
