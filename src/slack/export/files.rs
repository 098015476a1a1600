//! The files of an export, in a folder or in a zip file. Nothing is unpacked to disk, and each file is read up to a limit.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use parking_lot::Mutex;
use zip::ZipArchive;
use zip::result::ZipError;

use super::{ExportError, UnreadFile, is_day};

/// Bytes of one file. A day of a busy channel has a few MiB; a zip file may claim anything.
pub(super) const LARGEST: u64 = 256 * 1024 * 1024;
/// Files that list the conversations and the people of an export.
pub(super) const LISTS: [&str; 5] = ["channels.json", "groups.json", "dms.json", "mpims.json", "users.json"];

/// The JSON files of an export by their path below its root, with `/` between the parts.
#[derive(Debug)]
pub(super) struct ExportFiles {
    source: Source,
    /// The path below the root, with the place in the source.
    places: BTreeMap<String, FilePlace>,
}

#[derive(Debug)]
enum Source {
    Folder,
    /// Reading moves the position in the file, so one reads at a time: unpacking is the smaller part of the work.
    Zip(Mutex<ZipArchive<File>>),
}

#[derive(Debug)]
enum FilePlace {
    Path(PathBuf),
    Entry(usize),
}

impl ExportFiles {
    /// Lists the files of an export. Entries of a zip file whose path cannot be used are added to `unread`.
    pub(super) fn list(path: &Path, unread: &mut Vec<UnreadFile>) -> Result<Self, ExportError> {
        let unreadable = |cause| ExportError::Unreadable {
            path: path.to_owned(),
            cause,
        };
        let (source, places) = if std::fs::metadata(path).map_err(unreadable)?.is_dir() {
            (Source::Folder, in_folder(path, unread).map_err(unreadable)?)
        } else {
            let file = File::open(path).map_err(unreadable)?;
            let archive = ZipArchive::new(file).map_err(|cause| ExportError::NoZip {
                path: path.to_owned(),
                cause: said(&cause),
            })?;
            let places = in_zip(&archive, unread);
            (Source::Zip(Mutex::new(archive)), places)
        };
        let root = root(places.keys().map(String::as_str)).map_err(|fault| fault.of(path, unread))?;
        let below = |(path, place): (String, FilePlace)| path.strip_prefix(&root).map(|rest| (rest.to_owned(), place));
        Ok(Self {
            source,
            places: places.into_iter().filter_map(below).collect(),
        })
    }

    /// The paths below the root, sorted.
    pub(super) fn paths(&self) -> impl Iterator<Item = &str> {
        self.places.keys().map(String::as_str)
    }

    /// The text of a file; `None` when there is no such file. Bytes that are no UTF-8 are replaced, which is added to
    /// `unread`.
    ///
    /// # Errors
    ///
    /// The reason why it cannot be read, for people.
    pub(super) fn text(&self, path: &str, unread: &mut Vec<UnreadFile>) -> Option<Result<String, String>> {
        let bytes = match (&self.source, self.places.get(path)?) {
            (Source::Folder, FilePlace::Path(place)) => from_folder(place),
            (Source::Zip(archive), FilePlace::Entry(index)) => from_zip(archive, *index),
            _ => return None,
        };
        Some(bytes.map(|bytes| {
            let text = String::from_utf8(bytes).unwrap_or_else(|cause| {
                let from = cause.utf8_error().valid_up_to();
                unread.push(UnreadFile::new(
                    path,
                    format!("not all UTF-8: byte {from} is read as \u{fffd}"),
                ));
                String::from_utf8_lossy(cause.as_bytes()).into_owned()
            });
            text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text)
        }))
    }
}

fn from_folder(path: &Path) -> Result<Vec<u8>, String> {
    let metadata = std::fs::metadata(path).map_err(|cause| cause.to_string())?;
    // Opening a pipe would wait for a writer.
    if !metadata.is_file() {
        return Err("not a regular file".to_owned());
    }
    let file = File::open(path).map_err(|cause| cause.to_string())?;
    bounded(file, metadata.len(), LARGEST)
}

fn from_zip(archive: &Mutex<ZipArchive<File>>, index: usize) -> Result<Vec<u8>, String> {
    let mut archive = archive.lock();
    let entry = archive.by_index(index).map_err(|cause| said(&cause))?;
    let size = entry.size();
    bounded(entry, size, LARGEST)
}

/// Reads at most `most` bytes, whatever size the file claims to have.
fn bounded(from: impl Read, claimed: u64, most: u64) -> Result<Vec<u8>, String> {
    let too_large = || {
        format!(
            "larger than {} MiB, the most that is read of one file",
            most / (1024 * 1024)
        )
    };
    if claimed > most {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    let read = from.take(most + 1).read_to_end(&mut bytes);
    read.map_err(|cause| cause.to_string())?;
    if bytes.len() as u64 > most {
        return Err(too_large());
    }
    Ok(bytes)
}

/// An error of the zip file in words.
fn said(cause: &ZipError) -> String {
    cause.to_string()
}

/// The JSON files of a folder, down to the day files of an export that lies one folder deeper.
fn in_folder(folder: &Path, unread: &mut Vec<UnreadFile>) -> io::Result<BTreeMap<String, FilePlace>> {
    const DEEPEST: usize = 3;
    let mut places = BTreeMap::new();
    let mut folders = vec![(folder.to_owned(), String::new(), 1)];
    while let Some((folder, prefix, depth)) = folders.pop() {
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(cause) if depth == 1 => return Err(cause),
            Err(cause) => {
                unread.push(UnreadFile::new(&prefix, cause.to_string()));
                continue;
            }
        };
        for entry in entries {
            let path = entry?.path();
            let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
                let shown = format!("{prefix}{}", path.file_name().unwrap_or_default().display());
                unread.push(UnreadFile::new(&shown, "its name is not UTF-8"));
                continue;
            };
            let below = format!("{prefix}{name}");
            if path.is_dir() {
                if depth < DEEPEST {
                    folders.push((path, format!("{below}/"), depth + 1));
                }
            } else if is_json(&below) {
                places.insert(below, FilePlace::Path(path));
            }
        }
    }
    Ok(places)
}

fn in_zip(archive: &ZipArchive<File>, unread: &mut Vec<UnreadFile>) -> BTreeMap<String, FilePlace> {
    let mut places = BTreeMap::new();
    for index in 0..archive.len() {
        let name = match archive.name_for_index(index) {
            Some(Ok(name)) if is_json(&name) => name,
            Some(Err(cause)) => {
                unread.push(UnreadFile::new(&format!("entry {index}"), said(&cause)));
                continue;
            }
            _ => continue,
        };
        match below_root(&name) {
            None => unread.push(UnreadFile::new(&name, "its path leads out of the zip file")),
            Some(path) if path.starts_with("__MACOSX/") => {}
            Some(path) => match places.entry(path) {
                Entry::Vacant(free) => {
                    free.insert(FilePlace::Entry(index));
                }
                Entry::Occupied(_) => unread.push(UnreadFile::new(&name, "the zip file holds this path twice")),
            },
        }
    }
    places
}

/// The path of an entry with `/` between its parts, however a program wrote it; `None` for one that leads out of the zip
/// file. Nothing is unpacked, so that a `/` at its beginning does no harm.
fn below_root(name: &str) -> Option<String> {
    let parts = name.split(['/', '\\']).filter(|part| !part.is_empty() && *part != ".");
    let parts: Vec<&str> = parts.collect();
    (!parts.contains(&"..")).then(|| parts.join("/"))
}

fn is_json(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|extension| extension == "json")
}

/// A reason why a list of files is no export.
enum NoRoot {
    NoDays,
    Several(Vec<String>),
}

impl NoRoot {
    fn of(self, path: &Path, unread: &[UnreadFile]) -> ExportError {
        let path = path.to_owned();
        match self {
            Self::NoDays => ExportError::NoExport {
                path,
                unread: unread.first().cloned(),
            },
            Self::Several(folders) => ExportError::SeveralExports {
                path,
                // Names in a zip file may hold anything.
                folders: folders.iter().map(|name| name.escape_debug().to_string()).collect(),
            },
        }
    }
}

/// The prefix of the paths below the root of the export: empty, or a folder around it, as some programs pack it.
fn root<'p>(paths: impl Iterator<Item = &'p str> + Clone) -> Result<String, NoRoot> {
    let is_below = |path: &str| match path.split_once('/') {
        None => LISTS.contains(&path),
        Some((_, day)) => is_day(day),
    };
    if paths.clone().any(is_below) {
        return Ok(String::new());
    }
    let folders = paths.filter_map(|path| path.split_once('/').filter(|(_, rest)| is_below(rest)));
    let mut folders: Vec<String> = folders.map(|(folder, _)| folder.to_owned()).collect();
    folders.dedup();
    match folders.as_slice() {
        [] => Err(NoRoot::NoDays),
        [folder] => Ok(format!("{folder}/")),
        _ => Err(NoRoot::Several(folders)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_is_found_one_folder_deeper() {
        let of = |paths: &[&str]| root(paths.iter().copied()).ok();
        for (paths, expected) in [
            (&["channels.json"][..], Some("")),
            (&["general/2026-01-02.json"], Some("")),
            (
                &["export/channels.json", "export/general/2026-01-02.json"],
                Some("export/"),
            ),
            (&["export/general/2026-01-02.json"], Some("export/")),
            (&["notes.json", "general/notes.json"], None),
            (&["a/general/2026-01-02.json", "b/general/2026-01-02.json"], None),
            (&[], None),
        ] {
            assert_eq!(of(paths).as_deref(), expected, "{paths:?}");
        }
    }

    #[test]
    fn a_file_is_read_up_to_the_limit_whatever_it_claims() {
        let read = |bytes: usize, claimed| bounded(&vec![0; bytes][..], claimed, 1024 * 1024).map(|read| read.len());
        let most = 1024 * 1024;
        assert_eq!(read(most, most as u64), Ok(most));
        for (bytes, claimed) in [(most + 1, 10), (10, most as u64 + 1)] {
            let told = read(bytes, claimed).unwrap_err();
            assert_eq!(told, "larger than 1 MiB, the most that is read of one file");
        }
    }
}
