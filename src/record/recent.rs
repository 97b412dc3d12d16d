//! The names a thread used last, so that a name it uses again is not hashed.
//!
//! Written and read by the block's sole writer only. An entry is a guess: the table says whether the number still
//! has this name (see `NameTable::has_name`), and the caller is pinned while it asks.

use super::name::BoundedName;
use super::table::NameTable;
use crate::sync::{AtomicU32, Ordering};

const ENTRY_BITS: u32 = 6;

/// Number + 1 by a few bytes of the name, 0 = empty.
pub(crate) struct Recent([AtomicU32; 1 << ENTRY_BITS]);

impl Default for Recent {
    fn default() -> Self {
        Self(std::array::from_fn(|_| AtomicU32::new(0)))
    }
}

impl Recent {
    /// Cheap, not good: two names that share an entry take turns in it.
    #[inline(always)]
    fn entry(&self, name: &str) -> &AtomicU32 {
        let mix = mix(name.as_bytes());
        &self.0[(mix >> (64 - ENTRY_BITS)) as usize]
    }

    #[inline(always)]
    pub(crate) fn find(&self, table: &NameTable, name: &str) -> Option<u32> {
        let number = self.entry(name).load(Ordering::Relaxed).checked_sub(1)?;
        table.has_name(number, name).then_some(number)
    }

    /// Nothing is remembered of `__other__`: a name that goes there today may have a number tomorrow.
    pub(crate) fn remember(&self, table: &NameTable, name: BoundedName<'_>, number: u32) {
        if number != table.other() {
            self.entry(name.text).store(number + 1, Ordering::Relaxed);
        }
    }
}

/// Some bytes of the middle and of the end, where names of one kind differ.
#[inline(always)]
fn mix(bytes: &[u8]) -> u64 {
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
    let middle = bytes.get((bytes.len() / 2).saturating_sub(4)..).and_then(<[u8]>::first_chunk);
    let picked = match (middle, bytes.last_chunk()) {
        (Some(middle), Some(end)) => {
            u64::from_ne_bytes(*middle).rotate_left(29).wrapping_add(u64::from_ne_bytes(*end))
        }
        _ => bytes.iter().fold(0, |mixed: u64, byte| mixed.rotate_left(8) ^ u64::from(*byte)),
    };
    picked.wrapping_mul(ODD)
}
