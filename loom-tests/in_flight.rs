//! Claim: no attempt in flight is overlooked. Where nothing was found and the number of beginnings stands, nothing is in flight;
//! and no place is given to two attempts, also one that an attempt gives back which ends on another thread.

use super::{Bound, Tally, explore};
use crate::clock::Stamp;
use crate::record::open::{OpenAttempts, OpenPlace, Since};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

const SINCE: Stamp = Stamp(1 << 20);

/// Not looked, or something was found.
const UNKNOWN: u64 = u64::MAX;

struct State {
    /// Stays where it is, as in a block: whoever ends an attempt has the place's address.
    open: Arc<OpenAttempts>,
    taken: Tally,
    /// How many had begun when nothing was found in flight.
    quiet_since: AtomicU64,
}

fn setup() -> State {
    State {
        open: Arc::new(OpenAttempts::new(2).unwrap()),
        taken: Tally::default(),
        quiet_since: AtomicU64::new(UNKNOWN),
    }
}

fn begin(state: &State, sole: bool) -> Option<OpenPlace> {
    let since = Since::new(SINCE);
    let place = state.open.begin(sole, 0, since).or_else(|| state.open.begin_further(sole, 0, since));
    state.taken.add(usize::from(place.is_some()));
    place
}

fn in_flight(state: &State) -> usize {
    let mut found = 0;
    state.open.for_each(SINCE, |_, _| found += 1);
    found
}

/// As `collect/in_flight.rs` does it.
fn look(state: &State) {
    let begun = state.open.begun();
    if in_flight(state) == 0 {
        state.quiet_since.store(begun, Ordering::Relaxed);
    }
}

fn check(state: &State) {
    let found = in_flight(state);
    assert_eq!(found, state.taken.get(), "each attempt has a place of its own");
    assert_ne!(state.quiet_since.load(Ordering::Relaxed), state.open.begun(), "{found} are overlooked");
}

#[test]
fn an_attempt_that_began_is_found() {
    let bound = Bound { preemptions: None, least_runs: 27 };
    explore(bound, setup, &[|state| _ = begin(state, true), look], check);
}

#[test]
fn attempts_of_several_threads_have_a_place_each() {
    let bound = Bound { preemptions: Some(3), least_runs: 4_300 };
    let one: super::Step<State> = |state| _ = begin(state, false);
    explore(bound, setup, &[one, one, look], check);
}

#[test]
fn a_place_that_is_given_back_goes_to_one_attempt() {
    let bound = Bound { preemptions: Some(3), least_runs: 36_000 };
    let full = || {
        let state = setup();
        let held = [begin(&state, false), begin(&state, false)].map(|place| place.expect("a free place"));
        (state, held)
    };
    let one: super::Step<(State, [OpenPlace; 2])> = |(state, _)| _ = begin(state, false);
    // SAFETY: the table is in the same state.
    let end: super::Step<(State, [OpenPlace; 2])> = |(_, held)| unsafe { held[0].free() };
    explore(bound, full, &[end, one, one], |(state, _)| {
        let begun_later = state.taken.get() - 2;
        assert!(begun_later <= 1, "one place was free");
        assert_eq!(in_flight(state), 1 + begun_later);
    });
}
