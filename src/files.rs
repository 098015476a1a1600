//! Runbook folders: walking, reading, the embedded sample pack.

mod embedded;
mod folder;
mod stamp;
mod walk;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use thiserror::Error;

use crate::clock::SystemClock;
use crate::runbook::{Diagnostic, Document, Level, Library, Runbook};

pub use embedded::load_embedded;
pub use folder::Folder;
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

/// What is done with every document that was parsed, on many threads at once.
pub type Take<'a> = &'a (dyn Fn(&Document, &Runbook) + Sync);

/// Reads a folder of runbooks once. With `previous`, a file that cannot be read keeps its old version. `progress` is told
/// how many of how many files are done. What reads it again and again is a [`Folder`].
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
    let mut folder = Folder::new(dir, options.clone(), Arc::new(SystemClock));
    if let Some(library) = previous {
        folder.remember(library);
    }
    folder.read(progress, &|_, _| {})
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
