//! One publication of a thousand paths: how long the recorder is written to, and how many series.

use crate::history::{self, Lived, PATHS};
use crate::measure::median;
use foreshock::Monitor;
use foreshock::prometheus::Exporter;
use metrics::{
    Counter, Gauge, Histogram, Key, KeyName, Metadata, NoopRecorder, Recorder, SharedString, Unit,
};
use quanta::Clock;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

const ROUNDS: usize = 31;
const TICK: Duration = Duration::from_millis(2);
const PUBLISH_EVERY: Duration = Duration::from_secs(1);
/// Only so that a collector that hangs fails the run instead of hanging it.
const GIVE_UP: Duration = Duration::from_secs(30);
/// What every publication writes last.
const LAST: &str = "foreshock_tick_seconds";

pub(crate) struct Publication {
    pub(crate) what: &'static str,
    pub(crate) recorder: &'static str,
    pub(crate) series: u64,
    pub(crate) us: f64,
}

/// Sees when a publication writes its first series and its last one.
struct Watching {
    inner: Arc<dyn Recorder + Send + Sync>,
    clock: Clock,
    /// 0 between publications. They come one at a time.
    began: AtomicU64,
    series: AtomicU64,
    written: Sender<Written>,
}

struct Written {
    ns: u64,
    series: u64,
}

impl Watching {
    fn note<T>(&self, key: &Key, register: impl FnOnce() -> T) -> T {
        if self.series.fetch_add(1, Ordering::Relaxed) == 0 {
            self.began.store(self.clock.raw(), Ordering::Relaxed);
        }
        let handle = register();
        if key.name().ends_with(LAST) {
            let ns = self.clock.delta_as_nanos(self.began.load(Ordering::Relaxed), self.clock.raw());
            // Nobody listens any more at the end of the run.
            let _ = self.written.send(Written { ns, series: self.series.swap(0, Ordering::Relaxed) });
        }
        handle
    }
}

impl Recorder for Watching {
    fn describe_counter(&self, key: KeyName, unit: Option<Unit>, text: SharedString) {
        self.inner.describe_counter(key, unit, text);
    }

    fn describe_gauge(&self, key: KeyName, unit: Option<Unit>, text: SharedString) {
        self.inner.describe_gauge(key, unit, text);
    }

    fn describe_histogram(&self, key: KeyName, unit: Option<Unit>, text: SharedString) {
        self.inner.describe_histogram(key, unit, text);
    }

    fn register_counter(&self, key: &Key, metadata: &Metadata<'_>) -> Counter {
        self.note(key, || self.inner.register_counter(key, metadata))
    }

    fn register_gauge(&self, key: &Key, metadata: &Metadata<'_>) -> Gauge {
        self.note(key, || self.inner.register_gauge(key, metadata))
    }

    fn register_histogram(&self, key: &Key, metadata: &Metadata<'_>) -> Histogram {
        self.note(key, || self.inner.register_histogram(key, metadata))
    }
}

/// How one publication comes about.
struct Occasion {
    what: &'static str,
    /// Paths on which something is recorded before.
    changed: usize,
    by_hand: bool,
}

const OCCASIONS: [Occasion; 4] = [
    Occasion { what: "full", changed: PATHS, by_hand: true },
    Occasion { what: "all paths changed", changed: PATHS, by_hand: false },
    Occasion { what: "100 paths changed", changed: PATHS / 10, by_hand: false },
    Occasion { what: "nothing changed", changed: 0, by_hand: false },
];

impl Occasion {
    fn publish(&self, lived: &Lived, written: &Receiver<Written>) -> Written {
        while written.try_recv().is_ok() {}
        lived.locks[..self.changed].iter().for_each(|lock| lock.attempt().success());
        if self.by_hand {
            lived.monitor.tick();
        } else {
            lived.time.advance(PUBLISH_EVERY);
        }
        written.recv_timeout(GIVE_UP).expect("the collector publishes")
    }
}

pub(crate) fn measured(clock: &Clock) -> Vec<Publication> {
    let exporter = Exporter::builder().listen(([127, 0, 0, 1], 0)).start().expect("a free port on loopback");
    let mut all = written_to("none", Arc::new(NoopRecorder), clock);
    all.extend(written_to("our exporter", exporter.recorder(), clock));
    all
}

fn written_to(name: &'static str, inner: Arc<dyn Recorder + Send + Sync>, clock: &Clock) -> Vec<Publication> {
    let (written, publications) = channel();
    let (began, series) = (AtomicU64::new(0), AtomicU64::new(0));
    let watching = Watching { inner, clock: clock.clone(), began, series, written };
    let builder = Monitor::builder().tick(TICK).publish_every(PUBLISH_EVERY).recorder(Arc::new(watching));
    let lived = history::live(builder);
    let mut taken = [const { Vec::new() }; OCCASIONS.len()];
    for _ in 0..ROUNDS {
        for (occasion, taken) in OCCASIONS.iter().zip(&mut taken) {
            taken.push(occasion.publish(&lived, &publications));
        }
    }
    let median_of = |taken: &[Written], of: fn(&Written) -> u64| {
        median(&taken.iter().map(|written| of(written) as f64).collect::<Vec<_>>())
    };
    let publication = |(occasion, taken): (&Occasion, &Vec<Written>)| Publication {
        what: occasion.what,
        recorder: name,
        series: median_of(taken, |written| written.series) as u64,
        us: median_of(taken, |written| written.ns) / 1e3,
    };
    OCCASIONS.iter().zip(&taken).map(publication).collect()
}
