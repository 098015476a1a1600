//! Modes of the local on-call service, in which it fails as real services do.

use std::time::Duration;

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use serde_json::json;

use crate::server::broken;

/// Time after which the slow service answers: longer than a client waits.
const SLOW: Duration = Duration::from_secs(20);

/// A way of answering.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum ServiceMode {
    /// Answers as documented.
    #[default]
    Normal,
    /// Answers after 20 s.
    Slow,
    /// Answers with nobody on call, and no incident.
    Empty,
    /// Answers with a web page instead of data.
    Wrong,
    /// Does not answer: the connection breaks.
    Down,
    /// 401: the key is refused.
    Unauthorised,
    /// 429: too many requests.
    Limited,
    /// 503.
    Failing,
}

impl ServiceMode {
    /// All modes, with their names.
    pub(crate) const ALL: [(ServiceMode, &'static str); 8] = [
        (Self::Normal, "normal"),
        (Self::Slow, "slow"),
        (Self::Empty, "empty"),
        (Self::Wrong, "wrong"),
        (Self::Down, "down"),
        (Self::Unauthorised, "401"),
        (Self::Limited, "429"),
        (Self::Failing, "5xx"),
    ];

    pub(crate) fn parse(name: &str) -> Option<Self> {
        let found = Self::ALL.into_iter().find(|(_, known)| *known == name);
        found.map(|(mode, _)| mode)
    }

    pub(crate) fn as_str(self) -> &'static str {
        let found = Self::ALL.into_iter().find(|(mode, _)| *mode == self);
        found.map_or("normal", |(_, name)| name)
    }

    /// The answer of this mode instead of the documented one, if it has one of its own.
    pub(crate) async fn answer(self) -> Option<Response> {
        match self {
            Self::Normal | Self::Empty => None,
            Self::Slow => {
                tokio::time::sleep(SLOW).await;
                None
            }
            Self::Wrong => Some(Html("<!doctype html><title>Sign in</title><h1>Sign in</h1>").into_response()),
            Self::Down => Some(broken()),
            Self::Unauthorised => Some(error(StatusCode::UNAUTHORIZED, "Unauthorized")),
            Self::Limited => {
                let mut response = error(StatusCode::TOO_MANY_REQUESTS, "Too Many Requests");
                let seconds = header::HeaderValue::from_static("2");
                response.headers_mut().insert("ratelimit-reset", seconds);
                Some(response)
            }
            Self::Failing => Some(error(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable")),
        }
    }
}

fn error(status: StatusCode, message: &str) -> Response {
    (status, Json(json!({"error": {"message": message}}))).into_response()
}
