//! Options of a local workspace.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use serde::Serialize;

use super::jenkins;
use crate::clock::{Clock, SystemClock};

/// Behaviour of the workspace. The defaults are Slack's.
#[derive(Debug, Clone)]
pub struct Options {
    /// Clock for timestamps, trigger ids and rate limits.
    pub clock: Arc<dyn Clock>,
    /// Time by which the workspace is ahead of the clock, as when the clock of the bot's machine is slow.
    pub clock_skew: SignedDuration,
    /// Time limit of an acknowledgement, after which the envelope is sent again.
    pub ack_timeout: Duration,
    /// Time that a person's client waits for the answer to a click, a command or a submitted modal.
    pub patience: Duration,
    /// Delay before each redelivery; there are as many redeliveries as entries.
    pub retry_delays: Vec<Duration>,
    /// Lifetime of a trigger id.
    pub trigger_life: Duration,
    /// When true, calls are limited: one message a second per channel, other methods by Slack's tiers.
    pub rate_limits: bool,
    /// Time after which a channel takes one more message, when calls are limited.
    pub post_every: Duration,
    /// Number of messages that a channel takes at once before the limit applies.
    pub burst: u32,
    /// Time limit of [`super::Workspace::wait_for`].
    pub wait_limit: Duration,
    /// Errors that the page offers as examples; `None` for those of the sample pack.
    pub examples: Option<Vec<Example>>,
    /// Notice that the page shows above the examples; `None` for none.
    pub notice: Option<String>,
    /// Names of further channels, which everybody is in.
    pub channels: Vec<String>,
    /// Options of the local Jenkins.
    pub jenkins: jenkins::Options,
}

/// An example of an error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Example {
    /// Title: that of its runbook.
    pub title: String,
    /// Short description.
    pub hint: String,
    /// Text to post.
    pub text: String,
    /// True for errors posted by monitoring: the Alert Bot posts them in #alerts.
    pub is_alert: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            clock_skew: SignedDuration::ZERO,
            ack_timeout: Duration::from_secs(3),
            patience: Duration::from_secs(3),
            // Slack's Events API: immediately, after one minute, after five.
            retry_delays: vec![Duration::ZERO, Duration::from_mins(1), Duration::from_mins(5)],
            trigger_life: Duration::from_secs(3),
            rate_limits: true,
            post_every: Duration::from_secs(1),
            burst: 5,
            wait_limit: Duration::from_secs(10),
            channels: Vec::new(),
            examples: None,
            notice: None,
            jenkins: jenkins::Options::default(),
        }
    }
}
