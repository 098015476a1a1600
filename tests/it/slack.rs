//! Tests of `slack`: what comes in, what goes out.

use serde_json::{Value, json};
use signpost::slack::decode::{self, Event, Identity, Message};

mod alerts;
mod decoding;
mod desk;
mod files;
mod http_events;
mod inbound;
mod interactions;
mod outbound_filter;
mod rate_limiter;
mod socket;
mod stray_connections;
mod texts;
mod unverified;
mod web;

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
