//! The one place that sends: lets everything pass the gate, keeps to Slack's pace, posts.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::time::Instant;

use super::decode::Identity;
use super::outbound_filter;
use super::rate_limiter::{Bucket, RateLimiter, Rates};
use super::web::{Error, Outgoing, View, Web, Which};

mod shorten;

/// Bytes of text that chat.update takes, less a little.
const UPDATED_TEXT: usize = 3_900;

/// What a message holds, as it lies in the outbox.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Body {
    /// What is shown where blocks are not.
    pub text: String,
    /// Block Kit; may be empty.
    #[serde(default)]
    pub blocks: Vec<Value>,
    /// Whom it may ping: a person's own act alone may, and only whom the settings name. See [`outbound_filter::Pings`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pings: Vec<String>,
}

impl Body {
    /// Everything in it may leave.
    #[must_use]
    pub fn safe(mut self) -> Self {
        self.text = outbound_filter::by_person(&self.text, &self.pings);
        for block in &mut self.blocks {
            outbound_filter::block_by_person(block, &self.pings);
        }
        self
    }
}

/// Sends messages.
#[derive(Debug)]
pub struct Sender {
    web: Arc<Web>,
    pace: RateLimiter,
}

impl Sender {
    /// Over a Web API client, as fast as Slack allows.
    pub fn new(web: Arc<Web>, rates: Rates) -> Self {
        Self {
            web,
            pace: RateLimiter::new(rates),
        }
    }

    /// Who paces; what goes out is to take its place here first.
    pub fn pace(&self) -> &RateLimiter {
        &self.pace
    }

    /// Posts a message and tells its `ts`.
    ///
    /// # Errors
    ///
    /// As [`Web::post_message`].
    pub async fn post(&self, channel: &str, thread_ts: Option<&str>, body: Body, key: &str) -> Result<String, Error> {
        let body = body.safe();
        let result = self.web.post_message(&outgoing(channel, thread_ts, &body, key)).await;
        self.heed(&Bucket::post(channel), result)
    }

    /// Gives the message at `ts` another content; `key` is the key that it was posted with.
    ///
    /// # Errors
    ///
    /// As [`Web::update_message`].
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
    /// As [`Web::delete_message`].
    pub async fn delete(&self, channel: &str, ts: &str) -> Result<(), Error> {
        let result = self.web.delete_message(channel, ts).await;
        self.heed(&Bucket::delete(), result)
    }

    /// Shows a message to one person alone.
    ///
    /// # Errors
    ///
    /// As [`Web::post_ephemeral`].
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
    /// As [`Web::find_posted`].
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
    /// As [`Web::respond`].
    pub async fn respond(&self, response_url: &str, mut body: Value) -> Result<(), Error> {
        outbound_filter::block(&mut body);
        self.web.respond(response_url, &body).await
    }

    /// Opens a modal; see [`Web::open_view`].
    ///
    /// # Errors
    ///
    /// As [`Web::open_view`].
    pub async fn open_view(&self, trigger_id: &str, mut view: Value) -> Result<View, Error> {
        outbound_filter::block(&mut view);
        self.web.open_view(trigger_id, &view).await
    }

    /// Opens a modal on top of another; see [`Web::push_view`].
    ///
    /// # Errors
    ///
    /// As [`Web::push_view`].
    pub async fn push_view(&self, trigger_id: &str, mut view: Value) -> Result<View, Error> {
        outbound_filter::block(&mut view);
        self.web.push_view(trigger_id, &view).await
    }

    /// Gives a modal another content; see [`Web::update_view`].
    ///
    /// # Errors
    ///
    /// As [`Web::update_view`].
    pub async fn update_view(&self, which: Which<'_>, hash: Option<&str>, mut view: Value) -> Result<View, Error> {
        outbound_filter::block(&mut view);
        self.web.update_view(which, hash, &view).await
    }

    /// Shows a person's Home tab; see [`Web::publish_view`].
    ///
    /// # Errors
    ///
    /// As [`Web::publish_view`].
    pub async fn publish_view(&self, user: &str, mut view: Value) -> Result<View, Error> {
        outbound_filter::block(&mut view);
        self.web.publish_view(user, &view).await
    }

    /// A 429 keeps its lane quiet for as long as Slack says, and no other.
    fn heed<T>(&self, lane: &Bucket, result: Result<T, Error>) -> Result<T, Error> {
        if let Err(Error::RateLimited { after, method }) = &result {
            metrics::counter!("signpost_rate_limited_total", "method" => method.clone()).increment(1);
            self.pace.block(lane, Instant::now(), *after);
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
