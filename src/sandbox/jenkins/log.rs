//! A build's log, whole and as it grows.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};

use super::model::Build;
use super::pages;

const PLAIN: &str = "text/plain;charset=utf-8";

/// `consoleText`
pub(super) fn console(build: &Build) -> Response {
    ([(header::CONTENT_TYPE, PLAIN)], without_notes(&build.log)).into_response()
}

/// `logText/progressiveText`: from `start` in the file on disk. What is sent has CRLF and no notes, so its length says
/// nothing about where the next part starts; `X-Text-Size` does.
pub(super) fn progressive(build: &Build, start: &str) -> Response {
    let size = build.log.len();
    let start = start.parse::<usize>().ok().filter(|start| *start <= size).unwrap_or(0);
    let rest = build.log.as_bytes().get(start..).unwrap_or_default();
    let text = without_notes(&String::from_utf8_lossy(rest)).replace('\n', "\r\n");
    let mut response = ([(header::CONTENT_TYPE, PLAIN)], text).into_response();
    pages::put(response.headers_mut(), "x-text-size", &size.to_string());
    if build.is_building() {
        response
            .headers_mut()
            .insert("x-more-data", HeaderValue::from_static("true"));
    }
    response
}

/// Takes out `ESC[8mha:…ESC[0m`, where Jenkins hides what its own page shows as links.
pub(super) fn without_notes(log: &str) -> String {
    let mut shown = String::with_capacity(log.len());
    let mut rest = log;
    while let Some((before, note)) = rest.split_once("\u{1b}[8mha:") {
        shown.push_str(before);
        rest = note.split_once("\u{1b}[0m").map_or("", |(_, after)| after);
    }
    shown.push_str(rest);
    shown
}
