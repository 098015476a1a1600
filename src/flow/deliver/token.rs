//! Whether Slack takes the bot's token. While it does not, everything waits, and one post at a time is tried.

use std::time::Duration;

use tokio::time::Instant;
use tracing::{error, info};

use crate::flow::Status;
use crate::slack::web::Error;

/// Between the first tries; doubled from try to try.
const FIRST: Duration = Duration::from_secs(1);
/// The longest between tries, and the least between log lines.
const LONGEST: Duration = Duration::from_mins(1);

/// What a call told about the token.
#[derive(Debug)]
pub(super) enum Answer {
    /// Slack takes it.
    Taken,
    /// Slack refuses it.
    Refused(Error),
    /// Nothing.
    Unknown,
}

impl Answer {
    pub(super) fn of<T>(result: &Result<T, Error>) -> Self {
        match result {
            Err(error @ Error::Auth { .. }) => Self::Refused(error.clone()),
            Err(Error::RateLimited { .. } | Error::Unreachable { .. } | Error::Uncertain { .. }) => Self::Unknown,
            Ok(_) | Err(_) => Self::Taken,
        }
    }
}

/// What is known about the token.
#[derive(Debug, Default)]
pub(super) struct Token {
    refused: Option<Refused>,
}

#[derive(Debug)]
struct Refused {
    wait: Duration,
    next: Instant,
    said: Instant,
}

impl Token {
    /// Whether a call may be tried. While the token is refused: one at a time, and not too often.
    pub(super) fn may_try(&self, now: Instant, alone: bool) -> Result<(), Duration> {
        match &self.refused {
            Some(refused) if now < refused.next => Err(refused.next - now),
            // Who is under way tells soon.
            Some(refused) if !alone => Err(refused.wait),
            _ => Ok(()),
        }
    }

    /// Takes in what a call told.
    pub(super) fn heard(&mut self, answer: Answer, status: &Status, now: Instant) {
        match answer {
            Answer::Unknown => {}
            Answer::Taken => {
                if self.refused.take().is_some() {
                    info!("Slack takes the bot token again");
                    status.change(|status| status.refused = false);
                }
            }
            Answer::Refused(error) => {
                let wait = self.refused.as_ref().map_or(FIRST, |refused| {
                    // Calls that were under way together are one refusal.
                    if now < refused.next {
                        refused.wait
                    } else {
                        (refused.wait * 2).min(LONGEST)
                    }
                });
                let said = self.refused.as_ref().map(|refused| refused.said);
                let said = said
                    .filter(|said| now.duration_since(*said) < LONGEST)
                    .unwrap_or_else(|| {
                        error!(%error, "Slack refuses the bot token: nothing can be posted until a person mends it");
                        now
                    });
                self.refused = Some(Refused {
                    wait,
                    next: now + wait,
                    said,
                });
                status.change(|status| status.refused = true);
            }
        }
    }
}
