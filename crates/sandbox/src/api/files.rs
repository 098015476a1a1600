//! `files.*`: the two-step upload, and what a message with a file looks like.

use serde_json::{Map, Value, json};

use super::{Answer, ApiError, Caller, Params, content, error};
use crate::model::File;
use crate::seed::TEAM;
use crate::state::State;
use crate::{events, text};

/// The largest file, and the longest preview of a snippet.
const LARGEST: usize = 20 * 1024 * 1024;
const PREVIEW: usize = 1_000;
/// A text larger than this is kept as a file, without a preview.
const SNIPPET: usize = 1024 * 1024;

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
        let share = Share {
            channel: &channel,
            ids: &ids,
            comment: &comment,
            thread_ts: params.text("thread_ts"),
            must_ask: false,
        };
        file_shared(state, caller, &share)?;
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
    value.insert("user_team".into(), json!(state.team_of(user)));
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
        _ if std::str::from_utf8(&bytes).is_ok() && bytes.len() <= SNIPPET => ("snippet", "text/plain".to_owned()),
        _ if std::str::from_utf8(&bytes).is_ok() => ("hosted", "text/plain".to_owned()),
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
        file.value.insert("editable".into(), json!(true));
    } else {
        for key in ["preview", "preview_is_truncated", "lines", "lines_more"] {
            file.value.shift_remove(key);
        }
    }
    file.bytes = bytes;
}

/// Files on their way into a channel.
#[derive(Debug)]
pub(crate) struct Share<'a> {
    pub(crate) channel: &'a str,
    pub(crate) ids: &'a [String],
    pub(crate) comment: &'a str,
    pub(crate) thread_ts: Option<String>,
    /// The message names the files only, and files.info has to be asked: so Slack Connect hands out other
    /// organisations' files.
    pub(crate) must_ask: bool,
}

/// Posts the message that shares files; gives its timestamp.
pub(crate) fn file_shared(state: &mut State, caller: &Caller, share: &Share<'_>) -> Result<String, ApiError> {
    let channel = content::readable(state, caller, share.channel)?;
    let comment = share.comment;
    let must_ask = share.must_ask || state.user(caller.user_id()).is_some_and(|user| user.is_stranger);
    let files: Vec<Value> = share
        .ids
        .iter()
        .filter_map(|id| state.files.get(id))
        .map(|file| {
            if must_ask {
                stub(&file.value)
            } else {
                Value::Object(file.value.clone())
            }
        })
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
    let root = content::thread(state, &channel, share.thread_ts.clone())?;
    content::place_in_thread(state, &channel, &mut value, root.clone(), false);
    let ts = content::store(state, &channel, value, None, None);
    events::message_posted(state, &channel, &ts);
    if let Some(root) = root {
        state.tell_page_of(&channel, &root);
    }
    Ok(ts)
}

/// A file as a message of another organisation shows it.
fn stub(file: &Map<String, Value>) -> Value {
    let mut stub = Map::new();
    for key in ["id", "created", "timestamp"] {
        stub.insert(key.to_owned(), file.get(key).cloned().unwrap_or_default());
    }
    stub.insert("mode".into(), json!("file_access"));
    stub.insert("file_access".into(), json!("check_file_info"));
    Value::Object(stub)
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
