//! Runbook folders: walking, reading, the embedded sample pack.

mod embedded;
mod walk;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::runbook::{self, Diagnostic, Level, Library, Runbook, Skipped, Value};

pub use embedded::load_embedded;
pub use walk::DEFAULT_IGNORE;

/// How a folder is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// What is no runbook, as lines of a `.gitignore`.
    pub ignore: Vec<String>,
    /// Larger files are skipped and reported.
    pub max_bytes: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            ignore: DEFAULT_IGNORE.iter().map(|line| (*line).to_owned()).collect(),
            max_bytes: 2 * 1024 * 1024,
        }
    }
}

/// Why a folder could not be read at all.
#[derive(Debug, Error)]
pub enum LoadError {
    /// Nothing is there.
    #[error("there is no runbook folder at {0}; give the path of the folder that holds your runbooks")]
    Missing(PathBuf),
    /// Something else is there.
    #[error("{0} is not a folder; give the folder that holds your runbooks, not one of them")]
    NotAFolder(PathBuf),
    /// It cannot be listed.
    #[error("the runbook folder {path} cannot be read: {source}")]
    Unreadable {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A pattern is wrong.
    #[error("`{pattern}` in runbooks.ignore is no pattern: {reason}")]
    Ignore {
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// A file that was read.
struct Source {
    path: String,
    text: String,
}

enum Parsed {
    Runbook(Box<Runbook>, Vec<Diagnostic>),
    Nothing(Vec<Diagnostic>),
}

/// Reads a folder of runbooks. With `previous`, a file that cannot be read keeps its old version. `progress` is told how
/// many of how many files are done.
///
/// # Errors
///
/// The folder is missing, is no folder, cannot be listed, or an ignore pattern is wrong.
pub fn load(
    dir: &Path,
    options: &Options,
    previous: Option<&Library>,
    progress: &dyn Fn(usize, usize),
) -> Result<Library, LoadError> {
    let found = walk::walk(dir, options)?;
    let mut library = Library {
        skipped: found.skipped,
        diagnostics: found.diagnostics,
        ..Library::default()
    };
    for (path, file) in found.data {
        read_data(&path, &file, &mut library, previous);
    }
    library.teams = runbook::teams(&library.data);
    let total = found.documents.len();
    let mut sources = Vec::with_capacity(total);
    for (path, file) in found.documents {
        match walk::read_text(&file, options.max_bytes) {
            Ok(walk::Content::Text { text, lossy }) => {
                if lossy {
                    library.diagnostics.push(note(
                        &path,
                        0,
                        Level::Warning,
                        "encoding",
                        "the file is not UTF-8; what could not be read is shown as �, save it as UTF-8".into(),
                    ));
                }
                sources.push(Source { path, text });
            }
            Ok(walk::Content::TooLarge(bytes)) => {
                let limit = options.max_bytes;
                let message = format!("the file has {bytes} bytes and is not read; split it, or keep it below {limit}");
                library
                    .diagnostics
                    .push(note(&path, 0, Level::Warning, "too-large", message));
                library.skipped.push(Skipped {
                    path,
                    reason: "too large".to_owned(),
                });
            }
            Ok(walk::Content::No(reason)) => library.skipped.push(Skipped { path, reason }),
            Err(error) => {
                let kept = keep_old(&path, &mut library, previous);
                library.diagnostics.push(note(
                    &path,
                    0,
                    Level::Error,
                    "unreadable",
                    format!("the file cannot be read: {error}; {kept}"),
                ));
            }
        }
    }
    progress(0, total);
    take_in(&sources, &mut library, previous, total, progress);
    if library.runbooks.is_empty() {
        library.diagnostics.push(note(
            "",
            0,
            Level::Warning,
            "no-runbooks",
            format!(
                "no runbook was found in {}; put Markdown files there, or check runbooks.ignore",
                dir.display()
            ),
        ));
    }
    finish(&mut library);
    Ok(library)
}

/// Parses on two threads: a large folder is read while a person waits.
fn take_in(
    sources: &[Source],
    library: &mut Library,
    previous: Option<&Library>,
    total: usize,
    progress: &dyn Fn(usize, usize),
) {
    let data = &library.data;
    let (front, back) = sources.split_at(sources.len() / 2);
    let parsed = std::thread::scope(|scope| {
        let other = scope.spawn(|| back.iter().map(|source| parse(source, data)).collect::<Vec<Parsed>>());
        let mut parsed = Vec::with_capacity(sources.len());
        for source in front {
            parsed.push(parse(source, data));
            progress(parsed.len(), total);
        }
        match other.join() {
            Ok(rest) => parsed.extend(rest),
            Err(panic) => std::panic::resume_unwind(panic),
        }
        parsed
    });
    for (source, parsed) in sources.iter().zip(parsed) {
        match parsed {
            Parsed::Runbook(runbook, diagnostics) => {
                library.diagnostics.extend(diagnostics);
                library.runbooks.push(*runbook);
            }
            Parsed::Nothing(diagnostics) => {
                if diagnostics.iter().any(|diagnostic| diagnostic.level == Level::Error) {
                    let kept = keep_old(&source.path, library, previous);
                    library
                        .diagnostics
                        .extend(diagnostics.into_iter().map(|mut diagnostic| {
                            diagnostic.message = format!("{}; {kept}", diagnostic.message);
                            diagnostic
                        }));
                } else {
                    library.diagnostics.extend(diagnostics);
                    library.skipped.push(Skipped {
                        path: source.path.clone(),
                        reason: "YAML without CRE rules".to_owned(),
                    });
                }
            }
        }
    }
    progress(total, total);
}

fn parse(source: &Source, data: &BTreeMap<String, Value>) -> Parsed {
    match runbook::parse(&source.path, &source.text, data) {
        (Some(runbook), diagnostics) => Parsed::Runbook(Box::new(runbook), diagnostics),
        (None, diagnostics) => Parsed::Nothing(diagnostics),
    }
}

fn keep_old(path: &str, library: &mut Library, previous: Option<&Library>) -> &'static str {
    let old = previous.and_then(|previous| previous.runbooks.iter().find(|runbook| runbook.path == path));
    match old {
        Some(runbook) => {
            library.runbooks.push(runbook.clone());
            "the version read before is kept"
        }
        None => "it is left out",
    }
}

fn read_data(path: &str, file: &Path, library: &mut Library, previous: Option<&Library>) {
    let name = path.rsplit('/').next().unwrap_or(path);
    let name = name.rsplit_once('.').map_or(name, |(stem, _)| stem).to_owned();
    let read = std::fs::read(file)
        .map_err(|error| (0, error.to_string()))
        .and_then(|bytes| runbook::frontmatter::data(&String::from_utf8_lossy(&bytes).replace("\r\n", "\n")));
    match read {
        Ok(value) => {
            library.data.insert(name, value);
        }
        Err((line, message)) => {
            let old = previous.and_then(|previous| previous.data.get(&name));
            let kept = if old.is_some() {
                "the version read before is kept"
            } else {
                "names from it are shown as their keys"
            };
            if let Some(value) = old {
                library.data.insert(name, value.clone());
            }
            library.diagnostics.push(note(
                path,
                line,
                Level::Error,
                "data",
                format!("the data file cannot be read: {message}; {kept}"),
            ));
        }
    }
}

fn finish(library: &mut Library) {
    library.runbooks.sort_by(|a, b| a.path.cmp(&b.path));
    library.skipped.sort_by(|a, b| a.path.cmp(&b.path));
    library
        .diagnostics
        .sort_by(|a, b| (&a.path, a.line, a.code).cmp(&(&b.path, b.line, b.code)));
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
