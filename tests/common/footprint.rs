//! A host at its limits, for whoever counts what its monitor holds: every thread on every path, every kind of record.

use foreshock::FailureType::{IamOperationTimeout, PeerUnreachable};
use foreshock::{Builder, Clock, Component, LockPath, ManualTime, Monitor};
use metrics::NoopRecorder;
use std::sync::{Arc, Barrier, OnceLock};
use std::thread;
use std::time::Duration;

pub(crate) const PATHS: usize = 1_024;
pub(crate) const THREADS: usize = 16;
const COMPONENTS: usize = 256;

/// Rounds of records, and the time between them: longer than the longest window of a pattern, so that whatever waits for an
/// effect has had the time to pile up.
const ROUNDS: usize = 32;
const STEP: Duration = Duration::from_secs(2);

/// Records that one call of [`Host::record`] makes.
const RECORDS: u64 = 10;

/// How much goes wrong, beside all that goes well. With each timeout a component fails.
#[derive(Clone, Copy)]
pub(crate) enum Trouble {
    /// Nothing times out and no component fails.
    Never,
    /// Every path had one timeout, all of them a minute ago.
    Past,
    /// Every thread has a timeout on every path, one after the other within a minute.
    Spread,
    /// Every thread has a timeout on every path every two seconds: twice what a ring holds.
    Storm,
    /// As above, and then an hour in which nothing fails.
    PastStorm,
}

impl Trouble {
    fn strikes(self, place: usize, thread: usize, round: usize) -> bool {
        match self {
            Self::Never => false,
            Self::Past => round == 0 && place % THREADS == thread,
            Self::Spread => (place + thread) % ROUNDS == round,
            Self::Storm | Self::PastStorm => true,
        }
    }

    fn quiet_seconds(self) -> u64 {
        if matches!(self, Self::PastStorm) { 3_600 } else { 0 }
    }
}

/// Publishes to a recorder that keeps nothing: what a recorder keeps is not the monitor's.
pub(crate) fn builder() -> Builder {
    Monitor::builder().max_paths(PATHS).max_components(COMPONENTS).recorder(Arc::new(NoopRecorder))
}

/// As long as a store's names are: 43 bytes.
fn name(place: usize) -> String {
    format!("config/iam/users/of/the/second/tenant/a{place:04}")
}

/// What the host itself needs, allocated before anything is counted.
pub(crate) struct Prepared {
    names: Vec<String>,
    locks: Vec<LockPath>,
    nodes: Vec<Component>,
}

impl Prepared {
    /// For a host that knows so many names and holds handles on so many of them.
    pub(crate) fn new(names: usize, handles: usize) -> Self {
        Self {
            names: (0..names).map(name).collect(),
            locks: Vec::with_capacity(handles),
            nodes: Vec::with_capacity(COMPONENTS),
        }
    }

    pub(crate) fn start(mut self, builder: Builder) -> Host {
        let (clock, time) = Clock::manual();
        let monitor = builder.clock(clock).start().expect("valid settings");
        let handles = self.locks.capacity();
        self.locks.extend(self.names[..handles].iter().map(|name| monitor.lock_path(name)));
        self.nodes.extend(self.names[..COMPONENTS].iter().map(|name| monitor.component(name)));
        Host { monitor, time, names: self.names, locks: self.locks, nodes: self.nodes }
    }
}

pub(crate) struct Host {
    pub(crate) monitor: Monitor,
    time: ManualTime,
    names: Vec<String>,
    locks: Vec<LockPath>,
    nodes: Vec<Component>,
}

impl Host {
    /// Of every kind of record at least one, if something fails.
    fn record(&self, place: usize, fails: bool) {
        let lock = &self.locks[place % self.locks.len()];
        for _ in 0..3 {
            lock.record_success();
            lock.attempt().success();
        }
        lock.attempt().error();
        drop(lock.attempt());
        let attempt = lock.attempt();
        let operation = attempt.operation();
        if !fails {
            attempt.success();
            lock.record_success();
            return;
        }
        attempt.timeout();
        let node = &self.nodes[place % self.nodes.len()];
        match place % 3 {
            0 => node.record_failure(PeerUnreachable),
            _ => node.record_failure_of(IamOperationTimeout, operation),
        }
    }

    fn record_everywhere(&self, thread: usize, round: usize, trouble: Trouble) {
        for place in 0..self.locks.len() {
            self.record(place, trouble.strikes(place, thread, round));
        }
    }

    /// What a thread records that lives for a moment.
    fn record_briefly(&self, thread: usize) {
        (0..8).for_each(|call| self.record(thread * 8 + call, call < 2));
    }

    /// Time passes, and the collector looks and publishes.
    fn pass(&self, time: Duration) {
        self.time.advance(time);
        self.monitor.tick();
    }
}

/// Starts a monitor, lets [`THREADS`] threads record on [`PATHS`] paths, and reads while all of them live, as well as
/// before there was a monitor.
pub(crate) fn read_before_and_after<T>(
    builder: impl FnOnce() -> Builder,
    trouble: Trouble,
    read: impl Fn() -> T,
) -> (T, T) {
    let prepared = Prepared::new(PATHS, PATHS);
    let (host, gate) = (OnceLock::<Host>::new(), Barrier::new(THREADS + 1));
    let (host, gate) = (&host, &gate);
    thread::scope(|scope| {
        for thread in 0..THREADS {
            scope.spawn(move || {
                gate.wait();
                for round in 0..ROUNDS {
                    gate.wait();
                    if let Some(host) = host.get() {
                        host.record_everywhere(thread, round, trouble);
                    }
                    gate.wait();
                }
                gate.wait();
            });
        }
        gate.wait();
        let before = read();
        let host = host.get_or_init(|| prepared.start(builder()));
        for _ in 0..ROUNDS {
            gate.wait();
            gate.wait();
            host.pass(STEP);
        }
        for _ in 0..trouble.quiet_seconds() / LONG_STEP.as_secs() {
            host.pass(LONG_STEP);
        }
        let after = read();
        gate.wait();
        (before, after)
    })
}

/// Names that come and go, many more than there is room for.
const PASSING: usize = 8 * PATHS;
const PASSING_EVERY: u64 = 4;
const CALLS_A_TICK: u64 = 512;

/// Longer than any pattern's window: what failed before the last one is an episode that has ended.
const LONG_STEP: Duration = Duration::from_secs(70);

/// The most that `read` says after a tick, up to so many records and from there to so many, of one thread: of every kind,
/// on paths that stay and on others that come, are retired and come back. What is held after one tick or another differs.
pub(crate) fn most_during_records<const N: usize>(
    builder: Builder,
    counts: [u64; 2],
    read: impl Fn() -> [i64; N],
) -> [[i64; N]; 2] {
    let host = Prepared::new(PASSING, PATHS / 2).start(builder);
    let mut call = 0u64;
    counts.map(|count| {
        let mut most = [0; N];
        while call * RECORDS < count {
            host.record(call as usize, call.is_multiple_of(16));
            if call.is_multiple_of(PASSING_EVERY) {
                host.monitor.record_success(&host.names[(call / PASSING_EVERY) as usize % PASSING]);
            }
            if call.is_multiple_of(CALLS_A_TICK) {
                host.pass(LONG_STEP);
                raise(&mut most, read());
            }
            call += 1;
        }
        most
    })
}

fn raise<const N: usize>(most: &mut [i64; N], read: [i64; N]) {
    most.iter_mut().zip(read).for_each(|(most, read)| *most = read.max(*most));
}

/// Threads that live at a time.
pub(crate) const ALIVE: usize = 4;
const THREADS_A_TICK: usize = 64;
/// More ticks than episodes are kept, so that all that is kept is there.
const FILLING: usize = 80;

/// The most that `read` says after a tick, up to so many short-lived threads and from there to so many, and how many
/// blocks there are in the end.
pub(crate) fn most_during_threads<const N: usize>(
    builder: Builder,
    counts: [usize; 2],
    read: impl Fn() -> [i64; N],
) -> ([[i64; N]; 2], u64) {
    let host = Arc::new(Prepared::new(PATHS, PATHS).start(builder));
    fill(&host);
    let mut started = 0;
    let readings = counts.map(|count| {
        let mut most = [0; N];
        while started < count {
            run_threads(&host, started);
            started += ALIVE;
            if started.is_multiple_of(THREADS_A_TICK) {
                host.pass(LONG_STEP);
                raise(&mut most, read());
            }
        }
        most
    });
    (readings, host.monitor.statistics().blocks)
}

/// Holds what short-lived threads will: as many blocks, and as many episodes of as many failures.
fn fill(host: &Host) {
    let gate = Barrier::new(ALIVE);
    thread::scope(|scope| {
        for place in 0..ALIVE {
            let gate = &gate;
            scope.spawn(move || {
                host.record(place, true);
                gate.wait();
                for tick in (0..FILLING).filter(|_| place == 0) {
                    (0..THREADS_A_TICK)
                        .for_each(|thread| host.record_briefly(tick * THREADS_A_TICK + thread));
                    host.pass(LONG_STEP);
                }
            });
        }
    });
}

fn run_threads(host: &Arc<Host>, first: usize) {
    let spawn = |thread: usize| {
        let host = host.clone();
        thread::spawn(move || host.record_briefly(thread))
    };
    let threads: Vec<_> = (first..first + ALIVE).map(spawn).collect();
    // Joined, because a scope may end a moment before its threads have given their blocks back.
    threads.into_iter().for_each(|thread| thread.join().expect("no panic"));
}
