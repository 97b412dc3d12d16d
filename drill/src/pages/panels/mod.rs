//! Asks everything that the dashboard asks, over the whole run.

mod dashboard;

use super::scale::{SPEED, scale_expression};
use super::servers::Api;
use dashboard::{Dashboard, Source, Values, fill_in};
use serde::Serialize;
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const DASHBOARD: &str = "grafana/dashboards/foreshock.json";
/// As often as is scraped and evaluated.
const STEP: Duration = Duration::from_millis(500);

/// What is written to the file.
#[derive(Serialize)]
pub(crate) struct Panels {
    /// Seconds since the Unix epoch.
    start: f64,
    end: f64,
    step_seconds: f64,
    speed: u64,
    variables: Values,
    panels: Vec<Answered>,
}

#[derive(Serialize)]
struct Answered {
    id: u64,
    title: String,
    #[serde(rename = "type")]
    kind: String,
    targets: Vec<Answer>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    ref_id: String,
    /// As it stands in the dashboard.
    expr: String,
    /// As it was asked.
    query: String,
    /// As Prometheus answered.
    data: Value,
}

impl Panels {
    /// Asks for so much time until now.
    pub(crate) async fn ask(api: &Api, deploy: &Path, run: Duration) -> Result<Self, String> {
        let path = deploy.join(DASHBOARD);
        let text =
            fs::read_to_string(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        let dashboard = Dashboard::parse(&text).map_err(|error| format!("{}: {error}", path.display()))?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        // On whole steps, as Grafana asks.
        let end = now - Duration::from_millis(u64::from(now.subsec_millis()) % 500);
        let times = (end.saturating_sub(run).as_secs_f64(), end.as_secs_f64());
        let variables = variables(api, &dashboard, run).await?;
        let mut panels = Vec::new();
        for panel in dashboard.panels() {
            let mut targets = Vec::new();
            for target in panel.targets.iter().filter(|target| !target.expr.is_empty()) {
                let query = fill_in(&scaled(&target.expr), &variables)?;
                let data = api
                    .query_range(&query, times, STEP)
                    .await
                    .map_err(|error| format!("panel {}: {error}", panel.title))?;
                targets.push(Answer {
                    ref_id: target.ref_id.clone(),
                    expr: target.expr.clone(),
                    query,
                    data,
                });
            }
            panels.push(Answered {
                id: panel.id,
                title: panel.title.clone(),
                kind: panel.kind.clone(),
                targets,
            });
        }
        Ok(Self {
            start: times.0,
            end: times.1,
            step_seconds: STEP.as_secs_f64(),
            speed: SPEED,
            variables,
            panels,
        })
    }

    pub(crate) fn queries(&self) -> usize {
        self.panels.iter().map(|panel| panel.targets.len()).sum()
    }

    /// What was answered with nothing.
    pub(crate) fn empty(&self) -> Vec<String> {
        let all =
            self.panels.iter().flat_map(|panel| panel.targets.iter().map(move |target| (panel, target)));
        all.filter(|(_, target)| !has_a_number(&target.data))
            .map(|(panel, target)| {
                format!("panel {} has no data for {}: {}", panel.title, target.ref_id, target.query)
            })
            .collect()
    }

    pub(crate) fn write(&self, file: &Path) -> Result<(), String> {
        let text = serde_json::to_string(self).map_err(|error| error.to_string())?;
        fs::write(file, text).map_err(|error| format!("cannot write {}: {error}", file.display()))
    }
}

/// The times in it; those of variables come scaled.
fn scaled(expression: &str) -> String {
    expression.lines().map(scale_expression).collect::<Vec<_>>().join("\n")
}

/// One sample at least that is a number: a series of nothing but NaN draws nothing.
fn has_a_number(data: &Value) -> bool {
    let series = data["result"].as_array().into_iter().flatten();
    let mut samples = series.flat_map(|series| series["values"].as_array().into_iter().flatten());
    samples.any(|sample| sample[1].as_str().is_some_and(|value| value != "NaN"))
}

async fn variables(api: &Api, dashboard: &Dashboard, run: Duration) -> Result<Values, String> {
    let ms = |time: Duration| format!("{}ms", time.as_millis());
    let mut values: Values = [
        ("__interval", ms(STEP)),
        ("__interval_ms", STEP.as_millis().to_string()),
        // Grafana takes four scrapes.
        ("__rate_interval", ms(4 * STEP)),
        ("__range", ms(run)),
        ("__range_s", run.as_secs().to_string()),
        ("__range_ms", run.as_millis().to_string()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    for variable in dashboard.variables() {
        let value = match variable.source(&values)? {
            Source::Fixed(value) => value,
            Source::LabelValues { label, selector } => {
                variable.choose(&api.label_values(&label, selector.as_deref()).await?)?
            }
        };
        values.insert(variable.name.clone(), value);
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn nothing_and_nan_are_no_data() {
        let data = |values: Value| json!({ "result": [{ "metric": {}, "values": values }] });
        assert!(!has_a_number(&json!({ "result": [] })));
        assert!(!has_a_number(&data(json!([[1, "NaN"]]))));
        assert!(has_a_number(&data(json!([[1, "NaN"], [2, "0"]]))));
    }
}
