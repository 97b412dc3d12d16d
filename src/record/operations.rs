//! What a record does, step by step.
//!
//! Each operation has two ways in. The quick one has the thread's own block at hand, so that everything below is
//! compiled for a sole writer; the other, cold, finds or takes a block first, and is compiled for either writer.

use super::block::Block;
use super::event::{ComponentKey, Operation, RawEvent};
use super::failure::{FailureType, LOCK_TIMEOUT, TypeId};
use super::local::{any_writer, own_block};
use super::name::BoundedName;
use super::open::OpenPlace;
use super::outcome::Outcome;
use super::shared::Shared;
use super::wait::WaitSample;
use super::writer::Writer;
use crate::clock::Stamp;
use crate::sync::Ordering;

/// An attempt's start, as its guard carries it.
#[derive(Clone, Copy)]
pub(crate) struct Begun {
    start: Stamp,
    place: OpenPlace,
}

impl Begun {
    /// The monitor recorded no more when the attempt began.
    const REFUSED: Self = Self { start: Stamp(0), place: OpenPlace::NONE };

    fn is_refused(&self) -> bool {
        self.start == Self::REFUSED.start
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
    pub(crate) fn record(&self, path: u32, outcome: Outcome) {
        match own_block(self) {
            Some(block) => self.record_with(Writer::Sole(block), path, outcome),
            None => self.record_cold(path, outcome),
        }
    }

    #[cold]
    #[inline(never)]
    fn record_cold(&self, path: u32, outcome: Outcome) {
        match any_writer(self) {
            Some(writer) => self.record_with(writer, path, outcome),
            None => self.refuse(),
        }
    }

    #[inline(always)]
    fn record_with(&self, writer: Writer<'_>, path: u32, outcome: Outcome) {
        self.settle(writer, path, outcome, Operation::NONE);
        if let Some(cell) = self.cell(path) {
            cell.answer();
        }
        writer.counted();
    }

    /// Counts an outcome and keeps the consecutive run.
    #[inline(always)]
    fn settle(&self, writer: Writer<'_>, path: u32, outcome: Outcome, operation: Operation) {
        writer.count_outcome(path, outcome);
        match outcome {
            Outcome::Success => {
                if let Some(cell) = self.cell(path) {
                    cell.end_run();
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
            cell.count_timeout(at);
        }
        if self.raise_lock_timeouts {
            let component = ComponentKey::Path(path);
            writer.push_event(RawEvent { at, kind: LOCK_TIMEOUT, component, operation });
        }
    }

    /// Runs `record` with the number of a path named by the caller, which stays that name's until it returns.
    #[inline]
    pub(crate) fn with_path<R>(&self, name: &str, record: impl FnOnce(Writer<'_>, u32) -> R) -> Option<R> {
        let writer = self.writer()?;
        let _pin = writer.pin();
        let path = self.path_number(writer, BoundedName::new(name));
        Some(record(writer, path))
    }

    /// The number of a path. The caller is pinned.
    #[inline(always)]
    fn path_number(&self, writer: Writer<'_>, name: BoundedName<'_>) -> u32 {
        match writer {
            Writer::Sole(block) => block
                .recent_paths
                .find(&self.paths, name)
                .unwrap_or_else(|| self.path_number_cold(block, name)),
            Writer::Shared(_) => self.paths.find_or_add(name),
        }
    }

    #[inline(never)]
    fn path_number_cold(&self, block: &Block, name: BoundedName<'_>) -> u32 {
        let number = self.paths.find_or_add(name);
        block.recent_paths.remember(&self.paths, name, number);
        number
    }

    /// An outcome on a path named by the caller.
    #[inline]
    pub(crate) fn record_named(&self, name: &str, outcome: Outcome) {
        match own_block(self) {
            Some(block) => self.record_named_with(Writer::Sole(block), name, outcome),
            None => self.record_named_cold(name, outcome),
        }
    }

    #[cold]
    #[inline(never)]
    fn record_named_cold(&self, name: &str, outcome: Outcome) {
        match any_writer(self) {
            Some(writer) => self.record_named_with(writer, name, outcome),
            None => self.refuse(),
        }
    }

    #[inline(always)]
    fn record_named_with(&self, writer: Writer<'_>, name: &str, outcome: Outcome) {
        let _pin = writer.pin();
        let path = self.path_number(writer, BoundedName::new(name));
        self.record_with(writer, path, outcome);
    }

    /// Announces an attempt whose outcome will come without a guard.
    pub(crate) fn announce(&self, path: u32) {
        match self.cell(path).filter(|_| self.is_live()) {
            Some(cell) => cell.announce(),
            None => self.refuse(),
        }
    }

    pub(crate) fn announce_named(&self, name: &str) {
        if self.with_path(name, |_, path| self.announce(path)).is_none() {
            self.refuse();
        }
    }

    /// An attempt with a guard begins.
    #[inline(always)]
    pub(crate) fn begin(&self, path: u32) -> Begun {
        match own_block(self) {
            Some(block) => self.begin_with(Writer::Sole(block), path),
            None => self.begin_cold(path),
        }
    }

    #[cold]
    #[inline(never)]
    fn begin_cold(&self, path: u32) -> Begun {
        any_writer(self).map_or(Begun::REFUSED, |writer| self.begin_with(writer, path))
    }

    #[inline(always)]
    fn begin_with(&self, writer: Writer<'_>, path: u32) -> Begun {
        let start = if self.reads_clock_at_begin {
            self.clock.stamp()
        } else {
            Stamp(self.coarse.load(Ordering::Relaxed))
        };
        let place = writer.begin(path, start);
        writer.counted();
        Begun { start, place }
    }

    /// An attempt with a guard ends, on any thread. One that began after shutdown is counted here as refused.
    #[inline(always)]
    pub(crate) fn end_attempt(&self, path: u32, begun: Begun, outcome: Outcome, operation: Operation) {
        match own_block(self) {
            Some(block) if !begun.is_refused() => {
                if begun.place.is_of(block.index) {
                    block.open.end(begun.place);
                } else {
                    self.end_elsewhere(begun.place);
                }
                self.end_with(Writer::Sole(block), path, begun, outcome, operation);
            }
            _ => self.end_cold(path, begun, outcome, operation),
        }
    }

    #[cold]
    #[inline(never)]
    fn end_cold(&self, path: u32, begun: Begun, outcome: Outcome, operation: Operation) {
        self.end_elsewhere(begun.place);
        match any_writer(self).filter(|_| !begun.is_refused()) {
            Some(writer) => self.end_with(writer, path, begun, outcome, operation),
            None => self.refuse(),
        }
    }

    /// Frees the place of an attempt that another thread began.
    #[inline(never)]
    fn end_elsewhere(&self, place: OpenPlace) {
        if let Some(block) = place.block().and_then(|index| self.pool.block(index)) {
            block.open.end(place);
        }
    }

    #[inline(always)]
    fn end_with(&self, writer: Writer<'_>, path: u32, begun: Begun, outcome: Outcome, operation: Operation) {
        writer.end(path);
        if self.track_latency && outcome != Outcome::Abandoned {
            let wait_ns = self.clock.elapsed_ns(begun.start, self.clock.stamp());
            writer.push_wait(WaitSample { path, wait_ns });
        }
        self.settle(writer, path, outcome, operation);
        writer.counted();
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
