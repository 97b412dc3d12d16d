//! Events that join episodes which are open already, on their way in.
//!
//! To a pattern whose episode is open the order of what joins it does not matter. So events that concern no other
//! pattern need no order: those of one type and component are added up as they arrive, and a storm of them is a handful
//! of groups before anything else is done with it.

use super::event::{Event, What};
use super::groups::SECOND_NS;
use crate::record::event::ComponentKey;

/// Groups of one tick; what finds no place goes the way of all others.
const MAX_GROUPS: usize = 4_096;

/// A table of twice as many slots is at most half full.
const INDEX_BITS: u32 = 13;

#[derive(Clone, Debug, Default)]
pub(super) struct Joined {
    /// The types whose patterns all have an episode open, a bit for each.
    types: u64,
    /// The first time at which they have, and how far it reaches from there.
    from: u64,
    reach_ns: u64,
    groups: Vec<Event>,
    /// A hash table of places in `groups`, each 1 higher: 0 is free. Made at the first use.
    index: Box<[u16]>,
}

impl Joined {
    /// From now on events of these types that happen in this time, its last moment included, are taken.
    pub(super) fn accept(&mut self, types: u64, from: u64, until: u64) {
        self.types = if from <= until { types } else { 0 };
        self.from = from;
        self.reach_ns = until.saturating_sub(from);
    }

    /// Takes an event if it joins what is open. `false`: its order to others may matter.
    #[inline]
    pub(super) fn add(&mut self, event: &Event) -> bool {
        // What happened before `from` wraps around and is far beyond.
        if self.types >> event.what.kind().0 & 1 == 0 || event.at.wrapping_sub(self.from) > self.reach_ns {
            return false;
        }
        let what = event.what.without_operation();
        let mut slot = what.hash(INDEX_BITS);
        while let Some(place) = self.index.get(slot).and_then(|entry| usize::from(*entry).checked_sub(1)) {
            if self.groups[place].what == what {
                return join(&mut self.groups[place], event);
            }
            slot = (slot + 1) % (1 << INDEX_BITS);
        }
        self.begin(slot, what, event)
    }

    #[cold]
    #[inline(never)]
    fn begin(&mut self, slot: usize, what: What, event: &Event) -> bool {
        if self.groups.len() == MAX_GROUPS {
            return false;
        }
        if self.groups.is_empty() {
            self.stay_within_the_second_of(event.at);
        }
        self.groups.push(Event { what, ..*event });
        if self.index.is_empty() {
            self.index = vec![0; 1 << INDEX_BITS].into_boxed_slice();
        }
        self.index[slot] = self.groups.len() as u16;
        true
    }

    /// Like all that is merged, a group reaches over no more than one second.
    fn stay_within_the_second_of(&mut self, at: u64) {
        let second = at / SECOND_NS * SECOND_NS;
        let until = (self.from + self.reach_ns).min(second + (SECOND_NS - 1));
        self.from = self.from.max(second);
        self.reach_ns = until - self.from;
    }

    /// Takes all groups out, in order.
    pub(super) fn take(&mut self) -> impl Iterator<Item = Event> {
        self.groups.sort_unstable_by_key(Event::order);
        self.index.fill(0);
        self.groups.drain(..)
    }

    /// Gives the space back, if nothing is in it.
    pub(super) fn release(&mut self) {
        if self.is_empty() {
            self.groups = Vec::new();
            self.index = Box::default();
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    pub(super) fn components(&self) -> impl Iterator<Item = ComponentKey> {
        self.groups.iter().map(|group| group.what.component())
    }
}

/// `false` if the group can hold no more.
#[inline]
fn join(group: &mut Event, event: &Event) -> bool {
    let Some(weight) = group.weight.checked_add(event.weight) else {
        return false;
    };
    group.weight = weight;
    group.last = group.last.max(event.last);
    if event.at <= group.at && event.order() < group.order() {
        (group.at, group.source) = (event.at, event.source);
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::event::Operation;
    use crate::record::failure::TypeId;

    const TYPE: u8 = 1;

    fn event(at: u64, component: u32, operation: Operation) -> Event {
        Event::new(at, What::new(TypeId(TYPE), ComponentKey::Component(component), operation), 0)
    }

    fn plain(at: u64, component: u32) -> Event {
        event(at, component, Operation::NONE)
    }

    fn open(from: u64, until: u64) -> Joined {
        let mut joined = Joined::default();
        joined.accept(1 << TYPE, from, until);
        joined
    }

    fn told(joined: &mut Joined) -> Vec<(u64, u64, u32)> {
        joined.take().map(|group| (group.at, group.last, group.weight)).collect()
    }

    #[test]
    fn takes_what_is_of_its_types_and_in_its_time() {
        let mut joined = open(10, 20);
        let taken = [9, 10, 20, 21].map(|at| joined.add(&plain(at, 0)));
        assert_eq!(taken, [false, true, true, false]);
        for kind in [0, 2] {
            let other = What::new(TypeId(kind), ComponentKey::Component(0), Operation::NONE);
            assert!(!joined.add(&Event::new(15, other, 0)));
        }
        assert_eq!(told(&mut joined), [(10, 20, 2)]);
    }

    #[test]
    fn what_differs_in_its_operation_alone_is_one_group() {
        let mut joined = open(0, 9);
        for operation in 0..3 {
            assert!(joined.add(&event(operation, 0, Operation::new(0, operation + 1))));
        }
        assert_eq!(told(&mut joined), [(0, 2, 3)]);
    }

    /// Components that come to one place of the table, its last and its first among them.
    #[test]
    fn what_comes_to_the_same_place_of_the_table_stays_apart() {
        for slot in [0, 5, (1 << INDEX_BITS) - 1] {
            let alike: Vec<u32> = (0..=u32::from(u16::MAX))
                .filter(|c| plain(0, *c).what.hash(INDEX_BITS) == slot)
                .take(3)
                .collect();
            assert_eq!(alike.len(), 3);
            let mut joined = open(0, 9);
            for at in 0..6 {
                assert!(joined.add(&plain(at, alike[at as usize % 3])));
            }
            assert_eq!(told(&mut joined), [(0, 3, 2), (1, 4, 2), (2, 5, 2)]);
        }
    }

    #[test]
    fn all_groups_are_of_the_second_in_which_the_first_event_happened() {
        let mut joined = open(SECOND_NS, 9 * SECOND_NS);
        let second = 3 * SECOND_NS;
        let times = [second + 5, second - 1, second, second + SECOND_NS - 1, second + SECOND_NS];
        assert_eq!(times.map(|at| joined.add(&plain(at, 0))), [true, false, true, true, false]);
        assert_eq!(told(&mut joined), [(second, second + SECOND_NS - 1, 3)]);
    }

    #[test]
    fn a_group_has_the_time_and_the_source_of_its_first_in_order() {
        let from = |at, source| Event { source, ..plain(at, 0) };
        let mut joined = open(0, 9);
        let mut first = Vec::new();
        for event in [from(5, 1), from(6, 0), from(5, 2), from(5, 0), from(4, 3)] {
            assert!(joined.add(&event));
            first.push((joined.groups[0].at, joined.groups[0].source));
        }
        assert_eq!(first, [(5, 1), (5, 1), (5, 1), (5, 0), (4, 3)]);
    }

    #[test]
    fn space_is_given_back_when_nothing_is_in_it() {
        let mut joined = open(0, 9);
        assert!(joined.add(&plain(0, 0)));
        joined.release();
        assert_eq!(told(&mut joined), [(0, 0, 1)]);
        joined.release();
        assert_eq!((joined.groups.capacity(), joined.index.len()), (0, 0));
    }
}
