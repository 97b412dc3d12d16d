//! Names to dense numbers, without a lock.
//!
//! A fixed number of buckets, each the head of a chain of nodes; the number of a node is the number of the
//! name. A name is added by one compare-exchange on the head of its bucket, which fails if anything was added
//! meanwhile, so one name never gets two numbers.
//!
//! Any thread looks up and adds. Only the collector condemns, unlinks and frees (see `collect/retire.rs`), and
//! a number is not given out again while a thread that may still see it is pinned (see `writer.rs`).
//!
//! | `state` | meaning | next |
//! |---|---|---|
//! | `FREE` | no name | `CLAIMED`, by the thread that adds a name |
//! | `CLAIMED` | named, linked only if the thread wins the race for the bucket | `LIVE` or `FREE`, by that thread |
//! | `LIVE` | in use | `CONDEMNED`, by the collector |
//! | `CONDEMNED` | idle for long; the next record rescues it | `LIVE`, by any thread; `DEAD`, by the collector |
//! | `DEAD` | passed over by look-ups, about to be unlinked | `FREE`, by the collector |

use super::boxed::boxed;
use super::name::{BoundedName, Match, Name};
use super::recent::Mark;
use crate::error::Error;
use crate::sync::{AtomicPtr, AtomicU32, AtomicU64, Ordering, spin_hint};
// Under loom every run must take the same steps; elsewhere nobody outside may know which names collide.
#[cfg(foreshock_loom)]
use foldhash::fast::FixedState as HashState;
#[cfg(not(foreshock_loom))]
use foldhash::fast::RandomState as HashState;
use std::hash::BuildHasher;
use std::ptr;
use std::sync::Arc;

const FREE: u32 = 0;
const CLAIMED: u32 = 1;
const LIVE: u32 = 2;
const CONDEMNED: u32 = 3;
const DEAD: u32 = 4;

/// Link to no node. A link to node `n` is `n + 1`.
const NIL: u32 = 0;

/// A thread that loses this many races for one bucket files its record under `__other__` instead.
const ADD_ATTEMPTS: usize = if cfg!(foreshock_loom) { 4 } else { 256 };

pub(crate) struct NameTable {
    /// Version in the upper half, link in the lower: the version makes a head that was taken off and put back
    /// a different word.
    buckets: Box<[AtomicU64]>,
    nodes: Box<[Node]>,
    /// Numbers that were in use once, as a stack through `next`; same layout as a bucket.
    freed: AtomicU64,
    /// Numbers from here on were never in use.
    fresh: AtomicU32,
    /// Numbers that are linked, or were and are not free yet.
    held: AtomicU32,
    /// Names added so far.
    added: AtomicU64,
    /// Another one with every name that is condemned.
    mark: AtomicU64,
    hasher: HashState,
}

struct Node {
    name: AtomicPtr<Name>,
    next: AtomicU32,
    state: AtomicU32,
}

impl NameTable {
    /// A table of numbers `0..capacity`; `capacity` itself stands for `__other__`.
    pub(crate) fn new(capacity: usize) -> Result<Self, Error> {
        let buckets = (capacity * 2).next_power_of_two();
        Ok(Self {
            buckets: boxed("name buckets", buckets, || AtomicU64::new(0))?,
            nodes: boxed("names", capacity, || Node {
                name: AtomicPtr::new(ptr::null_mut()),
                next: AtomicU32::new(NIL),
                state: AtomicU32::new(FREE),
            })?,
            freed: AtomicU64::new(0),
            fresh: AtomicU32::new(0),
            held: AtomicU32::new(0),
            added: AtomicU64::new(0),
            mark: AtomicU64::new(Mark::FIRST.bits()),
            hasher: HashState::default(),
        })
    }

    /// The number that stands for every name beyond the limits.
    pub(crate) fn other(&self) -> u32 {
        self.nodes.len() as u32
    }

    /// Numbers below this were in use at some time.
    pub(crate) fn high_water(&self) -> u32 {
        // Acquire: pairs with (FRESH); who sees the number sees the
        // table that it belongs to. Nothing of the node is read on this ground alone.
        self.fresh.load(Ordering::Acquire).min(self.other())
    }

    /// Names added so far. Who sees a number sees each of those names listed.
    pub(crate) fn added(&self) -> u64 {
        // Acquire: pairs with (ADDED).
        self.added.load(Ordering::Acquire)
    }

    #[inline]
    fn bucket(&self, name: BoundedName<'_>) -> &AtomicU64 {
        let hash = self.hasher.hash_one(name.text) as usize;
        &self.buckets[hash & (self.buckets.len() - 1)]
    }

    /// The number of a known name. The caller is pinned.
    #[inline]
    pub(crate) fn find(&self, name: BoundedName<'_>) -> Option<u32> {
        if name.is_reserved() {
            return Some(self.other());
        }
        // (HEAD-ACQUIRE) pairs with (HEAD-RELEASE): the node that the head links to is seen whole.
        let head = self.bucket(name).load(Ordering::Acquire);
        self.walk(head, name)
    }

    /// Of names found before: while it stays the same each of them still has its number. The caller is pinned, and
    /// stays so while it uses such a number.
    #[inline(always)]
    pub(crate) fn mark(&self) -> Mark {
        // Acquire: pairs with (MARK); a look-up made after it finds what was condemned before the mark.
        Mark::from_bits(self.mark.load(Ordering::Acquire))
    }

    /// The table's copy of a name. The caller is pinned, and has just found the number.
    pub(crate) fn own_text(&self, number: u32) -> Option<&str> {
        self.nodes.get(number as usize)?.name().map(|name| &**name.text())
    }

    /// The number of a name, given now if it has none; `__other__` where the table is full. The caller is pinned.
    pub(crate) fn find_or_add(&self, name: BoundedName<'_>) -> u32 {
        if name.is_reserved() {
            return self.other();
        }
        let bucket = self.bucket(name);
        let mut spare = None;
        for _ in 0..ADD_ATTEMPTS {
            // (HEAD-ACQUIRE) pairs with (HEAD-RELEASE).
            let head = bucket.load(Ordering::Acquire);
            if let Some(found) = self.walk(head, name) {
                if let Some(number) = spare {
                    self.release_number(number);
                }
                return found;
            }
            let Some(number) = spare.or_else(|| self.take_number(name)) else {
                // All numbers are out; but one may have gone to this very name since the walk, as (FRESH) shows,
                // or be with a thread that is about to lose its race and give it back.
                let is_full = self.held.load(Ordering::Relaxed) >= self.other();
                if is_full && bucket.load(Ordering::Acquire) == head {
                    return self.other();
                }
                spin_hint();
                continue;
            };
            let node = &self.nodes[number as usize];
            // Relaxed: published with the node by (HEAD-RELEASE).
            node.next.store(link_of(head), Ordering::Relaxed);
            // (HEAD-RELEASE) pairs with (HEAD-ACQUIRE).
            if bucket
                .compare_exchange(head, successor(head, number + 1), Ordering::Release, Ordering::Relaxed)
                .is_ok()
            {
                self.held.fetch_add(1, Ordering::Relaxed);
                // (LISTED) Release: pairs with the Acquire load in `listed`.
                node.state.store(LIVE, Ordering::Release);
                // (ADDED) Release: pairs with the Acquire load in `added`.
                self.added.fetch_add(1, Ordering::Release);
                return number;
            }
            spare = Some(number);
        }
        if let Some(number) = spare {
            self.release_number(number);
        }
        self.other()
    }

    fn walk(&self, head: u64, name: BoundedName<'_>) -> Option<u32> {
        let mut link = link_of(head);
        // A chain is never longer than the table; the bound is for the reader.
        for _ in 0..self.nodes.len() {
            // No node where the link is `NIL`.
            let node = self.nodes.get((link as usize).wrapping_sub(1))?;
            match node.compare(name) {
                Match::Same if node.is_usable() => return Some(link - 1),
                Match::SameText => return Some(self.other()),
                Match::Same | Match::Different => {}
            }
            // Acquire: pairs with the Release store in `unlink`; a link that skips a node leads to the next
            // one of the same chain.
            link = node.next.load(Ordering::Acquire);
        }
        None
    }

    /// Takes a free number and writes the name into its node, which nobody sees yet.
    fn take_number(&self, name: BoundedName<'_>) -> Option<u32> {
        let number = self.pop_freed().or_else(|| self.take_fresh())?;
        let node = &self.nodes[number as usize];
        let name = Box::into_raw(Box::new(Name::new(name)));
        // Relaxed, both: published by (HEAD-RELEASE) to who comes by the chain, by (LISTED) to the collector.
        node.name.store(name, Ordering::Relaxed);
        node.state.store(CLAIMED, Ordering::Relaxed);
        Some(number)
    }

    fn take_fresh(&self) -> Option<u32> {
        // (FRESH) Release: pairs with `high_water`. Acquire: pairs with the Release of the others' increments, so
        // that who finds the table full sees every name that was linked before its last number was taken.
        self.fresh
            .fetch_update(Ordering::Release, Ordering::Acquire, |fresh| {
                (fresh < self.other()).then(|| fresh + 1)
            })
            .ok()
    }

    fn pop_freed(&self) -> Option<u32> {
        for _ in 0..ADD_ATTEMPTS {
            // Acquire: pairs with the Release in `push_freed`; `next` of the top is seen.
            let head = self.freed.load(Ordering::Acquire);
            let link = link_of(head);
            if link == NIL {
                return None;
            }
            let next = self.nodes[link as usize - 1].next.load(Ordering::Relaxed);
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
    fn release_number(&self, number: u32) {
        let node = &self.nodes[number as usize];
        node.state.store(FREE, Ordering::Relaxed);
        let name = node.name.swap(ptr::null_mut(), Ordering::Relaxed);
        if !name.is_null() {
            // SAFETY: the pointer came from `Box::into_raw` in `take_number` and was just taken out of the
            // node. By contract no other thread sees this node: it was never linked, or the collector has
            // unlinked it and waited until every pinned thread had left.
            drop(unsafe { Box::from_raw(name) });
        }
        loop {
            let head = self.freed.load(Ordering::Relaxed);
            node.next.store(link_of(head), Ordering::Relaxed);
            // Release: pairs with `pop_freed`.
            if self
                .freed
                .compare_exchange(head, successor(head, number + 1), Ordering::Release, Ordering::Relaxed)
                .is_ok()
            {
                return;
            }
        }
    }

    /// The text of a name. The caller holds a handle on it.
    pub(crate) fn text(&self, number: u32) -> Option<Arc<str>> {
        let Some(node) = self.nodes.get(number as usize) else {
            return Some(super::name::OTHER.into());
        };
        node.name().map(|name| name.text().clone())
    }

    /// Collector only: the text of a name that is in use. One that a thread is just adding is not yet listed: should
    /// the thread lose its race, it takes the name away again.
    pub(crate) fn listed(&self, number: u32) -> Option<Arc<str>> {
        let in_use = self.nodes.get(number as usize).is_none_or(|node| {
            // (LISTED) Acquire. From here on only the collector itself can take the name away.
            matches!(node.state.load(Ordering::Acquire), LIVE | CONDEMNED)
        });
        in_use.then(|| self.text(number)).flatten()
    }

    /// Collector only: the first step of retirement. The next record of the name takes it back.
    pub(crate) fn condemn(&self, number: u32) -> bool {
        let condemned = self.change(number, LIVE, CONDEMNED);
        // (MARK) Release: pairs with the Acquire load in `mark`; who sees the new mark sees the name condemned. Only the
        // collector writes it.
        let mark = Mark::from_bits(self.mark.load(Ordering::Relaxed));
        self.mark.store(mark.next().bits(), Ordering::Release);
        condemned
    }

    /// Collector only: no new record can find the name. False if one took it back.
    pub(crate) fn kill(&self, number: u32) -> bool {
        self.change(number, CONDEMNED, DEAD)
    }

    /// Collector only: a condemned name turned out to be in use.
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

    /// Collector only: takes a dead node out of its chain. Threads that are pinned may still stand on it.
    pub(crate) fn unlink(&self, number: u32) {
        let node = &self.nodes[number as usize];
        let Some(name) = node.name() else { return };
        let bucket = self.bucket_of_text(name.text());
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

    fn bucket_of_text(&self, text: &str) -> &AtomicU64 {
        self.bucket(BoundedName::new(text))
    }

    /// Collector only: the number of an unlinked node may be used for another name. Every thread that was
    /// pinned when it was unlinked has left since.
    pub(crate) fn free(&self, number: u32) {
        self.release_number(number);
        self.held.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Drop for NameTable {
    fn drop(&mut self) {
        for node in &mut self.nodes {
            let name = node.name.load(Ordering::Relaxed);
            if !name.is_null() {
                // SAFETY: from `Box::into_raw` in `take_number`; `&mut self` says that nobody else is left.
                drop(unsafe { Box::from_raw(name) });
            }
        }
    }
}

impl Node {
    fn name(&self) -> Option<&Name> {
        // Relaxed would do: the chain, `listed` or a handle has published the name. Acquire costs nothing here.
        let name = self.name.load(Ordering::Acquire);
        // SAFETY: null or from `Box::into_raw`, and freed only in `release_number`, whose contract keeps
        // away every thread that is pinned, holds a handle, or is the collector at another step.
        unsafe { name.as_ref() }
    }

    fn compare(&self, name: BoundedName<'_>) -> Match {
        self.name().map_or(Match::Different, |stored| stored.compare(name))
    }

    /// True unless dead; takes a condemned node back.
    #[inline]
    fn is_usable(&self) -> bool {
        // Relaxed: the order of this load after the pin is the light fence in `Sequence::pin`; pairs with the
        // heavy fence after `condemn`.
        match self.state.load(Ordering::Relaxed) {
            // Claimed: whoever comes by the chain knows that it is linked.
            LIVE | CLAIMED => true,
            CONDEMNED => {
                match self.state.compare_exchange(CONDEMNED, LIVE, Ordering::AcqRel, Ordering::Relaxed) {
                    Ok(_) => true,
                    Err(now) => now == LIVE,
                }
            }
            _ => false,
        }
    }
}

fn link_of(head: u64) -> u32 {
    head as u32
}

/// The next version of a head, with another link.
fn successor(head: u64, link: u32) -> u64 {
    let version = (head >> 32).wrapping_add(1);
    (version << 32) | u64::from(link)
}

#[cfg(all(test, not(foreshock_loom)))]
mod tests {
    use super::*;

    fn add(table: &NameTable, name: &str) -> u32 {
        table.find_or_add(BoundedName::new(name))
    }

    #[test]
    fn a_name_keeps_its_number_and_the_table_its_limit() {
        let table = NameTable::new(3).unwrap();
        let numbers: Vec<_> = ["a", "b", "c"].map(|name| add(&table, name)).into();
        assert_eq!(numbers, [0, 1, 2]);
        assert_eq!(add(&table, "b"), 1);
        assert_eq!(add(&table, "d"), table.other());
        assert_eq!(table.find(BoundedName::new("d")), None);
        assert_eq!(table.text(2).as_deref(), Some("c"));
    }

    #[test]
    fn empty_and_reserved_names_go_to_other() {
        let table = NameTable::new(3).unwrap();
        assert_eq!(add(&table, ""), table.other());
        assert_eq!(add(&table, "__other__"), table.other());
        assert_eq!(table.high_water(), 0);
    }

    #[test]
    fn a_long_name_that_prints_like_another_goes_to_other() {
        let table = NameTable::new(3).unwrap();
        let long = "x".repeat(300);
        let longer = "x".repeat(301);
        assert_eq!(add(&table, &long), 0);
        assert_eq!(add(&table, &long), 0);
        assert_eq!(add(&table, &longer), table.other());
        assert_eq!(add(&table, &long[..256]), table.other());
    }

    #[test]
    fn a_number_comes_back_after_retirement_and_others_stay_reachable() {
        let table = NameTable::new(64).unwrap();
        for i in 0..64 {
            add(&table, &format!("n{i}"));
        }
        for victim in [0, 63, 17] {
            assert!(table.condemn(victim));
            assert!(table.kill(victim));
            table.unlink(victim);
            table.free(victim);
        }
        for i in (0..64).filter(|i| ![0, 63, 17].contains(i)) {
            assert_eq!(table.find(BoundedName::new(&format!("n{i}"))), Some(i));
        }
        assert_eq!(add(&table, "new"), 17, "last freed, first used");
        assert_eq!(table.find(BoundedName::new("n17")), None);
    }

    #[test]
    fn a_record_takes_a_condemned_name_back() {
        let table = NameTable::new(2).unwrap();
        let number = add(&table, "a");
        assert!(table.condemn(number));
        assert_eq!(add(&table, "a"), number);
        assert!(!table.kill(number), "it was taken back");
    }

    #[test]
    fn racing_threads_agree_on_every_number() {
        let names: Vec<String> = (0..if cfg!(miri) { 8 } else { 200 }).map(|i| format!("path/{i}")).collect();
        // Each thread may hold one number more while it races.
        let table = NameTable::new(names.len() + 4).unwrap();
        let numbers: Vec<Vec<u32>> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4)
                .map(|_| scope.spawn(|| names.iter().map(|name| add(&table, name)).collect()))
                .collect();
            threads.into_iter().map(|t| t.join().unwrap()).collect()
        });
        let mut distinct = numbers[0].clone();
        distinct.sort_unstable();
        distinct.dedup();
        assert_eq!(distinct.len(), names.len());
        assert!(numbers.iter().all(|seen| *seen == numbers[0]));
    }
}
