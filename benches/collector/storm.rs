//! Two threads record a million failures a second, beside a collector as a server has it.
//!
//! What a record costs the threads is the median over their batches, beside the same batches without a collector: there
//! one of the threads ticks by hand between them, outside of the time that is taken.

use crate::allocator::held_bytes;
use crate::cpu;
use crate::figure::{Figure, Measured};
use crate::mix::{INCIDENT, Subjects};
use crate::tick_seconds::median;
use foreshock::{Builder, EpisodeStatus, Monitor};
use metrics::NoopRecorder;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

const PART: &str = "a storm: two threads, 1,000,000 failures a second";
const THREADS: usize = 2;
const LASTS: Duration = Duration::from_secs(6);
/// A thread's share of a millisecond.
const BATCH: usize = 500;
const BATCH_EVERY: Duration = Duration::from_millis(1);
/// Batches without a collector.
const ALONE: usize = 2_000;
/// The patterns and the component that each began with.
const ROOTS: [(&str, &str); 3] = [
    ("peer_lock_iam", "component0"),
    ("lock_disk_upload", "bucket/2/object"),
    ("peer_disk_quorum", "component0"),
];

pub(crate) fn figures() -> Measured {
    let alone_ns = alone_ns();
    let storm = storm()?;
    Ok(vec![
        Figure::new(PART, "recorded", storm.recorded_per_second / 1e6, "M/s"),
        Figure::new(PART, "refused by a full ring, and counted", storm.refused_percent, "%"),
        Figure::new(PART, "the collector's thread", storm.core_percent, "% of core").at_most(100.0),
        Figure::new(PART, "memory held at the end over after 2 s", storm.grown_kib, "KiB").at_most(64.0),
        Figure::new(PART, "a record, beside the collector", storm.record_ns, "ns"),
        Figure::new(PART, "a record, without one", alone_ns, "ns"),
        Figure::new(PART, "the one by the other", storm.record_ns / alone_ns, "x"),
    ])
}

fn start(set: impl FnOnce(Builder) -> Builder) -> (Monitor, Subjects) {
    let monitor = set(Monitor::builder().recorder(Arc::new(NoopRecorder))).start().expect("valid settings");
    let subjects = Subjects::new(&monitor, 64, 16);
    (monitor, subjects)
}

/// Records a batch and says how long that took.
fn record(subjects: &Subjects, batch: usize) -> f64 {
    let began = Instant::now();
    (batch * BATCH..(batch + 1) * BATCH).for_each(|n| (INCIDENT.record)(subjects, n));
    began.elapsed().as_nanos() as f64 / BATCH as f64
}

fn alone_ns() -> f64 {
    let (monitor, subjects) = start(Builder::manual);
    let barrier = Barrier::new(THREADS);
    let ns = on_threads(|thread| {
        let batch = |batch| {
            barrier.wait();
            let ns = record(&subjects, batch);
            barrier.wait();
            if thread == 0 {
                monitor.tick();
            }
            ns
        };
        (0..ALONE).map(batch).collect()
    });
    median(ns)
}

struct Storm {
    recorded_per_second: f64,
    refused_percent: f64,
    core_percent: f64,
    grown_kib: f64,
    record_ns: f64,
}

fn storm() -> Result<Storm, String> {
    let (monitor, subjects) = start(|builder| builder);
    let collector = cpu::new_collector(&[]);
    let is_over = AtomicBool::new(false);
    let (mut spent, mut lasted, mut grown) = (Duration::ZERO, Duration::ZERO, 0);
    let ns = std::thread::scope(|scope| {
        let recording = scope.spawn(|| on_threads(|_| paced(&subjects, &is_over)));
        let (began, before) = (Instant::now(), collector.time());
        std::thread::sleep(LASTS / 3);
        let held = most_held_during(LASTS / 3);
        grown = most_held_during(LASTS / 3) - held;
        (lasted, spent) = (began.elapsed(), collector.time() - before);
        is_over.store(true, Ordering::Relaxed);
        recording.join().expect("no panic")
    });
    let batches = ns.len();
    monitor.shutdown();
    check(&monitor, (batches * BATCH) as u64)?;
    let statistics = monitor.statistics();
    Ok(Storm {
        recorded_per_second: statistics.total_events as f64 / lasted.as_secs_f64(),
        refused_percent: 100.0 * statistics.dropped_events as f64 / statistics.total_events as f64,
        core_percent: 100.0 * spent.as_secs_f64() / lasted.as_secs_f64(),
        grown_kib: grown as f64 / 1_024.0,
        record_ns: median(ns),
    })
}

/// A batch a millisecond; what a thread slept through it makes up for.
fn paced(subjects: &Subjects, is_over: &AtomicBool) -> Vec<f64> {
    let began = Instant::now();
    let mut ns = Vec::with_capacity(10_000);
    while !is_over.load(Ordering::Relaxed) {
        ns.push(record(subjects, ns.len()));
        let due = BATCH_EVERY * ns.len() as u32;
        std::thread::sleep(due.saturating_sub(began.elapsed()));
    }
    ns
}

/// A publication holds some memory while it is made.
fn most_held_during(time: Duration) -> isize {
    let began = Instant::now();
    let mut most = held_bytes();
    while began.elapsed() < time {
        std::thread::sleep(Duration::from_millis(5));
        most = most.max(held_bytes());
    }
    most
}

fn on_threads(work: impl Fn(usize) -> Vec<f64> + Sync) -> Vec<f64> {
    let work = &work;
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|thread| scope.spawn(move || work(thread))).collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("no panic")).collect()
    })
}

/// One episode of each pattern with its true root, nothing lost uncounted, and in the episode's counts what was not
/// refused.
fn check(monitor: &Monitor, recorded: u64) -> Result<(), String> {
    let (statistics, snapshot) = (monitor.statistics(), monitor.snapshot());
    let is_conserved = statistics.total_events == recorded
        && statistics.processed_events + statistics.dropped_events == recorded
        && statistics.late_events == 0;
    let mut found: Vec<_> = snapshot.episodes.iter().map(|e| (&*e.pattern, &*e.root)).collect();
    found.sort_by_key(|(pattern, _)| ROOTS.iter().position(|(name, _)| name == pattern));
    let counted: u64 = snapshot.episodes.iter().take(1).flat_map(lock_timeouts).sum();
    let timeouts = statistics.outcomes.timeout;
    let is_counted = (timeouts - statistics.dropped_events.min(timeouts)..=timeouts).contains(&counted);
    if is_conserved && is_counted && found == ROOTS {
        return Ok(());
    }
    Err(format!(
        "the storm's {recorded} events came out as {found:?}, {counted} timeouts in the first, {statistics:?}"
    ))
}

fn lock_timeouts(episode: &EpisodeStatus) -> impl Iterator<Item = u64> {
    episode.failures.iter().filter(|failure| failure.kind == "lock_timeout").map(|failure| failure.events)
}
