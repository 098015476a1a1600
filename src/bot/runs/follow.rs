//! Following runs: a task for each live run, from its request to its end, also after a restart.

use std::collections::HashSet;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

use super::Runner;
use super::show::FollowState;
use crate::bot::last_success::Dependency;
use crate::jenkins::Client;
use crate::store;

/// Interval at which the store is asked for live runs that no request announced.
const LOOK: Duration = Duration::from_secs(30);
/// Pause before the next try when the store fails, and after a panic.
const STORE_WAIT: Duration = Duration::from_secs(1);
/// Longest wait without a look at the run: the clock may have been set.
const LONGEST: Duration = Duration::from_mins(1);

/// The next action for a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// Look again at once: the run changed.
    Again,
    /// Look again after this time.
    Wait(Duration),
    /// Stop following: the run is over.
    Over,
}

impl Runner {
    /// Follows every live run until told to stop; each finishes its current step first.
    pub(crate) async fn run(self: Arc<Self>, stop: CancellationToken) {
        let mut following: JoinSet<String> = JoinSet::new();
        let mut known: HashSet<String> = HashSet::new();
        loop {
            match self.ctx.store.runs_to_follow().await {
                Ok(rows) => {
                    for row in rows {
                        if known.insert(row.id.clone()) {
                            following.spawn(Arc::clone(&self).follow_one(row.id, stop.clone()));
                        }
                    }
                }
                Err(cause) => error!(%cause, "the store cannot list the runs in progress"),
            }
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                Some(ended) = following.join_next() => {
                    if let Ok(id) = ended {
                        known.remove(&id);
                    }
                }
                () = self.memory.wake.notified() => {}
                () = tokio::time::sleep(LOOK) => {}
            }
        }
        while following.join_next().await.is_some() {}
    }

    /// Follows one run to its end, and returns its id.
    async fn follow_one(self: Arc<Self>, id: String, stop: CancellationToken) -> String {
        let nudge = self.memory.nudge(&id);
        let mut live = FollowState::default();
        loop {
            let step = AssertUnwindSafe(self.step(&id, &mut live)).catch_unwind().await;
            let wait = match step {
                Ok(Ok(Next::Over)) => return id,
                Ok(Ok(Next::Again)) if stop.is_cancelled() => return id,
                Ok(Ok(Next::Again)) => continue,
                Ok(Ok(Next::Wait(wait))) => wait.min(LONGEST),
                Ok(Err(cause)) => {
                    warn!(%cause, run = id, "the store is failing; retrying");
                    STORE_WAIT
                }
                Err(_) => {
                    metrics::counter!("signpost_panics_total", "task" => "run").increment(1);
                    error!(run = id, "a run made the bot panic; checking it again");
                    live = FollowState::default();
                    LONGEST
                }
            };
            tokio::select! {
                biased;
                () = stop.cancelled() => return id,
                () = nudge.notified() => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    async fn step(&self, id: &str, live: &mut FollowState) -> Result<Next, store::Error> {
        // Another replica took the run over while this one was held up.
        if !self.ctx.store.follows(id).await? {
            return Ok(Next::Over);
        }
        let Some((row, run)) = self.read(id).await? else {
            // A run that this version cannot read keeps its task, so that none is spawned for it again and again.
            let is_there = self.ctx.store.run(id).await?.is_some();
            return Ok(if is_there { Next::Wait(LONGEST) } else { Next::Over });
        };
        if !run.is_live() {
            self.memory.forget(id);
            return Ok(Next::Over);
        }
        // The run was changed, and shown, by somebody else.
        if live.version != row.version {
            live.version = row.version;
            live.shown = None;
            live.looks = 0;
        }
        live.looks = live.looks.saturating_add(1);
        let client = self.job(&run).and_then(|job| self.client(job));
        let stepped = self.advance(&row, run, live).await;
        if let Some(at) = client.and_then(Client::last_success) {
            self.ctx.status.succeeded_at(Dependency::Jenkins, at);
        }
        stepped
    }
}
