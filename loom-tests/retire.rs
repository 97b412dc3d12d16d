//! Claim: a number is not given to another name while a thread may still record under the old one.
//!
//! The light and the heavy side of the two-sided fence are `SeqCst` fences here.

use super::{Bound, explore};
use crate::record::Outcome;
use crate::record::block::{Block, Layout};
use crate::record::name::BoundedName;
use crate::record::pin::Pin;
use crate::record::table::NameTable;
use crate::record::writer::Writer;
use crate::sync::two_sided_fence;
use std::sync::atomic::{AtomicU64, Ordering};

const LAYOUT: Layout = Layout { paths: 2, ring_events: 2, open_attempts: 2, track_latency: false };

/// The number was not given back.
const KEPT: u64 = u64::MAX;

struct State {
    table: NameTable,
    block: Block,
    turns: crate::sync::AtomicU32,
    /// What the cell of number 0 stood at when look-ups began to pass it over; [`KEPT`] again once it is free.
    dead_at: AtomicU64,
    /// What it stood at when it went to the other name.
    handed_on_at: AtomicU64,
}

fn setup() -> State {
    let state = State {
        table: NameTable::new(1).unwrap(),
        block: Block::new(0, LAYOUT).unwrap(),
        turns: crate::sync::AtomicU32::new(0),
        dead_at: AtomicU64::new(KEPT),
        handed_on_at: AtomicU64::new(KEPT),
    };
    assert_eq!(state.table.find_or_add(BoundedName::new("old")), 0);
    state
}

fn record(state: &State) {
    let writer = Writer::Sole(&state.block);
    let pin = Pin::new(writer);
    let number = state.table.find_or_add(BoundedName::new("old"));
    writer.count_outcome(number, Outcome::Success);
    drop(pin);
    take_turn(state);
}

/// The same by a thread that remembers the name; it remembers it in `setup_remembered`.
fn record_remembered(state: &State) {
    let writer = Writer::Sole(&state.block);
    let pin = Pin::new(writer);
    let mark = state.table.mark();
    // SAFETY: pinned before the mark was read, and the block's names are those of the table.
    let remembered = unsafe { state.block.recent_paths.find(mark, "old") };
    let number = remembered.unwrap_or_else(|| state.table.find_or_add(BoundedName::new("old")));
    writer.count_outcome(number, Outcome::Success);
    drop(pin);
    take_turn(state);
}

fn setup_remembered() -> State {
    let state = setup();
    remember(&state);
    state
}

/// Looks the name up and remembers it, and records nothing.
fn remember(state: &State) {
    let pin = Pin::new(Writer::Sole(&state.block));
    let mark = state.table.mark();
    let name = BoundedName::new("old");
    if let Some(number) = state.table.find(name) {
        state.block.recent_paths.remember(&state.table, mark, name, number);
    }
    drop(pin);
    take_turn(state);
}

fn count(state: &State) -> u64 {
    state.block.paths[0].outcome(Outcome::Success)
}

/// Every pin that is noted here has ended when this is true: where the collector would wait, it gives up.
fn pins_end(state: &State) -> bool {
    let noted = state.block.pinned();
    take_turn(state);
    noted.is_none() || state.block.pinned() != noted
}

/// Of two loads of one word loom would remember the second alone, and not try what comes between: it tries each order of
/// these. Relaxed, so it orders nothing else.
fn take_turn(state: &State) {
    state.turns.fetch_add(1, crate::sync::Ordering::Relaxed);
}

/// The steps of `collect/retire.rs`.
fn retire(state: &State) {
    let before = count(state);
    if !state.table.condemn(0) {
        return;
    }
    two_sided_fence::heavy();
    if !pins_end(state) || count(state) != before || !state.table.kill(0) {
        state.table.rescue(0);
        return;
    }
    state.dead_at.store(before, Ordering::Relaxed);
    state.table.unlink(0);
    two_sided_fence::heavy();
    if !pins_end(state) {
        return;
    }
    assert_eq!(count(state), before, "a record went to a number that was dead");
    state.table.free(0);
    state.dead_at.store(KEPT, Ordering::Relaxed);
    if state.table.find_or_add(BoundedName::new("new")) == 0 {
        state.handed_on_at.store(count(state), Ordering::Relaxed);
    }
}

fn check(state: &State) {
    let dead_at = state.dead_at.load(Ordering::Relaxed);
    if dead_at != KEPT {
        assert_eq!(count(state), dead_at, "a record went to a number that was dead");
    }
    let handed_on_at = state.handed_on_at.load(Ordering::Relaxed);
    if handed_on_at != KEPT {
        assert_eq!(count(state), handed_on_at, "a record of the old name went to the new one");
    }
    let other = state.block.paths[1].outcome(Outcome::Success);
    assert_eq!(count(state) + other, 1, "counted once, somewhere");
}

#[test]
fn no_record_reaches_the_next_name() {
    let bound = Bound { preemptions: Some(3), least_runs: 300 };
    explore(bound, setup, &[record, retire], check);
}

#[test]
fn no_record_under_a_remembered_number_reaches_the_next_name() {
    let bound = Bound { preemptions: Some(3), least_runs: 300 };
    explore(bound, setup_remembered, &[record_remembered, retire], check);
}

#[test]
fn what_is_remembered_while_the_name_is_condemned_is_not_trusted() {
    let condemn_and_kill: super::Step<State> = |state| {
        assert!(state.table.condemn(0));
        two_sided_fence::heavy();
        if pins_end(state) {
            state.table.kill(0);
        }
    };
    let bound = Bound { preemptions: None, least_runs: 50 };
    explore(bound, setup, &[remember, condemn_and_kill], |state| {
        let _pin = Pin::new(Writer::Sole(&state.block));
        // SAFETY: pinned before the mark was read, and the block's names are those of the table.
        if let Some(number) = unsafe { state.block.recent_paths.find(state.table.mark(), "old") } {
            assert_eq!(state.table.find(BoundedName::new("old")), Some(number));
        }
    });
}
