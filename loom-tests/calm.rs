//! Claim: a path that is said to be calm has no run of timeouts on and no announcement open, so that a record that finds it
//! calm may leave both alone.

use super::{Bound, explore};
use crate::record::cell::PathCell;
use crate::sync::Ordering;

const MONITOR: u64 = 2;

/// Longer than any run here, so that all of it is in the shared word.
const LIMIT: u32 = 9;

fn setup() -> PathCell {
    PathCell::new(MONITOR)
}

fn timeout(cell: &PathCell) {
    cell.count_timeout(LIMIT);
}

fn success(cell: &PathCell) {
    if cell.calm.word() != MONITOR && cell.run.is_on() {
        cell.run.end();
    }
}

fn settle(cell: &PathCell) {
    cell.settle_down(MONITOR, || true);
}

fn check(cell: &PathCell) {
    let (run, announced) = (cell.run.length(), cell.announced.load(Ordering::Relaxed));
    assert!(announced >= 0, "an announcement was answered twice");
    assert!(
        !cell.calm.is_calm() || (run, announced) == (0, 0),
        "calm, with a run of {run} and {announced} announced"
    );
}

#[test]
fn a_path_that_was_said_to_be_calm_has_no_run_left() {
    let bound = Bound { preemptions: Some(3), least_runs: 9_700 };
    let own: super::Step<PathCell> = |cell| {
        timeout(cell);
        success(cell);
    };
    explore(bound, setup, &[own, timeout, settle], |cell| {
        assert!(cell.run.length() <= 1, "the timeout before the success is out");
        check(cell);
    });
}

#[test]
fn a_path_that_was_said_to_be_calm_has_no_announcement_open() {
    let bound = Bound { preemptions: Some(3), least_runs: 2_400 };
    explore(bound, setup, &[PathCell::announce, timeout, settle], check);
}

#[test]
fn an_announcement_alone_keeps_a_path_from_being_calm() {
    let bound = Bound { preemptions: None, least_runs: 42 };
    let twice: super::Step<PathCell> = |cell| {
        settle(cell);
        settle(cell);
    };
    explore(bound, setup, &[PathCell::announce, twice], check);
}

#[test]
fn an_announcement_is_answered_once() {
    let bound = Bound { preemptions: Some(3), least_runs: 34_000 };
    let announced: fn() -> PathCell = || {
        let cell = setup();
        cell.announce();
        cell
    };
    let announce_and_answer: super::Step<PathCell> = |cell| {
        cell.announce();
        cell.answer();
    };
    // One answer more than there are announcements.
    let answer_twice: super::Step<PathCell> = |cell| {
        cell.answer();
        cell.answer();
    };
    explore(bound, announced, &[announce_and_answer, answer_twice, settle], |cell| {
        assert_eq!(cell.announced.load(Ordering::Relaxed), 0);
        check(cell);
    });
}
