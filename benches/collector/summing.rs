//! A tick that sums every path over every block: how long it takes, and how that grows.
//!
//! The collector measures its own ticks and publishes the time (`foreshock_tick_seconds`); this reads it as a host does,
//! from the recorder. The publication itself is not in it.

use crate::figure::{Figure, Measured};
use foreshock::{LockPath, Monitor};
use metrics::{Counter, Gauge, GaugeFn, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Barrier};

const PART: &str = "a tick that sums all paths over all blocks, something new on every path";
const TICKS: usize = 301;

pub(crate) fn figures() -> Measured {
    let blocks_of = |paths| [1, 4, 16, 64].map(|blocks| (paths, blocks));
    let grid = [64, 256, 1_024].into_iter().flat_map(blocks_of);
    Ok(grid.map(|(paths, blocks)| figure(paths, blocks)).collect())
}

fn figure(paths: usize, blocks: usize) -> Figure {
    let recorder = Arc::new(TickSeconds::default());
    let monitor = Monitor::builder().recorder(recorder.clone()).manual().start().expect("valid settings");
    let locks: Vec<_> = (0..paths).map(|n| monitor.lock_path(&format!("bucket/{n}/object"))).collect();
    lease_blocks(&locks, blocks);
    let tick = |_| {
        locks.iter().for_each(LockPath::record_success);
        monitor.tick();
        recorder.seconds() * 1e6
    };
    let mut samples: Vec<f64> = (0..TICKS).map(tick).collect();
    samples.sort_by(f64::total_cmp);
    assert_eq!(monitor.statistics().blocks, blocks as u64);
    assert_eq!(monitor.statistics().outcomes.success, ((TICKS + blocks) * paths) as u64);
    Figure::new(PART, format!("{paths} paths x {blocks} blocks"), samples[TICKS / 2], "us")
}

/// One block is this thread's; the others stay when their threads have ended.
fn lease_blocks(locks: &[LockPath], blocks: usize) {
    let barrier = Barrier::new(blocks);
    let record = || {
        locks.iter().for_each(LockPath::record_success);
        // A thread that ends too early would leave its block to the next one.
        barrier.wait();
    };
    std::thread::scope(|scope| {
        (1..blocks).for_each(|_| drop(scope.spawn(record)));
        record();
    });
}

/// A recorder that remembers one gauge.
#[derive(Default)]
struct TickSeconds(Arc<Bits>);

#[derive(Default)]
struct Bits(AtomicU64);

impl TickSeconds {
    fn seconds(&self) -> f64 {
        f64::from_bits(self.0.0.load(Ordering::Relaxed))
    }
}

impl GaugeFn for Bits {
    fn increment(&self, _: f64) {}
    fn decrement(&self, _: f64) {}
    fn set(&self, value: f64) {
        self.0.store(value.to_bits(), Ordering::Relaxed);
    }
}

impl Recorder for TickSeconds {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, _: &Key, _: &Metadata<'_>) -> Counter {
        Counter::noop()
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        let is_ours = key.name().ends_with("_foreshock_tick_seconds");
        if is_ours { Gauge::from_arc(self.0.clone()) } else { Gauge::noop() }
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}
