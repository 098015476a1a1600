//! `chat.*`: posting, editing, deleting.

use serde_json::{Map, Value, json};

use super::content::{Content, content, new_message, pace, place_in_thread, readable, store, thread, writable};
use super::{Answer, ApiError, Caller, Params, error};
use crate::events;
use crate::model::Message;
use crate::state::{ResponseUrl, State};

/// Longest text that chat.update takes, in bytes.
const UPDATED_TEXT: usize = 4_000;

/// Returns true when the caller wrote the message. A bot's message under a custom name carries no user, only the bot
/// id.
fn wrote(caller: &Caller, message: &Message) -> bool {
    let by_bot = |bot: &str| message.value.get("bot_id").is_some_and(|id| id == bot);
    message.user() == caller.user_id() || matches!(caller, Caller::Bot { bot_id, .. } if by_bot(bot_id))
}

pub(super) fn post(state: &mut State, caller: &Caller, params: &Params) -> Answer {
    let channel = writable(state, caller, &params.need("channel", "channel_not_found")?)?;
    let content = content(params)?;
    known_blocks(state, caller, &content)?;
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
    known_blocks(state, caller, &content)?;
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
    if !wrote(caller, message) {
        return error("cant_update_message");
    }
    if message
        .value
        .get("subtype")
        .is_some_and(|subtype| subtype == "tombstone")
    {
        return error("cant_update_message");
    }
    let previous = message.value.clone();
    let content = updated_content(caller, params, &previous)?;
    known_blocks(state, caller, &content)?;
    if matches!(caller, Caller::Bot { .. }) && content.text.len() > UPDATED_TEXT {
        return error("msg_too_long");
    }
    let mut value = new_message(state, caller, &content);
    let (mut merged, edited_ts) = (previous.clone(), state.next_ts());
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

/// Refuses an app's message with a block that a fault makes unknown.
fn known_blocks(state: &mut State, caller: &Caller, content: &Content) -> Result<(), ApiError> {
    if !matches!(caller, Caller::Bot { .. }) {
        return Ok(());
    }
    match state.take_refused_block(&content.blocks) {
        Some(reason) => Err(ApiError::with_messages("invalid_blocks", &[reason])),
        None => Ok(()),
    }
}

/// Merges the parameters of chat.update with the message: an app's blocks and attachments stay unless it sends others,
/// or an empty list.
fn updated_content(caller: &Caller, params: &Params, previous: &Map<String, Value>) -> Result<Content, ApiError> {
    let mut params = params.clone();
    if matches!(caller, Caller::Bot { .. }) {
        for key in ["blocks", "attachments"] {
            if let (None, Some(old)) = (params.structure(key, "invalid_arguments")?, previous.get(key)) {
                params.add(key, old.clone());
            }
        }
    }
    content(&params)
}

pub(super) fn delete(state: &mut State, caller: &Caller, params: &Params) -> Answer {
    let channel = readable(state, caller, &params.need("channel", "channel_not_found")?)?;
    let ts = params.need("ts", "message_not_found")?;
    let Some(message) = state.message(&channel, &ts) else {
        return error("message_not_found");
    };
    if message.ephemeral_to.is_some() {
        return error("message_not_found");
    }
    if !wrote(caller, message) {
        return error("cant_delete_message");
    }
    delete_message(state, &channel, &ts);
    Ok(json!({"channel": channel, "ts": ts}))
}

/// Deletes a message and sends the event. A root with replies becomes a tombstone, which Slack reports as a change.
pub(crate) fn delete_message(state: &mut State, channel: &str, ts: &str) {
    let has_replies = !state.replies(channel, ts).is_empty();
    let Some(found) = state.channel_mut(channel) else {
        return;
    };
    let Some(message) = found.messages.remove(ts) else {
        return;
    };
    state.chosen.retain(|(place, of, _), _| place != channel || of != ts);
    if message.ephemeral_to.is_some() {
        state.tell_page(json!({"type": "deleted", "channel": channel, "ts": ts}));
    } else if has_replies {
        bury(state, channel, ts);
        events::message_changed(state, channel, ts, &message.value);
    } else {
        events::message_deleted(state, channel, ts, &message.value);
    }
    let Some(root) = message.thread_ts().filter(|root| *root != ts).map(str::to_owned) else {
        return;
    };
    let is_stone = |root: &Message| root.value.get("subtype").is_some_and(|subtype| subtype == "tombstone");
    if state.message(channel, &root).is_some_and(is_stone) && state.replies(channel, &root).is_empty() {
        // A tombstone is deleted with its last reply.
        delete_message(state, channel, &root);
    } else {
        state.tell_page_of(channel, &root);
    }
}

/// Replaces a thread's root with Slack's tombstone.
fn bury(state: &mut State, channel: &str, ts: &str) {
    let mut stone = Map::new();
    for (key, value) in [
        ("type", json!("message")),
        ("subtype", json!("tombstone")),
        ("text", json!("This message was deleted.")),
        ("user", json!("USLACKBOT")),
        ("hidden", json!(true)),
        ("ts", json!(ts)),
        ("thread_ts", json!(ts)),
    ] {
        stone.insert(key.to_owned(), value);
    }
    let stone = Message {
        value: stone,
        metadata: None,
        ephemeral_to: None,
    };
    if let Some(found) = state.channel_mut(channel) {
        found.messages.insert(ts.to_owned(), stone);
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

/// Posts an app's message from a response_url, or from the acknowledgement of a slash command.
pub(crate) fn post_as_app(state: &mut State, place: &ResponseUrl, params: &Params) -> Answer {
    let Some(app) = state.app(&place.app_id) else {
        return error("invalid_auth");
    };
    let caller = Caller::bot(app);
    let is_own = |message: &Message| message.value.get("app_id").is_some_and(|app| *app == place.app_id);
    let original = place
        .message_ts
        .clone()
        .filter(|ts| state.message(&place.channel, ts).is_some_and(is_own));
    if let (true, Some(ts)) = (params.flag("delete_original"), &original) {
        delete_message(state, &place.channel, ts);
        return Ok(json!({}));
    }
    let content = content(params)?;
    let mut value = new_message(state, &caller, &content);
    if let (true, Some(ts)) = (params.flag("replace_original"), &original) {
        replace_original(state, &place.channel, ts, value);
        return Ok(json!({}));
    }
    let is_public = params.text("response_type").as_deref() == Some("in_channel");
    // Slack posts to the channel, even after a click in a thread, unless the thread is named (bolt-js#963).
    let thread_ts = params.text("thread_ts").filter(|ts| !ts.is_empty());
    place_in_thread(state, &place.channel, &mut value, thread_ts, false);
    let reader = if is_public { None } else { Some(place.user_id.clone()) };
    let ts = store(state, &place.channel, value, content.metadata, reader);
    if is_public {
        events::message_posted(state, &place.channel, &ts);
        if let Some(root) = state.message(&place.channel, &ts).and_then(Message::thread_ts) {
            state.tell_page_of(&place.channel, root);
        }
    } else {
        state.tell_page_of(&place.channel, &ts);
    }
    Ok(json!({}))
}

fn replace_original(state: &mut State, channel: &str, ts: &str, mut new: Map<String, Value>) {
    let found = state.channel_mut(channel).and_then(|found| found.messages.get_mut(ts));
    let Some(message) = found else { return };
    let previous = message.value.clone();
    for key in ["text", "blocks", "attachments"] {
        match new.shift_remove(key) {
            Some(new) => message.value.insert(key.to_owned(), new),
            None => message.value.shift_remove(key),
        };
    }
    if message.ephemeral_to.is_some() {
        // Apps get no events for ephemeral messages.
        state.tell_page_of(channel, ts);
    } else {
        events::message_changed(state, channel, ts, &previous);
    }
}
