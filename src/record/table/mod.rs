//! Names to dense numbers, without a lock.
//!
//! A fixed number of buckets, each the head of a chain of nodes; the number of a node is the number of the
//! name. A name is added by one compare-exchange on the head of its bucket, which fails if anything was added
//! meanwhile, so one name never gets two numbers.
//!
//! Any thread looks up and adds. Only the collector condemns, unlinks and frees (see `collect/retire.rs`), and
//! a number is not given out again while a thread that may still see it is pinned (see `writer.rs`).

mod node;
mod numbers;
mod retire;

use super::boxed::{NoMemory, boxed};
use super::name::{BoundedName, Match, Name};
use super::recent::Mark;
use crate::sync::{AtomicU32, AtomicU64, Ordering, order, seeded, spin_hint};
// Under loom every run must take the same steps; elsewhere nobody outside may know which names collide.
#[cfg(foreshock_loom)]
use foldhash::fast::FixedState as HashState;
#[cfg(not(foreshock_loom))]
use foldhash::fast::RandomState as HashState;
use node::{CONDEMNED, LIVE, Node, link_of, successor};
use numbers::Refusal;
use std::hash::BuildHasher;
use std::sync::Arc;

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

impl NameTable {
    /// A table of numbers `0..capacity`; `capacity` itself stands for `__other__`.
    pub(crate) fn new(capacity: usize) -> Result<Self, NoMemory> {
        let buckets = (capacity * 2).next_power_of_two();
        Ok(Self {
            buckets: boxed("name buckets", buckets, || AtomicU64::new(0))?,
            nodes: boxed("names", capacity, Node::new)?,
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

    fn node(&self, number: u32) -> Option<&Node> {
        self.nodes.get(number as usize)
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
        self.added.load(order!(Acquire, "added_seen"))
    }

    /// There is one for every name: their number is a power of two.
    #[inline]
    fn bucket(&self, name: BoundedName<'_>) -> Option<&AtomicU64> {
        let hash = self.hasher.hash_one(name.text) as usize;
        self.buckets.get(hash & self.buckets.len().wrapping_sub(1))
    }

    /// A look-up of one of the names may come by the other.
    #[cfg(test)]
    pub(crate) fn share_a_bucket(&self, a: &str, b: &str) -> bool {
        let bucket = |name| self.bucket(BoundedName::new(name)).map(std::ptr::from_ref);
        bucket(a) == bucket(b)
    }

    /// The number of a known name. The caller is pinned.
    #[inline]
    pub(crate) fn find(&self, name: BoundedName<'_>) -> Option<u32> {
        if name.is_reserved() {
            return Some(self.other());
        }
        // (HEAD-ACQUIRE) pairs with (HEAD-RELEASE): the node that the head links to is seen whole.
        let head = self.bucket(name)?.load(order!(Acquire, "bucket_seen"));
        self.walk(head, name)
    }

    /// Of names found before: while it stays the same each of them still has its number. The caller is pinned, and
    /// stays so while it uses such a number.
    #[inline(always)]
    pub(crate) fn mark(&self) -> Mark {
        // Acquire: pairs with (MARK); a look-up made after it finds what was condemned before the mark.
        Mark::from_bits(self.mark.load(order!(Acquire, "mark_seen")))
    }

    /// The table's copy of a name. The caller is pinned, and has just found the number.
    pub(crate) fn own_text(&self, number: u32) -> Option<&str> {
        self.node(number)?.name().map(Name::text)
    }

    /// The number of a name, given now if it has none; `__other__` where the table is full. The caller is pinned.
    pub(crate) fn find_or_add(&self, name: BoundedName<'_>) -> u32 {
        if name.is_reserved() {
            return self.other();
        }
        let Some(bucket) = self.bucket(name) else {
            return self.other();
        };
        let mut spare = None;
        for _ in 0..ADD_ATTEMPTS {
            // (HEAD-ACQUIRE) pairs with (HEAD-RELEASE).
            let head = bucket.load(order!(Acquire, "bucket_seen"));
            if let Some(found) = self.walk(head, name) {
                if let Some(number) = spare {
                    self.release_number(number);
                }
                return found;
            }
            let number = match spare.map_or_else(|| self.take_number(name), Ok) {
                Ok(number) => number,
                Err(Refusal::NoMemory) => return self.other(),
                Err(Refusal::NoNumber) => {
                    // All numbers are out; but one may have gone to this very name since the walk, as (FRESH) shows,
                    // or be with a thread that is about to lose its race and give it back.
                    let is_full = self.held.load(Ordering::Relaxed) >= self.other();
                    if is_full && bucket.load(Ordering::Acquire) == head {
                        return self.other();
                    }
                    spin_hint();
                    continue;
                }
            };
            let Some(node) = self.node(number) else { break };
            // Relaxed: published with the node by (HEAD-RELEASE).
            node.next.store(link_of(head), Ordering::Relaxed);
            // (HEAD-RELEASE) pairs with (HEAD-ACQUIRE).
            let (next, published) = (successor(head, number + 1), order!(Release, "bucket_published"));
            if seeded("bucket_stored") {
                bucket.store(next, Ordering::Release);
                return number;
            }
            if bucket.compare_exchange(head, next, published, Ordering::Relaxed).is_ok() {
                self.held.fetch_add(1, Ordering::Relaxed);
                // (LISTED) Release: pairs with the Acquire load in `listed`.
                node.state.store(LIVE, order!(Release, "listed"));
                // (ADDED) Release: pairs with the Acquire load in `added`.
                self.added.fetch_add(1, order!(Release, "added"));
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
            let node = self.node(link.wrapping_sub(1))?;
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

    /// The text of a name. The caller holds a handle on it.
    pub(crate) fn text(&self, number: u32) -> Option<Arc<str>> {
        let Some(node) = self.node(number) else {
            return Some(super::name::OTHER.into());
        };
        node.name().map(|name| name.text().into())
    }

    /// Collector only: the text of a name that is in use. One that a thread is just adding is not yet listed: should
    /// the thread lose its race, it takes the name away again.
    pub(crate) fn listed(&self, number: u32) -> Option<Arc<str>> {
        let in_use = self.node(number).is_none_or(|node| {
            // (LISTED) Acquire. From here on only the collector itself can take the name away.
            matches!(node.state.load(order!(Acquire, "listed_seen")), LIVE | CONDEMNED)
        });
        in_use.then(|| self.text(number)).flatten()
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
