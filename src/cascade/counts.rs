//! How often what failed, for as many pairs of type and component as an episode tells apart.

use super::event::{Event, What};
use crate::record::event::ComponentKey;
use crate::record::failure::TypeId;

/// Pairs that are told apart; further ones are counted together by type.
const MAX_COUNTS: usize = 64;

const INDEX_BITS: u32 = 8;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Count {
    what: What,
    pub(crate) events: u64,
}

impl Count {
    pub(crate) fn kind(&self) -> TypeId {
        self.what.kind()
    }

    /// [`OTHER`](super::OTHER) for those that are counted together.
    pub(crate) fn component(&self) -> ComponentKey {
        self.what.component()
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Counts {
    /// In the order in which each was first seen.
    list: Vec<Count>,
    /// A hash table of places in the list, each 1 higher: 0 is free. Never more than half full: 64 pairs and one more
    /// for each of 32 types.
    index: [u8; 1 << INDEX_BITS],
}

impl Counts {
    pub(super) fn new() -> Self {
        Self { list: Vec::new(), index: [0; 1 << INDEX_BITS] }
    }

    pub(super) fn add(&mut self, event: &Event) {
        let what = event.what.without_operation();
        let count = match self.find(what) {
            Ok(place) => place,
            Err(free) if self.list.len() < MAX_COUNTS => self.insert(free, what),
            Err(_) => match self.find(what.of_other()) {
                Ok(place) => place,
                Err(free) => self.insert(free, what.of_other()),
            },
        };
        self.list[count].events += u64::from(event.weight);
    }

    /// Its place in the list, or the place in the index where it is missed.
    #[inline]
    fn find(&self, what: What) -> Result<usize, usize> {
        let mut slot = what.hash(INDEX_BITS);
        loop {
            match self.index[slot] {
                0 => return Err(slot),
                place if self.list[usize::from(place) - 1].what == what => return Ok(usize::from(place) - 1),
                _ => slot = (slot + 1) % self.index.len(),
            }
        }
    }

    fn insert(&mut self, free: usize, what: What) -> usize {
        self.list.push(Count { what, events: 0 });
        self.index[free] = self.list.len() as u8;
        self.list.len() - 1
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Count> {
        self.list.iter()
    }
}
