//! Attempts: with a guard, and announced without one.

use crate::clock::Stamp;
use crate::record::cell::PathRef;
use crate::record::event::Operation;
use crate::record::local::calm;
use crate::record::open::{OpenPlace, Since};
use crate::record::outcome::Outcome;
use crate::record::shared::Shared;
use crate::record::writer::Writer;
use crate::sync::{AtomicU64, Ordering};

/// An attempt's start, as its guard carries it.
#[derive(Clone, Copy)]
pub(crate) struct Begun {
    /// 0 where latency is not tracked.
    start: Stamp,
    /// `None`: its age is not known.
    place: Option<OpenPlace>,
}

impl Begun {
    /// The monitor recorded no more when the attempt began.
    const REFUSED: Self = Self { start: Stamp(u64::MAX), place: None };

    fn is_refused(self) -> bool {
        self.place.is_none() && self.start == Self::REFUSED.start
    }
}

impl Shared {
    /// An attempt with a guard begins.
    #[inline(always)]
    pub(crate) fn begin(&self, path: &PathRef) -> Begun {
        match calm(path) {
            Some(own) => self.begin_with(Writer::Sole(own.block()), path.number()),
            None => self.begin_slowly(path.number()),
        }
    }

    #[inline(never)]
    fn begin_slowly(&self, path: u32) -> Begun {
        self.writer().map_or(Begun::REFUSED, |writer| self.begin_with(writer, path))
    }

    #[inline(always)]
    fn begin_with(&self, writer: Writer<'_>, path: u32) -> Begun {
        let mut start = Stamp(0);
        let mut since = Since::from_bits(self.coarse_since.load(Ordering::Relaxed));
        if since == Since::READ_THE_CLOCK {
            start = self.clock.stamp();
            since = Since::new(start);
        }
        match writer.begin(path, since) {
            Some(place) => Begun { start, place: Some(place) },
            None => Begun { start, place: self.begin_further(writer, path, since) },
        }
    }

    #[cold]
    #[inline(never)]
    fn begin_further(&self, writer: Writer<'_>, path: u32, since: Since) -> Option<OpenPlace> {
        let place = writer.begin_further(path, since);
        if place.is_none() {
            writer.refuse_age();
            if let Some(cell) = self.cell(path) {
                cell.unplaced.fetch_add(1, Ordering::Relaxed);
            }
        }
        place
    }

    /// An attempt with a guard ends, on any thread. One that began after shutdown is counted here as refused.
    ///
    /// # Safety
    ///
    /// It began in this monitor.
    #[inline(always)]
    pub(crate) unsafe fn end_attempt(
        &self,
        path: &PathRef,
        begun: Begun,
        outcome: Outcome,
        operation: &AtomicU64,
    ) {
        match (calm(path), begun.place) {
            (Some(own), Some(place)) if outcome != Outcome::Timeout => {
                // SAFETY: the place is one of this monitor's blocks, which live as long as it does.
                unsafe { place.free() };
                self.count_wait(Writer::Sole(own.block()), path.number(), begun, outcome);
                own.counters().count_sole(outcome);
            }
            // SAFETY: by the contract.
            _ => unsafe { self.end_slowly(path.number(), begun, outcome, Operation::of(operation)) },
        }
    }

    /// The end of an attempt that timed out, that found no place, or on a path that is not calm.
    ///
    /// # Safety
    ///
    /// As of `end_attempt`.
    #[inline(never)]
    unsafe fn end_slowly(&self, path: u32, begun: Begun, outcome: Outcome, operation: Operation) {
        if begun.is_refused() {
            return self.refuse();
        }
        match begun.place {
            // SAFETY: as in `end_attempt`.
            Some(place) => unsafe { place.free() },
            None => {
                if let Some(cell) = self.cell(path) {
                    cell.unplaced.fetch_sub(1, Ordering::Relaxed);
                }
            }
        }
        match self.writer() {
            Some(writer) => {
                self.count_wait(writer, path, begun, outcome);
                self.settle(writer, path, outcome, operation);
            }
            None => self.refuse(),
        }
    }

    /// Counts how long a completed attempt took.
    #[inline(always)]
    fn count_wait(&self, writer: Writer<'_>, path: u32, begun: Begun, outcome: Outcome) {
        if begun.start == Stamp(0) || outcome == Outcome::Abandoned {
            return;
        }
        // A manual clock is read even where latency is not tracked.
        if let Some(waits) = writer.block().waits.get(path as usize) {
            let ticks = self.clock.stamp().0.saturating_sub(begun.start.0);
            writer.count_wait(waits, self.wait_scale.bucket(ticks), ticks);
        }
    }

    pub(crate) fn next_operation(&self) -> Operation {
        self.writer().map_or(Operation::NONE, Writer::next_operation)
    }

    /// Announces an attempt whose outcome will come without a guard.
    pub(crate) fn announce(&self, path: u32) {
        match self.cell(path).filter(|_| self.is_live()) {
            Some(cell) => cell.announce(),
            None => self.refuse(),
        }
    }

    pub(crate) fn announce_named(&self, name: &str) {
        if self.with_path(name, |path| self.announce(path)).is_none() {
            self.refuse();
        }
    }
}
