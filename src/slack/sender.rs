//! The only place that sends messages: it filters everything, keeps to Slack's pace, and posts.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::time::Instant;

use super::blocks::{self, BlockShape, RenderedMessage};
use super::decode::Identity;
use super::outbound_filter;
use super::rate_limiter::{Bucket, RateLimiter, Rates};
use super::refused::RefusedKinds;
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
    /// Blocks in Slack's own shapes, for those of the same places in `blocks`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shapes: Vec<BlockShape>,
    /// Ids that the message may ping: only an action taken by a person may, and only those whom the settings name. See
    /// [`outbound_filter::Pings`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pings: Vec<String>,
}

impl Body {
    /// Renders a reply as a single message.
    pub fn of(reply: &Reply) -> Self {
        let RenderedMessage { text, blocks, shapes } = blocks::render_one(reply);
        Self {
            text,
            blocks,
            shapes,
            pings: Vec::new(),
        }
        .safe()
    }

    /// Puts a block above the others.
    pub fn put_first(&mut self, block: Value) {
        self.blocks.insert(0, block);
        for shape in &mut self.shapes {
            shape.at += 1;
        }
    }

    /// The blocks for a view or an answer to an interaction, which the sender puts into Slack's own shapes.
    pub fn drawn(&self) -> Vec<Value> {
        blocks::with_shapes(&self.blocks, &self.shapes)
    }

    /// Appends another message.
    pub fn append(&mut self, other: Self) {
        let from = self.blocks.len();
        self.blocks.extend(other.blocks);
        let shapes = other.shapes.into_iter();
        self.shapes.extend(shapes.map(|shape| BlockShape {
            at: from + shape.at,
            ..shape
        }));
        self.text = format!("{}\n{}", self.text, other.text);
    }

    /// Filters the whole message, so that it may be sent.
    #[must_use]
    pub fn safe(mut self) -> Self {
        self.text = outbound_filter::by_person(&self.text, &self.pings);
        for block in &mut self.blocks {
            outbound_filter::block_by_person(block, &self.pings);
        }
        for shape in &mut self.shapes {
            // A shape pings nobody: mentions stand in blocks of their own.
            outbound_filter::block(&mut shape.block);
        }
        self
    }
}

/// A call that sends a message.
#[derive(Debug, Clone, Copy)]
enum SendingCall<'a> {
    Post,
    Update { ts: &'a str },
    Ephemeral { user: &'a str },
}

/// A call that shows a view or answers an interaction.
#[derive(Debug, Clone, Copy)]
enum ShowingCall<'a> {
    Respond { response_url: &'a str },
    Open { trigger_id: &'a str },
    Push { trigger_id: &'a str },
    Update { which: Which<'a>, hash: Option<&'a str> },
    Publish { user: &'a str },
}

/// Sends messages to Slack.
#[derive(Debug)]
pub struct Sender {
    web: Arc<Web>,
    pace: RateLimiter,
    refused: RefusedKinds,
    refused_in_views: RefusedKinds,
}

impl Sender {
    /// Creates a sender over a Web API client, limited to these rates.
    pub fn new(web: Arc<Web>, rates: Rates) -> Self {
        Self {
            web,
            pace: RateLimiter::new(rates),
            refused: RefusedKinds::default(),
            refused_in_views: RefusedKinds::default(),
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
        let to = outgoing((channel, thread_ts), &body.text, key);
        let result = self.in_shape(&body, SendingCall::Post, to).await;
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
        let to = outgoing((channel, None), &body.text, key);
        let result = self.in_shape(&body, SendingCall::Update { ts }, to).await.map(drop);
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
        let to = outgoing((channel, thread_ts), &body.text, "");
        let result = self
            .in_shape(&body, SendingCall::Ephemeral { user }, to)
            .await
            .map(drop);
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
    pub async fn respond(&self, response_url: &str, body: Value) -> Result<(), Error> {
        let call = ShowingCall::Respond { response_url };
        self.in_chosen_shape(body, call).await.map(drop)
    }

    /// Opens a modal; see [`Web::open_view`].
    ///
    /// # Errors
    ///
    /// Same as [`Web::open_view`].
    pub async fn open_view(&self, trigger_id: &str, view: Value) -> Result<OpenedView, Error> {
        self.in_chosen_shape(view, ShowingCall::Open { trigger_id }).await
    }

    /// Opens a modal on top of another; see [`Web::push_view`].
    ///
    /// # Errors
    ///
    /// Same as [`Web::push_view`].
    pub async fn push_view(&self, trigger_id: &str, view: Value) -> Result<OpenedView, Error> {
        self.in_chosen_shape(view, ShowingCall::Push { trigger_id }).await
    }

    /// Replaces the content of a modal; see [`Web::update_view`].
    ///
    /// # Errors
    ///
    /// Same as [`Web::update_view`].
    pub async fn update_view(&self, which: Which<'_>, hash: Option<&str>, view: Value) -> Result<OpenedView, Error> {
        self.in_chosen_shape(view, ShowingCall::Update { which, hash }).await
    }

    /// Shows a person's Home tab; see [`Web::publish_view`].
    ///
    /// # Errors
    ///
    /// Same as [`Web::publish_view`].
    pub async fn publish_view(&self, user: &str, view: Value) -> Result<OpenedView, Error> {
        self.in_chosen_shape(view, ShowingCall::Publish { user }).await
    }

    /// Sends a message in Slack's own shapes, except for those that the workspace refused. When Slack rejects the
    /// blocks, which means that nothing was posted, the kinds at fault are remembered and the message is sent without
    /// them at once.
    async fn in_shape(&self, body: &Body, call: SendingCall<'_>, to: Outgoing<'_>) -> Result<String, Error> {
        let form = || {
            let refused = self.refused.kinds(Instant::now());
            blocks::shaped(&body.blocks, &body.shapes, |kind| refused.contains(kind))
        };
        let mut blocks = form();
        loop {
            let message = Outgoing {
                blocks: &blocks,
                ..to.clone()
            };
            let result = match call {
                SendingCall::Post => self.web.post_message(&message).await,
                SendingCall::Update { ts } => self.web.update_message(ts, &message).await.map(|()| ts.to_owned()),
                SendingCall::Ephemeral { user } => {
                    self.web.post_ephemeral(user, &message).await.map(|()| String::new())
                }
            };
            let Err(Error::Content { code, at, .. }) = &result else {
                return result;
            };
            if !rejects_blocks(code) || blocks == body.blocks {
                return result;
            }
            let named = at.iter().filter_map(|at| blocks.get(*at)).map(blocks::kind_of);
            self.refused.learn(named, &blocks, Instant::now());
            let next = form();
            // What Slack named is no kind that could be left out.
            if next == blocks {
                return result;
            }
            blocks = next;
        }
    }

    /// Sends a view or an answer to an interaction with its blocks in Slack's own shapes, as [`Sender::in_shape`] does it
    /// with messages.
    async fn in_chosen_shape(&self, mut value: Value, call: ShowingCall<'_>) -> Result<OpenedView, Error> {
        outbound_filter::block(&mut value);
        let refused = match call {
            ShowingCall::Respond { .. } => &self.refused,
            _ => &self.refused_in_views,
        };
        let form = || {
            let (refused, mut value) = (refused.kinds(Instant::now()), value.clone());
            blocks::choose_shapes(&mut value, |kind| refused.contains(kind));
            value
        };
        let mut shown = form();
        loop {
            let result = match call {
                ShowingCall::Respond { response_url } => {
                    let done = self.web.respond(response_url, &shown).await;
                    done.map(|()| OpenedView::default())
                }
                ShowingCall::Open { trigger_id } => self.web.open_view(trigger_id, &shown).await,
                ShowingCall::Push { trigger_id } => self.web.push_view(trigger_id, &shown).await,
                ShowingCall::Update { which, hash } => self.web.update_view(which, hash, &shown).await,
                ShowingCall::Publish { user } => self.web.publish_view(user, &shown).await,
            };
            let Err(Error::Content { code, at, .. }) = &result else {
                return result;
            };
            // Faults of a view are faults of an argument.
            if !rejects_blocks(code) && code != "invalid_arguments" {
                return result;
            }
            let sent = shown["blocks"].as_array().map(Vec::as_slice).unwrap_or_default();
            let named = at.iter().filter_map(|at| sent.get(*at)).map(blocks::kind_of);
            refused.learn(named, sent, Instant::now());
            let next = form();
            if next == shown {
                return result;
            }
            shown = next;
        }
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

/// Returns true when Slack rejected the blocks.
fn rejects_blocks(code: &str) -> bool {
    matches!(code, "invalid_blocks" | "invalid_blocks_format" | "invalid_attachments")
}

fn outgoing<'a>((channel, thread_ts): (&'a str, Option<&'a str>), text: &'a str, key: &'a str) -> Outgoing<'a> {
    Outgoing {
        channel,
        thread_ts,
        text,
        blocks: &[],
        key,
    }
}
