//! Decoding keeps the text, loses nothing and never panics.

use std::path::PathBuf;

use serde_json::{Value, json};
use signpost::slack::decode::{self, Event, Frame, Interaction};

use super::{event, message, us};

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

#[test]
fn a_deletion_tells_of_its_thread_as_far_as_slack_does() {
    let deleted = |fields: Value| {
        let mut whole = json!({"type": "message", "subtype": "message_deleted", "channel": "C1", "deleted_ts": "1.0"});
        for (key, value) in fields.as_object().unwrap() {
            whole[key] = value.clone();
        }
        match event(&whole) {
            Event::Deleted {
                message,
                thread_ts,
                root,
                author,
            } => {
                assert_eq!(message, "T1:C1:1.0");
                (thread_ts.unwrap_or_default(), root, author.unwrap_or_default())
            }
            other => panic!("{whole} is {other:?}"),
        }
    };
    let previous = |fields: Value| deleted(json!({"previous_message": fields}));
    let told = |thread: &str, root, author: &str| (thread.to_owned(), root, author.to_owned());
    assert_eq!(previous(json!({"ts": "1.0", "user": "U1"})), told("", Some(true), "U1"));
    assert_eq!(
        previous(json!({"ts": "1.0", "thread_ts": "1.0", "bot_id": "B1"})),
        told("1.0", Some(true), "B1")
    );
    assert_eq!(
        previous(json!({"ts": "1.0", "thread_ts": "0.5", "user": "U1"})),
        told("0.5", Some(false), "U1")
    );
    assert_eq!(previous(json!([])), told("", None, ""));
    let tombstone = json!({"subtype": "message_changed", "deleted_ts": null, "previous_message": {"user": "U1"},
        "message": {"subtype": "tombstone", "ts": "1.0", "thread_ts": "1.0", "user": "USLACKBOT"}});
    assert_eq!(deleted(tombstone), told("1.0", Some(true), "U1"));
}

#[test]
fn an_edit_brings_what_stood_there_before() {
    let changed = |message: Value, previous: Value| {
        event(
            &json!({"type": "message", "subtype": "message_changed", "channel": "C1", "ts": "9.0", "event_ts": "9.5",
            "message": message, "previous_message": previous}),
        )
    };
    let edit = |fields: Value, previous: Value| match changed(fields, previous) {
        Event::Message(message) => (message.text, message.previous_text, message.edited_ts),
        other => panic!("{other:?}"),
    };
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(
        edit(
            json!({"ts": "1.0", "text": "never mind", "edited": {"ts": "2.0"}}),
            json!({"ts": "1.0", "text": "E0003 again"})
        ),
        ("never mind".to_owned(), text("E0003 again"), text("2.0"))
    );
    // Bots update their messages without a mark: the event's own time tells the versions apart.
    let alert = |state: &str| json!({"ts": "1.0", "bot_id": "B1", "text": "", "attachments": [{"text": state}]});
    assert_eq!(
        edit(alert("over"), alert("on fire")),
        ("over".to_owned(), text("on fire"), text("9.5"))
    );
    // A preview of a link changes nothing, whoever wrote the message.
    let with_preview = json!({"ts": "1.0", "bot_id": "B1", "text": "",
        "attachments": [{"text": "on fire"}, {"from_url": "https://x", "text": "a page"}]});
    assert!(matches!(changed(with_preview, alert("on fire")), Event::Ignored { .. }));
}

#[test]
fn the_home_tab_is_opened_by_somebody() {
    let opened = |fields: Value| {
        let mut whole = json!({"type": "app_home_opened", "channel": "D1"});
        for (key, value) in fields.as_object().unwrap() {
            whole[key] = value.clone();
        }
        event(&whole)
    };
    let home = |tab: &str| Event::HomeOpened {
        user: "U1".into(),
        tab: tab.into(),
    };
    assert_eq!(opened(json!({"user": "U1", "tab": "messages"})), home("messages"));
    assert_eq!(opened(json!({"user": "U1"})), home("home"));
    assert!(matches!(opened(json!({})), Event::Odd { .. }));
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
        if value.get("type").is_some() && value.get("event").is_none() {
            interaction_keeps_its_text(&value);
        }
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

/// What people did: whatever the message, the inputs and the command say is in what was read.
fn interaction_keeps_its_text(payload: &Value) {
    let envelope = decode::Envelope {
        id: "E1".to_owned(),
        kind: "interactive".to_owned(),
        payload: payload.clone(),
        retry_attempt: 0,
        accepts_payload: true,
    };
    let interaction = decode::interaction(&envelope, &us());
    let shown = format!("{interaction:?}");
    let said = payload["message"]["text"].as_str().into_iter();
    let values = payload["view"]["state"]["values"].as_object().into_iter().flatten();
    let typed = values
        .filter_map(|(_, inputs)| inputs.as_object())
        .flat_map(|inputs| inputs.values())
        .filter_map(|input| input["value"].as_str());
    if matches!(interaction, Interaction::Unknown { .. }) {
        return;
    }
    for text in said.chain(typed) {
        let debug = format!("{text:?}");
        assert!(shown.contains(debug.trim_matches('"')), "{text:?} is lost in {shown}");
    }
}
