//! What reached somebody.

use serde::Serialize;
use std::fmt;
use std::time::Duration;

/// Who is told.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Receiver {
    Pager,
    /// With the sign that it begins with.
    Channel(String),
}

impl fmt::Display for Receiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pager => f.write_str("pager"),
            Self::Channel(name) => f.write_str(name),
        }
    }
}

impl Serialize for Receiver {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
    Firing,
    Resolved,
}

/// One request of Alertmanager, as its receiver understood it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) receiver: Receiver,
    pub(crate) status: Status,
    /// How many alerts fire, where the message says so.
    pub(crate) firing: Option<usize>,
    /// The pager's incident: what has the same key is the same page.
    pub(crate) incident: Option<String>,
    pub(crate) text: String,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Notification {
    /// Since the start of the drill.
    #[serde(serialize_with = "as_seconds")]
    pub(crate) at: Duration,
    pub(crate) receiver: Receiver,
    pub(crate) status: Status,
    pub(crate) firing: Option<usize>,
    pub(crate) incident: Option<String>,
    /// Which of the alerts that there are it names.
    pub(crate) alerts: Vec<String>,
    pub(crate) text: String,
}

impl Notification {
    pub(crate) fn new(at: Duration, message: Message, known_alerts: &[String]) -> Self {
        let Message { receiver, status, firing, incident, text } = message;
        // Without regard to case: a pager's message may have the name in the address of the runbook only.
        let lower = text.to_lowercase();
        let alerts =
            known_alerts.iter().filter(|name| lower.contains(&name.to_lowercase())).cloned().collect();
        Self { at, receiver, status, firing, incident, alerts, text }
    }
}

fn as_seconds<S: serde::Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64((time.as_secs_f64() * 1e3).round() / 1e3)
}
