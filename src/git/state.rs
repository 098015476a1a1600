//! The state of a repository on disk: the commit in use, the one that is held back, the one that was accepted.

use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// The files of a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkout {
    /// The commit, in hexadecimal digits.
    pub commit: String,
    /// Time of the commit.
    pub at: Timestamp,
    /// The folder with the files.
    pub dir: PathBuf,
}

/// A commit that is held back, because it removes too many documents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldCheckout {
    /// The commit, in hexadecimal digits.
    pub commit: String,
    /// Number of documents that it removes.
    pub removed: usize,
    /// Number of documents that there are.
    pub documents: usize,
    /// Time at which it was first seen.
    pub since: Timestamp,
}

/// The commit in use, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct KeptCheckout {
    /// The address, branch and folder that it was fetched from: after other settings it is of no use.
    pub(super) from: String,
    pub(super) commit: String,
    pub(super) at: Timestamp,
    /// Name of the folder with the files.
    pub(super) tree: String,
}

/// Reads a file of JSON; `None` where there is none, or it is damaged.
pub(super) fn read<T: DeserializeOwned>(file: &Path) -> Option<T> {
    serde_json::from_slice(&std::fs::read(file).ok()?).ok()
}

/// Replaces a file of JSON as a whole.
pub(super) fn write(file: &Path, value: &impl Serialize) -> io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new(""));
    let mut new = tempfile::NamedTempFile::new_in(folder)?;
    new.write_all(&serde_json::to_vec(value)?)?;
    new.as_file().sync_all()?;
    new.persist(file).map_err(|error| error.error)?;
    Ok(())
}

/// Removes a file, unless there is none.
pub(super) fn remove(file: &Path) -> io::Result<()> {
    match std::fs::remove_file(file) {
        Err(cause) if cause.kind() != ErrorKind::NotFound => Err(cause),
        _ => Ok(()),
    }
}

/// Removes a folder with its contents, unless there is none.
pub(super) fn remove_folder(folder: &Path) -> io::Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(cause) if cause.kind() != ErrorKind::NotFound => Err(cause),
        _ => Ok(()),
    }
}

/// Bytes of all files below a folder. Files that vanish meanwhile are not counted.
pub(super) fn size(folder: &Path) -> u64 {
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
