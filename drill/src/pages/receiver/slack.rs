//! Slack's incoming webhooks, as far as Alertmanager uses them.

use crate::pages::notification::{Message, Receiver, Status};
use serde::Deserialize;

pub(super) const PATH: &str = "/services/T00000000/B00000000/foreshock";

#[derive(Deserialize)]
struct Post {
    channel: String,
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

/// What a message says, or why the service would refuse it, or nobody would understand it.
pub(super) fn read(body: &[u8]) -> Result<Message, String> {
    let post: Post = serde_json::from_slice(body).map_err(|error| format!("invalid_payload: {error}"))?;
    let [Attachment { title, title_link, text }] = post.attachments.as_slice() else {
        return Err(format!("no_text: {} attachments", post.attachments.len()));
    };
    let (status, firing) = status(title).ok_or_else(|| format!("no status in the title `{title}`"))?;
    Ok(Message {
        receiver: Receiver::Channel(post.channel),
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
        read(
            json!({ "channel": "#operations", "username": "x", "attachments": [attachment] })
                .to_string()
                .as_bytes(),
        )
    }

    #[test]
    fn a_post_is_understood() {
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
        assert!(read(b"{\"channel\": \"#a\", \"text\": \"no attachment\"}").is_err());
        assert!(read(b"[]").is_err());
    }
}
