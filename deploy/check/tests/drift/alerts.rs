//! The alerts, their labels and annotations, their runbooks and their ways to a receiver.

use crate::files::{rules, string, text, yaml};
use std::collections::{BTreeMap, BTreeSet};
use yaml_rust2::Yaml;

const SEVERITIES: [&str; 3] = ["warning", "critical", "emergency"];

pub(crate) struct Alert {
    pub(crate) name: String,
    pub(crate) expression: String,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) annotations: BTreeMap<String, String>,
}

pub(crate) fn all() -> Vec<Alert> {
    let alert = |rule: &Yaml| {
        let name = string(&rule["alert"], "alert");
        let map = |key: &str| {
            let pairs = rule[key].as_hash().unwrap_or_else(|| panic!("{name} has no {key}"));
            pairs.iter().map(|(k, v)| (string(k, &name), string(v, &name))).collect()
        };
        Alert {
            expression: string(&rule["expr"], &name),
            labels: map("labels"),
            annotations: map("annotations"),
            name: name.clone(),
        }
    };
    rules("deploy/prometheus/rules/alerts.yml").iter().map(alert).collect()
}

fn names() -> BTreeSet<String> {
    all().into_iter().map(|alert| alert.name).collect()
}

#[test]
fn each_has_a_severity_and_what_a_reader_needs() {
    for alert in all() {
        let labels: Vec<_> = alert.labels.keys().collect();
        assert_eq!(labels, ["severity"], "{}: any other label may overwrite one of the series", alert.name);
        assert!(SEVERITIES.contains(&alert.labels["severity"].as_str()), "{}", alert.name);
        let annotations: Vec<_> = alert.annotations.keys().collect();
        assert_eq!(annotations, ["description", "runbook_url", "summary"], "{}", alert.name);
    }
}

#[test]
fn each_has_a_runbook_and_each_runbook_an_alert() {
    let runbooks = text("docs/runbooks.md");
    let headings: BTreeSet<String> =
        runbooks.lines().filter_map(|line| line.strip_prefix("## ")).map(str::to_owned).collect();
    let known = names();
    let missing: Vec<_> = known.difference(&headings).collect();
    assert!(missing.is_empty(), "no runbook for {missing:?}");
    for heading in headings.iter().filter(|heading| !heading.contains(' ')) {
        assert!(known.contains(heading), "a runbook for {heading}, which is no alert");
    }
    for alert in all() {
        let anchor = format!("/runbooks.md#{}", alert.name.to_lowercase());
        assert!(alert.annotations["runbook_url"].ends_with(&anchor), "{}: {anchor}", alert.name);
    }
}

#[test]
fn each_is_in_the_table_of_the_documentation_with_its_severity() {
    let readme = text("deploy/README.md");
    for alert in all() {
        let begins = format!(
            "| [`{}`](../docs/runbooks.md#{}) | {} |",
            alert.name,
            alert.name.to_lowercase(),
            alert.labels["severity"]
        );
        assert!(readme.lines().any(|line| line.starts_with(&begins)), "deploy/README.md has no row {begins}");
    }
}

#[test]
fn routes_and_inhibitions_speak_of_alerts_labels_and_severities_that_there_are() {
    let config = yaml("deploy/alertmanager/alertmanager.yml");
    let known = names();
    let mut severities = BTreeSet::new();
    let mut matchers: Vec<String> = Vec::new();
    for route in config["route"]["routes"].as_vec().expect("routes") {
        matchers.extend(route["matchers"].as_vec().expect("matchers").iter().map(|m| string(m, "route")));
    }
    for rule in config["inhibit_rules"].as_vec().expect("inhibit_rules") {
        for side in ["source_matchers", "target_matchers"] {
            matchers.extend(rule[side].as_vec().expect(side).iter().map(|m| string(m, side)));
        }
        for label in rule["equal"].as_vec().expect("equal") {
            assert!(
                ["job", "instance", "path", "pattern"].contains(&label.as_str().expect("a label")),
                "{label:?}"
            );
        }
    }
    for matcher in matchers {
        let (label, values) = matcher.split_once('=').unwrap_or_else(|| panic!("{matcher}"));
        let values = values.trim_start_matches('~').trim().trim_matches('"');
        for value in values.split('|') {
            match label.trim() {
                "alertname" => assert!(known.contains(value), "{matcher}: there is no alert {value}"),
                "severity" => assert!(severities.insert(value.to_owned()), "{matcher}: a second route"),
                other => panic!("{matcher}: {other}"),
            }
        }
    }
    assert_eq!(
        severities,
        SEVERITIES.iter().map(|s| (*s).to_owned()).collect(),
        "each severity has its route"
    );
}

#[test]
fn each_alert_has_a_test_in_which_it_fires_and_one_in_which_it_does_not() {
    let mut fires = BTreeSet::new();
    let mut is_quiet = BTreeSet::new();
    for file in ["cascades", "lock_health", "nodes", "recurrence", "spike", "timeouts"] {
        let tests = yaml(&format!("deploy/prometheus/tests/{file}.yml"));
        for test in tests["tests"].as_vec().expect("tests") {
            for case in test["alert_rule_test"].as_vec().into_iter().flatten() {
                let name = string(&case["alertname"], file);
                let expected = case["exp_alerts"].as_vec().expect("exp_alerts");
                if expected.is_empty() {
                    is_quiet.insert(name)
                } else {
                    fires.insert(name)
                };
            }
        }
    }
    assert_eq!(fires, names());
    assert_eq!(is_quiet, names());
}

#[test]
fn what_a_recurrence_is_the_rule_and_the_code_agree_on() {
    let builder = text("src/config/builder.rs");
    assert!(
        builder.contains("recurrence_episodes: 3,") && builder.contains("recurrence_window: seconds(3_600),")
    );
    let alert = all().into_iter().find(|alert| alert.name == "RecurringCascadingFailures").expect("an alert");
    assert!(
        alert.expression.contains("rustfs_cascading_failure_patterns_total[1h])) >= 3"),
        "{}",
        alert.expression
    );
}
