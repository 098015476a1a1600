//! Clicks, submitted views, slash commands and shortcuts: sent to the app, and what its acknowledgement says.

use std::sync::Arc;

use serde_json::{Map, Value, json};
use tokio::sync::oneshot;

use super::{Call, Outcome};
use crate::sandbox::delivery::dispatch;
use crate::sandbox::seed::TEAM;
use crate::sandbox::state::{ResponseUrl, State, Trigger};
use crate::sandbox::{Shared, api};

/// The bot's app, for what names no other.
const DEFAULT_APP: &str = "A0SIGNPOST";

/// What was sent: to whom, under which trigger, and where the acknowledgement arrives.
struct Sent {
    trigger_id: String,
    answer: oneshot::Receiver<Value>,
}

pub(super) async fn click(shared: &Arc<Shared>, call: &Call) -> Outcome {
    let base = shared.url();
    let (sent, url) = shared.update(|state| {
        let (channel, ts) = call.message(state)?;
        let (app_id, value) = {
            let message = state.message(&channel, &ts).ok_or("the message is gone")?;
            let app = message
                .value
                .get("app_id")
                .and_then(Value::as_str)
                .unwrap_or(DEFAULT_APP);
            (app.to_owned(), state.with_thread(&channel, message, false))
        };
        let element = find_element(&value["blocks"], &call.params)?;
        let thread = value["thread_ts"].as_str().map(str::to_owned);
        let mut payload = interaction(state, call, &app_id, "block_actions", Some((&channel, &base)));
        let mut container = json!({
            "type": "message", "message_ts": ts, "channel_id": channel,
            "is_ephemeral": value.get("ephemeral_to").is_some(),
        });
        if let Some(thread) = &thread {
            container["thread_ts"] = json!(thread);
        }
        let mut action = element.clone();
        action["action_ts"] = json!(state.next_ts());
        if let Some(chosen) = call.params.text("value") {
            action["selected_option"] = json!({"text": {"type": "plain_text", "text": chosen}, "value": chosen});
        }
        payload.insert("container".into(), container);
        payload.insert("message".into(), value);
        payload.insert("state".into(), json!({"values": {}}));
        payload.insert("actions".into(), json!([action]));
        let response_url = response_url(state, call, &app_id, &channel, Some(ts), thread, &base);
        payload.insert("response_url".into(), json!(response_url));
        let sent = send(state, &app_id, "interactive", payload);
        Ok::<_, String>((sent, element["url"].clone()))
    })?;
    let mut told = acknowledged(shared, sent).await;
    if url.is_string() {
        told["url"] = url;
    }
    Ok(told)
}

fn find_element(blocks: &Value, params: &api::Params) -> Result<Value, String> {
    let wanted = |key: &str| params.text(key).filter(|text| !text.is_empty());
    let (action, block_id, label) = (wanted("action_id"), wanted("block_id"), wanted("text"));
    if action.is_none() && label.is_none() {
        return Err("`action_id` is missing (or `text`: what stands on the button)".to_owned());
    }
    let mut known = Vec::new();
    for block in blocks.as_array().into_iter().flatten() {
        let inside = block["elements"]
            .as_array()
            .into_iter()
            .flatten()
            .chain(Some(&block["accessory"]));
        for element in inside.filter(|element| element["type"] == "button" || !element["action_id"].is_null()) {
            let is_action = action.as_deref().is_none_or(|wanted| element["action_id"] == wanted);
            let is_block = block_id.as_deref().is_none_or(|wanted| block["block_id"] == wanted);
            let is_label = label.as_deref().is_none_or(|wanted| element["text"]["text"] == wanted);
            if is_action && is_block && is_label {
                let mut element = element.clone();
                element["block_id"] = block["block_id"].clone();
                return Ok(element);
            }
            known.push(element["action_id"].as_str().unwrap_or_default().to_owned());
        }
    }
    Err(format!("the message has no such button; it has: {}", known.join(", ")))
}

pub(super) async fn submit(shared: &Arc<Shared>, call: &Call) -> Outcome {
    let view_id = call.need("view_id")?;
    let given = call
        .params
        .structure("values", "")
        .map_err(|_| "`values` is an object".to_owned())?;
    let is_closed = call.params.flag("close");
    let sent = shared.update(|state| {
        let mut view = state
            .views
            .get(&view_id)
            .cloned()
            .ok_or_else(|| format!("there is no view {view_id:?}"))?;
        let app_id = view["app_id"].as_str().unwrap_or(DEFAULT_APP).to_owned();
        view["state"] = json!({"values": answers(&view, given.as_ref())});
        let kind = if is_closed { "view_closed" } else { "view_submission" };
        let mut payload = interaction(state, call, &app_id, kind, None);
        payload.insert("view".into(), view);
        if is_closed {
            payload.insert("is_cleared".into(), json!(false));
        } else {
            payload.insert("response_urls".into(), json!([]));
        }
        Ok::<_, String>(send(state, &app_id, "interactive", payload))
    })?;
    let told = acknowledged(shared, sent).await;
    shared.update(|state| after_submit(state, &view_id, &told, is_closed));
    Ok(told)
}

/// Gives plain values the shape that the view's elements have in Slack.
fn answers(view: &Value, given: Option<&Value>) -> Value {
    let mut values = Map::new();
    for block in view["blocks"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|block| block["type"] == "input")
    {
        let (block_id, element) = (block["block_id"].as_str().unwrap_or_default(), &block["element"]);
        let action_id = element["action_id"].as_str().unwrap_or_default();
        let value = given
            .map(|given| given[block_id][action_id].clone())
            .unwrap_or_default();
        let kind = element["type"].clone();
        let answer = match (&value, kind.as_str().unwrap_or_default()) {
            (Value::Object(_), _) => value,
            (_, "static_select" | "radio_buttons") if value.is_string() => {
                json!({"type": kind, "selected_option": {"text": {"type": "plain_text", "text": value}, "value": value}})
            }
            (_, "static_select" | "radio_buttons") => json!({"type": kind, "selected_option": null}),
            _ => json!({"type": kind, "value": value}),
        };
        values.insert(block_id.to_owned(), json!({action_id: answer}));
    }
    Value::Object(values)
}

/// What the acknowledgement does to the view: shows errors, replaces it, stacks another on it, or closes it.
fn after_submit(state: &mut State, view_id: &str, told: &Value, is_closed: bool) {
    let response = &told["response"];
    let Some(known) = state.views.get(view_id).cloned() else {
        return;
    };
    let (app, user) = (
        known["app_id"].as_str().unwrap_or_default(),
        known["user_id"].as_str().unwrap_or_default(),
    );
    match response["response_action"].as_str() {
        Some("errors") if !is_closed => {
            state.tell_page(json!({"type": "view_errors", "view_id": view_id, "errors": response["errors"]}));
        }
        Some("update") if !is_closed => {
            api::replace(state, &known, response["view"].clone());
        }
        Some("push") if !is_closed => {
            api::keep(state, app, user, response["view"].clone());
        }
        _ if told["acknowledged"] == true => {
            state.views.remove(view_id);
            state.tell_page(json!({"type": "view_closed", "view_id": view_id}));
        }
        _ => {}
    }
}

pub(super) async fn command(shared: &Arc<Shared>, call: &Call) -> Outcome {
    let base = shared.url();
    let name = call.need("command")?;
    let name = format!("/{}", name.trim_start_matches('/'));
    let sent = shared.update(|state| {
        let wanted = call.params.text("channel").unwrap_or_else(|| "support".to_owned());
        let channel = state
            .channel(&wanted)
            .ok_or_else(|| format!("there is no channel {wanted:?}"))?;
        let (id, shown) = (channel.id.clone(), channel.name.clone());
        let user = state.user(call.caller.user_id()).map(|user| user.name.clone());
        let trigger_id = trigger(state, DEFAULT_APP, call.caller.user_id());
        let payload = json!({
            "token": "sandbox-verification", "team_id": TEAM, "team_domain": "sandbox", "channel_id": id,
            "channel_name": shown, "user_id": call.caller.user_id(), "user_name": user, "command": name,
            "text": call.params.text("text").unwrap_or_default(), "api_app_id": DEFAULT_APP,
            "is_enterprise_install": "false",
            "response_url": response_url(state, call, DEFAULT_APP, &id, None, None, &base),
            "trigger_id": trigger_id,
        });
        let payload = payload.as_object().cloned().unwrap_or_default();
        Ok::<_, String>((send(state, DEFAULT_APP, "slash_commands", payload), id))
    })?;
    let (sent, channel) = sent;
    let told = acknowledged(shared, sent).await;
    let params = api::Params::from_value(&told["response"]);
    if params.text("text").is_some() || !told["response"]["blocks"].is_null() {
        let place = shared.update_quietly(|state| place(state, call, DEFAULT_APP, &channel, None, None));
        shared
            .update(|state| api::post_as_app(state, &place, &params))
            .map_err(|error| error.code)?;
    }
    Ok(told)
}

pub(super) async fn shortcut(shared: &Arc<Shared>, call: &Call) -> Outcome {
    let base = shared.url();
    let callback_id = call.need("callback_id")?;
    let sent = shared.update(|state| {
        let has_message = call
            .params
            .text("ts")
            .or_else(|| call.params.text("message_ts"))
            .is_some();
        let mut payload = if has_message {
            let (channel, ts) = call.message(state)?;
            let message = state.message(&channel, &ts).map(|message| message.to_json(false));
            let mut payload = interaction(state, call, DEFAULT_APP, "message_action", Some((&channel, &base)));
            let response = response_url(state, call, DEFAULT_APP, &channel, Some(ts.clone()), None, &base);
            payload.insert("response_url".into(), json!(response));
            payload.insert("message_ts".into(), json!(ts));
            payload.insert("message".into(), json!(message));
            payload
        } else {
            interaction(state, call, DEFAULT_APP, "shortcut", None)
        };
        payload.insert("callback_id".into(), json!(callback_id));
        payload.insert("action_ts".into(), json!(state.next_ts()));
        Ok::<_, String>(send(state, DEFAULT_APP, "interactive", payload))
    })?;
    Ok(acknowledged(shared, sent).await)
}

/// What every interaction's payload holds.
fn interaction(
    state: &mut State,
    call: &Call,
    app_id: &str,
    kind: &str,
    channel: Option<(&str, &str)>,
) -> Map<String, Value> {
    let user_id = call.caller.user_id();
    let name = state.user(user_id).map(|user| user.name.clone());
    let mut payload = Map::new();
    payload.insert("type".into(), json!(kind));
    payload.insert("team".into(), json!({"id": TEAM, "domain": "sandbox"}));
    payload.insert(
        "user".into(),
        json!({"id": user_id, "username": name, "name": name, "team_id": TEAM}),
    );
    payload.insert("api_app_id".into(), json!(app_id));
    payload.insert("token".into(), json!("sandbox-verification"));
    payload.insert("trigger_id".into(), json!(trigger(state, app_id, user_id)));
    payload.insert("enterprise".into(), Value::Null);
    payload.insert("is_enterprise_install".into(), json!(false));
    if let Some(found) = channel.and_then(|(id, _)| state.channel(id)) {
        payload.insert("channel".into(), json!({"id": found.id, "name": found.name}));
    }
    payload
}

fn trigger(state: &mut State, app_id: &str, user_id: &str) -> String {
    let id = format!("{}.{}", state.next_number(), state.next_id(""));
    let born = state.now();
    let trigger = Trigger {
        app_id: app_id.to_owned(),
        user_id: user_id.to_owned(),
        born,
        is_used: false,
    };
    state
        .triggers
        .retain(|_, known| born.duration_since(known.born).as_secs() < 600);
    state.triggers.insert(id.clone(), trigger);
    id
}

fn place(
    state: &State,
    call: &Call,
    app_id: &str,
    channel: &str,
    message_ts: Option<String>,
    thread_ts: Option<String>,
) -> ResponseUrl {
    ResponseUrl {
        app_id: app_id.to_owned(),
        user_id: call.caller.user_id().to_owned(),
        channel: channel.to_owned(),
        message_ts,
        thread_ts,
        born: state.now(),
        uses: 0,
    }
}

fn response_url(
    state: &mut State,
    call: &Call,
    app_id: &str,
    channel: &str,
    message_ts: Option<String>,
    thread_ts: Option<String>,
    base: &str,
) -> String {
    let place = place(state, call, app_id, channel, message_ts, thread_ts);
    let id = state.next_uuid();
    state.response_urls.insert(id.clone(), place);
    format!("{base}/actions/{id}")
}

fn send(state: &mut State, app_id: &str, envelope_type: &'static str, payload: Map<String, Value>) -> Sent {
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
async fn acknowledged(shared: &Shared, sent: Sent) -> Value {
    let limit = shared.lock().options.ack_timeout;
    let answer = tokio::time::timeout(limit, sent.answer).await.ok().and_then(Result::ok);
    let mut told = json!({"acknowledged": answer.is_some(), "trigger_id": sent.trigger_id, "response": answer});
    if told["acknowledged"] == false {
        told["warning"] = json!("the app did not respond in time");
    }
    told
}
