//! People's actions besides posting: edit, delete, upload.

use std::sync::Arc;

use serde_json::json;

use super::{Call, Outcome};
use crate::state::State;
use crate::{Shared, api};

pub(super) fn edit(shared: &Arc<Shared>, call: &Call) -> Outcome {
    let text = call.need("text")?;
    let base = shared.url();
    shared.update(|state| {
        let (channel, ts) = call.message(state)?;
        let author = author(state, &channel, &ts);
        // The author edits when the request names no person.
        let caller = if call.params.text("user").is_none() {
            author
        } else {
            Some(call.caller.clone())
        };
        let caller = caller.unwrap_or_else(|| call.caller.clone());
        let params = api::Params::from_value(&json!({"channel": channel, "ts": ts, "text": text}));
        let edited = api::call(state, &caller, "chat.update", &params, &base);
        edited
            .map(|_| json!({"channel": channel, "ts": ts}))
            .map_err(|error| error.code)
    })
}

fn author(state: &State, channel: &str, ts: &str) -> Option<api::Caller> {
    state
        .message(channel, ts)
        .and_then(|message| state.caller_of_user(message.user()))
}

pub(super) fn delete(shared: &Arc<Shared>, call: &Call) -> Outcome {
    shared.update(|state| {
        let (channel, ts) = call.message(state)?;
        api::delete_message(state, &channel, &ts);
        Ok(json!({"channel": channel, "ts": ts}))
    })
}

pub(super) fn upload(shared: &Arc<Shared>, call: &Call) -> Outcome {
    let name = call.need("channel").or_else(|_| call.need("channels"))?;
    let base = shared.url();
    let comment = call
        .params
        .text("comment")
        .or_else(|| call.params.text("initial_comment"));
    let comment = comment.or_else(|| call.params.text("text")).unwrap_or_default();
    let uploads = uploads(call)?;
    shared.update(|state| {
        let channel = state.channel(&name).map(|channel| channel.id.clone());
        let channel = channel.ok_or_else(|| format!("there is no channel {name:?}"))?;
        let mut ids = Vec::new();
        for (file, bytes) in uploads {
            let id = api::store_file(state, call.caller.user_id(), &file, bytes, &base);
            if let (Some(title), Some(stored)) = (call.params.text("title"), state.files.get_mut(&id)) {
                stored.value.insert("title".into(), json!(title));
            }
            ids.push(id);
        }
        let share = api::Share {
            channel: &channel,
            ids: &ids,
            comment: &comment,
            thread_ts: call.params.text("thread_ts").filter(|ts| !ts.is_empty()),
            must_ask: call.params.flag("must_ask"),
        };
        let ts = api::file_shared(state, &call.caller, &share).map_err(|error| error.code)?;
        let first = ids.first().cloned().unwrap_or_default();
        let value = state.files.get(&first).map(|file| file.value.clone());
        Ok(json!({"channel": channel, "ts": ts, "file_id": first, "file_ids": ids, "file": value}))
    })
}

/// Returns the files of a call: `content` with a `name`, a list of such objects in `files`, or files of a multipart
/// form.
fn uploads(call: &Call) -> Result<Vec<(String, Vec<u8>)>, String> {
    let named = |key: &str| call.params.text(key).filter(|name| !name.is_empty());
    let given = named("name").or_else(|| named("filename"));
    if let Some(files) = call.given("files")? {
        let files = files.as_array().ok_or("`files` is a list")?;
        let texts = files.iter().enumerate().map(|(number, file)| {
            let name = file["name"]
                .as_str()
                .map_or_else(|| format!("snippet-{number}.txt"), str::to_owned);
            let content = file["content"].as_str().ok_or("each of `files` has `content`")?;
            Ok((name, content.as_bytes().to_vec()))
        });
        return texts.collect();
    }
    match (call.files.as_slice(), call.params.text("content")) {
        ([(name, bytes)], _) => Ok(vec![(given.unwrap_or_else(|| name.clone()), bytes.clone())]),
        ([], Some(content)) => {
            let name = given.unwrap_or_else(|| "snippet.txt".to_owned());
            Ok(vec![(name, content.into_bytes())])
        }
        ([], None) => Err("`content` is missing: the file's text, or a file in a multipart form".to_owned()),
        (several, _) => Ok(several.to_vec()),
    }
}

pub(super) fn typing(shared: &Arc<Shared>, call: &Call) -> Outcome {
    let name = call.need("channel")?;
    let state = shared.lock();
    let channel = state
        .channel(&name)
        .ok_or_else(|| format!("there is no channel {name:?}"))?;
    state.tell_page(json!({"type": "typing", "channel": channel.id, "user": call.caller.user_id()}));
    Ok(json!({}))
}
