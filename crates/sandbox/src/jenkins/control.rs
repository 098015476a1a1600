//! `/sandbox/jenkins/…`: what people do in Jenkins' own pages, and what no Jenkins offers.
//!
//! `docs/sandbox.md` lists the actions.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, Query, State as Shares};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router, body::Bytes};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::faults::Fault;
use super::model::{Artifact, Content, Given, Job};
use super::scenario::Wish;
use super::state::State;
use super::{Shared, routes, shown};
use crate::server::problem;

const ACTIONS: &str = "finish, abort, proceed, log, artifact, scenario, trigger, hold, quiet_down, job, user, options";

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/sandbox/jenkins/state", get(state))
        .route("/sandbox/jenkins/shown", get(shown))
        .route("/sandbox/jenkins/faults", post(add_faults).get(faults).delete(clear))
        .route("/sandbox/jenkins/{action}", post(act))
}

async fn state(Shares(shared): Shares<Arc<Shared>>) -> Json<Value> {
    Json(shared.to_json())
}

async fn shown(Shares(shared): Shares<Arc<Shared>>, Query(wanted): Query<shown::Wanted>) -> Json<Value> {
    Json(shown::shown(&shared.lock(), &wanted))
}

async fn faults(Shares(shared): Shares<Arc<Shared>>) -> Json<Value> {
    let faults: Vec<Value> = shared.lock().faults.iter().map(Fault::to_json).collect();
    Json(json!({"ok": true, "faults": faults}))
}

async fn clear(Shares(shared): Shares<Arc<Shared>>) -> Json<Value> {
    shared.update(|state| state.faults.clear());
    faults(Shares(shared)).await
}

async fn add_faults(Shares(shared): Shares<Arc<Shared>>, body: Bytes) -> Response {
    let given: Value = match serde_json::from_slice(&body) {
        Ok(given) => given,
        Err(error) => return problem(StatusCode::BAD_REQUEST, &format!("a fault is a JSON object: {error}")),
    };
    let list = given
        .as_array()
        .map_or_else(|| std::slice::from_ref(&given), Vec::as_slice);
    for fault in list {
        if let Err(sentence) = shared.update(|state| state.add_fault(fault)) {
            return problem(StatusCode::BAD_REQUEST, &sentence);
        }
    }
    faults(Shares(shared)).await.into_response()
}

async fn act(Shares(shared): Shares<Arc<Shared>>, Path(action): Path<String>, body: Bytes) -> Response {
    let given = if body.is_empty() {
        Ok(json!({}))
    } else {
        serde_json::from_slice(&body)
    };
    let outcome = given
        .map_err(|error| format!("send a JSON object: {error}"))
        .and_then(|given| shared.update(|state| run(state, &action, &given)));
    match outcome {
        Ok(mut value) => {
            if let Some(object) = value.as_object_mut() {
                object.shift_insert(0, "ok".to_owned(), json!(true));
            }
            Json(value).into_response()
        }
        Err(sentence) => problem(StatusCode::BAD_REQUEST, &sentence),
    }
}

/// Does an action, or says why not.
pub(super) fn run(state: &mut State, action: &str, given: &Value) -> Result<Value, String> {
    match action {
        "finish" | "abort" => {
            let (job, number) = build_of(state, given)?;
            let result = match (action, &given["result"]) {
                ("abort", _) => "ABORTED",
                (_, Value::Null) => "SUCCESS",
                (_, result) => result.as_str().unwrap_or_default(),
            };
            if !["SUCCESS", "UNSTABLE", "FAILURE", "NOT_BUILT", "ABORTED"].contains(&result) {
                return Err(format!("{result:?} is no result"));
            }
            let leaves = given["artifacts"].as_bool().unwrap_or(action == "finish");
            let ended = state.finish(&job, number, result, leaves);
            Ok(json!({"number": number, "ended": ended}))
        }
        "proceed" => {
            let (job, number) = build_of(state, given)?;
            let waited = routes::proceed(state, &job, number, given["abort"] == true);
            Ok(json!({"number": number, "waited": waited}))
        }
        "log" => {
            let (job, number) = build_of(state, given)?;
            let text = given["text"].as_str().ok_or("`text` is missing")?;
            let build = state.build_mut(&job, number).ok_or("the build is gone")?;
            if given["part"] == true {
                build.log.push_str(text);
            } else {
                for line in text.lines() {
                    build.say(line);
                }
            }
            Ok(json!({"number": number}))
        }
        "artifact" => artifact(state, given),
        "scenario" => {
            let is_cleared = given["clear"] == true;
            let wish = if is_cleared && given["scenario"].is_null() {
                None
            } else {
                Some(Wish::read(given)?)
            };
            if is_cleared {
                state.wishes.clear();
            }
            state.wishes.extend(wish);
            Ok(json!({}))
        }
        "trigger" => trigger(state, given),
        "hold" => {
            state.options.is_held = given["on"].as_bool().unwrap_or(true);
            Ok(json!({"held": state.options.is_held}))
        }
        "quiet_down" => {
            let reason = given["reason"].as_str().unwrap_or_default();
            state.quieting_down = given["on"].as_bool().unwrap_or(true).then(|| reason.to_owned());
            Ok(json!({}))
        }
        "job" => change_job(state, given),
        "user" => change_user(state, given),
        "options" => {
            change_options(state, given);
            Ok(json!({}))
        }
        other => Err(format!("/sandbox/jenkins/{other} is not known; it is one of {ACTIONS}")),
    }
}

fn job_of(state: &State, given: &Value) -> Result<String, String> {
    let name = given["job"]
        .as_str()
        .ok_or("`job` is missing: a full name, as in folder/job")?;
    if state.jobs.contains_key(name) {
        Ok(name.to_owned())
    } else {
        Err(format!("there is no job {name:?}"))
    }
}

/// The build that is meant: `number`, else the job's last one.
fn build_of(state: &State, given: &Value) -> Result<(String, u64), String> {
    let name = job_of(state, given)?;
    let last = state
        .jobs
        .get(&name)
        .and_then(|job| job.builds.last())
        .map(|build| build.number);
    let number = given["number"].as_u64().or(last);
    let number = number.ok_or_else(|| format!("{name:?} has no build"))?;
    if state.build(&name, number).is_none() {
        return Err(format!("{name:?} has no build {number}"));
    }
    Ok((name, number))
}

/// Leaves a file in a build, in the place of one with the same path.
fn artifact(state: &mut State, given: &Value) -> Result<Value, String> {
    let (job, number) = build_of(state, given)?;
    let path = given["path"].as_str().ok_or("`path` is missing")?.to_owned();
    let content = match (&given["content"], &given["base64"], given["size"].as_u64()) {
        (Value::String(text), ..) => Content::Bytes(text.clone().into_bytes()),
        (_, Value::String(encoded), _) => {
            let bytes = STANDARD.decode(encoded);
            Content::Bytes(bytes.map_err(|_| "`base64` cannot be decoded")?)
        }
        (.., Some(size)) => Content::Filler(size),
        _ if given["gone"] == true => Content::Filler(0),
        _ => return Err("`content`, `base64`, `size` or `gone` is missing".to_owned()),
    };
    let build = state.build_mut(&job, number).ok_or("the build is gone")?;
    let artifacts = if build.is_building() {
        &mut build.outcome.artifacts
    } else {
        &mut build.artifacts
    };
    artifacts.retain(|one| one.path != path);
    if given["gone"] != true {
        artifacts.push(Artifact { path, content });
    }
    Ok(json!({"number": number}))
}

/// Somebody else starts a build.
fn trigger(state: &mut State, given: &Value) -> Result<Value, String> {
    let name = job_of(state, given)?;
    let user = given["user"].as_str().unwrap_or("grace").to_owned();
    if state.user(&user).is_none() {
        return Err(format!("there is no user {user:?}"));
    }
    let parameters = state
        .jobs
        .get(&name)
        .map(|job| job.parameters.clone())
        .unwrap_or_default();
    let values = parameters.into_iter().map(|one| Given {
        value: given["parameters"][&one.name]
            .as_str()
            .map(str::to_owned)
            .or(one.default)
            .unwrap_or_default(),
        name: one.name,
        kind: one.kind,
    });
    let delay = given["delay_ms"]
        .as_u64()
        .map(|millis| Duration::from_millis(millis.min(86_400_000)));
    let (id, is_new) = state.schedule(&name, values.collect(), &user, delay);
    Ok(json!({"queue_id": id, "new": is_new}))
}

fn change_job(state: &mut State, given: &Value) -> Result<Value, String> {
    let name = job_of(state, given)?;
    if given["deleted"] == true {
        state.jobs.remove(&name);
        return Ok(json!({}));
    }
    let job: &mut Job = state.jobs.get_mut(&name).ok_or("the job is gone")?;
    for (key, flag) in [
        ("disabled", &mut job.is_disabled),
        ("vetoed", &mut job.is_vetoed),
        ("concurrent", &mut job.is_concurrent),
    ] {
        *flag = given[key].as_bool().unwrap_or(*flag);
    }
    if let Some(readers) = given["readers"].as_array() {
        job.readers = readers
            .iter()
            .filter_map(|one| one.as_str().map(str::to_owned))
            .collect();
    }
    Ok(json!({}))
}

fn change_user(state: &mut State, given: &Value) -> Result<Value, String> {
    let name = given["user"].as_str().ok_or("`user` is missing")?;
    let user = state.users.iter_mut().find(|user| user.id == name);
    let user = user.ok_or_else(|| format!("there is no user {name:?}"))?;
    for (key, flag) in [
        ("read", &mut user.can_read),
        ("build", &mut user.can_build),
        ("cancel", &mut user.can_cancel),
    ] {
        *flag = given[key].as_bool().unwrap_or(*flag);
    }
    if let Some(token) = given["token"].as_str() {
        token.clone_into(&mut user.token);
    }
    Ok(json!({}))
}

fn change_options(state: &mut State, given: &Value) {
    let options = &mut state.options;
    for (key, time) in [
        ("quiet_period_ms", &mut options.quiet_period),
        ("build_ms", &mut options.build_time),
        ("left_life_ms", &mut options.left_life),
    ] {
        if let Some(millis) = given[key].as_u64() {
            *time = Duration::from_millis(millis.min(86_400_000));
        }
    }
    if let Some(notes) = given["notes"].as_bool() {
        options.sends_notes = notes;
    }
    if let Some(executors) = given["executors"].as_u64() {
        options.executors = usize::try_from(executors).unwrap_or(usize::MAX);
    }
}
