//! Claim: a number is not given to another name while a thread may still record under the old one, by name: looked up,
//! remembered, or from the fallback block.
//!
//! The light and the heavy side of the two-sided fence are `SeqCst` fences here.

use super::small::{outcomes, shared, sums};
use super::{Bound, Turns, explore};
use crate::collect::retire::{Retirement, is_held};
use crate::record::name::BoundedName;
use crate::record::pool::Lease;
use crate::record::shared::Shared;
use crate::record::{LockPath, Outcome};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Long enough to be remembered, and short enough to be compared inline.
pub(super) const NAME: &str = "old/path";

/// The number was not given up.
const KEPT: u64 = u64::MAX;

pub(super) struct State {
    pub(super) shared: Arc<Shared>,
    pub(super) turns: Turns,
    /// What the cells of number 0 stood at when it was given up, if the old name did not get it again: what comes later is the
    /// next name's.
    given_up_at: AtomicU64,
    /// Held where threads are to find no block free.
    _lease: Option<Lease>,
}

pub(super) fn setup() -> State {
    let state =
        State { shared: shared(), turns: Turns::default(), given_up_at: AtomicU64::new(KEPT), _lease: None };
    assert_eq!(state.shared.with_path(NAME, |number| number), Some(0));
    state
}

fn setup_shared() -> State {
    let state = setup();
    State { _lease: state.shared.pool.lease(), ..state }
}

/// A record by name, of a thread that has a block: the lease is not the question here.
fn record(state: &State) {
    assert!(state.shared.writer().is_some());
    state.turns.take();
    state.shared.record_named(NAME, Outcome::Success);
}

/// The same by a thread that has taken a handle before, remembers the name since, and holds the handle no more.
fn record_remembered(state: &State) {
    assert!(state.shared.writer().is_some());
    take_handle(state);
    state.turns.take();
    state.shared.record_named(NAME, Outcome::Success);
}

pub(super) fn take_handle(state: &State) -> Option<LockPath> {
    state.shared.with_path(NAME, |number| LockPath::new(state.shared.clone(), number))
}

/// The collector, once the path was idle for long. Where it would wait for a pin it ends after three ticks.
pub(super) fn retire(state: &State) {
    let (shared, mut retirement) = (&state.shared, Retirement::default());
    let idle = sums(shared, 0);
    if is_held(shared, 0) || !retirement.condemn(shared, vec![(0, idle)]) {
        return;
    }
    let mut given_up_at = KEPT;
    for _ in 0..3 {
        state.turns.take();
        let (now, count) = (sums(shared, 0), outcomes(shared, 0));
        assert!(given_up_at == KEPT || count == given_up_at, "a record went to a number that was given up");
        if !retirement.advance(shared, |_| now, |_| false).is_empty() {
            assert_eq!(now, idle, "given up in spite of a record");
            given_up_at = count;
        } else if !retirement.is_candidate(0) {
            break;
        }
    }
    if given_up_at == KEPT {
        return;
    }
    // Free, and so anybody's; the old name may have come back to it, in another life.
    if retirement.is_candidate(0) || shared.paths.find_or_add(BoundedName::new("next/path")) == 0 {
        state.given_up_at.store(given_up_at, Ordering::Relaxed);
    }
}

/// Nothing was counted under the number after it was given up, and everything somewhere.
pub(super) fn check(state: &State, records: u64) {
    let (old, other) = (outcomes(&state.shared, 0), outcomes(&state.shared, 1));
    let given_up_at = state.given_up_at.load(Ordering::Relaxed);
    assert!(given_up_at == KEPT || old == given_up_at, "a record of the old name went to the next one");
    assert_eq!(old + other, records, "counted once, somewhere");
}

fn check_one(state: &State) {
    check(state, 1);
}

#[test]
fn no_record_reaches_the_next_name() {
    let bound = Bound { preemptions: Some(3), least_runs: 30_000 };
    explore(bound, setup, &[record, retire], check_one);
}

#[test]
fn no_record_of_a_thread_without_a_block_reaches_the_next_name() {
    let bound = Bound { preemptions: Some(3), least_runs: 6_000 };
    explore(bound, setup_shared, &[record, retire], check_one);
}

#[test]
fn no_record_under_a_remembered_number_reaches_the_next_name() {
    let bound = Bound { preemptions: Some(3), least_runs: 64_000 };
    explore(bound, setup, &[record_remembered, retire], check_one);
}
