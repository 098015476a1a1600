//! Jenkins' pages, for people who follow a link in their browser. They need no sign-in, and no fault applies to them;
//! programs get Jenkins' answers to programs.

use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::Response;

use super::auth::Who;
use super::routes::{self, Ask};
use super::state::State;
use crate::page;

/// The user whose view the pages show: she sees every job.
const EYES: &str = "ada";

/// Returns true for a browser's request to show a page in its own tab.
pub(super) fn is_visit(method: &Method, headers: &HeaderMap, who: &Who) -> bool {
    let destination = headers.get("sec-fetch-dest");
    *method == Method::GET && *who == Who::Anonymous && destination.is_some_and(|wanted| wanted == "document")
}

/// Answers with the page; logs and artifacts are sent as they are.
pub(super) fn visited(state: &mut State, ask: Ask) -> Response {
    if state.is_down() {
        return page::jenkins(StatusCode::SERVICE_UNAVAILABLE);
    }
    let is_file = matches!(routes::purpose(&ask.path), "log" | "artifact");
    let ask = Ask {
        user: EYES.to_owned(),
        ..ask
    };
    let response = routes::answer(state, &ask, None);
    match response.status() {
        StatusCode::NOT_FOUND => page::jenkins(StatusCode::NOT_FOUND),
        _ if is_file => response,
        _ => page::jenkins(StatusCode::OK),
    }
}
