//! Runbooks that change while the bot runs: parsed aside, swapped whole.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use notify::{PollWatcher, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, info, warn};

use super::mind::Mind;
use super::{Status, knowledge};
use crate::settings::Settings;

/// Changes come in flocks (editors, git); this long after the last one the folder is read.
const SETTLE: Duration = Duration::from_millis(300);
/// But not later than this after the first.
const LATEST: Duration = Duration::from_secs(5);

/// Watches the runbook folder.
#[derive(Debug)]
pub(super) struct Reload {
    folder: PathBuf,
    settings: Settings,
    mind: Arc<Mind>,
    status: Arc<Status>,
    changed: Arc<Notify>,
}

impl Reload {
    pub(super) fn new(folder: &Path, settings: &Settings, mind: Arc<Mind>, status: Arc<Status>) -> Self {
        Self {
            folder: folder.to_owned(),
            settings: settings.clone(),
            mind,
            status,
            changed: Arc::new(Notify::new()),
        }
    }

    pub(super) async fn run(self: Arc<Self>, stop: CancellationToken) {
        let Some(_watcher) = self.watch() else { return };
        // What changed between loading and watching.
        self.changed.notify_one();
        let mut first = true;
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.changed.notified() => {}
            }
            let settled = async { while tokio::time::timeout(SETTLE, self.changed.notified()).await.is_ok() {} };
            let _ = tokio::time::timeout(LATEST, settled).await;
            let reload = Arc::clone(&self);
            // Parsing a big folder takes a while and must not hold up the wire.
            let done = tokio::task::spawn_blocking(move || reload.load(first)).await;
            if let Err(cause) = done {
                error!(%cause, "reading the runbooks anew panicked; the old ones stay");
            }
            first = false;
        }
    }

    /// Reads the folder anew. The first time nothing is said when nothing changed.
    fn load(&self, first: bool) {
        let before = self.mind.knowledge();
        match knowledge::load(&self.settings, Some(&before.library)) {
            Ok(new) if first && new.library.runbooks == before.library.runbooks => {
                debug!("nothing changed since the start");
            }
            Ok(new) => {
                let runbooks = new.library.runbooks.len();
                self.mind.learn(new);
                self.status.change(|status| {
                    status.runbooks = runbooks;
                    status.reloads += 1;
                });
                metrics::counter!("signpost_reloads_total", "outcome" => "done").increment(1);
                info!(runbooks, "the runbooks changed; the new ones are used from now on");
            }
            Err(cause) => {
                metrics::counter!("signpost_reloads_total", "outcome" => "failed").increment(1);
                warn!(%cause, "the runbooks cannot be read anew; the old ones stay");
            }
        }
    }

    /// Where the system cannot tell about changes (network disks, too many folders), they are looked for.
    fn watch(&self) -> Option<Box<dyn Watcher + Send>> {
        let changed = Arc::clone(&self.changed);
        let told = move |event: notify::Result<notify::Event>| match event {
            Ok(event) if event.kind.is_access() => {}
            Ok(_) => changed.notify_one(),
            Err(cause) => {
                warn!(%cause, "the runbook folder cannot be watched well");
                changed.notify_one();
            }
        };
        let config = notify::Config::default().with_poll_interval(self.settings.runbooks.poll_interval());
        match RecommendedWatcher::new(told.clone(), config)
            .and_then(|mut watcher| watcher.watch(&self.folder, RecursiveMode::Recursive).map(|()| watcher))
        {
            Ok(watcher) => return Some(Box::new(watcher)),
            Err(cause) => info!(%cause, "the system does not tell about changes of the folder; looking now and then"),
        }
        match PollWatcher::new(told, config)
            .and_then(|mut watcher| watcher.watch(&self.folder, RecursiveMode::Recursive).map(|()| watcher))
        {
            Ok(watcher) => Some(Box::new(watcher)),
            Err(cause) => {
                error!(%cause, "the runbook folder cannot be watched; changes need a restart");
                None
            }
        }
    }
}
