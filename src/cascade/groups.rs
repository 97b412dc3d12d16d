//! Events in order, and a storm of them kept small: those of one type, component, operation and second become one,
//! with the times of the first and of the last and the number of them.
//!
//! Which of them may become one is for the owner to say, event by event: merging must not carry a failure past
//! another whose order to it decides a match.

use super::event::{Event, What};
use std::collections::VecDeque;

pub(super) const SECOND_NS: u64 = 1_000_000_000;

/// Space for so many events is kept.
const KEPT: usize = 64;

#[derive(Clone, Debug)]
pub(super) struct Groups {
    /// In order of `at`.
    list: VecDeque<Event>,
    /// Events that have left the list so far: the place of `list[0]` among all.
    dropped: u64,
    limit: usize,
    merging: Option<Merging>,
}

#[derive(Clone, Debug)]
struct Merging {
    grain_ns: u64,
    /// Where the grain of the newest event ends.
    grain_end: u64,
    /// A hash table of the places of this grain's groups, counted from `base`, each 1 higher: 0 is free. It says where
    /// to look; what is there must be looked at, since it may have left the list.
    slots: Box<[u16]>,
    bits: u32,
    base: u64,
    /// Events added since the table was empty: not more than half of the slots are taken.
    added: usize,
}

impl Groups {
    /// `limit`: how many fit, 2 to 16,384.
    pub(super) fn new(limit: usize) -> Self {
        debug_assert!((2..=16_384).contains(&limit));
        Self { list: VecDeque::new(), dropped: 0, limit, merging: None }
    }

    /// Appends an event that is not older than the newest, or adds it to a group of its kind and grain if
    /// `may_join` allows it: asked with the group and its place. Returns its place.
    #[inline]
    pub(super) fn push(&mut self, event: &Event, may_join: impl FnOnce(&Event, u64) -> bool) -> u64 {
        let end = self.end();
        if let Some(merging) = &mut self.merging {
            merging.reach(event.at, end);
            let (list, dropped) = (&mut self.list, self.dropped);
            let group_at = |place: u64| list.get(place.checked_sub(dropped)? as usize);
            let (slot, found) = merging.find(event.what, group_at);
            if let Some(place) = found
                && let Some(group) = list.get_mut((place - dropped) as usize)
                && let Some(weight) = group.weight.checked_add(event.weight)
                && may_join(group, place)
            {
                group.last = group.last.max(event.last);
                group.weight = weight;
                return place;
            }
            merging.note(slot, end);
        }
        self.append(event);
        end
    }

    /// Appends an event that is not older than the newest, and that none joins.
    #[inline]
    pub(super) fn append(&mut self, event: &Event) {
        self.list.push_back(*event);
    }

    /// The place of the event that is appended next.
    pub(super) fn end(&self) -> u64 {
        self.dropped + self.list.len() as u64
    }

    pub(super) fn pop_front(&mut self) -> Option<Event> {
        let front = self.list.pop_front()?;
        self.dropped += 1;
        // What a storm needed is given back when it has passed, by moving an eighth of it.
        let (len, capacity) = (self.list.len(), self.list.capacity());
        if capacity > KEPT && len < capacity / 8 {
            self.list.shrink_to(2 * len);
        }
        Some(front)
    }

    /// Gives all space back. Nothing is left to take.
    pub(super) fn release(&mut self) {
        debug_assert!(self.list.is_empty());
        self.list = VecDeque::new();
        self.merging = None;
    }

    /// Takes everything out, in order.
    pub(super) fn take(&mut self) -> VecDeque<Event> {
        self.dropped = self.end();
        if let Some(merging) = &mut self.merging {
            merging.grain_end = 0;
        }
        std::mem::take(&mut self.list)
    }

    /// Takes the space of a list back that was taken and is empty.
    pub(super) fn reuse(&mut self, space: VecDeque<Event>) {
        if self.list.is_empty() && space.is_empty() {
            self.list = space;
        }
    }

    /// From now on events of one grain are merged.
    pub(super) fn merge_by(&mut self, grain_ns: u64) {
        let bits = (2 * self.limit).next_power_of_two().trailing_zeros();
        let merging = self.merging.get_or_insert_with(|| Merging {
            grain_ns,
            grain_end: 0,
            slots: vec![0; 1 << bits].into_boxed_slice(),
            bits,
            base: 0,
            added: 0,
        });
        merging.grain_ns = grain_ns;
        merging.grain_end = 0;
    }

    pub(super) fn stop_merging(&mut self) {
        self.merging = None;
    }

    /// 0 while nothing is merged.
    pub(super) fn grain_ns(&self) -> u64 {
        self.merging.as_ref().map_or(0, |merging| merging.grain_ns)
    }

    pub(super) fn is_full(&self) -> bool {
        self.list.len() >= self.limit
    }

    /// So full that merging once more would soon be due again.
    pub(super) fn is_crowded(&self) -> bool {
        self.list.len() > self.limit / 4 * 3
    }

    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    pub(super) fn front(&self) -> Option<&Event> {
        self.list.front()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Event> {
        self.list.iter()
    }

    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}

impl Merging {
    /// Forgets the groups of an earlier grain.
    #[inline]
    fn reach(&mut self, at: u64, end: u64) {
        if at >= self.grain_end || self.added >= self.slots.len() / 2 {
            self.slots.fill(0);
            self.base = end;
            self.added = 0;
            self.grain_end = (at / self.grain_ns + 1).saturating_mul(self.grain_ns);
        }
    }

    /// The slot for this, and the place of the group if there is one.
    #[inline]
    fn find<'a>(&self, what: What, group_at: impl Fn(u64) -> Option<&'a Event>) -> (usize, Option<u64>) {
        let mut slot = what.hash(self.bits);
        loop {
            let entry = self.slots[slot];
            if entry == 0 {
                return (slot, None);
            }
            let place = self.base + u64::from(entry) - 1;
            if group_at(place).is_some_and(|group| group.what == what) {
                return (slot, Some(place));
            }
            slot = (slot + 1) & (self.slots.len() - 1);
        }
    }

    #[inline]
    fn note(&mut self, slot: usize, place: u64) {
        self.slots[slot] = (place - self.base + 1) as u16;
        self.added += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::event::{ComponentKey, Operation};
    use crate::record::failure::TypeId;

    const MS: u64 = 1_000_000;

    fn event(at: u64, component: u32) -> Event {
        Event::new(at, What::new(TypeId(0), ComponentKey::Component(component), Operation::NONE), 0)
    }

    fn merged(events: impl Iterator<Item = Event>) -> Groups {
        let mut groups = Groups::new(1_024);
        groups.merge_by(SECOND_NS);
        for event in events {
            groups.push(&event, |_, _| true);
        }
        groups
    }

    fn told(groups: &Groups) -> Vec<(u64, u64, u32)> {
        groups.iter().map(|g| (g.at / MS, g.last / MS, g.weight)).collect()
    }

    #[test]
    fn the_events_of_a_second_become_one_with_its_first_its_last_and_their_number() {
        let groups = merged((0..2_500).map(|i| event(i * MS, 0)));
        assert_eq!(told(&groups), [(0, 999, 1_000), (1_000, 1_999, 1_000), (2_000, 2_499, 500)]);
    }

    #[test]
    fn components_stay_apart() {
        let groups = merged((0..1_000).map(|i| event(i * MS, i as u32 % 500)));
        assert_eq!(groups.len(), 500);
        assert!(groups.iter().all(|g| g.weight == 2 && g.last - g.at == 500 * MS));
    }

    #[test]
    fn what_may_not_join_begins_a_group_that_may_be_joined() {
        let mut groups = Groups::new(16);
        groups.merge_by(SECOND_NS);
        let mut barrier = 0;
        for at in 0..6 {
            if at == 3 {
                barrier = groups.end();
            }
            groups.push(&event(at * MS, 0), |_, place| place >= barrier);
        }
        assert_eq!(told(&groups), [(0, 2, 3), (3, 5, 3)]);
    }

    #[test]
    fn a_weight_that_would_not_fit_is_not_merged() {
        let heavy = |at| Event { weight: u32::MAX - 1, ..event(at, 0) };
        assert_eq!(merged([heavy(0), heavy(1)].into_iter()).len(), 2);
    }

    #[test]
    fn more_groups_than_the_table_holds_are_all_kept_while_others_leave() {
        let mut groups = Groups::new(64);
        groups.merge_by(SECOND_NS);
        let mut weight = 0;
        for i in 0..10_000 {
            groups.push(&event(i, i as u32 % 1_000), |_, _| true);
            while groups.is_full() {
                weight += groups.pop_front().map_or(0, |g| g.weight);
            }
        }
        weight += groups.iter().map(|g| g.weight).sum::<u32>();
        assert_eq!(weight, 10_000);
    }

    fn popped_to(groups: &mut Groups, len: usize) -> usize {
        while groups.len() > len {
            groups.pop_front();
        }
        groups.list.capacity()
    }

    #[test]
    fn what_a_storm_needed_is_given_back_when_seven_eighths_of_it_have_passed() {
        let mut groups = Groups::new(16_384);
        (0..1_024).for_each(|at| groups.append(&event(at, 0)));
        let room = groups.list.capacity();
        assert_eq!(popped_to(&mut groups, room / 8), room);
        assert!((room / 4 - 2..room / 2).contains(&popped_to(&mut groups, room / 8 - 1)));
        assert!(popped_to(&mut groups, 0) <= KEPT);
    }

    #[test]
    fn space_for_a_few_is_kept() {
        let mut groups = Groups::new(16_384);
        groups.list.reserve_exact(KEPT);
        assert_eq!(groups.list.capacity(), KEPT);
        (0..KEPT as u64).for_each(|at| groups.append(&event(at, 0)));
        assert_eq!(popped_to(&mut groups, 1), KEPT);
    }

    #[test]
    fn all_space_is_given_back_and_that_of_an_empty_list_used_again() {
        let mut groups = merged((0..100).map(|at| event(at, at as u32)));
        let (room, mut list) = (groups.list.capacity(), groups.take());
        groups.reuse(list.clone());
        assert!(groups.is_empty(), "the list was not empty");
        list.clear();
        groups.reuse(list);
        assert_eq!(groups.list.capacity(), room);
        groups.append(&event(0, 0));
        groups.reuse(VecDeque::new());
        assert_eq!(groups.len(), 1);
        groups.pop_front();
        assert_eq!(groups.grain_ns(), SECOND_NS);
        groups.release();
        assert_eq!((groups.list.capacity(), groups.grain_ns()), (0, 0));
    }

    #[test]
    fn nothing_is_merged_any_more_when_merging_has_stopped() {
        let mut groups = merged((0..2).map(|at| event(at, 0)));
        groups.stop_merging();
        (2..4).for_each(|at| _ = groups.push(&event(at, 0), |_, _| true));
        assert_eq!((groups.len(), groups.grain_ns()), (3, 0));
    }

    #[test]
    fn as_many_groups_as_fit_are_found_again() {
        let mut groups = Groups::new(48);
        groups.merge_by(SECOND_NS);
        (0..80).for_each(|at| _ = groups.push(&event(at, at as u32 % 40), |_, _| true));
        assert_eq!(groups.len(), 40);
    }

    #[test]
    fn three_quarters_are_no_crowd_and_one_more_is() {
        let mut groups = Groups::new(16);
        let crowded: Vec<usize> = (1..=16)
            .filter(|at| {
                groups.append(&event(*at, 0));
                groups.is_crowded()
            })
            .map(|at| at as usize)
            .collect();
        assert_eq!(crowded, [13, 14, 15, 16]);
    }
}
