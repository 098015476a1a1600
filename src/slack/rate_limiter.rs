//! Pacing of Slack calls: one message a second and channel with small bursts, a number of calls a minute for other
//! methods, and the waits that Slack asks for with 429. Each channel and each method is limited independently.

use std::collections::HashMap;

use parking_lot::Mutex;
use std::time::Duration;

use tokio::time::Instant;

/// Number of buckets remembered before quiet ones are forgotten.
const REMEMBERED: usize = 10_000;

/// A unit of rate limiting: a method, or a method in one channel.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Bucket {
    kind: MethodKind,
    channel: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum MethodKind {
    Post,
    Update,
    Delete,
    Ephemeral,
    React,
    Unreact,
    LookUp,
}

impl Bucket {
    /// `chat.postMessage` in a channel.
    pub fn post(channel: &str) -> Self {
        Self {
            kind: MethodKind::Post,
            channel: Some(channel.to_owned()),
        }
    }

    /// `chat.update`.
    pub fn update() -> Self {
        Self::of(MethodKind::Update)
    }

    /// `chat.delete`.
    pub fn delete() -> Self {
        Self::of(MethodKind::Delete)
    }

    /// `chat.postEphemeral`.
    pub fn ephemeral() -> Self {
        Self::of(MethodKind::Ephemeral)
    }

    /// `reactions.add`.
    pub fn react() -> Self {
        Self::of(MethodKind::React)
    }

    /// `reactions.remove`.
    pub fn unreact() -> Self {
        Self::of(MethodKind::Unreact)
    }

    /// `conversations.replies` and `conversations.history`.
    pub fn look_up() -> Self {
        Self::of(MethodKind::LookUp)
    }

    fn of(kind: MethodKind) -> Self {
        Self { kind, channel: None }
    }

    /// A name for the bucket, which is the same in all replicas.
    pub fn name(&self) -> String {
        let kind = match self.kind {
            MethodKind::Post => "post",
            MethodKind::Update => "update",
            MethodKind::Delete => "delete",
            MethodKind::Ephemeral => "ephemeral",
            MethodKind::React => "react",
            MethodKind::Unreact => "unreact",
            MethodKind::LookUp => "look_up",
        };
        match &self.channel {
            Some(channel) => format!("{kind}:{channel}"),
            None => kind.to_owned(),
        }
    }
}

/// An average rate, and the burst allowed after a quiet time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Interval between two calls.
    pub every: Duration,
    /// Number of calls allowed at once.
    pub burst: u32,
}

impl Rate {
    /// Time by which a call may come early: that of the burst.
    pub fn slack(self) -> Duration {
        self.every * self.burst.saturating_sub(1)
    }
}

/// Slack's rate limits. The defaults are the documented ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rates {
    /// Limit for messages in one channel.
    pub post: Rate,
    /// Limit for each method of tier 2: removing reactions.
    pub tier_2: Rate,
    /// Limit for each method of tier 3: updates, deletions, reactions, reading threads.
    pub tier_3: Rate,
    /// Limit for each method of tier 4: ephemeral messages.
    pub tier_4: Rate,
}

impl Default for Rates {
    fn default() -> Self {
        let rate = |milliseconds, burst| Rate {
            every: Duration::from_millis(milliseconds),
            burst,
        };
        Self {
            post: rate(1_000, 3),
            // Twenty a minute.
            tier_2: rate(3_000, 5),
            // Fifty a minute.
            tier_3: rate(1_200, 10),
            // A hundred a minute.
            tier_4: rate(600, 10),
        }
    }
}

impl Rates {
    fn of(&self, bucket: &Bucket) -> Rate {
        match bucket.kind {
            MethodKind::Post => self.post,
            MethodKind::Update | MethodKind::Delete | MethodKind::React | MethodKind::LookUp => self.tier_3,
            MethodKind::Unreact => self.tier_2,
            MethodKind::Ephemeral => self.tier_4,
        }
    }
}

/// Paces calls to Slack.
#[derive(Debug, Default)]
pub struct RateLimiter {
    rates: Rates,
    /// Time at which each bucket's next call would be due if calls had always come evenly.
    due: Mutex<HashMap<Bucket, Instant>>,
}

impl RateLimiter {
    /// Creates a limiter with these rates.
    pub fn new(rates: Rates) -> Self {
        Self {
            rates,
            due: Mutex::default(),
        }
    }

    /// The rate of a bucket.
    pub fn rate(&self, bucket: &Bucket) -> Rate {
        self.rates.of(bucket)
    }

    /// Takes the next slot of a bucket if it is free now.
    ///
    /// # Errors
    ///
    /// Returns the time to wait when it is not.
    pub fn take(&self, bucket: &Bucket, now: Instant) -> Result<(), Duration> {
        let rate = self.rates.of(bucket);
        let mut due = self.due.lock();
        if due.len() >= REMEMBERED {
            due.retain(|_, due| *due > now);
        }
        let at = due.get(bucket).copied().unwrap_or(now).max(now);
        let wait = at.saturating_duration_since(now + rate.slack());
        if !wait.is_zero() {
            return Err(wait);
        }
        due.insert(bucket.clone(), at + rate.every);
        Ok(())
    }

    /// Blocks a bucket for a while, as Slack asked.
    pub fn block(&self, bucket: &Bucket, now: Instant, after: Duration) {
        let until = now + after + self.rates.of(bucket).slack();
        let mut due = self.due.lock();
        let at = due.entry(bucket.clone()).or_insert(until);
        *at = (*at).max(until);
    }
}
