//! Every PromQL expression in `deploy/`, with the place where it stands.

use crate::files::{rules, string};
use crate::{alerts, dashboard};
use regex::Regex;

/// Rules: the name of each recorded series and its expression.
pub(crate) fn recorded() -> Vec<(String, String)> {
    let rules = rules("deploy/prometheus/rules/recording.yml");
    rules.iter().map(|rule| (string(&rule["record"], "record"), string(&rule["expr"], "expr"))).collect()
}

pub(crate) fn all() -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = recorded();
    for alert in alerts::all() {
        for (annotation, template) in &alert.annotations {
            let place = format!("{}, {annotation}", alert.name);
            all.extend(queries(template).into_iter().map(|query| (place.clone(), query)));
        }
        all.push((alert.name, alert.expression));
    }
    all.extend(dashboard::expressions());
    all
}

/// The expressions that a template asks for: `query (printf "..." ...)`.
fn queries(template: &str) -> Vec<String> {
    let asked = template.matches("query ").count();
    let printf = Regex::new(r#"query \(printf "([^"]*)""#).expect("a pattern");
    let found: Vec<String> =
        printf.captures_iter(template).map(|captures| captures[1].replace("%q", "\"x\"")).collect();
    assert_eq!(found.len(), asked, "a query of another form in {template}");
    found
}
