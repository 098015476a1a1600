//! Other replicas of the bot that share the store: their wake-ups, and the connections to Slack that all hold together.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::Status;
use super::context::Context;
use super::runs::Runner;
use super::waiting::What;
use crate::store::Store;

/// Connections of Socket Mode that Slack lets one app hold.
const ALL_CONNECTIONS: u32 = 10;
/// Pause before the next look for a free connection.
const AGAIN: Duration = Duration::from_secs(2);

/// Passes on the wake-ups of other replicas.
#[derive(Debug)]
pub(super) struct ReplicaListener {
    pub(super) ctx: Arc<Context>,
    pub(super) runner: Arc<Runner>,
}

impl ReplicaListener {
    pub(super) async fn run(self: Arc<Self>, stop: CancellationToken) {
        loop {
            let change = tokio::select! {
                () = stop.cancelled() => return,
                change = self.ctx.store.changed() => change,
            };
            if change.inbox {
                self.ctx.inbox.notify_one();
            }
            if change.outbox {
                self.ctx.outbox.notify_one();
            }
            if change.runs {
                self.runner.wake_all();
                self.ctx.calls.notify_one();
                self.ctx.issues.notify_one();
            }
        }
    }
}

/// Takes connections to Slack for this replica: `wanted`, or fewer when other replicas hold the rest. Waits until one is
/// free.
pub(super) async fn connections(status: &Status, store: &dyn Store, wanted: u32) -> u32 {
    let mut said = false;
    loop {
        match store.take_connections(wanted, ALL_CONNECTIONS).await {
            Ok(0) => {
                let why = format!("other replicas hold all {ALL_CONNECTIONS} connections that Slack allows");
                if !said {
                    warn!("{why}; waiting for one; lower slack.connections so that each replica gets one");
                    said = true;
                }
                status.set_reason(What::Slack, Some(why));
            }
            Ok(taken) => {
                status.set_reason(What::Slack, None);
                if taken < wanted {
                    info!(taken, wanted, "other replicas hold the remaining connections to Slack");
                }
                return taken;
            }
            Err(cause) => warn!(%cause, "the connections of other replicas cannot be counted; retrying"),
        }
        tokio::time::sleep(AGAIN).await;
    }
}
