//! A collector that stalls in the host's recorder, and one whose thread is gone: records go on as they did, and each is
//! counted. What they cost is printed, beside two collectors that run (how far these are apart is noise), from batches taken in turns.

#![cfg(target_os = "linux")]

mod common;
#[path = "../benches/tail/timer.rs"]
mod timer;

use common::scale::scaled;
use foreshock::FailureType::PeerUnreachable;
use foreshock::{Component, LockPath, Monitor, Outcome};
use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};
use timer::{Timer, reading};

const MILLISECOND: Duration = Duration::from_millis(1);
const NAME: &str = "config/iam/users/of/the/second/tenant/and/b";
/// Timed one by one, and together where each raises an event: less than a ring holds.
const CALLS: usize = 256;
/// Timed together where none does: long against the step of the counter.
const CALM_CALLS: usize = 4_096;
const ROUNDS_OF_A_GROUP: usize = 60;

#[derive(Clone, Copy, PartialEq)]
enum State {
    Running,
    Stalled,
    Gone,
}

/// A recorder from which the collector comes back late, or never.
struct Trap {
    state: State,
    is_sprung: AtomicBool,
    /// The stall is over.
    is_open: Mutex<bool>,
    opened: Condvar,
}

impl Trap {
    fn pass(&self) {
        if self.state != State::Running {
            self.is_sprung.store(true, Ordering::Release);
        }
        match self.state {
            State::Running => {}
            State::Stalled => {
                let is_open = self.is_open.lock().expect("no panic");
                drop(self.opened.wait_while(is_open, |is_open| !*is_open));
            }
            State::Gone => {
                // SAFETY: ends this thread alone, where it stands. What lies on its stack stays there: nobody joins it.
                unsafe { libc::syscall(libc::SYS_exit, 0) };
            }
        }
    }
}

impl Recorder for Trap {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, _: &Key, _: &Metadata<'_>) -> Counter {
        self.pass();
        Counter::noop()
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        self.pass();
        Gauge::noop()
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        self.pass();
        Histogram::noop()
    }
}

/// A monitor whose collector is in a state, and what was recorded to it and how fast.
struct Stage {
    trap: Arc<Trap>,
    monitor: Monitor,
    calm: LockPath,
    timing_out: LockPath,
    /// It timed out, once, when the collector was in that state.
    recovered: LockPath,
    peer: Component,
    rounds: u64,
    /// By operation, in ticks: of batches as a whole, and the 99.9th percentile of single calls, one a group of batches.
    batches: [Vec<u64>; OPERATIONS.len()],
    calls: [Vec<u64>; OPERATIONS.len()],
    tails: [Vec<u64>; OPERATIONS.len()],
}

const OPERATIONS: [&str; 6] = [
    "record_success",
    "attempt + success",
    "by name",
    "record_timeout",
    "record_failure",
    "record_success, after a timeout",
];

/// Calls of a batch.
fn together(operation: usize) -> usize {
    let raises_events = matches!(OPERATIONS[operation], "record_timeout" | "record_failure");
    if raises_events { CALLS } else { CALM_CALLS }
}

impl Stage {
    fn set(state: State) -> Self {
        let trap = Trap {
            state,
            is_sprung: AtomicBool::new(false),
            is_open: Mutex::new(false),
            opened: Condvar::new(),
        };
        let trap = Arc::new(trap);
        let monitor = Monitor::builder().tick(MILLISECOND).publish_every(MILLISECOND).recorder(trap.clone());
        let monitor = monitor.start().expect("valid settings");
        while state != State::Running && !trap.is_sprung.load(Ordering::Acquire) {
            std::thread::yield_now();
        }
        let [calm, timing_out, recovered] =
            ["calm", "timing-out", "recovered"].map(|name| monitor.lock_path(name));
        recovered.record_timeout();
        recovered.record_success();
        let peer = monitor.component("node4");
        let [batches, calls, tails] = std::array::from_fn(|_| std::array::from_fn(|_| Vec::new()));
        Self { trap, monitor, calm, timing_out, recovered, peer, rounds: 0, batches, calls, tails }
    }

    /// A batch of each operation, timed as a whole, and one whose calls are timed one by one.
    fn round(&mut self) {
        self.batch(0, |stage| stage.calm.record_success());
        self.batch(1, |stage| stage.calm.attempt().success());
        self.batch(2, |stage| stage.monitor.record_success(NAME));
        self.batch(3, |stage| stage.timing_out.record_timeout());
        self.batch(4, |stage| stage.peer.record_failure(PeerUnreachable));
        self.batch(5, |stage| stage.recovered.record_success());
        self.rounds += 1;
    }

    fn batch(&mut self, operation: usize, call: impl Fn(&Self)) {
        // This thread recorded to another monitor before.
        call(self);
        let began = reading();
        for _ in 0..together(operation) {
            call(self);
        }
        self.batches[operation].push(reading().saturating_sub(began));
        for _ in 0..CALLS {
            let began = reading();
            call(self);
            let took = reading().saturating_sub(began);
            self.calls[operation].push(took);
        }
    }

    fn end_group(&mut self) {
        for (calls, tails) in self.calls.iter_mut().zip(&mut self.tails) {
            calls.sort_unstable();
            tails.push(calls[calls.len() * 999 / 1_000]);
            calls.clear();
        }
    }

    /// Every call was counted, and every failure judged or dropped.
    fn assert_exact(&self, name: &str) {
        // A collector that is gone is given up after five seconds.
        self.monitor.shutdown();
        let calls = |together: usize| self.rounds * (1 + together as u64 + CALLS as u64);
        let (calls, calm) = (calls(CALLS), calls(CALM_CALLS));
        let statistics = self.monitor.statistics();
        let outcomes = Outcome::ALL.map(|outcome| statistics.outcomes.of(outcome));
        assert_eq!(outcomes, [4 * calm + 1, calls + 1, 0, 0], "{name}");
        assert_eq!(statistics.total_events, 2 * calls + 1, "{name}");
        common::assert_conserved(&self.monitor);
        println!(
            "FIGURE collector {name}: {} failures = {} processed + {} dropped",
            statistics.total_events, statistics.processed_events, statistics.dropped_events
        );
    }
}

fn median(values: &mut [u64]) -> f64 {
    values.sort_unstable();
    values[values.len() / 2] as f64
}

fn print(stages: &mut [(&str, Stage)], ns_per_tick: f64) {
    for (operation, of) in OPERATIONS.iter().enumerate() {
        for (name, stage) in &mut *stages {
            let p50 = median(&mut stage.batches[operation]) / together(operation) as f64 * ns_per_tick;
            let tail = median(&mut stage.tails[operation]) * ns_per_tick;
            println!("STATE {name} | {of} | p50 {p50:.2} ns | p99.9 {tail:.0} ns");
        }
    }
}

#[test]
fn records_go_on_and_stay_exact_while_the_collector_stalls_or_is_gone() {
    let states = [
        ("running", State::Running),
        ("control", State::Running),
        ("stalled", State::Stalled),
        ("gone", State::Gone),
    ];
    let mut stages = states.map(|(name, state)| (name, Stage::set(state)));
    let (groups, stall) = (scaled(1, 100), Duration::from_secs(scaled(0, 10)));
    let (timer, began) = (Timer::start(), Instant::now());
    for group in 0.. {
        if group >= groups && began.elapsed() >= stall {
            break;
        }
        for round in 0..ROUNDS_OF_A_GROUP {
            // Each comes first, and last, as often as the others.
            for turn in 0..stages.len() {
                let place = (round + turn) % stages.len();
                stages[place].1.round();
            }
        }
        stages.iter_mut().for_each(|(_, stage)| stage.end_group());
        std::thread::sleep(MILLISECOND);
    }
    let stalled_seconds = began.elapsed().as_secs_f64();
    print(&mut stages, timer.ns_per_tick());
    assert_eq!(
        stages.each_ref().map(|(_, stage)| stage.monitor.statistics().ticks > 2),
        [true, true, false, false]
    );
    let stalled = &stages[2].1.trap;
    *stalled.is_open.lock().expect("no panic") = true;
    stalled.opened.notify_all();
    for (name, stage) in &stages {
        stage.assert_exact(name);
    }
    println!("FIGURE the stall lasted {stalled_seconds:.1} s");
}
