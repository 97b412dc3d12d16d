//! A tick that panics: caught, counted, and the next one goes on from what is there.

use super::phase::Phase;
use super::{Collector, Core, Worker};
use crate::clock::Clock;
use crate::config::Config;
use crate::health::LockHealth;
use crate::publish::Publisher;
use crate::record::FailureType::{
    self, DiskStateCheckTimeout, LockTimeout, PeerUnreachable, QuorumLoss, UploadFailure,
};
use crate::record::shared::Shared;
use crate::record::{Operation, Outcome};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, MutexGuard};
use std::time::Duration;

const TICK: Duration = Duration::from_millis(1);

struct Stage {
    shared: Arc<Shared>,
    core: Arc<Core>,
}

impl Stage {
    fn new() -> Self {
        Self::with(Clock::system())
    }

    fn with(clock: Clock) -> Self {
        let config = Config::check(&crate::Monitor::builder().tick(TICK)).expect("valid settings");
        let shared = Arc::new(Shared::new(&config, clock).expect("memory"));
        let publisher = Publisher::new(&config, Some(Arc::new(metrics::NoopRecorder)));
        let collector = Collector::new(shared.clone(), config).expect("memory");
        Self { shared, core: Arc::new(Core::new(collector, publisher, TICK)) }
    }

    /// A timeout on a path and a failure of a component.
    fn record(&self) {
        self.shared.record_named("bucket/a", Outcome::Timeout);
        self.fail(PeerUnreachable, "node4");
    }

    /// Has every tick panic that finds something to sum.
    fn breaks(&self) {
        self.collector().faults.after = Some(Phase::PathSummed);
    }

    fn mend(&self) {
        self.collector().faults.after = None;
    }

    fn fail(&self, kind: FailureType, component: &str) {
        self.shared.record_failure_named(component, kind, Operation::NONE);
    }

    /// Has every tick panic that finds a cascade, with its events taken and judged: no pattern has a name. Returns the names.
    fn forgets_patterns(&self) -> Vec<(Arc<str>, &'static str)> {
        std::mem::take(&mut self.collector().episodes.patterns)
    }

    fn learns(&self, patterns: Vec<(Arc<str>, &'static str)>) {
        self.collector().episodes.patterns = patterns;
    }

    fn collector(&self) -> MutexGuard<'_, Collector> {
        super::thread::lock(&self.core.collector)
    }

    /// Patterns of which an episode is listed, and how many roots are counted for each pattern that has any.
    fn episodes_and_roots(&self) -> (Vec<String>, Vec<(String, u64)>) {
        let snapshot = self.core.snapshot();
        let roots = snapshot.roots.iter().map(|root| (root.pattern.to_string(), root.episodes));
        (snapshot.episodes.iter().map(|episode| episode.pattern.to_string()).collect(), roots.collect())
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
        stage.breaks();
        stage.record();
        stage.core.tick_by_hand();
        assert_eq!(stage.counts()[0], panics);
        stage.mend();
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
    stage.breaks();
    stage.record();
    until(&|| stage.counts()[0] >= 10);
    stage.mend();
    // Each turn of the thread is a tick that was made or a panic that was counted.
    let (turns, panics) = (|| stage.core.statistics().ticks + stage.counts()[0], stage.counts()[0]);
    let mended_at = turns();
    until(&|| turns() >= mended_at + 2);
    assert!(stage.counts()[0] <= panics + 1, "one may have been under way");
    assert_eq!(stage.counts()[1..], [2, 4, 4], "counted and judged by the second turn");
    worker.stop();
    assert_eq!(stage.counts()[1..], [2, 4, 4]);
    let panics = stage.counts()[0];
    println!(
        "FIGURE {panics} panics on the collector's thread, each counted; two turns later all is counted and judged"
    );
}

#[test]
fn what_a_tick_had_taken_when_it_panicked_is_counted_at_once_and_judged_by_the_next() {
    let stage = Stage::new();
    stage.core.tick_by_hand();
    let patterns = stage.forgets_patterns();
    stage.record();
    stage.record();
    stage.fail(DiskStateCheckTimeout, "disk1");
    stage.fail(QuorumLoss, "pool1");
    stage.core.tick_by_hand();
    assert_eq!(stage.counts(), [1, 2, 6, 6], "recorded = processed + dropped, of the tick that panicked");
    stage.learns(patterns);
    // Nothing is recorded any more: what it says is what was taken before.
    stage.core.tick_by_hand();
    assert_eq!(stage.counts(), [1, 2, 6, 6]);
    assert_eq!(stage.core.statistics().cascading_patterns_detected, 1);
    let (episodes, roots) = stage.episodes_and_roots();
    assert_eq!(episodes, ["peer_disk_quorum"]);
    assert_eq!(roots, [("peer_disk_quorum".to_owned(), 1)]);
    let snapshot = stage.core.snapshot();
    assert_eq!(snapshot.episodes[0].failures.iter().map(|failure| failure.events).sum::<u64>(), 4);
}

#[test]
fn what_follows_the_sum_in_a_tick_that_panicked_is_done_by_the_next() {
    let (clock, time) = Clock::manual();
    let stage = Stage::with(clock);
    stage.core.tick_by_hand();
    let patterns = stage.forgets_patterns();
    stage.fail(PeerUnreachable, "node4");
    (0..3).for_each(|_| stage.record());
    let ticked = || {
        time.advance(TICK);
        catch_unwind(AssertUnwindSafe(|| stage.collector().tick(None, false))).ok()
    };
    assert!(ticked().is_none());
    stage.learns(patterns);
    let publication = ticked().and_then(|result| result.publication).expect("a verdict changed");
    assert_eq!(publication.snapshot.paths[0].health, LockHealth::Unhealthy);
}

#[test]
fn a_change_at_which_every_tick_panics_holds_up_no_other() {
    let stage = Stage::new();
    stage.core.tick_by_hand();
    let patterns = stage.forgets_patterns();
    for kind in [PeerUnreachable, DiskStateCheckTimeout, QuorumLoss] {
        stage.fail(kind, "a");
    }
    for panics in [1, 2, 2] {
        stage.core.tick_by_hand();
        assert_eq!(stage.counts(), [panics, 0, 3, 3]);
    }
    stage.learns(patterns);
    for kind in [LockTimeout, UploadFailure, UploadFailure] {
        stage.fail(kind, "a");
    }
    stage.core.tick_by_hand();
    assert_eq!(stage.counts(), [2, 0, 6, 6]);
    assert_eq!(stage.core.statistics().cascading_patterns_detected, 2);
    assert_eq!(stage.episodes_and_roots().1, [("lock_disk_upload".to_owned(), 1)], "the first was given up");
}
