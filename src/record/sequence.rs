//! How many records a block holds, and whether its thread is looking a name up: one word.
//!
//! | bits | content |
//! |---|---|
//! | 63..40 | pins that ended |
//! | 39..1 | records made; stored after what the record wrote, so that the collector need not look at the rest while the word stands still |
//! | 0 | pinned: from here on no number that the thread finds by name is given to another name |
//!
//! A carry out of the records looks like a pin that ended. It could matter once in 2^39 records, and only if that one
//! were made inside of a pin, by the host's allocator.
//!
//! # Orderings
//!
//! (COUNTED) the end of a record, and (UNPIN) the end of a pin, are Release stores; they pair with the Acquire load
//! in `read`: who sees the word sees what the records wrote. (PIN), the beginning of a pin, is one too: who sees it knows that
//! the pin before has ended, and may free what that one read. The light
//! fence orders it before the look-up, and pairs with the heavy fence in `collect/retire.rs`.

use crate::sync::{AtomicU64, Ordering, order, two_sided_fence};

const PINNED: u64 = 1;
const RECORD: u64 = 1 << 1;
const PIN_ENDED: u64 = 1 << 40;

#[derive(Default)]
pub(crate) struct Sequence(AtomicU64);

/// The word at the beginning of a pin.
#[derive(Clone, Copy)]
pub(crate) struct Pinned(u64);

impl Sequence {
    /// A record was made, by the only writer of the block.
    #[inline(always)]
    pub(crate) fn count_sole(&self) {
        let word = self.0.load(Ordering::Relaxed);
        // (COUNTED) pairs with `read`.
        self.0.store(word.wrapping_add(RECORD), order!(Release, "counted"));
    }

    /// A record was made, by one of many.
    pub(crate) fn count_shared(&self) {
        // (COUNTED) pairs with `read`.
        self.0.fetch_add(RECORD, order!(Release, "counted_shared"));
    }

    /// Begins a pin; `None` inside of another one of this thread, which ends later: the host's allocator records, below
    /// us on this very stack. Only writer of the block only.
    #[inline(always)]
    pub(crate) fn pin(&self) -> Option<Pinned> {
        let word = self.0.load(Ordering::Relaxed);
        if word & PINNED != 0 {
            return None;
        }
        // (PIN) pairs with `read`.
        self.0.store(word | PINNED, order!(Release, "pinned"));
        two_sided_fence::light();
        Some(Pinned(word))
    }

    /// Ends a pin inside of which nothing was counted yet, and counts its one record.
    #[inline(always)]
    pub(crate) fn unpin_counted(&self, pinned: Pinned) {
        // (UNPIN), (COUNTED) pair with `read`. From the register: to load the word again would wait for the store.
        self.0.store(pinned.0.wrapping_add(PIN_ENDED + RECORD), order!(Release, "unpin"));
    }

    /// Ends a pin inside of which nothing was counted.
    #[inline(always)]
    pub(crate) fn unpin_idle(&self, pinned: Pinned) {
        // (UNPIN) pairs with `read`.
        self.0.store(pinned.0.wrapping_add(PIN_ENDED), order!(Release, "unpin"));
    }

    /// Ends a pin, whatever was counted meanwhile.
    pub(crate) fn unpin(&self) {
        let word = self.0.load(Ordering::Relaxed);
        // (UNPIN) pairs with `read`.
        self.0.store(word.wrapping_add(PIN_ENDED) & !PINNED, order!(Release, "unpin"));
    }

    fn read(&self) -> u64 {
        // Acquire: pairs with (COUNTED) and (UNPIN).
        self.0.load(order!(Acquire, "counted_seen"))
    }

    /// Changes with every record. Who sees it sees all that was counted before.
    pub(crate) fn records(&self) -> u64 {
        self.read() % PIN_ENDED / RECORD
    }

    /// `None` while nothing is pinned, else a token that changes when the pin ends.
    pub(crate) fn pinned(&self) -> Option<u64> {
        let word = self.read();
        (word & PINNED != 0).then_some(word / PIN_ENDED)
    }
}

#[cfg(not(foreshock_loom))]
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_that_ends_counts_its_own_records_and_no_more() {
        let sequence = Sequence::default();
        let pinned = sequence.pin().expect("the first");
        sequence.unpin_counted(pinned);
        assert_eq!((sequence.records(), sequence.pinned()), (1, None));
        let pinned = sequence.pin().expect("the last has ended");
        sequence.unpin_idle(pinned);
        assert_eq!((sequence.records(), sequence.pinned()), (1, None));
        assert!(sequence.pin().is_some());
        assert!(sequence.pin().is_none(), "inside of another");
        sequence.count_sole();
        sequence.count_shared();
        sequence.unpin();
        assert_eq!((sequence.records(), sequence.pinned()), (3, None));
    }

    #[test]
    fn every_pin_has_a_token_of_its_own() {
        let sequence = Sequence::default();
        let token = || {
            let pinned = sequence.pin().expect("the last has ended");
            let token = sequence.pinned();
            sequence.unpin_idle(pinned);
            token.expect("pinned")
        };
        assert_ne!(token(), token());
    }
}
