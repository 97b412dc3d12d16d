//! A tick that panics: caught, counted, and the next one goes on from what is there.

use super::{Collector, Core, Worker};
use crate::clock::Clock;
use crate::config::Config;
use crate::publish::Publisher;
use crate::record::shared::Shared;
use crate::record::{FailureType, Operation, Outcome};
use std::sync::Arc;
use std::time::Duration;

const TICK: Duration = Duration::from_millis(1);

struct Stage {
    shared: Arc<Shared>,
    core: Arc<Core>,
}

impl Stage {
    fn new() -> Self {
        let config = Config::check(&crate::Monitor::builder().tick(TICK)).expect("valid settings");
        let shared = Arc::new(Shared::new(&config, Clock::system()).expect("memory"));
        let publisher = Publisher::new(&config, Some(Arc::new(metrics::NoopRecorder)));
        let collector = Collector::new(shared.clone(), config).expect("memory");
        Self { shared, core: Arc::new(Core::new(collector, publisher, TICK)) }
    }

    /// A timeout on a path and a failure of a component.
    fn record(&self) {
        self.shared.record_named("bucket/a", Outcome::Timeout);
        self.shared.record_failure_named("node4", FailureType::PeerUnreachable, Operation::NONE);
    }

    /// Has every tick panic that finds something to sum: its table of paths is empty. Returns the table.
    fn breaks(&self) -> Box<[Option<super::paths::PathState>]> {
        std::mem::take(&mut super::thread::lock(&self.core.collector).paths)
    }

    fn mend(&self, paths: Box<[Option<super::paths::PathState>]>) {
        super::thread::lock(&self.core.collector).paths = paths;
    }

    /// Panics, timeouts, all failures, failures that were judged.
    fn counts(&self) -> [u64; 4] {
        let statistics = self.core.statistics();
        assert_eq!(statistics.dropped_events, 0);
        [statistics.panics, statistics.outcomes.timeout, statistics.total_events, statistics.processed_events]
    }
}

#[test]
fn the_tick_after_one_that_panicked_goes_on_and_nothing_is_lost() {
    let stage = Stage::new();
    stage.record();
    stage.core.tick_by_hand();
    assert_eq!(stage.counts(), [0, 1, 2, 2]);
    for panics in 1..=3 {
        let paths = stage.breaks();
        stage.record();
        stage.core.tick_by_hand();
        assert_eq!(stage.counts()[0], panics);
        stage.mend(paths);
        stage.core.tick_by_hand();
        assert_eq!(stage.counts(), [panics, 1 + panics, 2 + 2 * panics, 2 + 2 * panics]);
    }
    assert_eq!(stage.core.snapshot().statistics.panics, 3);
}

#[test]
fn a_thread_whose_ticks_panic_ticks_on_and_ends_when_it_is_told_to() {
    let stage = Stage::new();
    let worker = Worker::start(stage.core.clone()).expect("a thread");
    let until = |condition: &dyn Fn() -> bool| {
        while !condition() {
            std::thread::yield_now();
        }
    };
    stage.record();
    until(&|| stage.counts()[3] == 2);
    let paths = stage.breaks();
    stage.record();
    until(&|| stage.counts()[0] >= 10);
    stage.mend(paths);
    // Each turn of the thread is a tick that was made or a panic that was counted.
    let (turns, panics) = (|| stage.core.statistics().ticks + stage.counts()[0], stage.counts()[0]);
    let mended_at = turns();
    until(&|| turns() >= mended_at + 2);
    assert!(stage.counts()[0] <= panics + 1, "one may have been under way");
    until(&|| stage.counts()[1..] == [2, 4, 4]);
    worker.stop();
    assert_eq!(stage.counts()[1..], [2, 4, 4]);
}
