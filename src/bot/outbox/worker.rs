//! Outbox → Slack: each thread in order, no key sent twice, as fast as Slack allows.

use std::collections::{HashMap, HashSet};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{error, warn};

use crate::bot::context::Context;
use crate::clock::Clock as _;
use crate::slack::rate_limiter::Bucket;
use crate::store::{Action, Post, PostState};

use super::circuit_breaker::{CircuitBreaker, SlackAnswer};
use super::log_throttle::LogThrottle;
use super::panics::Panics;

/// Pause before the next try when the store fails.
pub(super) const STORE_WAIT: Duration = Duration::from_secs(1);
/// Interval between checks of the outbox when nothing wakes the worker.
const LOOK: Duration = Duration::from_secs(30);
/// Pause between reads of the outbox, as a multiple of the time that a read took: reading must not keep the store busy.
const SHORT_REST: u32 = 4;
/// That pause after a read that found many posts: these go out meanwhile.
const REST: u32 = 30;
/// Posts that are many.
const MANY: usize = 20;
/// The longest such pause.
const LONGEST_REST: Duration = Duration::from_secs(1);

/// Delivers the posts in the outbox.
#[derive(Debug)]
pub(crate) struct OutboxWorker {
    pub(super) ctx: Arc<Context>,
    /// Log lines about channels that take no posts.
    pub(super) throttle: LogThrottle,
    /// Tracks every post being sent: when this worker is aborted, the posts may take a moment longer.
    tracker: TaskTracker,
    /// Posts under way, including those of a loop that has panicked.
    under_way: TaskTracker,
    /// Posts during which a delivery panicked.
    panics: Panics,
}

/// Unit of order: the messages of one thread go out in order, and so do the changes to one message and the reactions to
/// one.
type Row = (String, Option<String>, Option<String>);

/// Rows with a post under way.
#[derive(Debug, Default)]
struct Busy {
    rows: HashSet<Row>,
    tasks: HashMap<Id, Row>,
}

impl Busy {
    fn begin(&mut self, task: Id, row: Row) {
        self.rows.insert(row.clone());
        self.tasks.insert(task, row);
    }

    fn end(&mut self, task: Id) {
        if let Some(row) = self.tasks.remove(&task) {
            self.rows.remove(&row);
        }
    }

    /// Frees the row of a post whose task ended without an answer.
    fn lost(&mut self, cause: &JoinError) {
        self.end(cause.id());
        if cause.is_panic() {
            Panics::count();
            error!("a delivery panicked twice; the post is looked up before it is sent again");
        }
    }
}

/// The posts that were due when the outbox was read last and are not begun. Each is checked again in the store before it is
/// sent, so that it does no harm when the list is old.
#[derive(Debug)]
struct DuePosts {
    posts: Vec<Post>,
    /// True when the outbox may hold posts that the list does not.
    is_old: bool,
    /// Time from which the outbox may be read again.
    rested: Instant,
    /// Time at which it is read in any case.
    next_look: Instant,
}

impl DuePosts {
    fn new() -> Self {
        let now = Instant::now();
        Self {
            posts: Vec::new(),
            is_old: true,
            rested: now,
            next_look: now,
        }
    }

    /// The time of the next read.
    fn look_at(&self) -> Instant {
        let next = if self.is_old { self.rested } else { self.next_look };
        next.max(self.rested)
    }
}

impl OutboxWorker {
    pub(crate) fn new(ctx: &Arc<Context>, tracker: TaskTracker) -> Self {
        Self {
            ctx: Arc::clone(ctx),
            throttle: LogThrottle::default(),
            tracker,
            under_way: TaskTracker::new(),
            panics: Panics::default(),
        }
    }

    /// The time after a try from which its outcome may be looked up.
    pub(super) fn lookup_after(&self) -> Duration {
        self.ctx.rules.settings.slack.lookup_after()
    }

    /// Delivers posts until told to stop, then lets the requests under way finish.
    pub(crate) async fn run(self: Arc<Self>, stop: CancellationToken) {
        let mut busy = Busy::default();
        let mut tasks: JoinSet<SlackAnswer> = JoinSet::new();
        let mut breaker = CircuitBreaker::default();
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            () = self.recover() => {}
        }
        let mut due_posts = DuePosts::new();
        loop {
            self.read(&mut due_posts).await;
            let wait = self.start(&mut due_posts.posts, &mut busy, &mut tasks, &breaker, &stop);
            if self.ctx.store.shares_pace() {
                // Another replica may have begun them, and nobody may know how that ended: they are read anew.
                due_posts.posts.clear();
                due_posts.next_look = due_posts.next_look.min(Instant::now() + wait);
            }
            let wake = due_posts.look_at().min(Instant::now() + wait);
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                Some(ended) = tasks.join_next_with_id() => {
                    // What follows in its thread is due now.
                    due_posts.is_old = true;
                    match ended {
                        Ok((task, answer)) => {
                            busy.end(task);
                            breaker.received(answer, &self.ctx.status, Instant::now());
                        }
                        Err(cause) => {
                            busy.lost(&cause);
                            // Its post is still marked as being sent, and would hold up its thread.
                            tokio::select! {
                                biased;
                                () = stop.cancelled() => break,
                                () = self.recover() => {}
                            }
                        }
                    }
                }
                () = self.ctx.outbox.notified() => due_posts.is_old = true,
                () = tokio::time::sleep_until(wake) => {}
            }
        }
        while tasks.join_next().await.is_some() {}
    }

    /// Reads the posts that are due, when they may have changed and the outbox has rested.
    async fn read(&self, due_posts: &mut DuePosts) {
        let begun = Instant::now();
        if begun < due_posts.look_at() {
            return;
        }
        let next = match self.ctx.store.due(self.ctx.slack_time.now()).await {
            Ok(due) => {
                due_posts.posts = due.posts;
                due.next_at.map_or(LOOK, |next| self.until(next)).min(LOOK)
            }
            Err(cause) => {
                error!(%cause, "the outbox cannot be read; retrying");
                due_posts.posts.clear();
                STORE_WAIT
            }
        };
        let read = Instant::now();
        due_posts.is_old = false;
        due_posts.next_look = read + next;
        let rest = if due_posts.posts.len() < MANY || self.ctx.store.shares_pace() {
            SHORT_REST
        } else {
            REST
        };
        due_posts.rested = read + ((read - begun) * rest).min(LONGEST_REST);
    }

    /// Marks rows as uncertain that an earlier process, or a loop that has panicked, left marked as being sent. Waits
    /// until no post is under way any more: it would be sent twice.
    async fn recover(&self) {
        self.under_way.close();
        self.under_way.wait().await;
        self.under_way.reopen();
        loop {
            match self.ctx.store.recover(self.lookup_after()).await {
                Ok(0) => return,
                Ok(uncertain) => {
                    warn!(
                        uncertain,
                        "posts were in flight when delivery stopped; they are looked up before they are sent again"
                    );
                    return;
                }
                Err(cause) => error!(%cause, "posts in flight cannot be recovered; retrying"),
            }
            tokio::time::sleep(STORE_WAIT).await;
        }
    }

    fn until(&self, time: jiff::Timestamp) -> Duration {
        Duration::try_from(time.duration_since(self.ctx.slack_time.now())).unwrap_or_default()
    }

    /// Starts the posts that are allowed now, takes them from the list, and returns the time until more are allowed.
    fn start(
        self: &Arc<Self>,
        posts: &mut Vec<Post>,
        busy: &mut Busy,
        tasks: &mut JoinSet<SlackAnswer>,
        breaker: &CircuitBreaker,
        stop: &CancellationToken,
    ) -> Duration {
        let mut wait = LOOK;
        posts.retain(|post| {
            let now = Instant::now();
            if let Err(left) = breaker.may_try(now, busy.rows.is_empty()) {
                wait = wait.min(left);
                return true;
            }
            let reacted_to = post.action.reaction().map(|(ts, _)| ts);
            let target = post.action.target().or(reacted_to).map(str::to_owned);
            let row = (post.channel.clone(), post.thread_ts.clone(), target);
            // It may be this post itself. When that has ended the outbox is read anew.
            if busy.rows.contains(&row) {
                return false;
            }
            if let Err(left) = self.ctx.sender.pace().take(&bucket(post), now) {
                wait = wait.min(left);
                return true;
            }
            let (delivery, post, stop) = (Arc::clone(self), post.clone(), stop.clone());
            let delivered = async move { delivery.guarded(post, &stop).await };
            let delivered = self.tracker.track_future(self.under_way.track_future(delivered));
            busy.begin(tasks.spawn(delivered).id(), row);
            false
        });
        wait
    }

    /// Delivers a post. A panic on the way makes it uncertain.
    async fn guarded(&self, post: Post, stop: &CancellationToken) -> SlackAnswer {
        let delivered = AssertUnwindSafe(self.deliver(&post, stop)).catch_unwind().await;
        if let Ok(answer) = delivered {
            return answer;
        }
        let outcome = self
            .panics
            .outcome(&post, self.ctx.slack_time.now(), self.lookup_after());
        self.record_outcome(&post, &outcome, stop).await;
        SlackAnswer::Unknown
    }
}

/// The rate limit that the next call of a post counts towards.
pub(super) fn bucket(post: &Post) -> Bucket {
    match post.action {
        Action::Post if post.state == PostState::Uncertain => Bucket::look_up(),
        Action::Post => Bucket::post(&post.channel),
        Action::Update { .. } => Bucket::update(),
        Action::Delete { .. } => Bucket::delete(),
        Action::Ephemeral { .. } => Bucket::ephemeral(),
        Action::React { .. } => Bucket::react(),
        Action::Unreact { .. } => Bucket::unreact(),
    }
}

#[cfg(test)]
#[cfg(feature = "sandbox")]
mod tests {
    use tokio::net::TcpListener;

    use super::*;
    use crate::bot::Parts;
    use crate::bot::assembly::Prepared;
    use crate::bot::knowledge::{KnowledgeHandle, KnowledgeSource};
    use crate::bot::responder::responder;
    use crate::sandbox::{self, Options, SIGNPOST, SIGNPOST_TOKEN, SUPPORT, Workspace};
    use crate::settings;
    use crate::slack::web::Web;
    use crate::store::sqlite::Sqlite;
    use crate::store::{NewPost, Store};

    fn posted(state: &sandbox::State) -> usize {
        let messages = state.channel(SUPPORT).unwrap().messages.values();
        messages.filter(|message| message.user() == SIGNPOST).count()
    }

    #[tokio::test]
    async fn a_loop_that_is_begun_anew_recovers_what_was_being_sent() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (end, stop) = (CancellationToken::new(), CancellationToken::new());
        let workspace = Workspace::start(listener, Options::default(), end.clone());
        let folder = tempfile::tempdir().unwrap();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let web = Arc::new(Web::new(client, &workspace.api_url(), &SIGNPOST_TOKEN.into()));
        let mut settings = settings::built_in().unwrap();
        (settings.slack.request_timeout, settings.slack.lookup_wait) = (0, 0);
        let knowledge = KnowledgeSource::new(&settings, &[]).begin().unwrap();
        let store: Arc<dyn Store> = Arc::new(Sqlite::open(&folder.path().join("signpost.db")).await.unwrap());
        let us = web.auth_test().await.unwrap();
        let prepared = Prepared {
            reload: None,
            sources: Vec::new(),
            knowledge: Arc::new(KnowledgeHandle::new(knowledge)),
            responder: responder(&settings).unwrap(),
            store,
            us,
        };
        let ctx = Arc::new(Context::new(settings, &Parts::default(), &web, prepared));
        let delivery = Arc::new(OutboxWorker::new(&ctx, TaskTracker::new()));
        let tasks = TaskTracker::new();
        let first = tasks.spawn(Arc::clone(&delivery).run(stop.clone()));
        let post = |key: &str| NewPost {
            key: key.to_owned(),
            channel: SUPPORT.to_owned(),
            thread_ts: None,
            action: Action::Post,
            body: r#"{"text": "hello"}"#.to_owned(),
        };
        ctx.store.enqueue(&[post("a")], ctx.slack_time.now()).await.unwrap();
        ctx.outbox.notify_one();
        workspace
            .wait_for(|state| (posted(state) == 1).then_some(()))
            .await
            .unwrap();
        // The worker ends as after a panic: the post being sent stays marked.
        first.abort();
        assert!(first.await.unwrap_err().is_cancelled());
        ctx.store.enqueue(&[post("b")], ctx.slack_time.now()).await.unwrap();
        ctx.store.sending("b", ctx.slack_time.now()).await.unwrap();
        let second = tasks.spawn(Arc::clone(&delivery).run(stop.clone()));
        workspace
            .wait_for(|state| (posted(state) == 2).then_some(()))
            .await
            .unwrap();
        stop.cancel();
        second.await.unwrap();
        end.cancel();
    }
}
