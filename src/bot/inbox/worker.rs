//! Inbox → outbox: the messages of one channel in order, several channels in parallel.

use std::collections::HashSet;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use jiff::Timestamp;
use tokio::sync::{RwLock, Semaphore};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, info};

use super::cpu_permits::{Progress, Steps};
use super::crash_marks::Running;
use super::missed::{self, Age};
use crate::bot::context::Context;
use crate::bot::messages::MessageHandler;
use crate::bot::reading::Files;
use crate::clock::Clock;
use crate::slack::decode::{self, Event};
use crate::store::{self, Action, AnswerKind, Changes, SetAsideReason, Waiting};
use crate::traces::TraceSpan;

/// Channels handled at once. One row of each is in memory.
const LANES: usize = 128;
/// Rows of a channel that are handled before its place goes to another, when more channels wait than there are places.
const ROWS: usize = 32;
/// Process ends during one row after which the row is set aside. Manual restarts of the bot hardly hit the same row so
/// often by chance: after those, nothing is wrong with it.
const CRASHES: u32 = 5;
/// Pause before the next try when the store fails, or when a panic got past its handler.
const STORE_WAIT: Duration = Duration::from_secs(1);
/// Interval between checks of the inbox when nothing wakes the worker: an operator may have asked for a row again.
const LOOK: Duration = Duration::from_secs(5);

/// Handles the rows of the inbox.
#[derive(Debug)]
pub(crate) struct InboxWorker {
    pub(crate) ctx: Arc<Context>,
    pub(crate) messages: MessageHandler,
    /// Permits for CPU-bound work: one core is left to everything else, so that clicks are answered at once.
    pub(crate) cpu_permits: Arc<Semaphore>,
    /// Held for writing while a row is handled during which the process ended before, so that no other row is blamed if
    /// the process ends again.
    pub(crate) suspects: RwLock<()>,
}

impl InboxWorker {
    /// Handles rows until told to stop, then finishes those that were begun.
    pub(crate) async fn run(self: Arc<Self>, stop: CancellationToken) {
        let mut busy: HashSet<String> = HashSet::new();
        let mut lanes: JoinSet<String> = JoinSet::new();
        let mut last = String::new();
        loop {
            let wait = match self.start_lanes(&mut busy, &mut lanes, &mut last, &stop).await {
                Ok(()) => LOOK,
                Err(cause) => {
                    self.store_failed(&cause);
                    STORE_WAIT
                }
            };
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                Some(ended) = lanes.join_next() => {
                    let mut next = Some(ended);
                    while let Some(ended) = next {
                        // Lanes never panic: panics are caught in them.
                        if let Ok(lane) = ended {
                            busy.remove(&lane);
                        }
                        next = lanes.try_join_next();
                    }
                }
                () = self.ctx.inbox.notified() => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
        while lanes.join_next().await.is_some() {}
    }

    /// Starts waiting lanes, beginning after the one that was started last.
    async fn start_lanes(
        self: &Arc<Self>,
        busy: &mut HashSet<String>,
        lanes: &mut JoinSet<String>,
        last: &mut String,
        stop: &CancellationToken,
    ) -> Result<(), store::Error> {
        if busy.len() >= LANES {
            return Ok(());
        }
        // The busy lanes may be among them.
        let limit = u32::try_from(LANES + busy.len()).unwrap_or(u32::MAX);
        for lane in self.ctx.store.lanes(last, limit).await? {
            if busy.len() >= LANES {
                break;
            }
            if busy.insert(lane.clone()) {
                lane.clone_into(last);
                let (handler, stop) = (Arc::clone(self), stop.clone());
                lanes.spawn(self.ctx.tracker.track_future(async move {
                    let rows = AssertUnwindSafe(handler.rows(&lane, &stop)).catch_unwind();
                    if rows.await.is_err() {
                        metrics::counter!("signpost_panics_total", "task" => "inbox").increment(1);
                        error!(lane, "handling a channel's messages panicked; retrying");
                        pause(&stop).await;
                    }
                    lane
                }));
            }
        }
        Ok(())
    }

    fn store_failed(&self, cause: &store::Error) {
        if self.ctx.status.store_failed(cause) {
            error!(%cause, "the store is failing; retrying");
        }
    }

    /// Handles rows of a lane, in order, until none waits or other lanes get their turn.
    async fn rows(&self, lane: &str, stop: &CancellationToken) {
        let mut last = None;
        for _ in 0..ROWS {
            if stop.is_cancelled() {
                return;
            }
            let handled = match self.ctx.store.next(lane).await {
                Ok(Some(row)) => {
                    // What changed meanwhile is handled anew at once; whatever goes on changing must not keep a core busy.
                    if last.replace(row.seq) == Some(row.seq) {
                        pause(stop).await;
                    }
                    self.guarded(&row).await
                }
                Ok(None) => return,
                Err(cause) => Err(cause),
            };
            if let Err(cause) = handled {
                self.store_failed(&cause);
                // The row stays in the inbox, for the next start if need be.
                pause(stop).await;
            }
        }
    }

    /// Handles one row and catches its panics. Runbooks and messages are other people's text: whatever they do to the
    /// core, the bot goes on.
    async fn guarded(&self, row: &Waiting) -> Result<(), store::Error> {
        let mut span = TraceSpan::new("handle", &row.key);
        let handled = AssertUnwindSafe(self.one(row)).catch_unwind().await;
        let Ok(handled) = handled else {
            metrics::counter!("signpost_panics_total", "task" => "answer").increment(1);
            error!(
                key = row.key,
                "a message made the bot panic; it is set aside, and `signpost inbox` lists it"
            );
            span.fail("panicked");
            return self.set_aside(row, SetAsideReason::Panicked).await;
        };
        if handled.is_err() {
            span.fail("store");
            // The store fails, so this may fail too: then the row counts as one during which the process ended once.
            let _ = self.ctx.store.release(Some(row.seq)).await;
        }
        if let Some(Handled { done, begun }) = handled? {
            span.set("signpost.outcome", self.finished(&done, begun).await);
        }
        Ok(())
    }

    /// Handles one row. Returns `None` when the row was set aside, or when it changed meanwhile (the other delivery
    /// said that it mentions the bot): then it still waits.
    async fn one(&self, row: &Waiting) -> Result<Option<Handled>, store::Error> {
        if row.attempts >= CRASHES {
            error!(
                key = row.key,
                crashes = row.attempts,
                "the bot crashed each time it handled a message, which is set aside; `signpost inbox` lists it"
            );
            self.set_aside(row, SetAsideReason::Crashed).await?;
            return Ok(None);
        }
        let event = serde_json::from_str(&row.payload).map(|payload| decode::event(&payload, &self.ctx.rules.us));
        let event = event.unwrap_or(Event::Ignored { kind: String::new() });
        // Downloads may take long. The row's turn comes only after them: a slow Slack counts as no crash.
        let files = match &event {
            Event::Message(message) => {
                let mentioned = message.mentioned || row.mentioned;
                self.messages.files(message, mentioned).await?
            }
            _ => Files::default(),
        };
        self.turn(row, event, files).await
    }

    async fn turn(&self, row: &Waiting, event: Event, files: Files) -> Result<Option<Handled>, store::Error> {
        let mut running = Running::new(self.ctx.store.as_ref(), &self.suspects, row);
        if !running.begin().await? {
            return Ok(None);
        }
        let begun = self.ctx.clock.now();
        let age = Age::of(&event, row, &self.ctx.rules, self.ctx.slack_time.now());
        let mut steps = Steps::new(&self.cpu_permits, self.dispatch(event, row, &age, files));
        let done = loop {
            match steps.go_on().await {
                Progress::Done(done) => break done?,
                Progress::Waits => {
                    running.pause().await?;
                    steps.woken().await;
                    if !running.begin().await? {
                        return Ok(None);
                    }
                }
            }
        };
        drop(steps);
        let done = missed::with_age(done, age);
        let finished = self.ctx.store.finish(row, &done, self.ctx.clock.now()).await?;
        self.ctx.status.store_works();
        Ok(finished.then_some(Handled { done, begun }))
    }

    async fn set_aside(&self, row: &Waiting, why: SetAsideReason) -> Result<(), store::Error> {
        self.ctx.store.set_aside(&row.key, why, self.ctx.clock.now()).await?;
        metrics::counter!("signpost_inbox_set_aside_total", "reason" => why.as_str()).increment(1);
        Ok(())
    }

    /// Records the outcome of a row in metrics and log, wakes the workers that wait for it, and returns its name.
    async fn finished(&self, done: &Changes, begun: Timestamp) -> &'static str {
        let outcome = match done {
            Changes { missed: Some(_), .. } => "too_old",
            Changes { shadow, .. } if !shadow.is_empty() => "shadow",
            // A private warning about a secret is no answer.
            Changes { posts, answered, .. }
                if answered.is_empty() && posts.iter().all(|post| matches!(post.action, Action::Ephemeral { .. })) =>
            {
                "silent"
            }
            Changes { posts, .. } if posts.iter().all(|post| matches!(post.action, Action::React { .. })) => "near",
            _ => "answered",
        };
        metrics::counter!("signpost_messages_total", "outcome" => outcome).increment(1);
        for store::Answered { message, kind, .. } in &done.answered {
            let milliseconds = self.ctx.clock.now().duration_since(begun).as_millis();
            info!(message, about = kind.as_str(), milliseconds, "a message is answered");
        }
        for row in done.shadow.iter().filter(|row| row.version == 0) {
            metrics::counter!("signpost_shadow_answers_total", "kind" => row.kind.as_str()).increment(1);
            info!(
                message = row.message,
                about = row.fingerprint,
                "an answer is recorded and not posted"
            );
        }
        if let Some(missed) = &done.missed {
            debug!(channel = missed.channel, written = %missed.at, "a message is too old to be answered");
        }
        let authors = done.cases.iter().filter_map(|case| case.author.as_deref());
        for user in authors.chain(done.runs.iter().map(|run| run.user.as_str())) {
            self.ctx.home_visitors.changed_for(user);
        }
        if !done.posts.is_empty() {
            self.ctx.outbox.notify_one();
        }
        if !done.runs.is_empty() {
            self.messages.questions.runner.wake();
        }
        // The values for a job may be secret: they do not stay in the inbox.
        let gave = |answered: &store::Answered| matches!(answered.kind, AnswerKind::Run | AnswerKind::RunRefused);
        if done.answered.iter().any(gave)
            && let Err(cause) = self.ctx.store.scrub().await
        {
            self.store_failed(&cause);
        }
        outcome
    }

    async fn dispatch(&self, event: Event, row: &Waiting, age: &Age, files: Files) -> Result<Changes, store::Error> {
        match event {
            Event::Message(message) if age.is_late_run() => Ok(missed::late_run(&self.ctx.responder, &message)),
            Event::Message(_) if age.is_refused() => Ok(Changes::default()),
            Event::Message(message) => {
                let mentioned = message.mentioned || row.mentioned;
                self.messages.on_message(&message, mentioned, files).await
            }
            Event::Deleted { message, .. } => self.messages.forget(&message).await,
            Event::Reacted(reaction) => self.messages.clicked_near(&reaction).await,
            _ => Ok(Changes::default()),
        }
    }
}

/// The outcome of a row that was handled.
struct Handled {
    done: Changes,
    begun: Timestamp,
}

/// Pauses before the next try, or until told to stop.
async fn pause(stop: &CancellationToken) {
    tokio::select! {
        () = stop.cancelled() => {}
        () = tokio::time::sleep(STORE_WAIT) => {}
    }
}
