//! What a record notices of scrapes: batches of records on one core, while another core scrapes without a pause and while
//! it does nothing, in turn.

use crate::history::{self, PATHS};
use crate::http::ask;
use crate::measure::{Work, calls, forever, median};
use crate::pin;
use foreshock::Monitor;
use foreshock::prometheus::Exporter;
use prometheus_client::encoding::text;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;
use quanta::Clock;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::hint::black_box;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

const ROUNDS: usize = 61;
const RECORDING_CORE: usize = 0;
/// Of whoever scrapes, of the server, and of the collector.
const SCRAPING_CORE: usize = 1;

const RECORD_SUCCESS: &str = "LockPath::record_success";
const ATTEMPT_LATENCY: &str = "attempt + success, latency";
const CONTROL: &str = "control: a map behind a lock that a scrape takes too";
/// The control is to be slowed down so many times at least, and more than ours. The peer's own lock is no control.
const CONTROL_RATIO: f64 = 1.5;

pub(crate) struct Disturbance {
    pub(crate) operation: &'static str,
    pub(crate) alone_ns: f64,
    pub(crate) scraped_ns: f64,
    /// In all batches together.
    pub(crate) scrapes: u64,
}

impl Disturbance {
    pub(crate) fn ratio(&self) -> f64 {
        self.scraped_ns / self.alone_ns
    }

    fn is_control(&self) -> bool {
        self.operation == CONTROL
    }

    fn is_ours(&self) -> bool {
        [RECORD_SUCCESS, ATTEMPT_LATENCY].contains(&self.operation)
    }
}

pub(crate) fn control_held(rows: &[Disturbance]) -> bool {
    let ours = rows.iter().filter(|row| row.is_ours()).map(Disturbance::ratio).fold(0.0, f64::max);
    rows.iter().any(|row| row.is_control() && row.ratio() > ours.max(CONTROL_RATIO))
}

struct Recorded {
    operation: &'static str,
    /// Of a batch: some milliseconds' worth.
    calls: u64,
    work: Box<dyn Work>,
    scrape: Box<dyn Fn() -> usize + Sync>,
}

/// On a thread of its own, which stays on its core.
pub(crate) fn measured(clock: &Clock) -> Vec<Disturbance> {
    std::thread::scope(|scope| scope.spawn(|| measured_here(clock)).join()).expect("no panic")
}

fn measured_here(clock: &Clock) -> Vec<Disturbance> {
    let mut all = ours();
    all.extend([theirs(), control()]);
    pin::to_core(RECORDING_CORE);
    let mut samples: Vec<_> = all.iter().map(|_| (Vec::new(), Vec::new(), 0)).collect();
    for _ in 0..ROUNDS {
        for (recorded, (alone, scraped, scrapes)) in all.iter_mut().zip(&mut samples) {
            alone.push(batch_ns(clock, recorded));
            let (ns, count) = batch_while_scraped(clock, recorded);
            scraped.push(ns);
            *scrapes += count;
        }
    }
    let row = |(recorded, (alone, scraped, scrapes)): (&Recorded, &(Vec<f64>, Vec<f64>, u64))| Disturbance {
        operation: recorded.operation,
        alone_ns: median(alone),
        scraped_ns: median(scraped),
        scrapes: *scrapes,
    };
    all.iter().zip(&samples).map(row).collect()
}

/// Nanoseconds per record.
fn batch_ns(clock: &Clock, recorded: &mut Recorded) -> f64 {
    timed_ns(clock, &mut *recorded.work, recorded.calls)
}

fn timed_ns(clock: &Clock, work: &mut dyn Work, calls: u64) -> f64 {
    let began = clock.raw();
    work.run(calls);
    let ended = clock.raw();
    clock.delta_as_nanos(began, ended) as f64 / calls as f64
}

/// The batch begins after a first scrape has ended, and the next one is under way.
fn batch_while_scraped(clock: &Clock, recorded: &mut Recorded) -> (f64, u64) {
    let (scrapes, ended) = (AtomicU64::new(0), AtomicBool::new(false));
    let (scrape, work) = (&*recorded.scrape, &mut *recorded.work);
    let ns = std::thread::scope(|scope| {
        scope.spawn(|| {
            pin::to_core(SCRAPING_CORE);
            while !ended.load(Ordering::Relaxed) {
                black_box(scrape());
                scrapes.fetch_add(1, Ordering::Relaxed);
            }
        });
        while scrapes.load(Ordering::Relaxed) == 0 {
            std::thread::yield_now();
        }
        let ns = timed_ns(clock, work, recorded.calls);
        ended.store(true, Ordering::Relaxed);
        ns
    });
    (ns, scrapes.into_inner())
}

/// Our own threads inherit the core of the thread that starts them.
fn ours() -> Vec<Recorded> {
    let (exporter, monitor) = std::thread::spawn(|| {
        pin::to_core(SCRAPING_CORE);
        let exporter =
            Exporter::builder().listen(([127, 0, 0, 1], 0)).start().expect("a free port on loopback");
        let monitor = Monitor::builder().recorder(exporter.recorder()).start().expect("valid settings");
        (exporter, monitor)
    })
    .join()
    .expect("no panic");
    let locks = forever((0..PATHS).map(|place| monitor.lock_path(&history::name(place))).collect::<Vec<_>>());
    forever(monitor).tick();
    let address = forever(exporter).local_addr();
    let scrape = move || ask(address, "GET", "/metrics").body.len();
    let lock = &locks[PATHS / 2];
    vec![
        Recorded {
            operation: RECORD_SUCCESS,
            calls: 2_000_000,
            work: calls(|| lock.record_success()),
            scrape: Box::new(scrape),
        },
        Recorded {
            operation: ATTEMPT_LATENCY,
            calls: 100_000,
            work: calls(|| lock.attempt().success()),
            scrape: Box::new(scrape),
        },
    ]
}

/// A scrape holds its family's lock for reading, as a record by label does.
fn theirs() -> Recorded {
    let family = forever(Family::<Vec<(String, String)>, Counter>::default());
    let registry = forever(Mutex::new(Registry::default()));
    registry.lock().expect("no panic").register("attempts", "Attempts", family.clone());
    let labels = |place| vec![("path".to_owned(), history::name(place))];
    (0..PATHS).for_each(|place| _ = family.get_or_create(&labels(place)).inc());
    let label = labels(PATHS / 2);
    Recorded {
        operation: "prometheus-client: get_or_create by label",
        calls: 50_000,
        work: calls(move || _ = black_box(family.get_or_create(black_box(&label)).inc())),
        scrape: Box::new(|| {
            let mut page = String::new();
            text::encode(&mut page, &registry.lock().expect("no panic")).expect("a string takes everything");
            page.len()
        }),
    }
}

/// About as many as a scrape of ours shows.
const SERIES_A_PATH: usize = 25;

fn control() -> Recorded {
    let map = forever(Mutex::new(BTreeMap::<String, u64>::new()));
    (0..PATHS).for_each(|place| _ = map.lock().expect("no panic").insert(history::name(place), 0));
    let name = history::name(PATHS / 2);
    Recorded {
        operation: CONTROL,
        calls: 50_000,
        work: calls(move || {
            if let Some(count) = map.lock().expect("no panic").get_mut(black_box(name.as_str())) {
                *count += 1;
            }
        }),
        scrape: Box::new(|| {
            let mut page = String::new();
            for (name, count) in &*map.lock().expect("no panic") {
                for series in 0..SERIES_A_PATH {
                    let _ = writeln!(page, "attempts_total{{path=\"{name}\",series=\"{series}\"}} {count}");
                }
            }
            page.len()
        }),
    }
}
