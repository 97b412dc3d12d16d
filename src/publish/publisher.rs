//! From a snapshot to the `metrics` facade: what is written when.

use super::edition::Edition;
use super::names::{self, METRICS};
use super::refresh::{Refresh, Sweep};
use super::series::{PathSeries, paired};
use super::snapshot::Snapshot;
use super::writer::{Writer, fixed, shared};
use crate::config::{Config, SharedRecorder};
use crate::record::failure::{FailureTypes, LOCK_TIMEOUT};
use crate::record::name::OTHER;
use metrics::{Recorder, SharedString};
use std::collections::HashMap;
use std::sync::Arc;

/// What one tick gives to be published.
pub(crate) struct Publication {
    pub(crate) snapshot: Arc<Snapshot>,
    /// How long attempts took that ended since the last publication.
    pub(crate) waits: Vec<NewWaits>,
    pub(crate) tick_seconds: f64,
    /// When it was made, on the collector's timeline.
    pub(crate) at: u64,
    /// Everything is to be written, changed or not.
    pub(crate) is_full: bool,
}

/// Waits that were not published before.
#[derive(Clone, Debug)]
pub(crate) struct NewWaits {
    pub(crate) path: Arc<str>,
    /// Seconds, and how many attempts took about as long. Their sum is exact, but for what is owed.
    pub(crate) values: Vec<(f64, u64)>,
}

impl NewWaits {
    pub(crate) fn count(&self) -> u64 {
        self.values.iter().map(|(_, count)| count).sum()
    }
}

pub(crate) struct Publisher {
    recorder: Option<SharedRecorder>,
    /// Full names in the order of [`METRICS`].
    full_names: Vec<SharedString>,
    pub(super) series: PathSeries,
    refresh: Refresh,
    /// What was published last.
    before: Arc<Snapshot>,
    /// Address of the recorder that has all of it: `None` if one panicked on the way.
    written_to: Option<usize>,
    /// Patterns whose initial failure is a lock timeout, if paths raise them.
    pub(super) path_roots: Vec<Arc<str>>,
    pub(super) raise_lock_timeouts: bool,
    track_latency: bool,
    pub(super) types: FailureTypes,
}

impl Publisher {
    pub(crate) fn new(config: &Config, recorder: Option<SharedRecorder>) -> Self {
        let path_patterns = config
            .patterns
            .iter()
            .filter(|(_, rule)| config.raise_lock_timeouts && rule.initial == LOCK_TIMEOUT);
        Self {
            recorder,
            full_names: METRICS
                .iter()
                .map(|metric| SharedString::from_owned(metric.full_name(&config.prefix)))
                .collect(),
            series: PathSeries::new(config.max_published_paths),
            refresh: Refresh::new(config),
            before: Arc::default(),
            written_to: None,
            path_roots: path_patterns.map(|(pattern, _)| pattern.name().into()).collect(),
            raise_lock_timeouts: config.raise_lock_timeouts,
            track_latency: config.track_latency,
            types: FailureTypes::new(config.custom_failures.clone()),
        }
    }

    /// Writes what changed and what is due. Returns how many paths had to be published under `__other__`.
    pub(crate) fn publish(&mut self, publication: &Publication) -> u64 {
        match self.recorder.clone() {
            Some(recorder) => self.publish_to(&*recorder, publication),
            None => metrics::with_recorder(|recorder| self.publish_to(recorder, publication)),
        }
        self.series.unpublished()
    }

    fn publish_to(&mut self, recorder: &dyn Recorder, publication: &Publication) {
        let snapshot = &publication.snapshot;
        if snapshot.statistics.ticks < self.before.statistics.ticks {
            // Two threads made a tick each, and the later one came here first.
            self.written_to = None;
            return self.write_waits(&self.writer(recorder), publication, &self.before, Sweep::All);
        }
        let before = std::mem::replace(&mut self.before, snapshot.clone());
        self.series.update(&snapshot.paths, &before.paths);
        let sweep = self.refresh.pass_to(publication.at);
        // A recorder that was installed meanwhile has nothing of what was written before.
        let address = std::ptr::from_ref(recorder).cast::<()>().addr();
        let has_all = self.written_to.take() == Some(address) && !publication.is_full;
        self.write(recorder, publication, &before, if has_all { sweep } else { Sweep::All });
        self.written_to = Some(address);
    }

    fn writer<'a>(&'a self, recorder: &'a dyn Recorder) -> Writer<'a> {
        Writer { recorder, full_names: &self.full_names }
    }

    fn write(&self, recorder: &dyn Recorder, publication: &Publication, before: &Snapshot, sweep: Sweep) {
        let out = self.writer(recorder);
        if sweep.covers(0) {
            out.describe();
        }
        let edition = Edition::new(self, &out, &publication.snapshot, before, sweep);
        edition.write_paths();
        edition.write_failures();
        edition.write_roots();
        edition.write_other();
        self.write_waits(&out, publication, before, sweep);
        self.write_totals(&out, publication);
    }

    /// Hands the latency samples on; those of paths without a series of their own under `__other__`.
    fn write_waits(&self, out: &Writer<'_>, publication: &Publication, before: &Snapshot, sweep: Sweep) {
        if !self.track_latency {
            return;
        }
        let histogram = |name: &Arc<str>| out.histogram(names::LOCK_HEALTH_WAIT, [shared(name)]);
        let other = histogram(&OTHER.into());
        let own = paired(&publication.snapshot.paths, &before.paths)
            .filter(|(path, known)| known.is_none() || sweep.covers(path.generation))
            .filter(|(path, _)| self.series.is_own(path));
        let mut by_path: HashMap<_, _> = own.map(|(path, _)| (&path.name, histogram(&path.name))).collect();
        for waits in &publication.waits {
            let own =
                || if self.series.is_known(&waits.path) { histogram(&waits.path) } else { other.clone() };
            let histogram = by_path.entry(&waits.path).or_insert_with(own);
            for (seconds, count) in &waits.values {
                histogram.record_many(*seconds, *count as usize);
            }
        }
    }

    /// The few series that are there whatever happens: each is written every time.
    fn write_totals(&self, out: &Writer<'_>, publication: &Publication) {
        let snapshot = &*publication.snapshot;
        for pattern in &snapshot.patterns {
            let labels = || [shared(&pattern.name), fixed(pattern.initial)];
            out.counter(names::CASCADE_PATTERNS, labels(), pattern.detected);
            out.gauge(names::CASCADE_OPEN, labels(), f64::from(u8::from(pattern.is_open)));
            out.gauge(names::CASCADE_CRITICAL, labels(), f64::from(u8::from(pattern.is_critical)));
        }
        let statistics = &snapshot.statistics;
        for (kind, count) in statistics.dropped.by_kind() {
            out.counter(names::DROPPED, [fixed(kind)], count);
        }
        out.counter(names::LATE_EVENTS, [], statistics.late_events);
        out.counter(names::LOCAL_PAUSES, [], statistics.local_pauses);
        out.counter(names::PANICS, [], statistics.panics);
        out.gauge(names::LAST_TICK, [], snapshot.timestamp_seconds);
        out.gauge(names::TICK, [], publication.tick_seconds);
    }
}
