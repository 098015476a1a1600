//! Inbox → outbox: messages of one channel in order, channels side by side.

use std::collections::{HashMap, VecDeque};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{error, info};

use super::Status;
use super::home::Home;
use super::listen::Listener;
use super::rules::Rules;
use super::talk::jobs;
use super::turns::by_turns;
use crate::clock::Clock;
use crate::slack::decode::{self, Event};
use crate::store::{self, Done, Store, Waiting};

/// Rows read at once.
const BATCH: u32 = 100;
/// Rows that wait in memory for their channel's turn.
const QUEUED: usize = 1_000;
/// A row that was begun more often than this brings something down each time.
const ATTEMPTS: u32 = 3;
/// Between tries when the store fails.
const STORE_WAIT: Duration = Duration::from_secs(1);

/// Handles the inbox.
#[derive(Debug)]
pub(super) struct Handler {
    pub(super) store: Arc<dyn Store>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) rules: Arc<Rules>,
    pub(super) listener: Listener,
    pub(super) home: Arc<Home>,
    pub(super) status: Arc<Status>,
    /// Woken by intake.
    pub(super) wake: Arc<Notify>,
    /// Wakes delivery.
    pub(super) outbox: Arc<Notify>,
    /// Those who think at once: one core is left to everything else, and a click finds no crowd before it.
    pub(super) thinking: Arc<Semaphore>,
    /// Knows every row that is being handled: where this is ended at once, the rows may take a moment longer.
    pub(super) tracker: TaskTracker,
}

impl Handler {
    /// Handles rows until told to stop, then finishes those that were begun.
    pub(super) async fn run(self: Arc<Self>, stop: CancellationToken) {
        let mut after = 0;
        // A lane is in the map while one of its rows is handled; its queue holds those that wait.
        let mut lanes: HashMap<String, VecDeque<Waiting>> = HashMap::new();
        let mut busy: JoinSet<String> = JoinSet::new();
        loop {
            let queued: usize = lanes.values().map(VecDeque::len).sum();
            let mut more = false;
            if queued < QUEUED {
                match self.store.take(after, BATCH).await {
                    Ok(rows) => {
                        more = rows.len() == BATCH as usize;
                        for row in rows {
                            after = after.max(row.seq);
                            if let Some(queue) = lanes.get_mut(&row.lane) {
                                queue.push_back(row);
                            } else {
                                lanes.insert(row.lane.clone(), VecDeque::new());
                                busy.spawn(self.tracker.track_future(Arc::clone(&self).one(row, stop.clone())));
                            }
                        }
                    }
                    Err(cause) => {
                        self.store_failed(&cause);
                        tokio::time::sleep(STORE_WAIT).await;
                        more = true;
                    }
                }
            }
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                Some(lane) = busy.join_next() => {
                    // Lanes never panic: what could is caught in `one`.
                    let Ok(lane) = lane else { continue };
                    match lanes.get_mut(&lane).and_then(VecDeque::pop_front) {
                        Some(row) => {
                            busy.spawn(self.tracker.track_future(Arc::clone(&self).one(row, stop.clone())));
                        }
                        None => {
                            lanes.remove(&lane);
                        }
                    }
                }
                () = self.wake.notified(), if !more => {}
                () = std::future::ready(()), if more => {}
            }
        }
        while busy.join_next().await.is_some() {}
    }

    fn store_failed(&self, cause: &store::Error) {
        self.status.change(|status| status.store = false);
        error!(%cause, "the store fails; trying again");
    }

    /// Handles one row and gives back its lane.
    async fn one(self: Arc<Self>, mut row: Waiting, stop: CancellationToken) -> String {
        let lane = row.lane.clone();
        loop {
            match self.handle(&row).await {
                Ok(true) => return lane,
                // The other arrival told of a mention meanwhile.
                Ok(false) => match self.store.waiting(&row.key).await {
                    Ok(Some(changed)) => row = changed,
                    Ok(None) => return lane,
                    Err(cause) => self.store_failed(&cause),
                },
                Err(cause) => {
                    self.store_failed(&cause);
                    tokio::select! {
                        // The row stays in the inbox for the next start.
                        () = stop.cancelled() => return lane,
                        () = tokio::time::sleep(STORE_WAIT) => {}
                    }
                }
            }
        }
    }

    async fn handle(&self, row: &Waiting) -> Result<bool, store::Error> {
        if row.attempts > ATTEMPTS {
            error!(
                key = row.key,
                attempts = row.attempts,
                "a message brings the bot down each time; it is set aside"
            );
            self.store.set_aside(&row.key, self.clock.now()).await?;
            return Ok(true);
        }
        let begun = self.clock.now();
        let event = serde_json::from_str(&row.payload).map(|payload| decode::event(&payload, &self.rules.us));
        let done = match event {
            Ok(event) => {
                if let Ok(done) = self.think(event, row).await? {
                    done
                } else {
                    metrics::counter!("signpost_panics_total", "task" => "answer").increment(1);
                    error!(key = row.key, "a message made the bot panic; it is set aside");
                    self.store.set_aside(&row.key, self.clock.now()).await?;
                    return Ok(true);
                }
            }
            Err(_) => Done::default(),
        };
        let finished = self.store.finish(row, &done, self.clock.now()).await?;
        self.status.change(|status| status.store = true);
        if finished {
            let answered = if done.posts.is_empty() { "silent" } else { "answered" };
            metrics::counter!("signpost_messages_total", "outcome" => answered).increment(1);
            for store::Answered { message, about, .. } in &done.answered {
                let milliseconds = self.clock.now().duration_since(begun).as_millis();
                info!(message, about, milliseconds, "a message is answered");
            }
            let authors = done.cases.iter().filter_map(|case| case.author.as_deref());
            for user in authors.chain(done.runs.iter().map(|run| run.user.as_str())) {
                self.home.changed_for(user);
            }
            if !done.posts.is_empty() {
                self.outbox.notify_one();
            }
            if !done.runs.is_empty() {
                self.listener.talk.runner.woken();
            }
            // What somebody gave a job may be a secret: it does not stay where it came in.
            let gave = |answered: &store::Answered| matches!(answered.about.as_str(), jobs::RUN | jobs::NO_RUN);
            if done.answered.iter().any(gave)
                && let Err(cause) = self.store.scrub().await
            {
                self.store_failed(&cause);
            }
        }
        Ok(finished)
    }

    /// Runbooks and messages are other people's text: whatever they do to the core, the bot goes on.
    async fn think(&self, event: Event, row: &Waiting) -> Result<Result<Done, Panicked>, store::Error> {
        let thought = async {
            match event {
                Event::Message(message) => self.listener.hear(&message, message.mentioned || row.mentioned).await,
                Event::Deleted { message, .. } => self.listener.forget(&message).await,
                _ => Ok(Done::default()),
            }
        };
        match AssertUnwindSafe(by_turns(&self.thinking, thought)).catch_unwind().await {
            Ok(done) => done.map(Ok),
            Err(_) => Ok(Err(Panicked)),
        }
    }
}

struct Panicked;
