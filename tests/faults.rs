//! A recorder of the host's that panics or hangs: the host's threads notice nothing.

mod common;

use common::{assert_conserved, manual_with};
use foreshock::FailureType::PeerUnreachable;
use foreshock::Monitor;
use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

/// Calls the host's own code at every counter.
struct Calling<F>(F);

impl<F: Fn()> Recorder for Calling<F> {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, _: &Key, _: &Metadata<'_>) -> Counter {
        (self.0)();
        Counter::noop()
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

#[derive(Default)]
struct Gate {
    is_open: Mutex<bool>,
    opened: Condvar,
    /// Somebody has arrived.
    reached: AtomicBool,
}

impl Gate {
    fn pass(&self) {
        self.reached.store(true, Ordering::Release);
        let mut is_open = self.is_open.lock().unwrap();
        while !*is_open {
            is_open = self.opened.wait(is_open).unwrap();
        }
    }

    fn open(&self) {
        *self.is_open.lock().unwrap() = true;
        self.opened.notify_all();
    }
}

fn until(condition: impl Fn() -> bool) {
    while !condition() {
        std::thread::yield_now();
    }
}

#[test]
fn a_panic_of_the_recorder_is_caught_and_counted_at_every_tick() {
    let recorder = Arc::new(Calling(|| panic!("the recorder's own trouble")));
    let (monitor, _time) = manual_with(|builder| builder.recorder(recorder));
    for round in 1..=5 {
        monitor.record_timeout("bucket/a");
        monitor.tick();
        assert_eq!(monitor.statistics().panics, round);
        assert_eq!(monitor.snapshot().paths[0].outcomes.timeout, round, "the snapshot goes on");
    }
    println!("FIGURE a recorder that panics at each of 5 publications: 5 panics counted, 5 snapshots");
    assert_conserved(&monitor);
}

#[test]
fn a_collector_whose_recorder_panicked_goes_on_and_publishes_again() {
    let calls = Arc::new(AtomicU64::new(0));
    let counted = calls.clone();
    let recorder = Arc::new(Calling(move || {
        if counted.fetch_add(1, Ordering::Relaxed) < 3 {
            panic!("the recorder's own trouble");
        }
    }));
    let millisecond = Duration::from_millis(1);
    let monitor = Monitor::builder().tick(millisecond).publish_every(millisecond).recorder(recorder);
    let monitor = monitor.start().unwrap();
    until(|| calls.load(Ordering::Relaxed) > 100);
    assert_eq!(monitor.statistics().panics, 3);
    monitor.record_success("bucket/a");
    until(|| monitor.statistics().outcomes.success == 1);
    monitor.shutdown();
    assert_eq!(monitor.snapshot().statistics.panics, 3);
}

#[test]
fn a_recorder_that_hangs_holds_up_neither_records_nor_statistics_nor_shutdown() {
    let gate = Arc::new(Gate::default());
    let recorder = Arc::new(Calling({
        let gate = gate.clone();
        move || gate.pass()
    }));
    let monitor = Monitor::builder().recorder(recorder).start().unwrap();
    until(|| gate.reached.load(Ordering::Acquire));
    let lock = monitor.lock_path("bucket/a");
    for _ in 0..1_000 {
        lock.attempt().success();
        monitor.record_timeout("bucket/b");
        monitor.record_failure(PeerUnreachable, "node4");
    }
    assert_eq!(monitor.health("bucket/b"), foreshock::LockHealth::Unhealthy);
    let _ = (monitor.statistics(), monitor.snapshot());
    // Gives the collector up after five seconds.
    let began = Instant::now();
    monitor.shutdown();
    println!(
        "FIGURE beside a recorder that hangs: 3,000 records and a snapshot, shutdown in {:.1} s, counts exact",
        began.elapsed().as_secs_f64()
    );
    let statistics = monitor.statistics();
    assert_eq!((statistics.outcomes.success, statistics.outcomes.timeout), (1_000, 1_000));
    assert_eq!(statistics.total_events, 2_000);
    assert_conserved(&monitor);
    gate.open();
}

#[test]
fn a_recorder_that_uses_the_monitor_does_not_lock_it_up() {
    let known: Arc<Mutex<Option<Monitor>>> = Arc::default();
    let calls = Arc::new(AtomicU64::new(0));
    let recorder = Arc::new(Calling({
        let (known, calls) = (known.clone(), calls.clone());
        move || {
            if let Some(monitor) = &*known.lock().unwrap() {
                monitor.record_success("bucket/a");
                let _ = (monitor.statistics(), monitor.snapshot(), monitor.health("bucket/a"));
                calls.fetch_add(1, Ordering::Relaxed);
            }
        }
    }));
    let (monitor, _time) = manual_with(|builder| builder.recorder(recorder));
    *known.lock().unwrap() = Some(monitor.clone());
    monitor.tick();
    monitor.tick();
    assert!(calls.load(Ordering::Relaxed) > 0);
    assert!(monitor.statistics().outcomes.success > 0);
    *known.lock().unwrap() = None;
}

#[test]
fn a_recorder_that_drops_the_last_monitor_ends_its_own_collector() {
    let known: Arc<Mutex<Option<Monitor>>> = Arc::default();
    let dropped = Arc::new(AtomicBool::new(false));
    let recorder = Arc::new(Calling({
        let (known, dropped) = (known.clone(), dropped.clone());
        move || {
            let last = known.lock().unwrap().take();
            if last.is_some() {
                drop(last);
                dropped.store(true, Ordering::Release);
            }
        }
    }));
    let millisecond = Duration::from_millis(1);
    let builder = Monitor::builder().tick(millisecond).publish_every(millisecond).recorder(recorder);
    *known.lock().unwrap() = Some(builder.start().unwrap());
    until(|| dropped.load(Ordering::Acquire));
}
