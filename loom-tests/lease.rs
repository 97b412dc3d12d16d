//! Claim: a block that passes from an ending thread to the next loses no count and no event, and a thread that
//! finds none free is counted on the fallback block. Where a lease and its pool end at one time, the block is freed once, and
//! after the last record.

use super::small::{LAYOUT, event, number_of, outcomes, shared};
use super::{Bound, Tally, explore};
use crate::record::Outcome;
use crate::record::cell::PathRef;
use crate::record::pool::{Lease, Pool};
use crate::record::shared::Shared;
use crate::record::writer::Writer;
use std::any::Any;
use std::sync::{Arc, Mutex, Weak};

struct State {
    pool: Pool,
    drained: Tally,
}

fn setup() -> State {
    State { pool: Pool::new(1, LAYOUT).unwrap(), drained: Tally::default() }
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
    with_writer(state, |writer| writer.push_event(event(7)));
}

fn drain(state: &State) {
    for block in state.pool.blocks() {
        block.events.drain(|words| {
            assert_eq!(number_of(words), 7);
            state.drained.add(1);
        });
    }
}

/// The lease of whoever ended was given back.
fn is_free(pool: &Pool) {
    let lease = pool.lease().expect("every lease has ended");
    assert_eq!(lease.block().index, 0);
}

#[test]
fn a_lease_that_is_handed_on_loses_no_count() {
    let bound = Bound { preemptions: Some(3), least_runs: 9_500 };
    let read: super::Step<State> = |state| assert!(counted(state) <= 2, "more than was counted");
    explore(bound, setup, &[count, count, read], |state| {
        assert_eq!(counted(state), 2);
        is_free(&state.pool);
    });
}

#[test]
fn a_lease_that_is_handed_on_loses_no_event() {
    let bound = Bound { preemptions: Some(3), least_runs: 9_500 };
    explore(bound, setup, &[raise, raise, drain], |state| {
        drain(state);
        assert_eq!(state.drained.get(), 2);
        is_free(&state.pool);
    });
}

struct Ending {
    pool: Mutex<Option<Pool>>,
    lease: Mutex<Option<Lease>>,
    /// Held by the pool and by its block.
    held: Weak<dyn Any + Send + Sync>,
}

#[test]
fn a_block_whose_pool_ends_is_freed_once() {
    let bound = Bound { preemptions: None, least_runs: 13 };
    let setup: fn() -> Ending = || {
        let pool = setup().pool;
        let (lease, held) = (Mutex::new(pool.lease()), pool.held());
        Ending { pool: Mutex::new(Some(pool)), lease, held }
    };
    let record_and_end: super::Step<Ending> = |state| {
        let lease = state.lease.lock().unwrap().take().expect("leased in the setup");
        Writer::Sole(lease.block()).count_outcome(0, Outcome::Success);
    };
    let end_pool: super::Step<Ending> = |state| drop(state.pool.lock().unwrap().take());
    explore(bound, setup, &[record_and_end, end_pool], |state| {
        assert_eq!(state.held.strong_count(), 0, "the block is still there");
    });
}

/// The whole way: thread-local, lease, record, end of the thread.
#[test]
fn a_thread_that_ends_hands_its_block_to_the_next() {
    let bound = Bound { preemptions: Some(3), least_runs: 1_400 };
    let record: super::Step<Arc<Shared>> = |shared| {
        record_once(shared);
        record_once(shared);
    };
    explore(bound, shared, &[record, record], |shared| {
        assert_eq!(outcomes(shared, 0), 4);
        assert_eq!(shared.pool.blocks().count(), 2, "one block and the fallback");
    });
}

/// Thread-locals go one by one, and one of the host's may record when the lease has gone already. (loom's go all at once.)
#[cfg(not(foreshock_loom))]
#[test]
fn a_record_in_a_destructor_writes_no_block_of_another_thread() {
    struct Late(Arc<Shared>);

    impl Drop for Late {
        fn drop(&mut self) {
            for _ in 0..10 {
                record_once(&self.0);
            }
        }
    }

    thread_local! {
        static LATE: std::cell::OnceCell<Late> = const { std::cell::OnceCell::new() };
    }

    let bound = Bound { preemptions: None, least_runs: 1 };
    let record: super::Step<Arc<Shared>> = |shared| {
        // Before the lease, and so destroyed after it.
        LATE.with(|late| late.set(Late(shared.clone())).unwrap_or_else(|_| unreachable!("a new thread")));
        record_once(shared);
    };
    explore(bound, shared, &[record, record], |shared| {
        assert_eq!(outcomes(shared, 0), 22);
        let leased = shared.pool.block(0).expect("one of them leased it");
        assert!(leased.paths[0].outcome(Outcome::Success) <= 2, "recorded where the lease had gone");
    });
}

fn record_once(shared: &Shared) {
    // SAFETY: all cells of one monitor, which the caller holds.
    let path = unsafe { PathRef::new(&shared.cells, 0) };
    shared.record(&path, Outcome::Success);
}
