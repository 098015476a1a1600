//! A build's log, whole and as it grows.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::model::Build;
use super::pages;

const PLAIN: &str = "text/plain;charset=utf-8";

/// Beginning and end of a note.
const NOTE: (&str, &str) = ("\u{1b}[8mha:", "\u{1b}[0m");

/// `consoleText`
pub(super) fn console(build: &Build) -> Response {
    ([(header::CONTENT_TYPE, PLAIN)], without_notes(&build.log)).into_response()
}

/// `logText/progressiveText`: from `start` in the file on disk. Line breaks are sent as CRLF and notes left out unless
/// `keeps_notes`, so the length of what is sent says nothing about where the next part starts; `X-Text-Size` does.
pub(super) fn progressive(build: &Build, start: &str, keeps_notes: bool) -> Response {
    let size = build.log.len();
    let start = start.parse::<usize>().ok().filter(|start| *start <= size).unwrap_or(0);
    let rest = build.log.as_bytes().get(start..).unwrap_or_default();
    let rest = String::from_utf8_lossy(rest);
    let text = if keeps_notes {
        rest.into_owned()
    } else {
        without_notes(&rest)
    };
    let mut response = ([(header::CONTENT_TYPE, PLAIN)], text.replace('\n', "\r\n")).into_response();
    pages::put(response.headers_mut(), "x-text-size", &size.to_string());
    if build.is_building() {
        response
            .headers_mut()
            .insert("x-more-data", HeaderValue::from_static("true"));
    }
    response
}

/// A console note: what Jenkins' own page needs to make a link of `about` and what follows the note.
pub(super) fn note(about: &str) -> String {
    // Four slashes are the size of the signature, negative to mark the version of the format.
    let packed = STANDARD.encode(format!("a note about {about}, signed and packed by Jenkins"));
    format!("{}////{packed}{}", NOTE.0, NOTE.1)
}

/// A log without its notes.
pub(super) fn without_notes(log: &str) -> String {
    let mut shown = String::with_capacity(log.len());
    let mut rest = log;
    while let Some((before, note)) = rest.split_once(NOTE.0) {
        shown.push_str(before);
        rest = note.split_once(NOTE.1).map_or("", |(_, after)| after);
    }
    shown.push_str(rest);
    shown
}
