//! What a storm becomes on its way in, and what is left to say when all ends.

use super::*;
use crate::Pattern;
use crate::cascade::event::What;
use crate::record::FailureType::{
    self, DiskStateCheckTimeout, IamOperationTimeout, LockTimeout, PeerUnreachable,
};
use crate::record::event::Operation;
use crate::record::failure::FailureTypes;

const MS: u64 = 1_000_000;
const S: u64 = SECOND_NS;

/// At least so many at a tick are a storm.
const STORM: usize = 8;

/// Lost peers pull locks down, and disks IAM.
fn detector() -> Detector {
    let types = FailureTypes::new(Vec::new());
    let rule = |initial, subsequent: FailureType| {
        Pattern::new("p", initial).subsequent([subsequent]).compile(&types).unwrap()
    };
    let rules = [rule(PeerUnreachable, LockTimeout), rule(DiskStateCheckTimeout, IamOperationTimeout)];
    let recurrence = Recurrence { episodes: 3, window_ns: 3_600 * S };
    Detector::with_limits(&rules, 5 * S, recurrence, Limits { storm: STORM, ..LIMITS })
}

fn event(kind: FailureType, at: u64, component: u32) -> Event {
    let kind = FailureTypes::new(Vec::new()).id(kind).unwrap();
    Event::new(at, What::new(kind, ComponentKey::Component(component), Operation::NONE), 0)
}

fn observe(detector: &mut Detector, events: impl IntoIterator<Item = Event>, now: u64) -> Vec<Change> {
    events.into_iter().for_each(|event| detector.arrive(event));
    detector.observe(now)
}

/// Both patterns have an episode open, whose last failure was at 100 s.
fn open() -> Detector {
    let mut detector = detector();
    let both = [
        PeerUnreachable,
        DiskStateCheckTimeout,
        LockTimeout,
        LockTimeout,
        IamOperationTimeout,
        IamOperationTimeout,
    ];
    let changes = observe(&mut detector, both.map(|kind| event(kind, 100 * S, 9)), 100 * S);
    assert_eq!(changes.len(), 2);
    detector
}

/// Of each pattern a cause and an effect by turns, within a second.
fn by_turns(from: u64) -> impl Iterator<Item = Event> {
    let kinds = [PeerUnreachable, LockTimeout, DiskStateCheckTimeout, IamOperationTimeout];
    (0..40).map(move |i| event(kinds[i % 4], from + i as u64 * MS, 0))
}

#[test]
fn what_joins_open_episodes_is_merged_in_whatever_order_it_comes() {
    let mut detector = open();
    // As they arrive.
    by_turns(101 * S).for_each(|event| detector.arrive(event));
    assert_eq!(detector.arrivals.components().count(), 4);
    detector.observe(102 * S);
    assert_eq!(detector.unsettled.iter().count(), 6 + 4);
    // And of those that cannot be taken without an order, before they are judged.
    detector.arrivals.accept_in_any_order(0, 0, 0);
    observe(&mut detector, by_turns(103 * S), 104 * S);
    assert_eq!(detector.unsettled.iter().count(), 6 + 4 + 4);
}

#[test]
fn what_may_come_after_the_end_of_an_episode_keeps_its_order() {
    let mut detector = open();
    // Open until 130 s. No late event can come before what is looked at now.
    detector.observe(129 * S);
    by_turns(130 * S + 1).for_each(|event| detector.arrive(event));
    assert_eq!(detector.arrivals.components().count(), 40);
    let changes = detector.observe(131 * S);
    let detected = changes.iter().filter(|change| matches!(change, Change::Detected { .. })).count();
    assert_eq!(detected, 2, "new ones: {changes:?}");
    assert!(detector.unsettled.iter().count() > 4);
}

#[test]
fn each_pattern_keeps_apart_what_decides_its_own_match() {
    let mut detector = detector();
    let effects =
        |from: u64, count: u64| (0..count).map(move |i| event(IamOperationTimeout, from + i * MS, 0));
    let cause = event(DiskStateCheckTimeout, 100 * S + 50 * MS, 0);
    let events = effects(100 * S, 12).chain([cause]).chain(effects(100 * S + 60 * MS, 2));
    observe(&mut detector, events, 101 * S);
    assert_eq!((detector.detected(0), detector.detected(1)), (0, 1));
}

/// So many of each component, all at about the same time.
fn alike(second: u64, components: &[u32]) -> impl Iterator<Item = Event> {
    components
        .iter()
        .zip(0..)
        .map(move |(component, i)| event(PeerUnreachable, second * S + i * MS, *component))
}

#[test]
fn a_storm_is_merged_second_by_second_as_long_as_it_halves_it() {
    let worth_while = [0, 0, 1, 1, 2, 2, 3, 3];
    let not_quite = [0, 0, 1, 1, 2, 2, 3, 4];
    let events: Vec<Event> =
        alike(100, &worth_while).chain(alike(101, &not_quite)).chain(alike(102, &worth_while)).collect();
    let taken = |events: &[Event]| detector().append_merged(events, &mut Vec::new());
    assert_eq!(taken(&events), 16);
    assert_eq!(taken(&events[8..]), 8);
    assert_eq!(taken(&events[..8]), 8);
    let twice: Vec<Event> = alike(100, &worth_while).chain(alike(101, &worth_while)).collect();
    assert_eq!(taken(&twice), 16);
}

#[test]
fn what_happened_after_the_last_look_is_judged_at_the_end() {
    let mut detector = detector();
    let events = [PeerUnreachable, LockTimeout, LockTimeout].map(|kind| event(kind, 10 * S, 0));
    assert_eq!(observe(&mut detector, events, 9 * S), []);
    let root = ComponentKey::Component(0);
    assert_eq!(detector.finish(9 * S), [Change::Detected { pattern: 0, ordinal: 0, root }]);
}

#[test]
fn whatever_can_still_change_keeps_its_components() {
    let mut detector = detector();
    let mentions = |detector: &Detector, component| {
        detector.components().any(|mentioned| mentioned == ComponentKey::Component(component))
    };
    // It arrived, it waits for late ones, it is settled and waits for a match, it is counted in an episode.
    detector.arrive(event(PeerUnreachable, 10 * S, 1));
    assert!(mentions(&detector, 1));
    for now in [10, 20] {
        detector.observe(now * S);
        assert!(mentions(&detector, 1), "{now}");
    }
    observe(&mut detector, [2, 3].map(|component| event(LockTimeout, 21 * S, component)), 30 * S);
    for component in [1, 2, 3] {
        assert!(mentions(&detector, component));
    }
    detector.observe(100 * S);
    for component in [1, 2, 3] {
        assert!(!mentions(&detector, component), "the episode has ended");
    }
}
