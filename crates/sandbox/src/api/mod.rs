//! The Web API: takes a method name, its parameters and the caller; returns Slack's answer or Slack's error.

mod chat;
mod content;
mod conversations;
mod files;
mod params;
mod people;
mod reactions;
mod views;

use serde_json::{Map, Value, json};

use super::model::App;
use super::rates;
use super::state::State;

pub(super) use chat::{delete_message, post_as_app};
pub(super) use conversations::direct_with;
pub(super) use files::{Share, file_shared, fill_file, store_file};
pub(crate) use params::Params;
pub(super) use views::{check as check_view, home, replace, stack};

/// The holder of a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Caller {
    Person {
        user_id: String,
    },
    Bot {
        app_id: String,
        user_id: String,
        bot_id: String,
    },
    App {
        app_id: String,
    },
}

impl Caller {
    pub(super) fn bot(app: &App) -> Self {
        Self::Bot {
            app_id: app.id.clone(),
            user_id: app.user_id.clone(),
            bot_id: app.bot_id.clone(),
        }
    }

    /// Returns the id of the user that the caller acts as; empty for an app-level token.
    pub(super) fn user_id(&self) -> &str {
        match self {
            Self::Person { user_id } | Self::Bot { user_id, .. } => user_id,
            Self::App { .. } => "",
        }
    }

    pub(super) fn app_id(&self) -> Option<&str> {
        match self {
            Self::Person { .. } => None,
            Self::Bot { app_id, .. } | Self::App { app_id } => Some(app_id),
        }
    }
}

/// Slack's `{"ok": false, "error": CODE}`.
#[derive(Debug)]
pub(crate) struct ApiError {
    pub(crate) code: String,
    pub(crate) extra: Map<String, Value>,
    /// Seconds for `Retry-After`, with status 429.
    pub(crate) retry_after: Option<u64>,
}

pub(crate) type Answer = Result<Value, ApiError>;

/// Returns an error that holds only its code.
pub(crate) fn error<T>(code: &str) -> Result<T, ApiError> {
    Err(ApiError::from(code))
}

impl From<&str> for ApiError {
    fn from(code: &str) -> Self {
        Self {
            code: code.to_owned(),
            extra: Map::new(),
            retry_after: None,
        }
    }
}

impl ApiError {
    /// Creates an error with `response_metadata.messages`, as validators return it.
    pub(crate) fn with_messages(code: &str, messages: &[String]) -> Self {
        let mut error = Self::from(code);
        error.extra.insert("errors".into(), json!(messages));
        error
            .extra
            .insert("response_metadata".into(), json!({"messages": messages}));
        error
    }

    pub(crate) fn to_json(&self) -> Value {
        let mut value = json!({"ok": false, "error": self.code});
        if let Some(object) = value.as_object_mut() {
            object.extend(self.extra.clone());
        }
        value
    }
}

/// Resolves a token to its holder.
pub(crate) fn authenticate(state: &State, token: Option<&str>) -> Result<Caller, ApiError> {
    let Some(token) = token.filter(|token| !token.is_empty()) else {
        return error("not_authed");
    };
    if let Some(user) = state.users.iter().find(|user| user.token.as_deref() == Some(token)) {
        return Ok(Caller::Person {
            user_id: user.id.clone(),
        });
    }
    let app = state
        .apps
        .iter()
        .find(|app| app.token == token || app.app_token == token);
    app.map_or_else(
        || error("invalid_auth"),
        |app| {
            Ok(if app.token == token {
                Caller::bot(app)
            } else {
                Caller::App { app_id: app.id.clone() }
            })
        },
    )
}

/// Runs a method. `base` is the workspace's address, for the links in answers.
pub(crate) fn call(state: &mut State, caller: &Caller, method: &str, params: &Params, base: &str) -> Answer {
    if let Caller::App { app_id } = caller {
        return match method {
            "apps.connections.open" => Ok(people::open_connection(state, app_id, base)),
            "api.test" | "auth.test" => Ok(people::app_test(state, app_id, method)),
            _ => error("not_allowed_token_type"),
        };
    }
    if let Caller::Bot { app_id, .. } = caller {
        rates::method(state, app_id, method)?;
    }
    let mut answer = match method {
        "api.test" => Ok(json!({"args": params.to_value()})),
        "auth.test" => people::auth_test(state, caller, base),
        "apps.connections.open" => error("not_allowed_token_type"),
        "auth.revoke" => Ok(json!({"revoked": false})),
        "bots.info" => people::bots_info(state, params),
        "chat.delete" => chat::delete(state, caller, params),
        "chat.getPermalink" => chat::permalink(state, caller, params, base),
        "chat.postEphemeral" => chat::post_ephemeral(state, caller, params),
        "chat.postMessage" => chat::post(state, caller, params),
        "chat.update" => chat::update(state, caller, params),
        "conversations.history" => conversations::history(state, caller, params),
        "conversations.info" => conversations::info(state, caller, params),
        "conversations.join" => conversations::join(state, caller, params),
        "conversations.leave" => conversations::leave(state, caller, params),
        "conversations.list" => Ok(conversations::list(state, caller, params, false)),
        "conversations.members" => conversations::members(state, caller, params),
        "conversations.open" => conversations::open(state, caller, params),
        "conversations.replies" => conversations::replies(state, caller, params),
        "files.completeUploadExternal" => files::complete_upload(state, caller, params),
        "files.getUploadURLExternal" => files::upload_url(state, caller, params, base),
        "files.info" => files::info(state, params),
        "reactions.add" => reactions::add(state, caller, params),
        "reactions.get" => reactions::get(state, caller, params),
        "reactions.remove" => reactions::remove(state, caller, params),
        "team.info" => Ok(people::team_info()),
        "usergroups.list" => Ok(people::groups_list(state, params)),
        "usergroups.users.list" => people::groups_users(state, params),
        "users.conversations" => Ok(conversations::list(state, caller, params, true)),
        "users.info" => people::users_info(state, params),
        "users.list" => Ok(people::users_list(state)),
        "views.open" => views::open(state, caller, params),
        "views.publish" => views::publish(state, caller, params),
        "views.push" => views::push(state, caller, params),
        "views.update" => views::update(state, caller, params),
        _ => Err(ApiError {
            extra: Map::from_iter([("req_method".to_owned(), json!(method))]),
            ..ApiError::from("unknown_method")
        }),
    }?;
    if let Some(object) = answer.as_object_mut() {
        object.shift_insert(0, "ok".to_owned(), json!(true));
    }
    Ok(answer)
}
