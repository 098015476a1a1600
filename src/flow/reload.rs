//! Runbooks that change while the bot runs: parsed aside, swapped whole.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use notify::{PollWatcher, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, info, warn};

use super::Status;
use super::knowledge::Study;
use super::mind::Mind;
use crate::memory;

/// Changes come in flocks (editors, git); this long after the last one the folder is read.
const SETTLE: Duration = Duration::from_millis(100);
/// But not later than this after the first.
const LATEST: Duration = Duration::from_secs(5);

/// Tells about changes of the runbook folder. Made before the folder is read, so that no change falls between.
pub(super) struct Watch {
    changed: Arc<Notify>,
    /// Watches as long as it lives. Nobody calls it, so the lock only makes it shareable.
    _watcher: Option<Mutex<Box<dyn Watcher + Send>>>,
}

/// Reads the runbooks anew when they change.
pub(super) struct Reload {
    /// Nobody else studies, so the lock only makes it shareable.
    pub(super) study: Mutex<Study>,
    pub(super) mind: Arc<Mind>,
    pub(super) status: Arc<Status>,
    pub(super) watch: Watch,
    /// Who else is told of new runbooks.
    pub(super) tell: Box<dyn Fn() + Send + Sync>,
}

impl Reload {
    pub(super) async fn run(self: Arc<Self>, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.watch.changed.notified() => {}
            }
            let settled = async {
                while tokio::time::timeout(SETTLE, self.watch.changed.notified())
                    .await
                    .is_ok()
                {}
            };
            tokio::select! {
                () = stop.cancelled() => return,
                _ = tokio::time::timeout(LATEST, settled) => {}
            }
            let reload = Arc::clone(&self);
            // Parsing a big folder takes a while and must not hold up the wire.
            let done = tokio::task::spawn_blocking(move || {
                reload.load();
                memory::give_back();
            })
            .await;
            if done.is_err() {
                error!("reading the runbooks anew panicked; the old ones stay");
            }
        }
    }

    /// Reads the folder anew. Where nothing changed nothing is indexed again, and nothing said.
    fn load(&self) {
        let begun = Instant::now();
        let before = self.mind.knowledge();
        let mut study = self.study.lock().unwrap_or_else(PoisonError::into_inner);
        match study.read(Some(&before.library)) {
            Ok(library) if library.runbooks == before.library.runbooks && library.data == before.library.data => {
                debug!("the runbooks are what they were");
                self.mind.reload_fails(None);
            }
            Ok(library) => {
                let runbooks = library.runbooks.len();
                self.mind.learn(study.index(library));
                self.status.change(|status| {
                    status.runbooks = runbooks;
                    status.reloads += 1;
                });
                (self.tell)();
                metrics::counter!("signpost_reloads_total", "outcome" => "done").increment(1);
                let milliseconds = begun.elapsed().as_millis();
                info!(
                    runbooks,
                    milliseconds, "the runbooks changed; the new ones are used from now on"
                );
            }
            Err(cause) => {
                metrics::counter!("signpost_reloads_total", "outcome" => "failed").increment(1);
                warn!(%cause, "the runbooks cannot be read anew; the old ones stay");
                self.mind.reload_fails(Some(cause.to_string()));
            }
        }
    }
}

impl Watch {
    pub(super) fn new(folder: &Path, poll_interval: Duration) -> Self {
        let changed = Arc::new(Notify::new());
        let watcher = watcher(folder, poll_interval, &changed);
        Self {
            changed,
            _watcher: watcher.map(Mutex::new),
        }
    }
}

/// Where the system cannot tell about changes (network disks, too many folders), they are looked for.
fn watcher(folder: &Path, poll_interval: Duration, changed: &Arc<Notify>) -> Option<Box<dyn Watcher + Send>> {
    let changed = Arc::clone(changed);
    let told = move |event: notify::Result<notify::Event>| match event {
        Ok(event) if event.kind.is_access() => {}
        Ok(_) => changed.notify_one(),
        Err(cause) => {
            warn!(%cause, "the runbook folder cannot be watched well");
            changed.notify_one();
        }
    };
    let config = notify::Config::default().with_poll_interval(poll_interval);
    match RecommendedWatcher::new(told.clone(), config)
        .and_then(|mut watcher| watcher.watch(folder, RecursiveMode::Recursive).map(|()| watcher))
    {
        Ok(watcher) => return Some(Box::new(watcher)),
        Err(cause) => info!(%cause, "the system does not tell about changes of the folder; looking now and then"),
    }
    match PollWatcher::new(told, config)
        .and_then(|mut watcher| watcher.watch(folder, RecursiveMode::Recursive).map(|()| watcher))
    {
        Ok(watcher) => Some(Box::new(watcher)),
        Err(cause) => {
            error!(%cause, "the runbook folder cannot be watched; changes need a restart");
            None
        }
    }
}
