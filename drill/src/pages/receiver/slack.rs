//! Slack's incoming webhooks, as far as Alertmanager uses them.

use crate::pages::notification::{Message, Receiver, Status};
use serde::Deserialize;
use std::collections::BTreeMap;

/// The channel of each webhook that was handed out, by the path of its URL.
#[derive(Debug, Default)]
pub(super) struct Webhooks(BTreeMap<String, String>);

impl Webhooks {
    /// The path of the webhook that a secret's file is to hold. The file's name tells the channel: `slack_operations_url`
    /// is for `#operations`.
    pub(super) fn hand_out(&mut self, file_name: &str) -> Result<String, String> {
        let name = file_name.strip_prefix("slack_").and_then(|rest| rest.strip_suffix("_url"));
        let name = name.filter(|name| is_channel_name(name)).ok_or_else(|| {
            format!("`{file_name}` does not tell its channel, as `slack_operations_url` does")
        })?;
        let path = format!("/services/T00000000/B00000000/{name}");
        self.0.insert(path.clone(), format!("#{name}"));
        Ok(path)
    }

    pub(super) fn channel(&self, path: &str) -> Option<&str> {
        self.0.get(path).map(String::as_str)
    }
}

/// As the service has them, and so fit for a URL.
fn is_channel_name(name: &str) -> bool {
    let is_allowed =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
    !name.is_empty() && name.bytes().all(is_allowed)
}

/// A `channel` is not read: a webhook is bound to one, and the service ignores another that a post asks for.
#[derive(Deserialize)]
struct Post {
    #[serde(default)]
    attachments: Vec<Attachment>,
}

#[derive(Deserialize)]
struct Attachment {
    title: String,
    #[serde(default)]
    title_link: String,
    text: String,
}

/// What a message to the channel says, or why the service would refuse it, or nobody would understand it.
pub(super) fn read(channel: &str, body: &[u8]) -> Result<Message, String> {
    let post: Post = serde_json::from_slice(body).map_err(|error| format!("invalid_payload: {error}"))?;
    let [Attachment { title, title_link, text }] = post.attachments.as_slice() else {
        return Err(format!("no_text: {} attachments", post.attachments.len()));
    };
    let (status, firing) = status(title).ok_or_else(|| format!("no status in the title `{title}`"))?;
    Ok(Message {
        receiver: Receiver::Channel(channel.to_owned()),
        status,
        firing,
        incident: None,
        text: format!("{title}\n{}\n{title_link}", text.trim()),
    })
}

/// From `[FIRING]`, `[FIRING:2]` or `[RESOLVED]`, as Alertmanager's own templates begin a title too.
fn status(title: &str) -> Option<(Status, Option<usize>)> {
    let (tag, _) = title.strip_prefix('[')?.split_once(']')?;
    match tag.split_once(':') {
        None if tag == "FIRING" => Some((Status::Firing, None)),
        None if tag == "RESOLVED" => Some((Status::Resolved, Some(0))),
        Some(("FIRING", count)) => Some((Status::Firing, Some(count.parse().ok()?))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn post(title: &str) -> Result<Message, String> {
        let attachment = json!({ "title": title, "title_link": "http://r#a", "text": "b\n", "fallback": "c", "mrkdwn_in": ["text"] });
        let post = json!({ "channel": "#another", "username": "x", "attachments": [attachment] });
        read("#operations", post.to_string().as_bytes())
    }

    #[test]
    fn a_webhook_is_known_by_its_path() {
        let mut webhooks = Webhooks::default();
        let operations = webhooks.hand_out("slack_operations_url").expect("it names a channel");
        let monitoring = webhooks.hand_out("slack_monitoring_url").expect("it names a channel");
        assert_ne!(operations, monitoring);
        assert_eq!(webhooks.hand_out("slack_operations_url").as_ref(), Ok(&operations));
        assert_eq!(webhooks.channel(&operations), Some("#operations"));
        assert_eq!(webhooks.channel(&monitoring), Some("#monitoring"));
        for path in ["", "/", "/services/T00000000/B00000000/", "/services/T00000000/B00000000/general"] {
            assert_eq!(webhooks.channel(path), None, "{path}");
        }
    }

    #[test]
    fn a_file_that_names_no_channel_gets_no_webhook() {
        for name in
            ["", "slack_url", "slack__url", "operations", "slack_operations", "slack_a/b_url", "slack_A_url"]
        {
            assert!(Webhooks::default().hand_out(name).is_err(), "{name}");
        }
    }

    #[test]
    fn a_post_is_understood_whatever_channel_it_asks_for() {
        let message = post("[FIRING:2] A").expect("it is in order");
        let expected = Message {
            receiver: Receiver::Channel("#operations".to_owned()),
            status: Status::Firing,
            firing: Some(2),
            incident: None,
            text: "[FIRING:2] A\nb\nhttp://r#a".to_owned(),
        };
        assert_eq!(message, expected);
        assert_eq!(post("[RESOLVED] A").expect("it is in order").status, Status::Resolved);
        assert_eq!(post("[FIRING] A").expect("it is in order").firing, None);
    }

    #[test]
    fn a_post_that_says_nothing_is_refused() {
        for title in ["A", "[A] B", "[FIRING:x] A", "FIRING"] {
            assert!(post(title).is_err(), "{title}");
        }
        assert!(read("#a", b"{\"text\": \"no attachment\"}").is_err());
        assert!(read("#a", b"[]").is_err());
    }
}
