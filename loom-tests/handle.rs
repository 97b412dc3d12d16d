//! Claim: a number is not given to another name while a handle leads to it, nor before what was recorded through the last
//! handle was seen.

use super::retire::{State, check, retire, setup, take_handle};
use super::{Bound, explore};
use crate::record::LockPath;
use std::sync::Mutex;

/// A handle out, and the rest.
struct Held {
    state: State,
    handle: Mutex<Option<LockPath>>,
}

fn setup_held() -> Held {
    let state = setup();
    let handle = Mutex::new(take_handle(&state));
    Held { state, handle }
}

#[test]
fn a_handle_that_is_dropped_while_the_path_is_retired_loses_no_record() {
    let bound = Bound { preemptions: None, least_runs: 610 };
    let record_and_drop: super::Step<Held> = |held| {
        let handle = held.handle.lock().unwrap().take().expect("held since the setup");
        held.state.turns.take();
        handle.record_error();
    };
    explore(bound, setup_held, &[record_and_drop, |held| retire(&held.state)], |held| check(&held.state, 1));
}

#[test]
fn a_handle_that_is_taken_while_the_path_is_retired_loses_no_record() {
    let bound = Bound { preemptions: Some(3), least_runs: 22_000 };
    let take_record_and_drop: super::Step<State> = |state| {
        assert!(state.shared.writer().is_some());
        let handle = take_handle(state).expect("not shut down");
        state.turns.take();
        handle.record_error();
    };
    explore(bound, setup, &[take_record_and_drop, retire], |state| check(state, 1));
}
