//! State of a fetched source on disk: the version in use, the one that is held back, the one that was accepted.
//!
//! ```text
//! ID/trees/…        the files of a version, complete once the folder is there
//! ID/state.json     the version in use
//! ID/held.json      the version that is held back, because it removes too many documents
//! ID/accepted       the version that an operator accepted
//! ID/lock           locked while a process fetches
//! ```

use std::fs::{File, TryLockError};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Bytes of a megabyte.
pub const MEGABYTE: u64 = 1024 * 1024;

/// The files of a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchedVersion {
    /// Id of the version, in hexadecimal digits: a commit, or a digest of the pages.
    pub version: String,
    /// Time of the commit, or of the latest change.
    pub at: Timestamp,
    /// The folder with the files.
    pub dir: PathBuf,
}

/// A version that is held back, because it removes too many documents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldVersion {
    /// Id of the version, in hexadecimal digits. Older versions of signpost wrote `commit`.
    #[serde(alias = "commit")]
    pub version: String,
    /// Number of documents that it removes.
    pub removed: usize,
    /// Number of documents that there are.
    pub documents: usize,
    /// Time at which it was first seen.
    pub since: Timestamp,
}

/// The version in use, as it is kept.
#[derive(Debug, Serialize, Deserialize)]
struct KeptVersion {
    /// The place that it was fetched from: after other settings it is of no use.
    from: String,
    /// Older versions of signpost wrote `commit`.
    #[serde(alias = "commit")]
    version: String,
    at: Timestamp,
    /// Name of the folder with the files.
    tree: String,
}

/// Reason why the state cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// Another process fetches the same source.
    #[error("another process is fetching this source")]
    Busy,
    /// A file or folder cannot be read or written.
    #[error("the state folder {path} cannot be used: {cause}")]
    Unusable {
        /// The file or folder.
        path: String,
        /// The cause.
        cause: io::Error,
    },
}

impl StateError {
    /// The error of a file or folder.
    pub fn at(path: &Path, cause: io::Error) -> StateError {
        StateError::Unusable {
            path: path.display().to_string(),
            cause,
        }
    }
}

/// Lock of a state folder against other processes, as long as it lives.
#[derive(Debug)]
pub struct SourceLock {
    _file: File,
}

/// The state folder of a source.
#[derive(Debug)]
pub struct SourceState {
    folder: PathBuf,
    /// The place that the settings name. State of another place is not used.
    from: String,
}

impl SourceState {
    /// Creates a state below `folder`. Nothing is read or written yet.
    pub fn new(folder: &Path, from: String) -> SourceState {
        let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
        SourceState { folder, from }
    }

    /// Returns the folder with all of the state.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Returns the folder with the files of all versions.
    pub fn trees(&self) -> PathBuf {
        self.folder.join("trees")
    }

    /// Returns the version in use: the last one that was adopted, also before a restart.
    pub fn current(&self) -> Option<FetchedVersion> {
        let kept: KeptVersion = read(&self.folder.join("state.json"))?;
        let dir = self.trees().join(&kept.tree);
        (kept.from == self.from && dir.is_dir()).then_some(FetchedVersion {
            version: kept.version,
            at: kept.at,
            dir,
        })
    }

    /// Locks the state folder against other processes, as long as the lock lives.
    ///
    /// # Errors
    ///
    /// Another process has the lock, or the folder cannot be written.
    pub fn lock(&self) -> Result<SourceLock, StateError> {
        let trees = self.trees();
        std::fs::create_dir_all(&trees).map_err(|cause| StateError::at(&trees, cause))?;
        let path = self.folder.join("lock");
        let file = File::create(&path).map_err(|cause| StateError::at(&path, cause))?;
        match file.try_lock() {
            Ok(()) => Ok(SourceLock { _file: file }),
            Err(TryLockError::WouldBlock) => Err(StateError::Busy),
            Err(TryLockError::Error(cause)) => Err(StateError::at(&path, cause)),
        }
    }

    /// Puts a fetched version into use, and removes all others but the one that was in use until now.
    ///
    /// # Errors
    ///
    /// The state folder cannot be written.
    pub fn adopt(&self, fetched: &FetchedVersion) -> Result<(), StateError> {
        let before = self.current();
        let tree = name_of(&fetched.dir);
        let kept = KeptVersion {
            from: self.from.clone(),
            version: fetched.version.clone(),
            at: fetched.at,
            tree: tree.clone(),
        };
        let file = self.folder.join("state.json");
        write(&file, &kept).map_err(|cause| StateError::at(&file, cause))?;
        self.release()?;
        self.remove_others(&[Some(tree), before.map(|before| name_of(&before.dir))]);
        Ok(())
    }

    /// Removes the files of all versions but some.
    fn remove_others(&self, needed: &[Option<String>]) {
        for entry in std::fs::read_dir(self.trees()).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if !needed.iter().flatten().any(|needed| *needed == name) {
                // What cannot be removed now is tried again after the next fetch.
                let _ = remove_folder(&entry.path());
            }
        }
    }

    /// Returns the version that is held back, if there is one.
    pub fn held(&self) -> Option<HeldVersion> {
        read(&self.folder.join("held.json"))
    }

    /// Holds a version back. The files of versions that were held back before it are removed.
    ///
    /// # Errors
    ///
    /// The state folder cannot be written.
    pub fn hold(&self, held: &HeldVersion, fetched: &FetchedVersion) -> Result<(), StateError> {
        let file = self.folder.join("held.json");
        let is_new = self.held().is_none_or(|before| before.version != held.version);
        write(&file, held).map_err(|cause| StateError::at(&file, cause))?;
        if is_new {
            let current = self.current().map(|current| name_of(&current.dir));
            self.remove_others(&[Some(name_of(&fetched.dir)), current]);
        }
        Ok(())
    }

    /// Forgets the version that was held back, and its acceptance.
    ///
    /// # Errors
    ///
    /// The state folder cannot be written.
    pub fn release(&self) -> Result<(), StateError> {
        for name in ["held.json", "accepted"] {
            let file = self.folder.join(name);
            remove(&file).map_err(|cause| StateError::at(&file, cause))?;
        }
        Ok(())
    }

    /// Accepts the version that is held back: the next fetch adopts it. Returns it; `None` when none is held back.
    ///
    /// # Errors
    ///
    /// The state folder cannot be written.
    pub fn accept(&self) -> Result<Option<HeldVersion>, StateError> {
        let Some(held) = self.held() else { return Ok(None) };
        let file = self.folder.join("accepted");
        write(&file, &held.version).map_err(|cause| StateError::at(&file, cause))?;
        Ok(Some(held))
    }

    /// Returns true when an operator accepted a version that was held back.
    pub fn is_accepted(&self, version: &str) -> bool {
        read::<String>(&self.folder.join("accepted")).is_some_and(|accepted| accepted == version)
    }
}

/// Path of the owner files around the fetched folder, below that folder. No repository can hold a file of this name.
const OWNERS_ABOVE: &str = ".git/owners.json";

/// Returns the owner files above a fetched folder, by their paths in the repository.
pub fn owners_above(dir: &Path) -> Vec<(String, String)> {
    read(&dir.join(OWNERS_ABOVE)).unwrap_or_default()
}

/// Returns true when the owner files above a fetched folder are known.
pub fn has_owners_above(dir: &Path) -> bool {
    dir.join(OWNERS_ABOVE).is_file()
}

/// Writes the owner files above a fetched folder, by their paths in the repository.
///
/// # Errors
///
/// The folder cannot be written.
pub fn write_owners_above(dir: &Path, files: &[(String, String)]) -> io::Result<()> {
    let file = dir.join(OWNERS_ABOVE);
    std::fs::create_dir_all(file.parent().unwrap_or(dir))?;
    write(&file, &files)
}

/// Returns the last part of a path.
fn name_of(dir: &Path) -> String {
    dir.file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}

/// Reads a file of JSON; `None` where there is none, or it is damaged.
pub fn read<T: DeserializeOwned>(file: &Path) -> Option<T> {
    serde_json::from_slice(&std::fs::read(file).ok()?).ok()
}

/// Replaces a file of JSON as a whole.
///
/// # Errors
///
/// The folder cannot be written.
pub fn write(file: &Path, value: &impl Serialize) -> io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new(""));
    let mut new = tempfile::NamedTempFile::new_in(folder)?;
    new.write_all(&serde_json::to_vec(value)?)?;
    new.as_file().sync_all()?;
    new.persist(file).map_err(|error| error.error)?;
    Ok(())
}

/// Removes a file, unless there is none.
///
/// # Errors
///
/// The file cannot be removed.
pub fn remove(file: &Path) -> io::Result<()> {
    match std::fs::remove_file(file) {
        Err(cause) if cause.kind() != ErrorKind::NotFound => Err(cause),
        _ => Ok(()),
    }
}

/// Removes a folder with its contents, unless there is none.
///
/// # Errors
///
/// The folder cannot be removed.
pub fn remove_folder(folder: &Path) -> io::Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(cause) if cause.kind() != ErrorKind::NotFound => Err(cause),
        _ => Ok(()),
    }
}

/// Returns the bytes of all files below a folder. Files that vanish meanwhile are not counted.
pub fn size(folder: &Path) -> u64 {
    let mut folders = vec![folder.to_owned()];
    let mut bytes = 0_u64;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            match entry.metadata() {
                Ok(metadata) if metadata.is_dir() => folders.push(entry.path()),
                Ok(metadata) => bytes = bytes.saturating_add(metadata.len()),
                Err(_) => {}
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::KeptVersion;
    use crate::clock::{Clock as _, SystemClock};

    #[test]
    fn the_state_of_versions_that_knew_only_commits_is_read() {
        let kept = KeptVersion {
            from: "https://git.example/books".into(),
            version: "4f2a".into(),
            at: SystemClock.now(),
            tree: "4f2a".into(),
        };
        let before = serde_json::to_string(&kept)
            .unwrap()
            .replace("\"version\"", "\"commit\"");
        let read: KeptVersion = serde_json::from_str(&before).unwrap();
        assert_eq!((read.version, read.tree), (kept.version, kept.tree));
    }
}
