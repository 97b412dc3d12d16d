//! Names come from outside: bounded here, escaped where they are printed.

use super::boxed::{NoMemory, boxed_one, boxed_str};
use crate::sync::Witness;
use foldhash::fast::FixedState;
use std::hash::BuildHasher;
use std::ops::RangeInclusive;

/// The path or component that stands for all beyond a limit.
pub(crate) const OTHER: &str = "__other__";

/// A name is cut after this many bytes, on a character boundary.
pub(crate) const MAX_BYTES: usize = 256;

/// Names of this length are compared inline.
pub(crate) const USUAL_BYTES: RangeInclusive<usize> = 8..=64;

/// A name as looked up: what is kept of it, and what tells it from others that are cut to the same text.
#[derive(Clone, Copy)]
pub(crate) struct BoundedName<'a> {
    pub(crate) text: &'a str,
    /// 0 for a name that was not cut.
    cut_off: u64,
}

impl<'a> BoundedName<'a> {
    #[inline(always)]
    pub(crate) fn new(name: &'a str) -> Self {
        if name.len() <= MAX_BYTES { Self { text: name, cut_off: 0 } } else { Self::cut(name) }
    }

    #[cold]
    fn cut(name: &'a str) -> Self {
        // It is on a boundary, so nothing is lost to the other way out.
        let (text, rest) = name.split_at_checked(name.floor_char_boundary(MAX_BYTES)).unwrap_or(("", name));
        Self { text, cut_off: FixedState::default().hash_one(rest) | 1 }
    }

    pub(crate) fn is_cut(&self) -> bool {
        self.cut_off != 0
    }

    /// An empty label cannot be told from a missing one in Prometheus, and `__other__` is taken.
    pub(crate) fn is_reserved(&self) -> bool {
        self.text.is_empty() || self.text == OTHER
    }
}

/// How a looked-up name compares with a stored one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Match {
    Same,
    /// Another name, but it would print the same: it cannot have a series of its own.
    SameText,
    Different,
}

/// A name as stored.
pub(crate) struct Name {
    text: Box<str>,
    cut_off: u64,
    /// Written once, before anybody reads it, and freed after everybody has.
    witness: Witness,
}

impl Name {
    pub(crate) fn new(name: BoundedName<'_>) -> Result<Box<Self>, NoMemory> {
        let text = boxed_str("a name", name.text)?;
        let witness = Witness::default();
        witness.write();
        boxed_one("a name", Self { text, cut_off: name.cut_off, witness })
    }

    pub(crate) fn text(&self) -> &str {
        self.witness.read();
        &self.text
    }

    #[inline(always)]
    pub(crate) fn compare(&self, other: BoundedName<'_>) -> Match {
        self.witness.read();
        if !same(self.text.as_bytes(), other.text.as_bytes()) {
            Match::Different
        } else if self.cut_off == other.cut_off {
            Match::Same
        } else {
            Match::SameText
        }
    }
}

impl Drop for Name {
    fn drop(&mut self) {
        self.witness.write();
    }
}

/// Equality in pieces of a fixed size, which overlap: for names of a usual length much cheaper than a call that
/// takes any length.
#[inline(always)]
pub(super) fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len()
        && match a.len() {
            8..=16 => same_ends::<8>(a, b),
            17..=32 => same_ends::<16>(a, b),
            33..=64 => same_ends::<32>(a, b),
            _ => a == b,
        }
}

/// The first `N` and the last `N` bytes, which are all where there are no more than `2 * N`.
#[inline(always)]
fn same_ends<const N: usize>(a: &[u8], b: &[u8]) -> bool {
    let (first, last) = (a.first_chunk::<N>() == b.first_chunk(), a.last_chunk::<N>() == b.last_chunk());
    first & last
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_at_256_bytes_on_a_character_boundary() {
        let short = "x".repeat(MAX_BYTES);
        assert_eq!(BoundedName::new(&short).text, short);
        assert!(!BoundedName::new(&short).is_cut());
        let long = "x".repeat(MAX_BYTES + 1);
        assert_eq!(BoundedName::new(&long).text, short);
        assert!(BoundedName::new(&long).is_cut());
        // 255 bytes, then a character of three that does not fit any more.
        let wide = format!("{}€€", "x".repeat(255));
        assert_eq!(BoundedName::new(&wide).text.len(), 255);
    }

    #[test]
    fn a_name_is_the_same_only_if_every_byte_is() {
        for len in 1..=90 {
            let name = "x".repeat(len);
            let is = |other: &str| same(name.as_bytes(), other.as_bytes());
            assert!(is(&name.clone()));
            assert!(!is(&name[1..]));
            for place in 0..len {
                let other = format!("{}y{}", &name[..place], &name[place + 1..]);
                assert!(!is(&other), "{other}");
            }
        }
        assert!(same(b"", b""));
    }

    #[test]
    fn two_long_names_with_one_beginning_are_not_the_same() {
        let first = format!("{}first", "x".repeat(MAX_BYTES));
        let second = format!("{}second", "x".repeat(MAX_BYTES));
        let stored = Name::new(BoundedName::new(&first)).unwrap();
        assert_eq!(stored.compare(BoundedName::new(&first)), Match::Same);
        assert_eq!(stored.compare(BoundedName::new(&second)), Match::SameText);
        let exact = "x".repeat(MAX_BYTES);
        assert_eq!(stored.compare(BoundedName::new(&exact)), Match::SameText);
        assert_eq!(stored.compare(BoundedName::new("y")), Match::Different);
    }
}
