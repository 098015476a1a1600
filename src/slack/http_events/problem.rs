//! Requests that are not taken: the status and the sentence that each gets, and what the log says about them.

use axum::http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use tracing::warn;

use super::SignatureRefusal;

/// Shortest time between two lines in the log.
const LOGGED: SignedDuration = SignedDuration::from_mins(1);

/// Body of the response to a request that is not a POST: a person opened the address in a browser.
pub(in crate::slack) const POST_ONLY: &str = "This endpoint accepts signed POST requests from Slack.\n";

/// Requests that were refused since the log last said so.
#[derive(Debug, Default)]
pub(super) struct Refused(Mutex<Count>);

#[derive(Debug, Default)]
struct Count {
    logged: Option<Timestamp>,
    since: u64,
}

impl Count {
    /// Counts one more. Gives the count when it is time to log it.
    fn one_more(&mut self, now: Timestamp) -> Option<u64> {
        self.since += 1;
        if self.logged.is_some_and(|at| now.duration_since(at).abs() < LOGGED) {
            return None;
        }
        self.logged = Some(now);
        Some(std::mem::take(&mut self.since))
    }
}

/// Why a request gets no answer but a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RequestProblem {
    NotPosted,
    NotFound,
    TooLarge,
    TooSlow,
    Broken,
    Refused(SignatureRefusal),
    NotStored,
}

impl RequestProblem {
    /// Status and body of the response.
    pub(super) fn told(self) -> (StatusCode, &'static str) {
        match self {
            Self::NotPosted => (StatusCode::METHOD_NOT_ALLOWED, POST_ONLY),
            Self::NotFound => (
                StatusCode::NOT_FOUND,
                "Slack's requests go to /slack/events, /slack/interactions and /slack/commands.\n",
            ),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "Requests over 1 MiB are not accepted.\n"),
            Self::TooSlow => (StatusCode::REQUEST_TIMEOUT, "The request timed out.\n"),
            Self::Broken => (StatusCode::BAD_REQUEST, "The request was incomplete.\n"),
            Self::Refused(_) => (StatusCode::UNAUTHORIZED, "The signature is missing or invalid.\n"),
            Self::NotStored => (
                StatusCode::SERVICE_UNAVAILABLE,
                "The request could not be stored; send it again.\n",
            ),
        }
    }
}

impl Refused {
    /// Counts a refused request. The log gets a line once a minute, for unverified callers must not fill it up.
    pub(super) fn log(&self, refusal: SignatureRefusal, now: Timestamp) {
        let count = self.0.lock().one_more(now);
        let Some(count) = count else { return };
        let remedy = match refusal {
            SignatureRefusal::Stale => {
                "a proxy delays Slack's requests, or someone is replaying old ones; check this machine's clock"
            }
            SignatureRefusal::Forged => {
                "check that SIGNPOST__SLACK__SIGNING_SECRET is the \"Signing Secret\" of this app; otherwise someone else is sending them"
            }
            SignatureRefusal::Unsigned => "someone else is sending them, or a proxy removes Slack's headers",
        };
        warn!(
            count,
            reason = %refusal,
            remedy,
            "requests to Slack's endpoint are refused"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refused_requests_are_counted_and_logged_once_a_minute() {
        let at = |second: i64| Timestamp::from_second(1_700_000_000 + second).unwrap();
        let mut refused = Count::default();
        let logged: Vec<Option<u64>> = [0, 1, 2, 59, 60, 61, 500]
            .into_iter()
            .map(|second| refused.one_more(at(second)))
            .collect();
        assert_eq!(logged, [Some(1), None, None, None, Some(4), None, Some(2)]);
    }
}
