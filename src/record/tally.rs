//! Failures by type and component, exactly: those of one thread in a small table of its block, the rest in counters that all
//! threads share.
//!
//! A thread meets few components, so a table for each with a cell for every type of every component would be empty for the
//! most part. A slot is given to the first pair that needs it and stays that pair's for good; a pair that finds no
//! slot is counted in the shared counters, and so is whatever threads without a block of their own record.
//!
//! Relaxed throughout: a slot's key never changes, each count is a sum of its own, and who sees that a record was made
//! sees what it counted by (COUNTED) in `sequence.rs`.

use super::boxed::{NoMemory, boxed};
use super::failure::TypeId;
use crate::sync::{AtomicU32, AtomicU64, Ordering};

/// In each block.
const SLOTS: usize = if cfg!(foreshock_loom) { 2 } else { 128 };

/// So many slots are looked at, so that the steps stay bounded.
const PROBES: usize = 4;

const TYPE_BITS: u32 = 6;

/// A type and a component in one word, never 0.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Pair(u32);

impl Pair {
    #[inline(always)]
    fn new(kind: TypeId, component: u32) -> Self {
        Self((component << TYPE_BITS | u32::from(kind.0)) + 1)
    }

    fn parts(self) -> (TypeId, u32) {
        (TypeId(((self.0 - 1) & ((1 << TYPE_BITS) - 1)) as u8), (self.0 - 1) >> TYPE_BITS)
    }
}

#[derive(Default)]
struct Slot {
    /// 0 while it is free.
    pair: AtomicU32,
    count: AtomicU64,
}

/// What one thread counted.
pub(crate) struct Tallies([Slot; SLOTS]);

impl Default for Tallies {
    fn default() -> Self {
        Self(std::array::from_fn(|_| Slot::default()))
    }
}

impl Tallies {
    /// By the only writer of the block. False if there is no slot for the pair.
    #[inline(always)]
    pub(crate) fn count(&self, kind: TypeId, component: u32) -> bool {
        let pair = Pair::new(kind, component);
        // Neighbours in number, of one type or the other, lie apart.
        let first = (pair.0.wrapping_mul(0x9e37_79b9) >> 16) as usize;
        self.count_at(first, pair) || self.count_further(first, pair)
    }

    #[cold]
    #[inline(never)]
    fn count_further(&self, first: usize, pair: Pair) -> bool {
        (1..PROBES).any(|probe| self.count_at(first + probe, pair))
    }

    #[inline(always)]
    fn count_at(&self, place: usize, pair: Pair) -> bool {
        let slot = &self.0[place % SLOTS];
        let found = slot.pair.load(Ordering::Relaxed);
        if found != pair.0 {
            if found != 0 {
                return false;
            }
            slot.pair.store(pair.0, Ordering::Relaxed);
        }
        let count = slot.count.load(Ordering::Relaxed);
        slot.count.store(count.wrapping_add(1), Ordering::Relaxed);
        true
    }

    /// Every pair that was counted here.
    pub(crate) fn for_each(&self, mut see: impl FnMut(TypeId, u32, u64)) {
        for slot in &self.0 {
            let pair = slot.pair.load(Ordering::Relaxed);
            if pair != 0 {
                let (kind, component) = Pair(pair).parts();
                see(kind, component, slot.count.load(Ordering::Relaxed));
            }
        }
    }
}

/// What all threads counted that found no slot.
pub(crate) struct SharedTallies {
    /// By type, then by component.
    counts: Box<[AtomicU64]>,
    components: usize,
}

impl SharedTallies {
    pub(crate) fn new(types: usize, components: usize) -> Result<Self, NoMemory> {
        let counts = boxed("failure counters", types * components, || AtomicU64::new(0))?;
        Ok(Self { counts, components })
    }

    #[cold]
    pub(crate) fn count(&self, kind: TypeId, component: u32) {
        if let Some(count) = self.cell(kind, component) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn of(&self, kind: TypeId, component: u32) -> u64 {
        self.cell(kind, component).map_or(0, |count| count.load(Ordering::Relaxed))
    }

    fn cell(&self, kind: TypeId, component: u32) -> Option<&AtomicU64> {
        let component = Some(component as usize).filter(|component| *component < self.components)?;
        self.counts.get(usize::from(kind.0) * self.components + component)
    }
}

#[cfg(all(test, not(foreshock_loom)))]
mod tests {
    use super::*;

    fn total(tallies: &Tallies) -> u64 {
        let mut total = 0;
        tallies.for_each(|_, _, count| total += count);
        total
    }

    #[test]
    fn a_pair_survives_its_packing_at_the_edges() {
        for kind in [0, 1, 31] {
            for component in [0, 1, 65_535, 65_536] {
                let pair = Pair::new(TypeId(kind), component);
                assert_ne!(pair.0, 0);
                assert_eq!(pair.parts(), (TypeId(kind), component));
            }
        }
    }

    #[test]
    fn each_pair_keeps_its_own_count() {
        let tallies = Tallies::default();
        for (kind, component, times) in [(0, 7, 3), (1, 7, 2), (0, 8, 1)] {
            (0..times).for_each(|_| assert!(tallies.count(TypeId(kind), component)));
        }
        let mut seen = Vec::new();
        tallies.for_each(|kind, component, count| seen.push((kind.0, component, count)));
        seen.sort_unstable();
        assert_eq!(seen, [(0, 7, 3), (0, 8, 1), (1, 7, 2)]);
    }

    #[test]
    fn what_finds_no_slot_is_said_so_and_the_rest_is_counted() {
        let tallies = Tallies::default();
        let pairs =
            (0..3u8).flat_map(|kind| (0..SLOTS as u32).map(move |component| (TypeId(kind), component)));
        let counted = pairs.filter(|(kind, component)| tallies.count(*kind, *component)).count() as u64;
        assert!(counted > SLOTS as u64 / 2, "{counted}");
        assert_eq!(total(&tallies), counted);
        assert!(counted < 3 * SLOTS as u64);
    }

    #[test]
    fn the_shared_ones_know_every_pair_and_no_other() {
        let shared = SharedTallies::new(2, 3).unwrap();
        for (kind, component) in [(0, 0), (1, 2), (1, 2), (0, 3), (2, 0), (31, 99)] {
            shared.count(TypeId(kind), component);
        }
        assert_eq!((shared.of(TypeId(0), 0), shared.of(TypeId(1), 2), shared.of(TypeId(1), 0)), (1, 2, 0));
        assert_eq!((shared.of(TypeId(0), 3), shared.of(TypeId(2), 0)), (0, 0));
    }
}
