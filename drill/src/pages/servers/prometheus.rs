//! Prometheus' HTTP API, as far as the drill asks it.

use crate::http::{Client, FetchError};
use hyper::Uri;
use serde_json::Value;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::time::timeout;
use url::form_urlencoded;

const ANSWER_LIMIT: Duration = Duration::from_secs(10);
const MAX_ANSWER_BYTES: usize = 32 << 20;

pub(crate) struct Api {
    client: Client,
    address: SocketAddr,
}

impl Api {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self { client: Client::new(MAX_ANSWER_BYTES), address }
    }

    /// Whether an expression has an answer now.
    pub(crate) async fn holds(&self, expression: &str) -> Result<bool, String> {
        let data = self.get("query", &[("query", expression)]).await?;
        Ok(data["result"].as_array().is_some_and(|series| !series.is_empty()))
    }

    /// The answer's `data`, as it came. Times are in seconds since the Unix epoch.
    pub(crate) async fn query_range(
        &self,
        expression: &str,
        (start, end): (f64, f64),
        step: Duration,
    ) -> Result<Value, String> {
        let (start, end, step) = (start.to_string(), end.to_string(), step.as_secs_f64().to_string());
        self.get("query_range", &[("query", expression), ("start", &start), ("end", &end), ("step", &step)])
            .await
    }

    pub(crate) async fn label_values(
        &self,
        label: &str,
        selector: Option<&str>,
    ) -> Result<Vec<String>, String> {
        let selector = selector.map(|selector| ("match[]", selector));
        let data = self.get(&format!("label/{label}/values"), selector.as_slice()).await?;
        serde_json::from_value(data).map_err(|error| format!("values of {label}: {error}"))
    }

    /// The names of all alerts, once every rule has been evaluated; until then `None`.
    pub(crate) async fn alerts_if_evaluated(&self) -> Result<Option<Vec<String>>, String> {
        let data = self.get("rules", &[]).await?;
        let rules: Vec<&Value> = data["groups"]
            .as_array()
            .into_iter()
            .flatten()
            .flat_map(|group| group["rules"].as_array().into_iter().flatten())
            .collect();
        if let Some(bad) = rules.iter().find(|rule| rule["health"] == "err") {
            return Err(format!("the rule {} fails: {}", bad["name"], bad["lastError"]));
        }
        let is_evaluated = !rules.is_empty() && rules.iter().all(|rule| rule["health"] == "ok");
        let alerts = rules.iter().filter(|rule| rule["type"] == "alerting");
        let names = alerts.filter_map(|rule| rule["name"].as_str()).map(str::to_owned).collect();
        Ok(is_evaluated.then_some(names))
    }

    async fn get(&self, what: &str, parameters: &[(&str, &str)]) -> Result<Value, String> {
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
        let uri: Uri = format!("http://{}/api/v1/{what}?{query}", self.address)
            .parse()
            .map_err(|error| format!("{what}: {error}"))?;
        let text = match timeout(ANSWER_LIMIT, self.client.get(&uri)).await {
            Ok(Ok(text)) => text,
            Ok(Err(FetchError::Bad(answer))) => return Err(answer),
            Ok(Err(FetchError::Silent)) => return Err(format!("Prometheus does not answer to {what}")),
            Err(_) => {
                return Err(format!("Prometheus takes more than {} s for {uri}", ANSWER_LIMIT.as_secs()));
            }
        };
        let mut answer: Value = serde_json::from_str(&text).map_err(|error| format!("{what}: {error}"))?;
        Ok(answer["data"].take())
    }
}
