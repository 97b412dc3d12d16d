//! PagerDuty's Events API, version 2, as far as Alertmanager uses it.

use crate::pages::notification::{Message, Receiver, Status};
use serde::Deserialize;
use serde_json::{Value, json};

/// Of an integration: 32 characters.
pub(crate) const ROUTING_KEY: &str = "0123456789abcdef0123456789abcdef";
pub(super) const PATH: &str = "/v2/enqueue";

const MAX_SUMMARY_CHARACTERS: usize = 1_024;
const SEVERITIES: [&str; 4] = ["critical", "error", "warning", "info"];

#[derive(Deserialize)]
struct Event {
    routing_key: String,
    event_action: String,
    #[serde(default)]
    dedup_key: String,
    payload: Option<Payload>,
}

#[derive(Deserialize)]
struct Payload {
    summary: String,
    source: String,
    severity: String,
    #[serde(default)]
    custom_details: Value,
}

/// What an event says, or why the service would refuse it.
pub(super) fn read(body: &[u8]) -> Result<Message, String> {
    let event: Event = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    if event.routing_key != ROUTING_KEY {
        return Err("routing_key is not that of the integration".to_owned());
    }
    let status = match event.event_action.as_str() {
        "trigger" => Status::Firing,
        "resolve" => Status::Resolved,
        other => return Err(format!("event_action is {other}")),
    };
    // Optional to the service when it begins an incident; but then nothing could end that.
    if event.dedup_key.is_empty() {
        return Err("dedup_key is empty".to_owned());
    }
    let payload = match event.payload {
        Some(payload) => checked(payload)?,
        None if status == Status::Resolved => Value::Null,
        None => return Err("payload is missing".to_owned()),
    };
    Ok(Message {
        receiver: Receiver::Pager,
        status,
        firing: payload["num_firing"].as_str().and_then(|count| count.parse().ok()),
        incident: Some(event.dedup_key),
        text: words(&payload),
    })
}

/// The summary among the details.
fn checked(payload: Payload) -> Result<Value, String> {
    let Payload { summary, source, severity, custom_details } = payload;
    if summary.is_empty() || summary.chars().count() > MAX_SUMMARY_CHARACTERS {
        return Err(format!("summary is empty or longer than {MAX_SUMMARY_CHARACTERS} characters"));
    }
    if source.is_empty() {
        return Err("source is empty".to_owned());
    }
    if !SEVERITIES.contains(&severity.as_str()) {
        return Err(format!("severity is {severity}"));
    }
    let mut details = json!({ "": summary });
    if let (Some(all), Value::Object(more)) = (details.as_object_mut(), custom_details) {
        all.extend(more);
    }
    Ok(details)
}

fn words(details: &Value) -> String {
    let parts = details.as_object().into_iter().flatten().filter_map(|(name, value)| {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let value = value.trim();
        (!value.is_empty())
            .then(|| if name.is_empty() { value.to_owned() } else { format!("{name}: {value}") })
    });
    parts.collect::<Vec<_>>().join("\n")
}

/// What the service answers to an event that it takes.
pub(super) fn accepted(message: &Message) -> String {
    json!({ "status": "success", "message": "Event processed", "dedup_key": message.incident }).to_string()
}

/// What it answers to one that it does not.
pub(super) fn refused(reason: &str) -> String {
    json!({ "status": "invalid event", "message": "Event object is invalid", "errors": [reason] }).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(action: &str) -> Value {
        json!({
            "routing_key": ROUTING_KEY,
            "event_action": action,
            "dedup_key": "d",
            "client": "Alertmanager",
            "client_url": "http://vm:9093/#/alerts?receiver=pager",
            "payload": {
                "summary": "EMERGENCY: cascade p recurs",
                "source": "Alertmanager",
                "severity": "critical",
                "custom_details": { "firing": " Root: node4. ", "num_firing": "2", "resolved": "" }
            }
        })
    }

    fn with(path: &str, value: Value) -> Vec<u8> {
        let mut event = event("trigger");
        *event.pointer_mut(path).expect(path) = value;
        event.to_string().into_bytes()
    }

    #[test]
    fn an_event_is_understood() {
        let message = read(event("trigger").to_string().as_bytes()).expect("it is in order");
        let expected = Message {
            receiver: Receiver::Pager,
            status: Status::Firing,
            firing: Some(2),
            incident: Some("d".to_owned()),
            text: "EMERGENCY: cascade p recurs\nfiring: Root: node4.\nnum_firing: 2".to_owned(),
        };
        assert_eq!(message, expected);
        let resolved = read(event("resolve").to_string().as_bytes()).expect("it is in order");
        assert_eq!(resolved.status, Status::Resolved);
    }

    #[test]
    fn what_the_service_would_refuse_is_refused() {
        let cases = [
            ("/routing_key", json!("another")),
            ("/event_action", json!("shout")),
            ("/dedup_key", json!("")),
            ("/payload", Value::Null),
            ("/payload/summary", json!("")),
            ("/payload/summary", json!("a".repeat(1_025))),
            ("/payload/source", json!("")),
            ("/payload/severity", json!("emergency")),
        ];
        for (path, value) in cases {
            assert!(read(&with(path, value)).is_err(), "{path}");
        }
        assert!(read(b"{").is_err());
    }
}
