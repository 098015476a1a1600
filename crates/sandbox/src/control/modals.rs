//! Submitting and closing modals, and opening the Home tab.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::interact::{DEFAULT_APP, acknowledged, interaction, send};
use super::{Call, Outcome, elements};
use crate::state::State;
use crate::{Shared, api, events};

/// The error in Slack's client when an app's answer to a form is invalid.
const TROUBLE: &str = "We had some trouble connecting. Try again?";

/// Returns a view of the acting person.
pub(super) fn own_view(state: &State, call: &Call, view_id: &str) -> Result<Value, String> {
    let view = state
        .views
        .get(view_id)
        .ok_or_else(|| format!("there is no view {view_id:?}"))?;
    // A request that names nobody acts as the view's user.
    if call.is_named && view["user_id"] != call.caller.user_id() {
        return Err(format!("the view {view_id:?} is shown to somebody else"));
    }
    Ok(view.clone())
}

pub(super) async fn submit(shared: &Arc<Shared>, call: &Call) -> Outcome {
    let view_id = call.need("view_id")?;
    let given = call.given("values")?;
    if call.params.flag("close") || call.params.flag("clear") {
        return close(shared, call, &view_id).await;
    }
    let sent = shared.update(|state| {
        let mut view = own_view(state, call, &view_id)?;
        let call = &as_owner(call, &view);
        if view["type"] != "modal" {
            return Err("only modals can be submitted".to_owned());
        }
        let mut typed = view["state"]["values"].clone();
        elements::take_in(&view, &mut typed, given.as_ref())?;
        let values = elements::state_values(&view, &typed);
        let complaints = elements::complaints(&view, &values);
        if !complaints.is_empty() {
            return Ok(Err(complaints));
        }
        view["state"] = json!({"values": values});
        state.views.insert(view_id.clone(), view.clone());
        let app_id = view["app_id"].as_str().unwrap_or(DEFAULT_APP).to_owned();
        let mut payload = interaction(state, call, &app_id, "view_submission", None, Some(&view_id));
        payload.insert("view".into(), view);
        payload.insert("response_urls".into(), json!([]));
        Ok(Ok(send(state, &app_id, "interactive", payload)))
    })?;
    let sent = match sent {
        Ok(sent) => sent,
        // Slack's client does not submit such a form.
        Err(complaints) => return Ok(json!({"acknowledged": false, "client_errors": complaints})),
    };
    let mut told = acknowledged(shared, sent).await;
    let outcome = shared.update(|state| after_submit(state, &view_id, &told));
    if let Err(sentence) = outcome {
        told["warning"] = json!(sentence);
        told["failure"] = json!("invalid_response");
    }
    Ok(told)
}

/// Returns the call with the view's user as the acting person.
fn as_owner(call: &Call, view: &Value) -> Call {
    Call {
        caller: api::Caller::Person {
            user_id: view["user_id"].as_str().unwrap_or_default().to_owned(),
        },
        ..call.clone()
    }
}

async fn close(shared: &Arc<Shared>, call: &Call, view_id: &str) -> Outcome {
    let sent = shared.update(|state| {
        let view = own_view(state, call, view_id)?;
        let call = &as_owner(call, &view);
        let is_cleared = call.params.flag("clear") || view["clear_on_close"] == true;
        close_view(state, &view, is_cleared);
        if view["notify_on_close"] != true {
            return Ok::<_, String>(None);
        }
        let app_id = view["app_id"].as_str().unwrap_or(DEFAULT_APP).to_owned();
        let mut payload = interaction(state, call, &app_id, "view_closed", None, None);
        payload.insert("view".into(), view);
        payload.insert("is_cleared".into(), json!(is_cleared));
        Ok(Some(send(state, &app_id, "interactive", payload)))
    })?;
    match sent {
        Some(sent) => Ok(acknowledged(shared, sent).await),
        None => Ok(json!({"acknowledged": true, "response": null})),
    }
}

/// Closes a modal; the one below shows again, unless `all` is set.
fn close_view(state: &mut State, view: &Value, all: bool) {
    let root = &view["root_view_id"];
    let id = view["id"].as_str().unwrap_or_default();
    if all {
        state
            .views
            .retain(|_, known| known["type"] == "home" || known["root_view_id"] != *root);
    } else {
        state.views.remove(id);
    }
    let below = view["previous_view_id"].as_str().and_then(|id| state.views.get(id));
    state.tell_page(json!({"type": "view_closed", "view_id": id, "user": view["user_id"], "below": below}));
}

/// Applies the acknowledgement to the view: shows errors, replaces it, stacks another on it, or closes it.
fn after_submit(state: &mut State, view_id: &str, told: &Value) -> Result<(), String> {
    let response = &told["response"];
    let Some(known) = state.views.get(view_id).cloned() else {
        return Ok(());
    };
    let usable =
        |view: &Value| api::check_view(view, "modal").map_err(|error| format!("{TROUBLE} ({})", error.to_json()));
    match response["response_action"].as_str() {
        Some("errors") => {
            let errors = response["errors"].as_object().cloned().unwrap_or_default();
            let inputs: Vec<&str> = known["blocks"]
                .as_array()
                .into_iter()
                .flatten()
                .filter(|block| block["type"] == "input")
                .filter_map(|block| block["block_id"].as_str())
                .collect();
            if let Some(stray) = errors.keys().find(|key| !inputs.contains(&key.as_str())) {
                return Err(format!("{TROUBLE} (errors name {stray:?}, which is no input block)"));
            }
            state.tell_page(json!({"type": "view_errors", "view_id": view_id, "errors": errors}));
        }
        Some("update") => {
            usable(&response["view"])?;
            api::replace(state, &known, response["view"].clone());
        }
        Some("push") => {
            usable(&response["view"])?;
            api::stack(state, &known, response["view"].clone());
        }
        Some("clear") => close_view(state, &known, true),
        Some(other) => return Err(format!("{TROUBLE} (unknown response_action {other:?})")),
        None if told["acknowledged"] == true => {
            let has_body = response.as_object().is_some_and(|body| !body.is_empty());
            if has_body {
                return Err(format!("{TROUBLE} (the answer has no response_action)"));
            }
            close_view(state, &known, false);
        }
        None => {}
    }
    Ok(())
}

/// Opens an app's direct messages as a person, at the Home tab or at the messages.
pub(super) fn home(shared: &Arc<Shared>, call: &Call) -> Outcome {
    let tab = call.params.text("tab").unwrap_or_else(|| "home".to_owned());
    if !matches!(tab.as_str(), "home" | "messages" | "about") {
        return Err(format!("`tab` is home, messages or about, not {tab:?}"));
    }
    shared.update(|state| {
        let app_id = match call.params.text("app") {
            Some(app) => super::admin::app_called(state, &app)?,
            None => DEFAULT_APP.to_owned(),
        };
        let app = state.app(&app_id).ok_or("the app is gone")?;
        if tab == "home" && !app.features.has_home {
            return Err(format!("{} has no Home tab", app.name));
        }
        let (user, bot) = (call.caller.user_id().to_owned(), app.user_id.clone());
        let channel = api::direct_with(state, &call.caller, &bot).map_err(|error| error.code)?;
        let view = api::home(state, &app_id, &user).cloned();
        let event_ts = state.next_ts();
        let mut event = Map::new();
        for (key, value) in [
            ("type", json!("app_home_opened")),
            ("user", json!(user)),
            ("channel", json!(channel)),
            ("tab", json!(tab)),
            ("event_ts", json!(event_ts)),
        ] {
            event.insert(key.to_owned(), value);
        }
        if let (Some(view), "home") = (&view, tab.as_str()) {
            event.insert("view".into(), view.clone());
        }
        events::to_app(state, &app_id, &channel, &event);
        Ok(json!({"channel": channel, "view": view}))
    })
}
