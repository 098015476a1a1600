//! What the bot says about its health: read by `/ready`, awaited by tests and by the local workspace.

use serde_json::json;
use tokio::sync::watch;

use super::waiting::{Reasons, What};
use crate::settings::Mode;

/// The health of each dependency at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct Snapshot {
    /// How events come in.
    pub mode: Mode,
    /// Whether Slack's requests are taken, in HTTP mode.
    pub listening: bool,
    /// Socket Mode connections that said hello.
    pub sockets: usize,
    /// Whether the store took the last write.
    pub store: bool,
    /// Runbooks loaded.
    pub runbooks: usize,
    /// Connections beyond what the fleet should hold, once that has lasted.
    pub ghosts: u32,
    /// Whether Slack refuses the bot token.
    pub refused: bool,
    /// How many times the runbooks were swapped.
    pub reloads: u64,
    /// Whether something outside is waited for, as `/ready` says in words.
    pub waits: bool,
    /// Seconds that this machine's clock is ahead of Slack's; `None` before Slack has answered.
    pub skew_seconds: Option<i64>,
}

impl Snapshot {
    /// Whether the bot can answer.
    pub fn ready(self) -> bool {
        let hears = match self.mode {
            Mode::Socket => self.sockets > 0,
            Mode::Http => self.listening,
        };
        hears && self.store && self.runbooks > 0 && !self.refused
    }

    /// What there is to say about Slack.
    fn slack(self) -> serde_json::Value {
        match self.mode {
            Mode::Socket => json!({
                "mode": self.mode,
                "connections": self.sockets,
                "ghosts": self.ghosts,
                "refuses_token": self.refused,
            }),
            Mode::Http => json!({"mode": self.mode, "listening": self.listening, "refuses_token": self.refused}),
        }
    }
}

/// The current [`Snapshot`], with waiting for changes.
#[derive(Debug)]
pub struct Status {
    sender: watch::Sender<Snapshot>,
    reasons: Reasons,
}

impl Default for Status {
    fn default() -> Self {
        Self {
            sender: watch::Sender::new(Snapshot::default()),
            reasons: Reasons::default(),
        }
    }
}

impl Status {
    /// The health now.
    pub fn get(&self) -> Snapshot {
        *self.sender.borrow()
    }

    /// Waits until the bot can answer.
    pub async fn wait_ready(&self) {
        self.wait_for(Snapshot::ready).await;
    }

    /// Waits until the health is as asked.
    pub async fn wait_for(&self, mut asked: impl FnMut(Snapshot) -> bool) {
        // The sender lives as long as `self`, so waiting cannot fail.
        let _ = self.sender.subscribe().wait_for(|snapshot| asked(*snapshot)).await;
    }

    /// Changes it and tells those who wait.
    pub fn change(&self, change: impl FnOnce(&mut Snapshot)) {
        self.sender.send_if_modified(|snapshot| {
            let before = *snapshot;
            change(snapshot);
            before != *snapshot
        });
    }
}

impl Status {
    /// Sets or clears the reason why the bot cannot work yet.
    pub(super) fn set_reason(&self, what: What, why: Option<String>) {
        let waits = self.reasons.set(what, why);
        self.change(|status| status.waits = waits);
    }
}

impl crate::http::Health for Status {
    fn readiness(&self) -> (bool, serde_json::Value) {
        let now = self.get();
        let mut details = json!({
            "ready": now.ready(),
            "slack": now.slack(),
            "store": {"works": now.store},
            "runbooks": {"loaded": now.runbooks, "reloads": now.reloads},
            "clock": {"skew_seconds": now.skew_seconds},
        });
        if !now.ready() {
            self.reasons.tell(&mut details);
        }
        (now.ready(), details)
    }
}
