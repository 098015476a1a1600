//! Log lines about channels that take no posts: one each, not one for every message.

use std::collections::HashMap;

use parking_lot::Mutex;

use jiff::{SignedDuration, Timestamp};
use tracing::{debug, error};

use crate::slack::web::Error;

/// Time after which a line is logged again.
const AGAIN: SignedDuration = SignedDuration::from_hours(1);
/// Maximum number of channels and codes remembered.
const REMEMBERED: usize = 10_000;

/// Log lines by channel and Slack's error code.
#[derive(Debug, Default)]
pub(crate) struct LogThrottle {
    said: Mutex<HashMap<(String, String), LoggedAt>>,
}

#[derive(Debug)]
struct LoggedAt {
    at: Timestamp,
    since: u64,
}

impl LogThrottle {
    /// Logs that a post is given up: one line for each channel and cause, with the number of posts since the last line.
    pub(super) fn given_up(&self, channel: &str, key: &str, error: &Error, now: Timestamp) {
        let code = error.code().unwrap_or("too_old");
        metrics::counter!("signpost_posts_given_up_total", "code" => code.to_owned()).increment(1);
        match self.count(channel, code, now) {
            Some(0) => error!(%error, channel, key, "giving up on a post, and on similar ones in the channel"),
            Some(others) => error!(%error, channel, key, others, "still giving up on posts"),
            None => debug!(%error, channel, key, "giving up on a post"),
        }
    }

    /// The number of posts not logged since the last line; `None` when this one is not to be logged either.
    fn count(&self, channel: &str, code: &str, now: Timestamp) -> Option<u64> {
        let mut said = self.said.lock();
        if said.len() >= REMEMBERED {
            said.retain(|_, said| now.duration_since(said.at) < AGAIN);
            if said.len() >= REMEMBERED {
                said.clear();
            }
        }
        let entry = (channel.to_owned(), code.to_owned());
        if let Some(before) = said.get_mut(&entry)
            && now.duration_since(before.at) < AGAIN
        {
            before.since += 1;
            return None;
        }
        Some(
            said.insert(entry, LoggedAt { at: now, since: 0 })
                .map_or(0, |before| before.since),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_that_takes_nothing_is_told_of_once_an_hour() {
        let throttle = LogThrottle::default();
        let at = |minutes: i64| Timestamp::from_second(minutes * 60).unwrap();
        let told = [
            ("C1", "is_archived", 0),
            ("C1", "is_archived", 1),
            ("C1", "is_archived", 59),
            ("C1", "not_in_channel", 59),
            ("C2", "is_archived", 59),
            ("C1", "is_archived", 61),
            ("C1", "is_archived", 62),
        ]
        .map(|(channel, code, minutes)| throttle.count(channel, code, at(minutes)));
        assert_eq!(told, [Some(0), None, None, Some(0), Some(0), Some(2), None]);
    }
}
