//! Routing of an authenticated request to its answer. Everything here is synchronous.

use axum::body::Body;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};

use super::faults::Effect;
use super::model::{Build, Content, Job};
use super::show::{self, View, job_url};
use super::state::State;
use super::{bodies, log, pages, tree, trigger};

/// A request of an authenticated user.
#[derive(Debug, Clone)]
pub(super) struct Ask {
    pub(super) method: Method,
    /// Address of this Jenkins as the client sees it, without a trailing slash.
    pub(super) base: String,
    /// Path below `base`, decoded.
    pub(super) path: Vec<String>,
    pub(super) query: Vec<(String, String)>,
    pub(super) form: Vec<(String, String)>,
    pub(super) user: String,
    pub(super) session: Option<String>,
}

impl Ask {
    /// Returns a parameter from the query or the form.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let mut sent = self.query.iter().chain(&self.form);
        sent.find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn is_post(&self) -> bool {
        self.method == Method::POST
    }

    fn number(&self, name: &str) -> Option<u64> {
        self.get(name)?.parse().ok()
    }
}

/// Returns the purpose of a request, as faults name it.
pub(super) fn purpose(path: &[String]) -> &'static str {
    let names: Vec<&str> = path.iter().map(String::as_str).collect();
    match names.as_slice() {
        [] | ["api", _] => "root",
        ["crumbIssuer", ..] => "crumb",
        ["whoAmI" | "me" | "user", ..] => "whoami",
        ["queue", "item", ..] => "queue_item",
        ["queue", "cancelItem"] => "cancel",
        ["queue", ..] => "queue",
        ["job", .., "build" | "buildWithParameters"] => "trigger",
        ["job", .., "stop"] => "stop",
        ["job", .., "consoleText"] | ["job", .., "logText", _] => "log",
        ["job", _, rest @ ..] if rest.contains(&"artifact") => "artifact",
        ["job", _, rest @ ..] if rest.contains(&"input") || rest.contains(&"wfapi") => "input",
        ["job", .., number, "api", _] if is_build(number) => "build",
        ["job", .., number] if is_build(number) && names.len() % 2 == 1 => "build",
        ["job", ..] => "job",
        _ => "other",
    }
}

fn is_build(name: &str) -> bool {
    name.parse::<u64>().is_ok() || (name.starts_with("last") && name.ends_with("Build"))
}

/// Answers a request.
pub(super) fn answer(state: &mut State, ask: &Ask, fault: Option<&Effect>) -> Response {
    state.forget_left();
    let names: Vec<&str> = ask.path.iter().map(String::as_str).collect();
    let view = View {
        state,
        base: &ask.base,
        user: &ask.user,
    };
    let depth = usize::try_from(ask.number("depth").unwrap_or(0).min(2)).unwrap_or(0);
    // The tree picks fields from the full depth.
    let depth = if ask.get("tree").is_some() { 2 } else { depth };
    match names.as_slice() {
        [] => pages::page(StatusCode::OK, "Dashboard", "The local Jenkins."),
        ["api", format] => api(ask, format, &view.root(depth)),
        ["crumbIssuer", "api", format] => crumb(state, ask, format),
        ["whoAmI", "api", format] => {
            let value = json!({
                "_class": "hudson.security.WhoAmI", "anonymous": false, "authenticated": true,
                "authorities": ["authenticated"], "details": null, "name": ask.user, "toString": ask.user,
            });
            api(ask, format, &value)
        }
        ["me", "api", format] => person(&view, ask, &ask.user, format),
        ["user", name, "api", format] => person(&view, ask, name, format),
        ["queue", "api", format] => api(ask, format, &view.queue()),
        ["queue", "item", id] if id.parse::<u64>().is_ok() => pages::page(StatusCode::OK, "Queue", "An item."),
        ["queue", "item", id, "api", format] => queue_item(&view, ask, id, format, fault),
        ["queue", "cancelItem"] => cancel_item(state, ask),
        ["job", ..] => below_jobs(state, ask, depth, fault),
        _ => pages::not_found(),
    }
}

/// Returns data as JSON or as a Python literal, reduced to the requested tree.
fn api(ask: &Ask, format: &str, value: &Value) -> Response {
    let value = match ask.get("tree").map(|tree| tree::pruned(value, tree)) {
        None => value.clone(),
        Some(Ok(value)) => value,
        Some(Err(sentence)) => return pages::page(StatusCode::BAD_REQUEST, "Bad Request", &sentence),
    };
    let (kind, text) = match format {
        "json" => ("application/json;charset=utf-8", value.to_string()),
        "python" => ("text/x-python;charset=utf-8", tree::python(&value)),
        _ => return pages::not_found(),
    };
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}

/// Issues a crumb, valid for the session sent with it.
fn crumb(state: &mut State, ask: &Ask, format: &str) -> Response {
    let (session, is_new) = match &ask.session {
        Some(session) => (session.clone(), false),
        None => (state.open_session(&ask.user), true),
    };
    let value = json!({
        "_class": "hudson.security.csrf.DefaultCrumbIssuer", "crumb": super::auth::crumb_of(&session),
        "crumbRequestField": "Jenkins-Crumb",
    });
    let mut response = api(ask, format, &value);
    if is_new {
        let cookie = format!("{}={session}; Path=/; HttpOnly; SameSite=Lax", super::auth::COOKIE);
        pages::put(response.headers_mut(), "set-cookie", &cookie);
    }
    response
}

fn person(view: &View<'_>, ask: &Ask, id: &str, format: &str) -> Response {
    match view.state.user(id) {
        Some(user) => api(ask, format, &view.person(user)),
        None => pages::not_found(),
    }
}

fn queue_item(view: &View<'_>, ask: &Ask, id: &str, format: &str, fault: Option<&Effect>) -> Response {
    let found = id.parse().ok().and_then(|id: u64| view.state.queue.get(&id));
    let seen = found.filter(|item| view.state.jobs.get(&item.job).is_none_or(|job| view.sees(job)));
    let Some(item) = seen.filter(|_| fault != Some(&Effect::Vanish)) else {
        return pages::not_found();
    };
    let mut value = view.queue_item(item);
    if fault == Some(&Effect::LateExecutable) && !item.is_waiting() {
        value["executable"] = Value::Null;
    }
    api(ask, format, &value)
}

fn cancel_item(state: &mut State, ask: &Ask) -> Response {
    if !ask.is_post() {
        return pages::post_only();
    }
    let id = ask.number("id").unwrap_or(0);
    let told = |status: u16, text: &str| {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        pages::page(status, "Error", text)
    };
    if !state.queue.contains_key(&id) {
        return told(404, &format!("Provided id ({id}) not found"));
    }
    if !state.user(&ask.user).is_some_and(|user| user.can_cancel) {
        return told(422, &format!("Item for id ({id}) is not cancellable"));
    }
    if state.cancel(id) {
        StatusCode::NO_CONTENT.into_response()
    } else {
        told(500, &format!("Could not cancel run for id {id}"))
    }
}

/// Answers `/job/A/job/B/…`: a folder, a job, or a resource of a job.
fn below_jobs(state: &mut State, ask: &Ask, depth: usize, fault: Option<&Effect>) -> Response {
    let mut path = Vec::new();
    let mut rest = ask.path.as_slice();
    let view = View {
        state,
        base: &ask.base,
        user: &ask.user,
    };
    while let [job, name, after @ ..] = rest {
        if job != "job" {
            break;
        }
        path.push(name.clone());
        rest = after;
    }
    let rest: Vec<&str> = rest.iter().map(String::as_str).collect();
    let full_name = path.join("/");
    let Some(job) = view.state.jobs.get(&full_name).filter(|job| view.sees(job)) else {
        return match rest.as_slice() {
            [] if view.is_folder(&path) => pages::page(StatusCode::OK, &full_name, "A folder."),
            ["api", format] if view.is_folder(&path) => api(ask, format, &view.folder(&path, depth)),
            _ => pages::not_found(),
        };
    };
    match rest.as_slice() {
        [] => pages::page(StatusCode::OK, &full_name, &job.description),
        ["api", format] => api(ask, format, &view.job(job, depth)),
        ["build" | "buildWithParameters"] => trigger::trigger(state, ask, &full_name, fault),
        [number, rest @ ..] => match build_called(job, number).map(|build| build.number) {
            Some(number) => below_build(state, ask, (&full_name, number), rest, fault),
            None => pages::not_found(),
        },
    }
}

/// Returns a build by its number or by a permalink.
pub(super) fn build_called<'a>(job: &'a Job, name: &str) -> Option<&'a Build> {
    let last = |fits: fn(&Build) -> bool| job.builds.iter().rev().find(|build| fits(build));
    match name {
        "lastBuild" => last(|_| true),
        "lastCompletedBuild" => last(|build| !build.is_building()),
        "lastStableBuild" => last(|build| build.result.as_deref() == Some("SUCCESS")),
        "lastSuccessfulBuild" => last(|build| matches!(build.result.as_deref(), Some("SUCCESS" | "UNSTABLE"))),
        "lastFailedBuild" => last(|build| build.result.as_deref() == Some("FAILURE")),
        number => {
            let number: u64 = number.parse().ok()?;
            job.builds.iter().find(|build| build.number == number)
        }
    }
}

fn below_build(
    state: &mut State,
    ask: &Ask,
    (job_name, number): (&str, u64),
    rest: &[&str],
    fault: Option<&Effect>,
) -> Response {
    let view = View {
        state,
        base: &ask.base,
        user: &ask.user,
    };
    let (Some(job), Some(build)) = (view.state.jobs.get(job_name), view.state.build(job_name, number)) else {
        return pages::not_found();
    };
    let url = format!("{}{number}/", job_url(&ask.base, &job.path));
    match rest {
        [] => pages::page(StatusCode::OK, &format!("{job_name} #{number}"), "A build."),
        ["api", format] => api(ask, format, &view.build(job, build)),
        ["consoleText"] => log::console(build),
        ["logText", "progressiveText"] => {
            let keeps_notes = view.state.options.sends_notes;
            log::progressive(build, ask.get("start").unwrap_or("0"), keeps_notes)
        }
        ["wfapi", "pendingInputActions"] => axum::Json(show::pending_inputs(build)).into_response(),
        ["artifact", path @ ..] => artifact(ask, build, &path.join("/"), fault),
        ["stop" | "term" | "kill"] => {
            let refused = refuse_change(state, ask, "hudson.model.Item.Cancel", |user| user.can_cancel);
            refused.unwrap_or_else(|| {
                state.finish(job_name, number, "ABORTED", false);
                pages::redirect(StatusCode::FOUND, &url)
            })
        }
        ["input", _, action @ ("proceedEmpty" | "proceed" | "abort")] => {
            let refused = refuse_change(state, ask, "hudson.model.Item.Build", |user| user.can_build);
            refused.unwrap_or_else(|| {
                proceed(state, job_name, number, *action == "abort");
                pages::redirect(StatusCode::FOUND, &url)
            })
        }
        _ => pages::not_found(),
    }
}

fn refuse_change(
    state: &State,
    ask: &Ask,
    permission: &'static str,
    may: fn(&super::model::User) -> bool,
) -> Option<Response> {
    if !state.user(&ask.user).is_some_and(may) {
        return Some(pages::forbidden(&ask.user, permission));
    }
    (!ask.is_post()).then(pages::post_only)
}

/// Answers a build that waits for a person, with proceed or abort. Returns false when there was nothing to answer.
pub(super) fn proceed(state: &mut State, job: &str, number: u64, is_abort: bool) -> bool {
    if is_abort {
        return state.finish(job, number, "ABORTED", false);
    }
    match state.build_mut(job, number).filter(|build| build.is_paused) {
        Some(build) => {
            build.is_paused = false;
            build.due = tokio::time::Instant::now();
            build.say("Approved by a person");
            true
        }
        None => false,
    }
}

fn artifact(ask: &Ask, build: &Build, path: &str, fault: Option<&Effect>) -> Response {
    let Some(artifact) = build.artifacts.iter().find(|one| one.path == path) else {
        let inside = path.is_empty()
            || build
                .artifacts
                .iter()
                .any(|one| one.path.starts_with(&format!("{path}/")));
        return if inside {
            pages::page(StatusCode::OK, "Artifacts", "A folder.")
        } else {
            pages::not_found()
        };
    };
    if let Some(Effect::Redirect { to, hops }) = fault {
        let to = to.clone().unwrap_or_else(|| stored_at(ask, build, path, *hops));
        return pages::redirect(StatusCode::FOUND, &to);
    }
    serve(artifact, fault)
}

/// Returns the address of the same file under the machine's other host name, like an object store's.
fn stored_at(ask: &Ask, build: &Build, path: &str, hops: u64) -> String {
    let Ok(mut url) = url::Url::parse(&ask.base) else {
        return String::new();
    };
    let other = if url.host_str() == Some("localhost") {
        "127.0.0.1"
    } else {
        "localhost"
    };
    // The host is valid, so this cannot fail.
    let _ = url.set_host(Some(other));
    if let Ok(mut segments) = url.path_segments_mut() {
        segments
            .pop_if_empty()
            .push("object-store")
            .push(&build.queue_id.to_string());
        segments.extend(path.split('/'));
    }
    url.query_pairs_mut()
        .append_pair("hops", &hops.saturating_sub(1).to_string());
    url.into()
}

/// `/object-store/QUEUE_ID/PATH`: not part of Jenkins. Refuses a request with two ways of authentication, as such
/// stores do.
pub(super) fn object_store(state: &State, ask: &Ask, has_authorization: bool) -> Response {
    if has_authorization {
        let text = "<Error><Code>InvalidArgument</Code><Message>Only one auth mechanism allowed</Message></Error>";
        return (
            StatusCode::BAD_REQUEST,
            [(header::CONTENT_TYPE, "application/xml")],
            text,
        )
            .into_response();
    }
    let (id, path) = match ask.path.as_slice() {
        [_, id, path @ ..] => (id.parse::<u64>().unwrap_or(0), path.join("/")),
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    let mut builds = state.jobs.values().flat_map(|job| &job.builds);
    let Some(build) = builds.find(|build| build.queue_id == id) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    match (ask.number("hops"), build.artifacts.iter().find(|one| one.path == path)) {
        (Some(hops), Some(_)) if hops > 0 => {
            pages::redirect(StatusCode::TEMPORARY_REDIRECT, &stored_at(ask, build, &path, hops))
        }
        (_, Some(artifact)) => serve(artifact, None),
        (_, None) => StatusCode::NOT_FOUND.into_response(),
    }
}

fn serve(artifact: &super::model::Artifact, fault: Option<&Effect>) -> Response {
    let body = match (fault, &artifact.content) {
        (Some(Effect::Trickle { over }), Content::Bytes(bytes)) => bodies::in_drops(bytes, *over),
        (Some(Effect::Cut), _) => bodies::cut(),
        (_, Content::Bytes(bytes)) => Body::from(bytes.clone()),
        (_, Content::Filler(size)) => bodies::filler(*size),
    };
    let extension = artifact.path.rsplit_once('.').map_or("", |(_, extension)| extension);
    let kind = match extension {
        "log" | "txt" => "text/plain;charset=utf-8",
        "json" => "application/json",
        "html" => "text/html",
        _ => "application/octet-stream",
    };
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(artifact.size()));
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("sandbox; default-src 'none'; img-src 'self'; style-src 'self';"),
    );
    response
}
