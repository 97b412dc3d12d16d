//! Claim: the same of the fallback ring, which several threads fill at once.

use super::ring::{State, consume, setup};
use super::{Bound, explore};

fn produce(state: &State, messages: [u64; 2]) {
    for message in messages {
        if state.ring.push_shared([message * 10, message]).is_err() {
            state.refused.add(1);
        }
    }
}

fn check(state: &State) {
    consume(state);
    let mut seen = state.seen.lock().unwrap();
    assert_eq!(seen.len() + state.refused.get(), 4, "recorded = taken + refused");
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len() + state.refused.get(), 4, "nothing twice");
}

#[test]
fn two_producers_lose_and_double_nothing() {
    let bound = Bound { preemptions: Some(2), least_runs: 1_000 };
    let steps: [super::Step<State>; 3] =
        [|state| produce(state, [1, 2]), |state| produce(state, [3, 4]), consume];
    explore(bound, setup, &steps, check);
}
