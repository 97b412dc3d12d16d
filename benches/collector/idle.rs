//! What the collector takes of a core while nothing happens: 1,000 paths, 16 leased blocks, default settings.
//!
//! Two monitors are idle side by side, one publishing to our exporter and one to a recorder that does nothing. The
//! exporter's own threads are not in it.

use crate::cpu::{self, Thread};
use crate::figure::{Figure, Measured};
use foreshock::prometheus::Exporter;
use foreshock::{FailureType, LockPath, Monitor};
use metrics::NoopRecorder;
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

const PART: &str = "idle: 1,000 paths, 16 leased blocks, default settings";
const PATHS: usize = 1_000;
const BLOCKS: usize = 16;
const LASTS: Duration = Duration::from_secs(20);
/// Longer than failures wait for late ones.
const SETTLES: Duration = Duration::from_secs(6);
const TARGET_PERCENT: f64 = 0.1;

pub(crate) fn figures() -> Measured {
    Exporter::builder().listen(([127, 0, 0, 1], 0)).install().map_err(|error| error.to_string())?;
    let exported = Monitor::builder().start().expect("valid settings");
    let exporting = cpu::new_collector(&[]);
    let plain = Monitor::builder().recorder(Arc::new(NoopRecorder)).start().expect("valid settings");
    let silent = cpu::new_collector(&[exporting]);
    let monitors = [&exported, &plain];
    let barrier = Barrier::new(BLOCKS + 1);
    let shares = std::thread::scope(|scope| {
        (0..BLOCKS).for_each(|_| drop(scope.spawn(|| record_and_wait(monitors, &barrier))));
        barrier.wait();
        std::thread::sleep(SETTLES);
        let shares = percent_of_a_core([exporting, silent]);
        barrier.wait();
        shares
    });
    for statistics in monitors.map(Monitor::statistics) {
        if (statistics.paths, statistics.blocks) != (PATHS as u64, BLOCKS as u64) {
            return Err(format!("not {PATHS} paths and {BLOCKS} blocks: {statistics:?}"));
        }
    }
    let recorders = ["publishing to our exporter", "publishing to a recorder that does nothing"];
    let figure = |(recorder, share)| Figure::new(PART, recorder, share, "% of core").at_most(TARGET_PERCENT);
    Ok(recorders.into_iter().zip(shares).map(figure).collect())
}

/// Takes a block of both monitors, records on every path, and keeps the blocks.
fn record_and_wait(monitors: [&Monitor; 2], barrier: &Barrier) {
    let lock_paths =
        |monitor: &Monitor| (0..PATHS).map(|n| monitor.lock_path(&format!("bucket/{n}"))).collect();
    let held: [Vec<LockPath>; 2] = monitors.map(lock_paths);
    for (monitor, locks) in monitors.into_iter().zip(&held) {
        locks.iter().for_each(|lock| lock.attempt().success());
        monitor.record_failure(FailureType::PeerUnreachable, "node3");
    }
    barrier.wait();
    barrier.wait();
}

fn percent_of_a_core(threads: [Thread; 2]) -> [f64; 2] {
    let (began, before) = (Instant::now(), threads.map(Thread::time));
    std::thread::sleep(LASTS);
    let lasted = began.elapsed();
    let spent = [threads[0].time() - before[0], threads[1].time() - before[1]];
    spent.map(|spent| 100.0 * spent.as_secs_f64() / lasted.as_secs_f64())
}
