//! The pages of documentation: every series and every alert that they name exists.

use crate::files::documents;
use crate::{alerts, expressions};
use foreshock::METRICS;
use regex::Regex;
use std::collections::BTreeSet;

#[test]
fn a_document_names_no_series_that_there_is_not() {
    let mut known: BTreeSet<String> = expressions::recorded().into_iter().map(|(record, _)| record).collect();
    for metric in METRICS {
        for prefix in ["rustfs", "{prefix}"] {
            let name = metric.full_name(prefix);
            known.extend(["", "_bucket", "_count", "_sum"].map(|suffix| format!("{name}{suffix}")));
        }
    }
    // A whole metric name, or a recorded one; `rustfs-lock` and `rustfs_lock` are crates.
    let series = Regex::new(
        r"(?:[a-z_]+:)?(?:rustfs|\{prefix\})_(?:lock_health|cascading_failure|foreshock)_[a-z_]*[a-z](?::[a-z0-9]+)?",
    )
    .expect("a pattern");
    let mut named = 0;
    for (page, text) in documents() {
        for found in series.find_iter(&text) {
            named += 1;
            assert!(known.contains(found.as_str()), "{page} names {}", found.as_str());
        }
    }
    assert!(named > 25, "only {named} series are named");
}

#[test]
fn a_document_names_no_alert_that_there_is_not() {
    let known: BTreeSet<String> = alerts::all().into_iter().map(|alert| alert.name).collect();
    let alert = Regex::new(r"\b(?:LockHealth|CascadingFailure|RecurringCascading|Foreshock)[A-Z][A-Za-z]+\b")
        .expect("a pattern");
    let mut named = 0;
    for (page, text) in documents() {
        for found in alert.find_iter(&text) {
            named += 1;
            assert!(known.contains(found.as_str()), "{page} names {}", found.as_str());
        }
    }
    assert!(named >= 8, "only {named} alerts are named");
}
