//! loom tries every interleaving of the threads up to the bound, and every value that a load may return.
//!
//! It remembers one access per atomic, so that a thread's own load can hide another's: the main thread therefore only
//! spawns and joins, whoever reads is a spawned thread, and every model runs in both spawn orders.

use super::{Bound, Step};
use loom::model::Builder;
use loom::sync::atomic::{AtomicU32, Ordering as LoomOrdering};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{env, fs, thread};

/// Explores `steps`, each on a thread of its own, over a state made anew for each run, in both spawn orders; after
/// they have ended `check` runs on one more thread.
pub(super) fn explore<S: Send + Sync + 'static>(
    bound: Bound,
    setup: fn() -> S,
    steps: &[Step<S>],
    check: Step<S>,
) {
    let preemptions = bound.preemptions.map(|bound| bound.max(asked_preemptions()));
    for reversed in [false, true] {
        let mut steps = steps.to_vec();
        if reversed {
            steps.reverse();
        }
        let (runs, began) = (Arc::new(AtomicUsize::new(0)), processor_seconds());
        let mut builder = Builder::new();
        builder.preemption_bound = preemptions;
        // A model that ran out of time or of permutations would return as if it had been explored.
        builder.max_duration = None;
        builder.max_permutations = None;
        builder.checkpoint_file = None;
        builder.max_branches = 10_000;
        let counted = runs.clone();
        builder.check(move || {
            counted.fetch_add(1, Ordering::Relaxed);
            run_once(setup, &steps, check);
        });
        let (runs, seconds) = (runs.load(Ordering::Relaxed), processor_seconds() - began);
        let bounded = preemptions.map_or("unbounded".to_owned(), |bound| format!("bound {bound}"));
        let thread = thread::current();
        let model = thread.name().unwrap_or_default();
        println!("explored {runs} runs in {seconds:.1} s, {bounded}, reversed: {reversed}, {model}");
        assert!(runs >= bound.least_runs, "only {runs} runs: the model did not look");
    }
}

/// What the bounded models are explored to where it is more than their own bound: `FORESHOCK_LOOM_PREEMPTIONS`.
fn asked_preemptions() -> usize {
    env::var("FORESHOCK_LOOM_PREEMPTIONS").map_or(0, |asked| asked.parse().expect("a number of preemptions"))
}

/// That this thread has had so far, where the system says so. loom runs all threads of a model on one, so that this is what a
/// model costs, whatever else the machine does.
fn processor_seconds() -> f64 {
    let said = fs::read_to_string("/proc/thread-self/schedstat").ok();
    let ns = said.and_then(|said| said.split(' ').next()?.parse::<f64>().ok());
    ns.map_or(f64::NAN, |ns| ns / 1e9)
}

fn run_once<S: Send + Sync + 'static>(setup: fn() -> S, steps: &[Step<S>], check: Step<S>) {
    let state = Arc::new(setup());
    // Every thread passes this first. loom sees that the passages depend on each other and tries each order of
    // them; without it a thread that is spawned first and only loads may never be tried second. Relaxed, so it
    // orders nothing else.
    let gate = Arc::new(AtomicU32::new(0));
    let spawn = |step: Step<S>| {
        let (state, gate) = (state.clone(), gate.clone());
        loom::thread::spawn(move || {
            gate.fetch_add(1, LoomOrdering::Relaxed);
            step(&state);
        })
    };
    let threads: Vec<_> = steps.iter().copied().map(spawn).collect();
    for thread in threads {
        thread.join().unwrap();
    }
    spawn(check).join().unwrap();
}
