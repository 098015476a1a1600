//! The guard against a fetch that removes most of a source's documents, such as a wrong branch or an emptied folder.

use std::collections::HashSet;
use std::path::Path;

use super::{FetchError, FetchedPlace, FetchedSource};
use crate::clock::Clock;
use crate::fetched::{FetchedVersion, HeldVersion};
use crate::files::{self, ListedDocument, Options};

/// Fewest documents of a source that is guarded: of a few, most may be removed for good reasons.
const FEWEST: usize = 10;

/// Outcome of a fetch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GuardedFetch {
    /// The version was in use already.
    Unchanged(FetchedVersion),
    /// The version is in use now.
    Adopted(FetchedVersion),
    /// The version is held back; another stays in use.
    Held(HeldVersion),
}

impl FetchedSource {
    /// Fetches the source, and puts the version into use unless it removes too many documents.
    ///
    /// # Errors
    ///
    /// The [`FetchError`]. The version in use stays as it is.
    pub async fn fetch(&self, clock: &dyn Clock) -> Result<GuardedFetch, FetchError> {
        let (fetched, _lock) = self.fetch_version(clock).await?;
        let state = self.state();
        let current = state.current();
        if current.as_ref() == Some(&fetched) {
            state.release()?;
            return Ok(GuardedFetch::Unchanged(fetched));
        }
        if let Some(current) = current
            && !state.is_accepted(&fetched.version)
            && let Some((removed, documents)) = self.removed(&current.dir, &fetched.dir).await
            && !self.is_removal_accepted(removed)
        {
            let known = state.held().filter(|held| held.version == fetched.version);
            let held = known.unwrap_or_else(|| HeldVersion {
                version: fetched.version.clone(),
                removed,
                documents,
                since: clock.now(),
            });
            state.hold(&held, &fetched)?;
            return Ok(GuardedFetch::Held(held));
        }
        state.adopt(&fetched)?;
        Ok(GuardedFetch::Adopted(fetched))
    }

    /// Returns true when an operator accepted that a wiki loses as many documents: its pages change all the time, so that
    /// the accepted version is seldom met again.
    fn is_removal_accepted(&self, removed: usize) -> bool {
        let held = self.state().held();
        let accepted = held.filter(|held| self.state().is_accepted(&held.version));
        matches!(self.place, FetchedPlace::Wiki(_) | FetchedPlace::Notion(_))
            && accepted.is_some_and(|held| removed <= held.removed)
    }

    /// The number of documents that a fetch removes, and of those before it, where that is too many.
    async fn removed(&self, old: &Path, new: &Path) -> Option<(usize, usize)> {
        let (old, new, options, most) = (old.to_owned(), new.to_owned(), self.options.clone(), self.max_removed);
        let likeness = match self.place {
            FetchedPlace::Git(_) => name_and_length,
            FetchedPlace::Wiki(_) | FetchedPlace::Notion(_) => page_id,
        };
        let counted = tokio::task::spawn_blocking(move || removed(&old, &new, &options, likeness)).await;
        let (removed, documents) = counted.ok()?;
        let is_too_many = documents >= FEWEST && removed as f64 > most * documents as f64;
        is_too_many.then_some((removed, documents))
    }
}

/// Name and length of a file, by which it is known when it was moved to another folder.
fn name_and_length(file: &ListedDocument) -> (&str, u64) {
    (file.path.rsplit('/').next().unwrap_or(&file.path), file.bytes)
}

/// Id of a page, which its file's name ends with: it stays the same when the page is renamed or moved.
fn page_id(file: &ListedDocument) -> (&str, u64) {
    (file.path.rsplit(['_', ' ']).next().unwrap_or(&file.path), 0)
}

/// Counts the documents of `old`, and those of them that `new` has neither at their path nor elsewhere with the same
/// likeness: moving a folder removes nothing.
fn removed(old: &Path, new: &Path, options: &Options, likeness: fn(&ListedDocument) -> (&str, u64)) -> (usize, usize) {
    let before = files::documents(old, options).unwrap_or_default();
    let after = files::documents(new, options).unwrap_or_default();
    let paths: HashSet<&str> = after.iter().map(|file| file.path.as_str()).collect();
    let moved: HashSet<(&str, u64)> = after.iter().map(likeness).collect();
    let gone = before
        .iter()
        .filter(|file| !paths.contains(file.path.as_str()) && !moved.contains(&likeness(file)));
    (gone.count(), before.len())
}
