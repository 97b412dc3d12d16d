//! Claim: an event leaves its ring whole, and the events of a thread in their order, also where the ring wraps around and where
//! several threads fill it.

use super::small::{LAYOUT, event, number_of};
use super::{Bound, explore};
use crate::record::block::Block;
use crate::record::writer::Writer;
use std::sync::Mutex;

struct State {
    block: Block,
    /// Written without a point of interleaving in between.
    seen: Mutex<Vec<u64>>,
}

fn setup() -> State {
    State { block: Block::new(0, LAYOUT).unwrap(), seen: Mutex::default() }
}

fn produce(writer: Writer<'_>, numbers: [u64; 3]) {
    for number in numbers {
        writer.push_event(event(number));
    }
}

fn consume(state: &State) {
    state.block.events.drain(|words| state.seen.lock().unwrap().push(number_of(words)));
}

/// Of each thread's events, which differ in their tens.
fn are_in_order(state: &State, of: u64) {
    let seen = state.seen.lock().unwrap();
    let of_thread: Vec<_> = seen.iter().filter(|number| **number / 10 == of).collect();
    assert!(of_thread.is_sorted_by(|a, b| a < b), "order, and nothing twice: {seen:?}");
}

#[test]
fn no_event_of_one_thread_is_torn_or_out_of_order() {
    let bound = Bound { preemptions: None, least_runs: 190 };
    let twice: super::Step<State> = |state| {
        consume(state);
        consume(state);
    };
    explore(bound, setup, &[|state| produce(Writer::Sole(&state.block), [11, 12, 13]), twice], |state| {
        consume(state);
        are_in_order(state, 1);
    });
}

#[test]
fn no_event_of_several_threads_is_torn_or_out_of_order() {
    let bound = Bound { preemptions: Some(3), least_runs: 4_500 };
    let two: super::Step<State> = |state| {
        let writer = Writer::Shared(&state.block);
        writer.push_event(event(11));
        writer.push_event(event(12));
    };
    let one: super::Step<State> = |state| Writer::Shared(&state.block).push_event(event(21));
    explore(bound, setup, &[two, one, consume], |state| {
        consume(state);
        are_in_order(state, 1);
        are_in_order(state, 2);
    });
}
