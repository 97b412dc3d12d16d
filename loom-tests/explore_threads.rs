//! Real threads run a model again and again, in both spawn orders, as often as `FORESHOCK_ROUNDS` says.

use super::{Bound, Step};
use crate::sync::{seeded, two_sided_fence};
use std::env;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::{hint, thread};

const ROUNDS: usize = if cfg!(miri) { 1 } else { 50 };

const SPINS: usize = if cfg!(miri) { 0 } else { 2_000 };

pub(super) fn explore<S: Send + Sync + 'static>(
    _: Bound,
    setup: fn() -> S,
    steps: &[Step<S>],
    check: Step<S>,
) {
    assert!(two_sided_fence::register());
    // Asked here first, so that the threads are not ordered by one of them asking first.
    seeded("");
    let rounds = env::var("FORESHOCK_ROUNDS").map_or(ROUNDS, |rounds| rounds.parse().expect("a number"));
    let mut reversed = steps.to_vec();
    reversed.reverse();
    for _ in 0..rounds {
        run_once(setup, steps, check);
        run_once(setup, &reversed, check);
    }
}

fn run_once<S: Send + Sync + 'static>(setup: fn() -> S, steps: &[Step<S>], check: Step<S>) {
    let state = Arc::new(setup());
    let (barrier, waiting) = (Arc::new(Barrier::new(steps.len())), Arc::new(AtomicUsize::new(steps.len())));
    let spawn = |step: Step<S>| {
        let (state, barrier, waiting) = (state.clone(), barrier.clone(), waiting.clone());
        thread::spawn(move || {
            // All are there; and then they begin together, if the processor has room for all of them.
            barrier.wait();
            waiting.fetch_sub(1, Ordering::Relaxed);
            for _ in 0..SPINS {
                if waiting.load(Ordering::Relaxed) == 0 {
                    break;
                }
                hint::spin_loop();
            }
            step(&state);
        })
    };
    let threads: Vec<_> = steps.iter().copied().map(spawn).collect();
    for thread in threads {
        thread.join().unwrap();
    }
    // On a thread of its own, which has no thread-locals left from an earlier round.
    thread::spawn(move || check(&state)).join().unwrap();
}
