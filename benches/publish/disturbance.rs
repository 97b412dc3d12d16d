//! What a record notices of scrapes: batches of records on one core, while another core scrapes without a pause and while
//! it does nothing, in turn. A batch is cut into stretches of time and gives its median stretch, because one in which the
//! scheduler gave the core to somebody else says nothing of scrapes. The mean, over all of the time, hides nothing.

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
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::RwLock;

const ROUNDS: usize = 41;
const BATCH: Duration = Duration::from_millis(5);
/// Longer than the control's scrape, which so falls into each.
const STRETCH: Duration = Duration::from_micros(250);
const RECORDING_CORE: usize = 0;
/// Of whoever scrapes, of the server, and of the collector.
const SCRAPING_CORE: usize = 1;

const RECORD_SUCCESS: &str = "LockPath::record_success";
const ATTEMPT_LATENCY: &str = "attempt + success, latency";
const CONTROL: &str = "control: tokio RwLock<BTreeMap>, read by a scrape";
/// The control is to be slowed down so many times at least, and more than ours. The peer's own lock is no control.
const CONTROL_RATIO: f64 = 2.0;

pub(crate) struct Disturbance {
    pub(crate) operation: &'static str,
    pub(crate) alone_ns: f64,
    pub(crate) scraped_ns: f64,
    /// Of the means, waits for the core included.
    pub(crate) mean_ratio: f64,
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
    /// Between two looks at the clock.
    calls: u64,
    work: Box<dyn Work>,
    scrape: Arc<dyn Fn() -> usize + Send + Sync>,
}

/// What the scraping thread does until it has ended.
struct Scraping {
    scrape: Arc<dyn Fn() -> usize + Send + Sync>,
    scrapes: AtomicU64,
    ended: AtomicBool,
}

/// Two threads, each on a core of its own. Neither is started by the other: it would have to share its core.
pub(crate) fn measured(clock: &Clock) -> Vec<Disturbance> {
    let (scrapings, to_do) = channel::<Arc<Scraping>>();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            pin::to_core(SCRAPING_CORE);
            for scraping in to_do {
                while !scraping.ended.load(Ordering::Relaxed) {
                    black_box((scraping.scrape)());
                    scraping.scrapes.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
        scope.spawn(move || record(clock, &scrapings)).join().expect("no panic")
    })
}

fn record(clock: &Clock, scrapings: &Sender<Arc<Scraping>>) -> Vec<Disturbance> {
    let mut all = ours();
    all.extend([theirs(), control()]);
    pin::to_core(RECORDING_CORE);
    let mut samples: Vec<_> = all.iter().map(|_| (Batches::default(), Batches::default(), 0)).collect();
    for _ in 0..ROUNDS {
        for (recorded, (alone, scraped, scrapes)) in all.iter_mut().zip(&mut samples) {
            alone.add(clock, recorded, || true);
            *scrapes += batch_while_scraped(clock, recorded, scraped, scrapings);
        }
    }
    let row = |(recorded, (alone, scraped, scrapes)): (&Recorded, &(Batches, Batches, u64))| Disturbance {
        operation: recorded.operation,
        alone_ns: alone.median_ns(),
        scraped_ns: scraped.median_ns(),
        mean_ratio: scraped.mean_ns() / alone.mean_ns(),
        scrapes: *scrapes,
    };
    all.iter().zip(&samples).map(row).collect()
}

/// All batches of one kind.
#[derive(Default)]
struct Batches {
    /// Nanoseconds per record in the median stretch of each.
    medians: Vec<f64>,
    records: u64,
    spent_ns: u64,
}

impl Batches {
    /// Adds a batch that lasts for [`BATCH`] at least, and until `is_over`.
    fn add(&mut self, clock: &Clock, recorded: &mut Recorded, is_over: impl Fn() -> bool) {
        let mut stretches = Vec::new();
        let began = clock.raw();
        let mut last = began;
        while clock.delta_as_nanos(began, last) < BATCH.as_nanos() as u64 || !is_over() {
            let (mut records, mut spent_ns, mut now) = (0, 0, last);
            while spent_ns < STRETCH.as_nanos() as u64 {
                recorded.work.run(recorded.calls);
                records += recorded.calls;
                now = clock.raw();
                spent_ns = clock.delta_as_nanos(last, now);
            }
            last = now;
            stretches.push(spent_ns as f64 / records as f64);
            self.records += records;
            self.spent_ns += spent_ns;
        }
        self.medians.push(median(&stretches));
    }

    fn median_ns(&self) -> f64 {
        median(&self.medians)
    }

    fn mean_ns(&self) -> f64 {
        self.spent_ns as f64 / self.records as f64
    }
}

/// The batch begins after a first scrape has ended, and lasts for two more.
fn batch_while_scraped(
    clock: &Clock,
    recorded: &mut Recorded,
    batches: &mut Batches,
    scrapings: &Sender<Arc<Scraping>>,
) -> u64 {
    let (scrapes, ended) = (AtomicU64::new(0), AtomicBool::new(false));
    let scraping = Arc::new(Scraping { scrape: recorded.scrape.clone(), scrapes, ended });
    scrapings.send(scraping.clone()).expect("the scraping thread lives");
    let scrapes = || scraping.scrapes.load(Ordering::Relaxed);
    while scrapes() == 0 {
        std::thread::yield_now();
    }
    let last = scrapes() + 2;
    batches.add(clock, recorded, || scrapes() >= last);
    scraping.ended.store(true, Ordering::Relaxed);
    scrapes()
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
            calls: 10_000,
            work: calls(|| lock.record_success()),
            scrape: Arc::new(scrape),
        },
        Recorded {
            operation: ATTEMPT_LATENCY,
            calls: 500,
            work: calls(|| lock.attempt().success()),
            scrape: Arc::new(scrape),
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
        calls: 500,
        work: calls(move || _ = black_box(family.get_or_create(black_box(&label)).inc())),
        scrape: Arc::new(|| {
            let mut page = String::new();
            text::encode(&mut page, &registry.lock().expect("no panic")).expect("a string takes everything");
            page.len()
        }),
    }
}

/// A lock under which each waits for its turn.
fn control() -> Recorded {
    let named = |place| (history::name(place), 0);
    let map: &RwLock<BTreeMap<String, u64>> = forever(RwLock::new((0..PATHS).map(named).collect()));
    let name = history::name(PATHS / 2);
    Recorded {
        operation: CONTROL,
        calls: 10,
        work: calls(move || {
            if let Some(count) = map.blocking_write().get_mut(black_box(name.as_str())) {
                *count += 1;
            }
        }),
        scrape: Arc::new(|| {
            let mut page = String::new();
            for (name, count) in &*map.blocking_read() {
                let _ = writeln!(page, "attempts_total{{path=\"{name}\"}} {count}");
            }
            page.len()
        }),
    }
}
