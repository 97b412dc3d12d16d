//! A bounded ring of small messages from the threads that record to the collector.
//!
//! A message is `WORDS` atomic words, the last of which is never 0. A place whose last word is 0 is free:
//! the place itself says whether it may be written, so a single producer touches no shared index at all.
//!
//! Who may touch what: `tail` belongs to the producer (or, in `push_shared`, to whoever wins the compare-exchange),
//! `head` to the consumer; a place belongs to the producer while its last word is 0 and to the consumer while
//! it is not.
//!
//! # Orderings
//!
//! (PUBLISH) the producer stores the last word with Release; pairs with (TAKE), the consumer's Acquire load
//! of it, so the other words are seen whole. (FREE) the consumer stores 0 with Release; pairs with (CLAIM), the
//! producer's Acquire load of it, so the words are not overwritten before they were read. With several producers
//! an empty place may also belong to one that has claimed it and not yet written; (HEAD), the consumer's Release
//! store of its index, pairs with their Acquire load and keeps them a whole lap apart.

use super::boxed::{NoMemory, boxed};
use crate::sync::{AtomicU64, Ordering, Witness, order, seeded};
use crossbeam_utils::CachePadded;

pub(crate) struct Ring<const WORDS: usize> {
    tail: CachePadded<AtomicU64>,
    head: CachePadded<AtomicU64>,
    places: Box<[Place<WORDS>]>,
}

struct Place<const WORDS: usize> {
    words: [AtomicU64; WORDS],
    witness: Witness,
}

impl<const WORDS: usize> Place<WORDS> {
    fn new() -> Self {
        Self { words: std::array::from_fn(|_| AtomicU64::new(0)), witness: Witness::default() }
    }

    /// Says whose the place is.
    #[inline(always)]
    fn last(&self) -> &AtomicU64 {
        &self.words[WORDS - 1]
    }
}

/// The ring had no free place; the message was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Full;

/// A producer that loses the race for a place this often gives up, so that its steps stay bounded.
const CLAIM_ATTEMPTS: usize = 128;

impl<const WORDS: usize> Ring<WORDS> {
    /// `capacity` must be a power of two.
    pub(crate) fn new(capacity: usize) -> Result<Self, NoMemory> {
        debug_assert!(capacity.is_power_of_two());
        Ok(Self {
            tail: CachePadded::new(AtomicU64::new(0)),
            head: CachePadded::new(AtomicU64::new(0)),
            places: boxed("ring", capacity, Place::new)?,
        })
    }

    /// There is one for every index: their number is a power of two.
    #[inline(always)]
    fn place(&self, index: u64) -> Option<&Place<WORDS>> {
        self.places.get((index & self.mask()) as usize)
    }

    #[inline(always)]
    fn mask(&self) -> u64 {
        (self.places.len() as u64).wrapping_sub(1)
    }

    /// Appends a message. Only one thread at a time may call this, each after the last in happens-before order.
    #[inline(always)]
    pub(crate) fn push(&self, message: [u64; WORDS]) -> Result<(), Full> {
        // Relaxed: only this thread writes `tail`; a lease that passes from thread to thread orders it.
        let tail = self.tail.load(Ordering::Relaxed);
        let place = self.place(tail).ok_or(Full)?;
        // (CLAIM) pairs with (FREE).
        if place.last().load(order!(Acquire, "ring_claim")) != 0 && !seeded("ring_overwrites") {
            return Err(Full);
        }
        Self::write(place, message);
        self.tail.store(tail.wrapping_add(1), Ordering::Relaxed);
        Ok(())
    }

    /// Appends a message from any number of threads at once. Never mixed with `push` on the same ring. A producer that
    /// is held up between its claim and its store holds up the messages behind it, not the producers.
    pub(crate) fn push_shared(&self, message: [u64; WORDS]) -> Result<(), Full> {
        for _ in 0..CLAIM_ATTEMPTS {
            let tail = self.tail.load(Ordering::Relaxed);
            // Pairs with (HEAD): the place of `tail` was read out and freed a lap ago.
            let head = self.head.load(order!(Acquire, "ring_head_seen"));
            if tail.wrapping_sub(head) > self.mask() + u64::from(seeded("ring_place_too_many")) {
                return Err(Full);
            }
            let place = self.place(tail).ok_or(Full)?;
            let next = tail.wrapping_add(1);
            if seeded("ring_tail_stored") {
                self.tail.store(next, Ordering::Relaxed);
                Self::write(place, message);
                return Ok(());
            }
            // Relaxed: winning the index is all; the message is published by (PUBLISH).
            if self.tail.compare_exchange_weak(tail, next, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
                Self::write(place, message);
                return Ok(());
            }
        }
        Err(Full)
    }

    #[inline(always)]
    fn write(place: &Place<WORDS>, message: [u64; WORDS]) {
        debug_assert_ne!(message[WORDS - 1], 0);
        place.witness.write();
        for (word, value) in place.words.iter().zip(message).take(WORDS - 1) {
            word.store(value, Ordering::Relaxed);
        }
        // (PUBLISH) pairs with (TAKE).
        place.last().store(message[WORDS - 1], order!(Release, "ring_publish"));
    }

    /// Takes what is there, oldest first, at most one lap. Only the collector may call this. Returns how many.
    pub(crate) fn drain(&self, mut take: impl FnMut([u64; WORDS])) -> usize {
        // Relaxed: only the collector writes `head`.
        let start = self.head.load(Ordering::Relaxed);
        let mut head = start;
        while head.wrapping_sub(start) <= self.mask()
            && let Some(place) = self.place(head)
        {
            // (TAKE) pairs with (PUBLISH).
            let last = place.last().load(order!(Acquire, "ring_take"));
            if last == 0 {
                break;
            }
            let mut message = [0; WORDS];
            for (word, value) in place.words.iter().zip(&mut message).take(WORDS - 1) {
                *value = word.load(Ordering::Relaxed);
            }
            place.witness.read();
            message[WORDS - 1] = last;
            // (FREE) pairs with (CLAIM).
            place.last().store(0, order!(Release, "ring_free"));
            head = head.wrapping_add(1);
            // (HEAD) pairs with the load in `push_shared`.
            self.head.store(head, order!(Release, "ring_head"));
            take(message);
        }
        head.wrapping_sub(start) as usize
    }

    pub(crate) fn capacity(&self) -> usize {
        self.places.len()
    }
}

#[cfg(all(test, not(foreshock_loom)))]
mod tests {
    use super::*;

    fn drained(ring: &Ring<2>) -> Vec<[u64; 2]> {
        let mut out = Vec::new();
        ring.drain(|message| out.push(message));
        out
    }

    #[test]
    fn keeps_order_refuses_the_newest_and_goes_on_after_a_drain() {
        let ring = Ring::<2>::new(4).unwrap();
        for round in 0..3 {
            for i in 1..=4 {
                ring.push([round, i]).unwrap();
            }
            assert_eq!(ring.push([round, 5]), Err(Full));
            assert_eq!(drained(&ring), [[round, 1], [round, 2], [round, 3], [round, 4]]);
            assert_eq!(drained(&ring), [[0; 2]; 0]);
        }
    }

    #[test]
    fn a_shared_ring_keeps_every_message_of_every_thread_or_refuses_it() {
        let ring = Ring::<2>::new(64).unwrap();
        let per_thread = if cfg!(miri) { 50 } else { 20_000 };
        let (refused, seen) = std::thread::scope(|scope| {
            let producers: Vec<_> = (1..=3u64)
                .map(|thread| {
                    let ring = &ring;
                    scope.spawn(move || {
                        (1..=per_thread).filter(|i| ring.push_shared([*i, thread]).is_err()).count()
                    })
                })
                .collect();
            let mut seen = [0u64; 4];
            let mut last = [0u64; 4];
            let mut take = |[i, thread]: [u64; 2]| {
                assert!(i > last[thread as usize], "order within a thread");
                last[thread as usize] = i;
                seen[thread as usize] += 1;
            };
            while producers.iter().any(|p| !p.is_finished()) {
                ring.drain(&mut take);
            }
            // Joined first: only then is everything that they stored ordered before this drain.
            let refused: usize = producers.into_iter().map(|p| p.join().unwrap()).sum();
            while ring.drain(&mut take) > 0 {}
            (refused as u64, seen.iter().sum::<u64>())
        });
        assert_eq!(seen + refused, 3 * per_thread);
    }
}
