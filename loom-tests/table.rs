//! Claim: two threads that name one path at once get one number, and two names never share one.

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

#[test]
fn racing_registrations_agree() {
    let bound = Bound { preemptions: Some(3), least_runs: 100 };
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
        for (place, name) in [(0, "a"), (2, "b")] {
            let found = state.table.find(BoundedName::new(name));
            let other = state.table.other();
            assert_eq!(found.unwrap_or(other), number(state, place), "{name}");
        }
    });
}
