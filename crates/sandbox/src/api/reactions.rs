//! `reactions.*`

use serde_json::{Map, Value, json};

use super::content::readable;
use super::{Answer, ApiError, Caller, Params, error};
use crate::events;
use crate::state::State;

pub(super) fn add(state: &mut State, caller: &Caller, params: &Params) -> Answer {
    change(state, caller, params, "reaction_added")
}

pub(super) fn remove(state: &mut State, caller: &Caller, params: &Params) -> Answer {
    change(state, caller, params, "reaction_removed")
}

pub(super) fn get(state: &State, caller: &Caller, params: &Params) -> Answer {
    let (channel, ts) = place(state, caller, params)?;
    let message = state.message(&channel, &ts).map(|message| message.to_json(false));
    Ok(json!({"type": "message", "channel": channel, "message": message}))
}

fn place(state: &State, caller: &Caller, params: &Params) -> Result<(String, String), ApiError> {
    let channel = readable(state, caller, &params.need("channel", "no_item_specified")?)?;
    let ts = params.need("timestamp", "no_item_specified")?;
    if state.message(&channel, &ts).is_none() {
        return error("message_not_found");
    }
    Ok((channel, ts))
}

fn change(state: &mut State, caller: &Caller, params: &Params, kind: &str) -> Answer {
    let name = params.need("name", "invalid_name")?.trim_matches(':').to_owned();
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '+' | ':' | '\'');
    if name.len() > 100 || !name.chars().all(is_name) {
        return error("invalid_name");
    }
    let (channel, ts) = place(state, caller, params)?;
    let user = caller.user_id().to_owned();
    let Some(message) = state
        .channel_mut(&channel)
        .and_then(|found| found.messages.get_mut(&ts))
    else {
        return error("message_not_found");
    };
    let author = message.user().to_owned();
    let reactions = message.value.entry("reactions").or_insert_with(|| json!([]));
    let Some(reactions) = reactions.as_array_mut() else {
        return error("internal_error");
    };
    if kind == "reaction_added" {
        react(reactions, &name, &user)?;
    } else {
        take_back(reactions, &name, &user)?;
    }
    if reactions.is_empty() {
        message.value.shift_remove("reactions");
    }
    let event_ts = state.next_ts();
    let event = json!({
        "type": kind, "user": user, "reaction": name, "item_user": author, "event_ts": event_ts,
        "item": {"type": "message", "channel": channel, "ts": ts},
    });
    events::other(state, &channel, event.as_object().unwrap_or(&Map::new()));
    state.tell_page_of(&channel, &ts);
    Ok(json!({}))
}

fn users_of(reaction: &Value) -> Vec<&str> {
    reaction["users"]
        .as_array()
        .map(|users| users.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default()
}

fn react(reactions: &mut Vec<Value>, name: &str, user: &str) -> Result<(), ApiError> {
    let Some(reaction) = reactions.iter_mut().find(|reaction| reaction["name"] == name) else {
        reactions.push(json!({"name": name, "users": [user], "count": 1}));
        return Ok(());
    };
    let mut users: Vec<String> = users_of(reaction).into_iter().map(str::to_owned).collect();
    if users.iter().any(|one| one == user) {
        return error("already_reacted");
    }
    users.push(user.to_owned());
    *reaction = json!({"name": name, "count": users.len(), "users": users});
    Ok(())
}

fn take_back(reactions: &mut Vec<Value>, name: &str, user: &str) -> Result<(), ApiError> {
    let index = reactions
        .iter()
        .position(|reaction| reaction["name"] == name && users_of(reaction).contains(&user));
    let Some(reaction) = index.and_then(|index| reactions.get_mut(index)) else {
        return error("no_reaction");
    };
    let users: Vec<String> = users_of(reaction)
        .into_iter()
        .filter(|one| *one != user)
        .map(str::to_owned)
        .collect();
    *reaction = json!({"name": name, "count": users.len(), "users": users});
    reactions.retain(|reaction| reaction["count"] != 0);
    Ok(())
}
