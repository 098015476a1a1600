//! The local trackers: answer as the public documentation of GitHub's and GitLab's REST APIs says (issues of a repository,
//! and the repository itself), and have a page below `/tracker` that shows the issues. Every repository exists.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::oncall::modes::ServiceMode;
use super::server::{broken, problem};
use super::{Shared, text};

/// The token of both APIs.
pub const TRACKER_TOKEN: &str = "sandbox-tracker-token";

/// Most issues that are kept; the oldest are dropped.
const MOST: usize = 500;
/// Most faults that may wait.
const FAULTS: usize = 1_000;

/// Issues, and faults to answer with.
#[derive(Debug, Default)]
pub(super) struct Trackers(Mutex<TrackerState>);

#[derive(Debug, Default)]
struct TrackerState {
    issues: Vec<LocalIssue>,
    faults: VecDeque<TrackerFault>,
    mode: ServiceMode,
}

/// A fault of the next request.
#[derive(Debug, Clone, Copy)]
struct TrackerFault {
    status: StatusCode,
    /// True when the issue is created and only the answer is lost.
    after: bool,
}

/// An issue.
#[derive(Debug, Clone)]
struct LocalIssue {
    repository: String,
    number: u64,
    title: String,
    text: String,
    at: Timestamp,
}

impl Trackers {
    fn lock(&self) -> std::sync::MutexGuard<'_, TrackerState> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// The issues as JSON, the oldest first.
    pub(super) fn issues(&self) -> Value {
        let shown = |issue: &LocalIssue| {
            json!({
                "repository": issue.repository, "number": issue.number, "title": issue.title, "text": issue.text,
            })
        };
        self.lock().issues.iter().map(shown).collect()
    }
}

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/tracker", get(show))
        .route(
            "/tracker/issues",
            get(|State(shared): State<Arc<Shared>>| async move { Json(shared.trackers.issues()) }),
        )
        .route("/tracker/faults", post(faults))
        .route("/tracker/mode", post(mode))
        .route("/tracker/github/repos/{owner}/{name}", get(github_repository))
        .route(
            "/tracker/github/repos/{owner}/{name}/issues",
            get(github_list).post(github_create),
        )
        .route("/tracker/gitlab/projects/{id}", get(gitlab_project))
        .route(
            "/tracker/gitlab/projects/{id}/issues",
            get(gitlab_list).post(gitlab_create),
        )
}

/// `POST /tracker/faults`: makes the next requests fail: `{"status": 503, "times": 2}`; with `"after": true` only after they
/// have created an issue.
async fn faults(State(shared): State<Arc<Shared>>, Json(fault): Json<Value>) -> Response {
    let status = fault["status"].as_u64().and_then(|status| u16::try_from(status).ok());
    let status = status.and_then(|status| StatusCode::from_u16(status).ok());
    let Some(status) = status.filter(|status| (300..600).contains(&status.as_u16())) else {
        return problem(StatusCode::BAD_REQUEST, "`status` must be between 300 and 599");
    };
    let times = usize::try_from(fault["times"].as_u64().unwrap_or(1)).unwrap_or(FAULTS);
    let after = fault["after"].as_bool().unwrap_or_default();
    let mut state = shared.trackers.lock();
    state
        .faults
        .extend(std::iter::repeat_n(TrackerFault { status, after }, times.min(FAULTS)));
    state.faults.truncate(FAULTS);
    Json(json!({"ok": true})).into_response()
}

/// Makes the trackers answer in a mode: `{"mode": "slow"}`.
async fn mode(State(shared): State<Arc<Shared>>, Json(wanted): Json<Value>) -> Response {
    let Some(mode) = wanted["mode"].as_str().and_then(ServiceMode::parse) else {
        let names = ServiceMode::ALL.map(|(_, name)| name).join(", ");
        return problem(StatusCode::BAD_REQUEST, &format!("`mode` must be one of {names}"));
    };
    shared.trackers.lock().mode = mode;
    Json(json!({"ok": true, "mode": mode.as_str()})).into_response()
}

/// Refuses a request with a wrong token, and answers one that the tracker does not answer as documented. `token`: the header
/// and its expected value.
async fn fault(shared: &Shared, headers: &HeaderMap, (name, token): (&str, &str)) -> Option<Response> {
    let mode = shared.trackers.lock().mode;
    if let Some(answer) = mode.answer().await {
        return Some(answer);
    }
    let before = {
        let mut state = shared.trackers.lock();
        state.faults.pop_front_if(|fault| !fault.after)
    };
    if let Some(fault) = before {
        return Some(failed(fault.status));
    }
    let given = headers.get(name).and_then(|value| value.to_str().ok());
    (given != Some(token)).then(|| failed(StatusCode::UNAUTHORIZED))
}

fn failed(status: StatusCode) -> Response {
    (status, Json(json!({"message": "a fault of the local workspace"}))).into_response()
}

const GITHUB: (&str, &str) = ("authorization", "Bearer sandbox-tracker-token");
const GITLAB: (&str, &str) = ("private-token", TRACKER_TOKEN);

async fn github_repository(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    match fault(&shared, &headers, GITHUB).await {
        Some(fault) => fault,
        None => Json(json!({"has_issues": true, "archived": false, "private": true})).into_response(),
    }
}

async fn gitlab_project(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    match fault(&shared, &headers, GITLAB).await {
        Some(fault) => fault,
        None => Json(json!({"issues_enabled": true, "archived": false, "visibility": "private"})).into_response(),
    }
}

async fn github_list(
    State(shared): State<Arc<Shared>>,
    Path((owner, name)): Path<(String, String)>,
    headers: HeaderMap,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    if let Some(fault) = fault(&shared, &headers, GITHUB).await {
        return fault;
    }
    listed(
        &shared,
        &format!("{owner}/{name}"),
        (&query, "since"),
        LocalIssue::github,
    )
}

async fn gitlab_list(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    if let Some(fault) = fault(&shared, &headers, GITLAB).await {
        return fault;
    }
    listed(&shared, &id, (&query, "created_after"), LocalIssue::gitlab)
}

/// A page of a repository's issues, the newest first.
fn listed(
    shared: &Shared,
    repository: &str,
    (query, since): (&HashMap<String, String>, &str),
    shown: impl Fn(&LocalIssue, &str) -> Value,
) -> Response {
    let since: Option<Timestamp> = query.get(since).and_then(|since| since.parse().ok());
    let number = |name: &str, usual: usize| query.get(name).and_then(|text| text.parse().ok()).unwrap_or(usual);
    let (size, page) = (number("per_page", 20).min(100), number("page", 1).max(1));
    let url = shared.url();
    let state = shared.trackers.lock();
    let is_asked = |issue: &&LocalIssue| issue.repository == repository && since.is_none_or(|since| issue.at >= since);
    let issues = state.issues.iter().rev().filter(is_asked);
    let issues: Vec<Value> = issues
        .skip((page - 1) * size)
        .take(size)
        .map(|issue| shown(issue, &url))
        .collect();
    Json(issues).into_response()
}

async fn github_create(
    State(shared): State<Arc<Shared>>,
    Path((owner, name)): Path<(String, String)>,
    headers: HeaderMap,
    Json(new): Json<Value>,
) -> Response {
    if let Some(fault) = fault(&shared, &headers, GITHUB).await {
        return fault;
    }
    created(
        &shared,
        &format!("{owner}/{name}"),
        (&new["title"], &new["body"], 256),
        LocalIssue::github,
    )
}

async fn gitlab_create(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Json(new): Json<Value>,
) -> Response {
    if let Some(fault) = fault(&shared, &headers, GITLAB).await {
        return fault;
    }
    created(
        &shared,
        &id,
        (&new["title"], &new["description"], 255),
        LocalIssue::gitlab,
    )
}

fn created(
    shared: &Shared,
    repository: &str,
    (title, text, longest): (&Value, &Value, usize),
    shown: impl Fn(&LocalIssue, &str) -> Value,
) -> Response {
    let title = title.as_str().unwrap_or_default();
    if title.is_empty() || title.chars().count() > longest {
        return failed(StatusCode::UNPROCESSABLE_ENTITY);
    }
    let (now, url) = (shared.lock().now(), shared.url());
    let mut state = shared.trackers.lock();
    let numbers = state.issues.iter().filter(|issue| issue.repository == repository);
    let number = numbers.map(|issue| issue.number).max().unwrap_or_default() + 1;
    if state.issues.len() >= MOST {
        state.issues.remove(0);
    }
    let issue = LocalIssue {
        repository: repository.to_owned(),
        number,
        title: title.to_owned(),
        text: text.as_str().unwrap_or_default().to_owned(),
        at: now,
    };
    let answer = shown(&issue, &url);
    state.issues.push(issue);
    match state.faults.pop_front_if(|fault| fault.after) {
        Some(_) => broken(),
        None => (StatusCode::CREATED, Json(answer)).into_response(),
    }
}

impl LocalIssue {
    fn github(&self, url: &str) -> Value {
        json!({
            "number": self.number, "title": self.title, "body": self.text, "state": "open",
            "created_at": self.at.to_string(), "updated_at": self.at.to_string(), "html_url": self.page(url),
        })
    }

    fn gitlab(&self, url: &str) -> Value {
        json!({
            "iid": self.number, "title": self.title, "description": self.text, "state": "opened",
            "created_at": self.at.to_string(), "updated_at": self.at.to_string(), "web_url": self.page(url),
        })
    }

    fn anchor(&self) -> String {
        format!("{}-{}", self.repository.replace('/', "-"), self.number)
    }

    fn page(&self, url: &str) -> String {
        format!("{url}/tracker#{}", self.anchor())
    }
}

/// `GET /tracker`: the issues, the newest first.
async fn show(State(shared): State<Arc<Shared>>) -> Response {
    let escaped = |text: &str| text::escape(text).replace('"', "&quot;");
    let issues = shared.trackers.lock().issues.clone();
    let shown = issues.iter().rev().map(|issue| {
        format!(
            "<article id=\"{}\"><h2>{}#{}: {}</h2><pre>{}</pre></article>",
            escaped(&issue.anchor()),
            escaped(&issue.repository),
            issue.number,
            escaped(&issue.title),
            escaped(&issue.text)
        )
    });
    let shown: String = shown.collect();
    let content = if shown.is_empty() {
        "<p>No issues have been created yet.</p>"
    } else {
        &shown
    };
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Local tracker</title>\
         <link rel=\"stylesheet\" href=\"/page/oncall.css\"></head><body><h1>Local tracker</h1>\
         <p>Shows the issues that would have been created.</p>{content}</body></html>"
    );
    let policy = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    ([(header::CONTENT_SECURITY_POLICY, policy)], Html(html)).into_response()
}
