//! Decoding keeps the text, loses nothing and never panics.

use std::path::PathBuf;

use serde_json::{Value, json};
use signpost::slack::decode::{self, Event, Frame, Identity, Message};

fn us() -> Identity {
    Identity {
        team_id: "T1".into(),
        enterprise_id: None,
        user_id: "U0BOT".into(),
        bot_id: Some("B0BOT".into()),
    }
}

fn event(event: &Value) -> Event {
    decode::event(
        &json!({"type": "event_callback", "team_id": "T1", "event_id": "Ev1", "event": event}),
        &us(),
    )
}

fn message(fields: &Value) -> Message {
    let mut whole = json!({"type": "message", "channel": "C1", "ts": "1.0", "user": "U1"});
    for (key, value) in fields.as_object().unwrap() {
        whole[key] = value.clone();
    }
    match event(&whole) {
        Event::Message(message) => *message,
        other => panic!("{whole} is {other:?}"),
    }
}

#[test]
fn frames_are_told_apart() {
    let hello = decode::frame(r#"{"type":"hello","num_connections":2,"connection_info":{"app_id":"A1"}}"#);
    assert_eq!(
        hello,
        Some(Frame::Hello {
            num_connections: Some(2)
        })
    );
    let disconnect = decode::frame(r#"{"type":"disconnect","reason":"warning"}"#);
    assert_eq!(
        disconnect,
        Some(Frame::Disconnect {
            reason: "warning".into()
        })
    );
    let Some(Frame::Envelope(envelope)) =
        decode::frame(r#"{"envelope_id":"e1","type":"events_api","payload":{"a":1},"retry_attempt":2}"#)
    else {
        panic!("no envelope")
    };
    assert_eq!(
        (envelope.id.as_str(), envelope.kind.as_str(), envelope.retry_attempt),
        ("e1", "events_api", 2)
    );
    assert_eq!(decode::frame(r#"{"type":"pong"}"#), Some(Frame::Unknown));
    for garbage in ["", "\0\u{1}", "[1]", "\"text\"", "{", "nul", "{\"envelope_id\":"] {
        assert_eq!(decode::frame(garbage), None, "{garbage:?}");
    }
    assert_eq!(
        decode::frame(&"[".repeat(100_000)),
        None,
        "deep nesting is refused, not followed"
    );
}

#[test]
fn text_is_found_wherever_it_stands() {
    let cases = [
        (json!({"text": "plain &lt;ID&gt;"}), "plain &lt;ID&gt;"),
        (
            json!({"text": "hi", "blocks": [{"type": "rich_text", "elements": []}], "attachments": [{"text": "a preview of a link"}]}),
            "hi",
        ),
        (
            json!({"text": "", "blocks": [{"type": "rich_text", "elements": [
                {"type": "rich_text_section", "elements": [{"type": "text", "text": "see "}, {"type": "link", "url": "https://x", "text": "x"}]},
                {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "E0003 <ID> &amp; more"}]},
                {"type": "rich_text_list", "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "one", "style": {"code": true}}]}]},
            ]}]}),
            "see <https://x|x>\n```\nE0003 &lt;ID&gt; &amp; more\n```\n• `one`",
        ),
        (
            json!({"bot_id": "B1", "text": "Alert", "attachments": [{"title": "Down", "text": "since 3", "fields": [{"title": "code", "value": 7}]}]}),
            "Alert\nDown\nsince 3\ncode: 7",
        ),
        (
            json!({"bot_id": "B1", "text": "", "attachments": [{"fallback": "only this"}]}),
            "only this",
        ),
        (
            json!({"bot_id": "B1", "text": "Alert", "blocks": [{"type": "header", "text": {"type": "plain_text", "text": "Alert"}}, {"type": "section", "text": {"type": "mrkdwn", "text": "it is *down*"}, "fields": [{"type": "mrkdwn", "text": "field"}]}]}),
            "Alert\nit is *down*\nfield",
        ),
        (
            json!({"subtype": "file_share", "text": "log:", "files": [{"mode": "snippet", "preview": "a < b"}]}),
            "log:\n```\na &lt; b\n```",
        ),
        (json!({"subtype": "thread_broadcast", "text": "broadcast"}), "broadcast"),
        (
            json!({"text": "odd", "metadata": {"event_type": 1, "event_payload": {"n": 1}}, "files": [{"url_private": ""}], "attachments": [{"fields": 3}]}),
            "odd",
        ),
        (json!({"text": 12}), "12"),
        (json!({"text": null}), ""),
    ];
    for (fields, expected) in cases {
        assert_eq!(message(&fields).text, expected, "{fields}");
    }
}

#[test]
fn mentions_and_direct_messages_are_seen() {
    assert!(message(&json!({"text": "<@U0BOT> help"})).mentioned);
    assert!(message(&json!({"text": "<@U0BOT|signpost> help"})).mentioned);
    assert!(message(&json!({"type": "app_mention", "text": "help"})).mentioned);
    assert!(!message(&json!({"text": "<@U0BOTTLE> help U0BOT"})).mentioned);
    assert!(message(&json!({"channel": "D1"})).direct);
    assert!(message(&json!({"channel_type": "im"})).direct);
    assert!(!message(&json!({"channel_type": "group"})).direct);
}

#[test]
fn the_key_is_the_same_whatever_brought_the_message() {
    let plain = message(&json!({"text": "<@U0BOT> x"}));
    assert_eq!(
        plain.key(),
        message(&json!({"type": "app_mention", "text": "<@U0BOT> x"})).key()
    );
    let edited = event(
        &json!({"type": "message", "subtype": "message_changed", "channel": "C1", "ts": "9.0",
        "message": {"ts": "1.0", "text": "new", "edited": {"ts": "2.0"}}, "previous_message": {"ts": "1.0", "text": "old"}}),
    );
    let Event::Message(edited) = edited else {
        panic!("{edited:?}")
    };
    assert_eq!(
        (edited.id(), edited.ts.as_str(), edited.text.as_str()),
        (plain.id(), "1.0", "new")
    );
    assert_ne!(edited.key(), plain.key());
}

#[test]
fn what_is_no_message_to_answer_is_left_alone() {
    let same = json!({"type": "message", "subtype": "message_changed", "channel": "C1", "ts": "9.0",
        "message": {"ts": "1.0", "text": "same", "edited": {"ts": "2.0"}, "attachments": [{"from_url": "https://x"}]},
        "previous_message": {"ts": "1.0", "text": "same"}});
    let unfurled = json!({"type": "message", "subtype": "message_changed", "channel": "C1",
        "message": {"ts": "1.0", "text": "same"}, "previous_message": [1]});
    for ignored in [
        same,
        unfurled,
        json!({"type": "message", "subtype": "channel_join"}),
        json!({"type": "reaction_added"}),
    ] {
        assert!(matches!(event(&ignored), Event::Ignored { .. }), "{ignored}");
    }
    for odd in [
        json!({"type": "message"}),
        json!({"type": "message", "channel": "C1"}),
        json!({}),
        json!(3),
    ] {
        assert!(matches!(event(&odd), Event::Odd { .. }), "{odd}");
    }
    let gone = json!({"type": "message", "subtype": "message_deleted", "channel": "C1", "deleted_ts": "1.0"});
    assert_eq!(
        event(&gone),
        Event::Deleted {
            message: "T1:C1:1.0".into(),
            thread_ts: None,
            root: None,
            author: None,
        }
    );
}

/// Recorded payloads: none panics, none loses its text.
#[test]
fn every_recorded_payload_decodes_or_is_set_aside() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/slack-payloads");
    let Ok(entries) = std::fs::read_dir(&folder) else {
        println!("SKIPPED: recorded payloads are not at {}", folder.display());
        return;
    };
    let mut messages = 0;
    for entry in entries {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let raw = std::fs::read_to_string(&path).unwrap();
        let _ = decode::frame(&raw);
        let Ok(value) = serde_json::from_str::<Value>(&raw) else {
            continue;
        };
        let payload = value
            .get("payload")
            .filter(|payload| payload.is_object())
            .unwrap_or(&value);
        let wrapped = json!({"team_id": "T1", "event": payload});
        let payload = if payload.get("event").is_some() {
            payload
        } else {
            &wrapped
        };
        let raw_event = payload.get("event").unwrap();
        if let Event::Message(message) = decode::event(payload, &us()) {
            messages += 1;
            let inner = raw_event.get("message").unwrap_or(raw_event);
            let text = inner.get("text").and_then(Value::as_str).unwrap_or_default();
            assert!(
                message.text.contains(text),
                "{}: {text:?} is lost in {:?}",
                path.display(),
                message.text
            );
        }
    }
    assert!(messages >= 20, "only {messages} messages were read");
}
