//! The body of a request: what Slack says with it. One address may serve for everything, so only the body tells.

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use ring::digest;
use serde_json::{Map, Value};

use crate::slack::decode::{self, Envelope, string};

/// What a body says.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Said {
    /// Slack looks at the certificate. It does not sign this, and wants nothing but 200.
    SslCheck,
    /// Slack asks whether the address wants its events.
    Challenge(String),
    /// Slack holds events back because there were too many.
    RateLimited,
    /// Something to store or to answer.
    Envelope(Envelope),
}

/// Reads a body. Nothing is lost: what makes no sense is an event that cannot be decoded, which is set aside.
pub(super) fn read(content_type: &str, body: &[u8], retry_attempt: u64) -> Said {
    let envelope = |kind: &str, id: Option<String>, payload: Value| {
        Said::Envelope(Envelope {
            // A repeated delivery has the same body.
            id: id.unwrap_or_else(|| digest_of(body)),
            kind: kind.to_owned(),
            payload,
            retry_attempt,
            accepts_payload: true,
        })
    };
    if !is_form(content_type, body) {
        let payload = serde_json::from_slice(body).unwrap_or_else(|_| String::from_utf8_lossy(body).into());
        return match string(&payload, "type").as_deref() {
            Some("url_verification") => Said::Challenge(string(&payload, "challenge").unwrap_or_default()),
            Some("app_rate_limited") => Said::RateLimited,
            _ => envelope("events_api", decode::event_id(&payload), payload),
        };
    }
    let mut form = Map::new();
    for (key, value) in url::form_urlencoded::parse(body) {
        form.insert(key.into_owned(), Value::String(value.into_owned()));
    }
    let field = |name: &str| form.get(name).and_then(Value::as_str);
    if field("ssl_check") == Some("1") {
        return Said::SslCheck;
    }
    if let Some(text) = field("payload") {
        let payload = serde_json::from_str(text).unwrap_or_else(|_| text.into());
        return envelope("interactive", None, payload);
    }
    let kind = if form.contains_key("command") {
        "slash_commands"
    } else {
        "events_api"
    };
    envelope(kind, None, Value::Object(form))
}

fn is_form(content_type: &str, body: &[u8]) -> bool {
    let content_type = content_type.to_ascii_lowercase();
    if content_type.contains("json") {
        return false;
    }
    content_type.contains("x-www-form-urlencoded")
        || !matches!(body.trim_ascii_start().first(), None | Some(b'{' | b'[' | b'"'))
}

fn digest_of(body: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, body))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const FORM: &str = "application/x-www-form-urlencoded";
    const JSON: &str = "application/json; charset=utf-8";

    fn envelope(content_type: &str, body: &str) -> (String, Value) {
        match read(content_type, body.as_bytes(), 2) {
            Said::Envelope(envelope) => {
                assert_eq!(envelope.retry_attempt, 2);
                (envelope.kind, envelope.payload)
            }
            other => panic!("{body} is {other:?}"),
        }
    }

    #[test]
    fn the_body_tells_what_a_request_is() {
        let event = r#"{"type":"event_callback","event_id":"Ev1"}"#;
        for content_type in [JSON, "", "text/plain"] {
            assert_eq!(envelope(content_type, event).0, "events_api");
        }
        for content_type in [FORM, "", "Application/X-WWW-Form-Urlencoded; charset=utf-8"] {
            let (kind, payload) = envelope(content_type, "command=%2Fsignpost&text=a+%26+b");
            assert_eq!((kind.as_str(), &payload["text"]), ("slash_commands", &json!("a & b")));
            let (kind, payload) = envelope(content_type, "payload=%7B%22type%22%3A%22shortcut%22%7D");
            assert_eq!((kind.as_str(), &payload["type"]), ("interactive", &json!("shortcut")));
            assert_eq!(read(content_type, b"ssl_check=1&token=x", 0), Said::SslCheck);
        }
        let challenge = read(JSON, br#"{"type":"url_verification","challenge":"c"}"#, 0);
        assert_eq!(challenge, Said::Challenge("c".into()));
        assert_eq!(read(JSON, br#"{"type":"app_rate_limited"}"#, 0), Said::RateLimited);
    }

    #[test]
    fn what_makes_no_sense_is_kept() {
        for (content_type, body, kept) in [
            (JSON, "{\"event\":", json!("{\"event\":")),
            (JSON, "", json!("")),
            (JSON, "7", json!(7)),
            (FORM, "a=b", json!({"a": "b"})),
        ] {
            assert_eq!(envelope(content_type, body), ("events_api".to_owned(), kept));
        }
        assert_eq!(envelope(FORM, "payload=%7B"), ("interactive".to_owned(), json!("{")));
        let deep = "[".repeat(100_000);
        assert_eq!(envelope(JSON, &deep).1, json!(deep));
    }

    #[test]
    fn a_repeated_body_has_the_same_id_and_another_one_another() {
        let id = |body: &str| match read(JSON, body.as_bytes(), 0) {
            Said::Envelope(envelope) => envelope.id,
            other => panic!("{other:?}"),
        };
        assert_eq!(id("{}"), id("{}"));
        assert_ne!(id("{}"), id("{} "));
        assert_eq!(id(r#"{"event_id":"Ev1"}"#), "Ev1");
    }
}
