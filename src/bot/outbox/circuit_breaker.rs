//! A circuit breaker for calls to Slack. While Slack refuses the token or cannot be reached, everything waits and one
//! post at a time is tried: a failure that would hit all of them is logged once, and uses up no post's tries.

use std::time::Duration;

use tokio::time::Instant;
use tracing::{error, info, warn};

use crate::bot::Status;
use crate::slack::web::Error;

/// Wait after the first failure; doubled from try to try.
const FIRST: Duration = Duration::from_secs(1);
/// Longest wait between tries, and shortest between log lines.
const LONGEST: Duration = Duration::from_mins(1);

/// The result of a call as far as it tells whether Slack takes posts.
#[derive(Debug)]
pub(super) enum SlackAnswer {
    /// Slack took the call, or rejected it for a reason of its own.
    Good,
    /// Slack refuses the token, or cannot be reached.
    Bad(Error),
    /// The call tells nothing: Slack limited its rate, or its outcome is unknown.
    Unknown,
}

impl SlackAnswer {
    pub(super) fn of<T>(result: &Result<T, Error>) -> Self {
        match result {
            Err(error @ (Error::Auth { .. } | Error::Unreachable { .. })) => Self::Bad(error.clone()),
            Err(Error::RateLimited { .. } | Error::Uncertain { .. }) => Self::Unknown,
            Ok(_) | Err(_) => Self::Good,
        }
    }
}

/// The state of the connection to Slack.
#[derive(Debug, Default)]
pub(super) struct CircuitBreaker {
    down: Option<Down>,
}

#[derive(Debug)]
struct Down {
    wait: Duration,
    next: Instant,
    said: Instant,
}

impl CircuitBreaker {
    /// Returns `Ok` when a call may be tried, else the time to wait. While the connection is down: one call at a time,
    /// and not too often.
    pub(super) fn may_try(&self, now: Instant, alone: bool) -> Result<(), Duration> {
        match &self.down {
            Some(down) if now < down.next => Err(down.next - now),
            // The call under way will tell soon.
            Some(down) if !alone => Err(down.wait),
            _ => Ok(()),
        }
    }

    /// Records the result of a call.
    pub(super) fn received(&mut self, answer: SlackAnswer, status: &Status, now: Instant) {
        match answer {
            SlackAnswer::Unknown => {}
            SlackAnswer::Good => {
                if self.down.take().is_some() {
                    info!("Slack accepts posts again");
                }
                status.change(|status| status.refused = false);
            }
            SlackAnswer::Bad(error) => {
                let refused = matches!(error, Error::Auth { .. });
                status.change(|status| status.refused = refused);
                let (wait, said) = match &self.down {
                    // Calls that were under way at the same time count as one failure.
                    Some(down) if now < down.next => (down.wait, Some(down.said)),
                    Some(down) => ((down.wait * 2).min(LONGEST), Some(down.said)),
                    None => (FIRST, None),
                };
                let said = said.filter(|said| now.duration_since(*said) < LONGEST);
                if said.is_none() && refused {
                    error!(%error, "Slack rejects the bot token: nothing can be posted until it is fixed");
                } else if said.is_none() {
                    warn!(%error, "Slack cannot be reached: posts are queued");
                }
                self.down = Some(Down {
                    wait,
                    next: now + wait,
                    said: said.unwrap_or(now),
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bad(refused: bool) -> SlackAnswer {
        let (method, text) = ("chat.postMessage".to_owned(), "token_revoked".to_owned());
        SlackAnswer::Bad(if refused {
            Error::Auth {
                method,
                code: text,
                scope: None,
            }
        } else {
            Error::Unreachable { method, why: text }
        })
    }

    #[test]
    fn a_line_that_is_down_is_tried_seldom_and_by_one_post_at_a_time() {
        let (mut breaker, status, mut now) = (CircuitBreaker::default(), Status::default(), Instant::now());
        assert_eq!(breaker.may_try(now, false), Ok(()));
        let mut waits = Vec::new();
        for _ in 0..8 {
            breaker.received(bad(true), &status, now);
            breaker.received(bad(true), &status, now);
            let wait = breaker.may_try(now, true).unwrap_err();
            waits.push(wait.as_secs());
            now += wait;
            assert_eq!(
                (breaker.may_try(now, true), breaker.may_try(now, false).is_err()),
                (Ok(()), true)
            );
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
        assert!(status.get().refused);
        breaker.received(SlackAnswer::Unknown, &status, now);
        assert!(breaker.may_try(now, false).is_err());
        breaker.received(SlackAnswer::Good, &status, now);
        assert_eq!(breaker.may_try(now, false), Ok(()));
        assert!(!status.get().refused);
    }

    #[test]
    fn a_slack_out_of_reach_says_nothing_about_the_token() {
        let (mut breaker, status) = (CircuitBreaker::default(), Status::default());
        breaker.received(bad(false), &status, Instant::now());
        assert!(!status.get().refused && breaker.may_try(Instant::now(), true).is_err());
    }
}
