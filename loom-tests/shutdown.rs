//! Claim: shutdown drains the last event. What was recorded before it is in the last drain, what races it is processed there or
//! after it or counted as refused, and what comes after it is refused; nothing is lost.

use super::small::{outcomes, shared};
use super::{Bound, Tally, Turns, explore};
use crate::record::cell::PathRef;
use crate::record::event::Operation;
use crate::record::shared::Shared;
use crate::record::{FailureType, Outcome};
use crate::sync::{AtomicU32, Ordering};
use std::sync::Arc;

struct State {
    shared: Arc<Shared>,
    drained: Tally,
    turns: Turns,
    /// The host's own word that a thread has done what it had to.
    done: AtomicU32,
}

fn setup() -> State {
    State { shared: shared(), drained: Tally::default(), turns: Turns::default(), done: AtomicU32::new(0) }
}

fn fail(state: &State) {
    state.shared.record_failure(0, FailureType::PeerUnreachable, Operation::NONE);
}

fn succeed(state: &State) {
    // SAFETY: all cells of one monitor, which the state holds.
    let path = unsafe { PathRef::new(&state.shared.cells, 0) };
    state.shared.record(&path, Outcome::Success);
}

fn drain(state: &State) {
    for block in state.shared.pool.blocks() {
        state.drained.add(block.events.drain(|_| ()));
    }
}

fn refused(state: &State) -> u64 {
    state.shared.after_shutdown.load(Ordering::Relaxed)
}

fn settle(state: &State) {
    state.shared.cells[0].settle_down(state.shared.id, || state.shared.is_live());
}

#[test]
fn the_last_drain_finds_the_last_event() {
    let bound = Bound { preemptions: None, least_runs: 2_100 };
    let record: super::Step<State> = |state| {
        fail(state);
        state.done.store(1, Ordering::Release);
    };
    let shut_down: super::Step<State> = |state| {
        let was_recorded = state.done.load(Ordering::Acquire) == 1;
        assert!(state.shared.end());
        drain(state);
        assert!(!was_recorded || state.drained.get() == 1, "recorded before shutdown, and not drained");
    };
    explore(bound, setup, &[record, shut_down], |state| {
        // As `Monitor::statistics` does after shutdown.
        drain(state);
        assert_eq!(state.drained.get() as u64 + refused(state), 1, "processed or refused");
    });
}

#[test]
fn after_shutdown_every_record_is_refused() {
    let bound = Bound { preemptions: None, least_runs: 10_000 };
    let record: super::Step<State> = |state| {
        succeed(state);
        state.turns.take();
        let (has_ended, before) = (state.done.load(Ordering::Acquire) == 1, refused(state));
        succeed(state);
        assert!(!has_ended || refused(state) == before + 1, "recorded after shutdown");
    };
    let shut_down: super::Step<State> = |state| {
        assert!(state.shared.end());
        state.done.store(1, Ordering::Release);
        state.turns.take();
    };
    explore(bound, setup, &[record, shut_down], |state| {
        assert_eq!(outcomes(&state.shared, 0) + refused(state), 2, "counted or refused");
        succeed(state);
        assert_eq!(outcomes(&state.shared, 0) + refused(state), 3, "counted or refused");
        assert!(refused(state) > 0, "recorded after shutdown");
    });
}

#[test]
fn no_path_is_said_to_be_calm_after_shutdown() {
    let bound = Bound { preemptions: None, least_runs: 160 };
    // Calm again only when the collector says so.
    let disturbed: fn() -> State = || {
        let state = setup();
        state.shared.announce(0);
        state.shared.cells[0].answer();
        state
    };
    let shut_down: super::Step<State> = |state| assert!(state.shared.end());
    explore(bound, disturbed, &[shut_down, settle], |state| {
        assert!(!state.shared.cells[0].calm.is_calm());
    });
}
