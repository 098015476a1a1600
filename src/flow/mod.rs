//! The story from frame to answer: intake, handle, deliver, reload.
//!
//! [`run`] is the whole bot. `signpost serve` calls it with settings from files and environment; the local workspace and
//! the tests call it with [`crate::settings::built_in`] and these changes:
//!
//! ```ignore
//! let mut settings = settings::built_in()?;
//! settings.slack.api_url = format!("http://{address}/api");
//! settings.slack.bot_token = Some(bot_token.into());
//! settings.slack.app_token = Some(app_token.into());
//! settings.store.path = folder.join("signpost.db");
//! settings.http.listen = String::new();
//! let parts = flow::Parts::default();
//! let status = Arc::clone(&parts.status);
//! tracker.spawn(flow::run(settings, parts, shutdown.clone()));
//! status.wait_ready().await; // sockets are connected, runbooks loaded, the store works
//! ```

mod status;

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::clock::{Clock, SystemClock};
use crate::settings::Settings;

pub use status::{Snapshot, Status};

/// What the bot is handed besides its settings.
#[derive(Debug, Clone)]
pub struct Parts {
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// What the bot says about its health.
    pub status: Arc<Status>,
    /// Cancelled when the bot must not even finish what it has begun.
    pub hard: CancellationToken,
}

impl Default for Parts {
    fn default() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            status: Arc::new(Status::default()),
            hard: CancellationToken::new(),
        }
    }
}

/// Why the bot could not start or go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not there yet.
    #[error("the bot is not built yet")]
    Unbuilt,
}

/// Runs the bot until `shutdown` is cancelled, then finishes what it has begun.
///
/// # Errors
///
/// What keeps it from starting: tokens, the store's file, the runbook folder, the port.
#[expect(clippy::unused_async, reason = "filled in by the next step")]
pub async fn run(_settings: Settings, _parts: Parts, _shutdown: CancellationToken) -> Result<(), Error> {
    Err(Error::Unbuilt)
}
