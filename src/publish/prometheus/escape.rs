//! Label values that come out as they went in.
//!
//! The exporter takes a backslash in a label value for the beginning of an escape that somebody else has made: it
//! writes a backslash and an `n` as it writes a newline. Two names would then print as one series, and the scrape
//! would be refused. A doubled backslash it leaves alone, so that is what it gets from here.

use metrics::{Counter, Gauge, Histogram, Key, KeyName, Label, Metadata, Recorder, SharedString, Unit};
use std::borrow::Cow;

pub(super) struct Escaping<R> {
    recorder: R,
}

impl<R> Escaping<R> {
    pub(super) fn new(recorder: R) -> Self {
        Self { recorder }
    }
}

fn escaped(key: &Key) -> Cow<'_, Key> {
    if !key.labels().any(|label| label.value().contains('\\')) {
        return Cow::Borrowed(key);
    }
    let labels: Vec<Label> = key
        .labels()
        .map(|label| Label::new(label.key().to_owned(), label.value().replace('\\', r"\\")))
        .collect();
    Cow::Owned(Key::from_parts(key.name().to_owned(), labels))
}

impl<R: Recorder> Recorder for Escaping<R> {
    fn describe_counter(&self, key: KeyName, unit: Option<Unit>, description: SharedString) {
        self.recorder.describe_counter(key, unit, description);
    }

    fn describe_gauge(&self, key: KeyName, unit: Option<Unit>, description: SharedString) {
        self.recorder.describe_gauge(key, unit, description);
    }

    fn describe_histogram(&self, key: KeyName, unit: Option<Unit>, description: SharedString) {
        self.recorder.describe_histogram(key, unit, description);
    }

    fn register_counter(&self, key: &Key, metadata: &Metadata<'_>) -> Counter {
        self.recorder.register_counter(&escaped(key), metadata)
    }

    fn register_gauge(&self, key: &Key, metadata: &Metadata<'_>) -> Gauge {
        self.recorder.register_gauge(&escaped(key), metadata)
    }

    fn register_histogram(&self, key: &Key, metadata: &Metadata<'_>) -> Histogram {
        self.recorder.register_histogram(&escaped(key), metadata)
    }
}
