//! Claim: recorded = processed + dropped. Every event that was pushed is drained once or counted as refused, across the place
//! where the ring wraps around.

use super::small::{LAYOUT, event, number_of};
use super::{Bound, Tally, explore};
use crate::record::block::{Block, Layout};
use crate::record::writer::Writer;
use crate::sync::Ordering;

struct State {
    block: Block,
    processed: Tally,
}

fn setup() -> State {
    with_room_for(2)
}

fn with_room_for(ring_events: usize) -> State {
    let layout = Layout { ring_events, ..LAYOUT };
    State { block: Block::new(0, layout).unwrap(), processed: Tally::default() }
}

fn drain(state: &State) {
    state.block.events.drain(|words| {
        number_of(words);
        state.processed.add(1);
    });
}

fn push(writer: Writer<'_>, events: u64) {
    for number in 1..=events {
        writer.push_event(event(number));
    }
}

fn check(state: &State, recorded: usize) {
    drain(state);
    let dropped = state.block.refused.events.load(Ordering::Relaxed) as usize;
    assert_eq!(state.processed.get() + dropped, recorded, "processed + dropped, {dropped} of them dropped");
}

#[test]
fn what_one_thread_records_is_processed_or_counted_as_dropped() {
    let bound = Bound { preemptions: None, least_runs: 570 };
    let twice: super::Step<State> = |state| {
        drain(state);
        drain(state);
    };
    explore(bound, setup, &[|state| push(Writer::Sole(&state.block), 4), twice], |state| check(state, 4));
}

#[test]
fn what_several_threads_record_is_processed_or_counted_as_dropped() {
    let bound = Bound { preemptions: Some(3), least_runs: 2_600 };
    let produce: super::Step<State> = |state| push(Writer::Shared(&state.block), 2);
    explore(bound, || with_room_for(1), &[produce, produce, drain], |state| check(state, 4));
}
