//! `views.*`: modals and the Home tab, kept and shown, nothing more.

use serde_json::{Value, json};

use super::{Answer, ApiError, Caller, Params, error};
use crate::sandbox::limits;
use crate::sandbox::seed::TEAM;
use crate::sandbox::state::State;

pub(super) fn open(state: &mut State, caller: &Caller, params: &Params) -> Answer {
    let view = given(params)?;
    let trigger_id = params.need("trigger_id", "invalid_trigger_id")?;
    let (now, life) = (state.now(), state.options.trigger_life);
    let app_id = caller.app_id().unwrap_or_default().to_owned();
    let user_id = match state.triggers.get_mut(&trigger_id) {
        Some(trigger) if trigger.app_id != app_id => return error("invalid_trigger_id"),
        Some(trigger) if trigger.is_used => return error("exchanged_trigger_id"),
        Some(trigger) if now.duration_since(trigger.born).unsigned_abs() > life => return error("expired_trigger_id"),
        Some(trigger) => {
            trigger.is_used = true;
            trigger.user_id.clone()
        }
        None => return error("invalid_trigger_id"),
    };
    Ok(json!({"view": keep(state, &app_id, &user_id, view)}))
}

pub(super) fn update(state: &mut State, caller: &Caller, params: &Params) -> Answer {
    let view = given(params)?;
    let wanted = params.text("view_id").or_else(|| params.text("external_id"));
    let is_wanted = |known: &&Value| {
        known["app_id"].as_str() == caller.app_id()
            && (known["id"].as_str() == wanted.as_deref() || known["external_id"].as_str() == wanted.as_deref())
    };
    let Some(known) = state.views.values().find(is_wanted).cloned() else {
        return error("not_found");
    };
    if params.text("hash").is_some_and(|hash| known["hash"] != hash) {
        return error("hash_conflict");
    }
    Ok(json!({"view": replace(state, &known, view)}))
}

pub(super) fn publish(state: &mut State, caller: &Caller, params: &Params) -> Answer {
    let (view, user) = (given(params)?, params.need("user_id", "invalid_arguments")?);
    let app_id = caller.app_id().unwrap_or_default().to_owned();
    let is_same = |known: &&Value| known["type"] == "home" && known["app_id"] == app_id && known["user_id"] == user;
    if let Some(known) = state.views.values().find(is_same).cloned() {
        return Ok(json!({"view": replace(state, &known, view)}));
    }
    Ok(json!({"view": keep(state, &app_id, &user, view)}))
}

fn given(params: &Params) -> Result<Value, ApiError> {
    let Some(view) = params.structure("view", "invalid_arguments")?.filter(Value::is_object) else {
        return error("invalid_arguments");
    };
    let faults = limits::view(&view);
    if faults.is_empty() {
        Ok(view)
    } else {
        Err(ApiError::with_messages("invalid_arguments", &faults))
    }
}

/// Keeps a new view and shows it to its user.
pub(crate) fn keep(state: &mut State, app_id: &str, user_id: &str, view: Value) -> Value {
    let id = state.next_id("V");
    put(state, &id, app_id, user_id, view)
}

/// Gives a known view new contents.
pub(crate) fn replace(state: &mut State, known: &Value, view: Value) -> Value {
    let text = |key: &str| known[key].as_str().unwrap_or_default().to_owned();
    put(state, &text("id"), &text("app_id"), &text("user_id"), view)
}

fn put(state: &mut State, id: &str, app_id: &str, user_id: &str, mut view: Value) -> Value {
    let hash = format!("{}.{}", state.now().as_second(), state.next_id(""));
    let bot_id = state.app(app_id).map(|app| app.bot_id.clone());
    if let Some(object) = view.as_object_mut() {
        for (key, value) in [
            ("id", json!(id)),
            ("team_id", json!(TEAM)),
            ("app_id", json!(app_id)),
            ("app_installed_team_id", json!(TEAM)),
            ("bot_id", json!(bot_id)),
            ("root_view_id", json!(id)),
            ("previous_view_id", Value::Null),
            ("hash", json!(hash)),
            ("state", json!({"values": {}})),
            ("user_id", json!(user_id)),
        ] {
            object.insert(key.to_owned(), value);
        }
        for key in ["private_metadata", "callback_id", "external_id"] {
            object.entry(key).or_insert_with(|| json!(""));
        }
    }
    state.views.insert(id.to_owned(), view.clone());
    state.tell_page(json!({"type": "view", "view": view}));
    view
}
