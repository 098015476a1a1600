//! The body of a verified request. One address may serve for all kinds of requests, so only the body tells them apart.

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use ring::digest;
use serde_json::{Map, Value};

use crate::slack::decode::{self, Envelope, string};

/// The content of a body.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Said {
    /// Slack's check of the certificate. It is not signed, and needs nothing but 200.
    SslCheck,
    /// Slack's question whether the address wants its events.
    Challenge(String),
    /// Slack's notice that it holds events back because there were too many.
    RateLimited,
    /// An event to store, or an interaction to answer.
    Envelope(Envelope),
}

/// Returns true when an unsigned body of this type is worth reading: Slack's check of the certificate is a form.
pub(super) fn may_be_ssl_check(content_type: &str) -> bool {
    content_type.to_ascii_lowercase().contains("x-www-form-urlencoded")
}

/// Returns true when a body is Slack's check of the certificate, which is not signed.
pub(super) fn is_ssl_check(content_type: &str, body: &[u8]) -> bool {
    is_form(content_type, body)
        && url::form_urlencoded::parse(body).any(|pair| pair == ("ssl_check".into(), "1".into()))
}

/// Reads a body that was signed at `timestamp`. Nothing is lost: a body that makes no sense becomes an event that
/// cannot be decoded, which is set aside.
pub(super) fn read(content_type: &str, body: &[u8], timestamp: &str, retry_attempt: u64) -> Said {
    let envelope = |kind: &str, id: Option<String>, payload: Value| {
        Said::Envelope(Envelope {
            // Another delivery of an event has the same body at another time. Two interactions may have the same body,
            // and only a replay has the same time as well.
            id: id.unwrap_or_else(|| match kind {
                "events_api" => digest_of(&[body]),
                _ => digest_of(&[timestamp.as_bytes(), b":", body]),
            }),
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

fn digest_of(parts: &[&[u8]]) -> String {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in parts {
        context.update(part);
    }
    BASE64_URL_SAFE_NO_PAD.encode(context.finish())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const NOW: &str = "1700000000";
    const FORM: &str = "application/x-www-form-urlencoded";
    const JSON: &str = "application/json; charset=utf-8";

    fn envelope(content_type: &str, body: &str) -> (String, Value) {
        match read(content_type, body.as_bytes(), NOW, 2) {
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
            assert_eq!(read(content_type, b"ssl_check=1&token=x", NOW, 0), Said::SslCheck);
            assert!(is_ssl_check(content_type, b"ssl_check=1&token=x"));
            assert!(!is_ssl_check(content_type, b"ssl_check=0&token=x"));
        }
        let challenge = read(JSON, br#"{"type":"url_verification","challenge":"c"}"#, NOW, 0);
        assert_eq!(challenge, Said::Challenge("c".into()));
        assert_eq!(read(JSON, br#"{"type":"app_rate_limited"}"#, NOW, 0), Said::RateLimited);
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
        let read = |kind: &str, body: &str, timestamp: &str| match read(kind, body.as_bytes(), timestamp, 0) {
            Said::Envelope(envelope) => envelope.id,
            other => panic!("{other:?}"),
        };
        let id = |body: &str| read(JSON, body, NOW);
        assert_eq!(id("{}"), id("{}"));
        assert_ne!(id("{}"), id("{} "));
        assert_eq!(id(r#"{"event_id":"Ev1"}"#), "Ev1");
        assert_eq!(id("{}"), read(JSON, "{}", "1700000001"), "Slack redelivered an event");
        let command = "command=%2Fsignpost&text=help";
        assert_eq!(read(FORM, command, NOW), read(FORM, command, NOW));
        assert_ne!(
            read(FORM, command, NOW),
            read(FORM, command, "1700000001"),
            "somebody types it again"
        );
    }
}
