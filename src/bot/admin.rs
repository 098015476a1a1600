//! Notices to the operators, in the channel of `admin.channel`: runbook files that cannot be read any more, and their
//! end.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

use super::Knowledge;
use super::cases::rows::post;
use super::context::Context;
use crate::respond::{Problems, Reply};
use crate::runbook::{Diagnostic, Level};
use crate::slack::sender::Body;

/// Pause before a notice that could not be given is tried again.
const AGAIN: Duration = Duration::from_mins(1);

impl Context {
    /// Queues a notice to the operators. `key`: notices with the same key are posted once, whichever replica sees the
    /// cause, and also after a restart. Without a channel nothing is posted. Returns false when the notice has to be given
    /// again later: another organisation reads the channel, Slack does not say who does, or the store fails.
    pub(super) async fn tell_admins(&self, key: &str, notice: &Reply) -> bool {
        let Some(channel) = self.rules.settings.admin.channel() else {
            return true;
        };
        if self.people.may_be_shared(channel).await {
            warn!(
                channel,
                "admin.channel may be shared with another organisation; nothing is posted there"
            );
            return false;
        }
        let posts: Vec<_> = post(&format!("admin:{key}"), channel, None, &Body::of(notice))
            .into_iter()
            .collect();
        match self.store.enqueue(&posts, self.clock.now()).await {
            Ok(()) => {
                self.outbox.notify_one();
                true
            }
            Err(cause) => {
                error!(%cause, "a notice to the operators cannot be queued");
                false
            }
        }
    }
}

/// Tells the operators about the state of the runbooks when it gets worse or is mended.
#[derive(Debug)]
pub(super) struct RunbookNotices {
    pub(super) ctx: Arc<Context>,
}

impl RunbookNotices {
    pub(super) async fn run(self: Arc<Self>, stop: CancellationToken) {
        let mut told = RunbookFaults::default();
        loop {
            let faults = RunbookFaults::of(&self.ctx.knowledge.get(), self.ctx.knowledge.reload_failed());
            let is_told = faults == told || self.tell(&faults, &told).await;
            if is_told {
                told = faults;
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.ctx.runbooks_read.notified() => {}
                () = tokio::time::sleep(AGAIN), if !is_told => {}
            }
        }
    }

    /// Tells of faults that are new since `before`, or of their end. Returns false when that has to be done again.
    async fn tell(&self, faults: &RunbookFaults, before: &RunbookFaults) -> bool {
        let is_worse = faults.failed.is_some() && faults.failed != before.failed
            || faults.errors.iter().any(|error| !before.errors.contains(error));
        if !is_worse && !faults.is_empty() {
            return true;
        }
        // The same state is told once a day: after a restart it is found anew.
        let day = self.ctx.clock.now().strftime("%F").to_string();
        let key = format!("runbooks:{day}:{:016x}", faults.fingerprint());
        let notice = self
            .ctx
            .responder
            .admin_runbooks(&Problems::of(&faults.errors), faults.failed.as_deref());
        self.ctx.tell_admins(&key, &notice).await
    }
}

/// Faults that keep runbooks from being used as they are.
#[derive(Debug, Default, PartialEq, Eq)]
struct RunbookFaults {
    errors: Vec<Diagnostic>,
    /// Reason why the folder cannot be read.
    failed: Option<String>,
}

impl RunbookFaults {
    fn of(knowledge: &Knowledge, failed: Option<String>) -> Self {
        let found = knowledge.library.diagnostics.iter();
        Self {
            errors: found.filter(|found| found.level == Level::Error).cloned().collect(),
            failed,
        }
    }

    fn is_empty(&self) -> bool {
        self.errors.is_empty() && self.failed.is_none()
    }

    fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.failed.hash(&mut hasher);
        for error in &self.errors {
            (&error.path, error.line, &error.message).hash(&mut hasher);
        }
        hasher.finish()
    }
}
