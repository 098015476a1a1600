//! Reloads of runbooks while the bot runs: parsed in the background, swapped as a whole.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use notify::{PollWatcher, RecommendedWatcher, RecursiveMode, Watcher};
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, info, warn};

use super::knowledge::{KnowledgeHandle, KnowledgeSource};
use super::last_success::Dependency;
use super::{Knowledge, Status};
use crate::clock::{Clock as _, SystemClock};
use crate::malloc;
use crate::runbook::Library;
use crate::settings::Runbooks;

/// Pause after the last change before the folder is read: changes come in bursts (editors, git).
const SETTLE: Duration = Duration::from_millis(100);
/// Longest delay from the first change until the folder is read.
const LATEST: Duration = Duration::from_secs(5);

/// Notifies of changes in the runbook folders, and of fetched sources. Made before the folder is read, so that no change falls between.
pub(super) struct FolderWatcher {
    changed: Arc<Notify>,
    /// Interval at which the folder is read in any case: links can be pointed elsewhere without a change inside the
    /// folder.
    look: Option<Duration>,
    /// Watchers, active as long as they live. Nothing calls them, so the lock only makes them shareable.
    _watchers: Mutex<Vec<Box<dyn Watcher + Send>>>,
}

/// Reloads the runbooks when they change.
pub(super) struct Reload {
    /// Used by this task alone, so the lock only makes it shareable.
    pub(super) source: Mutex<KnowledgeSource>,
    pub(super) knowledge: Arc<KnowledgeHandle>,
    pub(super) status: Arc<Status>,
    pub(super) watch: FolderWatcher,
    /// Called after new runbooks are in use, and when the folder cannot be read.
    pub(super) tell: Box<dyn Fn() + Send + Sync>,
}

impl Reload {
    pub(super) async fn run(self: Arc<Self>, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.watch.changed.notified() => {}
                () = self.watch.look() => {}
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
            // Parsing a big folder takes a while and must not block the event loop.
            let done = tokio::task::spawn_blocking(move || {
                reload.load();
                malloc::trim();
            })
            .await;
            if done.is_err() {
                error!("reloading the runbooks panicked; keeping the old ones");
            }
        }
    }

    /// Swaps the knowledge, and notifies those who show it.
    fn replace(&self, knowledge: Knowledge) {
        self.knowledge.replace(knowledge);
        self.status.runbooks(&self.knowledge.get(), 1);
        (self.tell)();
    }

    /// Reads the folder again. When nothing changed, nothing is indexed or logged.
    fn load(&self) {
        let begun = Instant::now();
        let before = self.knowledge.get();
        let mut source = self.source.lock();
        let read = source.read(Some(&before.library));
        if read.is_ok() {
            self.status.succeeded(Dependency::Runbooks);
        }
        match read {
            Ok(library) if is_same(&library, &before.library) => {
                let has_news = library.diagnostics != before.library.diagnostics
                    || library.skipped != before.library.skipped
                    || library.sources != before.library.sources;
                if has_news {
                    // The runbooks stay, but the problems reported for their files change, or their version.
                    let known = Knowledge {
                        library,
                        index: Arc::clone(&before.index),
                        addresses: Arc::clone(&before.addresses),
                        read_at: SystemClock.now(),
                    };
                    self.replace(known);
                    info!("the runbooks are unchanged, but their version or the problems found in them have changed");
                } else {
                    debug!("the runbooks are unchanged");
                    if self.knowledge.reload_failed().is_some() {
                        self.knowledge.set_reload_failed(None);
                        (self.tell)();
                    }
                }
            }
            Ok(library) => {
                let runbooks = library.runbooks.len();
                self.replace(source.index(library));
                metrics::counter!("signpost_reloads_total", "outcome" => "done").increment(1);
                let milliseconds = begun.elapsed().as_millis();
                info!(runbooks, milliseconds, "the runbooks have changed; using the new ones");
                if runbooks == 0 {
                    let why = source.nothing_to_read(&self.knowledge.get().library);
                    warn!("{why}");
                }
            }
            Err(cause) => {
                metrics::counter!("signpost_reloads_total", "outcome" => "failed").increment(1);
                warn!(%cause, "the runbooks cannot be reloaded; keeping the old ones");
                self.knowledge.set_reload_failed(Some(cause.to_string()));
                (self.tell)();
            }
        }
    }
}

/// Returns true when two libraries give the same answers.
fn is_same(one: &Library, other: &Library) -> bool {
    one.runbooks == other.runbooks && one.data == other.data
}

impl FolderWatcher {
    /// Watches folders. `changed` is notified of their changes; others may notify it too, to have them read. With
    /// `runbooks.reload = false` nobody else does.
    pub(super) fn new(folders: &[PathBuf], settings: &Runbooks, changed: Arc<Notify>) -> Self {
        if !settings.reload {
            return Self {
                changed,
                look: None,
                _watchers: Mutex::default(),
            };
        }
        let mut is_any_link = false;
        let mut watchers = Vec::new();
        for folder in folders {
            let real = folder.canonicalize();
            is_any_link |= match (&real, std::path::absolute(folder)) {
                (Ok(real), Ok(absolute)) => *real != absolute,
                _ => false,
            };
            let real = real.as_deref().unwrap_or(folder);
            watchers.extend(watcher(real, settings.poll_interval(), &changed));
        }
        Self {
            changed,
            look: (is_any_link || settings.follow_links).then(|| settings.poll_interval()),
            _watchers: Mutex::new(watchers),
        }
    }

    /// Returns the signal to read the runbooks again, for those who fetch them.
    pub(super) fn changed(&self) -> Arc<Notify> {
        Arc::clone(&self.changed)
    }

    /// Completes when the folder is to be read although no change was notified.
    async fn look(&self) {
        match self.look {
            Some(interval) => tokio::time::sleep(interval).await,
            None => std::future::pending().await,
        }
    }
}

/// A watcher of the folder. It polls where the system cannot notify of changes (network disks, too many folders).
fn watcher(folder: &Path, poll_interval: Duration, changed: &Arc<Notify>) -> Option<Box<dyn Watcher + Send>> {
    let changed = Arc::clone(changed);
    let told = move |event: notify::Result<notify::Event>| match event {
        Ok(event) if event.kind.is_access() => {}
        Ok(_) => changed.notify_one(),
        Err(cause) => {
            warn!(%cause, "the runbook folder cannot be watched reliably");
            changed.notify_one();
        }
    };
    // Links may lead anywhere, `/` included; the linked folders that are read have a folder of their own in here, or
    // are polled.
    let config = notify::Config::default()
        .with_poll_interval(poll_interval)
        .with_follow_symlinks(false);
    match RecommendedWatcher::new(told.clone(), config)
        .and_then(|mut watcher| watcher.watch(folder, RecursiveMode::Recursive).map(|()| watcher))
    {
        Ok(watcher) => return Some(Box::new(watcher)),
        Err(cause) => info!(%cause, "the system does not report changes to the folder; checking at intervals"),
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
