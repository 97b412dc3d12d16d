//! What a record does, step by step.
//!
//! Each operation has two ways in. The quick one is for a thread that has a block of this monitor at hand and, where a path
//! is concerned, for a path that is calm; it is all that is inlined into the caller. The other finds or takes a block first,
//! looks at everything, and is compiled for either kind of writer.

use super::block::Block;
use super::cell::PathRef;
use super::event::{ComponentKey, Operation, RawEvent};
use super::failure::{FailureType, LOCK_TIMEOUT, TypeId};
use super::local::{any_writer, calm, own_block};
use super::name::{BoundedName, USUAL_BYTES};
use super::open::{OpenPlace, Since};
use super::outcome::Outcome;
use super::pin::Pin;
use super::sequence::Pinned;
use super::shared::Shared;
use super::writer::Writer;
use crate::clock::Stamp;
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
    /// The right to write this thread's block, or the fallback; `None` where the monitor records no more.
    #[inline]
    pub(crate) fn writer(&self) -> Option<Writer<'_>> {
        own_block(self).map(Writer::Sole).or_else(|| any_writer(self))
    }

    #[cold]
    fn refuse(&self) {
        self.after_shutdown.fetch_add(1, Ordering::Relaxed);
    }

    /// An outcome without a guard.
    #[inline(always)]
    pub(crate) fn record(&self, path: &PathRef, outcome: Outcome) {
        if outcome == Outcome::Timeout {
            return self.record_timeout(path.number());
        }
        match calm(path) {
            // Nothing else to do: no run to end, no announcement to answer.
            Some(own) => own.counters().count_sole(outcome),
            None => self.record_slowly(path.number(), outcome),
        }
    }

    /// A timeout without a guard: never calm, so only the thread's own block makes it quick.
    fn record_timeout(&self, path: u32) {
        match own_block(self) {
            Some(block) => self.settle_unguarded(Writer::Sole(block), path, Outcome::Timeout),
            None => self.record_slowly(path, Outcome::Timeout),
        }
    }

    #[inline(never)]
    fn record_slowly(&self, path: u32, outcome: Outcome) {
        match self.writer() {
            Some(writer) => self.settle_unguarded(writer, path, outcome),
            None => self.refuse(),
        }
    }

    #[inline(always)]
    fn settle_unguarded(&self, writer: Writer<'_>, path: u32, outcome: Outcome) {
        self.settle(writer, path, outcome, Operation::NONE);
        if let Some(cell) = self.cell(path) {
            cell.answer();
        }
    }

    /// Counts an outcome and keeps the consecutive run.
    #[inline(always)]
    fn settle(&self, writer: Writer<'_>, path: u32, outcome: Outcome, operation: Operation) {
        writer.count_outcome(path, outcome);
        match outcome {
            Outcome::Success => {
                if let Some(cell) = self.cell(path)
                    && cell.run.is_on()
                {
                    cell.run.end();
                }
            }
            Outcome::Timeout => self.settle_timeout(writer, path, operation),
            Outcome::Error | Outcome::Abandoned => {}
        }
    }

    #[inline(always)]
    fn settle_timeout(&self, writer: Writer<'_>, path: u32, operation: Operation) {
        let at = self.clock.stamp();
        if let Some(cell) = self.cell(path) {
            cell.timed_out(at, self.timeout_grain);
            if let Some(run) = cell.count_timeout(self.run_limit) {
                writer.count_run(path, run);
            }
        }
        if self.raise_lock_timeouts {
            let component = ComponentKey::Path(path);
            writer.push_event(RawEvent { at, kind: LOCK_TIMEOUT, component, operation });
        }
        writer.counted();
    }

    /// Runs `with` with the number of a path named by the caller, which stays that name's until it returns. Takes no
    /// block: a thread that only asks for handles records nothing.
    pub(crate) fn with_path<R>(&self, name: &str, with: impl FnOnce(u32) -> R) -> Option<R> {
        let fallback = || Writer::Shared(self.pool.fallback());
        let writer = self.is_live().then(|| own_block(self).map_or_else(fallback, Writer::Sole))?;
        let _pin = Pin::new(writer);
        Some(with(self.path_number(writer, BoundedName::new(name))))
    }

    /// The number of a path. The caller is pinned.
    fn path_number(&self, writer: Writer<'_>, name: BoundedName<'_>) -> u32 {
        let mark = self.paths.mark();
        let number = self.paths.find_or_add(name);
        if let Writer::Sole(block) = writer {
            block.recent_paths.remember(&self.paths, mark, name, number);
        }
        number
    }

    /// An outcome on a path named by the caller.
    #[inline(always)]
    pub(crate) fn record_named(&self, name: &str, outcome: Outcome) {
        // Of a usual length the comparison is inlined; it is the same for others, behind a call.
        if !USUAL_BYTES.contains(&name.len()) {
            self.record_unusual(name, outcome);
        } else if !self.record_recent(name, outcome) {
            self.record_hashed(name, outcome);
        }
    }

    #[cold]
    #[inline(never)]
    fn record_unusual(&self, name: &str, outcome: Outcome) {
        if !self.record_recent(name, outcome) {
            self.record_hashed(name, outcome);
        }
    }

    /// The quick way: true if this thread used the name before and still remembers its number.
    #[inline(always)]
    fn record_recent(&self, name: &str, outcome: Outcome) -> bool {
        let Some((block, pinned)) = self.pin_own() else {
            return false;
        };
        // SAFETY: pinned, a block's names are those of its monitor's paths, and the mark is read here.
        let found = unsafe { block.recent_paths.find(self.paths.mark(), name) };
        self.record_found(block, pinned, found, outcome)
    }

    /// The name is hashed; quick still if the path has a number.
    #[inline(never)]
    fn record_hashed(&self, name: &str, outcome: Outcome) {
        let name = BoundedName::new(name);
        let Some((block, pinned)) = self.pin_own() else {
            return self.record_named_slowly(name, outcome);
        };
        let mark = self.paths.mark();
        let found = self.paths.find(name);
        if let Some(number) = found {
            block.recent_paths.remember(&self.paths, mark, name, number);
        }
        if !self.record_found(block, pinned, found, outcome) {
            self.record_named_slowly(name, outcome);
        }
    }

    #[inline(always)]
    fn pin_own(&self) -> Option<(&Block, Pinned)> {
        let block = own_block(self)?;
        Some((block, block.sequence.pin()?))
    }

    /// Ends the pin, and before it records on a path that was found and is calm; false if there is more to it.
    #[inline(always)]
    fn record_found(&self, block: &Block, pinned: Pinned, found: Option<u32>, outcome: Outcome) -> bool {
        let recorded = found.is_some_and(|path| self.record_calm(block, path, outcome));
        if recorded {
            block.sequence.unpin_counted(pinned);
        } else {
            block.sequence.unpin_idle(pinned);
        }
        recorded
    }

    /// The part of a record that is left where the path is calm; false where there is more to it.
    #[inline(always)]
    fn record_calm(&self, block: &Block, path: u32, outcome: Outcome) -> bool {
        let (Some(cell), Some(counters)) = (self.cell(path), block.paths.get(path as usize)) else {
            return false;
        };
        let is_calm = cell.calm.word() == self.id && outcome != Outcome::Timeout;
        if is_calm {
            counters.count_sole(outcome);
        }
        is_calm
    }

    #[cold]
    #[inline(never)]
    fn record_named_slowly(&self, name: BoundedName<'_>, outcome: Outcome) {
        let Some(writer) = self.writer() else {
            return self.refuse();
        };
        let _pin = Pin::new(writer);
        let path = self.path_number(writer, name);
        self.settle_unguarded(writer, path, outcome);
        writer.counted();
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

    /// A failure of a registered component.
    #[inline(always)]
    pub(crate) fn record_failure(&self, component: u32, kind: FailureType, operation: Operation) {
        match (own_block(self), self.types.id(kind)) {
            (Some(block), Some(kind)) => self.fail_with(Writer::Sole(block), component, kind, operation),
            _ => self.record_failure_cold(component, kind, operation),
        }
    }

    #[cold]
    #[inline(never)]
    fn record_failure_cold(&self, component: u32, kind: FailureType, operation: Operation) {
        let (Some(kind), writer) = (self.types.id(kind), any_writer(self)) else {
            self.unregistered_type.fetch_add(1, Ordering::Relaxed);
            return;
        };
        match writer {
            Some(writer) => self.fail_with(writer, component, kind, operation),
            None => self.refuse(),
        }
    }

    /// A failure of a component named by the caller. Components are never retired: no pin.
    pub(crate) fn record_failure_named(&self, name: &str, kind: FailureType, operation: Operation) {
        if self.is_live() {
            let component = self.components.find_or_add(BoundedName::new(name));
            self.record_failure(component, kind, operation);
        } else {
            self.refuse();
        }
    }

    #[inline(always)]
    fn fail_with(&self, writer: Writer<'_>, component: u32, kind: TypeId, operation: Operation) {
        writer.count_failure(kind, component);
        let (at, component) = (self.clock.stamp(), ComponentKey::Component(component));
        writer.push_event(RawEvent { at, kind, component, operation });
        writer.counted();
    }
}
