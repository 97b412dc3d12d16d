//! What a dashboard in Grafana's format asks for, and with which variables.

use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

#[derive(Debug, Deserialize)]
pub(super) struct Dashboard {
    panels: Vec<Panel>,
    #[serde(default)]
    templating: Templating,
}

#[derive(Debug, Deserialize)]
pub(super) struct Panel {
    #[serde(default)]
    pub(super) id: u64,
    #[serde(default)]
    pub(super) title: String,
    #[serde(rename = "type")]
    pub(super) kind: String,
    #[serde(default)]
    pub(super) targets: Vec<Target>,
    /// Of a row that is collapsed.
    #[serde(default)]
    panels: Vec<Panel>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Target {
    #[serde(default)]
    pub(super) ref_id: String,
    #[serde(default)]
    pub(super) expr: String,
}

#[derive(Debug, Default, Deserialize)]
struct Templating {
    list: Vec<Variable>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Variable {
    pub(super) name: String,
    #[serde(rename = "type")]
    pub(super) kind: String,
    #[serde(default)]
    query: Value,
    #[serde(default)]
    include_all: bool,
    all_value: Option<String>,
    #[serde(default)]
    current: Value,
}

/// Where a variable's values come from.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Source {
    Fixed(String),
    /// The values of a label, of the series that the selector selects if there is one.
    LabelValues {
        label: String,
        selector: Option<String>,
    },
}

pub(super) type Values = BTreeMap<String, String>;

impl Dashboard {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        serde_json::from_str(text).map_err(|error| format!("not a dashboard: {error}"))
    }

    pub(super) fn variables(&self) -> &[Variable] {
        &self.templating.list
    }

    /// All panels that ask for something, in their order, those of collapsed rows among them.
    pub(super) fn panels(&self) -> Vec<&Panel> {
        let all = self.panels.iter().flat_map(|panel| std::iter::once(panel).chain(&panel.panels));
        all.filter(|panel| !panel.targets.is_empty()).collect()
    }
}

impl Variable {
    /// With the variables before it filled in.
    pub(super) fn source(&self, values: &Values) -> Result<Source, String> {
        let text = self.query.as_str().or_else(|| self.query["query"].as_str()).unwrap_or_default();
        match self.kind.as_str() {
            "datasource" | "constant" | "textbox" => Ok(Source::Fixed(text.to_owned())),
            "custom" | "interval" => {
                let first = text.split(',').next().unwrap_or_default().trim();
                let current = self.current["value"].as_str();
                Ok(Source::Fixed(current.filter(|value| !value.starts_with('$')).unwrap_or(first).to_owned()))
            }
            "query" => {
                let inside =
                    text.trim().strip_prefix("label_values(").and_then(|rest| rest.strip_suffix(')'));
                let inside =
                    inside.ok_or_else(|| format!("variable {}: {text} is no label_values()", self.name))?;
                let (selector, label) = match inside.rsplit_once(',') {
                    Some((selector, label)) => (Some(fill_in(selector.trim(), values)?), label),
                    None => (None, inside),
                };
                Ok(Source::LabelValues { label: label.trim().to_owned(), selector })
            }
            other => Err(format!("variable {}: its type {other} is not known", self.name)),
        }
    }

    /// What stands for it, given what there is to choose from: all if it can be all, else what is chosen in the
    /// dashboard, else the first.
    pub(super) fn choose(&self, found: &[String]) -> Result<String, String> {
        let first = found.first().ok_or_else(|| format!("variable {} has no values", self.name))?;
        if self.include_all {
            let each = || found.iter().map(|value| escaped(value)).collect::<Vec<_>>().join("|");
            return Ok(self.all_value.clone().unwrap_or_else(each));
        }
        let current = self.current["value"].as_str();
        Ok(found.iter().find(|value| current == Some(value)).unwrap_or(first).clone())
    }
}

/// For a regular expression in a string of PromQL, in which a backslash stands twice.
fn escaped(value: &str) -> String {
    value.chars().fold(String::new(), |mut text, c| {
        if r"\.+*?()[]{}|^$".contains(c) {
            text.push_str(r"\\");
        }
        text.push(c);
        text
    })
}

/// Replaces `$name`, `${name}`, `${name:format}` and `[[name]]`. A name without a value is an error.
pub(super) fn fill_in(text: &str, values: &Values) -> Result<String, String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['$', '[']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let Some((name, behind)) = reference(rest) else {
            out.push_str(&rest[..1]);
            rest = &rest[1..];
            continue;
        };
        let value = values.get(name).ok_or_else(|| format!("${name} has no value in {text}"))?;
        out.push_str(value);
        rest = behind;
    }
    Ok(out + rest)
}

/// The name that is referred to at the beginning of the text, and what stands behind.
fn reference(text: &str) -> Option<(&str, &str)> {
    if let Some(inside) = text.strip_prefix("${") {
        let (inside, behind) = inside.split_once('}')?;
        return Some((inside.split(':').next().unwrap_or(inside), behind));
    }
    if let Some(inside) = text.strip_prefix("[[") {
        return inside.split_once("]]");
    }
    let name = text.strip_prefix('$')?;
    let length = name.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(name.len());
    (length > 0).then(|| name.split_at(length))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn values() -> Values {
        [("job", "rustfs"), ("job2", "other"), ("__interval", "500ms")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into()
    }

    fn variable(json: Value) -> Variable {
        serde_json::from_value(json).expect("a variable")
    }

    #[test]
    fn every_way_to_write_a_variable_is_filled_in() {
        let cases = [
            ("x{job=\"$job\"}", "x{job=\"rustfs\"}"),
            ("$job2 ${job} ${job:regex} [[job]]", "other rustfs rustfs rustfs"),
            ("x[$__interval]", "x[500ms]"),
            ("x{a=~\"b$\"}[5m]", "x{a=~\"b$\"}[5m]"),
        ];
        for (text, expected) in cases {
            assert_eq!(fill_in(text, &values()).as_deref(), Ok(expected), "{text}");
        }
        assert!(fill_in("$unknown", &values()).is_err());
        assert!(fill_in("${unknown}", &values()).is_err());
    }

    #[test]
    fn panels_of_rows_are_panels() {
        let target = json!({ "refId": "A", "expr": "up" });
        let row = json!({ "type": "row", "panels": [{ "id": 3, "type": "stat", "targets": [target] }] });
        let text = json!({ "panels": [{ "id": 1, "type": "timeseries", "title": "T", "targets": [target] }, { "type": "text" }, row] });
        let dashboard = Dashboard::parse(&text.to_string()).expect("a dashboard");
        assert_eq!(dashboard.panels().iter().map(|panel| panel.id).collect::<Vec<_>>(), [1, 3]);
        assert!(Dashboard::parse("{}").is_err());
    }

    #[test]
    fn a_variable_has_its_source() {
        let query = |text: &str| {
            variable(json!({ "name": "v", "type": "query", "query": { "query": text } })).source(&values())
        };
        let found = query("label_values(up{job=\"$job\", a=\"b\"}, instance)");
        let selector = Some("up{job=\"rustfs\", a=\"b\"}".to_owned());
        assert_eq!(found, Ok(Source::LabelValues { label: "instance".to_owned(), selector }));
        assert_eq!(
            query("label_values(job)"),
            Ok(Source::LabelValues { label: "job".to_owned(), selector: None })
        );
        assert!(query("query_result(up)").is_err());
        let custom =
            variable(json!({ "name": "v", "type": "custom", "query": "a, b", "current": { "value": "b" } }));
        assert_eq!(custom.source(&values()), Ok(Source::Fixed("b".to_owned())));
        assert!(variable(json!({ "name": "v", "type": "adhoc" })).source(&values()).is_err());
    }

    #[test]
    fn a_value_is_all_the_current_or_the_first() {
        let found = ["a.b".to_owned(), "c".to_owned()];
        let all = variable(json!({ "name": "v", "type": "query", "includeAll": true }));
        assert_eq!(all.choose(&found).as_deref(), Ok(r"a\\.b|c"));
        let all = variable(json!({ "name": "v", "type": "query", "includeAll": true, "allValue": ".+" }));
        assert_eq!(all.choose(&found).as_deref(), Ok(".+"));
        let one = variable(json!({ "name": "v", "type": "query", "current": { "value": "c" } }));
        assert_eq!(one.choose(&found).as_deref(), Ok("c"));
        assert_eq!(one.choose(&found[..1]).as_deref(), Ok("a.b"));
        assert!(one.choose(&[]).is_err());
    }
}
