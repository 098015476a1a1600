//! Clicks and shortcuts, and the common parts of all interactions: the payload, its trigger, its response_url, and
//! waiting for the acknowledgement.

use std::sync::Arc;

use serde_json::{Map, Value, json};
use tokio::sync::oneshot;

use super::elements::{self, Wanted};
use super::{Call, Outcome};
use crate::delivery::dispatch;
use crate::model::Kind;
use crate::seed::TEAM;
use crate::state::{ResponseUrl, State, Trigger};
use crate::{Shared, api};

/// The bot's app: the default where a request names none.
pub(super) const DEFAULT_APP: &str = "A0SIGNPOST";

/// An interaction that was sent: its trigger id, and the channel for the acknowledgement.
pub(super) struct Sent {
    trigger_id: String,
    answer: oneshot::Receiver<Value>,
}

/// Clicks a button, select or checkbox of a message, a modal or the Home tab.
pub(super) async fn click(shared: &Arc<Shared>, call: &Call) -> Outcome {
    let text = |key: &str| call.params.text(key).filter(|text| !text.is_empty());
    let wanted = Wanted {
        action_id: text("action_id"),
        block_id: text("block_id"),
        label: text("text"),
    };
    let base = shared.url();
    let (sent, url) = match text("view_id") {
        Some(view_id) => shared.update(|state| click_in_view(state, call, &view_id, &wanted))?,
        None => shared.update(|state| click_in_message(state, call, &wanted, &base))?,
    };
    let mut told = acknowledged(shared, sent).await;
    if url.is_string() {
        told["url"] = url;
    }
    Ok(told)
}

fn click_in_message(state: &mut State, call: &Call, wanted: &Wanted, base: &str) -> Result<(Sent, Value), String> {
    let (channel, ts) = call.message(state)?;
    let user = call.caller.user_id().to_owned();
    let message = state.message(&channel, &ts).ok_or("the message is gone")?;
    let ephemeral = message.ephemeral_to.clone();
    if ephemeral.as_ref().is_some_and(|reader| *reader != user) {
        return Err("only the person who sees an ephemeral message can use it".to_owned());
    }
    let app_id = message
        .value
        .get("app_id")
        .and_then(Value::as_str)
        .ok_or("no app wrote this message, so nothing in it can be clicked")?
        .to_owned();
    let value = state.with_thread(&channel, message, false);
    let found = elements::find(&value, wanted)?;
    let thread = value["thread_ts"].as_str().map(str::to_owned);
    let key = (channel.clone(), ts.clone(), user);
    let mut typed = state.chosen.get(&key).cloned().unwrap_or_else(|| json!({}));
    elements::take_in(&value, &mut typed, call.given("state")?.as_ref())?;
    let action_ts = state.next_ts();
    let (action, now) = elements::used(&found, chosen(call, wanted, &found).as_ref(), &action_ts)?;
    if let Some(now) = now {
        typed[&found.block_id][found.element["action_id"].as_str().unwrap_or_default()] = now;
    }
    let values = elements::state_values(&value, &typed);
    state.chosen.insert(key, typed);

    let mut payload = interaction(state, call, &app_id, "block_actions", Some(&channel), None);
    let mut container = json!({"type": "message", "message_ts": ts});
    if let Some(attachment) = found.attachment {
        container["type"] = json!("message_attachment");
        container["attachment_id"] = attachment;
        container["is_app_unfurl"] = json!(false);
    }
    container["channel_id"] = json!(channel);
    container["is_ephemeral"] = json!(ephemeral.is_some());
    if let Some(thread) = &thread {
        container["thread_ts"] = json!(thread);
    }
    payload.insert("container".into(), container);
    if ephemeral.is_none() {
        // Slack does not keep ephemeral messages, so the payload holds none.
        payload.insert("message".into(), value);
    }
    payload.insert("state".into(), json!({"values": values}));
    payload.insert("actions".into(), json!([action]));
    let place = place(state, call, &app_id, &channel, Some(ts));
    payload.insert("response_url".into(), json!(response_url(state, place, base)));
    Ok((
        send(state, &app_id, "interactive", payload),
        found.element["url"].clone(),
    ))
}

/// The value that a click gives an element: the one in the request, or the option that it names by its label.
fn chosen(call: &Call, wanted: &Wanted, found: &elements::Found) -> Option<Value> {
    let label = wanted.label.as_deref();
    call.value().or_else(|| elements::option_called(&found.element, label?))
}

fn click_in_view(state: &mut State, call: &Call, view_id: &str, wanted: &Wanted) -> Result<(Sent, Value), String> {
    let mut view = super::modals::own_view(state, call, view_id)?;
    let found = elements::find(&view, wanted)?;
    let app_id = view["app_id"].as_str().unwrap_or(DEFAULT_APP).to_owned();
    let mut typed = view["state"]["values"].clone();
    elements::take_in(&view, &mut typed, call.given("values")?.as_ref())?;
    let action_ts = state.next_ts();
    let (action, now) = elements::used(&found, chosen(call, wanted, &found).as_ref(), &action_ts)?;
    if let Some(now) = now {
        typed[&found.block_id][found.element["action_id"].as_str().unwrap_or_default()] = now;
    }
    view["state"] = json!({"values": elements::state_values(&view, &typed)});
    state.views.insert(view_id.to_owned(), view.clone());
    let mut payload = interaction(state, call, &app_id, "block_actions", None, Some(view_id));
    payload.insert("container".into(), json!({"type": "view", "view_id": view_id}));
    payload.insert("view".into(), view);
    payload.insert("actions".into(), json!([action]));
    Ok((
        send(state, &app_id, "interactive", payload),
        found.element["url"].clone(),
    ))
}

/// Runs a message shortcut when the request names a message, else a global one.
pub(super) async fn shortcut(shared: &Arc<Shared>, call: &Call) -> Outcome {
    let base = shared.url();
    let callback_id = call.need("callback_id")?;
    let has_message = call
        .params
        .text("ts")
        .or_else(|| call.params.text("message_ts"))
        .is_some();
    let sent = shared.update(|state| {
        let app_id = app_offering(state, call, &callback_id, !has_message)?;
        let mut payload = if has_message {
            let (channel, ts) = call.message(state)?;
            let message = state.message(&channel, &ts).ok_or("the message is gone")?;
            if message.ephemeral_to.is_some() {
                return Err("ephemeral messages have no shortcuts".to_owned());
            }
            let value = state.with_thread(&channel, message, false);
            let mut payload = interaction(state, call, &app_id, "message_action", Some(&channel), None);
            let place = place(state, call, &app_id, &channel, Some(ts.clone()));
            payload.insert("response_url".into(), json!(response_url(state, place, &base)));
            payload.insert("message_ts".into(), json!(ts));
            payload.insert("message".into(), value);
            payload
        } else {
            interaction(state, call, &app_id, "shortcut", None, None)
        };
        payload.insert("callback_id".into(), json!(callback_id));
        payload.insert("action_ts".into(), json!(state.next_ts()));
        Ok::<_, String>(send(state, &app_id, "interactive", payload))
    })?;
    Ok(acknowledged(shared, sent).await)
}

fn app_offering(state: &State, call: &Call, callback_id: &str, is_global: bool) -> Result<String, String> {
    if let Some(app) = call.params.text("app") {
        return super::admin::app_called(state, &app);
    }
    let offers = |app: &&crate::App| {
        let mut shortcuts = app.features.shortcuts.iter();
        shortcuts.any(|one| one.callback_id == callback_id && one.is_global == is_global)
    };
    let kind = if is_global { "global" } else { "message" };
    let app = state.apps.iter().find(offers);
    app.map(|app| app.id.clone())
        .ok_or_else(|| format!("no app offers the {kind} shortcut {callback_id:?}"))
}

/// Builds the common part of every interaction's payload.
pub(super) fn interaction(
    state: &mut State,
    call: &Call,
    app_id: &str,
    kind: &str,
    channel: Option<&str>,
    view_id: Option<&str>,
) -> Map<String, Value> {
    let user_id = call.caller.user_id();
    let name = state.user(user_id).map(|user| user.name.clone());
    let team = state.team_of(user_id);
    let trigger_id = trigger(state, call, app_id, view_id);
    let mut payload = Map::new();
    payload.insert("type".into(), json!(kind));
    payload.insert("team".into(), json!({"id": TEAM, "domain": "sandbox"}));
    payload.insert(
        "user".into(),
        json!({"id": user_id, "username": name, "name": name, "team_id": team}),
    );
    payload.insert("api_app_id".into(), json!(app_id));
    payload.insert("token".into(), json!("sandbox-verification"));
    payload.insert("trigger_id".into(), json!(trigger_id));
    payload.insert("enterprise".into(), Value::Null);
    payload.insert("is_enterprise_install".into(), json!(false));
    if let Some(found) = channel.and_then(|id| state.channel(id)) {
        let name = shown_name(found.kind, &found.name);
        payload.insert("channel".into(), json!({"id": found.id, "name": name}));
    }
    payload
}

/// Returns the channel name that apps see: Slack replaces the names of direct messages and of private channels.
pub(super) fn shown_name(kind: Kind, name: &str) -> String {
    match kind {
        Kind::Direct => "directmessage".to_owned(),
        Kind::Private => "privategroup".to_owned(),
        Kind::Public => name.to_owned(),
    }
}

pub(super) fn trigger(state: &mut State, call: &Call, app_id: &str, view_id: Option<&str>) -> String {
    let id = format!("{}.{}", state.next_number(), state.next_id(""));
    let born = state.now();
    let trigger = Trigger {
        app_id: app_id.to_owned(),
        user_id: call.caller.user_id().to_owned(),
        client: call.params.text("client"),
        view_id: view_id.map(str::to_owned),
        born,
        is_used: false,
    };
    state
        .triggers
        .retain(|_, known| born.duration_since(known.born).as_secs() < 600);
    state.triggers.insert(id.clone(), trigger);
    id
}

pub(super) fn place(
    state: &State,
    call: &Call,
    app_id: &str,
    channel: &str,
    message_ts: Option<String>,
) -> ResponseUrl {
    ResponseUrl {
        app_id: app_id.to_owned(),
        user_id: call.caller.user_id().to_owned(),
        channel: channel.to_owned(),
        message_ts,
        born: state.now(),
        uses: 0,
    }
}

/// Registers a response_url and returns its address.
pub(super) fn response_url(state: &mut State, place: ResponseUrl, base: &str) -> String {
    let id = state.next_uuid();
    state.response_urls.insert(id.clone(), place);
    format!("{base}/actions/{id}")
}

pub(super) fn send(state: &mut State, app_id: &str, envelope_type: &'static str, payload: Map<String, Value>) -> Sent {
    let (sender, answer) = oneshot::channel();
    let trigger_id = payload
        .get("trigger_id")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    dispatch(state, app_id, envelope_type, &Value::Object(payload), Some(sender));
    Sent { trigger_id, answer }
}

/// Waits for the acknowledgement as long as Slack's client does.
pub(super) async fn acknowledged(shared: &Shared, sent: Sent) -> Value {
    let limit = shared.lock().options.patience;
    let answer = tokio::time::timeout(limit, sent.answer).await;
    let failure = match &answer {
        Err(_) => Some("operation_timeout"),
        Ok(Err(_)) => Some("dispatch_failed"),
        Ok(Ok(_)) => None,
    };
    let answer = answer.ok().and_then(Result::ok);
    let mut told = json!({"acknowledged": answer.is_some(), "trigger_id": sent.trigger_id, "response": answer});
    if let Some(failure) = failure {
        told["failure"] = json!(failure);
        told["warning"] = json!("the app did not respond in time");
    }
    told
}

/// Posts the message of an acknowledgement as the app's answer.
pub(super) fn post_answer(shared: &Arc<Shared>, place: &ResponseUrl, response: &Value) -> Result<(), String> {
    let params = api::Params::from_value(response);
    shared
        .update(|state| api::post_as_app(state, place, &params))
        .map(drop)
        .map_err(|error| error.code)
}
