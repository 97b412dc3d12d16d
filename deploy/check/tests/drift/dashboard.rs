//! The dashboard: its expressions, and the unit of what each panel shows.

use crate::files::text;
use crate::promql;
use serde_json::Value;

fn dashboard() -> Value {
    serde_json::from_str(&text("deploy/grafana/dashboards/foreshock.json")).expect("JSON")
}

/// Panels, also those of folded rows.
fn panels() -> Vec<Value> {
    let mut all = Vec::new();
    let mut folded = dashboard()["panels"].as_array().expect("panels").clone();
    while let Some(panel) = folded.pop() {
        folded.extend(panel["panels"].as_array().into_iter().flatten().cloned());
        all.push(panel);
    }
    all
}

/// Variables filled in with what may stand there.
fn filled_in(expression: &str) -> String {
    let interval = expression
        .replace("$__range_s", "3600")
        .replace("$__rate_interval", "5m")
        .replace("$__interval", "1m")
        .replace("$__range", "1h");
    regex::Regex::new(r"\$\{?[a-z_]+(:[a-z]+)?\}?")
        .expect("a pattern")
        .replace_all(&interval, "x")
        .into_owned()
}

pub(crate) fn expressions() -> Vec<(String, String)> {
    let panels = panels();
    let mut all: Vec<(String, String)> = panels.iter().flat_map(of_panel).collect();
    for annotation in dashboard()["annotations"]["list"].as_array().into_iter().flatten() {
        if let Some(expression) = annotation["expr"].as_str() {
            all.push((format!("annotation {}", annotation["name"]), filled_in(expression)));
        }
    }
    for variable in dashboard()["templating"]["list"].as_array().into_iter().flatten() {
        let query = variable["query"]["query"].as_str().or(variable["query"].as_str()).unwrap_or_default();
        if let Some(inner) = query.strip_prefix("label_values(").and_then(|rest| rest.rsplit_once(',')) {
            all.push((format!("variable {}", variable["name"]), filled_in(inner.0)));
        }
    }
    all
}

fn of_panel(panel: &Value) -> Vec<(String, String)> {
    let targets = panel["targets"].as_array().into_iter().flatten();
    let expressions = targets.filter_map(|target| target["expr"].as_str());
    expressions.map(|expression| (format!("panel {}", panel["title"]), filled_in(expression))).collect()
}

#[test]
fn a_panel_has_the_unit_of_what_it_shows() {
    let mut checked = 0;
    for panel in panels() {
        let unit = panel["fieldConfig"]["defaults"]["unit"].as_str().unwrap_or_default();
        for (place, expression) in of_panel(&panel) {
            let uses = promql::uses(&expression).unwrap_or_else(|error| panic!("{place}: {error}"));
            let names: Vec<&str> = uses.iter().map(|u| u.name.as_str()).collect();
            let all = |what: fn(&str) -> bool| !names.is_empty() && names.iter().all(|name| what(name));
            let expected: &[&str] = if all(|name| name.contains("_seconds")) && !expression.contains("_count")
            {
                &["s", "dateTimeFromNow", "dateTimeAsIso"]
            } else if all(|name| name.contains(":ratio")) {
                &["percentunit"]
            } else {
                continue;
            };
            checked += 1;
            assert!(expected.contains(&unit), "{place} has the unit '{unit}' and shows {names:?}");
        }
    }
    assert!(checked > 2, "only {checked} panels show seconds or ratios");
}

#[test]
fn every_alert_that_a_panel_speaks_of_exists() {
    let text = text("deploy/grafana/dashboards/foreshock.json");
    let link = regex::Regex::new(r"runbooks\.md#([a-z]+)").expect("a pattern");
    let known: Vec<String> = crate::alerts::all().iter().map(|alert| alert.name.to_lowercase()).collect();
    for anchor in link.captures_iter(&text) {
        assert!(known.contains(&anchor[1].to_owned()), "a link to the runbook of {}", &anchor[1]);
    }
}
