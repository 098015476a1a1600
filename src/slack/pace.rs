//! One message a second and channel, with small bursts (Slack's rule for chat.postMessage), and the waits that Slack asks
//! for with 429.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use tokio::time::Instant;

/// Messages that may go out at once after a quiet time.
const BURST: u32 = 3;
const EVERY: Duration = Duration::from_secs(1);
/// Channels remembered before quiet ones are forgotten.
const REMEMBERED: usize = 10_000;

/// Paces sending.
#[derive(Debug, Default)]
pub struct Pace {
    /// By channel: when its next message would be due if messages had always come one a second.
    due: Mutex<HashMap<String, Instant>>,
}

impl Pace {
    /// Takes the next place in a channel's row and tells how long to wait for it.
    pub fn reserve(&self, channel: &str, now: Instant) -> Duration {
        let Ok(mut due) = self.due.lock() else { return EVERY };
        if due.len() >= REMEMBERED {
            due.retain(|_, due| *due > now);
        }
        let slack = EVERY * (BURST - 1);
        let at = due.get(channel).copied().unwrap_or(now).max(now);
        due.insert(channel.to_owned(), at + EVERY);
        at.saturating_duration_since(now + slack)
    }

    /// Slack asks to leave a channel alone for a while.
    pub fn block(&self, channel: &str, now: Instant, after: Duration) {
        if let Ok(mut due) = self.due.lock() {
            let until = now + after + EVERY * (BURST - 1);
            let at = due.entry(channel.to_owned()).or_insert(until);
            *at = (*at).max(until);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_goes_out_at_once_and_the_rest_a_second_apart() {
        let (pace, now) = (Pace::default(), Instant::now());
        let waits: Vec<u64> = (0..5).map(|_| pace.reserve("C1", now).as_secs()).collect();
        assert_eq!(waits, [0, 0, 0, 1, 2]);
        assert_eq!(
            pace.reserve("C2", now).as_secs(),
            0,
            "channels do not wait for each other"
        );
        assert_eq!(pace.reserve("C1", now + Duration::from_mins(1)).as_secs(), 0);
    }

    #[test]
    fn a_blocked_channel_waits_as_long_as_slack_says() {
        let (pace, now) = (Pace::default(), Instant::now());
        pace.block("C1", now, Duration::from_secs(7));
        assert_eq!(pace.reserve("C1", now).as_secs(), 7);
    }
}
