//! Outbox → Slack: threads in order, never the same key twice, as fast as Slack allows.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::error;

use super::Status;
use crate::clock::Clock;
use crate::slack::decode::Identity;
use crate::slack::pace::Lane;
use crate::slack::sender::Sender;
use crate::store::{Action, Post, PostState, Store};

mod attempt;
mod complaints;
mod line;
mod outcome;

pub(super) use complaints::Complaints;
use line::{Answer, Line};

/// How often the outbox is looked at when nothing wakes delivery.
const LOOK: Duration = Duration::from_secs(30);
/// A read of the outbox that took so long is followed by four times that without one: with very much in it, reading
/// must not keep the store busy.
const REST: u32 = 4;

/// Does what lies in the outbox.
#[derive(Debug)]
pub(super) struct Delivery {
    pub(super) store: Arc<dyn Store>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) sender: Arc<Sender>,
    pub(super) us: Identity,
    pub(super) status: Arc<Status>,
    /// How long after a try its outcome may be looked up.
    pub(super) lookup_after: Duration,
    /// Woken when something is put in.
    pub(super) wake: Arc<Notify>,
    /// What was said about channels that take nothing.
    pub(super) complaints: Complaints,
    /// Knows every post that is being sent: where this is ended at once, the posts may take a moment longer.
    pub(super) tracker: TaskTracker,
}

/// The messages of one thread go out in order, and so does what is done to one message.
type Row = (String, Option<String>, Option<String>);

impl Delivery {
    /// Delivers until told to stop, then lets the requests under way end.
    pub(super) async fn run(self: Arc<Self>, stop: CancellationToken) {
        let mut busy: HashSet<Row> = HashSet::new();
        let mut tasks: JoinSet<(Row, Answer)> = JoinSet::new();
        let mut line = Line::default();
        loop {
            let begun = Instant::now();
            let wait = match self.store.due(self.clock.now()).await {
                Ok(due) => {
                    let next = due.next_at.map_or(LOOK, |next| self.until(next));
                    next.min(self.start(due.posts, &mut busy, &mut tasks, &line, &stop))
                }
                Err(cause) => {
                    error!(%cause, "the outbox cannot be read; trying again");
                    Duration::from_secs(1)
                }
            };
            let rested = Instant::now() + begun.elapsed() * REST;
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                Some(ended) = tasks.join_next() => match ended {
                    Ok((row, answer)) => {
                        busy.remove(&row);
                        line.heard(answer, &self.status, Instant::now());
                    }
                    Err(cause) => {
                        error!(%cause, "a delivery panicked; its thread waits for the next start");
                    }
                },
                () = self.wake.notified() => {}
                () = tokio::time::sleep(wait) => {}
            }
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                () = tokio::time::sleep_until(rested) => {}
            }
        }
        while tasks.join_next().await.is_some() {}
    }

    fn until(&self, time: jiff::Timestamp) -> Duration {
        Duration::try_from(time.duration_since(self.clock.now())).unwrap_or_default()
    }

    /// Starts what is due and may go out now, and tells how long until more may.
    fn start(
        self: &Arc<Self>,
        posts: Vec<Post>,
        busy: &mut HashSet<Row>,
        tasks: &mut JoinSet<(Row, Answer)>,
        line: &Line,
        stop: &CancellationToken,
    ) -> Duration {
        let mut wait = LOOK;
        for post in posts {
            let now = Instant::now();
            if let Err(left) = line.may_try(now, busy.is_empty()) {
                return wait.min(left);
            }
            let target = match &post.action {
                Action::Update { of } | Action::Delete { of } => Some(of.clone()),
                Action::Post | Action::Ephemeral { .. } => None,
            };
            let row = (post.channel.clone(), post.thread_ts.clone(), target);
            if busy.contains(&row) {
                continue;
            }
            if let Err(left) = self.sender.pace().take(&lane(&post), now) {
                wait = wait.min(left);
                continue;
            }
            busy.insert(row.clone());
            let (delivery, stop) = (Arc::clone(self), stop.clone());
            tasks.spawn(self.tracker.track_future(async move {
                let answer = delivery.deliver(post, &stop).await;
                (row, answer)
            }));
        }
        wait
    }
}

/// What its next call counts for.
fn lane(post: &Post) -> Lane {
    match post.action {
        Action::Post if post.state == PostState::Uncertain => Lane::look_up(),
        Action::Post => Lane::post(&post.channel),
        Action::Update { .. } => Lane::update(),
        Action::Delete { .. } => Lane::delete(),
        Action::Ephemeral { .. } => Lane::ephemeral(),
    }
}
