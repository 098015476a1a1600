//! The content of a message: its parts, the channels it may go to, and the rate limit.

use serde_json::{Map, Value, json};

use super::{ApiError, Caller, Params, error};
use crate::model::{Kind, Message};
use crate::state::State;
use crate::{limits, rates, text};

/// Longest text of a message.
const TEXT: usize = 40_000;
/// Maximum number of attachments of a message.
const ATTACHMENTS: usize = 100;
/// Maximum size of the metadata, in bytes.
const METADATA: usize = 8_000;

/// A message's content, without its channel and timestamp.
pub(super) struct Content {
    pub(super) text: String,
    pub(super) blocks: Vec<Value>,
    pub(super) attachments: Vec<Value>,
    pub(super) metadata: Option<Value>,
}

/// Returns the id of a channel that the caller may read.
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

/// Returns the id of a channel that the caller may post in. A user's id stands for the direct messages with that user.
pub(super) fn writable(state: &mut State, caller: &Caller, channel: &str) -> Result<String, ApiError> {
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
        _ if found.is_restricted && matches!(caller, Caller::Bot { .. }) => error("restricted_action"),
        _ => Ok(found.id.clone()),
    }
}

pub(super) fn content(params: &Params) -> Result<Content, ApiError> {
    let blocks = params.list("blocks", "invalid_blocks_format")?;
    let attachments = params.list("attachments", "invalid_attachments")?;
    if attachments.len() > ATTACHMENTS {
        return error("too_many_attachments");
    }
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

/// Returns the timestamp of the thread's root.
pub(super) fn thread(state: &State, channel: &str, thread_ts: Option<String>) -> Result<Option<String>, ApiError> {
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

/// Limits apps to one message a second per channel, with a small burst. People are not limited.
pub(super) fn pace(state: &mut State, caller: &Caller, channel: &str) -> Result<(), ApiError> {
    match caller {
        Caller::Bot { app_id, .. } => rates::message(state, app_id, channel),
        _ => Ok(()),
    }
}

pub(super) fn new_message(state: &mut State, caller: &Caller, content: &Content) -> Map<String, Value> {
    let mut value = Map::new();
    let team = state.team_of(caller.user_id());
    value.insert("type".into(), json!("message"));
    value.insert("user".into(), json!(caller.user_id()));
    if let Caller::Bot { app_id, bot_id, .. } = caller {
        let name = state.app(app_id).map(|app| app.name.clone());
        value.insert("bot_id".into(), json!(bot_id));
        value.insert("app_id".into(), json!(app_id));
        value.insert("text".into(), json!(content.text));
        value.insert(
            "bot_profile".into(),
            json!({"id": bot_id, "app_id": app_id, "name": name, "deleted": false, "updated": 0, "team_id": team}),
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
    value.insert("team".into(), json!(team));
    if !content.blocks.is_empty() {
        let blocks: Vec<Value> = content.blocks.iter().map(|block| with_block_id(state, block)).collect();
        value.insert("blocks".into(), Value::Array(blocks));
    }
    if !content.attachments.is_empty() {
        let attachments = content.attachments.iter().enumerate();
        let attachments: Vec<Value> = attachments.map(|(index, one)| attachment(state, index, one)).collect();
        value.insert("attachments".into(), Value::Array(attachments));
    }
    value
}

/// Returns an attachment as Slack's API does: numbered, with a fallback, its colour in full, and block ids in its
/// blocks.
fn attachment(state: &mut State, index: usize, given: &Value) -> Value {
    let mut value = given.clone();
    let blocks: Option<Vec<Value>> = given["blocks"]
        .as_array()
        .map(|blocks| blocks.iter().map(|block| with_block_id(state, block)).collect());
    if let Some(object) = value.as_object_mut() {
        object.insert("id".into(), json!(index + 1));
        let fallback = [&given["fallback"], &given["text"], &given["title"]]
            .iter()
            .find_map(|text| text.as_str().filter(|text| !text.is_empty()).map(str::to_owned));
        object.insert(
            "fallback".into(),
            json!(fallback.as_deref().unwrap_or("[no preview available]")),
        );
        if let Some(color) = given["color"].as_str() {
            let color = match color {
                "good" => "2eb886",
                "warning" => "daa038",
                "danger" => "a30200",
                other => other.trim_start_matches('#'),
            };
            object.insert("color".into(), json!(color));
        }
        if let Some(blocks) = blocks {
            object.insert("blocks".into(), Value::Array(blocks));
        }
    }
    value
}

/// Adds a block id to a block without one, as Slack does.
pub(super) fn with_block_id(state: &mut State, block: &Value) -> Value {
    let mut block = block.clone();
    if let Some(object) = block.as_object_mut()
        && object.get("block_id").and_then(Value::as_str).is_none_or(str::is_empty)
    {
        object.insert("block_id".into(), json!(state.next_id("b")));
    }
    block
}

pub(super) fn place_in_thread(
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

/// Stores a message in its channel and returns its timestamp.
pub(super) fn store(
    state: &mut State,
    channel: &str,
    mut value: Map<String, Value>,
    metadata: Option<Value>,
    ephemeral_to: Option<String>,
) -> String {
    let ts = state.next_ts();
    value.insert("ts".into(), json!(ts));
    let author = value.get("user").and_then(Value::as_str).unwrap_or_default().to_owned();
    if state.channel(channel).is_some_and(|found| found.is_shared) {
        // In channels shared with another organisation a message names the sender's team.
        for key in ["team", "user_team", "source_team"] {
            value.insert(key.into(), json!(state.team_of(&author)));
        }
    }
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
