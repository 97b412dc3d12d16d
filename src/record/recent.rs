//! The names a thread used last, so that a name it uses again is not hashed.
//!
//! Written and read by the block's sole writer only. An entry says under which mark of the table (see `NameTable::mark`) the
//! number had the name; while the mark is the same, no name has lost its number since. Both are asked with one comparison:
//!
//! | bits of `word` | content |
//! |---|---|
//! | 63..26 | mark, from 1: a word of 0 is an empty entry |
//! | 25..17 | length of the name in bytes |
//! | 16..0 | number |

use super::name::{BoundedName, MAX_BYTES, same};
use super::table::NameTable;
use crate::sync::{AtomicPtr, AtomicU64, Ordering};
use std::{ptr, slice};

const ENTRY_BITS: u32 = if cfg!(foreshock_loom) { 1 } else { 6 };

const NUMBER_BITS: u32 = 17;
const LEN_BITS: u32 = 9;

const _: () = assert!(MAX_BYTES < 1 << LEN_BITS);

pub(crate) struct Recent([Entry; 1 << ENTRY_BITS]);

struct Entry {
    word: AtomicU64,
    /// The table's own copy of the name.
    text: AtomicPtr<u8>,
}

/// A state of the table, in place for comparison with a word.
#[derive(Clone, Copy)]
pub(crate) struct Mark(u64);

impl Mark {
    pub(super) const FIRST: Self = Self(1 << (LEN_BITS + NUMBER_BITS));

    /// After 2^38 of them one comes back.
    pub(super) fn next(self) -> Self {
        Self(self.0.wrapping_add(Self::FIRST.0))
    }

    /// What [`bits`](Self::bits) gave.
    #[inline(always)]
    pub(super) fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    pub(super) fn bits(self) -> u64 {
        self.0
    }

    #[inline(always)]
    fn word(self, len: usize, number: u32) -> u64 {
        self.0 | (len as u64) << NUMBER_BITS | u64::from(number)
    }
}

impl Default for Recent {
    fn default() -> Self {
        let entry = |_| Entry { word: AtomicU64::new(0), text: AtomicPtr::new(ptr::null_mut()) };
        Self(std::array::from_fn(entry))
    }
}

impl Recent {
    /// Cheap, not good: two names that share an entry take turns in it.
    #[inline(always)]
    fn entry(&self, name: &str) -> &Entry {
        &self.0[(mix(name.as_bytes()) >> (u64::BITS - ENTRY_BITS)) as usize]
    }

    /// The number of a name.
    ///
    /// # Safety
    ///
    /// The table is the one that `remember` spoke of, `mark` is its mark, and the caller was pinned before it read the mark
    /// and still is.
    #[inline(always)]
    pub(crate) unsafe fn find(&self, mark: Mark, name: &str) -> Option<u32> {
        let entry = self.entry(name);
        // Of the same mark and length, only the number is left.
        let number = entry.word.load(Ordering::Relaxed) ^ mark.word(name.len(), 0);
        if number >> NUMBER_BITS != 0 {
            return None;
        }
        // SAFETY: the mark of the word was never 0, so the entry was written; the text had this length. It is freed only after
        // its name was condemned, which changes the mark, and after every pin has ended that may have begun before.
        let text = unsafe { slice::from_raw_parts(entry.text.load(Ordering::Relaxed), name.len()) };
        same(text, name.as_bytes()).then_some(number as u32)
    }

    /// Remembers that `number` has the name. The caller was pinned, then read the mark, then found the number, and is still
    /// pinned: a name that was condemned meanwhile is remembered under an old mark.
    pub(crate) fn remember(&self, table: &NameTable, mark: Mark, name: BoundedName<'_>, number: u32) {
        // Nothing is remembered of `__other__`: a name that goes there today may have a number tomorrow. Nor of a name that
        // was cut: its beginning is another name.
        let Some(own) = table.own_text(number).filter(|_| !name.is_cut()) else {
            return;
        };
        let entry = self.entry(name.text);
        entry.text.store(own.as_ptr().cast_mut(), Ordering::Relaxed);
        entry.word.store(mark.word(own.len(), number), Ordering::Relaxed);
    }
}

/// 2^64 divided by the golden ratio: its multiples differ in their upper bits.
const ODD: u64 = 0x9e37_79b9_7f4a_7c15;

/// Some bytes of the middle and of the end, where names of one kind differ.
#[inline(always)]
fn mix(bytes: &[u8]) -> u64 {
    const WORD: usize = size_of::<u64>();
    let Some(end) = bytes.last_chunk() else {
        return mix_short(bytes);
    };
    // SAFETY: there are 8 bytes at least, so 4 before the middle, and 4 behind it.
    let middle = unsafe { bytes.as_ptr().add(bytes.len() / 2 - WORD / 2).cast::<[u8; WORD]>().read() };
    (u64::from_ne_bytes(middle).rotate_left(29).wrapping_add(u64::from_ne_bytes(*end))).wrapping_mul(ODD)
}

#[cold]
#[inline(never)]
fn mix_short(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |mixed: u64, byte| mixed.rotate_left(8) ^ u64::from(*byte)).wrapping_mul(ODD)
}

#[cfg(not(foreshock_loom))]
#[cfg(test)]
mod tests {
    use super::*;

    /// What the thread knows of a name, under the table's mark or the next.
    fn known(recent: &Recent, mark: Mark, name: &str) -> Option<u32> {
        // SAFETY: the tests have one table each, whose names stay.
        unsafe { recent.find(mark, name) }
    }

    #[test]
    fn a_name_is_found_under_its_number_and_its_mark_alone() {
        let (recent, table) = (Recent::default(), NameTable::new(2).unwrap());
        let name = "bucket/object";
        let number = table.find_or_add(BoundedName::new(name));
        let mark = table.mark();
        assert_eq!(known(&recent, mark, name), None);
        recent.remember(&table, mark, BoundedName::new(name), number);
        assert_eq!(known(&recent, mark, name), Some(number));
        assert_eq!(known(&recent, mark, "bucket/another"), None);
        assert_eq!(known(&recent, mark.next(), name), None);
        assert!(table.condemn(number));
        assert_eq!(known(&recent, table.mark(), name), None);
    }

    #[test]
    fn a_word_says_which_mark_which_length_and_which_number() {
        let mark = Mark::FIRST;
        let words =
            [mark.word(3, 1), mark.word(4, 1), mark.word(3, 2), mark.word(256, 0), mark.next().word(3, 1)];
        for (place, word) in words.iter().enumerate() {
            assert!(!words[..place].contains(word));
        }
        assert_eq!(mark.word(3, 70_000) ^ mark.word(3, 0), 70_000, "the number is what is left");
        assert_eq!(Mark::from_bits(mark.next().bits()).word(3, 1), mark.next().word(3, 1));
    }

    #[test]
    fn nothing_is_remembered_of_a_name_that_was_cut() {
        let (recent, table) = (Recent::default(), NameTable::new(2).unwrap());
        let long = "x".repeat(MAX_BYTES + 1);
        let name = BoundedName::new(&long);
        let number = table.find_or_add(name);
        recent.remember(&table, table.mark(), name, number);
        assert_eq!(known(&recent, table.mark(), &long[..MAX_BYTES]), None);
    }

    #[test]
    fn names_that_differ_in_the_middle_or_at_the_end_are_told_apart() {
        for len in [1, 7, 8, 16, 32, 256] {
            let name = vec![b'x'; len];
            for place in [len / 2, len - 1] {
                let mut other = name.clone();
                other[place] = b'y';
                assert_ne!(mix(&name), mix(&other), "{len} bytes, at {place}");
            }
        }
        assert_ne!(mix(b"ab"), mix(b"cb"));
    }

    #[test]
    fn what_lies_beside_a_name_is_not_looked_at() {
        for len in 8..64 {
            let around = |byte| {
                let mut bytes = [byte; 256];
                bytes[64..64 + len].fill(b'x');
                mix(&bytes[64..64 + len])
            };
            assert_eq!(around(b'a'), around(b'b'), "{len} bytes");
        }
    }
}
