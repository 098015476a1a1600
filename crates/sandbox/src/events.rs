//! Events for the apps in a channel, in Slack's format.

use serde_json::{Map, Value, json};

use super::delivery::dispatch;
use super::model::Kind;
use super::seed::TEAM;
use super::state::State;

/// Sends a new message to the apps in `channel`; a mentioned app gets a second event, with an event id of its own.
pub(crate) fn message_posted(state: &mut State, channel: &str, ts: &str) {
    let Some(message) = state.message(channel, ts) else {
        return;
    };
    let mut event = message.value.clone();
    if let Some(metadata) = &message.metadata {
        event.insert("metadata".into(), metadata.clone());
    }
    let text = message.text().to_owned();
    complete(state, channel, ts, &mut event);
    let apps = apps_in(state, channel);
    let is_direct = state.channel(channel).is_some_and(|found| found.kind == Kind::Direct);
    for (app_id, bot_user) in apps {
        emit(state, &app_id, channel, &event);
        if !is_direct && text.contains(&format!("<@{bot_user}>")) {
            let mut mention = event.clone();
            mention.insert("type".into(), json!("app_mention"));
            mention.remove("channel_type");
            mention.remove("subtype");
            emit(state, &app_id, channel, &mention);
        }
    }
    state.tell_page_of(channel, ts);
}

/// Sends an edit (or an unfurl, which changes no text). `previous` is the message before the change.
pub(crate) fn message_changed(state: &mut State, channel: &str, ts: &str, previous: &Map<String, Value>) {
    let Some(message) = state.message(channel, ts) else {
        return;
    };
    let mut event = Map::new();
    event.insert("type".into(), json!("message"));
    event.insert("subtype".into(), json!("message_changed"));
    event.insert("hidden".into(), json!(true));
    event.insert("message".into(), message.to_json(true));
    event.insert("previous_message".into(), Value::Object(previous.clone()));
    hidden(state, channel, event);
    state.tell_page_of(channel, ts);
}

/// Sends the deletion of a message.
pub(crate) fn message_deleted(state: &mut State, channel: &str, ts: &str, previous: &Map<String, Value>) {
    let mut event = Map::new();
    event.insert("type".into(), json!("message"));
    event.insert("subtype".into(), json!("message_deleted"));
    event.insert("hidden".into(), json!(true));
    event.insert("deleted_ts".into(), json!(ts));
    event.insert("previous_message".into(), Value::Object(previous.clone()));
    hidden(state, channel, event);
    state.tell_page(json!({"type": "deleted", "channel": channel, "ts": ts}));
}

/// Sends an event to one app.
pub(super) fn to_app(state: &mut State, app_id: &str, channel: &str, event: &Map<String, Value>) {
    if state.app(app_id).is_some_and(super::model::App::hears_events) {
        emit(state, app_id, channel, event);
    }
}

/// Sends any other event of a channel.
pub(crate) fn other(state: &mut State, channel: &str, event: &Map<String, Value>) {
    for (app_id, _) in apps_in(state, channel) {
        emit(state, &app_id, channel, event);
    }
}

fn hidden(state: &mut State, channel: &str, mut event: Map<String, Value>) {
    let ts = state.next_ts();
    event.insert("ts".into(), json!(ts));
    complete(state, channel, &ts, &mut event);
    other(state, channel, &event);
}

fn complete(state: &State, channel: &str, event_ts: &str, event: &mut Map<String, Value>) {
    event.insert("channel".into(), json!(channel));
    event.insert("event_ts".into(), json!(event_ts));
    let kind = state
        .channel(channel)
        .map_or("channel", super::model::Channel::channel_type);
    event.insert("channel_type".into(), json!(kind));
}

fn apps_in(state: &State, channel: &str) -> Vec<(String, String)> {
    let Some(channel) = state.channel(channel) else {
        return Vec::new();
    };
    let apps = state
        .apps
        .iter()
        .filter(|app| channel.has(&app.user_id) && app.hears_events());
    apps.map(|app| (app.id.clone(), app.user_id.clone())).collect()
}

fn emit(state: &mut State, app_id: &str, channel: &str, event: &Map<String, Value>) {
    let (event_id, seconds) = (state.next_id("Ev"), state.now().as_second());
    let Some(app) = state.app(app_id) else { return };
    let is_shared = state.channel(channel).is_some_and(|found| found.is_shared);
    let kind = event.get("type").and_then(Value::as_str).unwrap_or("message");
    let payload = json!({
        "token": "sandbox-verification",
        "team_id": TEAM,
        "context_team_id": TEAM,
        "context_enterprise_id": null,
        "api_app_id": app_id,
        "event": event,
        "type": "event_callback",
        "event_id": event_id,
        "event_time": seconds,
        "authorizations": [{
            "enterprise_id": null,
            "team_id": TEAM,
            "user_id": app.user_id,
            "is_bot": true,
            "is_enterprise_install": false,
        }],
        "is_ext_shared_channel": is_shared,
        "event_context": format!("4-{kind}-{TEAM}-{app_id}-{channel}"),
    });
    dispatch(state, app_id, "events_api", &payload, None);
}
