//! What there is: the metrics of the code with their labels and the values of these, and what the rules record.

use crate::promql::Use;
use crate::{alerts, expressions};
use foreshock::{FailureType, METRICS, MetricKind, Outcome, Pattern, Statistics};
use std::collections::{BTreeMap, BTreeSet};

/// Labels that Prometheus puts on every series.
const OF_THE_TARGET: [&str; 2] = ["job", "instance"];
/// What only makes sense on a counter.
const OF_COUNTERS: [&str; 4] = ["rate", "irate", "increase", "resets"];
/// What makes no sense on a counter.
const OF_GAUGES: [&str; 4] = ["avg_over_time", "delta", "deriv", "quantile_over_time"];

pub(crate) struct Vocabulary {
    /// By name: labels, and whether it counts.
    series: BTreeMap<String, (BTreeSet<String>, bool)>,
    recorded: BTreeMap<String, BTreeSet<String>>,
    /// By label.
    values: BTreeMap<&'static str, BTreeSet<String>>,
}

impl Vocabulary {
    pub(crate) fn new() -> Self {
        Self { series: series(), recorded: recorded(), values: values() }
    }

    pub(crate) fn is_label(&self, label: &str) -> bool {
        self.series.values().any(|(labels, _)| labels.contains(label))
    }

    /// What is wrong with a use, in words.
    pub(crate) fn objections(&self, used: &Use) -> Vec<String> {
        let name = &used.name;
        let (labels, counts) = match (self.series.get(name), self.recorded.get(name)) {
            (Some((labels, counts)), _) => (labels, Some(*counts)),
            (None, Some(labels)) => (labels, None),
            (None, None) => return vec![format!("there is no series {name}")],
        };
        let mut wrong = Vec::new();
        for (label, values) in &used.matchers {
            if !labels.contains(label) {
                wrong.push(format!("{name} has no label {label}"));
            }
            let known = self.values.get(label.as_str());
            let strange = values.iter().filter(|v| known.is_some_and(|known| !known.contains(*v)));
            wrong.extend(strange.filter(|v| *v != "x").map(|v| format!("{label} of {name} is never {v}")));
        }
        // Of several series in one operation each has some of the labels: it must be one of all.
        let unheard = used.kept.iter().filter(|label| !self.is_label(label) && *label != "le");
        wrong.extend(unheard.map(|label| format!("{name} is grouped by {label}, which no series has")));
        let innermost = used.functions.first().map(String::as_str).unwrap_or_default();
        if counts == Some(false) && OF_COUNTERS.contains(&innermost) {
            wrong.push(format!("{innermost} of {name}, which is no counter"));
        }
        if counts == Some(true) && OF_GAUGES.contains(&innermost) {
            wrong.push(format!("{innermost} of {name}, which is a counter"));
        }
        wrong
    }
}

fn set<'a>(labels: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
    labels.into_iter().map(str::to_owned).collect()
}

fn series() -> BTreeMap<String, (BTreeSet<String>, bool)> {
    let mut series = BTreeMap::from([("up".to_owned(), (set(OF_THE_TARGET), false))]);
    let of_alerts = ["alertname", "alertstate", "severity", "path", "pattern", "initial"];
    series.insert("ALERTS".to_owned(), (set(of_alerts.into_iter().chain(OF_THE_TARGET)), false));
    for metric in METRICS {
        let name = metric.full_name("rustfs");
        let labels = || set(metric.labels.iter().copied().chain(OF_THE_TARGET));
        match metric.kind {
            MetricKind::Gauge => series.insert(name, (labels(), false)),
            MetricKind::Counter => series.insert(name, (labels(), true)),
            MetricKind::Histogram => {
                let mut with_bounds = labels();
                with_bounds.insert("le".to_owned());
                series.insert(format!("{name}_count"), (labels(), true));
                series.insert(format!("{name}_sum"), (labels(), true));
                series.insert(format!("{name}_bucket"), (with_bounds, true))
            }
        };
    }
    series
}

/// A recorded series has the labels of its level, and always its job; a pattern brings what begins it.
fn recorded() -> BTreeMap<String, BTreeSet<String>> {
    let labels = |record: &str| {
        let level = record.split(':').next().unwrap_or_default();
        let mut labels = set(level.split('_').chain(["job"]));
        if labels.contains("pattern") {
            labels.insert("initial".to_owned());
        }
        labels
    };
    expressions::recorded().into_iter().map(|(record, _)| (record.clone(), labels(&record))).collect()
}

fn values() -> BTreeMap<&'static str, BTreeSet<String>> {
    let types = || set(FailureType::BUILT_IN.iter().map(|failure| failure.label()));
    let patterns = Pattern::built_in();
    BTreeMap::from([
        ("alertname", alerts::all().into_iter().map(|alert| alert.name).collect()),
        ("alertstate", set(["pending", "firing"])),
        ("outcome", set(Outcome::ALL.iter().map(|outcome| outcome.label()))),
        ("type", types()),
        ("initial", types()),
        ("pattern", set(patterns.iter().map(Pattern::name))),
        ("kind", set(Statistics::default().dropped.by_kind().iter().map(|(kind, _)| *kind))),
    ])
}
