//! Each thing that is counted, by name, so that a fresh process can be told to count it.

use crate::allocator::{held_bytes, peak_bytes, restart_peak};
use crate::footprint::{self, ALIVE, Trouble};
use crate::resident;
use foreshock::Builder;
use foreshock::prometheus::Exporter;
use serde_json::{Value, json};
use std::cell::OnceCell;
use std::collections::HashMap;
use std::hint::black_box;
use std::sync::Arc;

const MIB: i64 = 1_024 * 1_024;

/// What a monitor holds with all threads and paths there.
pub(crate) struct Footprint {
    pub(crate) name: &'static str,
    track_latency: bool,
    trouble: Trouble,
    with_exporter: bool,
    /// At most so much, of the monitor alone.
    pub(crate) target_bytes: Option<i64>,
}

pub(crate) const FOOTPRINTS: [Footprint; 9] = [
    Footprint::new("no latency, no trouble", Trouble::Never),
    Footprint::new("no latency, trouble a minute ago", Trouble::Past),
    Footprint::new("no latency, trouble", Trouble::Spread),
    Footprint::new("no latency, storm", Trouble::Storm),
    Footprint::new("no latency, storm an hour ago", Trouble::PastStorm),
    Footprint::new("latency, trouble", Trouble::Spread).with_latency(),
    Footprint::new("latency, storm", Trouble::Storm).with_latency(),
    Footprint::new("no latency, trouble, our exporter too", Trouble::Spread).with_exporter(),
    Footprint::new("latency, trouble, our exporter too", Trouble::Spread).with_latency().with_exporter(),
];

impl Footprint {
    const fn new(name: &'static str, trouble: Trouble) -> Self {
        Self { name, track_latency: false, trouble, with_exporter: false, target_bytes: Some(2 * MIB) }
    }

    const fn with_latency(self) -> Self {
        Self { track_latency: true, target_bytes: Some(8 * MIB), ..self }
    }

    const fn with_exporter(self) -> Self {
        Self { with_exporter: true, target_bytes: None, ..self }
    }

    fn count(&self) -> Value {
        warm_up(footprint::builder().track_latency(self.track_latency));
        let exporter = OnceCell::new();
        let builder = || {
            let builder = footprint::builder().track_latency(self.track_latency);
            if !self.with_exporter {
                return builder;
            }
            let started = Exporter::builder().listen(([127, 0, 0, 1], 0)).start();
            builder.recorder(exporter.get_or_init(|| started.expect("a free port on loopback")).recorder())
        };
        let read = || {
            // What a scrape leaves behind belongs to it.
            black_box(exporter.get().map(Exporter::render));
            (held_bytes() as i64, peak_bytes() as i64, resident::bytes())
        };
        restart_peak();
        let (before, after) = footprint::read_before_and_after(builder, self.trouble, read);
        json!({
            "held_bytes": after.0 - before.0,
            "peak_bytes": after.1 - before.0,
            "resident_bytes": after.2.zip(before.2).map(|(after, before)| after - before),
        })
    }
}

/// Once through the code, so that its own pages are there before anything is read.
fn warm_up(builder: Builder) {
    let monitor = builder.max_paths(8).max_components(8).manual().start().expect("valid settings");
    let lock = monitor.lock_path("warm/up");
    lock.attempt().success();
    lock.attempt().timeout();
    monitor.tick();
    monitor.tick();
}

/// What is held after less and after more of something.
pub(crate) struct Flatness {
    pub(crate) name: &'static str,
    pub(crate) counts: [u64; 2],
    pub(crate) must_grow: bool,
    count: fn([u64; 2]) -> Value,
}

pub(crate) const FLATNESS: [Flatness; 4] = [
    Flatness {
        name: "records, without latency",
        counts: [1_000_000, 10_000_000],
        must_grow: false,
        count: |counts| during_records(false, counts),
    },
    Flatness {
        name: "records, with latency",
        counts: [1_000_000, 10_000_000],
        must_grow: false,
        count: |counts| during_records(true, counts),
    },
    Flatness { name: "threads", counts: [1_000, 100_000], must_grow: false, count: during_threads },
    Flatness {
        name: "control: a map that keeps every name",
        counts: [1_000, 100_000],
        must_grow: true,
        count: during_names,
    },
];

/// Held and resident; 0 where the system does not say.
fn read() -> [i64; 2] {
    [held_bytes() as i64, resident::bytes().unwrap_or(0)]
}

fn to_json(readings: [[i64; 2]; 2], is_bounded: bool) -> Value {
    json!({
        "held_bytes": readings.map(|[held, _]| held),
        "resident_bytes": readings.map(|[_, resident]| resident),
        "is_bounded": is_bounded,
    })
}

fn during_records(track_latency: bool, counts: [u64; 2]) -> Value {
    let builder = footprint::builder().track_latency(track_latency).manual();
    to_json(footprint::most_during_records(builder, counts, read), true)
}

fn during_threads(counts: [u64; 2]) -> Value {
    let counts = counts.map(|count| count as usize);
    let (readings, blocks) = footprint::most_during_threads(footprint::builder().manual(), counts, read);
    to_json(readings, blocks <= ALIVE as u64)
}

/// What has no limit, counted in the same way.
fn during_names(counts: [u64; 2]) -> Value {
    let mut map: HashMap<Arc<str>, u64> = HashMap::new();
    let readings = counts.map(|count| {
        (0..count).for_each(|name| *map.entry(format!("bucket/{name}").into()).or_default() += 1);
        read()
    });
    to_json(readings, true)
}

/// Counts what has this name, if anything has.
pub(crate) fn count(name: &str) -> Option<Value> {
    let footprint = FOOTPRINTS.iter().find(|case| case.name == name).map(Footprint::count);
    footprint.or_else(|| FLATNESS.iter().find(|case| case.name == name).map(|case| (case.count)(case.counts)))
}
