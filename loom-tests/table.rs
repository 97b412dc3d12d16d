//! Claim: two threads that name one path at once get one number, and two names never share one; what is said to be added is
//! listed.

use super::{Bound, explore};
use crate::record::name::BoundedName;
use crate::record::table::NameTable;
use std::sync::atomic::{AtomicU32, Ordering};

struct State {
    table: NameTable,
    numbers: [AtomicU32; 3],
}

fn setup() -> State {
    State { table: NameTable::new(2).unwrap(), numbers: std::array::from_fn(|_| AtomicU32::new(99)) }
}

fn add(state: &State, place: usize, name: &str) {
    let number = state.table.find_or_add(BoundedName::new(name));
    state.numbers[place].store(number, Ordering::Relaxed);
}

fn number(state: &State, place: usize) -> u32 {
    state.numbers[place].load(Ordering::Relaxed)
}

/// Each name is found where its thread was told, or went to `__other__`.
fn are_found(state: &State, names: [(usize, &str); 2]) {
    for (place, name) in names {
        let found = state.table.find(BoundedName::new(name));
        assert_eq!(found.unwrap_or(state.table.other()), number(state, place), "{name}");
    }
}

#[test]
fn racing_registrations_agree() {
    let bound = Bound { preemptions: None, least_runs: 4_700 };
    let steps: [super::Step<State>; 2] = [
        |state| add(state, 0, "a"),
        |state| {
            add(state, 1, "a");
            add(state, 2, "b");
        },
    ];
    explore(bound, setup, &steps, |state| {
        assert_eq!(number(state, 0), number(state, 1));
        assert_ne!(number(state, 1), number(state, 2));
        are_found(state, [(0, "a"), (2, "b")]);
    });
}

#[test]
fn what_was_added_is_listed() {
    let bound = Bound { preemptions: None, least_runs: 1_500 };
    let both: super::Step<State> = |state| {
        add(state, 0, "a");
        add(state, 1, "b");
    };
    let list: super::Step<State> = |state| {
        let added = state.table.added();
        let listed = (0..state.table.high_water()).filter_map(|number| state.table.listed(number));
        assert!(listed.count() as u64 >= added, "{added} names were added");
    };
    explore(bound, setup, &[both, list], list);
}

#[test]
fn a_number_that_comes_back_goes_to_one_name() {
    let bound = Bound { preemptions: Some(3), least_runs: 2_200 };
    // Two numbers that were given back, and no fresh one. "x" is freed with nobody pinned, so the look-up of "z" must not
    // come by it.
    let setup = || {
        let mut states = std::iter::repeat_with(setup);
        let state = states.find(|state| !state.table.share_a_bucket("x", "z")).expect("a random hash");
        for (place, name) in ["a", "b"].into_iter().enumerate() {
            add(&state, place, name);
        }
        give_back(&state, number(&state, 1));
        give_back(&state, number(&state, 0));
        state
    };
    let twice: super::Step<State> = |state| {
        add(state, 0, "x");
        add(state, 1, "y");
        // The other thread may still hold the top of the stack, which this changes.
        if number(state, 0) != state.table.other() {
            give_back(state, number(state, 0));
        }
    };
    explore(bound, setup, &[|state| add(state, 2, "z"), twice], |state| {
        are_found(state, [(1, "y"), (2, "z")]);
        add(state, 0, "w");
        let used = [0, 1, 2].map(|place| number(state, place)).into_iter();
        let mut used: Vec<_> = used.filter(|number| *number != state.table.other()).collect();
        let names = used.len();
        used.sort_unstable();
        used.dedup();
        assert_eq!(used.len(), names, "a number has two names");
    });
}

fn give_back(state: &State, number: u32) {
    assert!(state.table.condemn(number) && state.table.kill(number));
    state.table.unlink(number);
    state.table.free(number);
}
