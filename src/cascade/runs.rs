//! Puts a list in order that is one sorted run after another: the rings, drained one by one.

use super::event::{Event, Order};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;

/// With more runs than this the list is hardly sorted at all, and a sort is the better way.
const MAX_RUNS: usize = 256;

#[derive(Clone, Debug, Default)]
pub(super) struct Runs {
    /// Where each run after the first begins.
    starts: Vec<usize>,
    /// The last event's.
    newest: Order,
    /// Space for the merged list.
    merged: Vec<Event>,
}

/// What is next in a run. Of equal ones the earlier run's comes first: what one source recorded at the same time stays
/// in order.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Head {
    order: Order,
    next: usize,
    end: usize,
}

impl Runs {
    /// An event is appended to a list of this length.
    #[inline]
    pub(super) fn note(&mut self, order: Order, length: usize) {
        if order < self.newest {
            self.begin(length);
        }
        self.newest = order;
    }

    #[cold]
    fn begin(&mut self, length: usize) {
        if self.starts.len() <= MAX_RUNS {
            self.starts.push(length);
        }
    }

    /// Sorts the list that the runs are in. It is one run then.
    pub(super) fn sort(&mut self, events: &mut Vec<Event>) {
        if self.starts.len() > MAX_RUNS {
            events.sort_by_key(Event::order);
        } else if !self.starts.is_empty() {
            self.merge(events);
            std::mem::swap(events, &mut self.merged);
        }
        self.starts.clear();
    }

    fn merge(&mut self, events: &[Event]) {
        let starts = std::iter::once(0).chain(self.starts.iter().copied());
        let ends = self.starts.iter().copied().chain([events.len()]);
        let head = |(next, end): (usize, usize)| {
            events.get(next).map(|event| Reverse(Head { order: event.order(), next, end }))
        };
        let mut heads: BinaryHeap<_> = starts.zip(ends).filter_map(head).collect();
        self.merged.clear();
        self.merged.reserve(events.len());
        while let Some(mut top) = heads.peek_mut() {
            let Reverse(head) = &mut *top;
            self.merged.push(events[head.next]);
            head.next += 1;
            if head.next < head.end {
                head.order = events[head.next].order();
            } else {
                PeekMut::pop(top);
            }
        }
    }

    /// Gives the space back.
    pub(super) fn release(&mut self) {
        self.starts = Vec::new();
        self.merged = Vec::new();
    }

    /// The list is one run that ends with this event, or is empty.
    pub(super) fn restart(&mut self, last: Option<&Event>) {
        self.starts.clear();
        self.newest = last.map_or(0, Event::order);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cascade::event::What;
    use crate::record::event::{ComponentKey, Operation};
    use crate::record::failure::TypeId;
    use proptest::prelude::*;

    proptest! {
        /// Many ties, and few runs or a great many.
        #[test]
        fn agrees_with_a_stable_sort(list in prop::collection::vec((0u64..50, 0u16..3), 0..800), sorted in 0usize..800) {
            let what = |i| What::new(TypeId(0), ComponentKey::Component(i as u32), Operation::NONE);
            let mut list: Vec<_> =
                list.iter().enumerate().map(|(i, (at, source))| Event::new(*at, what(i), *source)).collect();
            let sorted = sorted.min(list.len());
            list[..sorted].sort_by_key(Event::order);
            let (mut runs, mut events) = (Runs::default(), Vec::new());
            for event in &list {
                runs.note(event.order(), events.len());
                events.push(*event);
            }
            runs.sort(&mut events);
            list.sort_by_key(Event::order);
            prop_assert_eq!(events, list);
        }
    }

    #[test]
    fn space_is_given_back() {
        let what = What::new(TypeId(0), ComponentKey::Component(0), Operation::NONE);
        let (mut runs, mut events) = (Runs::default(), Vec::new());
        for at in [2, 1] {
            let event = Event::new(at, what, 0);
            runs.note(event.order(), events.len());
            events.push(event);
        }
        runs.sort(&mut events);
        runs.release();
        assert_eq!((runs.starts.capacity(), runs.merged.capacity()), (0, 0));
    }
}
