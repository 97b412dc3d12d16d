//! Any sequence of records, ticks and jumps of the clock on one monitor: nothing is lost, nothing is counted twice,
//! no published counter falls, and a path whose health is beyond doubt has it.

#![no_main]

mod model;
mod recorder;

use arbitrary::Arbitrary;
use foreshock::{Attempt, Clock, FailureType, LockPath, ManualTime, Monitor, Operation, Outcome};
use libfuzzer_sys::fuzz_target;
use model::Model;
use recorder::NeverFalling;
use std::sync::Arc;
use std::time::Duration;

/// Paths that handles are held on; the others come and go by name.
const HELD: usize = 3;
const NAMES: [&str; 8] = ["a", "b", "c", "d", "e", "f", "g", "h"];
const MAX_PATHS: usize = 5;
const MAX_COMPONENTS: usize = 3;
const MAX_OPERATIONS: usize = 128;
const CUSTOM: FailureType = FailureType::Custom("disk_full");
const UNREGISTERED: FailureType = FailureType::Custom("unheard_of");

#[derive(Arbitrary, Clone, Copy, Debug)]
enum End {
    Success,
    Timeout,
    Error,
    Abandoned,
}

#[derive(Arbitrary, Debug)]
enum Step {
    ByName(u8, End),
    ByHandle(u8, End),
    Announce(u8),
    Begin(u8),
    Finish(u8, End),
    FinishWithFailure(u8, u8, u8),
    Failure(u8, u8),
    AskHealth(u8),
    TakeHandle(u8),
    Advance(Span),
    Rewind(Span),
    Oversleep(Span),
    Tick,
    Shutdown,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Span {
    Millis(u16),
    Seconds(u16),
    Hours(u16),
    Nanos(u64),
}

impl Span {
    fn value(self) -> Duration {
        match self {
            Self::Millis(millis) => Duration::from_millis(millis.into()),
            Self::Seconds(seconds) => Duration::from_secs(seconds.into()),
            Self::Hours(hours) => Duration::from_secs(3_600 * u64::from(hours)),
            Self::Nanos(nanos) => Duration::from_nanos(nanos),
        }
    }
}

impl From<End> for Outcome {
    fn from(end: End) -> Self {
        match end {
            End::Success => Self::Success,
            End::Timeout => Self::Timeout,
            End::Error => Self::Error,
            End::Abandoned => Self::Abandoned,
        }
    }
}

fn name(place: u8) -> &'static str {
    NAMES[usize::from(place) % NAMES.len()]
}

fn kind(place: u8) -> FailureType {
    match usize::from(place) % 8 {
        6 => CUSTOM,
        7 => UNREGISTERED,
        built_in => FailureType::BUILT_IN[built_in],
    }
}

fn by_name(monitor: &Monitor, path: &str, end: End) {
    match end {
        End::Success => monitor.record_success(path),
        End::Timeout => monitor.record_timeout(path),
        End::Error => monitor.record_error(path),
        End::Abandoned => monitor.record_abandoned(path),
    }
}

fn by_handle(path: &LockPath, end: End) {
    match end {
        End::Success => path.record_success(),
        End::Timeout => path.record_timeout(),
        End::Error => path.record_error(),
        End::Abandoned => path.record_abandoned(),
    }
}

fn finish(attempt: Attempt<'_>, end: End) {
    match end {
        End::Success => attempt.success(),
        End::Timeout => attempt.timeout(),
        End::Error => attempt.error(),
        End::Abandoned => drop(attempt),
    }
}

/// What a sequence is played on.
struct Stage<'m> {
    monitor: &'m Monitor,
    time: ManualTime,
    held: &'m [LockPath],
    /// Open attempts and the place of their path among the held ones.
    open: Vec<(usize, Attempt<'m>)>,
    model: Model,
}

impl<'m> Stage<'m> {
    fn play(&mut self, step: &Step) {
        match *step {
            Step::ByName(path, end) => {
                by_name(self.monitor, name(path), end);
                self.model.record(name(path), end.into());
            }
            Step::ByHandle(path, end) => {
                let place = usize::from(path) % HELD;
                by_handle(&self.held[place], end);
                self.model.record(NAMES[place], end.into());
            }
            Step::Announce(path) => {
                self.monitor.record_attempt(name(path));
                self.model.announce(name(path));
            }
            Step::Begin(path) => {
                let place = usize::from(path) % HELD;
                self.open.push((place, self.held[place].attempt()));
                self.model.begin(NAMES[place]);
            }
            Step::Finish(which, end) => {
                let _ = self.finish(which, end);
            }
            Step::FinishWithFailure(which, failed, component) => {
                if let Some(operation) = self.finish(which, End::Timeout) {
                    self.monitor.record_failure_of(kind(failed), name(component), operation);
                    self.model.fail(kind(failed));
                }
            }
            Step::Failure(failed, component) => {
                self.monitor.record_failure(kind(failed), name(component));
                self.model.fail(kind(failed));
            }
            Step::AskHealth(path) => self.model.check_health(name(path), self.monitor.health(name(path))),
            Step::TakeHandle(path) => drop(self.monitor.lock_path(name(path))),
            Step::Advance(span) => {
                self.time.advance(span.value());
                self.model.advance(span.value());
            }
            Step::Rewind(span) => {
                self.time.rewind(span.value());
                self.model.rewind(span.value());
            }
            Step::Oversleep(span) => {
                self.time.oversleep(span.value());
                self.model.advance(span.value());
            }
            Step::Tick => self.tick(),
            Step::Shutdown => {
                self.monitor.shutdown();
                self.model.shut_down();
            }
        }
    }

    fn finish(&mut self, which: u8, end: End) -> Option<Operation> {
        if self.open.is_empty() {
            return None;
        }
        let (place, attempt) = self.open.swap_remove(usize::from(which) % self.open.len());
        let operation = attempt.operation();
        finish(attempt, end);
        self.model.finish(NAMES[place], end.into());
        Some(operation)
    }

    fn tick(&self) {
        self.monitor.tick();
        self.model.check(&self.monitor.snapshot());
    }
}

fn start(time: &mut Option<ManualTime>) -> Monitor {
    let (clock, manual) = Clock::manual();
    *time = Some(manual);
    Monitor::builder()
        .clock(clock)
        .manual()
        .recorder(Arc::new(NeverFalling::default()))
        .max_paths(MAX_PATHS)
        .max_components(MAX_COMPONENTS)
        .max_threads(1)
        .ring_events(8)
        .open_attempts(4)
        .kept_episodes(4)
        .custom_failure("disk_full")
        .start()
        .expect("a valid configuration")
}

fuzz_target!(|steps: Vec<Step>| {
    let mut time = None;
    let monitor = start(&mut time);
    let held: Vec<LockPath> = NAMES[..HELD].iter().map(|name| monitor.lock_path(name)).collect();
    let model = Model::new(&NAMES[..HELD], MAX_PATHS, MAX_COMPONENTS);
    let time = time.expect("started");
    let mut stage = Stage { monitor: &monitor, time, held: &held, open: Vec::new(), model };
    for step in steps.iter().take(MAX_OPERATIONS) {
        stage.play(step);
    }
    while stage.finish(0, End::Abandoned).is_some() {}
    stage.tick();
    stage.monitor.shutdown();
    stage.model.check(&monitor.snapshot());
});
