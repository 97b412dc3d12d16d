//! From a snapshot to the `metrics` facade.
//!
//! Handles are taken anew at every publication: one taken before a recorder is installed writes nowhere for ever,
//! and so does one whose series the recorder has removed. Every live series is written every time, so it never
//! counts as idle.

use super::names::{self, METRICS, Metric, MetricKind};
use super::series::PathSeries;
use super::snapshot::Snapshot;
use crate::config::{Config, SharedRecorder};
use crate::record::failure::FailureTypes;
use crate::record::name::OTHER;
use crate::record::{FailureType, Outcome};
use metrics::{Key, Label, Level, Metadata, Recorder, SharedString};
use std::collections::HashMap;
use std::sync::Arc;

static METADATA: Metadata<'static> = Metadata::new(module_path!(), Level::INFO, None);

/// What one tick gives to be published.
pub(crate) struct Publication {
    pub(crate) snapshot: Arc<Snapshot>,
    /// How long attempts took that ended since the last publication.
    pub(crate) waits: Vec<NewWaits>,
    pub(crate) tick_seconds: f64,
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
    series: PathSeries,
    /// Patterns whose initial failure is a lock timeout, if paths raise them.
    path_roots: Vec<Arc<str>>,
    raise_lock_timeouts: bool,
    types: FailureTypes,
}

impl Publisher {
    pub(crate) fn new(config: &Config, recorder: Option<SharedRecorder>) -> Self {
        let lock_timeout = crate::record::failure::LOCK_TIMEOUT;
        let path_patterns = config
            .patterns
            .iter()
            .filter(|(_, rule)| config.raise_lock_timeouts && rule.initial == lock_timeout);
        Self {
            recorder,
            full_names: METRICS
                .iter()
                .map(|metric| SharedString::from_owned(metric.full_name(&config.prefix)))
                .collect(),
            series: PathSeries::new(config.max_published_paths),
            path_roots: path_patterns.map(|(pattern, _)| pattern.name().into()).collect(),
            raise_lock_timeouts: config.raise_lock_timeouts,
            types: FailureTypes::new(config.custom_failures.clone()),
        }
    }

    /// Writes every live series. Returns how many paths had to be published under `__other__`.
    pub(crate) fn publish(&mut self, publication: &Publication) -> u64 {
        self.series.update(&publication.snapshot.paths);
        match &self.recorder {
            Some(recorder) => self.write(&**recorder, publication),
            None => metrics::with_recorder(|recorder| self.write(recorder, publication)),
        }
        self.series.unpublished()
    }

    fn write(&self, recorder: &dyn Recorder, publication: &Publication) {
        let out = Writer { recorder, full_names: &self.full_names };
        let snapshot = &*publication.snapshot;
        out.describe();
        self.write_paths(&out, snapshot);
        self.write_waits(&out, publication);
        self.write_failures(&out, snapshot);
        self.write_cascades(&out, snapshot);
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

    fn write_paths(&self, out: &Writer<'_>, snapshot: &Snapshot) {
        for path in snapshot.paths.iter().filter(|path| self.series.is_own(path)) {
            let name = || [shared(&path.name)];
            out.gauge(names::LOCK_HEALTH_STATUS, name(), path.health.gauge());
            out.gauge(names::LOCK_HEALTH_IN_FLIGHT, name(), path.in_flight as f64);
            let oldest = path.oldest_in_flight_seconds.unwrap_or(0.0);
            out.gauge(names::LOCK_HEALTH_OLDEST_IN_FLIGHT, name(), oldest);
        }
        for (name, outcomes) in self.series.totals() {
            out.counter(names::LOCK_HEALTH_TIMEOUTS, [shared(name)], outcomes.timeout);
            for outcome in Outcome::ALL {
                let labels = [shared(name), fixed(outcome.label())];
                out.counter(names::LOCK_HEALTH_ATTEMPTS, labels, outcomes.of(outcome));
            }
        }
    }

    /// Hands the latency samples on; those of paths without a series of their own under `__other__`.
    fn write_waits(&self, out: &Writer<'_>, publication: &Publication) {
        let histogram = |name: &Arc<str>| out.histogram(names::LOCK_HEALTH_WAIT, [shared(name)]);
        let other = histogram(&OTHER.into());
        let own = publication.snapshot.paths.iter().filter(|path| self.series.is_own(path));
        let by_path: HashMap<_, _> = own.map(|path| (&path.name, histogram(&path.name))).collect();
        for waits in &publication.waits {
            let histogram = by_path.get(&waits.path).unwrap_or(&other);
            for (seconds, count) in &waits.values {
                histogram.record_many(*seconds, *count as usize);
            }
        }
    }

    /// Failures of components, and timeouts of paths in the role of one. A component may have the name of a path:
    /// then both are one series, which the component keeps alive when the path retires.
    fn write_failures(&self, out: &Writer<'_>, snapshot: &Snapshot) {
        let lock_timeout = FailureType::LockTimeout.label();
        // Each source overrides the one before: zeros of `__other__`, paths, components.
        let zero = |kind| ((self.types.label(kind), fixed(OTHER)), 0);
        let mut counts: HashMap<(&'static str, SharedString), u64> = self.types.ids().map(zero).collect();
        if self.raise_lock_timeouts {
            let of_paths = self.series.totals();
            counts.extend(of_paths.map(|(name, total)| ((lock_timeout, shared(name)), total.timeout)));
        }
        for failure in &snapshot.failures {
            let is_shared = failure.kind == lock_timeout && self.raise_lock_timeouts;
            let of_path = if is_shared { self.series.total_of(&failure.component).timeout } else { 0 };
            counts.insert((failure.kind, shared(&failure.component)), failure.events + of_path);
        }
        for ((kind, component), events) in counts {
            out.counter(names::CASCADE_EVENTS, [fixed(kind), component], events);
        }
    }

    fn write_cascades(&self, out: &Writer<'_>, snapshot: &Snapshot) {
        for pattern in &snapshot.patterns {
            let labels = || [shared(&pattern.name), fixed(pattern.initial)];
            out.counter(names::CASCADE_PATTERNS, labels(), pattern.detected);
            let critical = if pattern.is_critical { 1.0 } else { 0.0 };
            out.gauge(names::CASCADE_CRITICAL, labels(), critical);
        }
        for ((pattern, component), episodes) in self.roots(snapshot) {
            let labels = [shared(pattern), shared(component)];
            out.counter(names::CASCADE_ROOTS, labels, episodes);
        }
    }

    /// Every component that could be a root has its series before it is one: a counter that is born at 1 is never
    /// seen to increase.
    fn roots<'a>(&'a self, snapshot: &'a Snapshot) -> HashMap<(&'a Arc<str>, &'a Arc<str>), u64> {
        let mut roots = HashMap::new();
        for pattern in &snapshot.patterns {
            let candidates = snapshot.failures.iter().filter(|f| f.kind == pattern.initial);
            roots.extend(candidates.map(|failure| ((&pattern.name, &failure.component), 0)));
        }
        for pattern in &self.path_roots {
            roots.extend(self.series.totals().map(|(name, _)| ((pattern, name), 0)));
        }
        let counted = snapshot.roots.iter();
        roots.extend(counted.map(|root| ((&root.pattern, &root.component), root.episodes)));
        roots
    }
}

fn shared(text: &Arc<str>) -> SharedString {
    SharedString::from_shared(text.clone())
}

fn fixed(text: &'static str) -> SharedString {
    SharedString::const_str(text)
}

/// Writes series of the table under their full names.
struct Writer<'a> {
    recorder: &'a dyn Recorder,
    full_names: &'a [SharedString],
}

impl Writer<'_> {
    fn describe(&self) {
        for (metric, name) in METRICS.iter().zip(self.full_names) {
            let (name, help) = (name.clone().into(), SharedString::const_str(metric.help));
            match metric.kind {
                MetricKind::Gauge => self.recorder.describe_gauge(name, None, help),
                MetricKind::Counter => self.recorder.describe_counter(name, None, help),
                MetricKind::Histogram => self.recorder.describe_histogram(name, None, help),
            }
        }
    }

    fn key<const N: usize>(&self, metric: Metric, labels: [SharedString; N]) -> Key {
        debug_assert_eq!(metric.labels.len(), N);
        let place = METRICS.iter().position(|known| known.name == metric.name);
        let name = place.map_or_else(|| fixed(metric.name), |place| self.full_names[place].clone());
        let named = metric.labels.iter().zip(labels);
        let labels: Vec<Label> = named.map(|(label, value)| Label::new(*label, value)).collect();
        Key::from_parts(name, labels)
    }

    fn counter<const N: usize>(&self, metric: Metric, labels: [SharedString; N], value: u64) {
        let key = self.key(metric, labels);
        self.recorder.register_counter(&key, &METADATA).absolute(value);
    }

    fn gauge<const N: usize>(&self, metric: Metric, labels: [SharedString; N], value: f64) {
        let key = self.key(metric, labels);
        self.recorder.register_gauge(&key, &METADATA).set(value);
    }

    fn histogram<const N: usize>(&self, metric: Metric, labels: [SharedString; N]) -> metrics::Histogram {
        self.recorder.register_histogram(&self.key(metric, labels), &METADATA)
    }
}
