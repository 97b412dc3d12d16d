//! Attempts in flight: since when, on which path.
//!
//! A fixed table of words, 0 = free. Only the block's writer takes a free place; whoever ends the attempt, on
//! any thread, writes the 0 back. So a place has one writer at a time, and a plain store does in both directions.
//!
//! | bits | content |
//! |---|---|
//! | 63..46 | path |
//! | 45..1 | start, in units of 2^9 of the clock's, modulo 2^46 (over 100 days); its lowest bit gives way to the next |
//! | 0 | 1: taken |

use super::boxed::{NoMemory, boxed};
use crate::clock::Stamp;
use crate::sync::{AtomicU64, Ordering, order, seeded};
use std::ptr::NonNull;

const START_BITS: u32 = 46;
const START_MASK: u64 = (1 << START_BITS) - 1;
const START_SHIFT: u32 = 9;

const TAKEN: u64 = 1;

/// Since when an attempt is in flight, as its place says it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Since(u64);

impl Since {
    /// No start: whoever finds it asks the clock.
    pub(crate) const READ_THE_CLOCK: Self = Self(0);

    #[inline(always)]
    pub(crate) fn new(start: Stamp) -> Self {
        Self((start.0 >> START_SHIFT) & START_MASK | TAKEN)
    }

    /// What [`bits`](Self::bits) gave.
    #[inline(always)]
    pub(crate) fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    pub(crate) fn bits(self) -> u64 {
        self.0
    }
}

/// Free places are looked for this far from the last one taken, so that the steps stay bounded.
const PROBES: u64 = 16;

pub(crate) struct OpenAttempts {
    places: Box<[AtomicU64]>,
    /// The place to look at next, modulo their number. Grows with every attempt that begins.
    cursor: AtomicU64,
}

/// Where an attempt is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OpenPlace(NonNull<AtomicU64>);

// SAFETY: nothing is done with it but an atomic store.
unsafe impl Send for OpenPlace {}
// SAFETY: as above.
unsafe impl Sync for OpenPlace {}

impl OpenPlace {
    /// The attempt has ended.
    ///
    /// # Safety
    ///
    /// The table that gave the place is still there.
    #[inline(always)]
    pub(crate) unsafe fn free(self) {
        // SAFETY: by the contract, and a table's places stay where they are.
        let place = unsafe { self.0.as_ref() };
        if seeded("place_freed_twice") {
            place.store(0, Ordering::Relaxed);
        }
        place.store(0, Ordering::Relaxed);
    }
}

impl OpenAttempts {
    /// `capacity` must be a power of two.
    pub(crate) fn new(capacity: usize) -> Result<Self, NoMemory> {
        debug_assert!(capacity.is_power_of_two());
        Ok(Self {
            places: boxed("open attempts", capacity, || AtomicU64::new(0))?,
            cursor: AtomicU64::new(0),
        })
    }

    /// Writes an attempt down at the next place; `None` if that is not free: see `begin_further`. `sole`: nobody else
    /// takes places here.
    #[inline(always)]
    pub(crate) fn begin(&self, sole: bool, path: u32, since: Since) -> Option<OpenPlace> {
        // Relaxed throughout: a place is one word that carries all it says; whoever ends the attempt got the
        // guard from its beginner, and so writes after it.
        let cursor = self.cursor.load(Ordering::Relaxed);
        let taken = self.take(sole, cursor, word_of(path, since));
        if taken.is_some() {
            self.advance(sole, cursor, cursor.wrapping_add(1));
        }
        taken
    }

    /// The same at one of the places behind the next; `None` if none near it is free.
    pub(crate) fn begin_further(&self, sole: bool, path: u32, since: Since) -> Option<OpenPlace> {
        let cursor = self.cursor.load(Ordering::Relaxed);
        let word = word_of(path, since);
        let mut probes = (1..=PROBES).map(|probe| cursor.wrapping_add(probe));
        let taken = probes.find_map(|next| Some((next, self.take(sole, next.wrapping_sub(1), word)?)));
        // If none is free the next attempt looks further on.
        let next = taken.map_or(cursor.wrapping_add(PROBES), |(next, _)| next);
        self.advance(sole, cursor, next);
        taken.map(|(_, place)| place)
    }

    #[inline(always)]
    fn advance(&self, sole: bool, from: u64, to: u64) {
        // (BEGUN) Release: pairs with the Acquire load in `begun`.
        if sole {
            self.cursor.store(to, order!(Release, "begun"));
        } else {
            self.cursor.fetch_add(to.wrapping_sub(from), order!(Release, "begun"));
        }
    }

    /// Changes with every attempt that begins. Who sees it sees the attempts that began before.
    pub(crate) fn begun(&self) -> u64 {
        // Acquire: pairs with (BEGUN).
        self.cursor.load(order!(Acquire, "begun_seen"))
    }

    #[inline(always)]
    fn take(&self, sole: bool, index: u64, word: u64) -> Option<OpenPlace> {
        // The length is a power of two, and not 0.
        let mask = (self.places.len() as u64).wrapping_sub(1);
        let place = self.places.get((index & mask) as usize)?;
        let is_free = if sole || seeded("place_stored") {
            let is_free = place.load(Ordering::Relaxed) == 0;
            if is_free {
                place.store(word, Ordering::Relaxed);
            }
            is_free
        } else {
            place.compare_exchange(0, word, Ordering::Relaxed, Ordering::Relaxed).is_ok()
        };
        is_free.then_some(OpenPlace(NonNull::from(place)))
    }

    /// Path and age, in the clock's unit, of every attempt in flight.
    pub(crate) fn for_each(&self, now: Stamp, mut see: impl FnMut(u32, u64)) {
        let now = now.0 >> START_SHIFT;
        for place in &self.places {
            let word = place.load(Ordering::Relaxed);
            if word != 0 {
                let age = now.wrapping_sub(word & !TAKEN) & START_MASK;
                // A start that lies (just) ahead of `now` wraps to a huge age.
                let age = if age > START_MASK / 2 { 0 } else { age };
                see((word >> START_BITS) as u32, age << START_SHIFT);
            }
        }
    }
}

#[inline(always)]
fn word_of(path: u32, since: Since) -> u64 {
    (u64::from(path) << START_BITS) | since.0
}

#[cfg(not(foreshock_loom))]
#[cfg(test)]
mod tests {
    use super::*;

    const UNIT: u64 = 1 << START_SHIFT;

    fn in_flight(attempts: &OpenAttempts, now: u64) -> Vec<(u32, u64)> {
        let mut seen = Vec::new();
        attempts.for_each(Stamp(now), |path, age| seen.push((path, age)));
        seen
    }

    fn begin(attempts: &OpenAttempts, path: u32, start: u64) -> Option<OpenPlace> {
        attempts.begin(true, path, Since::new(Stamp(start)))
    }

    #[test]
    fn an_attempt_is_seen_with_its_path_and_age_until_it_ends() {
        let attempts = OpenAttempts::new(4).unwrap();
        let place = begin(&attempts, 100_000, 6 * UNIT).expect("a free place");
        assert!(begin(&attempts, 1, 8 * UNIT).is_some());
        assert_eq!(in_flight(&attempts, 9 * UNIT), [(100_000, 3 * UNIT), (1, UNIT)]);
        // SAFETY: the table is there.
        unsafe { place.free() };
        assert_eq!(in_flight(&attempts, 9 * UNIT), [(1, UNIT)]);
    }

    #[test]
    fn a_start_just_ahead_is_now_and_half_of_the_range_is_still_behind() {
        let attempts = OpenAttempts::new(1).unwrap();
        assert!(begin(&attempts, 1, 2 * UNIT).is_some());
        assert_eq!(in_flight(&attempts, 0), [(1, 0)]);
        let oldest = START_MASK / 2;
        assert_eq!(in_flight(&attempts, (2 + oldest) * UNIT), [(1, oldest * UNIT)]);
        assert_eq!(in_flight(&attempts, (3 + oldest) * UNIT), [(1, 0)]);
    }

    #[test]
    fn places_are_taken_in_turn_and_a_free_one_is_found_behind_those_taken() {
        let attempts = OpenAttempts::new(4).unwrap();
        for _ in 0..10 {
            let place = begin(&attempts, 1, 0).expect("all are free");
            // SAFETY: the table is there.
            unsafe { place.free() };
        }
        let places: Vec<_> = (0..4).map(|path| begin(&attempts, path, 0).expect("one is free")).collect();
        let since = Since::new(Stamp(0));
        assert_eq!(attempts.begin_further(true, 9, since), None);
        // SAFETY: the table is there.
        unsafe { places[2].free() };
        assert_eq!(begin(&attempts, 9, 0), None, "the next is taken");
        assert_eq!(attempts.begin_further(true, 9, since), Some(places[2]));
        assert_eq!(in_flight(&attempts, 0).len(), 4);
    }

    #[test]
    fn a_start_survives_being_kept_as_bits() {
        let since = Since::new(Stamp(6 * UNIT));
        assert!(Since::from_bits(since.bits()) == since);
        assert!(since != Since::READ_THE_CLOCK);
    }
}
