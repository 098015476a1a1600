//! The consequences of a failed try for its row.

use std::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBuilder};
use jiff::{SignedDuration, Timestamp};
use tracing::{debug, info, warn};

use super::worker::OutboxWorker;
use crate::clock::Clock as _;
use crate::slack::sender::Body;
use crate::slack::web::Error;
use crate::store::{Action, LONGEST_WAIT, Post, PostOutcome, PostState};

/// Age from which an answer that could not be posted is given up: it helps nobody any more.
const GIVE_UP: SignedDuration = SignedDuration::from_hours(24);
/// Age from which an ephemeral message or a reaction is given up: it is of no use any more.
const GIVE_UP_EPHEMERAL: SignedDuration = SignedDuration::from_mins(10);
/// Maximum tries of an ephemeral message or a reaction when each one's outcome is unknown, for it cannot be looked up.
const EPHEMERAL_TRIES: u32 = 3;

/// The outcome of an attempt that was not made after all.
pub(super) fn again(now: Timestamp) -> PostOutcome {
    PostOutcome {
        state: PostState::Pending,
        next_at: now,
        posted_ts: None,
        error: None,
        body: None,
    }
}

impl OutboxWorker {
    pub(super) fn after_error(&self, post: &Post, body: &Body, begun: Timestamp, error: &Error) -> PostOutcome {
        let now = self.ctx.slack_time.now();
        let key = &post.key;
        let old = is_old(post, now);
        match error {
            Error::RateLimited { .. } if !old => {
                debug!(%error, key, "a post waits");
                later(
                    PostState::Pending,
                    later_at(now, wait_after(error, post.attempts)),
                    error,
                )
            }
            Error::Uncertain { .. } if !old => {
                warn!(%error, key, "unclear whether a post was delivered; checking later");
                later(PostState::Uncertain, later_at(begun, self.lookup_after()), error)
            }
            // Logged by the circuit breaker, which also holds everything back.
            Error::Auth { .. } | Error::Unreachable { .. } if !old => later(PostState::Pending, now, error),
            Error::Content { code, .. } => {
                let shorter = body.shorter(code).and_then(|body| serde_json::to_string(&body).ok());
                let Some(body) = shorter else {
                    return self.given_up(post, now, error);
                };
                warn!(%error, key, "Slack rejected a post; sending a shorter version");
                PostOutcome {
                    body: Some(body),
                    ..later(PostState::Pending, now, error)
                }
            }
            Error::Gone { code, .. } => {
                info!(%error, key, "the message that a post belongs to no longer exists or cannot be changed");
                let state = match post.action {
                    Action::Update { .. } | Action::Delete { .. } if code == "message_not_found" => PostState::Gone,
                    Action::Post => PostState::Failed,
                    _ => PostState::Dropped,
                };
                later(state, now, error)
            }
            _ => self.given_up(post, now, error),
        }
    }

    fn given_up(&self, post: &Post, now: Timestamp, error: &Error) -> PostOutcome {
        self.throttle.given_up(&post.channel, &post.key, error, now);
        later(PostState::Failed, now, error)
    }
}

fn is_old(post: &Post, now: Timestamp) -> bool {
    let ephemeral = post.action.person().is_some() || post.action.reaction().is_some();
    let most = if ephemeral { GIVE_UP_EPHEMERAL } else { GIVE_UP };
    let long = post.first_try_at.is_some_and(|first| now.duration_since(first) > most);
    // `attempts` was counted before this try.
    long || (ephemeral && post.state == PostState::Uncertain && post.attempts + 1 >= EPHEMERAL_TRIES)
}

pub(super) fn sent(now: Timestamp, ts: Option<String>) -> PostOutcome {
    PostOutcome {
        state: PostState::Sent,
        next_at: now,
        posted_ts: ts,
        error: None,
        body: None,
    }
}

pub(super) fn later(state: PostState, next_at: Timestamp, error: &Error) -> PostOutcome {
    PostOutcome {
        state,
        next_at,
        posted_ts: None,
        error: Some(error.to_string()),
        body: None,
    }
}

pub(super) fn later_at(from: Timestamp, wait: Duration) -> Timestamp {
    SignedDuration::try_from(wait)
        .ok()
        .and_then(|wait| from.checked_add(wait).ok())
        .unwrap_or(Timestamp::MAX)
}

/// The wait before the next try: as long as Slack says, at most [`LONGEST_WAIT`]; else longer from try to try.
pub(super) fn wait_after(error: &Error, attempts: u32) -> Duration {
    if let Error::RateLimited { after, .. } = error {
        return (*after).min(LONGEST_WAIT);
    }
    let most = Duration::from_mins(5);
    ExponentialBuilder::default()
        .with_max_delay(most)
        .without_max_times()
        .build()
        .nth(attempts.min(20) as usize)
        .unwrap_or(most)
}
