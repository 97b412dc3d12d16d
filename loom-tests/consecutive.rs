//! Claim: the consecutive run is exact: a success ends what came before it, and no timeout after it is lost.

use super::{Bound, explore};
use crate::record::cell::PathCell;

fn timeout(cell: &PathCell) {
    cell.count_timeout(crate::clock::Stamp(9));
}

fn run(cell: &PathCell) -> (u64, u64) {
    cell.run()
}

#[test]
fn a_run_is_seen_with_the_time_of_its_last_timeout() {
    let bound = Bound { preemptions: Some(2), least_runs: 500 };
    let read: super::Step<PathCell> = |cell| {
        let (run, last) = run(cell);
        assert!(run <= 2 && (run == 0 || last == 9), "a run of {run} whose last timeout was at {last}");
    };
    explore(bound, PathCell::default, &[timeout, timeout, read], |cell| assert_eq!(run(cell), (2, 9)));
}

#[test]
fn a_success_ends_a_run_and_a_timeout_after_it_begins_one() {
    let bound = Bound { preemptions: None, least_runs: 200 };
    let both: super::Step<PathCell> = |cell| {
        cell.end_run();
        timeout(cell);
    };
    explore(bound, PathCell::default, &[timeout, both], |cell| {
        let (run, _) = run(cell);
        assert!(run == 1 || run == 2, "the timeout after the success is in the run: {run}");
    });
}
