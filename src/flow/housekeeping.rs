//! What has to be looked at now and then: old rows, ghost connections, the store.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::Status;
use super::intake::Intake;
use crate::clock::Clock;
use crate::settings::Settings;
use crate::slack::ghosts::Verdict;
use crate::slack::socket::Sockets;
use crate::store::{Retention, Store};

/// Between looks.
const LOOK: Duration = Duration::from_secs(1);
/// Looks between purges.
const PURGE: u32 = 3_600;
/// Looks between checks of the store.
const CHECK: u32 = 30;

/// Looks after the bot.
pub(super) struct Keeper {
    pub(super) store: Arc<dyn Store>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) intake: Arc<Intake>,
    /// In Socket Mode.
    pub(super) sockets: Option<Arc<Sockets>>,
    pub(super) status: Arc<Status>,
    pub(super) retention: Retention,
}

/// How long people want things to be kept.
pub(super) fn retention(settings: &Settings) -> Retention {
    Retention {
        answers: settings.store.retention(),
        audit: settings.store.audit_retention(),
    }
}

impl Keeper {
    pub(super) async fn run(self: Arc<Self>, stop: CancellationToken) {
        let mut looks: u32 = 0;
        loop {
            self.look_for_ghosts();
            if looks.is_multiple_of(CHECK) {
                let works = self
                    .store
                    .check()
                    .await
                    .inspect_err(|cause| error!(%cause, "the store cannot be written"));
                self.status.change(|status| status.store = works.is_ok());
            }
            if looks.is_multiple_of(PURGE) {
                self.purge().await;
            }
            looks = looks.wrapping_add(1);
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }

    fn look_for_ghosts(&self) {
        let verdict = self
            .intake
            .ghosts
            .lock()
            .map(|mut ghosts| ghosts.tick(self.clock.now()));
        if let (Ok(Verdict::Ask), Some(sockets)) = (verdict, &self.sockets) {
            info!("there were more connections to Slack than ours; asking anew");
            sockets.renew_one();
        }
    }

    async fn purge(&self) {
        match self.store.purge(self.clock.now(), self.retention).await {
            Ok(purged) if purged.unhandled > 0 => {
                warn!(
                    count = purged.unhandled,
                    "messages that could not be handled for a day are given up"
                );
            }
            Ok(_) => {}
            Err(cause) => error!(%cause, "old rows cannot be removed; trying again in an hour"),
        }
    }
}
