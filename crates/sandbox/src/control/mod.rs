//! `/sandbox/…`: actions of people in Slack's client, and controls for which Slack has no public API.
//!
//! Requests are `POST` with JSON (a form works too); answers are JSON: `{"ok": true, …}`, or `{"ok": false, "error":
//! SENTENCE}` with status 400. A person's token (`Authorization: Bearer xoxp-sandbox-grace` or `token`) names the
//! acting person, else `user` (an id or a handle); the default is Ada. `channel` is an id or a name.
//!
//! `docs/sandbox.md` lists the paths with their parameters and answers, and the kinds of faults. Here each path is a
//! function: clicks and shortcuts in `interact`, modals and the Home tab in `modals`, slash commands in `commands`,
//! actions on messages and files in `people`, the administrator's actions in `admin`, monitoring in `alerts`.

mod admin;
mod alerts;
mod commands;
mod elements;
mod faults;
mod interact;
mod modals;
mod people;
mod show;

use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Request, State as Shares};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use futures_util::{Stream, stream};
use serde_json::{Value, json};
use tokio::sync::broadcast::error::RecvError;

use super::Shared;
use super::api::{self, Caller, Params};
use super::seed::ADA;
use super::server::{self, problem};
use super::state::State;

pub(super) use faults::add as add_fault;

/// A request to `/sandbox/…`: the acting person, and the parameters and files.
#[derive(Debug, Clone)]
struct Call {
    caller: Caller,
    /// True when the request names the acting person instead of defaulting to Ada.
    is_named: bool,
    params: Params,
    files: Vec<server::Upload>,
}

/// An answer, or a sentence with the reason for the refusal.
type Outcome = Result<Value, String>;

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/sandbox/state", get(show::state))
        .route("/sandbox/live", get(live))
        .route(
            "/sandbox/faults",
            post(faults::post).get(faults::list).delete(faults::clear),
        )
        .route("/sandbox/{action}", post(act))
}

async fn act(
    Shares(shared): Shares<Arc<Shared>>,
    axum::extract::Path(action): axum::extract::Path<String>,
    request: Request,
) -> Response {
    let call = match read(&shared, request).await {
        Ok(call) => call,
        Err(sentence) => return problem(StatusCode::BAD_REQUEST, &sentence),
    };
    let outcome = match action.as_str() {
        "click" => interact::click(&shared, &call).await,
        "submit" => modals::submit(&shared, &call).await,
        "home" => modals::home(&shared, &call),
        "command" => commands::command(&shared, &call).await,
        "shortcut" => interact::shortcut(&shared, &call).await,
        "edit" => people::edit(&shared, &call),
        "delete" => people::delete(&shared, &call),
        "upload" => people::upload(&shared, &call),
        "alert" => alerts::alert(&shared, &call),
        "app" => admin::app(&shared, &call),
        "channel" => admin::channel(&shared, &call),
        "typing" => people::typing(&shared, &call),
        "person" => admin::person(&shared, &call),
        "request_url" => admin::request_url(&shared, &call).await,
        "options" => admin::options(&shared, &call),
        other => {
            let sentence = format!("/sandbox/{other} is not known; docs/sandbox.md lists what is");
            return problem(StatusCode::NOT_FOUND, &sentence);
        }
    };
    match outcome {
        Ok(mut value) => {
            if let Some(object) = value.as_object_mut() {
                object.shift_insert(0, "ok".to_owned(), json!(true));
            }
            axum::Json(value).into_response()
        }
        Err(sentence) => problem(StatusCode::BAD_REQUEST, &sentence),
    }
}

async fn read(shared: &Shared, request: Request) -> Result<Call, String> {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, server::LARGEST)
        .await
        .map_err(|_| "the request is larger than 24 MiB".to_owned())?;
    let kind = content_type(&parts.headers).to_owned();
    let (mut params, mut files) = (Params::default(), Vec::new());
    if kind.starts_with("multipart/form-data") {
        let (texts, found) = server::multipart(&kind, &body).await.map_err(|error| error.code)?;
        for (key, value) in texts {
            params.add(&key, value);
        }
        files = found;
    } else {
        let read = server::params(parts.uri.query(), &parts.headers, &body).await;
        params = read.map_err(|error| format!("the request cannot be read ({}); send a JSON object", error.code))?;
    }
    let token = server::bearer(&parts.headers).or_else(|| params.take_text("token"));
    let state = shared.lock();
    let is_named = token.is_some() || params.text("user").is_some_and(|user| !user.is_empty());
    let caller = match (token, params.text("user").filter(|user| !user.is_empty())) {
        (Some(token), _) => api::authenticate(&state, Some(&token)).map_err(|error| error.code)?,
        (None, Some(user)) => {
            let found = state.user_called(&user).map(|user| user.id.clone());
            found
                .and_then(|id| state.caller_of_user(&id))
                .ok_or_else(|| format!("there is no user {user:?}"))?
        }
        (None, None) => Caller::Person {
            user_id: ADA.to_owned(),
        },
    };
    drop(state);
    Ok(Call {
        caller,
        is_named,
        params,
        files,
    })
}

fn content_type(headers: &HeaderMap) -> &str {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

impl Call {
    fn need(&self, key: &str) -> Result<String, String> {
        self.params.need(key, "").map_err(|_| format!("`{key}` is missing"))
    }

    /// Returns a structured parameter, given as JSON or as JSON in a string.
    fn given(&self, key: &str) -> Result<Option<Value>, String> {
        self.params
            .structure(key, "")
            .map_err(|_| format!("`{key}` is not JSON"))
    }

    /// Returns the chosen value: a text, or a list of texts.
    fn value(&self) -> Option<Value> {
        match self.params.to_value()["value"].clone() {
            Value::Null => None,
            value => Some(value),
        }
    }

    /// Finds the message that `channel` and `ts` name. Returns the channel's id and the timestamp.
    fn message(&self, state: &State) -> Result<(String, String), String> {
        let name = self.need("channel")?;
        let ts = self
            .params
            .text("ts")
            .or_else(|| self.params.text("message_ts"))
            .ok_or("`ts` is missing")?;
        let channel = state
            .channel(&name)
            .ok_or_else(|| format!("there is no channel {name:?}"))?;
        if !channel.messages.contains_key(&ts) {
            return Err(format!("there is no message {ts:?} in {name:?}"));
        }
        Ok((channel.id.clone(), ts))
    }
}

/// Streams every change as a server-sent event, until shutdown.
async fn live(Shares(shared): Shares<Arc<Shared>>) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let (changes, shutdown) = (shared.lock().live.subscribe(), shared.shutdown.clone());
    let moves = shared.jenkins.moves();
    let hello = stream::once(async { Ok(Event::default().data(json!({"type": "hello"}).to_string())) });
    let stream = stream::unfold(
        (changes, moves, shutdown),
        |(mut changes, mut moves, shutdown)| async move {
            let change = tokio::select! {
                change = changes.recv() => match change {
                    Ok(change) => change,
                    // The page fell behind: it reloads everything.
                    Err(RecvError::Lagged(_)) => json!({"type": "resync"}),
                    Err(RecvError::Closed) => return None,
                },
                () = moves.next() => json!({"type": "jenkins"}),
                () = shutdown.cancelled() => return None,
            };
            Some((
                Ok(Event::default().data(change.to_string())),
                (changes, moves, shutdown),
            ))
        },
    );
    Sse::new(futures_util::StreamExt::chain(hello, stream)).keep_alive(KeepAlive::default())
}
