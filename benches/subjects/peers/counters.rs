//! Counters of metrics libraries: through a handle that is kept, and by label, as one must where paths come and go.

use crate::measure::{Pace, Subject, calls, forever};
use crate::subjects::NAME;
use ::measured::lasso::ThreadedRodeo;
use metrics_exporter_prometheus::PrometheusBuilder;
use prometheus_client::encoding::EncodeLabelSet;
use std::hint::black_box;

const METRICS: &str = "metrics + exporter";
const PROMETHEUS: &str = "prometheus";
const CLIENT: &str = "prometheus-client";
const MEASURED: &str = "measured";

pub(crate) fn subjects() -> Vec<Subject> {
    let mut subjects = metrics_facade();
    subjects.extend(prometheus());
    subjects.extend(prometheus_client());
    subjects.extend(measured());
    subjects
}

fn metrics_facade() -> Vec<Subject> {
    metrics::set_global_recorder(PrometheusBuilder::new().build_recorder()).expect("the first recorder");
    let handle = forever(metrics::counter!("attempts_total", "path" => NAME));
    vec![
        Subject::new(METRICS, "counter handle", || calls(|| handle.increment(1))),
        Subject::new(METRICS, "counter! with a label, static name", || {
            calls(|| metrics::counter!("attempts_total", "path" => black_box(NAME)).increment(1))
        })
        .pace(Pace::MEDIUM),
        Subject::new(METRICS, "counter! with a label, owned name", || {
            calls(|| metrics::counter!("attempts_total", "path" => black_box(NAME).to_owned()).increment(1))
        })
        .pace(Pace::MEDIUM),
    ]
}

fn prometheus() -> Vec<Subject> {
    let options = ::prometheus::Opts::new("attempts_total", "Attempts.");
    let family = ::prometheus::IntCounterVec::new(options, &["path"]).expect("valid names");
    let family = forever(family);
    let handle = forever(family.with_label_values(&[NAME]));
    vec![
        Subject::new(PROMETHEUS, "counter handle", || calls(|| handle.inc())),
        Subject::new(PROMETHEUS, "with_label_values", || {
            calls(|| family.with_label_values(&[black_box(NAME)]).inc())
        })
        .pace(Pace::MEDIUM),
    ]
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct StaticPath {
    path: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OwnedPath {
    path: String,
}

fn prometheus_client() -> Vec<Subject> {
    use ::prometheus_client::metrics::{counter::Counter, family::Family};
    let by_static = forever(Family::<StaticPath, Counter>::default());
    let by_owned = forever(Family::<OwnedPath, Counter>::default());
    let handle = forever(by_static.get_or_create_owned(&StaticPath { path: NAME }));
    vec![
        Subject::new(CLIENT, "counter handle", || calls(|| _ = handle.inc())),
        Subject::new(CLIENT, "get_or_create, static name", || {
            calls(|| _ = by_static.get_or_create(&StaticPath { path: black_box(NAME) }).inc())
        })
        .pace(Pace::MEDIUM),
        Subject::new(CLIENT, "get_or_create, owned name", || {
            calls(|| _ = by_owned.get_or_create(&OwnedPath { path: black_box(NAME).to_owned() }).inc())
        })
        .pace(Pace::MEDIUM),
    ]
}

#[derive(::measured::LabelGroup)]
#[label(set = PathSet)]
struct Path<'a> {
    #[label(dynamic_with = ThreadedRodeo, default)]
    path: &'a str,
}

fn measured() -> Vec<Subject> {
    let family = forever(::measured::CounterVec::with_label_set(PathSet::new()));
    let label = forever(family.with_labels(Path { path: NAME }));
    vec![
        Subject::new(MEASURED, "counter by a label id that is kept", || {
            calls(|| family.get_metric(*label).inc())
        })
        .pace(Pace::MEDIUM),
        Subject::new(MEASURED, "inc by label", || calls(|| family.inc(Path { path: black_box(NAME) })))
            .pace(Pace::MEDIUM),
    ]
}
