//! What was taken from each runbook, kept from load to load: only what changed is taken anew.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rayon::prelude::*;

use super::draft::Dictionaries;
use super::harvest::harvest;
use super::part::Part;
use super::vocabulary::Vocabulary;
use super::{Index, Options};
use crate::runbook::{Document, Edition, Library, Runbook};

/// The signatures of documents, from which an [`Index`] is put together.
#[derive(Debug, Default)]
pub struct Harvest {
    dictionaries: Mutex<Dictionaries>,
    /// By path.
    parts: Mutex<HashMap<String, (Edition, Arc<Part>)>>,
}

/// So many words that no runbook holds any more are kept, and as many again as there are others.
const MOST_DEAD: usize = 10_000;

impl Harvest {
    /// Takes the signatures of a document that was just read, so that it need not be opened again for them.
    pub fn take(&self, document: &Document, runbook: &Runbook) {
        let part = self.part(runbook);
        lock(&self.parts).insert(document.path.clone(), (document.edition(), part));
    }

    /// Puts the index of a library together. What was not taken yet is; what is not in the library is forgotten.
    pub fn index(&self, library: &Library, options: &Options) -> Index {
        let kept = std::mem::take(&mut *lock(&self.parts));
        let part = |document: &Document| match kept.get(&document.path) {
            Some((edition, part)) if *edition == document.edition() => Arc::clone(part),
            _ => document.look(|runbook| self.part(runbook)),
        };
        let parts: Vec<Arc<Part>> = library.runbooks.par_iter().map(part).collect();
        let known = library.runbooks.iter().zip(&parts);
        let known = known.map(|(document, part)| (document.path.clone(), (document.edition(), Arc::clone(part))));
        let mut dictionaries = lock(&self.dictionaries);
        let sorted = dictionaries.sorted();
        let vocabulary = Vocabulary::new(&dictionaries.words, sorted, &parts);
        let dead = vocabulary.len() - vocabulary.live();
        if dead > vocabulary.live() + MOST_DEAD {
            let index = Index::assemble(parts.clone(), vocabulary, &dictionaries, options);
            *dictionaries = Dictionaries::default();
            return index;
        }
        *lock(&self.parts) = known.collect();
        Index::assemble(parts, vocabulary, &dictionaries, options)
    }

    fn part(&self, runbook: &Runbook) -> Arc<Part> {
        let draft = harvest(runbook);
        Arc::new(draft.finish(runbook, &self.dictionaries))
    }
}

/// What a thread that panicked left behind is whole: words are only ever added.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
