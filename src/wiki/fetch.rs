//! A fetch of a wiki: list, compare, fetch what changed, write the files.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use jiff::Timestamp;
use ring::digest;
use serde::Serialize;

use super::WikiError;
use super::confluence::{Confluence, PageBody, PageEntry, Site};
use super::pages::{LIST, Pages, body_file, read_body};
use super::storage::includes;
use crate::fetched::{self, FetchedVersion, MEGABYTE, SourceLock, SourceState, StateError};

/// Number of bodies that are fetched at a time.
const AT_ONCE: usize = 4;
/// Most missing pages that are asked for one by one; more are left to the guard.
pub(super) const MOST_ASKED: usize = 50;
/// Rounds in which included pages are fetched, as deep as they may include each other.
const ROUNDS: usize = 3;
/// Number of the way in which files are written. Another number makes all files anew.
const FORMAT: u32 = 1;

/// Bounds of what is fetched.
#[derive(Debug, Clone, Copy)]
pub struct WikiLimits {
    /// Time for a fetch.
    pub timeout: Duration,
    /// Megabytes of all pages.
    pub megabytes: u64,
    /// Number of pages.
    pub pages: usize,
    /// Bytes of a page.
    pub page_bytes: usize,
}

/// A wiki and its state folder.
#[derive(Debug)]
pub struct Wiki {
    confluence: Confluence,
    limits: WikiLimits,
    state: SourceState,
}

/// Counts of a fetch, for the message when it takes too long.
#[derive(Debug, Default)]
pub(super) struct FetchProgress {
    pub(super) done: AtomicUsize,
    pub(super) total: AtomicUsize,
}

impl FetchProgress {
    /// The error of a fetch that took too long.
    pub(super) fn timed_out(&self, timeout: Duration) -> WikiError {
        WikiError::TimedOut {
            timeout,
            done: self.done.load(Ordering::Relaxed),
            total: self.total.load(Ordering::Relaxed),
        }
    }
}

impl Wiki {
    /// Creates a wiki whose state is below `folder`. Nothing is read or written yet. `http` is one of `net::Net::client`, or
    /// the reason why there is none.
    pub fn new(site: Site, limits: WikiLimits, http: Result<reqwest::Client, String>, folder: &Path) -> Wiki {
        let from = format!("{} {}", site.address, site.spaces.join(","));
        Wiki {
            confluence: Confluence::new(site, http),
            limits,
            state: SourceState::new(folder, from),
        }
    }

    /// Returns the state on disk.
    pub fn state(&self) -> &SourceState {
        &self.state
    }

    /// Fetches the present pages and writes them beside those in use. Bodies that are on disk are not fetched again. Other
    /// processes neither fetch nor adopt until the lock is dropped, which is to be after the version was adopted or held.
    ///
    /// # Errors
    ///
    /// The [`WikiError`]. The version in use stays as it is.
    pub async fn fetch(&self) -> Result<(FetchedVersion, SourceLock), WikiError> {
        let lock = self.state.lock()?;
        let progress = FetchProgress::default();
        let timeout = self.limits.timeout;
        let fetched = tokio::time::timeout(timeout, self.fetch_pages(&progress)).await;
        Ok((fetched.unwrap_or_else(|_| Err(progress.timed_out(timeout)))?, lock))
    }

    async fn fetch_pages(&self, progress: &FetchProgress) -> Result<FetchedVersion, WikiError> {
        let bodies = self.bodies();
        std::fs::create_dir_all(&bodies).map_err(|cause| StateError::at(&bodies, cause))?;
        let mut entries = self.list().await?;
        let shown = self.shown(&entries).await?;
        self.fetch_bodies(&mut entries, &shown, progress).await?;
        remove_unused(&bodies, &entries);
        if fetched::size(&bodies) > self.limits.megabytes * MEGABYTE {
            return Err(WikiError::TooLarge(self.limits.megabytes));
        }
        let there: HashSet<&String> = entries.iter().map(|entry| &entry.id).collect();
        let shown: HashSet<String> = shown.into_iter().filter(|id| there.contains(id)).collect();
        let version = version_of(&entries, &shown);
        let dir = self.state.trees().join(&version);
        if !dir.is_dir() {
            self.fetch_included(&mut entries, &shown, progress).await?;
            self.write(&entries, &shown, &dir).await?;
        }
        let changed = entries
            .iter()
            .filter(|entry| shown.contains(&entry.id))
            .map(|entry| entry.changed);
        Ok(FetchedVersion {
            version,
            at: changed.max().unwrap_or(Timestamp::UNIX_EPOCH),
            dir,
        })
    }

    fn bodies(&self) -> PathBuf {
        self.state.folder().join("bodies")
    }

    /// Lists the pages of all spaces.
    async fn list(&self) -> Result<Vec<PageEntry>, WikiError> {
        let mut entries = Vec::new();
        for space in &self.confluence.site().spaces {
            entries.extend(self.confluence.pages(space, self.limits.pages).await?);
        }
        // A page that is moved between spaces meanwhile is listed in both.
        entries.sort_by(|a: &PageEntry, b: &PageEntry| a.id.cmp(&b.id).then(b.version.cmp(&a.version)));
        entries.dedup_by(|later, first| later.id == first.id);
        let current = self.state.current();
        let before: Vec<PageEntry> = current
            .and_then(|current| fetched::read(&current.dir.join(LIST)))
            .unwrap_or_default();
        let listed: HashSet<&str> = entries.iter().map(|entry| entry.id.as_str()).collect();
        let spaces = &self.confluence.site().spaces;
        let missing: Vec<PageEntry> = before
            .into_iter()
            .filter(|entry| !listed.contains(entry.id.as_str()) && spaces.contains(&entry.space))
            .collect();
        if missing.len() <= MOST_ASKED {
            // Where pages are deleted while a list is read, its parts move, and a page between them is missed.
            for entry in missing {
                entries.extend(self.confluence.page(&entry.id, &entry.space).await?);
            }
        }
        if entries.len() > self.limits.pages {
            return Err(WikiError::TooManyPages(self.limits.pages));
        }
        entries.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(entries)
    }

    /// Returns the ids of the pages that are to be documents, by their labels.
    async fn shown(&self, entries: &[PageEntry]) -> Result<HashSet<String>, WikiError> {
        let site = self.confluence.site();
        let with = async |labels: &[String]| -> Result<HashSet<String>, WikiError> {
            if labels.is_empty() {
                return Ok(HashSet::new());
            }
            if site.is_cloud {
                return self.confluence.labelled(labels, self.limits.pages).await;
            }
            // Confluence writes labels in lower case, whatever a person types.
            let is_one = |label: &String| labels.iter().any(|known| known.to_lowercase() == label.to_lowercase());
            let has = |entry: &&PageEntry| entry.labels.iter().any(is_one);
            Ok(entries.iter().filter(has).map(|entry| entry.id.clone()).collect())
        };
        let wanted = with(&site.labels).await?;
        let unwanted = with(&site.exclude_labels).await?;
        let ids = entries.iter().map(|entry| &entry.id);
        let is_shown = |id: &&String| (site.labels.is_empty() || wanted.contains(*id)) && !unwanted.contains(*id);
        Ok(ids.filter(is_shown).cloned().collect())
    }

    /// Fetches the bodies of some pages that are not on disk. Pages that are gone by now leave the list.
    async fn fetch_bodies(
        &self,
        entries: &mut Vec<PageEntry>,
        wanted: &HashSet<String>,
        progress: &FetchProgress,
    ) -> Result<(), WikiError> {
        let bodies = self.bodies();
        let is_missing =
            |entry: &&PageEntry| wanted.contains(&entry.id) && !body_file(&bodies, &entry.id, entry.version).is_file();
        let missing: Vec<String> = entries
            .iter()
            .filter(is_missing)
            .map(|entry| entry.id.clone())
            .collect();
        progress.total.fetch_add(missing.len(), Ordering::Relaxed);
        // Escapes of JSON make a body longer.
        let most = self.limits.page_bytes.saturating_mul(2).saturating_add(64 * 1024);
        let fetched: Vec<(String, Option<PageBody>)> = stream::iter(missing)
            .map(|id| async move {
                let body = match self.confluence.body(&id, most).await {
                    Err(WikiError::TooLong(most)) => {
                        tracing::warn!(page = id, most, "a wiki page is too long and is left out");
                        None
                    }
                    body => body?,
                };
                if let Some(body) = &body {
                    self.keep(&id, body)?;
                }
                progress.done.fetch_add(1, Ordering::Relaxed);
                // The text is on disk; only the facts are needed here.
                let facts = body.map(|body| PageBody {
                    storage: String::new(),
                    ..body
                });
                Ok::<_, WikiError>((id, facts))
            })
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await?;
        let mut fetched: HashMap<String, Option<PageBody>> = fetched.into_iter().collect();
        entries.retain_mut(|entry| match fetched.remove(&entry.id) {
            None => true,
            Some(None) => false,
            Some(Some(body)) => {
                entry.version = body.version;
                entry.changed = body.changed;
                entry.title = body.title;
                true
            }
        });
        Ok(())
    }

    /// Writes a body to disk. One that is only half written is no JSON, and is fetched again.
    fn keep(&self, id: &str, body: &PageBody) -> Result<(), StateError> {
        let file = body_file(&self.bodies(), id, body.version);
        let text = serde_json::to_vec(body).map_err(|cause| StateError::at(&file, cause.into()))?;
        let part = file.with_extension("part");
        std::fs::write(&part, text)
            .and_then(|()| std::fs::rename(&part, &file))
            .map_err(|cause| StateError::at(&file, cause))
    }

    /// Fetches the bodies of pages that are no documents themselves but are included in some.
    async fn fetch_included(
        &self,
        entries: &mut Vec<PageEntry>,
        shown: &HashSet<String>,
        progress: &FetchProgress,
    ) -> Result<(), WikiError> {
        if shown.len() == entries.len() {
            return Ok(());
        }
        let bodies = self.bodies();
        let mut ends = shown.clone();
        let mut known = shown.clone();
        for _ in 0..ROUNDS {
            let named = included_in(entries, &ends, &bodies);
            ends = named.difference(&known).cloned().collect();
            if ends.is_empty() {
                break;
            }
            self.fetch_bodies(entries, &ends, progress).await?;
            known.extend(ends.iter().cloned());
        }
        Ok(())
    }

    async fn write(&self, entries: &[PageEntry], shown: &HashSet<String>, dir: &Path) -> Result<(), WikiError> {
        let (entries, shown, bodies) = (entries.to_vec(), shown.clone(), self.bodies());
        let (site, most) = (self.confluence.site().address.clone(), self.limits.page_bytes / 2);
        write_tree(&self.state, dir, self.limits.megabytes, move |into| {
            let shown: HashSet<&str> = shown.iter().map(String::as_str).collect();
            Pages::new(&entries, &site, &bodies, most).write(&shown, into)
        })
        .await
    }
}

/// Writes files into a folder of their own, which is complete once it is there. `write` gets an empty folder, and returns the
/// number of bytes that it wrote.
pub(super) async fn write_tree(
    state: &SourceState,
    dir: &Path,
    megabytes: u64,
    write: impl FnOnce(&Path) -> std::io::Result<u64> + Send + 'static,
) -> Result<(), WikiError> {
    let trees = state.trees();
    let at = |cause| StateError::at(&trees, cause);
    let new = tempfile::Builder::new()
        .prefix(".new-")
        .tempdir_in(&trees)
        .map_err(at)?;
    let files = new.path().join("files");
    let into = files.clone();
    let written = tokio::task::spawn_blocking(move || {
        std::fs::create_dir(&into)?;
        write(&into)
    });
    let bytes = written
        .await
        .map_err(|cause| at(std::io::Error::other(cause)))?
        .map_err(at)?;
    if bytes > megabytes * MEGABYTE {
        return Err(WikiError::TooLarge(megabytes));
    }
    std::fs::rename(&files, dir).map_err(|cause| StateError::at(dir, cause))?;
    Ok(())
}

/// Returns the ids of the pages that some pages include.
fn included_in(entries: &[PageEntry], ids: &HashSet<String>, bodies: &Path) -> HashSet<String> {
    let folded = |text: &str| text.trim().to_lowercase();
    let by_title: HashMap<(String, String), &str> = entries
        .iter()
        .map(|entry| ((folded(&entry.space), folded(&entry.title)), entry.id.as_str()))
        .collect();
    let mut found = HashSet::new();
    for entry in entries.iter().filter(|entry| ids.contains(&entry.id)) {
        let Some(body) = read_body(bodies, &entry.id, entry.version) else {
            continue;
        };
        for (space, title) in includes(&body.storage) {
            let space = space.unwrap_or_else(|| entry.space.clone());
            found.extend(
                by_title
                    .get(&(folded(&space), folded(&title)))
                    .map(|id| (*id).to_owned()),
            );
        }
    }
    found
}

/// Id of a version: a digest of all that the files are made of.
fn version_of(entries: &[PageEntry], shown: &HashSet<String>) -> String {
    digest_of(FORMAT, entries.iter().map(|entry| (entry, shown.contains(&entry.id))))
}

/// Digest of values, in 40 hexadecimal digits. `format` numbers the way in which they are used.
pub(super) fn digest_of(format: u32, values: impl Iterator<Item = impl Serialize>) -> String {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(&format.to_be_bytes());
    for value in values {
        // Values of the same type serialise alike.
        context.update(&serde_json::to_vec(&value).unwrap_or_default());
    }
    let digits = context.finish();
    digits.as_ref().iter().take(20).fold(String::new(), |mut out, byte| {
        // Writing to a string cannot fail.
        let _ = write!(out, "{byte:02x}");
        out
    })
}

/// Removes the bodies of versions that are no longer listed.
fn remove_unused(bodies: &Path, entries: &[PageEntry]) {
    let used: HashSet<PathBuf> = entries
        .iter()
        .map(|entry| body_file(bodies, &entry.id, entry.version))
        .collect();
    for file in std::fs::read_dir(bodies).into_iter().flatten().flatten() {
        if !used.contains(&file.path()) {
            // What cannot be removed now is tried again after the next fetch.
            let _ = std::fs::remove_file(file.path());
        }
    }
}
