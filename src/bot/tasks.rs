//! Background tasks: tracked, so that shutdown waits for them; ended at once by the hard token; a panic is seen and the
//! bot goes on.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::error;

/// Between a panic and the next try of a task that has to run all the time.
const AFTER_PANIC: Duration = Duration::from_secs(1);

/// Spawns.
#[derive(Debug, Clone)]
pub(super) struct Tasks {
    pub(super) tracker: TaskTracker,
    pub(super) hard: CancellationToken,
    pub(super) stop: CancellationToken,
}

impl Tasks {
    /// Runs `what` until it ends by itself; after a panic it is begun anew.
    pub(super) fn keep<W, T>(&self, name: &'static str, what: W, run: fn(Arc<W>, CancellationToken) -> T)
    where
        W: Send + Sync + 'static,
        T: Future<Output = ()> + Send + 'static,
    {
        self.keep_shared(name, &Arc::new(what), run);
    }

    /// Like [`Self::keep`], for what others use too.
    pub(super) fn keep_shared<W, T, R>(&self, name: &'static str, what: &Arc<W>, run: R)
    where
        W: Send + Sync + 'static,
        T: Future<Output = ()> + Send + 'static,
        R: Fn(Arc<W>, CancellationToken) -> T + Send + 'static,
    {
        let (hard, stop, what) = (self.hard.clone(), self.stop.clone(), Arc::clone(what));
        self.tracker.spawn(async move {
            loop {
                let task = AssertUnwindSafe(run(Arc::clone(&what), stop.clone())).catch_unwind();
                let ended = tokio::select! {
                    biased;
                    () = hard.cancelled() => return,
                    ended = task => ended,
                };
                if ended.is_ok() {
                    return;
                }
                metrics::counter!("signpost_panics_total", "task" => name).increment(1);
                error!(task = name, "a task panicked; restarting it");
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = tokio::time::sleep(AFTER_PANIC) => {}
                }
            }
        });
    }
}
