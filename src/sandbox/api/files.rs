//! `files.*`: the two-step upload, and what a message with a file looks like.

use serde_json::{Map, Value, json};

use super::{Answer, ApiError, Caller, Params, content, error};
use crate::sandbox::model::File;
use crate::sandbox::seed::TEAM;
use crate::sandbox::state::State;
use crate::sandbox::{events, text};

/// The largest file, and the longest preview of a snippet.
const LARGEST: usize = 20 * 1024 * 1024;
const PREVIEW: usize = 1_000;

pub(super) fn info(state: &State, params: &Params) -> Answer {
    let id = params.need("file", "file_not_found")?;
    match state.files.get(&id).filter(|file| !file.is_pending) {
        Some(file) => Ok(json!({"file": file.value, "content": String::from_utf8_lossy(&file.bytes)})),
        None => error("file_not_found"),
    }
}

pub(super) fn upload_url(state: &mut State, caller: &Caller, params: &Params, base: &str) -> Answer {
    let name = params.need("filename", "invalid_arguments")?;
    let length = params.number("length", 0);
    if length > LARGEST {
        return error("file_upload_size_restricted");
    }
    let id = store_file(state, caller.user_id(), &name, Vec::new(), base);
    if let Some(file) = state.files.get_mut(&id) {
        file.is_pending = true;
    }
    Ok(json!({"upload_url": format!("{base}/upload/v1/{id}"), "file_id": id}))
}

pub(super) fn complete_upload(state: &mut State, caller: &Caller, params: &Params) -> Answer {
    let given = params.list("files", "invalid_arguments")?;
    let ids: Vec<String> = given
        .iter()
        .filter_map(|file| file["id"].as_str().map(str::to_owned))
        .collect();
    if ids.is_empty() || ids.iter().any(|id| !state.files.contains_key(id)) {
        return error("file_not_found");
    }
    for (id, file) in ids.iter().zip(&given) {
        if let Some(stored) = state.files.get_mut(id) {
            stored.is_pending = false;
            if let Some(title) = file["title"].as_str() {
                stored.value.insert("title".into(), json!(title));
            }
        }
    }
    let channel = params
        .text("channel_id")
        .or_else(|| params.text("channels"))
        .filter(|id| !id.is_empty());
    if let Some(channel) = channel {
        let comment = params.text("initial_comment").unwrap_or_default();
        file_shared(state, caller, &channel, &ids, &comment, params.text("thread_ts"))?;
    }
    let files: Vec<Value> = ids
        .iter()
        .filter_map(|id| state.files.get(id))
        .map(|file| Value::Object(file.value.clone()))
        .collect();
    Ok(json!({"files": files}))
}

/// Keeps a file; gives its id.
pub(crate) fn store_file(state: &mut State, user: &str, name: &str, bytes: Vec<u8>, base: &str) -> String {
    let id = state.next_id("F");
    let mut value = Map::new();
    value.insert("id".into(), json!(id));
    value.insert("created".into(), json!(state.now().as_second()));
    value.insert("timestamp".into(), json!(state.now().as_second()));
    value.insert("name".into(), json!(name));
    value.insert("title".into(), json!(name));
    value.insert("user".into(), json!(user));
    value.insert("user_team".into(), json!(TEAM));
    value.insert("editable".into(), json!(false));
    value.insert("is_external".into(), json!(false));
    value.insert("is_public".into(), json!(true));
    value.insert(
        "url_private".into(),
        json!(format!("{base}/files-pri/{TEAM}-{id}/{}", file_name(name))),
    );
    value.insert(
        "url_private_download".into(),
        json!(format!("{base}/files-pri/{TEAM}-{id}/download/{}", file_name(name))),
    );
    value.insert(
        "permalink".into(),
        json!(format!("{base}/files/{user}/{id}/{}", file_name(name))),
    );
    state.files.insert(
        id.clone(),
        File {
            value,
            bytes: Vec::new(),
            is_pending: false,
        },
    );
    fill_file(state, &id, bytes);
    id
}

/// Sets what is in a file, and what Slack tells from it: type, size, preview.
pub(crate) fn fill_file(state: &mut State, id: &str, bytes: Vec<u8>) {
    let Some(file) = state.files.get_mut(id) else { return };
    let name = file
        .value
        .get("name")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    let extension = name
        .rsplit_once('.')
        .map_or_else(String::new, |(_, ending)| ending.to_ascii_lowercase());
    let is_image = matches!(extension.as_str(), "png" | "jpg" | "jpeg" | "gif" | "webp");
    let (mode, mimetype) = match extension.as_str() {
        "jpg" => ("hosted", "image/jpeg".to_owned()),
        _ if is_image => ("hosted", format!("image/{extension}")),
        _ if std::str::from_utf8(&bytes).is_ok() => ("snippet", "text/plain".to_owned()),
        _ => ("hosted", "application/octet-stream".to_owned()),
    };
    file.value.insert("mode".into(), json!(mode));
    file.value.insert("mimetype".into(), json!(mimetype));
    file.value.insert(
        "filetype".into(),
        json!(if mode == "snippet" { "text" } else { extension.as_str() }),
    );
    file.value.insert(
        "pretty_type".into(),
        json!(if mode == "snippet" { "Plain Text" } else { "File" }),
    );
    file.value.insert("size".into(), json!(bytes.len()));
    if mode == "snippet" {
        let whole = String::from_utf8_lossy(&bytes);
        let preview: String = whole.chars().take(PREVIEW).collect();
        let lines = whole.lines().count();
        file.value
            .insert("preview_is_truncated".into(), json!(preview.len() < whole.len()));
        file.value.insert("lines".into(), json!(lines));
        file.value.insert(
            "lines_more".into(),
            json!(lines.saturating_sub(preview.lines().count())),
        );
        file.value.insert("preview".into(), json!(preview));
    }
    file.bytes = bytes;
}

/// Posts the message that shares files; gives its timestamp.
pub(crate) fn file_shared(
    state: &mut State,
    caller: &Caller,
    channel: &str,
    ids: &[String],
    comment: &str,
    thread_ts: Option<String>,
) -> Result<String, ApiError> {
    let channel = content::readable(state, caller, channel)?;
    let files: Vec<Value> = ids
        .iter()
        .filter_map(|id| state.files.get(id))
        .map(|file| Value::Object(file.value.clone()))
        .collect();
    let block_id = state.next_id("b");
    let typed = text::typed(comment, state, &block_id);
    let mut value = Map::new();
    value.insert("type".into(), json!("message"));
    value.insert("subtype".into(), json!("file_share"));
    value.insert("text".into(), json!(typed.text));
    value.insert("files".into(), json!(files));
    value.insert("upload".into(), json!(false));
    value.insert("user".into(), json!(caller.user_id()));
    value.insert("display_as_bot".into(), json!(false));
    if !comment.is_empty() {
        value.insert("blocks".into(), typed.blocks);
    }
    if let Caller::Bot { bot_id, .. } = caller {
        value.insert("bot_id".into(), json!(bot_id));
    } else {
        value.insert("client_msg_id".into(), json!(state.next_uuid()));
    }
    if let Some(root) = thread_ts.filter(|ts| state.message(&channel, ts).is_some()) {
        value.insert("thread_ts".into(), json!(root));
    }
    let ts = content::store(state, &channel, value, None, None);
    events::message_posted(state, &channel, &ts);
    Ok(ts)
}

fn file_name(name: &str) -> String {
    let safe = |c: char| {
        if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_') {
            c.to_ascii_lowercase()
        } else {
            '_'
        }
    };
    name.chars().map(safe).take(100).collect()
}
