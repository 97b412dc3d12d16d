//! Time: the processor's counter in production, a hand-turned one in tests.

use crate::sync::process_wide::{AtomicU64, Ordering};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Every clock starts this far from zero, so that it can be turned back and so that 0 can mean "never".
const ORIGIN_NS: u64 = 100 * 24 * 3_600 * 1_000_000_000;

/// A manual clock goes no further: the largest stamp of all stands for an attempt that was refused.
const END_NS: u64 = u64::MAX - 1;

/// Where a [`Monitor`](crate::Monitor) takes its time from.
///
/// The default reads the processor's time-stamp counter (through `quanta`, which falls back to
/// `CLOCK_MONOTONIC` where the counter is not invariant). [`Clock::manual`] gives a clock that only moves when
/// it is told to, with the handle that moves it.
///
/// ```
/// use std::time::Duration;
/// let (clock, time) = foreshock::Clock::manual();
/// let monitor = foreshock::Monitor::builder().clock(clock).manual().start()?;
/// monitor.record_timeout("bucket/a");
/// assert_eq!(monitor.health("bucket/a"), foreshock::LockHealth::Degraded);
/// time.advance(Duration::from_secs(30));
/// assert_eq!(monitor.health("bucket/a"), foreshock::LockHealth::Healthy);
/// # Ok::<(), foreshock::Error>(())
/// ```
#[derive(Clone)]
pub struct Clock {
    source: Source,
    /// The source's readings are those of [`counter::read`], which then takes its place: one branch instead of three.
    is_counter: bool,
}

#[derive(Clone)]
enum Source {
    Counter { clock: quanta::Clock, origin: u64 },
    Manual(Arc<ManualState>),
}

struct ManualState {
    now_ns: AtomicU64,
    overslept_ns: AtomicU64,
}

impl Clock {
    /// The processor's counter. The first call in a process calibrates it, once, for some milliseconds.
    ///
    /// ```
    /// let clock = foreshock::Clock::system();
    /// let monitor = foreshock::Monitor::builder().clock(clock).start()?;
    /// # Ok::<(), foreshock::Error>(())
    /// ```
    pub fn system() -> Self {
        let clock = quanta::Clock::new();
        let origin = clock.raw();
        Self { is_counter: counter::is_read_by(&clock), source: Source::Counter { clock, origin } }
    }

    /// A clock that moves only by its [`ManualTime`].
    ///
    /// ```
    /// let (clock, time) = foreshock::Clock::manual();
    /// time.advance(std::time::Duration::from_secs(1));
    /// # drop(clock);
    /// ```
    pub fn manual() -> (Self, ManualTime) {
        let state =
            Arc::new(ManualState { now_ns: AtomicU64::new(ORIGIN_NS), overslept_ns: AtomicU64::new(0) });
        (Self { source: Source::Manual(state.clone()), is_counter: false }, ManualTime(state))
    }

    /// A point in time in the clock's own unit: what the recording path stores.
    #[inline(always)]
    pub(crate) fn stamp(&self) -> Stamp {
        if self.is_counter { Stamp(counter::read()) } else { self.stamp_of_source() }
    }

    #[inline(never)]
    fn stamp_of_source(&self) -> Stamp {
        match &self.source {
            Source::Counter { clock, .. } => Stamp(clock.raw()),
            // Relaxed: time is data here; who needs an order between threads gets it elsewhere.
            Source::Manual(state) => Stamp(state.now_ns.load(Ordering::Relaxed)),
        }
    }

    /// Nanoseconds of a stamp on this clock's scale.
    #[inline]
    pub(crate) fn nanos(&self, stamp: Stamp) -> u64 {
        match &self.source {
            // A stamp from before the origin is clamped to it.
            Source::Counter { clock, origin } => {
                ORIGIN_NS.saturating_add(clock.delta_as_nanos(*origin, stamp.0))
            }
            Source::Manual(_) => stamp.0,
        }
    }

    /// Nanoseconds from `start` to `end`; 0 if time ran backwards between them.
    #[inline(always)]
    pub(crate) fn elapsed_ns(&self, start: Stamp, end: Stamp) -> u64 {
        match &self.source {
            Source::Counter { clock, .. } => clock.delta_as_nanos(start.0, end.0),
            Source::Manual(_) => end.0.saturating_sub(start.0),
        }
    }

    /// Nanoseconds of a difference in the clock's own unit.
    pub(crate) fn ticks_to_ns(&self, ticks: u64) -> u64 {
        self.elapsed_ns(Stamp(0), Stamp(ticks))
    }

    /// Reading this clock costs no more than reading a word of memory.
    pub(crate) fn is_manual(&self) -> bool {
        matches!(self.source, Source::Manual(_))
    }

    /// How long the process was starved according to a manual clock, asked once per tick.
    pub(crate) fn take_overslept_ns(&self) -> Option<u64> {
        match &self.source {
            Source::Counter { .. } => None,
            Source::Manual(state) => Some(state.overslept_ns.swap(0, Ordering::Relaxed)),
        }
    }
}

/// The processor's counter, read by one instruction.
#[cfg(all(target_arch = "x86_64", not(miri)))]
mod counter {
    #[inline(always)]
    pub(super) fn read() -> u64 {
        // SAFETY: every x86-64 has the instruction, and it touches no memory.
        unsafe { core::arch::x86_64::_rdtsc() }
    }

    /// A reading of the clock lies between two of ours only if it is one of the same counter: the other thing that it may be,
    /// nanoseconds, is elsewhere.
    pub(super) fn is_read_by(clock: &quanta::Clock) -> bool {
        let (before, reading, after) = (read(), clock.raw(), read());
        (before..=after).contains(&reading)
    }
}

#[cfg(not(all(target_arch = "x86_64", not(miri))))]
mod counter {
    pub(super) fn read() -> u64 {
        0
    }

    pub(super) fn is_read_by(_clock: &quanta::Clock) -> bool {
        false
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.source {
            Source::Counter { .. } => "Clock::system",
            Source::Manual(_) => "Clock::manual",
        })
    }
}

/// A reading in the clock's own unit (counter ticks, or nanoseconds of a manual clock). Never 0 in practice:
/// 0 stands for "never" where one is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp(pub(crate) u64);

/// Turns a manual [`Clock`]. All clones turn the same clock.
///
/// ```
/// use std::time::Duration;
/// let (_clock, time) = foreshock::Clock::manual();
/// time.advance(Duration::from_secs(30));
/// time.rewind(Duration::from_secs(1));
/// ```
#[derive(Clone)]
pub struct ManualTime(Arc<ManualState>);

impl ManualTime {
    /// Time passes, for 584 years at most.
    ///
    /// ```
    /// let (_clock, time) = foreshock::Clock::manual();
    /// time.advance(std::time::Duration::from_millis(50));
    /// ```
    pub fn advance(&self, by: Duration) {
        self.shift(|now| now.saturating_add(nanos(by)).min(END_NS));
    }

    /// The clock jumps backwards, at most to 100 days before its start.
    ///
    /// ```
    /// let (_clock, time) = foreshock::Clock::manual();
    /// time.rewind(std::time::Duration::from_secs(86_400));
    /// ```
    pub fn rewind(&self, by: Duration) {
        self.shift(|now| now.saturating_sub(nanos(by)).max(1));
    }

    /// Time passes while the whole process stands still: the next tick finds that it overslept by this much.
    ///
    /// ```
    /// use std::time::Duration;
    /// let (clock, time) = foreshock::Clock::manual();
    /// let monitor = foreshock::Monitor::builder().clock(clock).manual().start()?;
    /// time.oversleep(Duration::from_secs(6));
    /// monitor.tick();
    /// assert_eq!(monitor.statistics().local_pauses, 1);
    /// # Ok::<(), foreshock::Error>(())
    /// ```
    pub fn oversleep(&self, by: Duration) {
        self.advance(by);
        self.0.overslept_ns.fetch_add(nanos(by), Ordering::Relaxed);
    }

    fn shift(&self, to: impl Fn(u64) -> u64) {
        let _ = self.0.now_ns.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |now| Some(to(now)));
    }
}

impl fmt::Debug for ManualTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ManualTime")
    }
}

/// Whole nanoseconds of a duration, saturating after 584 years.
pub(crate) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
