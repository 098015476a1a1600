//! The one place that sends: paces, lets everything pass the gate, posts.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::time::Instant;

use super::pace::Pace;
use super::web::{Error, Outgoing, Web};
use super::{decode, gate};

/// What a message holds, as it lies in the outbox.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Body {
    /// What is shown where blocks are not.
    pub text: String,
    /// Block Kit; may be empty.
    #[serde(default)]
    pub blocks: Vec<Value>,
}

/// `text` fallbacks longer than this are cut by Slack.
const TEXT: usize = 4_000;

impl Body {
    /// Everything in it may leave.
    #[must_use]
    pub fn safe(mut self) -> Self {
        self.text = gate::text(&self.text);
        self.blocks.iter_mut().for_each(gate::block);
        self
    }

    /// The same in its plainest form, for when Slack refuses the blocks. `None` when it is that already.
    pub fn plain(&self) -> Option<Self> {
        if self.blocks.is_empty() || self.text.trim().is_empty() {
            return None;
        }
        let text = match self.text.char_indices().nth(TEXT - 1) {
            // At the end of a line, so that nothing is cut in its middle.
            Some((end, _)) => {
                let head = self.text.get(..end).unwrap_or_default();
                let end = head.rfind('\n').unwrap_or(head.len());
                format!("{}…", head.get(..end).unwrap_or_default())
            }
            None => self.text.clone(),
        };
        Some(Self {
            text,
            blocks: Vec::new(),
        })
    }
}

/// Sends messages.
#[derive(Debug)]
pub struct Sender {
    web: Arc<Web>,
    pace: Pace,
}

impl Sender {
    /// Over a Web API client.
    pub fn new(web: Arc<Web>) -> Self {
        Self {
            web,
            pace: Pace::default(),
        }
    }

    /// Waits for the message's turn in its channel.
    pub async fn turn(&self, channel: &str) {
        let wait = self.pace.reserve(channel, Instant::now());
        tokio::time::sleep(wait).await;
    }

    /// Posts a message and tells its `ts`. A 429 keeps its channel quiet for as long as Slack says.
    ///
    /// # Errors
    ///
    /// As [`Web::post_message`].
    pub async fn post(&self, channel: &str, thread_ts: Option<&str>, body: Body, key: &str) -> Result<String, Error> {
        let body = body.safe();
        let message = Outgoing {
            channel,
            thread_ts,
            text: &body.text,
            blocks: &body.blocks,
            key,
        };
        let result = self.web.post_message(&message).await;
        if let Err(Error::RateLimited { after, .. }) = &result {
            self.pace.block(channel, Instant::now(), *after);
        }
        result
    }

    /// Looks for a message by its key; see [`Web::find_posted`].
    ///
    /// # Errors
    ///
    /// As [`Web::find_posted`].
    pub async fn find(
        &self,
        us: &decode::Identity,
        channel: &str,
        thread_ts: Option<&str>,
        key: &str,
        oldest: i64,
    ) -> Result<Option<String>, Error> {
        self.web.find_posted(us, channel, thread_ts, key, oldest).await
    }
}
