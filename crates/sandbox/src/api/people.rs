//! Identities: `auth.*`, `users.*`, `bots.info`, `team.info`, and the ticket for a Socket Mode connection.

use serde_json::{Value, json};

use super::{Answer, Caller, Params, error};
use crate::model::User;
use crate::seed::TEAM;
use crate::state::State;

/// The workspace's name.
const TEAM_NAME: &str = "Sandbox";

pub(super) fn auth_test(state: &State, caller: &Caller, base: &str) -> Answer {
    let Some(user) = state.user(caller.user_id()) else {
        return error("invalid_auth");
    };
    let mut value = json!({
        "url": format!("{base}/"), "team": TEAM_NAME, "user": user.name, "team_id": TEAM, "user_id": user.id,
        "is_enterprise_install": false,
    });
    if let Caller::Bot { app_id, bot_id, .. } = caller {
        value["bot_id"] = json!(bot_id);
        value["app_id"] = json!(app_id);
    }
    Ok(value)
}

pub(super) fn app_test(state: &State, app_id: &str, method: &str) -> Value {
    if method == "api.test" {
        return json!({"ok": true});
    }
    let name = state.app(app_id).map(|app| app.name.clone());
    json!({"ok": true, "app_name": name, "app_id": app_id})
}

/// Issues a ticket for one connection, as part of the address to connect to.
pub(super) fn open_connection(state: &mut State, app_id: &str, base: &str) -> Value {
    let ticket = state.next_uuid();
    state.tickets.insert(ticket.clone(), app_id.to_owned());
    if let Some(app) = state.app_mut(app_id) {
        app.listens = true;
    }
    let address = base.replacen("http", "ws", 1);
    json!({"ok": true, "url": format!("{address}/link/?ticket={ticket}&app_id={app_id}")})
}

pub(super) fn users_info(state: &State, params: &Params) -> Answer {
    let user = params.need("user", "user_not_found")?;
    let Some(user) = state.user(&user) else {
        return error("user_not_found");
    };
    Ok(json!({"user": describe(state, user)}))
}

pub(super) fn users_list(state: &State) -> Value {
    let members: Vec<Value> = state.users.iter().map(|user| describe(state, user)).collect();
    json!({"members": members, "cache_ts": state.now().as_second(), "response_metadata": {"next_cursor": ""}})
}

pub(super) fn bots_info(state: &State, params: &Params) -> Answer {
    let bot = params.need("bot", "bot_not_found")?;
    let Some(app) = state.apps.iter().find(|app| app.bot_id == bot) else {
        return error("bot_not_found");
    };
    Ok(json!({"bot": {
        "id": app.bot_id, "deleted": false, "name": app.name, "updated": 0, "app_id": app.id, "user_id": app.user_id,
        "icons": {},
    }}))
}

pub(super) fn team_info() -> Value {
    json!({"team": {"id": TEAM, "name": TEAM_NAME, "domain": "sandbox", "email_domain": "", "icon": {}}})
}

pub(super) fn groups_list(state: &State, params: &Params) -> Value {
    let groups: Vec<Value> = state
        .groups
        .iter()
        .map(|group| {
            let mut value = json!({
                "id": group.id, "team_id": TEAM, "is_usergroup": true, "name": group.name, "handle": group.handle,
                "description": "", "is_external": false, "date_create": 1_700_000_000, "date_update": 1_700_000_000,
                "date_delete": 0, "user_count": group.users.len(),
            });
            if params.flag("include_users") {
                value["users"] = json!(group.users);
            }
            value
        })
        .collect();
    json!({"usergroups": groups})
}

pub(super) fn groups_users(state: &State, params: &Params) -> Answer {
    let id = params.need("usergroup", "no_such_subteam")?;
    let Some(group) = state.groups.iter().find(|group| group.id == id) else {
        return error("no_such_subteam");
    };
    Ok(json!({"users": group.users}))
}

fn describe(state: &State, user: &User) -> Value {
    let app = state.apps.iter().find(|app| app.user_id == user.id);
    json!({
        "id": user.id,
        "team_id": state.team_of(&user.id),
        "name": user.name,
        "deleted": false,
        "color": user.color.trim_start_matches('#'),
        "real_name": user.real_name,
        "tz": "Etc/UTC",
        "tz_label": "UTC",
        "tz_offset": 0,
        "profile": {
            "real_name": user.real_name,
            "display_name": user.real_name,
            "real_name_normalized": user.real_name,
            "display_name_normalized": user.real_name,
            "team": state.team_of(&user.id),
            "bot_id": user.bot_id,
            "api_app_id": app.map(|app| &app.id),
        },
        "is_admin": false,
        "is_owner": false,
        "is_restricted": false,
        "is_ultra_restricted": false,
        "is_bot": user.bot_id.is_some(),
        "is_stranger": user.is_stranger,
        "is_app_user": false,
        "updated": 0,
    })
}
