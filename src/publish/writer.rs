//! Writes series of the table under their full names.

use super::names::{METRICS, Metric, MetricKind};
use metrics::{Key, Label, Level, Metadata, Recorder, SharedString};
use std::sync::Arc;

static METADATA: Metadata<'static> = Metadata::new(module_path!(), Level::INFO, None);

/// Takes every handle anew: one taken before a recorder is installed writes nowhere for ever, and so does one whose
/// series the recorder has removed.
pub(super) struct Writer<'a> {
    pub(super) recorder: &'a dyn Recorder,
    /// Full names in the order of [`METRICS`].
    pub(super) full_names: &'a [SharedString],
}

pub(super) fn shared(text: &Arc<str>) -> SharedString {
    SharedString::from_shared(text.clone())
}

pub(super) fn fixed(text: &'static str) -> SharedString {
    SharedString::const_str(text)
}

impl Writer<'_> {
    pub(super) fn describe(&self) {
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

    pub(super) fn counter<const N: usize>(&self, metric: Metric, labels: [SharedString; N], value: u64) {
        let key = self.key(metric, labels);
        self.recorder.register_counter(&key, &METADATA).absolute(value);
    }

    pub(super) fn gauge<const N: usize>(&self, metric: Metric, labels: [SharedString; N], value: f64) {
        let key = self.key(metric, labels);
        self.recorder.register_gauge(&key, &METADATA).set(value);
    }

    pub(super) fn histogram<const N: usize>(
        &self,
        metric: Metric,
        labels: [SharedString; N],
    ) -> metrics::Histogram {
        self.recorder.register_histogram(&self.key(metric, labels), &METADATA)
    }
}
