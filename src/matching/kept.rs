//! What was taken from each runbook, kept from load to load: only what changed is taken anew.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::draft::Dictionaries;
use super::harvest::harvest;
use super::part::Part;
use super::vocabulary::Vocabulary;
use super::{Index, Options};
use crate::cores;
use crate::runbook::{Library, Runbook};

/// The signatures of runbooks, from which an [`Index`] is put together.
#[derive(Debug, Default)]
pub struct Harvest {
    dictionaries: Mutex<Dictionaries>,
}

impl Harvest {
    /// Puts the index of a library together.
    pub fn index(&self, library: &Library, options: &Options) -> Index {
        let parts = cores::map(&library.runbooks, |runbook| Arc::new(self.take(runbook)), &|_| {});
        let dictionaries = lock(&self.dictionaries);
        let vocabulary = Vocabulary::new(&dictionaries.words, &parts);
        Index::assemble(parts, vocabulary, &dictionaries, options)
    }

    fn take(&self, runbook: &Runbook) -> Part {
        let draft = harvest(runbook);
        draft.finish(runbook, &mut lock(&self.dictionaries))
    }
}

/// What a thread that panicked left behind is whole: words are only ever added.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
