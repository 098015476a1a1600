//! Outbox → Slack: threads in order, never the same key twice.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBuilder};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, error, info, warn};

use crate::clock::Clock;
use crate::slack::decode::Identity;
use crate::slack::sender::{Body, Sender};
use crate::slack::web::Error;
use crate::store::{Post, PostState, Settled, Store};

/// How often the outbox is looked at when nothing wakes delivery.
const LOOK: Duration = Duration::from_secs(30);
/// Between tries when the token is refused.
const AUTH_WAIT: Duration = Duration::from_mins(1);
/// An answer that could not be posted for so long helps nobody any more.
const GIVE_UP: SignedDuration = SignedDuration::from_hours(24);
/// A minute before the first try: clocks differ.
const BEFORE: SignedDuration = SignedDuration::from_mins(1);

/// Posts what lies in the outbox.
#[derive(Debug)]
pub(super) struct Delivery {
    pub(super) store: Arc<dyn Store>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) sender: Sender,
    pub(super) us: Identity,
    /// How long after a try its outcome may be looked up.
    pub(super) lookup_after: Duration,
    /// Woken when something is put in.
    pub(super) wake: Arc<Notify>,
    /// Knows every post that is being sent: where this is ended at once, the posts may take a moment longer.
    pub(super) tracker: TaskTracker,
}

/// The posts of one thread go out in order.
type Row = (String, Option<String>);

impl Delivery {
    /// Delivers until told to stop, then lets the requests under way end.
    pub(super) async fn run(self: Arc<Self>, stop: CancellationToken) {
        let mut busy: HashSet<Row> = HashSet::new();
        let mut tasks: JoinSet<Row> = JoinSet::new();
        loop {
            let wait = match self.store.unsent().await {
                Ok(posts) => self.start_due(posts, &mut busy, &mut tasks, &stop),
                Err(cause) => {
                    error!(%cause, "the outbox cannot be read; trying again");
                    Duration::from_secs(1)
                }
            };
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                Some(row) = tasks.join_next() => match row {
                    Ok(row) => {
                        busy.remove(&row);
                    }
                    Err(cause) => {
                        error!(%cause, "a delivery panicked; its thread waits for the next start");
                    }
                },
                () = self.wake.notified() => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
        while tasks.join_next().await.is_some() {}
    }

    /// Starts the first post of every thread that is due, and tells how long until the next one is.
    fn start_due(
        self: &Arc<Self>,
        posts: Vec<Post>,
        busy: &mut HashSet<Row>,
        tasks: &mut JoinSet<Row>,
        stop: &CancellationToken,
    ) -> Duration {
        let now = self.clock.now();
        let mut seen: HashSet<Row> = HashSet::new();
        let mut wait = LOOK;
        for post in posts {
            let row = (post.channel.clone(), post.thread_ts.clone());
            if !seen.insert(row.clone()) || busy.contains(&row) || post.state == PostState::Sending {
                continue;
            }
            match Duration::try_from(post.next_at.duration_since(now)) {
                Ok(left) if !left.is_zero() => wait = wait.min(left),
                _ => {
                    busy.insert(row.clone());
                    let (delivery, stop) = (Arc::clone(self), stop.clone());
                    tasks.spawn(self.tracker.track_future(async move {
                        delivery.deliver(post, &stop).await;
                        row
                    }));
                }
            }
        }
        wait
    }

    async fn deliver(&self, post: Post, stop: &CancellationToken) {
        let settled = match post.state {
            PostState::Uncertain => match self.look_up(&post).await {
                Some(settled) => settled,
                None => match self.send(&post, stop).await {
                    Some(settled) => settled,
                    None => return,
                },
            },
            _ => match self.send(&post, stop).await {
                Some(settled) => settled,
                None => return,
            },
        };
        metrics::counter!("signpost_posts_total", "state" => settled.state.as_str()).increment(1);
        while let Err(cause) = self.store.settle(&post.key, &settled).await {
            error!(%cause, key = post.key, "the outcome of a post cannot be written down; trying again");
            tokio::select! {
                // It stays marked as being sent, and is looked up after the next start.
                () = stop.cancelled() => return,
                () = tokio::time::sleep(Duration::from_secs(1)) => {}
            }
        }
    }

    /// Looks for an uncertain post. `None`: it is surely not there and may be sent.
    async fn look_up(&self, post: &Post) -> Option<Settled> {
        let now = self.clock.now();
        let oldest = post
            .first_try_at
            .unwrap_or(now)
            .saturating_sub(BEFORE)
            .map_or(0, Timestamp::as_second);
        let found = self
            .sender
            .find(&self.us, &post.channel, post.thread_ts.as_deref(), &post.key, oldest)
            .await;
        match found {
            Ok(Some(ts)) => {
                info!(key = post.key, "a post whose sending was uncertain is there");
                Some(sent(now, ts))
            }
            Ok(None) => {
                info!(
                    key = post.key,
                    "a post whose sending was uncertain is not there; sending it again"
                );
                None
            }
            Err(error @ (Error::RateLimited { .. } | Error::Unreachable { .. } | Error::Uncertain { .. })) => {
                debug!(%error, key = post.key, "an uncertain post cannot be looked up yet");
                Some(later(
                    PostState::Uncertain,
                    later_at(now, wait_after(&error, post.attempts)),
                    &error,
                ))
            }
            Err(error) => {
                error!(%error, key = post.key, "whether a post went out cannot be told; it is not sent again");
                let mut settled = failed(now, &error);
                settled.error = Some(format!("uncertain: {error}"));
                Some(settled)
            }
        }
    }

    /// Sends a post. `None`: the bot stops, or somebody else settled it.
    async fn send(&self, post: &Post, stop: &CancellationToken) -> Option<Settled> {
        let body: Body = match serde_json::from_str(&post.body) {
            Ok(body) => body,
            Err(cause) => {
                error!(%cause, key = post.key, "a post in the outbox cannot be read");
                let error = Error::Permanent {
                    method: "outbox".to_owned(),
                    code: "unreadable".to_owned(),
                };
                return Some(failed(self.clock.now(), &error));
            }
        };
        tokio::select! {
            biased;
            () = stop.cancelled() => return None,
            () = self.sender.turn(&post.channel) => {}
        }
        let begun = self.clock.now();
        match self.store.sending(&post.key, begun).await {
            Ok(true) => {}
            Ok(false) => return None,
            Err(cause) => {
                error!(%cause, key = post.key, "a post cannot be marked as being sent; trying again");
                tokio::time::sleep(Duration::from_secs(1)).await;
                return None;
            }
        }
        let plain = body.plain();
        match self
            .sender
            .post(&post.channel, post.thread_ts.as_deref(), body, &post.key)
            .await
        {
            Ok(ts) => Some(sent(begun, ts)),
            Err(error) => Some(self.after_error(post, plain, begun, &error)),
        }
    }

    fn after_error(&self, post: &Post, plain: Option<Body>, begun: Timestamp, error: &Error) -> Settled {
        let now = self.clock.now();
        let key = &post.key;
        let old = post
            .first_try_at
            .is_some_and(|first| now.duration_since(first) > GIVE_UP);
        match error {
            Error::RateLimited { .. } | Error::Unreachable { .. } if !old => {
                warn!(%error, key, "a post waits");
                later(
                    PostState::Pending,
                    later_at(now, wait_after(error, post.attempts)),
                    error,
                )
            }
            Error::Uncertain { .. } if !old => {
                warn!(%error, key, "it is not known whether a post went out; looking for it later");
                later(PostState::Uncertain, later_at(begun, self.lookup_after), error)
            }
            Error::Auth { .. } if !old => {
                error!(%error, key, "Slack refuses the bot token: nothing can be posted until a person mends it");
                later(PostState::Pending, later_at(now, AUTH_WAIT), error)
            }
            Error::Content { .. } => match plain.and_then(|body| serde_json::to_string(&body).ok()) {
                Some(body) => {
                    warn!(%error, key, "Slack does not take the blocks of a post; sending its text alone");
                    Settled {
                        body: Some(body),
                        ..later(PostState::Pending, now, error)
                    }
                }
                None => given_up(now, key, error),
            },
            _ => given_up(now, key, error),
        }
    }
}

fn given_up(now: Timestamp, key: &str, error: &Error) -> Settled {
    error!(%error, key, "a post is given up");
    failed(now, error)
}

fn sent(now: Timestamp, ts: String) -> Settled {
    Settled {
        state: PostState::Sent,
        next_at: now,
        posted_ts: Some(ts),
        error: None,
        body: None,
    }
}

fn failed(now: Timestamp, error: &Error) -> Settled {
    later(PostState::Failed, now, error)
}

fn later(state: PostState, next_at: Timestamp, error: &Error) -> Settled {
    Settled {
        state,
        next_at,
        posted_ts: None,
        error: Some(error.to_string()),
        body: None,
    }
}

fn later_at(from: Timestamp, wait: Duration) -> Timestamp {
    SignedDuration::try_from(wait)
        .ok()
        .and_then(|wait| from.checked_add(wait).ok())
        .unwrap_or(Timestamp::MAX)
}

/// As long as Slack says; else longer from try to try.
fn wait_after(error: &Error, attempts: u32) -> Duration {
    if let Error::RateLimited { after, .. } = error {
        return *after;
    }
    let most = Duration::from_mins(5);
    ExponentialBuilder::default()
        .with_max_delay(most)
        .without_max_times()
        .build()
        .nth(attempts.min(20) as usize)
        .unwrap_or(most)
}
