//! Claim: a message leaves the ring whole, once and in order, or is refused; also where the ring wraps around.

use super::{Bound, Tally, explore};
use crate::record::ring::Ring;
use std::sync::Mutex;

const MESSAGES: u64 = 3;

pub(super) struct State {
    pub(super) ring: Ring<2>,
    pub(super) refused: Tally,
    /// Written without a point of interleaving in between.
    pub(super) seen: Mutex<Vec<u64>>,
}

pub(super) fn setup() -> State {
    State { ring: Ring::new(2).unwrap(), refused: Tally::default(), seen: Mutex::default() }
}

fn produce(state: &State) {
    for i in 1..=MESSAGES {
        if state.ring.push([i * 10, i]).is_err() {
            state.refused.add(1);
        }
    }
}

pub(super) fn consume(state: &State) {
    state.ring.drain(|[payload, i]| {
        assert_eq!(payload, i * 10, "torn");
        state.seen.lock().unwrap().push(i);
    });
}

fn check(state: &State) {
    consume(state);
    let seen = state.seen.lock().unwrap();
    assert!(seen.is_sorted_by(|a, b| a < b), "order, and nothing twice: {seen:?}");
    assert_eq!(seen.len() + state.refused.get(), MESSAGES as usize, "recorded = taken + refused");
}

#[test]
fn nothing_is_torn_lost_or_doubled() {
    let bound = Bound { preemptions: None, least_runs: 300 };
    explore(
        bound,
        setup,
        &[produce, |state| {
            consume(state);
            consume(state);
        }],
        check,
    );
}
