//! Time of a single call.

use std::time::Instant;

/// The processor's time-stamp counter, read between two fences: an instruction before the reading is done by then, and none
/// after it has begun. Without them the processor reads the counter while the call is still under way. `quanta` reads
/// it without a fence, which is right for what it is for and wrong here.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
pub(crate) fn reading() -> u64 {
    use std::arch::x86_64::{_mm_lfence, _rdtsc};
    // SAFETY: every x86-64 processor has both instructions.
    unsafe {
        _mm_lfence();
        let reading = _rdtsc();
        _mm_lfence();
        reading
    }
}

/// Nanoseconds of the system's monotonic clock, where there is no such counter that every program may read.
#[cfg(not(target_arch = "x86_64"))]
#[inline(always)]
pub(crate) fn reading() -> u64 {
    use std::sync::LazyLock;
    static ORIGIN: LazyLock<Instant> = LazyLock::new(Instant::now);
    ORIGIN.elapsed().as_nanos() as u64
}

/// What a tick of the counter is, by the system's clock over the whole run.
pub(crate) struct Timer {
    began_at: Instant,
    began: u64,
}

impl Timer {
    pub(crate) fn start() -> Self {
        Self { began_at: Instant::now(), began: reading() }
    }

    pub(crate) fn ns_per_tick(&self) -> f64 {
        self.began_at.elapsed().as_nanos() as f64 / (reading() - self.began) as f64
    }
}
