//! Git repositories as sources of runbooks, read through the `git` program.
//!
//! Each repository has a folder of its own below the state folder:
//!
//! ```text
//! ID/repo.git       a bare, shallow clone of one branch
//! ```
//!
//! The rest of it is the [`crate::fetched`] state: the files of each commit, and the commit in use.
//!
//! Nothing of the repository is run: no hooks, filters, submodules or LFS. What is fetched is bounded in time and size.

mod program;
mod repository;

pub use repository::{GitLimits, Remote, Repository};

use std::time::Duration;

use crate::fetched::StateError;

/// Reason why a repository cannot be fetched. None holds a credential.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// The `git` program is missing.
    #[error("the program `git` cannot be started ({0}); install it on this machine")]
    NoProgram(std::io::Error),
    /// The remote lacks the branch, tag or commit.
    #[error("the repository has no branch, tag or commit `{0}`; check whether it was deleted or renamed")]
    NoReference(String),
    /// The commit lacks the folder.
    #[error("the repository has no folder `{0}`")]
    NoFolder(String),
    /// The remote refuses access, or has no such repository.
    #[error("access is refused, or there is no such repository ({0}); check the address and the token or key")]
    Refused(String),
    /// The remote sends to another address.
    #[error("the server redirects to another address; set the new one, because redirects are not followed")]
    Redirected,
    /// The fetch took too long.
    #[error("fetching took longer than {} seconds (runbooks.fetch_timeout)", .0.as_secs())]
    TimedOut(Duration),
    /// The clone or the files are too large.
    #[error("the source is larger than {0} megabytes (runbooks.fetch_megabytes)")]
    TooLarge(u64),
    /// The commit has too many files.
    #[error("the source has more than {0} files; set `path` to the folder with the runbooks")]
    TooManyFiles(usize),
    /// A command of git failed.
    #[error("git {step}: {detail}")]
    Failed {
        /// The command.
        step: &'static str,
        /// Its message.
        detail: String,
    },
    /// The state folder cannot be used.
    #[error(transparent)]
    State(#[from] StateError),
}
