//! Notion as a source of runbooks: the pages that are shared with a connection.
//!
//! A fetch lists the pages, by Notion's search and by the rows of its databases, reads the blocks of those that are new or
//! changed, and writes each page as a file of HTML into the [`crate::fetched`] state, in folders named after the pages and
//! databases above it:
//!
//! ```text
//! ID/bodies/PAGE-CHANGED-READ-DIGEST      the blocks of a page
//! ID/trees/…/Storage/Disk full 3f2a….html the page below the page "Storage"
//! ID/trees/…/.pages.json                  the pages that were listed
//! ```

mod api;
mod blocks;
mod bodies;
mod entries;
mod html;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use jiff::Timestamp;
use parking_lot::Mutex;

pub use api::NotionSite;

use super::fetch::{FetchProgress, MOST_ASKED, digest_of, write_tree};
use super::pages::{DEEPEST, LIST, file_name};
use super::{WikiError, WikiLimits};
use crate::fetched::{self, FetchedVersion, MEGABYTE, SourceLock, SourceState};
use api::NotionApi;
use bodies::{Bodies, BodyName};
use entries::NotionEntry;
use html::PageWriter;

/// Number of pages that are read at a time.
const AT_ONCE: usize = 3;
/// Rounds in which pages are read that Notion's search does not know yet, as deep as they may be below each other.
const ROUNDS: usize = 3;
/// Number of the way in which files are written. Another number makes all files anew.
const FORMAT: u32 = 1;

/// A workspace of Notion and its state folder.
#[derive(Debug)]
pub struct Notion {
    site: NotionSite,
    api: NotionApi,
    limits: WikiLimits,
    state: SourceState,
    /// Ids of pages around shared ones that are not shared themselves: they are asked for once.
    unshared: Mutex<HashSet<String>>,
}

impl Notion {
    /// Creates a source whose state is below `folder`. Nothing is read or written yet. `http` is one of `net::Net::client`, or the
    /// reason why there is none.
    pub fn new(site: NotionSite, limits: WikiLimits, http: Result<reqwest::Client, String>, folder: &Path) -> Notion {
        let from = format!("{} {}", site.address, site.root.as_deref().unwrap_or_default());
        Notion {
            api: NotionApi::new(&site, http),
            site,
            limits,
            state: SourceState::new(folder, from),
            unshared: Mutex::default(),
        }
    }

    /// Returns the state on disk.
    pub fn state(&self) -> &SourceState {
        &self.state
    }

    /// Fetches the present pages and writes them beside those in use, as [`super::Wiki::fetch`] does. `now` is the time.
    ///
    /// # Errors
    ///
    /// The [`WikiError`]. The version in use stays as it is.
    pub async fn fetch(&self, now: Timestamp) -> Result<(FetchedVersion, SourceLock), WikiError> {
        let lock = self.state.lock()?;
        let progress = FetchProgress::default();
        let timeout = self.limits.timeout;
        let fetched = tokio::time::timeout(timeout, self.fetch_pages(now, &progress)).await;
        Ok((fetched.unwrap_or_else(|_| Err(progress.timed_out(timeout)))?, lock))
    }

    async fn fetch_pages(&self, now: Timestamp, progress: &FetchProgress) -> Result<FetchedVersion, WikiError> {
        let bodies = Bodies::open(&self.state.folder().join("bodies"))?;
        let mut entries = self.list().await?;
        let mut wanted: Vec<String> = entries.keys().cloned().collect();
        for _ in 0..=ROUNDS {
            let children = self.fetch_bodies(&mut entries, &wanted, &bodies, now, progress).await?;
            wanted = self.add_children(&mut entries, children).await?;
            if wanted.is_empty() {
                break;
            }
        }
        // Those of the last round were not read: they are listed by the next fetch.
        for id in wanted {
            entries.remove(&id);
        }
        let kept = bodies.names();
        for entry in entries.values_mut() {
            entry.digest = kept.get(&entry.id).map(|name| name.digest.clone()).unwrap_or_default();
        }
        bodies.remove_unused(&entries);
        if fetched::size(bodies.folder()) > self.limits.megabytes * MEGABYTE {
            return Err(WikiError::TooLarge(self.limits.megabytes));
        }
        let entries: Vec<NotionEntry> = entries.into_values().collect();
        let version = digest_of(FORMAT, entries.iter());
        let dir = self.state.trees().join(&version);
        let pages = entries.iter().filter(|entry| !entry.is_database);
        let at = pages.map(|entry| entry.changed).max();
        if !dir.is_dir() {
            let site = self.site.address.clone();
            let write = move |into: &Path| write_pages(&entries, &site, &bodies, into);
            write_tree(&self.state, &dir, self.limits.megabytes, write).await?;
        }
        Ok(FetchedVersion {
            version,
            at: at.unwrap_or(Timestamp::UNIX_EPOCH),
            dir,
        })
    }

    /// Lists the pages and databases below the root, or all that are shared.
    async fn list(&self) -> Result<BTreeMap<String, NotionEntry>, WikiError> {
        let mut entries = BTreeMap::new();
        if let Some(root) = &self.site.root {
            let found = self.api.entry(root).await?;
            add(&mut entries, found.ok_or_else(|| WikiError::NotShared(root.clone()))?);
        }
        for found in self.api.search(self.limits.pages).await? {
            add(&mut entries, found);
        }
        let current = self.state.current();
        let before: Vec<NotionEntry> = current
            .and_then(|current| fetched::read(&current.dir.join(LIST)))
            .unwrap_or_default();
        self.find_parents(&mut entries, &before).await?;
        let databases = entries.values().filter(|entry| entry.is_database);
        let databases: Vec<String> = databases
            .filter(|entry| self.is_wanted(&entries, &entry.id))
            .map(|entry| entry.id.clone())
            .collect();
        for database in databases {
            let rows = self.api.rows(&database, self.limits.pages).await?;
            for row in rows.into_iter().flatten() {
                add(&mut entries, row);
            }
        }
        let missing = before.iter().map(|entry| entry.id.clone());
        let missing: Vec<String> = missing.filter(|id| !entries.contains_key(id)).collect();
        if missing.len() <= MOST_ASKED {
            // Search may lack pages for a while.
            for id in missing {
                if let Some(found) = self.api.entry(&id).await? {
                    add(&mut entries, found);
                }
            }
            self.find_parents(&mut entries, &before).await?;
        }
        self.remove_unwanted(&mut entries);
        if entries.len() > self.limits.pages {
            return Err(WikiError::TooManyPages(self.limits.pages));
        }
        Ok(entries)
    }

    /// Finds the pages around those that are in a block, and with a root those around pages that are not listed.
    async fn find_parents(
        &self,
        entries: &mut BTreeMap<String, NotionEntry>,
        before: &[NotionEntry],
    ) -> Result<(), WikiError> {
        let known: HashMap<&str, &NotionEntry> = before.iter().map(|entry| (entry.id.as_str(), entry)).collect();
        loop {
            let lost: Vec<(String, String)> = entries
                .values()
                .filter(|entry| entry.parent.is_none())
                .filter_map(|entry| Some((entry.id.clone(), entry.block.clone()?)))
                .collect();
            for (id, block) in lost {
                // A block stays in its page, unless the page in it is moved to another block.
                let same = known
                    .get(id.as_str())
                    .filter(|known| known.block.as_ref() == Some(&block));
                let parent = match same.and_then(|known| known.parent.clone()) {
                    Some(parent) => Some(parent),
                    None => self.api.page_around(&block).await?,
                };
                if let Some(entry) = entries.get_mut(&id) {
                    entry.block = entry.block.take().filter(|_| parent.is_some());
                    entry.parent = parent;
                }
            }
            let unknown: HashSet<String> = entries
                .values()
                .filter_map(|entry| entry.parent.clone())
                .filter(|id| !entries.contains_key(id) && !self.unshared.lock().contains(id))
                .collect();
            if self.site.root.is_none() || unknown.is_empty() {
                return Ok(());
            }
            for id in unknown {
                match self.api.entry(&id).await? {
                    Some(found) => add(entries, found),
                    None => {
                        self.unshared.lock().insert(id);
                    }
                }
            }
        }
    }

    /// Returns true for what is the root or below it; without a root, for everything.
    fn is_wanted(&self, entries: &BTreeMap<String, NotionEntry>, id: &str) -> bool {
        let Some(root) = &self.site.root else { return true };
        let mut seen = HashSet::new();
        let mut at = Some(id);
        while let Some(id) = at.filter(|id| seen.insert((*id).to_owned())) {
            if id == root {
                return true;
            }
            at = entries.get(id).and_then(|entry| entry.parent.as_deref());
        }
        false
    }

    /// Removes what is not below the root.
    fn remove_unwanted(&self, entries: &mut BTreeMap<String, NotionEntry>) {
        let ids = entries.keys().filter(|id| self.is_wanted(entries, id));
        let wanted: HashSet<String> = ids.cloned().collect();
        entries.retain(|id, _| wanted.contains(id));
    }

    /// Reads the blocks of some pages that are not on disk. Pages that are gone by now leave the list. Returns the ids of the pages
    /// and databases that were seen in them.
    async fn fetch_bodies(
        &self,
        entries: &mut BTreeMap<String, NotionEntry>,
        wanted: &[String],
        bodies: &Bodies,
        now: Timestamp,
        progress: &FetchProgress,
    ) -> Result<HashSet<String>, WikiError> {
        let kept = bodies.names();
        let is_missing =
            |entry: &&NotionEntry| !entry.is_database && !kept.get(&entry.id).is_some_and(|name| name.is_of(entry));
        let missing: Vec<NotionEntry> = wanted
            .iter()
            .filter_map(|id| entries.get(id))
            .filter(is_missing)
            .cloned()
            .collect();
        progress.total.fetch_add(missing.len(), Ordering::Relaxed);
        // Half of a page's bytes are left for the marks of HTML.
        let most = self.limits.page_bytes / 2;
        let kept = &kept;
        let fetched: Vec<(String, Option<Vec<String>>)> = stream::iter(missing)
            .map(|entry| async move {
                let read = self.api.blocks(&entry.id, most).await?;
                let children = match read {
                    None => None,
                    Some(read) => {
                        if read.is_cut {
                            tracing::warn!(page = entry.id, "a Notion page is too long; its end is left out");
                        }
                        let name = BodyName::new(&entry, now, &read);
                        bodies.keep(&name, &read.blocks, kept.get(&entry.id))?;
                        Some(bodies::children_of(&read.blocks))
                    }
                };
                progress.done.fetch_add(1, Ordering::Relaxed);
                Ok::<_, WikiError>((entry.id, children))
            })
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await?;
        let mut children = HashSet::new();
        for (id, found) in fetched {
            match found {
                Some(found) => children.extend(found),
                None => {
                    entries.remove(&id);
                }
            }
        }
        Ok(children)
    }

    /// Adds pages and databases that were seen in a page but are not listed, and the rows of those databases. Returns the ids of
    /// the new ones.
    async fn add_children(
        &self,
        entries: &mut BTreeMap<String, NotionEntry>,
        children: HashSet<String>,
    ) -> Result<Vec<String>, WikiError> {
        let unknown: Vec<String> = children
            .into_iter()
            .filter(|id| !entries.contains_key(id))
            .take(MOST_ASKED)
            .collect();
        let mut found = Vec::new();
        for id in unknown {
            let Some(entry) = self.api.entry(&id).await? else {
                continue;
            };
            if entry.is_database {
                found.extend(self.api.rows(&id, self.limits.pages).await?.into_iter().flatten());
            }
            found.push(entry);
        }
        let mut new = Vec::new();
        for entry in found {
            if !entries.contains_key(&entry.id) {
                new.push(entry.id.clone());
                add(entries, entry);
            }
        }
        if !new.is_empty() {
            // A copy of blocks shows pages that are elsewhere.
            self.find_parents(entries, &[]).await?;
            self.remove_unwanted(entries);
            new.retain(|id| entries.contains_key(id));
        }
        Ok(new)
    }
}

/// Adds a page or database to a list; of two states the later one.
fn add(entries: &mut BTreeMap<String, NotionEntry>, found: NotionEntry) {
    match entries.get(&found.id) {
        Some(known) if known.changed >= found.changed => {}
        _ => {
            entries.insert(found.id.clone(), found);
        }
    }
}

/// Writes the files of the pages, and the list of all pages and databases, into a folder. Returns their bytes.
fn write_pages(entries: &[NotionEntry], site: &url::Url, bodies: &Bodies, folder: &Path) -> std::io::Result<u64> {
    let writer = PageWriter::new(entries, site);
    let kept = bodies.names();
    let mut bytes = 0_u64;
    let mut damaged = None;
    for entry in entries.iter().filter(|entry| !entry.is_database) {
        let name = kept.get(&entry.id);
        let Some(blocks) = name.and_then(|name| bodies.read(name)) else {
            // Such as a file that a power failure left empty. Its page would be missing until it is changed.
            if let Some(name) = name {
                bodies.remove(name)?;
            }
            damaged = Some(&entry.id);
            continue;
        };
        let text = writer.document(entry, &blocks);
        bytes = bytes.saturating_add(text.len() as u64);
        let file = folder.join(path_of(&writer, entry));
        std::fs::create_dir_all(file.parent().unwrap_or(folder))?;
        std::fs::write(&file, text)?;
    }
    if let Some(id) = damaged {
        let cause = format!("the kept text of page {id} is damaged; the next fetch gets it again");
        return Err(std::io::Error::new(std::io::ErrorKind::InvalidData, cause));
    }
    fetched::write(&folder.join(LIST), &entries)?;
    Ok(bytes)
}

/// Path of a page's file, named as Notion's exports name it. Its id makes it unique, whatever the titles are.
fn path_of(writer: &PageWriter<'_>, entry: &NotionEntry) -> PathBuf {
    let mut titles = Vec::new();
    let mut seen = HashSet::from([entry.id.as_str()]);
    let mut parent = entry.parent.as_deref();
    while let Some(above) = parent.and_then(|id| writer.entry(id)) {
        if !seen.insert(&above.id) || titles.len() >= DEEPEST {
            break;
        }
        titles.push(file_name(&above.title));
        parent = above.parent.as_deref();
    }
    let folder: PathBuf = titles.iter().rev().collect();
    folder.join(format!("{} {}.html", file_name(&entry.title), entry.id))
}
