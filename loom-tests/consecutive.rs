//! Claim: the consecutive run is exact: a success ends what came before it, and no timeout after it is lost, whether it is
//! counted in the shared word or in a thread's segment.

use super::{Bound, explore};
use crate::clock::Stamp;
use crate::record::cell::PathCell;
use crate::record::run::Segment;

const MONITOR: u64 = 2;

/// From this length on threads count in their segments.
const LIMIT: u32 = 1;

struct State {
    cell: PathCell,
    segments: [Segment; 2],
}

fn setup() -> State {
    State { cell: PathCell::new(MONITOR), segments: Default::default() }
}

fn timeout(state: &State, thread: usize) {
    state.cell.timed_out(Stamp(9), 0);
    if let Some(run) = state.cell.count_timeout(LIMIT) {
        state.segments[thread].count_sole(run);
    }
}

/// As a record does it: nothing where the path is calm.
fn success(state: &State) {
    if state.cell.calm.word() != MONITOR && state.cell.run.is_on() {
        state.cell.run.end();
    }
}

fn total(state: &State) -> u64 {
    state.cell.run.total(state.segments.iter())
}

#[test]
fn a_run_is_seen_with_the_time_of_its_last_timeout() {
    let bound = Bound { preemptions: Some(3), least_runs: 11_000 };
    let read: super::Step<State> = |state| {
        let (length, last) = state.cell.evidence();
        assert!(length == 0 || last == 9, "a run of {length} whose last timeout was at {last}");
    };
    let steps: &[super::Step<State>] = &[|state| timeout(state, 0), |state| timeout(state, 1), read];
    explore(bound, setup, steps, |state| assert_eq!(total(state), 2));
}

#[test]
fn a_success_ends_a_run_and_a_timeout_after_it_begins_one() {
    let bound = Bound { preemptions: Some(3), least_runs: 28_000 };
    let twice: super::Step<State> = |state| {
        timeout(state, 0);
        timeout(state, 0);
    };
    let both: super::Step<State> = |state| {
        timeout(state, 1);
        success(state);
        timeout(state, 1);
    };
    explore(bound, setup, &[twice, both], |state| {
        let run = total(state);
        assert!(
            (1..=3).contains(&run),
            "the timeout before the success is out, the one after it is in: {run}"
        );
    });
}

#[test]
fn a_success_ends_what_was_counted_in_segments() {
    let bound = Bound { preemptions: None, least_runs: 2_100 };
    let setup: fn() -> State = || {
        let state = setup();
        for _ in 0..3 {
            timeout(&state, 0);
        }
        state
    };
    let end_and_begin: super::Step<State> = |state| {
        success(state);
        timeout(state, 0);
    };
    explore(bound, setup, &[end_and_begin, |state| timeout(state, 1)], |state| {
        let run = total(state);
        assert!((1..=2).contains(&run), "{run}, two of them after the success");
    });
}

#[test]
fn a_segment_of_many_threads_loses_no_timeout() {
    let bound = Bound { preemptions: None, least_runs: 27 };
    let setup: fn() -> State = || {
        let state = setup();
        state.cell.count_timeout(LIMIT);
        state
    };
    let further: super::Step<State> = |state| {
        let run = state.cell.count_timeout(LIMIT).expect("past the limit");
        state.segments[0].count_shared(run);
    };
    explore(bound, setup, &[further, further], |state| assert_eq!(total(state), 3));
}
