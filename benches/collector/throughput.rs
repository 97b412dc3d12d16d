//! Events a second on one core, from the rings of several threads through the windows and all three patterns.
//!
//! The threads fill their rings in turns, so that the events of all of them lie between each other in time as they do
//! where threads run side by side. Then a tick is made by hand, which sums all counters, drains all rings, and judges; its
//! time is the one that the collector publishes. The figure is the median over the ticks.

use crate::figure::{Figure, Measured};
use crate::mix::{ALTERNATING, INCIDENT, LOCKS_ALONE, MONOTONE, Mix, PATHS, Subjects};
use crate::tick_seconds::{TickSeconds, median};
use foreshock::{Monitor, Statistics};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

/// Longer than the 5 s for late events: what a tick settles is part of the work from then on.
const LASTS: Duration = Duration::from_millis(6_500);

/// Events that a thread records before it is the next one's turn.
const TURN: usize = 16;

/// What a ring holds unless it is set otherwise.
const RING: usize = 1_024;

const PART: &str = "events a second on one core, through rings, windows and three patterns";
const TARGET_MILLIONS: f64 = 20.0;

pub(crate) fn figures() -> Measured {
    let rows =
        [(INCIDENT, 16), (INCIDENT, 2), (PATHS, 16), (MONOTONE, 16), (LOCKS_ALONE, 16), (ALTERNATING, 16)];
    rows.into_iter().map(|(mix, threads)| measured(mix, threads)).collect()
}

fn measured(mix: Mix, threads: usize) -> Result<Figure, String> {
    let recorder = Arc::new(TickSeconds::default());
    let monitor = Monitor::builder().recorder(recorder.clone()).manual().start().expect("valid settings");
    let subjects = Arc::new(Subjects::new(&monitor, 1_000, 250));
    let a_tick = threads * RING;
    let mut samples = Vec::new();
    std::thread::scope(|scope| {
        let round = Round::start(scope, mix, threads, &subjects);
        let began = Instant::now();
        while began.elapsed() < LASTS {
            round.fill();
            monitor.tick();
            samples.push(a_tick as f64 / recorder.seconds());
        }
    });
    check(&mix, &monitor, &monitor.statistics(), (samples.len() * a_tick) as u64)?;
    let what = format!("{}; {threads} threads, {a_tick} a tick", mix.name);
    Ok(Figure::new(PART, what, median(samples) / 1e6, "M/s").at_least(TARGET_MILLIONS))
}

/// Every event came through, and the verdict is right.
fn check(mix: &Mix, monitor: &Monitor, statistics: &Statistics, events: u64) -> Result<(), String> {
    let found: Vec<u64> = monitor.snapshot().patterns.iter().map(|pattern| pattern.detected).collect();
    let exact = statistics.processed_events == events && statistics.total_events == events;
    if exact && statistics.late_events == 0 && found == mix.episodes {
        return Ok(());
    }
    Err(format!(
        "{}: expected {events} events and {:?} episodes, got {found:?} and {statistics:?}",
        mix.name, mix.episodes
    ))
}

/// The threads, each of which hands the turn to the next, and the last to `done`.
struct Round {
    first: SyncSender<usize>,
    done: Receiver<()>,
    turns: usize,
}

impl Round {
    fn start<'scope>(
        scope: &'scope std::thread::Scope<'scope, '_>,
        mix: Mix,
        threads: usize,
        subjects: &Arc<Subjects>,
    ) -> Self {
        let (finish, done) = sync_channel(1);
        let (senders, receivers): (Vec<_>, Vec<_>) = (0..threads).map(|_| sync_channel(1)).unzip();
        for (place, turn) in receivers.into_iter().enumerate() {
            let next = senders[(place + 1) % threads].clone();
            let (subjects, finish) = (subjects.clone(), finish.clone());
            scope.spawn(move || take_turns(mix, &subjects, &turn, &next, &finish));
        }
        Self { first: senders[0].clone(), done, turns: threads * RING / TURN }
    }

    /// Fills every ring.
    fn fill(&self) {
        self.first.send(self.turns).expect("the threads wait");
        self.done.recv().expect("the threads wait");
    }
}

/// Until there are no more turns.
fn take_turns(
    mix: Mix,
    subjects: &Subjects,
    turn: &Receiver<usize>,
    next: &SyncSender<usize>,
    finish: &SyncSender<()>,
) {
    let mut n = 0;
    while let Ok(turns) = turn.recv() {
        if turns == STOP {
            let _ = next.try_send(STOP);
            return;
        }
        for _ in 0..TURN {
            (mix.record)(subjects, n);
            n += 1;
        }
        let handed = if turns > 1 { next.send(turns - 1).is_ok() } else { finish.send(()).is_ok() };
        if !handed {
            return;
        }
    }
}

const STOP: usize = 0;

impl Drop for Round {
    fn drop(&mut self) {
        let _ = self.first.send(STOP);
    }
}
