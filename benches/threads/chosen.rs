//! What is in the sweep: the calls that several threads make on one handle, each crate's quickest way and its usual one.

use crate::measure::Subject;
use crate::subjects;
use crate::subjects::ours::{self, OURS};
use crate::subjects::primitives::{BASELINE, CONTROL};

/// By crate and operation, in the order of the table. Those of ours that push find their ring full, as in a storm: threads
/// that take turns on a core cannot be stopped together for a tick. The others push nothing.
const CHOSEN: &[(&str, &str)] = &[
    (OURS, ours::RECORD_SUCCESS),
    (OURS, ours::ATTEMPT_NO_LATENCY),
    (OURS, ours::ATTEMPT_LATENCY),
    (OURS, ours::BY_NAME),
    (OURS, ours::TIMEOUT_FULL),
    (OURS, ours::FAILURE_FULL),
    ("machine", BASELINE),
    ("machine", CONTROL),
    ("prometheus", "counter handle"),
    ("prometheus", "with_label_values"),
    ("metrics + exporter", "counter handle"),
    ("metrics + exporter", "counter! with a label, static name"),
    ("prometheus-client", "counter handle"),
    ("prometheus-client", "get_or_create, static name"),
    ("measured", "inc by label"),
    ("opentelemetry", "add, attributes that are kept"),
    ("recloser", "call"),
    ("failsafe", "call, consecutive failures"),
    ("RwLock<HashMap>", "record_success, tokio's lock"),
];

/// Panics if a name above is that of no subject: a row that is missing must not go unseen.
pub(crate) fn subjects() -> Vec<Subject> {
    let mut all = subjects::all();
    let mut take = |(name, operation): &(&str, &str)| {
        let place = all.iter().position(|subject| subject.name == *name && subject.operation == *operation);
        all.swap_remove(place.unwrap_or_else(|| panic!("no subject {name}: {operation}")))
    };
    CHOSEN.iter().map(&mut take).collect()
}
