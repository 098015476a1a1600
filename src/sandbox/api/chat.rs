//! `chat.*`: posting, editing, deleting.

use serde_json::{Map, Value, json};

use super::{Answer, ApiError, Caller, Params, error};
use crate::sandbox::seed::TEAM;
use crate::sandbox::state::{Bucket, Kind, Message, ResponseUrl, State};
use crate::sandbox::{events, limits, text};

/// The longest text of a message.
const TEXT: usize = 40_000;
/// The longest text that chat.update takes, in bytes.
const UPDATED_TEXT: usize = 4_000;
/// The most bytes of metadata.
const METADATA: usize = 8_000;

/// What a message holds besides its place.
struct Content {
    text: String,
    blocks: Vec<Value>,
    attachments: Vec<Value>,
    metadata: Option<Value>,
}

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

/// A channel the caller may read, by its id.
pub(super) fn readable(state: &State, caller: &Caller, channel: &str) -> Result<String, ApiError> {
    let Some(found) = state.channel(channel) else {
        return error("channel_not_found");
    };
    if found.kind != Kind::Public && !found.has(caller.user_id()) {
        return error("channel_not_found");
    }
    if matches!(caller, Caller::Bot { .. }) && !found.has(caller.user_id()) {
        return error("not_in_channel");
    }
    Ok(found.id.clone())
}

/// A channel the caller may post in. A user's id stands for the direct messages with that user.
fn writable(state: &mut State, caller: &Caller, channel: &str) -> Result<String, ApiError> {
    if state.user(channel).is_some() {
        return super::conversations::direct_with(state, caller, channel);
    }
    let Some(found) = state.channel(channel) else {
        return error("channel_not_found");
    };
    let is_member = found.has(caller.user_id());
    match (found.is_archived, is_member, found.kind) {
        (true, _, _) => error("is_archived"),
        (_, false, Kind::Public) => error("not_in_channel"),
        (_, false, _) => error("channel_not_found"),
        _ => Ok(found.id.clone()),
    }
}

fn content(params: &Params) -> Result<Content, ApiError> {
    let blocks = params.list("blocks", "invalid_blocks_format")?;
    let attachments = params.list("attachments", "invalid_attachments")?;
    let text = params.text("text").unwrap_or_default();
    if text.trim().is_empty() && blocks.is_empty() && attachments.is_empty() {
        return error("no_text");
    }
    if text.chars().count() > TEXT {
        return error("msg_too_long");
    }
    let faults = limits::blocks(&blocks, 50);
    if !faults.is_empty() {
        return Err(ApiError::with_messages("invalid_blocks", &faults));
    }
    if limits::is_too_long(&blocks) {
        return error("msg_blocks_too_long");
    }
    let metadata = params.structure("metadata", "invalid_metadata_format")?;
    if let Some(given) = &metadata {
        if !given["event_type"].is_string() || !given["event_payload"].is_object() {
            return error("invalid_metadata_schema");
        }
        if given.to_string().len() > METADATA {
            return error("metadata_too_large");
        }
    }
    Ok(Content {
        text,
        blocks,
        attachments,
        metadata,
    })
}

/// The root of the thread that is meant.
fn thread(state: &State, channel: &str, thread_ts: Option<String>) -> Result<Option<String>, ApiError> {
    let Some(thread_ts) = thread_ts.filter(|ts| !ts.is_empty()) else {
        return Ok(None);
    };
    let is_ts = thread_ts.split_once('.').is_some_and(|(seconds, rest)| {
        [seconds, rest]
            .iter()
            .all(|part| !part.is_empty() && part.chars().all(|c| c.is_ascii_digit()))
    });
    if !is_ts {
        return error("invalid_thread_ts");
    }
    let Some(message) = state.message(channel, &thread_ts) else {
        return error("cannot_reply_to_message");
    };
    if message.ephemeral_to.is_some() {
        return error("cannot_reply_to_message");
    }
    Ok(Some(message.thread_ts().unwrap_or(&thread_ts).to_owned()))
}

/// One message a second a channel, with a small burst. People type as fast as they like.
fn pace(state: &mut State, caller: &Caller, channel: &str) -> Result<(), ApiError> {
    let Caller::Bot { app_id, .. } = caller else {
        return Ok(());
    };
    if !state.options.rate_limits {
        return Ok(());
    }
    let (now, burst) = (state.now(), f64::from(state.options.burst.max(1)));
    let full = Bucket {
        tokens: burst,
        filled: now,
    };
    let bucket = state
        .buckets
        .entry((app_id.clone(), channel.to_owned()))
        .or_insert(full);
    let passed = now.duration_since(bucket.filled).as_secs_f64().max(0.0);
    *bucket = Bucket {
        tokens: (bucket.tokens + passed).min(burst),
        filled: now,
    };
    if bucket.tokens < 1.0 {
        return Err(ApiError {
            retry_after: Some(1),
            ..ApiError::from("ratelimited")
        });
    }
    bucket.tokens -= 1.0;
    Ok(())
}

fn new_message(state: &mut State, caller: &Caller, content: &Content) -> Map<String, Value> {
    let mut value = Map::new();
    value.insert("type".into(), json!("message"));
    value.insert("user".into(), json!(caller.user_id()));
    if let Caller::Bot { app_id, bot_id, .. } = caller {
        let name = state.app(app_id).map(|app| app.name.clone());
        value.insert("bot_id".into(), json!(bot_id));
        value.insert("app_id".into(), json!(app_id));
        value.insert("text".into(), json!(content.text));
        value.insert(
            "bot_profile".into(),
            json!({"id": bot_id, "app_id": app_id, "name": name, "deleted": false, "updated": 0, "team_id": TEAM}),
        );
    } else {
        let block_id = state.next_id("b");
        let typed = text::typed(&content.text, state, &block_id);
        value.insert("client_msg_id".into(), json!(state.next_uuid()));
        value.insert("text".into(), json!(typed.text));
        if content.blocks.is_empty() && !content.text.is_empty() {
            value.insert("blocks".into(), typed.blocks);
        }
    }
    value.insert("team".into(), json!(TEAM));
    if !content.blocks.is_empty() {
        let blocks: Vec<Value> = content.blocks.iter().map(|block| with_block_id(state, block)).collect();
        value.insert("blocks".into(), Value::Array(blocks));
    }
    if !content.attachments.is_empty() {
        value.insert("attachments".into(), json!(content.attachments));
    }
    value
}

/// Slack names the blocks that came without a name.
fn with_block_id(state: &mut State, block: &Value) -> Value {
    let mut block = block.clone();
    if let Some(object) = block.as_object_mut()
        && object.get("block_id").and_then(Value::as_str).is_none_or(str::is_empty)
    {
        object.insert("block_id".into(), json!(state.next_id("b")));
    }
    block
}

fn place_in_thread(
    state: &State,
    channel: &str,
    value: &mut Map<String, Value>,
    root: Option<String>,
    broadcast: bool,
) {
    let Some(root) = root else { return };
    if let Some(parent) = state.message(channel, &root) {
        value.insert("parent_user_id".into(), json!(parent.user()));
    }
    value.insert("thread_ts".into(), json!(root));
    if broadcast {
        value.insert("subtype".into(), json!("thread_broadcast"));
    }
}

/// Puts a message in its channel and gives its timestamp.
pub(super) fn store(
    state: &mut State,
    channel: &str,
    mut value: Map<String, Value>,
    metadata: Option<Value>,
    ephemeral_to: Option<String>,
) -> String {
    let ts = state.next_ts();
    value.insert("ts".into(), json!(ts));
    if let Some(channel) = state.channel_mut(channel) {
        channel.messages.insert(
            ts.clone(),
            Message {
                value,
                metadata,
                ephemeral_to,
            },
        );
    }
    ts
}
