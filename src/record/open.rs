//! Attempts in flight: since when, on which path.
//!
//! A fixed table of words, 0 = free. Only the block's writer takes a free place; whoever ends the attempt, on
//! any thread, writes the 0 back. So a place has one writer at a time, and a plain store does in both directions.
//!
//! | bits | content |
//! |---|---|
//! | 63..46 | path + 1 |
//! | 45..0 | start, in 1,024ths of the clock's unit, modulo 2^46 (over 300 days) |

use super::boxed::boxed;
use crate::clock::Stamp;
use crate::error::Error;
use crate::sync::{AtomicU64, Ordering};

const START_BITS: u32 = 46;
const START_MASK: u64 = (1 << START_BITS) - 1;
const START_SHIFT: u32 = 10;

/// Free places are looked for this far from the last one taken, so that the steps stay bounded.
const PROBES: u64 = 16;

pub(crate) struct OpenAttempts {
    places: Box<[AtomicU64]>,
    /// The place to look at next, modulo their number. Grows with every attempt that begins.
    cursor: AtomicU64,
    /// The block's number in the upper half.
    block: u64,
}

/// Where an attempt is written down: block in the upper half, place in the lower.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OpenPlace(u64);

const BLOCK_SHIFT: u32 = 32;

impl OpenPlace {
    /// Nowhere: its age is not known. No block has this number.
    pub(crate) const NONE: Self = Self(u64::MAX);
    /// The attempt is not counted at all.
    pub(crate) const REFUSED: Self = Self(u64::MAX - 1);

    pub(crate) fn block(self) -> Option<usize> {
        (self != Self::NONE && self != Self::REFUSED).then_some((self.0 >> BLOCK_SHIFT) as usize)
    }
}

impl OpenAttempts {
    /// `capacity` must be a power of two.
    pub(crate) fn new(block: usize, capacity: usize) -> Result<Self, Error> {
        debug_assert!(capacity.is_power_of_two());
        Ok(Self {
            places: boxed("open attempts", capacity, || AtomicU64::new(0))?,
            cursor: AtomicU64::new(0),
            block: (block as u64) << BLOCK_SHIFT,
        })
    }

    /// Writes an attempt down; `None` if no place near the last one is free. `sole`: nobody else takes places here.
    #[inline(always)]
    pub(crate) fn begin(&self, sole: bool, path: u32, start: Stamp) -> Option<OpenPlace> {
        let word = ((u64::from(path) + 1) << START_BITS) | ((start.0 >> START_SHIFT) & START_MASK);
        // Relaxed throughout: a place is one word that carries all it says; whoever ends the attempt got the
        // guard from its beginner, and so writes after it.
        let cursor = self.cursor.load(Ordering::Relaxed);
        let index =
            if self.take(sole, cursor, word) { cursor } else { self.take_further(sole, cursor, word)? };
        self.advance(sole, cursor, index.wrapping_add(1));
        Some(OpenPlace(self.block | self.wrapped(index)))
    }

    #[inline(always)]
    fn advance(&self, sole: bool, from: u64, to: u64) {
        // (BEGUN) Release: pairs with the Acquire load in `begun`.
        if sole {
            self.cursor.store(to, Ordering::Release);
        } else {
            self.cursor.fetch_add(to.wrapping_sub(from), Ordering::Release);
        }
    }

    /// Changes with every attempt that begins. Who sees it sees the attempts that began before.
    pub(crate) fn begun(&self) -> u64 {
        // Acquire: pairs with (BEGUN).
        self.cursor.load(Ordering::Acquire)
    }

    #[inline(always)]
    fn wrapped(&self, index: u64) -> u64 {
        // The length is a power of two, and not 0.
        index & (self.places.len() as u64).wrapping_sub(1)
    }

    #[cold]
    #[inline(never)]
    fn take_further(&self, sole: bool, cursor: u64, word: u64) -> Option<u64> {
        let further = (1..PROBES).map(|probe| cursor.wrapping_add(probe));
        let taken = further.into_iter().find(|index| self.take(sole, *index, word));
        if taken.is_none() {
            // The next attempt looks further on.
            self.advance(sole, cursor, cursor.wrapping_add(PROBES));
        }
        taken
    }

    #[inline(always)]
    fn take(&self, sole: bool, index: u64, word: u64) -> bool {
        let Some(place) = self.places.get(self.wrapped(index) as usize) else {
            return false;
        };
        if !sole {
            return place.compare_exchange(0, word, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        }
        let free = place.load(Ordering::Relaxed) == 0;
        if free {
            place.store(word, Ordering::Relaxed);
        }
        free
    }

    /// Frees the place of an attempt that ended; false if it is not one of this table.
    #[inline(always)]
    pub(crate) fn end(&self, place: OpenPlace) -> bool {
        // Of another block, the difference is far beyond the end.
        let place = self.places.get((place.0 ^ self.block) as usize);
        if let Some(place) = place {
            place.store(0, Ordering::Relaxed);
        }
        place.is_some()
    }

    /// Path and age, in the clock's unit, of every attempt in flight.
    pub(crate) fn for_each(&self, now: Stamp, mut see: impl FnMut(u32, u64)) {
        let now = now.0 >> START_SHIFT;
        for place in &self.places {
            let word = place.load(Ordering::Relaxed);
            if word != 0 {
                let age = now.wrapping_sub(word) & START_MASK;
                // A start that lies (just) ahead of `now` wraps to a huge age.
                let age = if age > START_MASK / 2 { 0 } else { age };
                see((word >> START_BITS) as u32 - 1, age << START_SHIFT);
            }
        }
    }
}
