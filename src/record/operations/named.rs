//! Paths named by the caller.

use crate::record::block::Block;
use crate::record::local::own_block;
use crate::record::name::{BoundedName, USUAL_BYTES};
use crate::record::outcome::Outcome;
use crate::record::pin::Pin;
use crate::record::sequence::Pinned;
use crate::record::shared::Shared;
use crate::record::writer::Writer;
use crate::sync::seeded;

impl Shared {
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
        let mark = if seeded("mark_late") { self.paths.mark() } else { mark };
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

    /// This thread's block, pinned; `None` where there is none at hand, or inside of another pin.
    #[inline(always)]
    pub(crate) fn pin_own(&self) -> Option<(&Block, Pinned)> {
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
}
