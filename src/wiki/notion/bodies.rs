//! The blocks of pages on disk, each in a file whose name tells when they were read.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::super::fetch::digest_of;
use super::api::PageBlocks;
use super::blocks::{NotionBlock, NotionKind};
use super::entries::NotionEntry;
use crate::fetched::{self, StateError};

/// Seconds after an edit for which another one may have the same time: Notion rounds it to the minute, and clocks differ.
const UNSURE: i64 = 120;
/// Number of the form of these files. Another number makes them be read anew.
const FORMAT: u32 = 1;

/// Name of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BodyName {
    /// Id of the page.
    id: String,
    /// Time of its last edit, in seconds.
    changed: i64,
    /// Time at which it was read, in seconds; 0 for a page that is to be read again each time.
    read: i64,
    /// Digest of its blocks.
    pub(super) digest: String,
}

impl BodyName {
    pub(super) fn new(entry: &NotionEntry, now: Timestamp, read: &PageBlocks) -> BodyName {
        BodyName {
            id: entry.id.clone(),
            changed: entry.changed.as_second(),
            // Copies of blocks that stand elsewhere change without a change of this page.
            read: if read.has_copies { 0 } else { now.as_second() },
            digest: digest_of(FORMAT, read.blocks.iter()),
        }
    }

    /// Reads a name; `None` for other files.
    fn of(name: &str) -> Option<BodyName> {
        let mut parts = name.split('-');
        let named = BodyName {
            id: parts.next()?.to_owned(),
            changed: parts.next()?.parse().ok()?,
            read: parts.next()?.parse().ok()?,
            digest: parts.next()?.to_owned(),
        };
        parts.next().is_none().then_some(named)
    }

    fn file(&self) -> String {
        format!("{}-{}-{}-{}", self.id, self.changed, self.read, self.digest)
    }

    /// Returns true for the blocks that a page has now, as far as its time tells.
    pub(super) fn is_of(&self, entry: &NotionEntry) -> bool {
        let changed = entry.changed.as_second();
        self.changed == changed && self.read >= changed + UNSURE
    }
}

/// The folder with the files.
#[derive(Debug)]
pub(super) struct Bodies {
    folder: PathBuf,
}

impl Bodies {
    pub(super) fn open(folder: &Path) -> Result<Bodies, StateError> {
        std::fs::create_dir_all(folder).map_err(|cause| StateError::at(folder, cause))?;
        Ok(Bodies {
            folder: folder.to_owned(),
        })
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Returns the latest file of each page.
    pub(super) fn names(&self) -> HashMap<String, BodyName> {
        let mut names: HashMap<String, BodyName> = HashMap::new();
        for file in std::fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            let Some(name) = file.file_name().to_str().and_then(BodyName::of) else {
                continue;
            };
            let is_later = |known: &BodyName| (name.changed, name.read) > (known.changed, known.read);
            if names.get(&name.id).is_none_or(is_later) {
                names.insert(name.id.clone(), name);
            }
        }
        names
    }

    /// Writes the blocks of a page in place of its `old` ones. A file that is only half written is no JSON, and the page is read
    /// again.
    pub(super) fn keep(
        &self,
        name: &BodyName,
        blocks: &[NotionBlock],
        old: Option<&BodyName>,
    ) -> Result<(), StateError> {
        let file = self.folder.join(name.file());
        let at = |cause| StateError::at(&file, cause);
        let text = serde_json::to_vec(blocks).map_err(|cause| at(cause.into()))?;
        let part = self.folder.join(format!("{}.part", name.id));
        std::fs::write(&part, text)
            .and_then(|()| std::fs::rename(&part, &file))
            .map_err(at)?;
        match old {
            Some(old) if old != name => self.remove(old).map_err(at),
            _ => Ok(()),
        }
    }

    /// Reads the blocks of a page; `None` where they are missing or damaged.
    pub(super) fn read(&self, name: &BodyName) -> Option<Vec<NotionBlock>> {
        fetched::read(&self.folder.join(name.file()))
    }

    /// Removes a file.
    pub(super) fn remove(&self, name: &BodyName) -> std::io::Result<()> {
        fetched::remove(&self.folder.join(name.file()))
    }

    /// Removes all files but the latest of each listed page.
    pub(super) fn remove_unused(&self, entries: &BTreeMap<String, NotionEntry>) {
        let names = self.names();
        let used = names.values().filter(|name| entries.contains_key(&name.id));
        let used: HashSet<String> = used.map(BodyName::file).collect();
        for file in std::fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            if !file.file_name().to_str().is_some_and(|name| used.contains(name)) {
                // What cannot be removed now is tried again after the next fetch.
                let _ = std::fs::remove_file(file.path());
            }
        }
    }
}

/// The ids of the pages and databases that blocks show below their page.
pub(super) fn children_of(blocks: &[NotionBlock]) -> Vec<String> {
    let mut found = Vec::new();
    let mut open: Vec<&NotionBlock> = blocks.iter().collect();
    while let Some(block) = open.pop() {
        if block.kind == NotionKind::Child {
            found.push(block.id.clone());
        }
        open.extend(&block.children);
    }
    found
}
