//! `/sandbox/faults`: injects faults.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State as Shares;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::faults::Fault;
use crate::seed::SIGNPOST;
use crate::server::problem;
use crate::state::State;
use crate::{Shared, events, socket};

const KINDS: &str = "429, 5xx, error, invalid_blocks, slow, break, html, trickle, drop_ack, duplicate, forged, stale, \
    disconnect, unfurl";

pub(super) async fn post(Shares(shared): Shares<Arc<Shared>>, body: Bytes) -> Response {
    let given: Value = match serde_json::from_slice(&body) {
        Ok(given) => given,
        Err(error) => return problem(StatusCode::BAD_REQUEST, &format!("a fault is a JSON object: {error}")),
    };
    let faults = match &given {
        Value::Array(faults) => faults.clone(),
        Value::Object(object) if object.get("faults").is_some_and(Value::is_array) => object
            .get("faults")
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default(),
        _ => vec![given],
    };
    for fault in &faults {
        if let Err(sentence) = add(&shared, fault) {
            return problem(StatusCode::BAD_REQUEST, &sentence);
        }
    }
    list(Shares(shared)).await.into_response()
}

pub(super) async fn list(Shares(shared): Shares<Arc<Shared>>) -> Json<Value> {
    let faults: Vec<Value> = shared.lock().faults.iter().map(Fault::to_json).collect();
    Json(json!({"ok": true, "faults": faults}))
}

pub(super) async fn clear(Shares(shared): Shares<Arc<Shared>>) -> Json<Value> {
    shared.update(|state| state.faults.clear());
    list(Shares(shared)).await
}

/// Adds a fault, or applies it at once if its kind is immediate.
pub(crate) fn add(shared: &Arc<Shared>, given: &Value) -> Result<(), String> {
    if given["clear"].as_bool() == Some(true) {
        shared.update(|state| state.faults.clear());
        return Ok(());
    }
    let kind = ["kind", "fault", "type"].iter().find_map(|key| match &given[*key] {
        Value::String(text) => Some(text.to_lowercase()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    });
    let kind = kind.ok_or_else(|| format!("`kind` is missing; it is one of {KINDS}"))?;
    let app = given["app"]
        .as_str()
        .map_or_else(|| Ok(None), |name| app_id(shared, name).map(Some))?;
    if let Some(mut fault) = Fault::parse(&kind, given)? {
        fault.app_id = app;
        if let Some(name) = &fault.channel {
            let known = shared.lock().channel(name).map(|channel| channel.id.clone());
            // The channel need not exist: an app may have been given a wrong id.
            fault.channel = known.or_else(|| fault.channel.clone());
        }
        if fault.times != Some(0) {
            shared.update(|state| state.faults.push(fault));
        }
        return Ok(());
    }
    match kind.as_str() {
        "disconnect" => shared.update(|state| disconnect(state, app.as_deref(), given)),
        "unfurl" => shared.update(|state| unfurl(state, given)),
        _ => Err(format!("the fault {kind:?} is not known; it is one of {KINDS}")),
    }
}

fn app_id(shared: &Shared, name: &str) -> Result<String, String> {
    let state = shared.lock();
    let is_named = |id: &str, shown: &str, token: &str| id == name || shown.eq_ignore_ascii_case(name) || token == name;
    let found = state
        .apps
        .iter()
        .find(|app| is_named(&app.id, &app.name, &app.token) || app.user_id == name);
    found
        .map(|app| app.id.clone())
        .ok_or_else(|| format!("there is no app {name:?}"))
}

fn disconnect(state: &mut State, app: Option<&str>, given: &Value) -> Result<(), String> {
    let reason = given["reason"]
        .as_str()
        .filter(|reason| !matches!(*reason, "" | "none"));
    let known = ["warning", "refresh_requested", "link_disabled", "too_many_websockets"];
    if let Some(reason) = reason.filter(|reason| !known.contains(reason)) {
        return Err(format!("the reason {reason:?} is not one of {}", known.join(", ")));
    }
    let default = match reason {
        Some("warning" | "refresh_requested") => 10_000,
        _ => 0,
    };
    let grace = Duration::from_millis(given["grace_ms"].as_u64().unwrap_or(default).min(600_000));
    let first = given["only_first"].as_bool().unwrap_or(false);
    let ours = state
        .apps
        .iter()
        .find(|app| app.user_id == SIGNPOST)
        .map(|app| app.id.clone());
    let app = app.map(str::to_owned).or(ours).unwrap_or_default();
    socket::take_away(state, &app, reason, grace, first);
    Ok(())
}

/// Unfurls a link: sends a change of the message with the same text and an attachment.
fn unfurl(state: &mut State, given: &Value) -> Result<(), String> {
    let (channel, ts) = (
        given["channel"].as_str().unwrap_or_default(),
        given["ts"].as_str().unwrap_or_default(),
    );
    let id = state
        .channel(channel)
        .map(|channel| channel.id.clone())
        .ok_or("`channel` is missing or not known")?;
    let found = state.channel_mut(&id).and_then(|channel| channel.messages.get_mut(ts));
    let message = found.ok_or_else(|| format!("there is no message {ts:?} in {channel:?}"))?;
    let previous = message.value.clone();
    let preview = json!([{"id": 1, "title": "A page", "from_url": "https://example.com/", "fallback": "A page"}]);
    message.value.insert("attachments".into(), preview);
    events::message_changed(state, &id, ts, &previous);
    Ok(())
}
