//! The administrator's actions: channels, people, apps' delivery settings and features, options.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{Call, Outcome};
use crate::model::{Channel, Command, Kind, RequestUrls, Shortcut, User};
use crate::seed::SIGNING_SECRET;
use crate::state::State;
use crate::{Shared, request_url as http};

/// Largest deviation of the workspace's time, in milliseconds: ten days.
const LARGEST_SKEW: i64 = 864_000_000;

/// Returns the id of the app with this id, name, bot user or bot id.
pub(super) fn app_called(state: &State, name: &str) -> Result<String, String> {
    let is_named = |app: &&crate::App| {
        app.id == name || app.name.eq_ignore_ascii_case(name) || app.user_id == name || app.bot_id == name
    };
    let found = state.apps.iter().find(is_named);
    found
        .map(|app| app.id.clone())
        .ok_or_else(|| format!("there is no app {name:?}"))
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
        let is_shared = call.params.flag("shared");
        if state.channel(&name).is_none() {
            let kind = if call.params.flag("private") {
                Kind::Private
            } else {
                Kind::Public
            };
            let fits = |user: &&User| !user.is_stranger || is_shared;
            let everybody = state.users.iter().filter(fits).map(|user| user.id.clone()).collect();
            let new = Channel::new(&state.next_id("C"), &name, kind, &[]);
            state.channels.push(Channel {
                members: everybody,
                ..new
            });
        }
        let strangers: Vec<String> = state
            .users
            .iter()
            .filter(|user| user.is_stranger)
            .map(|user| user.id.clone())
            .collect();
        let Some(channel) = state.channel_mut(&name) else {
            return Err("the channel is gone".to_owned());
        };
        if is_shared && ids.is_empty() {
            ids.clone_from(&channel.members);
            ids.extend(strangers.into_iter().filter(|id| !channel.has(id)));
        }
        if !ids.is_empty() {
            channel.members = ids;
        }
        if let Some(topic) = call.params.text("topic") {
            channel.topic = topic;
        }
        for (key, flag) in [
            ("shared", &mut channel.is_shared),
            ("archived", &mut channel.is_archived),
            ("restricted", &mut channel.is_restricted),
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
        let fits = |channel: &&mut Channel| channel.kind == Kind::Public && (channel.is_shared || !is_stranger);
        for channel in state.channels.iter_mut().filter(fits) {
            channel.members.push(id.clone());
        }
        state.tell_page(json!({"type": "channels"}));
        Ok(json!({"id": id, "token": token}))
    })
}

pub(super) async fn request_url(shared: &Arc<Shared>, call: &Call) -> Outcome {
    let app = call.params.text("app").unwrap_or_else(|| "signpost".to_owned());
    let given = |key: &str| call.params.text(key).filter(|url| !url.is_empty());
    // `url` sets all three; each can also be set on its own.
    let whole = given("url");
    let urls = RequestUrls {
        events: given("events").or_else(|| whole.clone()),
        interactivity: given("interactivity").or_else(|| whole.clone()),
        commands: given("commands").or_else(|| whole.clone()),
    };
    for url in [&urls.events, &urls.interactivity, &urls.commands]
        .into_iter()
        .flatten()
    {
        if !url.starts_with("http://") && !url.starts_with("https://") {
            return Err(format!("{url:?} is no http address"));
        }
    }
    let mut checked = Value::Null;
    if call.params.flag("verify") {
        if let Some(url) = &urls.events {
            http::verify(shared, url).await?;
        }
        if let Some(url) = &urls.commands {
            let status = http::check_ssl(url).await?;
            if status != 200 {
                return Err(format!("{url} answered ssl_check with {status} instead of 200"));
            }
            checked = json!(status);
        }
    }
    shared.update(|state| {
        let id = app_called(state, &app)?;
        if let Some(app) = state.app_mut(&id) {
            app.request_urls.clone_from(&urls);
        }
        state.tell_page(json!({"type": "apps"}));
        Ok(json!({
            "app": id, "url": urls.events, "events": urls.events, "interactivity": urls.interactivity,
            "commands": urls.commands, "ssl_check": checked, "signing_secret": SIGNING_SECRET,
        }))
    })
}

/// Sets the features that an app offers to people.
pub(super) fn app(shared: &Arc<Shared>, call: &Call) -> Outcome {
    let name = call.need("app")?;
    let list = |key: &str| {
        call.given(key).and_then(|given| match given {
            None => Ok(None),
            Some(Value::Array(items)) => Ok(Some(items)),
            Some(_) => Err(format!("`{key}` is a list")),
        })
    };
    let (commands, shortcuts) = (list("commands")?, list("shortcuts")?);
    shared.update(|state| {
        let id = app_called(state, &name)?;
        let Some(app) = state.app_mut(&id) else {
            return Err("the app is gone".to_owned());
        };
        if let Some(commands) = commands {
            app.features.commands = commands.iter().map(Command::read).collect();
        }
        if let Some(shortcuts) = shortcuts {
            app.features.shortcuts = shortcuts.iter().map(Shortcut::read).collect();
        }
        if call.params.text("home").is_some() {
            app.features.has_home = call.params.flag("home");
        }
        state.tell_page(json!({"type": "channels"}));
        Ok(json!({"app": id}))
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
    let time = |key: &str| -> Result<Option<Duration>, String> {
        Ok(whole(key)?.map(|millis| Duration::from_millis(millis.clamp(1, 600_000))))
    };
    let burst = whole("burst")?;
    let skew = call.params.text("clock_skew_ms").map(|text| {
        let milliseconds = text.parse().ok().filter(|skew: &i64| skew.abs() <= LARGEST_SKEW);
        milliseconds.ok_or_else(|| format!("`clock_skew_ms` is not a whole number of at most ten days: {text}"))
    });
    let skew = skew.transpose()?;
    let (ack_timeout, patience) = (time("ack_timeout_ms")?, time("patience_ms")?);
    let trigger_life = time("trigger_life_ms")?;
    let delays = call
        .params
        .list("retry_delays_ms", "")
        .map_err(|_| "`retry_delays_ms` is a list".to_owned())?;
    shared.update(|state| {
        let options = &mut state.options;
        if call.params.text("rate_limits").is_some() {
            options.rate_limits = call.params.flag("rate_limits");
        }
        if let Some(burst) = burst {
            options.burst = u32::try_from(burst).unwrap_or(u32::MAX);
        }
        if let Some(skew) = skew {
            options.clock_skew = SignedDuration::from_millis(skew);
        }
        options.ack_timeout = ack_timeout.unwrap_or(options.ack_timeout);
        options.patience = patience.unwrap_or(options.patience);
        options.trigger_life = trigger_life.unwrap_or(options.trigger_life);
        if !delays.is_empty() {
            let delays = delays
                .iter()
                .filter_map(Value::as_u64)
                .map(|delay| delay.min(3_600_000));
            options.retry_delays = delays.map(Duration::from_millis).collect();
        }
    });
    Ok(json!({}))
}
