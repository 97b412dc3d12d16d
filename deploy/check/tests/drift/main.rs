//! The names, units and labels of the code, the rules, the dashboard and the documents, compared.

mod alerts;
mod dashboard;
mod documents;
mod expressions;
mod files;
mod promql;
mod vocabulary;

use promql::Use;
use std::collections::BTreeSet;
use vocabulary::Vocabulary;

#[test]
fn every_series_of_an_expression_exists_with_these_labels_and_these_values() {
    let vocabulary = Vocabulary::new();
    let mut wrong = Vec::new();
    let mut seen = 0;
    for (place, expression) in expressions::all() {
        match promql::uses(&expression) {
            Ok(uses) => {
                seen += uses.len();
                wrong.extend(
                    uses.iter().flat_map(|u| vocabulary.objections(u)).map(|o| format!("{place}: {o}")),
                );
            }
            Err(error) => wrong.push(format!("{place}: {error}: {expression}")),
        }
    }
    assert!(seen > 100, "only {seen} series were found in all of deploy/");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_metric_of_the_code_is_used_and_every_recorded_series_too() {
    let used: BTreeSet<String> = expressions::all()
        .iter()
        .flat_map(|(_, expression)| promql::uses(expression).expect("checked above"))
        .map(|Use { name, .. }| name)
        .collect();
    for metric in foreshock::METRICS {
        let name = metric.full_name("rustfs");
        let names = [name.clone(), format!("{name}_bucket"), format!("{name}_count"), format!("{name}_sum")];
        assert!(names.iter().any(|name| used.contains(name)), "no rule and no panel shows {name}");
    }
    for (record, _) in expressions::recorded() {
        assert!(used.contains(&record), "nothing uses {record}");
    }
}

#[test]
fn a_recorded_series_is_named_by_level_metric_and_operation() {
    let vocabulary = Vocabulary::new();
    for (record, expression) in expressions::recorded() {
        let parts: Vec<&str> = record.split(':').collect();
        let [level, metric, operation] = parts[..] else { panic!("{record} has not three parts") };
        for label in level.split('_') {
            assert!(vocabulary.is_label(label), "{record}: {label} is no label");
        }
        let family = ["lock_health_", "cascading_failure_"];
        assert!(family.iter().any(|f| metric.starts_with(&format!("rustfs_{f}"))), "{record}: {metric}");
        assert!(!metric.ends_with("_total"), "{record}: what is recorded of a counter is none");
        let window = operation.trim_start_matches(|c: char| c.is_ascii_alphabetic());
        // A window of its own, or that of a recorded series of which it is made.
        let own = [format!("[{window}]"), format!("[{window}:")];
        let of_another = promql::uses(&expression)
            .expect("checked above")
            .iter()
            .any(|used| used.name.contains(':') && used.name.ends_with(window));
        let deeper = own.iter().any(|own| expression.contains(own)) || of_another;
        assert!(!window.is_empty() && deeper, "{record}: its expression has no window of {window}");
    }
}

#[test]
fn a_misnamed_series_label_or_value_is_noticed() {
    let vocabulary = Vocabulary::new();
    let objections = |expression: &str| -> usize {
        let uses = promql::uses(expression).expect("an expression");
        uses.iter().map(|u| vocabulary.objections(u).len()).sum()
    };
    for good in [
        "rustfs_lock_health_status{path=\"p\"}",
        "sum by (job, outcome) (rate(rustfs_lock_health_attempts_total{outcome=~\"success|error\"}[5m]))",
        "histogram_quantile(0.9, sum by (le) (rate(rustfs_lock_health_wait_seconds_bucket[5m])))",
        "up{job=\"rustfs\"} == 0",
    ] {
        assert_eq!(objections(good), 0, "{good}");
    }
    for bad in [
        "rustfs_lock_health_state",
        "rustfs_lock_health_status{lock=\"p\"}",
        "sum by (node) (rustfs_lock_health_status)",
        "rustfs_lock_health_attempts_total{outcome=\"ok\"}",
        "rustfs_cascading_failure_events_total{type=\"peer_lost\"}",
        "rustfs_cascading_failure_open{pattern=\"peer_lock\"}",
        "rustfs_foreshock_dropped_total{kind=\"events\"}",
        "rate(rustfs_lock_health_status[5m])",
        "avg_over_time(rustfs_lock_health_timeouts_total[5m])",
        "rustfs_lock_health_wait_seconds",
        "instance_path:rustfs_lock_health_timeouts:ratio1m",
    ] {
        assert_ne!(objections(bad), 0, "{bad}");
    }
}
