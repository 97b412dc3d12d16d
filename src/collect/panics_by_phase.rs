//! A tick that panics after each of its phases, beside a monitor whose ticks do not: from the next tick on both say the same.

use super::Collector;
use super::phase::Phase;
use crate::clock::{Clock, ManualTime};
use crate::config::Config;
use crate::health::LockHealth;
use crate::publish::Snapshot;
use crate::record::FailureType::{DiskStateCheckTimeout, PeerUnreachable, QuorumLoss};
use crate::record::shared::Shared;
use crate::record::{LockPath, Operation, Outcome};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

/// All but `EventTaken`: what panics there is that event's own judging.
const PHASES: [Phase; 12] = [
    Phase::ClockRead,
    Phase::PathSummed,
    Phase::PathsSummed,
    Phase::FailuresSummed,
    Phase::Drained,
    Phase::Detected,
    Phase::InFlightFound,
    Phase::Judged,
    Phase::PathsRetired,
    Phase::PathLetGo,
    Phase::Looked,
    Phase::WaitsTaken,
];

/// What happens before a tick, and how long after the last one it comes.
type Step = (u64, fn(&Stage));

/// Everything that a tick has to do with comes at some time: a cascade, an unhealthy path and its end, an attempt in flight, paths that
/// are retired, names that get their numbers.
const STEPS: [Step; 16] = [
    (1, |stage| {
        stage.lock("a").record_success();
        stage.wait("b", 20);
    }),
    (1, |stage| stage.fail(PeerUnreachable, "node4")),
    (1, |stage| (0..3).for_each(|_| stage.shared.record_named("a", Outcome::Timeout))),
    (1, |stage| {
        stage.fail(DiskStateCheckTimeout, "disk1");
        stage.fail(QuorumLoss, "pool1");
    }),
    (1, |stage| stage.shared.record_named("a", Outcome::Success)),
    (1, |stage| stage.shared.announce_named("b")),
    (1, |stage| stage.shared.record_named("b", Outcome::Success)),
    (1, |stage| stage.wait("b", 500)),
    // Of the cascade nothing can change any more, and all are idle but for one.
    (700, |stage| stage.shared.record_named("c", Outcome::Error)),
    (1, |_| ()),
    (1, |_| ()),
    (1, |_| ()),
    (1, |_| ()),
    (1, |stage| stage.wait("d", 30)),
    (1, |stage| stage.wait("a", 40)),
    (1, |stage| stage.shared.record_named("e", Outcome::Timeout)),
];

struct Stage {
    shared: Arc<Shared>,
    collector: Collector,
    time: ManualTime,
    published_waits: BTreeMap<String, u64>,
}

impl Stage {
    fn new() -> Self {
        let builder = crate::Monitor::builder().max_paths(4).retire_after(Duration::from_secs(120));
        let config = Config::check(&builder.track_latency(true)).expect("valid settings");
        let (clock, time) = Clock::manual();
        let shared = Arc::new(Shared::new(&config, clock).expect("memory"));
        let collector = Collector::new(shared.clone(), config).expect("memory");
        Self { shared, collector, time, published_waits: BTreeMap::new() }
    }

    fn lock(&self, name: &str) -> LockPath {
        let handle = self.shared.with_path(name, |path| LockPath::new(self.shared.clone(), path));
        handle.expect("not shut down")
    }

    fn wait(&self, name: &str, milliseconds: u64) {
        let lock = self.lock(name);
        let attempt = lock.attempt();
        self.time.advance(Duration::from_millis(milliseconds));
        attempt.success();
    }

    fn fail(&self, kind: crate::FailureType, component: &str) {
        self.shared.record_failure_named(component, kind, Operation::NONE);
    }

    /// A tick, and what it published; `None` if it panicked.
    fn tick(&mut self) -> Option<Arc<Snapshot>> {
        let collector = &mut self.collector;
        let ticked = catch_unwind(AssertUnwindSafe(|| collector.tick(None, true))).ok()?;
        let publication = ticked.publication.expect("asked for");
        for waits in &publication.waits {
            *self.published_waits.entry(waits.path.to_string()).or_default() += waits.count();
        }
        Some(publication.snapshot)
    }

    /// The same, but what a monitor may say differently whose ticks panicked.
    fn said(&mut self) -> String {
        let mut snapshot = Arc::unwrap_or_clone(self.tick().expect("no fault is asked for"));
        snapshot.statistics.ticks = 0;
        let Snapshot { statistics, paths, patterns, episodes, failures, roots, .. } = snapshot;
        // Their times are the wall clock's.
        let episodes: Vec<_> = episodes.iter().map(|e| (&e.id, &e.root, &e.failures, e.end)).collect();
        let waits = &self.published_waits;
        format!("{statistics:#?} {paths:#?} {patterns:#?} {episodes:#?} {failures:#?} {roots:#?} {waits:#?}")
    }
}

/// Both go through all steps; at one of them the ticks of the second panic after a phase. True if one did.
fn compare(phase: Phase, at: usize) -> bool {
    let [mut sound, mut faulty] = [Stage::new(), Stage::new()];
    let mut panicked = false;
    for (number, (seconds, happen)) in STEPS.iter().enumerate() {
        for stage in [&mut sound, &mut faulty] {
            stage.time.advance(Duration::from_secs(*seconds));
            happen(stage);
        }
        sound.tick();
        faulty.collector.faults.after = Some(phase).filter(|_| number == at);
        panicked |= faulty.tick().is_none();
        faulty.collector.faults.after = None;
        let (sound, faulty) = (sound.said(), faulty.said());
        assert_eq!(sound, faulty, "after step {number}: a panic after {phase:?} at step {at}");
    }
    panicked
}

#[test]
fn from_the_tick_after_one_that_panicked_on_all_is_as_if_it_had_not() {
    let mut panics = 0;
    for phase in PHASES {
        let of_phase = (0..STEPS.len()).filter(|at| compare(phase, *at)).count();
        assert!(of_phase > 0, "no tick got to {phase:?}");
        panics += of_phase;
    }
    println!(
        "FIGURE {panics} ticks that panic after one of {} phases: the next one has made up for it",
        PHASES.len()
    );
}

#[test]
fn an_event_at_whose_judging_the_collector_panics_is_counted_and_passed_over_and_those_behind_it_are_not() {
    let mut stage = Stage::new();
    // The first is passed over; the next three are a cascade.
    for kind in [QuorumLoss, PeerUnreachable, DiskStateCheckTimeout, QuorumLoss] {
        stage.fail(kind, "a");
    }
    stage.collector.faults.after = Some(Phase::EventTaken);
    assert!(stage.tick().is_none());
    assert_eq!(stage.collector.statistics().processed_events, 1);
    stage.collector.faults.after = None;
    let snapshot = stage.tick().expect("no fault is asked for");
    assert_eq!((snapshot.statistics.total_events, snapshot.statistics.processed_events), (4, 4));
    assert_eq!(snapshot.statistics.cascading_patterns_detected, 1);
    assert_eq!(snapshot.episodes[0].failures.iter().map(|failure| failure.events).sum::<u64>(), 3);
}

#[test]
fn a_verdict_that_changed_in_a_tick_that_panicked_is_published_by_the_next() {
    for phase in [Phase::Judged, Phase::Looked, Phase::WaitsTaken] {
        publishes_what_a_tick_found_that_panicked_after(phase);
    }
}

fn publishes_what_a_tick_found_that_panicked_after(phase: Phase) {
    let mut stage = Stage::new();
    stage.tick();
    (0..3).for_each(|_| stage.shared.record_named("a", Outcome::Timeout));
    stage.collector.faults.after = Some(phase);
    let tick = |stage: &mut Stage| {
        stage.time.advance(Duration::from_millis(100));
        catch_unwind(AssertUnwindSafe(|| stage.collector.tick(None, false).publication)).ok()
    };
    assert!(tick(&mut stage).is_none());
    stage.collector.faults.after = None;
    let publication = tick(&mut stage).flatten().expect("before it is due");
    assert_eq!(publication.snapshot.paths[0].health, LockHealth::Unhealthy);
    assert!(tick(&mut stage).expect("no fault is asked for").is_none());
}

/// That both go through it all, and what they say is not nothing.
#[test]
fn the_steps_have_a_cascade_and_paths_that_are_retired() {
    let mut stage = Stage::new();
    let mut retired = false;
    for (seconds, happen) in STEPS {
        stage.time.advance(Duration::from_secs(seconds));
        happen(&stage);
        stage.tick();
        retired |= !stage.collector.bases.is_empty();
    }
    let snapshot = stage.tick().expect("no fault is asked for");
    assert_eq!(snapshot.episodes.len(), 2);
    assert_eq!(snapshot.paths.len(), 4, "{:?}", snapshot.paths);
    assert!(retired);
    assert_eq!(stage.published_waits.values().sum::<u64>(), 4);
}
