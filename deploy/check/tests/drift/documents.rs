//! The pages of documentation: every series and every alert that they name exists.

use crate::files::documents;
use crate::vocabulary::Vocabulary;
use crate::{alerts, expressions, promql};
use foreshock::{METRICS, MetricKind};
use regex::Regex;
use std::collections::BTreeSet;

/// Whatever matches in a document is known. How many did.
fn assert_all_known(pattern: &Regex, known: &BTreeSet<String>) -> usize {
    let mut named = 0;
    for (page, text) in documents() {
        for found in pattern.find_iter(&text) {
            named += 1;
            assert!(known.contains(found.as_str()), "{page} names {}", found.as_str());
        }
    }
    named
}

#[test]
fn a_document_names_no_series_that_there_is_not() {
    let mut known: BTreeSet<String> = expressions::recorded().into_iter().map(|(record, _)| record).collect();
    for metric in METRICS {
        for prefix in ["rustfs", "{prefix}"] {
            let name = metric.full_name(prefix);
            if metric.kind == MetricKind::Histogram {
                known.extend(["_bucket", "_count", "_sum"].map(|suffix| format!("{name}{suffix}")));
            }
            known.insert(name);
        }
    }
    // A whole metric name, or a recorded one; `rustfs-lock` and `rustfs_lock` are crates.
    let series = Regex::new(
        r"(?:[a-z_]+:)?(?:rustfs|\{prefix\})_(?:lock_health|cascading_failure|foreshock)_[a-z_]*[a-z](?::[a-z0-9]+)?",
    )
    .expect("a pattern");
    let named = assert_all_known(&series, &known);
    assert!(named > 25, "only {named} series are named");
}

#[test]
fn a_document_names_no_alert_that_there_is_not() {
    let known: BTreeSet<String> = alerts::all().into_iter().map(|alert| alert.name).collect();
    let alert = Regex::new(r"\b(?:LockHealth|CascadingFailure|RecurringCascading|Foreshock)[A-Z][A-Za-z]+\b")
        .expect("a pattern");
    let named = assert_all_known(&alert, &known);
    assert!(named >= 8, "only {named} alerts are named");
}

/// What is between backticks and selects by a label, and what a command asks Prometheus.
#[test]
fn an_expression_in_a_document_selects_by_labels_and_values_that_there_are() {
    let vocabulary = Vocabulary::new();
    let asked = Regex::new(r"promtool query instant \$P '([^']+)'").expect("a pattern");
    let selected = Regex::new(r"`([a-z_:0-9]*rustfs_[a-z_:0-9]+\{[^`]*\})`").expect("a pattern");
    let mut checked = 0;
    for (page, text) in documents() {
        for found in asked.captures_iter(&text).chain(selected.captures_iter(&text)) {
            let uses =
                promql::uses(&found[1]).unwrap_or_else(|error| panic!("{page}: {}: {error}", &found[1]));
            checked += uses.len();
            let wrong: Vec<String> = uses.iter().flat_map(|used| vocabulary.objections(used)).collect();
            assert!(wrong.is_empty(), "{page}: {wrong:?}");
        }
    }
    assert!(checked > 15, "only {checked} expressions were found");
}
