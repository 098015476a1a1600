//! `views.*`: modals, stacked up to three deep, and the Home tab.

use serde_json::{Map, Value, json};

use super::{Answer, ApiError, Caller, Params, error};
use crate::limits;
use crate::seed::TEAM;
use crate::state::{State, Trigger};

/// Maximum depth of a stack of views.
const DEPTH: usize = 3;
/// Maximum size of a view, in bytes.
const LARGEST: usize = 250_000;

pub(super) fn open(state: &mut State, caller: &Caller, params: &Params) -> Answer {
    let view = given(params, "modal")?;
    is_new_external_id(state, caller, &view, None)?;
    let trigger = exchange(state, caller, params)?;
    Ok(json!({"view": keep(state, &trigger.app_id, &trigger.user_id, view, trigger.client.as_deref())}))
}

pub(super) fn push(state: &mut State, caller: &Caller, params: &Params) -> Answer {
    let view = given(params, "modal")?;
    is_new_external_id(state, caller, &view, None)?;
    let below = {
        let trigger = known_trigger(state, caller, params)?;
        let below = trigger.view_id.as_ref().and_then(|id| state.views.get(id));
        below.filter(|below| below["type"] == "modal").cloned()
    };
    let Some(below) = below else {
        // Slack pushes only onto the modal that the trigger came from.
        return error("invalid_trigger_id");
    };
    if depth(state, &below) >= DEPTH {
        return error("push_limit_reached");
    }
    exchange(state, caller, params)?;
    Ok(json!({"view": stack(state, &below, view)}))
}

pub(super) fn update(state: &mut State, caller: &Caller, params: &Params) -> Answer {
    let wanted = |key: &str| params.text(key).filter(|text| !text.is_empty());
    let (view_id, external_id) = (wanted("view_id"), wanted("external_id"));
    if view_id.is_none() && external_id.is_none() {
        return error("invalid_arguments");
    }
    let is_wanted = |known: &&Value| {
        known["app_id"].as_str() == caller.app_id()
            && view_id.as_deref().is_none_or(|id| known["id"] == id)
            && external_id.as_deref().is_none_or(|id| known["external_id"] == id)
    };
    let Some(known) = state.views.values().find(is_wanted).cloned() else {
        return error("not_found");
    };
    let view = given(params, known["type"].as_str().unwrap_or("modal"))?;
    is_new_external_id(state, caller, &view, known["id"].as_str())?;
    is_current(params, &known)?;
    Ok(json!({"view": replace(state, &known, view)}))
}

pub(super) fn publish(state: &mut State, caller: &Caller, params: &Params) -> Answer {
    let (view, user) = (given(params, "home")?, params.need("user_id", "invalid_arguments")?);
    let app_id = caller.app_id().unwrap_or_default().to_owned();
    if state.user(&user).is_none_or(|user| user.bot_id.is_some()) {
        return error("invalid_arguments");
    }
    if !state.app(&app_id).is_some_and(|app| app.features.has_home) {
        return error("not_enabled");
    }
    if let Some(known) = home(state, &app_id, &user).cloned() {
        is_current(params, &known)?;
        return Ok(json!({"view": replace(state, &known, view)}));
    }
    Ok(json!({"view": keep(state, &app_id, &user, view, None)}))
}

/// Returns the Home tab that an app has published for a person.
pub(crate) fn home<'a>(state: &'a State, app_id: &str, user_id: &str) -> Option<&'a Value> {
    state
        .views
        .values()
        .find(|known| known["type"] == "home" && known["app_id"] == app_id && known["user_id"] == user_id)
}

fn is_current(params: &Params, known: &Value) -> Result<(), ApiError> {
    let hash = params.text("hash").filter(|hash| !hash.is_empty());
    if hash.is_some_and(|hash| known["hash"] != hash) {
        return error("hash_conflict");
    }
    Ok(())
}

fn is_new_external_id(state: &State, caller: &Caller, view: &Value, own: Option<&str>) -> Result<(), ApiError> {
    let Some(id) = view["external_id"].as_str().filter(|id| !id.is_empty()) else {
        return Ok(());
    };
    let is_taken = |known: &Value| {
        known["app_id"].as_str() == caller.app_id() && known["external_id"] == id && known["id"].as_str() != own
    };
    if state.views.values().any(is_taken) {
        return error("duplicate_external_id");
    }
    Ok(())
}

/// Returns the trigger that a call names, if it has not expired.
fn known_trigger(state: &State, caller: &Caller, params: &Params) -> Result<Trigger, ApiError> {
    let id = params
        .need("trigger_id", "invalid_arguments")
        .or_else(|error| params.need("interactivity_pointer", &error.code))?;
    let (now, life) = (state.now(), state.options.trigger_life);
    match state.triggers.get(&id) {
        Some(trigger) if Some(trigger.app_id.as_str()) != caller.app_id() => error("invalid_trigger_id"),
        Some(trigger) if trigger.is_used => error("exchanged_trigger_id"),
        Some(trigger) if now.duration_since(trigger.born).unsigned_abs() > life => error("expired_trigger_id"),
        Some(trigger) => Ok(trigger.clone()),
        None => error("invalid_trigger_id"),
    }
}

fn exchange(state: &mut State, caller: &Caller, params: &Params) -> Result<Trigger, ApiError> {
    let trigger = known_trigger(state, caller, params)?;
    let id = params
        .text("trigger_id")
        .or_else(|| params.text("interactivity_pointer"));
    if let Some(known) = id.and_then(|id| state.triggers.get_mut(&id)) {
        known.is_used = true;
    }
    Ok(trigger)
}

fn given(params: &Params, kind: &str) -> Result<Value, ApiError> {
    let Some(view) = params.structure("view", "invalid_arguments")?.filter(Value::is_object) else {
        return error("invalid_arguments");
    };
    check(&view, kind)?;
    Ok(view)
}

/// Checks a view of this kind as Slack does.
pub(crate) fn check(view: &Value, kind: &str) -> Result<(), ApiError> {
    if view.to_string().len() > LARGEST {
        return error("view_too_large");
    }
    let mut faults = limits::view(view);
    if view["type"] != kind && faults.is_empty() {
        faults.push(format!("[ERROR] must be of type `{kind}` [json-pointer:/view/type]"));
    }
    if faults.is_empty() {
        Ok(())
    } else {
        Err(ApiError::with_messages("invalid_arguments", &faults))
    }
}

fn depth(state: &State, top: &Value) -> usize {
    let root = &top["root_view_id"];
    state
        .views
        .values()
        .filter(|known| known["type"] == "modal" && known["root_view_id"] == *root)
        .count()
}

/// Stores a new view and shows it to its user.
fn keep(state: &mut State, app_id: &str, user_id: &str, view: Value, client: Option<&str>) -> Value {
    let id = state.next_id("V");
    let place = json!({"id": id, "app_id": app_id, "user_id": user_id, "root_view_id": id, "previous_view_id": null});
    put(state, &place, view, None, client)
}

/// Stacks a new view on another.
pub(crate) fn stack(state: &mut State, below: &Value, view: Value) -> Value {
    let place = json!({
        "id": state.next_id("V"), "app_id": below["app_id"], "user_id": below["user_id"],
        "root_view_id": below["root_view_id"], "previous_view_id": below["id"],
    });
    put(state, &place, view, None, None)
}

/// Replaces the contents of a view. Typed values stay where the block id and action id are unchanged.
pub(crate) fn replace(state: &mut State, known: &Value, view: Value) -> Value {
    let mut place = Map::new();
    for key in ["id", "app_id", "user_id", "root_view_id", "previous_view_id"] {
        place.insert(key.to_owned(), known[key].clone());
    }
    let typed = known["state"]["values"].clone();
    put(state, &Value::Object(place), view, Some(typed), None)
}

fn put(state: &mut State, place: &Value, mut view: Value, typed: Option<Value>, client: Option<&str>) -> Value {
    let hash = format!("{}.{}", state.now().as_second(), state.next_id(""));
    let id = place["id"].as_str().unwrap_or_default().to_owned();
    let bot_id = state
        .app(place["app_id"].as_str().unwrap_or_default())
        .map(|app| app.bot_id.clone());
    if let Some(blocks) = view["blocks"].as_array_mut() {
        for block in blocks {
            *block = super::content::with_block_id(state, block);
        }
    }
    if let Some(object) = view.as_object_mut() {
        if let Some(place) = place.as_object() {
            object.extend(place.clone());
        }
        for (key, value) in [
            ("team_id", json!(TEAM)),
            ("app_installed_team_id", json!(TEAM)),
            ("bot_id", json!(bot_id)),
            ("hash", json!(hash)),
            ("state", json!({"values": typed.unwrap_or_else(|| json!({}))})),
        ] {
            object.insert(key.to_owned(), value);
        }
        for key in ["private_metadata", "callback_id", "external_id"] {
            object.entry(key).or_insert_with(|| json!(""));
        }
        for key in ["clear_on_close", "notify_on_close"] {
            object.entry(key).or_insert_with(|| json!(false));
        }
        for key in ["title", "close", "submit"] {
            object.entry(key).or_insert(Value::Null);
        }
    }
    state.views.insert(id, view.clone());
    state.tell_page(json!({"type": "view", "view": view, "client": client}));
    view
}
