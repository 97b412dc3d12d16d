//! Keeping a storm small: of the events of one type, component and second only the first and the last stay, and
//! the last carries the weight of those between.

use super::event::Event;
use std::collections::HashMap;

pub(crate) const SECOND_NS: u64 = 1_000_000_000;

/// Merges events by second, then by two seconds, by four ... up to `max_grain_ns`, until at most `limit` are left
/// or nothing more can be merged. `segment` is asked for each event in order, and events of different segments
/// are never merged.
pub(crate) fn thin(
    events: &mut Vec<Event>,
    limit: usize,
    max_grain_ns: u64,
    segment: impl FnMut(&Event) -> u64,
) {
    let mut segments: Vec<u64> = events.iter().map(segment).collect();
    let mut grain_ns = SECOND_NS;
    while events.len() > limit && grain_ns <= max_grain_ns {
        merge(events, &mut segments, grain_ns);
        grain_ns *= 2;
    }
}

fn merge(events: &mut Vec<Event>, segments: &mut Vec<u64>, grain_ns: u64) {
    // For each group the places in `kept` of its first and of its last event.
    let mut groups: HashMap<_, (usize, usize)> = HashMap::new();
    let mut kept: Vec<Option<(Event, u64)>> = Vec::with_capacity(events.len());
    for (event, segment) in events.drain(..).zip(segments.drain(..)) {
        let key = (event.kind, event.component, event.operation, event.at / grain_ns, segment);
        let place = kept.len();
        match groups.get_mut(&key) {
            None => {
                groups.insert(key, (place, place));
                kept.push(Some((event, segment)));
            }
            Some((first, last)) if first == last => {
                *last = place;
                kept.push(Some((event, segment)));
            }
            Some((_, last)) => {
                let mut event = event;
                if let Some((between, _)) = kept[*last].take() {
                    event.weight = event.weight.saturating_add(between.weight);
                }
                *last = place;
                kept.push(Some((event, segment)));
            }
        }
    }
    for (event, segment) in kept.into_iter().flatten() {
        events.push(event);
        segments.push(segment);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::event::{ComponentKey, Operation};
    use crate::record::failure::TypeId;

    fn event(at: u64, component: u32) -> Event {
        Event {
            at,
            kind: TypeId(0),
            component: ComponentKey::Component(component),
            operation: Operation::NONE,
            source: 0,
            weight: 1,
        }
    }

    fn weight(events: &[Event]) -> u64 {
        events.iter().map(|e| u64::from(e.weight)).sum()
    }

    #[test]
    fn first_and_last_of_a_second_stay_and_the_weight_is_kept() {
        let mut events: Vec<_> = (0..1_000).map(|i| event(i * 1_000_000, 0)).collect();
        thin(&mut events, 10, SECOND_NS, |_| 0);
        assert_eq!(events.len(), 2);
        assert_eq!((events[0].at, events[1].at), (0, 999_000_000));
        assert_eq!(weight(&events), 1_000);
    }

    #[test]
    fn components_and_segments_stay_apart() {
        let mut events: Vec<_> = (0..1_000).map(|i| event(i * 1_000_000, i as u32 % 2)).collect();
        let mut seen = 0;
        thin(&mut events, 10, SECOND_NS, |_| {
            seen += 1;
            seen / 501
        });
        assert_eq!(events.len(), 8, "two components, two segments, first and last");
        assert_eq!(weight(&events), 1_000);
        assert!(events.is_sorted_by_key(|e| e.at));
    }

    #[test]
    fn a_longer_storm_is_merged_more_coarsely_up_to_the_coarsest_grain() {
        let mut long: Vec<_> = (0..1_000).map(|i| event(i * SECOND_NS, 0)).collect();
        thin(&mut long, 100, SECOND_NS, |_| 0);
        assert_eq!(long.len(), 1_000, "one event a second: nothing to merge");
        thin(&mut long, 100, 3_600 * SECOND_NS, |_| 0);
        assert!(long.len() <= 100);
        assert_eq!(weight(&long), 1_000);
    }
}
