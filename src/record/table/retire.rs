//! Taking a name's number away, step by step; `collect/retire.rs` says when. Collector only, all of it.

use super::NameTable;
use super::node::{CONDEMNED, DEAD, LIVE, NIL, link_of, successor};
use crate::record::name::BoundedName;
use crate::record::recent::Mark;
use crate::sync::{Ordering, order, seeded};

impl NameTable {
    /// The first step of retirement. The next record of the name takes it back.
    pub(crate) fn condemn(&self, number: u32) -> bool {
        if seeded("mark_early") {
            self.next_mark();
            return self.change(number, LIVE, CONDEMNED);
        }
        let condemned = self.change(number, LIVE, CONDEMNED);
        self.next_mark();
        condemned
    }

    fn next_mark(&self) {
        // (MARK) Release: pairs with the Acquire load in `mark`; who sees the new mark sees the name condemned. Only the
        // collector writes it.
        let mark = Mark::from_bits(self.mark.load(Ordering::Relaxed));
        self.mark.store(mark.next().bits(), order!(Release, "mark_published"));
    }

    /// No new record can find the name. False if one took it back.
    pub(crate) fn kill(&self, number: u32) -> bool {
        if seeded("kill_stored") {
            self.nodes[number as usize].state.store(DEAD, Ordering::Release);
            return true;
        }
        self.change(number, CONDEMNED, DEAD)
    }

    /// A condemned name turned out to be in use.
    pub(crate) fn rescue(&self, number: u32) {
        self.change(number, CONDEMNED, LIVE);
    }

    fn change(&self, number: u32, from: u32, to: u32) -> bool {
        // AcqRel: pairs with the same compare-exchange in `Node::is_usable` on the threads that record.
        self.nodes[number as usize]
            .state
            .compare_exchange(from, to, Ordering::AcqRel, Ordering::Relaxed)
            .is_ok()
    }

    /// Takes a dead node out of its chain. Threads that are pinned may still stand on it.
    pub(crate) fn unlink(&self, number: u32) {
        let node = &self.nodes[number as usize];
        let Some(name) = node.name() else { return };
        let Some(bucket) = self.bucket(BoundedName::new(name.text())) else { return };
        let next = node.next.load(Ordering::Relaxed);
        loop {
            let head = bucket.load(Ordering::Acquire);
            if link_of(head) == number + 1 {
                // Release: what `next` links to was published before; keep it so for the new head.
                if bucket
                    .compare_exchange(head, successor(head, next), Ordering::AcqRel, Ordering::Relaxed)
                    .is_ok()
                {
                    return;
                }
            } else {
                // Behind the head only the collector changes links.
                self.unlink_behind(head, number, next);
                return;
            }
        }
    }

    fn unlink_behind(&self, head: u64, number: u32, next: u32) {
        let mut link = link_of(head);
        while link != NIL {
            let node = &self.nodes[link as usize - 1];
            link = node.next.load(Ordering::Relaxed);
            if link == number + 1 {
                // Release: pairs with the Acquire load in `walk`.
                node.next.store(next, Ordering::Release);
                return;
            }
        }
    }

    /// The number of an unlinked node may be used for another name. Every thread that was
    /// pinned when it was unlinked has left since.
    pub(crate) fn free(&self, number: u32) {
        self.release_number(number);
        self.held.fetch_sub(1, Ordering::Relaxed);
    }
}
