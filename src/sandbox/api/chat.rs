//! `chat.*`: posting, editing, deleting.

use serde_json::{Map, json};

use super::content::{content, new_message, pace, place_in_thread, readable, store, thread, writable};
use super::{Answer, Caller, Params, error};
use crate::sandbox::events;
use crate::sandbox::model::Message;
use crate::sandbox::state::{ResponseUrl, State};

/// The longest text that chat.update takes, in bytes.
const UPDATED_TEXT: usize = 4_000;
pub(super) fn post(state: &mut State, caller: &Caller, params: &Params) -> Answer {
    let channel = writable(state, caller, &params.need("channel", "channel_not_found")?)?;
    let content = content(params)?;
    let thread_ts = thread(state, &channel, params.text("thread_ts"))?;
    pace(state, caller, &channel)?;
    let mut value = new_message(state, caller, &content);
    if let (Caller::Bot { .. }, Some(username)) = (caller, params.text("username")) {
        // An app that customises its name posts as a classic bot.
        value.insert("subtype".into(), json!("bot_message"));
        value.insert("username".into(), json!(username));
        value.shift_remove("user");
    }
    place_in_thread(state, &channel, &mut value, thread_ts, params.flag("reply_broadcast"));
    let ts = store(state, &channel, value, content.metadata, None);
    events::message_posted(state, &channel, &ts);
    if let Some(root) = state.message(&channel, &ts).and_then(Message::thread_ts) {
        state.tell_page_of(&channel, root);
    }
    let message = state.message(&channel, &ts).map(|message| message.to_json(true));
    Ok(json!({"channel": channel, "ts": ts, "message": message}))
}

pub(super) fn post_ephemeral(state: &mut State, caller: &Caller, params: &Params) -> Answer {
    let channel = writable(state, caller, &params.need("channel", "channel_not_found")?)?;
    let user = params.need("user", "invalid_arguments")?;
    if !state.channel(&channel).is_some_and(|channel| channel.has(&user)) {
        return error("user_not_in_channel");
    }
    let content = content(params)?;
    let thread_ts = thread(state, &channel, params.text("thread_ts"))?;
    let mut value = new_message(state, caller, &content);
    place_in_thread(state, &channel, &mut value, thread_ts, false);
    let ts = store(state, &channel, value, content.metadata, Some(user));
    state.tell_page_of(&channel, &ts);
    Ok(json!({"message_ts": ts}))
}

pub(super) fn update(state: &mut State, caller: &Caller, params: &Params) -> Answer {
    let channel = writable(state, caller, &params.need("channel", "channel_not_found")?)?;
    let ts = params.need("ts", "message_not_found")?;
    let found = state
        .message(&channel, &ts)
        .filter(|message| message.ephemeral_to.is_none());
    let Some(message) = found else {
        return error("message_not_found");
    };
    if message.user() != caller.user_id() {
        return error("cant_update_message");
    }
    let previous = message.value.clone();
    let content = content(params)?;
    if matches!(caller, Caller::Bot { .. }) && content.text.len() > UPDATED_TEXT {
        return error("msg_too_long");
    }
    let mut value = new_message(state, caller, &content);
    let (mut merged, edited_ts) = (previous.clone(), state.next_ts());
    // Without blocks, Slack takes the old ones away when the text is new.
    for key in ["text", "blocks", "attachments"] {
        match value.shift_remove(key) {
            Some(new) => merged.insert(key.to_owned(), new),
            None => merged.shift_remove(key),
        };
    }
    merged.insert("edited".into(), json!({"user": caller.user_id(), "ts": edited_ts}));
    let metadata = content.metadata;
    if let Some(message) = state
        .channel_mut(&channel)
        .and_then(|channel| channel.messages.get_mut(&ts))
    {
        message.value.clone_from(&merged);
        message.metadata = metadata.or_else(|| message.metadata.take());
    }
    events::message_changed(state, &channel, &ts, &previous);
    Ok(json!({"channel": channel, "ts": ts, "text": merged.get("text"), "message": merged}))
}

pub(super) fn delete(state: &mut State, caller: &Caller, params: &Params) -> Answer {
    let channel = readable(state, caller, &params.need("channel", "channel_not_found")?)?;
    let ts = params.need("ts", "message_not_found")?;
    let Some(message) = state.message(&channel, &ts) else {
        return error("message_not_found");
    };
    if message.user() != caller.user_id() {
        return error("cant_delete_message");
    }
    delete_message(state, &channel, &ts);
    Ok(json!({"channel": channel, "ts": ts}))
}

/// Takes a message away and tells of it; a root with replies stays as a tombstone, as in Slack.
pub(crate) fn delete_message(state: &mut State, channel: &str, ts: &str) {
    let has_replies = !state.replies(channel, ts).is_empty();
    let Some(found) = state.channel_mut(channel) else {
        return;
    };
    let Some(message) = found.messages.remove(ts) else {
        return;
    };
    if has_replies {
        let mut tombstone = Map::new();
        tombstone.insert("type".into(), json!("message"));
        tombstone.insert("subtype".into(), json!("tombstone"));
        tombstone.insert("text".into(), json!("This message was deleted."));
        tombstone.insert("user".into(), json!("USLACKBOT"));
        tombstone.insert("hidden".into(), json!(true));
        tombstone.insert("ts".into(), json!(ts));
        tombstone.insert("thread_ts".into(), json!(ts));
        let stone = Message {
            value: tombstone,
            metadata: None,
            ephemeral_to: None,
        };
        found.messages.insert(ts.to_owned(), stone);
    }
    let root = message.thread_ts().map(str::to_owned);
    if message.ephemeral_to.is_some() {
        state.tell_page(json!({"type": "deleted", "channel": channel, "ts": ts}));
    } else {
        events::message_deleted(state, channel, ts, &message.value);
    }
    for shown in [Some(ts.to_owned()), root].into_iter().flatten() {
        state.tell_page_of(channel, &shown);
    }
}

pub(super) fn permalink(state: &State, caller: &Caller, params: &Params, base: &str) -> Answer {
    let channel = readable(state, caller, &params.need("channel", "channel_not_found")?)?;
    let ts = params.need("message_ts", "message_not_found")?;
    let Some(message) = state.message(&channel, &ts) else {
        return error("message_not_found");
    };
    let thread = message.thread_ts().filter(|root| *root != ts);
    let query = thread.map_or_else(String::new, |root| format!("?thread_ts={root}&cid={channel}"));
    let link = format!("{base}/archives/{channel}/p{}{query}", ts.replace('.', ""));
    Ok(json!({"channel": channel, "permalink": link}))
}

/// What an app posts through a response_url.
pub(crate) fn post_as_app(state: &mut State, place: &ResponseUrl, params: &Params) -> Answer {
    let Some(app) = state.app(&place.app_id) else {
        return error("invalid_auth");
    };
    let caller = Caller::bot(app);
    let original = place
        .message_ts
        .clone()
        .filter(|ts| state.message(&place.channel, ts).is_some());
    if let (true, Some(ts)) = (params.flag("delete_original"), &original) {
        delete_message(state, &place.channel, ts);
        return Ok(json!({}));
    }
    let content = content(params)?;
    let mut value = new_message(state, &caller, &content);
    if let (true, Some(ts)) = (params.flag("replace_original"), &original) {
        let previous = state
            .message(&place.channel, ts)
            .map(|message| message.value.clone())
            .unwrap_or_default();
        if let Some(message) = state
            .channel_mut(&place.channel)
            .and_then(|found| found.messages.get_mut(ts))
        {
            for key in ["text", "blocks", "attachments"] {
                match value.shift_remove(key) {
                    Some(new) => message.value.insert(key.to_owned(), new),
                    None => message.value.shift_remove(key),
                };
            }
        }
        events::message_changed(state, &place.channel, ts, &previous);
        return Ok(json!({}));
    }
    let is_public = params.text("response_type").as_deref() == Some("in_channel");
    let thread_ts = params.text("thread_ts").or_else(|| place.thread_ts.clone());
    place_in_thread(state, &place.channel, &mut value, thread_ts, false);
    let reader = if is_public { None } else { Some(place.user_id.clone()) };
    let ts = store(state, &place.channel, value, content.metadata, reader);
    if is_public {
        events::message_posted(state, &place.channel, &ts);
    } else {
        state.tell_page_of(&place.channel, &ts);
    }
    Ok(json!({}))
}
