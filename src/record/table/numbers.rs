//! Where numbers come from and go to: those that were never in use, and those that were given back.

use super::node::{CLAIMED, FREE, NIL, link_of, successor};
use super::{ADD_ATTEMPTS, NameTable};
use crate::record::name::{BoundedName, Name};
use crate::sync::{Ordering, order, seeded};
use std::ptr;

/// Why a name gets no number.
pub(super) enum Refusal {
    /// All are out. One may come back soon: a thread that loses a race gives its own back.
    NoNumber,
    NoMemory,
}

impl NameTable {
    /// Takes a free number and writes the name into its node, which nobody sees yet.
    pub(super) fn take_number(&self, name: BoundedName<'_>) -> Result<u32, Refusal> {
        // The number first: a name that finds no number allocates nothing.
        let number = self.pop_freed().or_else(|| self.take_fresh()).ok_or(Refusal::NoNumber)?;
        let (Some(node), Ok(name)) = (self.node(number), Name::new(name)) else {
            self.release_number(number);
            return Err(Refusal::NoMemory);
        };
        // Relaxed, both: published by (HEAD-RELEASE) to who comes by the chain, by (LISTED) to the collector.
        node.name.store(Box::into_raw(name), Ordering::Relaxed);
        node.state.store(CLAIMED, Ordering::Relaxed);
        Ok(number)
    }

    pub(super) fn take_fresh(&self) -> Option<u32> {
        if seeded("fresh_stored") {
            let fresh = self.fresh.load(Ordering::Acquire);
            let is_left = fresh < self.other();
            self.fresh.store(fresh + u32::from(is_left), Ordering::Release);
            return is_left.then_some(fresh);
        }
        // (FRESH) Release: pairs with `high_water`. Acquire: pairs with the Release of the others' increments, so
        // that who finds the table full sees every name that was linked before its last number was taken.
        // No bound but the table: each failure is a number that another thread took.
        self.fresh
            .fetch_update(Ordering::Release, order!(Acquire, "fresh_seen"), |fresh| {
                (fresh < self.other()).then(|| fresh + 1)
            })
            .ok()
    }

    pub(super) fn pop_freed(&self) -> Option<u32> {
        for _ in 0..ADD_ATTEMPTS {
            // Acquire: pairs with the Release in `push_freed`; `next` of the top is seen.
            let head = self.freed.load(order!(Acquire, "freed_seen"));
            let link = link_of(head);
            if link == NIL {
                return None;
            }
            let next = self.node(link.wrapping_sub(1))?.next.load(Ordering::Relaxed);
            if self
                .freed
                .compare_exchange(head, successor(head, next), Ordering::Acquire, Ordering::Relaxed)
                .is_ok()
            {
                return Some(link - 1);
            }
        }
        None
    }

    /// Gives back a number whose node no other thread can see.
    pub(super) fn release_number(&self, number: u32) {
        let Some(node) = self.node(number) else { return };
        node.state.store(FREE, Ordering::Relaxed);
        let name = node.name.swap(ptr::null_mut(), Ordering::Relaxed);
        if !name.is_null() {
            // SAFETY: the pointer came from `Box::into_raw` in `take_number` and was just taken out of the
            // node. By contract no other thread sees this node: it was never linked, or the collector has
            // unlinked it and waited until every pinned thread had left.
            drop(unsafe { Box::from_raw(name) });
        }
        // No bound: each failure is a number that another thread took or gave back.
        loop {
            let head = self.freed.load(Ordering::Relaxed);
            node.next.store(link_of(head), Ordering::Relaxed);
            // Release: pairs with `pop_freed`.
            let (next, freed) = (successor(head, number + 1), order!(Release, "freed"));
            if self.freed.compare_exchange(head, next, freed, Ordering::Relaxed).is_ok() {
                return;
            }
        }
    }
}
