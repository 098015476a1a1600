//! What people do besides posting: edit, delete, upload; and what an administrator does.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::{Call, Outcome};
use crate::sandbox::model::{Channel, Kind, User};
use crate::sandbox::seed::SIGNING_SECRET;
use crate::sandbox::state::State;
use crate::sandbox::{Shared, api, request_url as http};

pub(super) fn edit(shared: &Arc<Shared>, call: &Call) -> Outcome {
    let text = call.need("text")?;
    let base = shared.url();
    shared.update(|state| {
        let (channel, ts) = call.message(state)?;
        let author = author(state, &channel, &ts);
        // Without a person named, the author edits.
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
    let given = call
        .params
        .text("name")
        .or_else(|| call.params.text("filename"))
        .filter(|name| !name.is_empty());
    let (file, bytes) = match (call.files.first(), call.params.text("content")) {
        (Some((file, bytes)), _) => (given.unwrap_or_else(|| file.clone()), bytes.clone()),
        (None, Some(content)) => (given.unwrap_or_else(|| "snippet.txt".to_owned()), content.into_bytes()),
        (None, None) => return Err("`content` is missing: the file's text, or a file in a multipart form".to_owned()),
    };
    shared.update(|state| {
        let channel = state.channel(&name).map(|channel| channel.id.clone());
        let channel = channel.ok_or_else(|| format!("there is no channel {name:?}"))?;
        let id = api::store_file(state, call.caller.user_id(), &file, bytes, &base);
        let thread_ts = call.params.text("thread_ts").filter(|ts| !ts.is_empty());
        let shared = api::file_shared(
            state,
            &call.caller,
            &channel,
            std::slice::from_ref(&id),
            &comment,
            thread_ts,
        );
        let ts = shared.map_err(|error| error.code)?;
        let value = state.files.get(&id).map(|file| file.value.clone());
        Ok(json!({"channel": channel, "ts": ts, "file_id": id, "file": value}))
    })
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

pub(super) fn channel(shared: &Arc<Shared>, call: &Call) -> Outcome {
    let name = call.need("name")?;
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
    if name.chars().count() > 80 || !name.chars().all(is_name) {
        return Err(format!(
            "{name:?} is no channel name: letters, digits, - and _, at most 80"
        ));
    }
    let members = call
        .params
        .list("members", "")
        .map_err(|_| "`members` is a list of users".to_owned())?;
    shared.update(|state| {
        let mut ids = Vec::new();
        for member in members.iter().filter_map(Value::as_str) {
            let user = state
                .user_called(member)
                .ok_or_else(|| format!("there is no user {member:?}"))?;
            ids.push(user.id.clone());
        }
        if state.channel(&name).is_none() {
            let kind = if call.params.flag("private") {
                Kind::Private
            } else {
                Kind::Public
            };
            let everybody = state.users.iter().map(|user| user.id.clone()).collect();
            let new = Channel::new(&state.next_id("C"), &name, kind, &[]);
            state.channels.push(Channel {
                members: everybody,
                ..new
            });
        }
        let Some(channel) = state.channel_mut(&name) else {
            return Err("the channel is gone".to_owned());
        };
        if !ids.is_empty() {
            channel.members = ids;
        }
        for (key, flag) in [
            ("shared", &mut channel.is_shared),
            ("archived", &mut channel.is_archived),
        ] {
            if call.params.text(key).is_some() {
                *flag = call.params.flag(key);
            }
        }
        let id = channel.id.clone();
        state.tell_page(json!({"type": "channels"}));
        Ok(json!({"channel": id}))
    })
}

pub(super) fn person(shared: &Arc<Shared>, call: &Call) -> Outcome {
    let name = call.need("name")?.to_lowercase();
    if name.len() > 40 || !name.chars().all(|c| c.is_ascii_alphanumeric()) {
        return Err(format!("{name:?} is no handle: letters and digits, at most 40"));
    }
    shared.update(|state| {
        if state.user_called(&name).is_some() {
            return Err(format!("there is a user {name:?} already"));
        }
        let (id, token) = (state.next_id("U"), format!("{}-sandbox-{name}", "xoxp"));
        let real_name = name
            .chars()
            .take(1)
            .flat_map(char::to_uppercase)
            .chain(name.chars().skip(1))
            .collect();
        let is_stranger = call.params.flag("stranger");
        state.users.push(User {
            id: id.clone(),
            name,
            real_name,
            token: Some(token.clone()),
            bot_id: None,
            color: "#475569".to_owned(),
            is_stranger,
        });
        for channel in state.channels.iter_mut().filter(|channel| channel.kind == Kind::Public) {
            channel.members.push(id.clone());
        }
        state.tell_page(json!({"type": "channels"}));
        Ok(json!({"id": id, "token": token}))
    })
}

pub(super) async fn request_url(shared: &Arc<Shared>, call: &Call) -> Outcome {
    let app = call.params.text("app").unwrap_or_else(|| "signpost".to_owned());
    let url = call.params.text("url").filter(|url| !url.is_empty());
    if let Some(url) = &url {
        if !url.starts_with("http://") && !url.starts_with("https://") {
            return Err(format!("{url:?} is no http address"));
        }
        if call.params.flag("verify") {
            http::verify(shared, url).await?;
        }
    }
    shared.update(|state| {
        let is_named = |id: &str, name: &str| id == app || name.eq_ignore_ascii_case(&app);
        let found = state.apps.iter_mut().find(|one| is_named(&one.id, &one.name));
        let found = found.ok_or_else(|| format!("there is no app {app:?}"))?;
        found.request_url.clone_from(&url);
        Ok(json!({"app": found.id, "url": url, "signing_secret": SIGNING_SECRET}))
    })
}

pub(super) fn options(shared: &Arc<Shared>, call: &Call) -> Outcome {
    let whole = |key: &str| -> Result<Option<u64>, String> {
        let text = call.params.text(key);
        text.map(|text| {
            text.parse()
                .map_err(|_| format!("`{key}` is not a whole number: {text}"))
        })
        .transpose()
    };
    let (ack_timeout, burst) = (whole("ack_timeout_ms")?, whole("burst")?);
    let delays = call
        .params
        .list("retry_delays_ms", "")
        .map_err(|_| "`retry_delays_ms` is a list".to_owned())?;
    shared.update(|state| {
        if call.params.text("rate_limits").is_some() {
            state.options.rate_limits = call.params.flag("rate_limits");
        }
        if let Some(burst) = burst {
            state.options.burst = u32::try_from(burst).unwrap_or(u32::MAX);
        }
        if let Some(limit) = ack_timeout {
            state.options.ack_timeout = Duration::from_millis(limit.clamp(1, 600_000));
        }
        if !delays.is_empty() {
            let delays = delays
                .iter()
                .filter_map(Value::as_u64)
                .map(|delay| delay.min(3_600_000));
            state.options.retry_delays = delays.map(Duration::from_millis).collect();
        }
    });
    Ok(json!({}))
}
