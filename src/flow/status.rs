//! What the bot says about its health: read by `/ready`, awaited by tests and by the local workspace.

use tokio::sync::watch;

/// The health of each dependency at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct Snapshot {
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
}

impl Snapshot {
    /// Whether the bot can answer.
    pub fn ready(self) -> bool {
        self.sockets > 0 && self.store && self.runbooks > 0 && !self.refused
    }
}

/// The current [`Snapshot`], with waiting for changes.
#[derive(Debug)]
pub struct Status {
    sender: watch::Sender<Snapshot>,
}

impl Default for Status {
    fn default() -> Self {
        Self {
            sender: watch::Sender::new(Snapshot::default()),
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

impl crate::http::Health for Status {
    fn readiness(&self) -> (bool, serde_json::Value) {
        let now = self.get();
        let details = serde_json::json!({
            "ready": now.ready(),
            "slack": {"connections": now.sockets, "ghosts": now.ghosts, "refuses_token": now.refused},
            "store": {"works": now.store},
            "runbooks": {"loaded": now.runbooks, "reloads": now.reloads},
        });
        (now.ready(), details)
    }
}
