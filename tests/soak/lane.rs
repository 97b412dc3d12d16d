//! What a thread of the soak does: one record after the other, each drawn by lot.

use crate::common::{record_by_guard, record_by_handle, record_by_name};
use crate::tally::Tally;
use foreshock::FailureType::{
    self, Custom, DiskStateCheckTimeout, IamOperationTimeout, LockTimeout, PeerUnreachable, QuorumLoss,
    UploadFailure,
};
use foreshock::{Attempt, Component, LockPath, ManualTime, Monitor, Outcome};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

pub(crate) const PATHS: usize = 16;
/// The first ones never time out and are never announced: they stay on the shortest way.
const CALM_PATHS: usize = 8;
pub(crate) const COMPONENTS: usize = 4;
pub(crate) const TYPES: [FailureType; 7] = [
    PeerUnreachable,
    LockTimeout,
    DiskStateCheckTimeout,
    IamOperationTimeout,
    UploadFailure,
    QuorumLoss,
    Custom("disk_full"),
];

/// Attempts that wait for another thread to end them, at most.
const LEFT_OPEN: usize = 64;

pub(crate) const CHURN_PLACES: usize = 64;
/// Of one generation: two of them do not fit the table.
const CHURN_NAMES: u64 = 40;
/// They come back.
pub(crate) const CHURN_GENERATIONS: u64 = 6;
/// As many as a retirement takes, and some.
const TICKS_OF_A_GENERATION: u64 = 10;

pub(crate) fn path_name(path: usize) -> String {
    format!("config/iam/tenants/{path}")
}

pub(crate) fn component_names() -> impl Iterator<Item = &'static str> {
    ["node1", "node2", "disk7", "iam"].into_iter()
}

/// Marsaglia's xorshift: the same draws on every run.
struct Lot(u64);

impl Lot {
    fn new(lane: u64) -> Self {
        Self(0x9e37_79b9_7f4a_7c15 ^ (lane + 1))
    }

    fn draw(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 >> 8
    }
}

/// A succession of threads that record to one monitor.
pub(crate) struct Lane<'s, 'h> {
    pub(crate) tally: Tally,
    lot: Lot,
    monitor: &'h Monitor,
    paths: &'h [LockPath],
    names: Vec<String>,
    components: &'h [Component],
    left_open: &'s Mutex<Vec<(usize, Attempt<'h>)>>,
}

impl<'s, 'h> Lane<'s, 'h> {
    pub(crate) fn new(
        number: u64,
        monitor: &'h Monitor,
        paths: &'h [LockPath],
        components: &'h [Component],
        left_open: &'s Mutex<Vec<(usize, Attempt<'h>)>>,
    ) -> Self {
        let names = (0..PATHS).map(path_name).collect();
        let (tally, lot) = (Tally::default(), Lot::new(number));
        Self { tally, lot, monitor, paths, names, components, left_open }
    }

    pub(crate) fn record(&mut self, records: u64) {
        for _ in 0..records {
            let draw = self.lot.draw();
            self.record_one(draw);
        }
        self.tally.records += records;
    }

    fn record_one(&mut self, draw: u64) {
        let path = (draw >> 8) as usize % PATHS;
        let outcome = outcome_on(path, draw >> 16);
        match draw % 64 {
            0..24 => record_by_handle(&self.paths[path], outcome),
            24..40 => {
                record_by_guard(&self.paths[path], outcome);
                self.tally.waits[path] += u64::from(outcome != Outcome::Abandoned);
            }
            40..52 => record_by_name(self.monitor, &self.names[path], outcome),
            52 => return self.announce(path, outcome),
            53 => return self.leave_open(path),
            _ => return self.fail(draw),
        }
        self.tally.outcomes[path][outcome as usize] += 1;
    }

    /// An attempt announced, and answered at once.
    fn announce(&mut self, path: usize, outcome: Outcome) {
        if path >= CALM_PATHS {
            self.paths[path].record_attempt();
        }
        record_by_name(self.monitor, &self.names[path], outcome);
        self.tally.outcomes[path][outcome as usize] += 1;
    }

    /// Ends an attempt that some thread has left open, and leaves one open.
    fn leave_open(&mut self, path: usize) {
        let mut left_open = self.left_open.lock().expect("no panic");
        left_open.push((path, self.paths[path].attempt()));
        let oldest = (left_open.len() > LEFT_OPEN).then(|| left_open.swap_remove(0));
        drop(left_open);
        if let Some((path, attempt)) = oldest {
            attempt.error();
            self.tally.waits[path] += 1;
            self.tally.outcomes[path][Outcome::Error as usize] += 1;
        }
    }

    fn fail(&mut self, draw: u64) {
        let (number, kind) = ((draw >> 8) as usize % COMPONENTS, (draw >> 16) as usize % TYPES.len());
        let (component, name) = (&self.components[number], component_names().nth(number).expect("a name"));
        match (draw >> 24) % 64 {
            0 => {
                self.tally.unregistered += 1;
                return component.record_failure(Custom("unheard_of"));
            }
            1..4 => {
                // Its operation is that of an attempt, which is given up.
                let path = (draw >> 32) as usize % PATHS;
                let attempt = self.paths[path].attempt();
                component.record_failure_of(TYPES[kind], attempt.operation());
                drop(attempt);
                self.tally.outcomes[path][Outcome::Abandoned as usize] += 1;
            }
            4..24 => self.monitor.record_failure(TYPES[kind], name),
            _ => component.record_failure(TYPES[kind]),
        }
        self.tally.failures[number][kind] += 1;
    }
}

fn outcome_on(path: usize, draw: u64) -> Outcome {
    let outcome = Outcome::ALL[draw as usize % 4];
    if path < CALM_PATHS && outcome == Outcome::Timeout { Outcome::Success } else { outcome }
}

/// A succession of threads that record, by name alone, on paths that come and go.
pub(crate) struct Churn<'h> {
    pub(crate) tally: Tally,
    lot: Lot,
    monitor: &'h Monitor,
    generations: &'h Generations,
}

/// Which names are in use. One generation follows the other when the collector has had the time to retire the one before.
pub(crate) struct Generations {
    pub(crate) now: AtomicU64,
    ticks: AtomicU64,
    time: ManualTime,
    idle: Duration,
}

impl Generations {
    pub(crate) fn new(time: ManualTime, idle: Duration) -> Self {
        Self { now: AtomicU64::new(0), ticks: AtomicU64::new(0), time, idle }
    }

    fn pass_on(&self, ticks: u64) {
        let last = self.ticks.load(Relaxed);
        let is_over = ticks >= last + TICKS_OF_A_GENERATION;
        if is_over && self.ticks.compare_exchange(last, ticks, Relaxed, Relaxed).is_ok() {
            self.time.advance(self.idle);
            self.now.fetch_add(1, Relaxed);
        }
    }
}

impl<'h> Churn<'h> {
    pub(crate) fn new(number: u64, monitor: &'h Monitor, generations: &'h Generations) -> Self {
        let (tally, lot) = (Tally::default(), Lot::new(number));
        Self { tally, lot, monitor, generations }
    }

    pub(crate) fn record(&mut self, records: u64) {
        for record in 0..records {
            let draw = self.lot.draw();
            let outcome = Outcome::ALL[(draw >> 16) as usize % 4];
            let generation = self.generations.now.load(Relaxed) % CHURN_GENERATIONS;
            let name = format!("bucket/{generation}/{}", draw % CHURN_NAMES);
            record_by_name(self.monitor, &name, outcome);
            // Which name found a place is not for this thread to know: all are counted in one.
            self.tally.outcomes[0][outcome as usize] += 1;
            if record % 256 == 0 {
                self.generations.pass_on(self.monitor.statistics().ticks);
            }
        }
        self.tally.records += records;
    }
}
