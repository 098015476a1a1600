//! One row of the outbox: looked up when it is uncertain, done, and its outcome written down.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, info};

use super::circuit_breaker::SlackAnswer;
use super::outcome;
use super::worker::{OutboxWorker, STORE_WAIT, bucket};
use crate::clock::Clock as _;
use crate::slack::rate_limiter::Bucket;
use crate::slack::sender::Body;
use crate::slack::web::{Error, TOO_MANY};
use crate::store::{Action, Post, PostOutcome, PostState, Ready, Turn};
use crate::traces::TraceSpan;

/// Looked back from the first try: Slack's time is known to a few seconds.
const BEFORE: SignedDuration = SignedDuration::from_mins(1);
/// Longest time until the store is asked again for a slot that all replicas share.
const SHARED: Duration = Duration::from_secs(5);

impl OutboxWorker {
    /// Delivers a post. Returns what that tells about the connection to Slack.
    pub(super) async fn deliver(&self, post: &Post, stop: &CancellationToken) -> SlackAnswer {
        // The row waits as it is; the worker comes back to it when this process may call again.
        let bucket = bucket(post);
        if let Err(wait) = self.shared_slot(&bucket).await {
            self.ctx.sender.pace().block(&bucket, Instant::now(), wait);
            return SlackAnswer::Unknown;
        }
        if post.action == Action::Post && post.state == PostState::Uncertain {
            let (outcome, answer) = self.look_up(post).await;
            if let Some(outcome) = outcome {
                self.record_outcome(post, &outcome, stop).await;
                return answer;
            }
            // It is surely not there: now it is a post like any other, and takes its place among them.
            let bucket = Bucket::post(&post.channel);
            while let Err(wait) = self.next_slot(&bucket).await {
                tokio::select! {
                    biased;
                    () = stop.cancelled() => return SlackAnswer::Unknown,
                    () = tokio::time::sleep(wait) => {}
                }
            }
        }
        let mut span = TraceSpan::new("post", &post.key);
        span.set("signpost.key", &post.key);
        span.set("signpost.action", post.action.as_str());
        let (begun, marked) = (self.ctx.slack_time.now(), Instant::now());
        let ready = match self.ctx.store.sending(&post.key, begun).await {
            Ok(Turn::Ready(ready)) => ready,
            Ok(Turn::Over(why)) => {
                if let Some(why) = why {
                    info!(key = post.key, why, "a row of the outbox is no longer needed");
                }
                return SlackAnswer::Unknown;
            }
            Err(cause) => {
                error!(%cause, key = post.key, "a post cannot be marked as being sent; retrying");
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = tokio::time::sleep(STORE_WAIT) => {}
                }
                // The mark may be there although its answer was lost: then nobody else would ever take it away.
                self.record_outcome(post, &outcome::again(begun), stop).await;
                return SlackAnswer::Unknown;
            }
        };
        // Whoever takes over from this process looks the post up when a request that began in time must be over.
        if marked.elapsed() > self.ctx.rules.settings.slack.lookup_margin() {
            info!(key = post.key, "sending a post was delayed for too long; retrying");
            self.record_outcome(post, &outcome::again(self.ctx.slack_time.now()), stop)
                .await;
            return SlackAnswer::Unknown;
        }
        let written_at = ready.written_at;
        let (outcome, answer) = self.act(post, ready, begun).await;
        span.set("signpost.state", outcome.state.as_str());
        drop(span);
        if outcome.state == PostState::Sent {
            debug!(
                key = post.key,
                action = post.action.as_str(),
                "a row of the outbox was sent"
            );
            if let Some(written_at) = written_at.filter(|_| post.action == Action::Post) {
                let took = self.ctx.slack_time.now().duration_since(written_at);
                metrics::histogram!("signpost_answer_seconds").record(took.as_secs_f64().max(0.0));
            }
        }
        self.record_outcome(post, &outcome, stop).await;
        answer
    }

    pub(super) async fn record_outcome(&self, post: &Post, outcome: &PostOutcome, stop: &CancellationToken) {
        metrics::counter!("signpost_posts_total", "state" => outcome.state.as_str(), "action" => post.action.as_str())
            .increment(1);
        while let Err(cause) = self.ctx.store.record_outcome(&post.key, outcome).await {
            error!(%cause, key = post.key, "the outcome of a post cannot be saved; retrying");
            tokio::select! {
                // It stays marked as being sent, and is looked up after the next start.
                () = stop.cancelled() => return,
                () = tokio::time::sleep(STORE_WAIT) => {}
            }
        }
    }

    /// Takes a slot of a bucket in this process and among all replicas.
    ///
    /// # Errors
    ///
    /// The time to wait when it is not free.
    async fn next_slot(&self, bucket: &Bucket) -> Result<(), Duration> {
        self.ctx.sender.pace().take(bucket, Instant::now())?;
        self.shared_slot(bucket).await
    }

    /// Takes a slot of a bucket among all replicas, once this process has a slot of its own. A store that fails is told of
    /// by what comes next.
    ///
    /// # Errors
    ///
    /// The time to wait when it is not free.
    async fn shared_slot(&self, bucket: &Bucket) -> Result<(), Duration> {
        let store = &self.ctx.store;
        if !store.shares_pace() {
            return Ok(());
        }
        let rate = self.ctx.sender.pace().rate(bucket);
        match store.take_slot(&bucket.name(), rate.every, rate.slack()).await {
            Ok(Some(wait)) => Err(wait.clamp(rate.every / 10, SHARED)),
            Ok(None) | Err(_) => Ok(()),
        }
    }

    /// Tells all replicas of a bucket for which Slack asked to wait.
    async fn share_wait<T>(&self, bucket: &Bucket, result: &Result<T, Error>) {
        let Err(Error::RateLimited { after, .. }) = result else {
            return;
        };
        let store = &self.ctx.store;
        if !store.shares_pace() {
            return;
        }
        let early = self.ctx.sender.pace().rate(bucket).slack();
        if let Err(cause) = store.block_slots(&bucket.name(), *after, early).await {
            debug!(%cause, "other replicas cannot be told to wait for Slack");
        }
    }

    /// Looks for an uncertain post. No outcome: it is surely not there and may be sent.
    async fn look_up(&self, post: &Post) -> (Option<PostOutcome>, SlackAnswer) {
        let now = self.ctx.slack_time.now();
        let key = &post.key;
        let found = self.find(post, now).await;
        self.share_wait(&Bucket::look_up(), &found).await;
        match found {
            Ok(Some(ts)) => {
                info!(key, "a post with an uncertain outcome was delivered");
                (Some(outcome::sent(now, Some(ts))), SlackAnswer::Good)
            }
            Ok(None) => {
                info!(
                    key,
                    "a post with an uncertain outcome was not delivered; sending it again"
                );
                (None, SlackAnswer::Good)
            }
            Err(error @ (Error::RateLimited { .. } | Error::Unreachable { .. } | Error::Uncertain { .. })) => {
                debug!(%error, key, "an uncertain post cannot be looked up yet");
                let next = outcome::later_at(now, outcome::wait_after(&error, post.attempts));
                let outcome = outcome::later(PostState::Uncertain, next, &error);
                (Some(outcome), SlackAnswer::of(&Err::<(), _>(error)))
            }
            // The scope for reading may be missing for ever; a token is mended some day.
            Err(error @ Error::Auth { .. }) if error.code() != Some("missing_scope") => (
                Some(outcome::later(PostState::Uncertain, now, &error)),
                SlackAnswer::Bad(error),
            ),
            Err(error) => {
                error!(%error, key, "cannot tell whether a post was delivered; it is not sent again");
                let mut outcome = outcome::later(PostState::Failed, now, &error);
                outcome.error = Some(format!("uncertain: {error}"));
                (Some(outcome), SlackAnswer::Unknown)
            }
        }
    }

    /// Looks for the message in its thread from the thread's own ts, which no clock can spoil; in the channel, and in
    /// threads that are too long for that, from Slack's time at the first try.
    async fn find(&self, post: &Post, now: Timestamp) -> Result<Option<String>, Error> {
        let thread = post.thread_ts.as_deref();
        let find = |oldest| {
            self.ctx
                .sender
                .find(&self.ctx.rules.us, &post.channel, thread, &post.key, oldest)
        };
        if let Some(root) = thread.and_then(|ts| ts.split('.').next()?.parse().ok()) {
            match find(root).await {
                Err(error) if error.code() == Some(TOO_MANY) => {}
                found => return found,
            }
        }
        // Earlier versions wrote down this machine's time, which may have been ahead.
        let ahead = self.ctx.slack_time.skew().map_or(0, |skew| skew.seconds.max(0));
        let first = post.first_try_at.unwrap_or(now);
        let oldest = first.saturating_sub(BEFORE).map_or(0, Timestamp::as_second);
        find(oldest - ahead).await
    }

    /// Does it.
    async fn act(&self, post: &Post, ready: Ready, begun: Timestamp) -> (PostOutcome, SlackAnswer) {
        let body: Body = match &post.action {
            Action::Delete { .. } | Action::React { .. } | Action::Unreact { .. } => Body::default(),
            _ => match serde_json::from_str(&ready.body) {
                Ok(body) => body,
                Err(cause) => {
                    // The cause would quote the text.
                    let column = cause.column();
                    error!(key = post.key, column, "a post in the outbox cannot be read");
                    let error = Error::Permanent {
                        method: "outbox".to_owned(),
                        code: "unreadable".to_owned(),
                    };
                    return (outcome::later(PostState::Failed, begun, &error), SlackAnswer::Unknown);
                }
            },
        };
        let (channel, thread) = (post.channel.as_str(), post.thread_ts.as_deref());
        let result = match (&post.action, &ready.place) {
            (Action::Post, _) => {
                let ts = self.ctx.sender.post(channel, thread, body.clone(), &post.key).await;
                ts.map(Some)
            }
            (Action::Update { of }, Some(place)) => {
                let done = self
                    .ctx
                    .sender
                    .update(&place.channel, &place.ts, body.clone(), of)
                    .await;
                done.map(|()| None)
            }
            (Action::Delete { .. }, Some(place)) => {
                let done = self.ctx.sender.delete(&place.channel, &place.ts).await;
                done.map(|()| None)
            }
            (Action::React { ts, name }, _) => {
                let done = self.ctx.sender.react(channel, ts, name).await;
                done.map(|()| None)
                    .map_err(|error| without_scope(error, "reactions.add"))
            }
            (Action::Unreact { ts, name }, _) => {
                let done = self.ctx.sender.unreact(channel, ts, name).await;
                done.map(|()| None)
                    .map_err(|error| without_scope(error, "reactions.remove"))
            }
            (Action::Ephemeral { user }, _) => {
                let done = self.ctx.sender.show(channel, thread, user, body.clone()).await;
                done.map(|()| None)
            }
            (Action::Update { .. } | Action::Delete { .. }, None) => Err(Error::Gone {
                method: "outbox".to_owned(),
                code: "message_not_found".to_owned(),
            }),
        };
        let called = match post.action {
            Action::Post => Bucket::post(channel),
            _ => bucket(post),
        };
        self.share_wait(&called, &result).await;
        let answer = SlackAnswer::of(&result);
        let outcome = match result {
            Ok(ts) => outcome::sent(begun, ts),
            Err(error) => self.after_error(post, &body, begun, &error),
        };
        (outcome, answer)
    }
}

/// The error of a call for a reaction: a token without this scope can do all the rest, which must not wait for it.
fn without_scope(error: Error, method: &str) -> Error {
    match error.code() {
        Some(code @ "missing_scope") => Error::Permanent {
            method: method.to_owned(),
            code: code.to_owned(),
        },
        _ => error,
    }
}
