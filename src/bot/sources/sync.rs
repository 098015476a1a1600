//! The task that keeps a source up to date: it fetches at intervals, and when the push hook wakes it.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};
use uuid::Uuid;

use super::{FetchError, FetchedSource, GuardedFetch, interval};
use crate::bot::context::Context;
use crate::fetched::{FetchedVersion, HeldVersion};
use crate::respond::SourceTrouble;

/// Shortest time between fetches, however often the hook is called.
const SPACING: Duration = Duration::from_secs(1);
/// Time without a successful fetch after which the operators are told.
const TOLD_AFTER: SignedDuration = SignedDuration::from_hours(24);

/// Keeps a source up to date.
pub(in crate::bot) struct SourceSync {
    ctx: Arc<Context>,
    source: Arc<FetchedSource>,
    /// Wakes the task that reads the runbooks.
    changed: Arc<Notify>,
    /// Counts of this task alone, so the lock only makes them shareable.
    progress: Mutex<SyncProgress>,
}

/// The progress of the fetches of a source.
#[derive(Debug, Default)]
struct SyncProgress {
    /// Failures since the last success.
    failures: u32,
    /// Time of the first of them.
    failing_since: Option<Timestamp>,
    /// The version that the readers were last told of.
    told: Option<String>,
    /// Time for which the server asked to be left alone.
    wait: Option<Duration>,
}

impl SourceSync {
    /// Creates the task of a source. `changed` wakes the task that reads the runbooks.
    pub(in crate::bot) fn new(ctx: &Arc<Context>, source: Arc<FetchedSource>, changed: Arc<Notify>) -> SourceSync {
        let known = ctx.knowledge.get();
        let read = known.library.sources.iter().find(|read| read.id == source.id);
        let version = read.and_then(|read| read.version.as_ref());
        let progress = SyncProgress {
            // A source that was not there at the start is fetched again soon.
            failures: u32::from(version.is_none()),
            told: version.map(|version| version.id.clone()),
            failing_since: None,
            wait: None,
        };
        SourceSync {
            ctx: Arc::clone(ctx),
            source,
            changed,
            progress: Mutex::new(progress),
        }
    }

    pub(in crate::bot) async fn run(self: Arc<Self>, stop: CancellationToken) {
        let usual = self.ctx.rules.settings.runbooks.fetch_interval();
        loop {
            let wait = {
                let progress = self.progress.lock();
                let least = progress.wait.unwrap_or_default();
                interval(usual, progress.failures, jitter()).max(least)
            };
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.source.wake.notified() => {}
                () = tokio::time::sleep(wait) => {}
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.sync() => {}
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(SPACING) => {}
            }
        }
    }

    /// Fetches once, and records the outcome.
    async fn sync(&self) {
        let id = self.source.id.as_str();
        let outcome = match self.source.fetch(self.ctx.clock.as_ref()).await {
            Ok(GuardedFetch::Unchanged(fetched)) => {
                self.succeeded(&fetched);
                "unchanged"
            }
            Ok(GuardedFetch::Adopted(fetched)) => {
                info!(source = id, version = fetched.version, "a runbook source has changed");
                self.succeeded(&fetched);
                "changed"
            }
            Ok(GuardedFetch::Held(held)) => {
                self.held(&held).await;
                "held"
            }
            Err(cause) if cause.is_busy() => "busy",
            Err(cause) => {
                self.failed(&cause).await;
                "failed"
            }
        };
        metrics::counter!("signpost_source_fetches_total", "source" => id.to_owned(), "outcome" => outcome)
            .increment(1);
    }

    fn succeeded(&self, fetched: &FetchedVersion) {
        let mut progress = self.progress.lock();
        if progress.failures > 0 {
            info!(source = self.source.id, "a runbook source can be fetched again");
        }
        let is_new = progress.told.as_ref() != Some(&fetched.version);
        *progress = SyncProgress {
            told: Some(fetched.version.clone()),
            ..SyncProgress::default()
        };
        drop(progress);
        let (id, now) = (&self.source.id, self.ctx.clock.now());
        self.ctx.status.sources.fetched(id, self.source.kind(), fetched, now);
        if is_new {
            self.changed.notify_one();
        }
    }

    async fn held(&self, held: &HeldVersion) {
        let id = self.source.id.as_str();
        {
            // The server answers again, so that it need not be left alone, and is not failing any more.
            let mut progress = self.progress.lock();
            let told = progress.told.take();
            *progress = SyncProgress {
                told,
                ..SyncProgress::default()
            };
        }
        self.ctx.status.sources.held(id, held, self.ctx.clock.now());
        let HeldVersion {
            version,
            removed,
            documents,
            ..
        } = held;
        error!(
            source = id,
            version,
            removed,
            documents,
            "a fetch would remove too many documents, so the source stays as it is; `signpost sources accept {id}` accepts \
             the change"
        );
        let trouble = SourceTrouble::Held {
            kind: self.source.kind(),
            version: version.get(..7).unwrap_or(version).to_owned(),
            removed: *removed,
            documents: *documents,
        };
        // A source that goes on while it is held back has a new version each time: it is told of once a day.
        let day = self.ctx.clock.now().strftime("%F").to_string();
        self.tell_admins(&format!("source-held:{id}:{day}"), &trouble).await;
    }

    async fn failed(&self, cause: &FetchError) {
        let (id, now) = (self.source.id.as_str(), self.ctx.clock.now());
        let since = {
            let mut progress = self.progress.lock();
            // A fetch that came further goes on soon.
            progress.failures = if cause.has_progressed() {
                1
            } else {
                progress.failures.saturating_add(1)
            };
            progress.wait = cause.wait();
            *progress.failing_since.get_or_insert(now)
        };
        warn!(source = id, %cause, "a runbook source cannot be fetched; keeping its last state");
        self.ctx.status.sources.failed(id, &cause.to_string());
        if now.duration_since(since) >= TOLD_AFTER {
            let trouble = SourceTrouble::Unreachable { why: cause.to_string() };
            let day = now.strftime("%F");
            self.tell_admins(&format!("source-failing:{id}:{day}"), &trouble).await;
        }
    }
}

impl SourceSync {
    /// Tells the operators, once for each key.
    async fn tell_admins(&self, key: &str, trouble: &SourceTrouble) {
        let notice = self.ctx.responder.source_trouble(&self.source.id, trouble);
        self.ctx.tell_admins(key, &notice).await;
    }
}

/// A number from 0 to 1, different each time: several bots do not fetch at once.
fn jitter() -> f64 {
    f64::from(u16::try_from(Uuid::new_v4().as_u128() & 0xffff).unwrap_or(0)) / f64::from(u16::MAX)
}
