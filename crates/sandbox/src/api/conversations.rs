//! `conversations.*`: channels, their members and their messages.

use serde_json::{Map, Value, json};

use super::content::readable;
use super::{Answer, ApiError, Caller, Params, error};
use crate::events;
use crate::model::{Channel, Kind, Message};
use crate::seed::{STRANGERS, TEAM};
use crate::state::State;

pub(super) fn list(state: &State, caller: &Caller, params: &Params, only_own: bool) -> Value {
    let kinds = params.text("types").unwrap_or_else(|| "public_channel".to_owned());
    let wanted = |channel: &&Channel| {
        let kind = match channel.kind {
            Kind::Public => "public_channel",
            Kind::Private => "private_channel",
            Kind::Direct => "im",
        };
        let is_visible = channel.kind == Kind::Public || channel.has(caller.user_id());
        kinds.split(',').any(|given| given.trim() == kind)
            && is_visible
            && (!only_own || channel.has(caller.user_id()))
            && (!params.flag("exclude_archived") || !channel.is_archived)
    };
    let channels: Vec<Value> = state
        .channels
        .iter()
        .filter(wanted)
        .map(|channel| describe(state, caller, channel))
        .collect();
    json!({"channels": channels, "response_metadata": {"next_cursor": ""}})
}

pub(super) fn info(state: &State, caller: &Caller, params: &Params) -> Answer {
    let Some(channel) = state.channel(&params.need("channel", "channel_not_found")?) else {
        return error("channel_not_found");
    };
    if channel.kind != Kind::Public && !channel.has(caller.user_id()) {
        return error("channel_not_found");
    }
    Ok(json!({"channel": describe(state, caller, channel)}))
}

pub(super) fn members(state: &State, caller: &Caller, params: &Params) -> Answer {
    let channel = state.channel(&params.need("channel", "channel_not_found")?);
    let Some(channel) = channel.filter(|one| one.kind == Kind::Public || one.has(caller.user_id())) else {
        return error("channel_not_found");
    };
    Ok(json!({"members": channel.members, "response_metadata": {"next_cursor": ""}}))
}

pub(super) fn join(state: &mut State, caller: &Caller, params: &Params) -> Answer {
    let Some(channel) = state.channel(&params.need("channel", "channel_not_found")?) else {
        return error("channel_not_found");
    };
    let (id, user) = (channel.id.clone(), caller.user_id().to_owned());
    match (channel.kind, channel.is_archived, channel.has(&user)) {
        (Kind::Public, true, _) => return error("is_archived"),
        (Kind::Public, false, false) => {
            if let Some(channel) = state.channel_mut(&id) {
                channel.members.push(user.clone());
            }
            membership_changed(state, &id, &user, "member_joined_channel");
        }
        (Kind::Public, ..) => {}
        _ => return error("method_not_supported_for_channel_type"),
    }
    let described = state.channel(&id).map(|channel| describe(state, caller, channel));
    Ok(json!({"channel": described}))
}

pub(super) fn leave(state: &mut State, caller: &Caller, params: &Params) -> Answer {
    let id = readable(state, caller, &params.need("channel", "channel_not_found")?)?;
    let user = caller.user_id().to_owned();
    membership_changed(state, &id, &user, "member_left_channel");
    if let Some(channel) = state.channel_mut(&id) {
        channel.members.retain(|member| *member != user);
    }
    Ok(json!({}))
}

fn membership_changed(state: &mut State, channel: &str, user: &str, kind: &str) {
    let ts = state.next_ts();
    let channel_type = if state.channel(channel).is_some_and(|found| found.kind == Kind::Public) {
        "C"
    } else {
        "G"
    };
    let event = json!({
        "type": kind, "user": user, "channel": channel, "channel_type": channel_type, "team": TEAM, "event_ts": ts,
    });
    events::other(state, channel, event.as_object().unwrap_or(&Map::new()));
    state.tell_page(json!({"type": "channels"}));
}

pub(super) fn open(state: &mut State, caller: &Caller, params: &Params) -> Answer {
    if let Some(id) = params.text("channel") {
        let id = readable(state, caller, &id)?;
        return Ok(json!({"channel": {"id": id}}));
    }
    let users = params.need("users", "users_not_found")?;
    let mut others = users
        .split(',')
        .map(str::trim)
        .filter(|user| !user.is_empty() && *user != caller.user_id());
    match (others.next(), others.next()) {
        (Some(user), None) if state.user(user).is_some() => {
            let id = direct_with(state, caller, user)?;
            Ok(json!({"channel": {"id": id, "is_im": true, "user": user}, "no_op": false, "already_open": false}))
        }
        (Some(_), None) => error("user_not_found"),
        // Group direct messages are not implemented.
        (Some(_), Some(_)) => error("method_not_supported_for_channel_type"),
        _ => error("users_list_not_supplied"),
    }
}

/// Returns the direct messages with a user, opening them when there are none yet.
pub(crate) fn direct_with(state: &mut State, caller: &Caller, user: &str) -> Result<String, ApiError> {
    if user == caller.user_id() {
        return error("channel_not_found");
    }
    let members = [caller.user_id(), user];
    let has_both = |channel: &&Channel| channel.kind == Kind::Direct && members.iter().all(|&one| channel.has(one));
    if let Some(channel) = state.channels.iter().find(has_both) {
        return Ok(channel.id.clone());
    }
    let channel = Channel::new(&state.next_id("D"), "", Kind::Direct, &members);
    let id = channel.id.clone();
    state.channels.push(channel);
    state.tell_page(json!({"type": "channels"}));
    Ok(id)
}

pub(super) fn history(state: &State, caller: &Caller, params: &Params) -> Answer {
    let id = readable(state, caller, &params.need("channel", "channel_not_found")?)?;
    let Some(channel) = state.channel(&id) else {
        return error("channel_not_found");
    };
    let in_channel = |message: &&Message| {
        let is_root = message.thread_ts().is_none_or(|root| root == message.ts());
        let is_broadcast = message
            .value
            .get("subtype")
            .is_some_and(|subtype| subtype == "thread_broadcast");
        (is_root || is_broadcast) && message.ephemeral_to.is_none()
    };
    let mut found: Vec<&Message> = channel
        .messages
        .values()
        .filter(in_channel)
        .filter(|message| in_window(message.ts(), params))
        .collect();
    found.reverse();
    Ok(page(state, &id, &found, params))
}

pub(super) fn replies(state: &State, caller: &Caller, params: &Params) -> Answer {
    let id = readable(state, caller, &params.need("channel", "channel_not_found")?)?;
    let given = params.need("ts", "thread_not_found")?;
    let Some(message) = state
        .message(&id, &given)
        .filter(|message| message.ephemeral_to.is_none())
    else {
        return error("thread_not_found");
    };
    let root = message.thread_ts().unwrap_or(&given).to_owned();
    let Some(channel) = state.channel(&id) else {
        return error("channel_not_found");
    };
    let in_thread = |message: &&Message| {
        message.ephemeral_to.is_none()
            && (message.ts() == root || (message.is_reply_to(&root) && in_window(message.ts(), params)))
    };
    let found: Vec<&Message> = channel.messages.values().filter(in_thread).collect();
    Ok(page(state, &id, &found, params))
}

/// Returns true when `ts` lies between `oldest` and `latest`.
fn in_window(ts: &str, params: &Params) -> bool {
    let bound = |key: &str| {
        params
            .text(key)
            .filter(|text| !text.is_empty() && text != "0")
            .map(|text| full_ts(&text))
    };
    let inclusive = params.flag("inclusive");
    bound("oldest").is_none_or(|oldest| *ts > *oldest || (inclusive && ts == oldest))
        && bound("latest").is_none_or(|latest| *ts < *latest || (inclusive && ts == latest))
}

/// Pads a timestamp as it is stored, so that string order equals numeric order.
fn full_ts(given: &str) -> String {
    let (seconds, micros) = given.split_once('.').unwrap_or((given, "0"));
    format!("{seconds:0>10}.{:0<6}", micros.chars().take(6).collect::<String>())
}

fn page(state: &State, channel: &str, found: &[&Message], params: &Params) -> Value {
    let limit = params.number("limit", 100).clamp(1, 999);
    let start = params
        .text("cursor")
        .and_then(|cursor| cursor.strip_prefix("next-")?.parse().ok())
        .unwrap_or(0_usize);
    let with_metadata = params.flag("include_all_metadata");
    let messages: Vec<Value> = found
        .iter()
        .skip(start)
        .take(limit)
        .map(|one| state.with_thread(channel, one, with_metadata))
        .collect();
    let has_more = found.len() > start.saturating_add(limit);
    let mut value = json!({"messages": messages, "has_more": has_more});
    if has_more {
        value["response_metadata"] = json!({"next_cursor": format!("next-{}", start.saturating_add(limit))});
    }
    value
}

fn describe(state: &State, caller: &Caller, channel: &Channel) -> Value {
    let other = channel.members.iter().find(|member| *member != caller.user_id());
    let is_direct = channel.kind == Kind::Direct;
    let mut value = json!({
        "id": channel.id,
        "name": channel.name,
        "name_normalized": channel.name,
        "is_channel": channel.kind == Kind::Public,
        "is_group": channel.kind == Kind::Private,
        "is_im": is_direct,
        "is_mpim": false,
        "is_private": channel.kind != Kind::Public,
        "is_archived": channel.is_archived,
        "is_general": false,
        "is_shared": channel.is_shared,
        "is_ext_shared": channel.is_shared,
        "is_org_shared": false,
        "is_member": channel.has(caller.user_id()),
        "created": 1_700_000_000,
        "creator": state.users.first().map(|user| &user.id),
        "context_team_id": TEAM,
        "shared_team_ids": if channel.is_shared { vec![TEAM, STRANGERS] } else { vec![TEAM] },
        "connected_team_ids": if channel.is_shared { vec![STRANGERS] } else { Vec::new() },
        "is_pending_ext_shared": false,
        "num_members": channel.members.len(),
        "topic": {"value": channel.topic, "creator": "", "last_set": 0},
        "purpose": {"value": "", "creator": "", "last_set": 0},
    });
    if let (true, Some(object)) = (is_direct, value.as_object_mut()) {
        object.insert("user".into(), json!(other));
        object.shift_remove("name");
        object.shift_remove("name_normalized");
    }
    value
}
