//! The only place that sends messages: it filters everything, keeps to Slack's pace, and posts.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::time::Instant;

use super::blocks::{self, RenderedMessage};
use super::decode::Identity;
use super::outbound_filter;
use super::rate_limiter::{Bucket, RateLimiter, Rates};
use super::web::{Error, OpenedView, Outgoing, Web, Which};
use crate::respond::Reply;

mod shorten;

/// Maximum bytes of text sent to chat.update: slightly less than it accepts.
const UPDATED_TEXT: usize = 3_900;

/// A message's contents, as kept in the outbox.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Body {
    /// The fallback text, shown where blocks are not.
    pub text: String,
    /// Block Kit; may be empty.
    #[serde(default)]
    pub blocks: Vec<Value>,
    /// Ids that the message may ping: only an action taken by a person may, and only those whom the settings name. See
    /// [`outbound_filter::Pings`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pings: Vec<String>,
}

impl Body {
    /// Renders a reply as a single message.
    pub fn of(reply: &Reply) -> Self {
        let RenderedMessage { text, blocks, .. } = blocks::render_one(reply);
        let pings = Vec::new();
        Self { text, blocks, pings }.safe()
    }

    /// Filters the whole message, so that it may be sent.
    #[must_use]
    pub fn safe(mut self) -> Self {
        self.text = outbound_filter::by_person(&self.text, &self.pings);
        for block in &mut self.blocks {
            outbound_filter::block_by_person(block, &self.pings);
        }
        self
    }
}

/// Sends messages to Slack.
#[derive(Debug)]
pub struct Sender {
    web: Arc<Web>,
    pace: RateLimiter,
}

impl Sender {
    /// Creates a sender over a Web API client, limited to these rates.
    pub fn new(web: Arc<Web>, rates: Rates) -> Self {
        Self {
            web,
            pace: RateLimiter::new(rates),
        }
    }

    /// The rate limiter; callers take a slot here before they send.
    pub fn pace(&self) -> &RateLimiter {
        &self.pace
    }

    /// Posts a message and returns its `ts`.
    ///
    /// # Errors
    ///
    /// Same as [`Web::post_message`].
    pub async fn post(&self, channel: &str, thread_ts: Option<&str>, body: Body, key: &str) -> Result<String, Error> {
        let body = body.safe();
        let result = self.web.post_message(&outgoing(channel, thread_ts, &body, key)).await;
        self.heed(&Bucket::post(channel), result)
    }

    /// Replaces the content of the message at `ts`; `key` is the key that it was posted with.
    ///
    /// # Errors
    ///
    /// Same as [`Web::update_message`].
    pub async fn update(&self, channel: &str, ts: &str, body: Body, key: &str) -> Result<(), Error> {
        let mut body = body.safe();
        body.text = shorten::within(&body.text, UPDATED_TEXT);
        let result = self.web.update_message(ts, &outgoing(channel, None, &body, key)).await;
        self.heed(&Bucket::update(), result)
    }

    /// Deletes a message.
    ///
    /// # Errors
    ///
    /// Same as [`Web::delete_message`].
    pub async fn delete(&self, channel: &str, ts: &str) -> Result<(), Error> {
        let result = self.web.delete_message(channel, ts).await;
        self.heed(&Bucket::delete(), result)
    }

    /// Adds a reaction to a message.
    ///
    /// # Errors
    ///
    /// Same as [`Web::add_reaction`].
    pub async fn react(&self, channel: &str, ts: &str, name: &str) -> Result<(), Error> {
        let result = self.web.add_reaction(channel, ts, name).await;
        self.heed(&Bucket::react(), result)
    }

    /// Removes the bot's reaction from a message.
    ///
    /// # Errors
    ///
    /// Same as [`Web::remove_reaction`].
    pub async fn unreact(&self, channel: &str, ts: &str, name: &str) -> Result<(), Error> {
        let result = self.web.remove_reaction(channel, ts, name).await;
        self.heed(&Bucket::unreact(), result)
    }

    /// Shows a message to one person only.
    ///
    /// # Errors
    ///
    /// Same as [`Web::post_ephemeral`].
    pub async fn show(&self, channel: &str, thread_ts: Option<&str>, user: &str, body: Body) -> Result<(), Error> {
        let body = body.safe();
        let result = self
            .web
            .post_ephemeral(user, &outgoing(channel, thread_ts, &body, ""))
            .await;
        self.heed(&Bucket::ephemeral(), result)
    }

    /// Looks for a message by its key; see [`Web::find_posted`].
    ///
    /// # Errors
    ///
    /// Same as [`Web::find_posted`].
    pub async fn find(
        &self,
        us: &Identity,
        channel: &str,
        thread_ts: Option<&str>,
        key: &str,
        oldest: i64,
    ) -> Result<Option<String>, Error> {
        let result = self.web.find_posted(us, channel, thread_ts, key, oldest).await;
        self.heed(&Bucket::look_up(), result)
    }

    /// Answers an interaction over its `response_url`; see [`Web::respond`].
    ///
    /// # Errors
    ///
    /// Same as [`Web::respond`].
    pub async fn respond(&self, response_url: &str, mut body: Value) -> Result<(), Error> {
        outbound_filter::block(&mut body);
        self.web.respond(response_url, &body).await
    }

    /// Opens a modal; see [`Web::open_view`].
    ///
    /// # Errors
    ///
    /// Same as [`Web::open_view`].
    pub async fn open_view(&self, trigger_id: &str, mut view: Value) -> Result<OpenedView, Error> {
        outbound_filter::block(&mut view);
        self.web.open_view(trigger_id, &view).await
    }

    /// Opens a modal on top of another; see [`Web::push_view`].
    ///
    /// # Errors
    ///
    /// Same as [`Web::push_view`].
    pub async fn push_view(&self, trigger_id: &str, mut view: Value) -> Result<OpenedView, Error> {
        outbound_filter::block(&mut view);
        self.web.push_view(trigger_id, &view).await
    }

    /// Replaces the content of a modal; see [`Web::update_view`].
    ///
    /// # Errors
    ///
    /// Same as [`Web::update_view`].
    pub async fn update_view(
        &self,
        which: Which<'_>,
        hash: Option<&str>,
        mut view: Value,
    ) -> Result<OpenedView, Error> {
        outbound_filter::block(&mut view);
        self.web.update_view(which, hash, &view).await
    }

    /// Shows a person's Home tab; see [`Web::publish_view`].
    ///
    /// # Errors
    ///
    /// Same as [`Web::publish_view`].
    pub async fn publish_view(&self, user: &str, mut view: Value) -> Result<OpenedView, Error> {
        outbound_filter::block(&mut view);
        self.web.publish_view(user, &view).await
    }

    /// Blocks the bucket of a call that got a 429, for as long as Slack says; other buckets are unaffected.
    fn heed<T>(&self, bucket: &Bucket, result: Result<T, Error>) -> Result<T, Error> {
        if let Err(Error::RateLimited { after, method }) = &result {
            metrics::counter!("signpost_rate_limited_total", "method" => method.clone()).increment(1);
            self.pace.block(bucket, Instant::now(), *after);
        }
        result
    }
}

fn outgoing<'a>(channel: &'a str, thread_ts: Option<&'a str>, body: &'a Body, key: &'a str) -> Outgoing<'a> {
    Outgoing {
        channel,
        thread_ts,
        text: &body.text,
        blocks: &body.blocks,
        key,
    }
}
