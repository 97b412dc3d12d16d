//! What a record does, step by step.
//!
//! Each operation has two ways in. The quick one is for a thread that has a block of this monitor at hand and, where a path
//! is concerned, for a path that is calm; it is all that is inlined into the caller. The other finds or takes a block first,
//! looks at everything, and is compiled for either kind of writer.
//!
//! Here: outcomes on a path at hand. Beside: attempts, paths that are named, failures.

mod attempts;
mod failures;
mod named;

use super::cell::PathRef;
use super::event::{ComponentKey, Operation, RawEvent};
use super::failure::LOCK_TIMEOUT;
use super::local::{any_writer, calm, own_block};
use super::outcome::Outcome;
use super::shared::Shared;
use super::writer::Writer;
use crate::sync::{Ordering, seeded};
pub(crate) use attempts::Begun;

impl Shared {
    /// The right to write this thread's block, or the fallback; `None` where the monitor records no more.
    #[inline]
    pub(crate) fn writer(&self) -> Option<Writer<'_>> {
        own_block(self).map(Writer::Sole).or_else(|| any_writer(self))
    }

    #[cold]
    pub(super) fn refuse(&self) {
        if !seeded("refused_uncounted") {
            self.after_shutdown.fetch_add(1, Ordering::Relaxed);
        }
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
    pub(super) fn settle_unguarded(&self, writer: Writer<'_>, path: u32, outcome: Outcome) {
        self.settle(writer, path, outcome, Operation::NONE);
        if let Some(cell) = self.cell(path) {
            cell.answer();
        }
    }

    /// Counts an outcome and keeps the consecutive run.
    #[inline(always)]
    pub(super) fn settle(&self, writer: Writer<'_>, path: u32, outcome: Outcome, operation: Operation) {
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
}
