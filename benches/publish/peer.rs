//! `prometheus-client` behind the `metrics` facade: a monitor that publishes to it fills a registry with the very series,
//! labels and values that ours shows.

use foreshock::{METRICS, MetricKind};
use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder,
    SharedString, Unit,
};
use prometheus_client::encoding::text;
use prometheus_client::metrics::counter::Counter as Count;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge as Level;
use prometheus_client::metrics::histogram::Histogram as Buckets;
use prometheus_client::registry::Registry;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

/// The bounds that our exporter has; a run fails if the two come apart.
const BOUNDS_SECONDS: [f64; 12] = [0.0001, 0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 30.0];
const PREFIX: &str = "rustfs";

type Labels = Vec<(String, String)>;
type FloatGauge = Level<f64, AtomicU64>;
type BucketFamily = Family<Labels, Buckets, fn() -> Buckets>;

#[derive(Default)]
pub(crate) struct Peer {
    registry: Registry,
    counters: HashMap<String, Family<Labels, Count>>,
    gauges: HashMap<String, Family<Labels, FloatGauge>>,
    histograms: HashMap<String, BucketFamily>,
}

fn buckets() -> Buckets {
    Buckets::new(BOUNDS_SECONDS)
}

impl Peer {
    pub(crate) fn new() -> Self {
        let mut peer = Self::default();
        for metric in METRICS {
            let (name, help) = (metric.full_name(PREFIX), metric.help.trim_end_matches('.'));
            match metric.kind {
                MetricKind::Counter => {
                    let family = Family::default();
                    // It adds the suffix itself.
                    peer.registry.register(name.trim_end_matches("_total"), help, family.clone());
                    peer.counters.insert(name, family);
                }
                MetricKind::Gauge => {
                    let family = Family::default();
                    peer.registry.register(&name, help, family.clone());
                    peer.gauges.insert(name, family);
                }
                MetricKind::Histogram => {
                    let family: BucketFamily = Family::new_with_constructor(buckets);
                    peer.registry.register(&name, help, family.clone());
                    peer.histograms.insert(name, family);
                }
            }
        }
        peer
    }

    pub(crate) fn render(&self) -> String {
        let mut text = String::new();
        text::encode(&mut text, &self.registry).expect("a string takes everything");
        text
    }
}

fn labels(key: &Key) -> Labels {
    key.labels().map(|label| (label.key().to_owned(), label.value().to_owned())).collect()
}

struct Counting(Count);
struct Setting(FloatGauge);
struct Observing(Buckets);

impl CounterFn for Counting {
    fn increment(&self, value: u64) {
        self.0.inc_by(value);
    }

    fn absolute(&self, value: u64) {
        self.0.inc_by(value.saturating_sub(self.0.get()));
    }
}

impl GaugeFn for Setting {
    fn increment(&self, value: f64) {
        self.0.inc_by(value);
    }

    fn decrement(&self, value: f64) {
        self.0.dec_by(value);
    }

    fn set(&self, value: f64) {
        self.0.set(value);
    }
}

impl HistogramFn for Observing {
    fn record(&self, value: f64) {
        self.0.observe(value);
    }
}

impl Recorder for Peer {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        let counter = |family: &Family<_, Count>| Counting(family.get_or_create_owned(&labels(key)));
        self.counters.get(key.name()).map_or_else(Counter::noop, |f| Counter::from_arc(Arc::new(counter(f))))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        let gauge = |family: &Family<_, FloatGauge>| Setting(family.get_or_create_owned(&labels(key)));
        self.gauges.get(key.name()).map_or_else(Gauge::noop, |f| Gauge::from_arc(Arc::new(gauge(f))))
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        let histogram = |family: &BucketFamily| Observing(family.get_or_create_owned(&labels(key)));
        let found = self.histograms.get(key.name());
        found.map_or_else(Histogram::noop, |f| Histogram::from_arc(Arc::new(histogram(f))))
    }
}
