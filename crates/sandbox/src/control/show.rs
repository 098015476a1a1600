//! `/sandbox/state`: the whole workspace as JSON.

use std::sync::Arc;

use axum::Json;
use axum::extract::State as Shares;
use serde_json::{Value, json};

use crate::Shared;
use crate::model::{App, Channel, Kind, User};
use crate::seed::TEAM;
use crate::state::State;

pub(super) async fn state(Shares(shared): Shares<Arc<Shared>>) -> Json<Value> {
    Json(shared.lock().to_json())
}

impl State {
    /// Everything: `examples` (what the page offers to try; null for those of the sample pack), `notice` (what the page says about the runbooks), `team`, `users`, `apps` (with `connections` and `unacknowledged`), `channels` with all their
    /// `messages` in order (thread replies carry `thread_ts`, metadata included, `ephemeral_to` where only one person
    /// sees it), `files`, `views`, `faults`, and `deliveries`: every sending of an envelope.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let deliveries: Vec<Value> = self
            .delivered
            .iter()
            .map(|one| {
                json!({
                    "app": one.app_id, "envelope_id": one.envelope_id, "type": one.envelope_type, "what": one.what,
                    "attempt": one.attempt, "acknowledged": one.acknowledged,
                })
            })
            .collect();
        json!({
            "ok": true,
            "team": {"id": TEAM, "name": "Sandbox"},
            "users": self.users.iter().map(user).collect::<Vec<_>>(),
            "groups": self.groups.iter().map(|group| json!({
                "id": group.id, "handle": group.handle, "name": group.name, "users": group.users,
            })).collect::<Vec<_>>(),
            "alerts": super::alerts::shapes(),
            "examples": self.options.examples,
            "notice": self.options.notice,
            "apps": self.apps.iter().map(app).collect::<Vec<_>>(),
            "channels": self.channels.iter().map(|channel| self.channel_json(channel)).collect::<Vec<_>>(),
            "files": self.files.values().map(|file| &file.value).collect::<Vec<_>>(),
            "views": self.views.values().collect::<Vec<_>>(),
            "faults": self.faults.iter().map(super::super::faults::Fault::to_json).collect::<Vec<_>>(),
            "deliveries": deliveries,
        })
    }

    fn channel_json(&self, channel: &Channel) -> Value {
        json!({
            "id": channel.id,
            "name": channel.name,
            "topic": channel.topic,
            "type": channel.channel_type(),
            "is_im": channel.kind == Kind::Direct,
            "is_private": channel.kind != Kind::Public,
            "is_archived": channel.is_archived,
            "is_ext_shared": channel.is_shared,
            "is_restricted": channel.is_restricted,
            "members": channel.members,
            "messages": channel.messages.values().map(|one| self.shown(&channel.id, one)).collect::<Vec<_>>(),
        })
    }
}

fn user(user: &User) -> Value {
    json!({
        "id": user.id, "name": user.name, "real_name": user.real_name, "is_bot": user.bot_id.is_some(),
        "bot_id": user.bot_id, "token": user.token, "color": user.color,
        "is_stranger": user.is_stranger,
    })
}

fn app(app: &App) -> Value {
    json!({
        "id": app.id, "name": app.name, "user_id": app.user_id, "bot_id": app.bot_id, "token": app.token,
        "app_token": app.app_token, "connections": app.connections(), "unacknowledged": app.unacknowledged(),
        "request_url": app.request_urls.events, "interactivity_url": app.request_urls.interactivity,
        "commands_url": app.request_urls.commands,
        "commands": app.features.commands.iter().map(|one| json!({
            "command": one.command, "description": one.description, "usage_hint": one.usage_hint,
        })).collect::<Vec<_>>(),
        "shortcuts": app.features.shortcuts.iter().map(|one| json!({
            "name": one.name, "callback_id": one.callback_id, "type": if one.is_global { "global" } else { "message" },
        })).collect::<Vec<_>>(),
        "has_home": app.features.has_home,
    })
}
