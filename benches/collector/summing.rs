//! A tick that sums every path over every block: how long it takes, and how that grows.

use crate::figure::{Figure, Measured};
use crate::tick_seconds::{TickSeconds, median};
use foreshock::{LockPath, Monitor};
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
    let samples: Vec<f64> = (0..TICKS).map(tick).collect();
    assert_eq!(monitor.statistics().blocks, blocks as u64);
    assert_eq!(monitor.statistics().outcomes.success, ((TICKS + blocks) * paths) as u64);
    Figure::new(PART, format!("{paths} paths x {blocks} blocks"), median(samples), "us")
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
