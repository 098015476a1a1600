//! Runbook folders: walking, reading, the embedded sample pack.

mod asciidoc;
mod collection;
mod data;
mod embedded;
mod folder;
mod owners;
mod read;
mod stamp;
mod translations;
mod walk;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use thiserror::Error;

use crate::clock::SystemClock;
use crate::runbook::{Diagnostic, Document, Level, Library, Runbook, Skipped};

pub use collection::{Collection, SourcePlace};
pub use embedded::load_embedded;
pub use folder::Folder;
pub use walk::{DEFAULT_IGNORE, ListedDocument};

/// Options for reading a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Patterns of files that are not runbooks, as lines of a `.gitignore`.
    pub ignore: Vec<String>,
    /// Size limit of a file, in bytes; larger ones are skipped and reported.
    pub max_bytes: u64,
    /// Size limit of all files of `_data` together, in bytes.
    pub max_data_bytes: u64,
    /// Maximum number of files and folders that are visited; the rest is reported.
    pub max_entries: usize,
    /// Maximum depth, in levels, to which folders are visited.
    pub max_depth: usize,
    /// True when links may lead out of the folder.
    pub follow_links: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            ignore: DEFAULT_IGNORE.iter().map(|line| (*line).to_owned()).collect(),
            max_bytes: 2 * 1024 * 1024,
            max_data_bytes: 4 * 1024 * 1024,
            max_entries: 100_000,
            max_depth: 32,
            follow_links: false,
        }
    }
}

/// Reason why a folder could not be read at all.
#[derive(Debug, Error)]
pub enum LoadError {
    /// The path does not exist.
    #[error("there is no runbook folder at {0}; give the path of the folder that contains your runbooks")]
    Missing(PathBuf),
    /// The path is not a folder.
    #[error("{0} is not a folder; give the folder that contains your runbooks, not a single file")]
    NotAFolder(PathBuf),
    /// The folder cannot be listed.
    #[error("the runbook folder {path} cannot be read: {source}")]
    Unreadable {
        /// The folder.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// An ignore pattern is invalid.
    #[error("`{pattern}` in runbooks.ignore is not a valid pattern: {reason}")]
    Ignore {
        /// The pattern.
        pattern: String,
        /// The pattern's fault.
        reason: String,
    },
}

/// Progress callback: called with the files done and the total, on the thread that finished one.
pub type Progress<'a> = &'a (dyn Fn(usize, usize) + Sync);

/// Callback that is handed every parsed document, on many threads at once.
pub type Take<'a> = &'a (dyn Fn(&Document, &Runbook) + Sync);

/// Reads a folder of runbooks once. With `previous`, a file that cannot be read keeps its old version. `progress` is
/// called with the files done and the total. Use a [`Folder`] to read repeatedly.
///
/// # Errors
///
/// The folder is missing, is not a folder or cannot be listed, or an ignore pattern is invalid.
pub fn load(
    dir: &Path,
    options: &Options,
    previous: Option<&Library>,
    progress: Progress<'_>,
) -> Result<Library, LoadError> {
    let mut folder = Folder::new(dir, options.clone(), Arc::new(SystemClock));
    if let Some(library) = previous {
        folder.remember(library);
    }
    folder.read(progress, &|_, _| {})
}

/// Lists the documents of a folder without reading them.
///
/// # Errors
///
/// As for [`Folder::read`].
pub fn documents(dir: &Path, options: &Options) -> Result<Vec<ListedDocument>, LoadError> {
    let found = walk::walk(dir, options)?;
    let listed = found.documents.into_iter().map(|(path, file)| ListedDocument {
        path,
        bytes: std::fs::metadata(file).map_or(0, |metadata| metadata.len()),
    });
    Ok(listed.collect())
}

fn finish(library: &mut Library) {
    library.runbooks.sort_by(|a, b| a.path.cmp(&b.path));
    library.skipped.sort_by(|a, b| a.path.cmp(&b.path));
    library
        .diagnostics
        .sort_by(|a, b| (&a.path, a.line, a.code).cmp(&(&b.path, b.line, b.code)));
}

/// Lists the files that were not read, by reason, as lines for people:
/// `4 files skipped (excluded by runbooks.ignore): README.md, LICENSE, OWNERS, …`.
pub fn left_out(skipped: &[Skipped]) -> Vec<String> {
    const NAMED: usize = 3;
    let mut reasons: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for one in skipped {
        reasons.entry(&one.reason).or_default().push(&one.path);
    }
    let line = |(reason, paths): (&str, Vec<&str>)| {
        let named: Vec<&str> = paths.iter().copied().take(NAMED).collect();
        let more = if paths.len() > named.len() { ", …" } else { "" };
        let plural = if paths.len() == 1 { "" } else { "s" };
        format!(
            "{} file{plural} skipped ({reason}): {}{more}",
            paths.len(),
            named.join(", ")
        )
    };
    reasons.into_iter().map(line).collect()
}

/// Counts the documents that were read and the files that were skipped, if any: `12 documents read, 3 files skipped`.
pub fn counted(documents: usize, skipped: usize) -> String {
    let many = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    let read = many(documents, "document");
    match skipped {
        0 => format!("{read} read"),
        skipped => format!("{read} read, {} skipped", many(skipped, "file")),
    }
}

/// Explains why a folder or the sources give the bot nothing to answer with, in one sentence and a line for each reason.
pub fn nothing_to_read(place: &str, library: &Library) -> String {
    let mut text = format!("there are no runbooks in {place}");
    let problems = library.diagnostics.iter().filter(|found| found.code != "no-runbooks");
    let problems: Vec<String> = problems
        .take(5)
        .map(|found| match found.path.as_str() {
            "" => found.message.clone(),
            path => format!("{path}: {}", found.message),
        })
        .collect();
    let left_out = left_out(&library.skipped);
    if left_out.is_empty() && problems.is_empty() {
        text.push_str(": it is empty");
    }
    for line in left_out.iter().chain(&problems) {
        text.push_str("\n  ");
        text.push_str(line);
    }
    text.push_str("\nPut Markdown files there (.md, .txt), or give the folder that contains them.");
    text
}

fn note(path: &str, line: u32, level: Level, code: &'static str, message: String) -> Diagnostic {
    Diagnostic {
        path: path.to_owned(),
        line,
        level,
        code,
        message,
    }
}
