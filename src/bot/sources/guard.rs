//! The guard against a fetch that removes most of a source's documents, such as a wrong branch or an emptied folder.

use std::path::Path;

use super::GitSource;
use crate::clock::Clock;
use crate::files::{self, Options};
use crate::git::{Checkout, GitError, HeldCheckout};

/// Fewest documents of a source that is guarded: of a few, most may be removed for good reasons.
const FEWEST: usize = 10;

/// Outcome of a fetch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GuardedFetch {
    /// The commit was in use already.
    Unchanged(Checkout),
    /// The commit is in use now.
    Adopted(Checkout),
    /// The commit is held back; another stays in use.
    Held(HeldCheckout),
}

impl GitSource {
    /// Fetches the source, and puts the commit into use unless it removes too many documents.
    ///
    /// # Errors
    ///
    /// The [`GitError`]. The commit in use stays as it is.
    pub async fn fetch(&self, clock: &dyn Clock) -> Result<GuardedFetch, GitError> {
        let (fetched, _lock) = self.repository.fetch().await?;
        let current = self.repository.current();
        if current.as_ref() == Some(&fetched) {
            self.repository.release()?;
            return Ok(GuardedFetch::Unchanged(fetched));
        }
        if let Some(current) = current
            && !self.repository.is_accepted(&fetched.commit)
            && let Some((removed, documents)) = self.removed(&current.dir, &fetched.dir).await
        {
            let known = self.repository.held().filter(|held| held.commit == fetched.commit);
            let held = known.unwrap_or_else(|| HeldCheckout {
                commit: fetched.commit.clone(),
                removed,
                documents,
                since: clock.now(),
            });
            self.repository.hold(&held, &fetched)?;
            return Ok(GuardedFetch::Held(held));
        }
        self.repository.adopt(&fetched)?;
        Ok(GuardedFetch::Adopted(fetched))
    }

    /// The number of documents that a fetch removes, and of those before it, where that is too many.
    async fn removed(&self, old: &Path, new: &Path) -> Option<(usize, usize)> {
        let (old, new, options, most) = (old.to_owned(), new.to_owned(), self.options.clone(), self.max_removed);
        let counted = tokio::task::spawn_blocking(move || removed(&old, &new, &options)).await;
        let (removed, documents) = counted.ok()?;
        let is_too_many = documents >= FEWEST && removed as f64 > most * documents as f64;
        is_too_many.then_some((removed, documents))
    }
}

/// Counts the documents of `old`, and those of them that `new` has neither at their path nor elsewhere with the same name
/// and length: moving a folder removes nothing.
fn removed(old: &Path, new: &Path, options: &Options) -> (usize, usize) {
    let before = files::documents(old, options).unwrap_or_default();
    let after = files::documents(new, options).unwrap_or_default();
    let paths: std::collections::HashSet<&str> = after.iter().map(|file| file.path.as_str()).collect();
    let moved: std::collections::HashSet<(&str, u64)> = after.iter().map(files::ListedDocument::likeness).collect();
    let gone = before
        .iter()
        .filter(|file| !paths.contains(file.path.as_str()) && !moved.contains(&file.likeness()));
    (gone.count(), before.len())
}
