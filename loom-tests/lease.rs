//! Claim: a block that passes from an ending thread to the next loses no count and no event, and a thread that
//! finds none free is counted on the fallback block.

use super::{Bound, explore};
use crate::clock::Stamp;
use crate::record::Outcome;
use crate::record::block::Layout;
use crate::record::event::{ComponentKey, Operation, RawEvent};
use crate::record::failure::TypeId;
use crate::record::pool::Pool;
use crate::record::writer::Writer;
use std::sync::atomic::{AtomicUsize, Ordering};

const LAYOUT: Layout = Layout { paths: 1, ring_events: 2, open_attempts: 2, track_latency: false };

struct State {
    pool: Pool,
    drained: AtomicUsize,
}

fn setup() -> State {
    State { pool: Pool::new(1, LAYOUT).unwrap(), drained: AtomicUsize::new(0) }
}

fn with_writer(state: &State, record: impl FnOnce(Writer<'_>)) {
    match state.pool.lease() {
        Some(lease) => record(Writer::Sole(lease.block())),
        None => record(Writer::Shared(state.pool.fallback())),
    }
}

fn count(state: &State) {
    with_writer(state, |writer| writer.count_outcome(0, Outcome::Success));
}

fn counted(state: &State) -> u64 {
    state.pool.blocks().map(|block| block.paths[0].outcome(Outcome::Success)).sum()
}

fn raise(state: &State) {
    with_writer(state, |writer| {
        writer.push_event(RawEvent {
            at: Stamp(7),
            kind: TypeId(0),
            component: ComponentKey::Component(0),
            operation: Operation::NONE,
        });
    });
}

fn drain(state: &State) {
    for block in state.pool.blocks() {
        block.events.drain(|words| {
            assert_eq!(RawEvent::from_words(words).at, Stamp(7), "torn");
            state.drained.fetch_add(1, Ordering::Relaxed);
        });
    }
}

#[test]
fn a_lease_that_is_handed_on_loses_no_count() {
    let bound = Bound { preemptions: Some(3), least_runs: 1_000 };
    let read: super::Step<State> = |state| assert!(counted(state) <= 2, "more than was counted");
    explore(bound, setup, &[count, count, read], |state| assert_eq!(counted(state), 2));
}

#[test]
fn a_lease_that_is_handed_on_loses_no_event() {
    let bound = Bound { preemptions: Some(2), least_runs: 1_000 };
    explore(bound, setup, &[raise, raise, drain], |state| {
        drain(state);
        assert_eq!(state.drained.load(Ordering::Relaxed), 2);
    });
}
