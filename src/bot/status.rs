//! The bot's health, as read by `/ready` and awaited by tests and by the local workspace.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use parking_lot::{Mutex, MutexGuard};
use serde_json::json;
use tokio::sync::watch;

use super::Knowledge;
use super::last_success::{Dependency, LastSuccesses};
use super::sources::health::SourceBoard;
use super::waiting::{Reasons, What};
use crate::settings::Mode;
use crate::store::ReplicaStatus;

/// Time after which a failing store is not going to recover: the process is to be restarted.
const STORE_PATIENCE: Duration = Duration::from_mins(1);

/// The health of each dependency at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct Snapshot {
    /// The way in which events come in.
    pub mode: Mode,
    /// True when listening for Slack's requests, in HTTP mode.
    pub listening: bool,
    /// Number of Socket Mode connections that have sent `hello`.
    pub sockets: usize,
    /// True when the store took the last write.
    pub store: bool,
    /// Number of runbooks loaded.
    pub runbooks: usize,
    /// Number of errors in the runbook folder: files that are not used, or kept in the version read before.
    pub errors: usize,
    /// Number of files that were not read as runbooks.
    pub skipped: usize,
    /// Number of connections beyond those the fleet should hold, once that has lasted.
    pub stray_connections: u32,
    /// True when Slack refuses the bot token.
    pub refused: bool,
    /// Number of times the runbooks were swapped.
    pub reloads: u64,
    /// Number of messages that wait to be handled.
    pub waiting: u64,
    /// Number of messages that were set aside, for `signpost inbox`.
    pub set_aside: u64,
    /// True while the bot waits for Slack or the store, for a reason that `/ready` gives.
    pub waits: bool,
    /// Seconds by which this machine's clock is ahead of Slack's; `None` before Slack has answered.
    pub skew_seconds: Option<i64>,
    /// Address at which health and metrics are served: with port 0 in the settings, any free port.
    pub health: Option<SocketAddr>,
    /// Address at which Slack's requests come in, in HTTP mode.
    pub requests: Option<SocketAddr>,
}

impl Snapshot {
    /// Returns true when the bot can answer.
    pub fn ready(self) -> bool {
        let is_receiving = match self.mode {
            Mode::Socket => self.sockets > 0,
            Mode::Http => self.listening,
        };
        is_receiving && self.store && self.runbooks > 0 && !self.refused
    }

    /// The part of `/ready` about Slack.
    fn slack(self) -> serde_json::Value {
        match self.mode {
            Mode::Socket => json!({
                "mode": self.mode,
                "connections": self.sockets,
                "ghosts": self.stray_connections,
                "refuses_token": self.refused,
            }),
            Mode::Http => json!({"mode": self.mode, "listening": self.listening, "refuses_token": self.refused}),
        }
    }
}

/// The current [`Snapshot`], whose changes can be awaited.
#[derive(Debug)]
pub struct Status {
    sender: watch::Sender<Snapshot>,
    reasons: Reasons,
    store_fault: Mutex<Option<StoreFault>>,
    successes: LastSuccesses,
    /// This replica, where several share the store.
    replica: Mutex<Option<ReplicaStatus>>,
    /// The health of the runbooks' sources.
    pub(super) sources: SourceBoard,
}

#[derive(Debug)]
struct StoreFault {
    since: Instant,
    /// Time at which the fault was last logged.
    said: Instant,
    why: String,
}

impl Default for Status {
    fn default() -> Self {
        Self {
            sender: watch::Sender::new(Snapshot::default()),
            reasons: Reasons::default(),
            store_fault: Mutex::default(),
            successes: LastSuccesses::default(),
            replica: Mutex::default(),
            sources: SourceBoard::default(),
        }
    }
}

impl Status {
    /// The current health.
    pub fn get(&self) -> Snapshot {
        *self.sender.borrow()
    }

    /// Waits until the bot can answer.
    pub async fn wait_ready(&self) {
        self.wait_for(Snapshot::ready).await;
    }

    /// Waits until the health meets a condition.
    pub async fn wait_for(&self, mut asked: impl FnMut(Snapshot) -> bool) {
        // The sender lives as long as `self`, so waiting cannot fail.
        let _ = self.sender.subscribe().wait_for(|snapshot| asked(*snapshot)).await;
    }

    /// Records that the store took a write.
    pub fn store_works(&self) {
        *self.store_fault() = None;
        self.succeeded(Dependency::Store);
        self.change(|status| status.store = true);
    }

    /// Records a failure of the store. Returns true when it should be logged: at the first failure, and once a minute
    /// from then on.
    pub fn store_failed(&self, why: &impl ToString) -> bool {
        let mut fault = self.store_fault();
        let now = Instant::now();
        let (since, said) = fault
            .as_ref()
            .map_or((now, None), |fault| (fault.since, Some(fault.said)));
        let due = said.is_none_or(|said| now.duration_since(said) >= STORE_PATIENCE);
        *fault = Some(StoreFault {
            since,
            said: said.filter(|_| !due).unwrap_or(now),
            why: why.to_string(),
        });
        drop(fault);
        self.change(|status| status.store = false);
        due
    }

    fn store_fault(&self) -> MutexGuard<'_, Option<StoreFault>> {
        self.store_fault.lock()
    }

    /// The reason why the process is to be restarted, if there is one: `elapsed` gives the time since an instant.
    fn dead(&self, elapsed: impl Fn(Instant) -> Duration) -> Option<String> {
        let fault = self.store_fault();
        let fault = fault.as_ref().filter(|fault| elapsed(fault.since) >= STORE_PATIENCE)?;
        let seconds = elapsed(fault.since).as_secs();
        Some(format!("the store has failed for {seconds} seconds: {}", fault.why))
    }

    /// Changes the health, and notifies those who wait.
    pub fn change(&self, change: impl FnOnce(&mut Snapshot)) {
        self.sender.send_if_modified(|snapshot| {
            let before = *snapshot;
            change(snapshot);
            before != *snapshot
        });
    }
}

impl Status {
    /// Records a success of a dependency.
    pub(super) fn succeeded(&self, dependency: Dependency) {
        self.succeeded_at(dependency, Instant::now());
    }

    /// Records an earlier success of a dependency.
    pub(super) fn succeeded_at(&self, dependency: Dependency, at: Instant) {
        self.successes.record(dependency, at);
    }

    /// Records the state of this replica.
    pub(super) fn set_replica(&self, replica: Option<ReplicaStatus>) {
        *self.replica.lock() = replica;
    }

    /// Records the runbooks that are in use now. `reloads`: how many times they were swapped for that.
    pub(super) fn runbooks(&self, known: &Knowledge, reloads: u64) {
        let library = &known.library;
        self.sources.read(&library.sources);
        let (runbooks, errors, skipped) = (library.runbooks.len(), known.errors(), library.skipped.len());
        self.change(|status| {
            status.runbooks = runbooks;
            status.errors = errors;
            status.skipped = skipped;
            status.reloads += reloads;
        });
    }

    /// Sets or clears the reason why the bot cannot work yet.
    pub(super) fn set_reason(&self, what: What, why: Option<String>) {
        let waits = self.reasons.set(what, why);
        self.change(|status| status.waits = waits);
    }
}

impl crate::http::Health for Status {
    fn liveness(&self) -> Result<(), String> {
        self.dead(|since| since.elapsed()).map_or(Ok(()), Err)
    }

    fn readiness(&self) -> (bool, serde_json::Value) {
        let now = self.get();
        let mut details = json!({
            "ready": now.ready(),
            "slack": now.slack(),
            "store": {"works": now.store, "problem": self.store_fault().as_ref().map(|fault| fault.why.clone())},
            "inbox": {"waiting": now.waiting, "set_aside": now.set_aside},
            "runbooks": {"loaded": now.runbooks, "reloads": now.reloads, "errors": now.errors, "skipped": now.skipped},
            "clock": {"skew_seconds": now.skew_seconds},
        });
        self.successes.tell(&mut details);
        if let (Some(replica), Some(store)) = (
            self.replica.lock().as_ref(),
            details.get_mut("store").and_then(serde_json::Value::as_object_mut),
        ) {
            let told = json!({"id": replica.id, "leases": replica.leases, "replicas": replica.replicas});
            store.insert("replica".to_owned(), told);
        }
        let sources = self.sources.all();
        if !sources.is_empty()
            && let Some(runbooks) = details.get_mut("runbooks").and_then(serde_json::Value::as_object_mut)
        {
            runbooks.insert("sources".to_owned(), json!(sources));
        }
        if !now.ready() {
            self.reasons.tell(&mut details);
        }
        (now.ready(), details)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_process_is_to_be_restarted_when_the_store_has_failed_for_a_minute() {
        let status = Status::default();
        assert_eq!(status.dead(|_| Duration::from_hours(1)), None, "it has not failed");
        assert!(status.store_failed(&"disk full"));
        assert!(!status.store_failed(&"disk full"), "said once");
        assert_eq!(status.dead(|_| Duration::from_secs(59)), None);
        let why = status.dead(|_| Duration::from_mins(1));
        assert_eq!(why.as_deref(), Some("the store has failed for 60 seconds: disk full"));
        status.store_works();
        assert_eq!(status.dead(|_| Duration::from_hours(1)), None);
    }
}
