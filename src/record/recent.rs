//! The names a thread used last, so that a name it uses again is not hashed.
//!
//! Written and read by the block's sole writer only. An entry is a guess: the table says whether the number still
//! has this name (see `NameTable::has_name`), and the caller is pinned while it asks.

use super::name::BoundedName;
use super::table::NameTable;
use crate::sync::{AtomicU32, Ordering};

const ENTRIES: usize = 16;

/// Number + 1 by a few bytes of the name, 0 = empty.
#[derive(Default)]
pub(crate) struct Recent([AtomicU32; ENTRIES]);

impl Recent {
    /// Cheap, not good: two names that share an entry take turns in it.
    #[inline(always)]
    fn entry(&self, name: BoundedName<'_>) -> Option<&AtomicU32> {
        let bytes = name.text.as_bytes();
        let (last, middle) = (*bytes.last()?, *bytes.get(bytes.len() / 2)?);
        let mix = bytes.len() ^ usize::from(last) ^ (usize::from(middle) << 2);
        self.0.get(mix % ENTRIES)
    }

    #[inline(always)]
    pub(crate) fn find(&self, table: &NameTable, name: BoundedName<'_>) -> Option<u32> {
        let number = self.entry(name)?.load(Ordering::Relaxed).checked_sub(1)?;
        table.has_name(number, name).then_some(number)
    }

    /// Nothing is remembered of `__other__`: a name that goes there today may have a number tomorrow.
    pub(crate) fn remember(&self, table: &NameTable, name: BoundedName<'_>, number: u32) {
        if number != table.other()
            && let Some(entry) = self.entry(name)
        {
            entry.store(number + 1, Ordering::Relaxed);
        }
    }
}
