//! What a workspace can be told at its start.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use serde::Serialize;

use super::jenkins;
use crate::clock::{Clock, SystemClock};

/// How the workspace behaves. The defaults are Slack's.
#[derive(Debug, Clone)]
pub struct Options {
    /// Tells the time for timestamps, trigger ids and rate limits.
    pub clock: Arc<dyn Clock>,
    /// How far the workspace's time is ahead of the clock, as when the machine of a bot is slow.
    pub clock_skew: SignedDuration,
    /// How long an app may take to acknowledge before the envelope is sent again.
    pub ack_timeout: Duration,
    /// How long a person's client waits for the answer to a click, a command or a submitted modal.
    pub patience: Duration,
    /// How long to wait before each redelivery; as many redeliveries as there are entries.
    pub retry_delays: Vec<Duration>,
    /// How long a trigger id lives.
    pub trigger_life: Duration,
    /// Whether calls are limited: one message a second a channel, other methods by Slack's tiers.
    pub rate_limits: bool,
    /// How long it takes until a channel takes one message more, where there are limits.
    pub post_every: Duration,
    /// How many messages a channel takes at once before the limit bites.
    pub burst: u32,
    /// How long [`super::Workspace::wait_for`] waits.
    pub wait_limit: Duration,
    /// Errors that the page offers to try; `None` for those of the sample pack.
    pub examples: Option<Vec<Example>>,
    /// How the local Jenkins beside it behaves.
    pub jenkins: jenkins::Options,
}

/// An error to try.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Example {
    /// What it is called: the title of its runbook.
    pub title: String,
    /// A few words about it.
    pub hint: String,
    /// What is posted.
    pub text: String,
    /// Whether monitoring would post it: in #alerts the Alert Bot does.
    pub is_alert: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            clock_skew: SignedDuration::ZERO,
            ack_timeout: Duration::from_secs(3),
            patience: Duration::from_secs(3),
            // Slack's Events API: at once, after a minute, after five.
            retry_delays: vec![Duration::ZERO, Duration::from_mins(1), Duration::from_mins(5)],
            trigger_life: Duration::from_secs(3),
            rate_limits: true,
            post_every: Duration::from_secs(1),
            burst: 5,
            wait_limit: Duration::from_secs(10),
            examples: None,
            jenkins: jenkins::Options::default(),
        }
    }
}
