//! Housekeeping of what is kept in memory: what is too old goes, also when nothing else comes.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

/// Between two sweeps.
pub(super) const EVERY: Duration = Duration::from_secs(5);

/// Something in memory that expires.
pub(super) trait Expire: Debug + Send + Sync {
    /// Removes what is too old.
    fn expire(&self);
}

/// Everything in memory that expires.
#[derive(Debug)]
pub(super) struct Sweeper {
    pub(super) every: Duration,
    pub(super) what: Vec<Arc<dyn Expire>>,
}

impl Sweeper {
    /// Removes what is too old, again and again until told to stop.
    pub(super) async fn run(self: Arc<Self>, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(self.every) => {}
            }
            for what in &self.what {
                what.expire();
            }
        }
    }
}
