//! What a monitor holds in memory has a bound, and does not grow with records or threads. `benches/memory` counts more of it,
//! and for longer.

mod common;

use common::allocator::{Counting, held_bytes};
use common::footprint::{
    ALIVE, Trouble, builder, most_during_records, most_during_threads, read_before_and_after,
};
use std::sync::{Mutex, PoisonError};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What is held is counted for the whole process, so the tests pass one after the other.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

const KIB: isize = 1_024;

/// So much more may be held at the worst moment of a long run than of a short one.
const SLACK_BYTES: i64 = 64 * 1_024;

/// The limits are a little above what is held, so that whatever adds to it is seen.
#[track_caller]
fn assert_holds_at_most(limit_kib: isize, track_latency: bool, trouble: Trouble) {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let manual = || builder().track_latency(track_latency).manual();
    let (before, after) = read_before_and_after(manual, trouble, held_bytes);
    let held_kib = (after - before) / KIB;
    assert!(held_kib <= limit_kib, "{held_kib} KiB, at most {limit_kib} wanted");
}

fn read() -> [i64; 1] {
    [held_bytes() as i64]
}

#[track_caller]
fn assert_flat([[less], [more]]: [[i64; 1]; 2]) {
    assert!(less > 1 << 20, "{less} bytes are no monitor");
    assert!(more - less <= SLACK_BYTES, "{less} bytes, and then {more}");
}

#[test]
fn a_thousand_paths_and_sixteen_threads_without_trouble() {
    assert_holds_at_most(2 * 1_024, false, Trouble::Never);
}

#[test]
fn a_thousand_paths_and_sixteen_threads_in_trouble() {
    assert_holds_at_most(3_072, false, Trouble::Spread);
}

#[test]
fn a_thousand_paths_and_sixteen_threads_in_trouble_with_latency() {
    assert_holds_at_most(8 * 1_024, true, Trouble::Spread);
}

#[test]
fn as_much_is_held_after_two_million_records_as_after_one() {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    assert_flat(most_during_records(builder().manual(), [1_000_000, 2_000_000], read));
}

#[test]
fn as_much_is_held_after_five_thousand_threads_as_after_one() {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let (readings, blocks) = most_during_threads(builder().manual(), [1_000, 5_000], read);
    assert_flat(readings);
    assert!(blocks <= ALIVE as u64, "{blocks} blocks for {ALIVE} threads at a time");
}
