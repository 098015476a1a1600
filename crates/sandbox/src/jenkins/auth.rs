//! Authentication of requests and the check of their crumbs.

use std::fmt::Write as _;

use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA256, digest};

use super::state::State;

/// Name of the session cookie.
pub(super) const COOKIE: &str = "JSESSIONID.5a2d0b0x";

/// The identity behind a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Who {
    /// No credentials.
    Anonymous,
    /// Wrong credentials.
    Wrong,
    /// An authenticated user.
    User {
        id: String,
        /// True with an API token, which needs no crumb while no cookie comes with it.
        by_token: bool,
        session: Option<String>,
    },
}

impl Who {
    pub(super) fn id(&self) -> Option<&str> {
        match self {
            Self::User { id, .. } => Some(id),
            _ => None,
        }
    }
}

/// Authenticates a request by Basic auth or the session cookie.
pub(super) fn who(state: &State, headers: &HeaderMap) -> Who {
    let session = cookie(headers).filter(|session| state.sessions.contains_key(session));
    let Some(value) = headers.get(header::AUTHORIZATION) else {
        return match session {
            Some(session) => Who::User {
                id: state.sessions.get(&session).cloned().unwrap_or_default(),
                by_token: false,
                session: Some(session),
            },
            None => Who::Anonymous,
        };
    };
    let pair = value.to_str().ok().and_then(|value| value.split_once(' '));
    let decoded = pair
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("basic"))
        .and_then(|(_, encoded)| STANDARD.decode(encoded.trim()).ok())
        .and_then(|bytes| String::from_utf8(bytes).ok());
    let found = decoded
        .as_deref()
        .and_then(|text| text.split_once(':'))
        .and_then(|(name, word)| {
            let user = state.user(name)?;
            (word == user.token || word == user.password).then(|| (user.id.clone(), word == user.token))
        });
    match found {
        Some((id, by_token)) => Who::User { id, by_token, session },
        None => Who::Wrong,
    }
}

fn cookie(headers: &HeaderMap) -> Option<String> {
    let all = headers.get(header::COOKIE)?.to_str().ok()?;
    let pairs = all.split(';').filter_map(|pair| pair.trim().split_once('='));
    pairs
        .into_iter()
        .find(|(name, _)| *name == COOKIE)
        .map(|(_, value)| value.to_owned())
}

/// Tells whether a `POST` is allowed: with an API token and no cookie, else with the crumb of its session.
pub(super) fn has_crumb(who: &Who, headers: &HeaderMap) -> bool {
    let sent = headers.get("jenkins-crumb").and_then(|value| value.to_str().ok());
    match who {
        Who::User { by_token: true, .. } if !headers.contains_key(header::COOKIE) => true,
        Who::User {
            session: Some(session), ..
        } => sent == Some(crumb_of(session).as_str()),
        _ => false,
    }
}

/// Returns the crumb of a session.
pub(super) fn crumb_of(session: &str) -> String {
    let hash = digest(&SHA256, format!("crumb of {session}").as_bytes());
    hash.as_ref().iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
