//! The signatures of each runbook, kept from load to load: only changed documents are read again.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use rayon::prelude::*;

use super::draft::Dictionaries;
use super::extract::extract;
use super::part::Part;
use super::vocabulary::Vocabulary;
use super::{Index, IndexOptions};
use crate::runbook::{Document, Edition, Library, Runbook};

/// The signatures of documents, from which an [`Index`] is assembled.
#[derive(Debug, Default)]
pub struct SignatureCache {
    dictionaries: Mutex<Dictionaries>,
    /// Each document's edition and signatures, by path.
    parts: Mutex<HashMap<String, (Edition, Arc<Part>)>>,
}

/// Unused words that may be kept beyond the number of words in use; with more, the dictionaries start afresh.
const MOST_DEAD: usize = 10_000;

impl SignatureCache {
    /// Extracts the signatures of a document that was just read, so that it need not be opened again for them.
    pub fn take(&self, document: &Document, runbook: &Runbook) {
        let part = self.part(runbook);
        self.parts
            .lock()
            .insert(document.path.clone(), (document.edition(), part));
    }

    /// Assembles the index of a library. Extracts signatures that are missing, and drops those of documents that are
    /// not in the library.
    pub fn index(&self, library: &Library, options: &IndexOptions) -> Index {
        let kept = std::mem::take(&mut *self.parts.lock());
        let part = |document: &Document| match kept.get(&document.path) {
            Some((edition, part)) if *edition == document.edition() => Arc::clone(part),
            _ => document.look(|runbook| self.part(runbook)),
        };
        let parts: Vec<Arc<Part>> = library.runbooks.par_iter().map(part).collect();
        let known = library.runbooks.iter().zip(&parts);
        let known = known.map(|(document, part)| (document.path.clone(), (document.edition(), Arc::clone(part))));
        let mut dictionaries = self.dictionaries.lock();
        let sorted = dictionaries.sorted();
        let vocabulary = Vocabulary::new(&dictionaries.words, sorted, &parts);
        let dead = vocabulary.len() - vocabulary.live();
        if dead > vocabulary.live() + MOST_DEAD {
            let index = Index::assemble(parts.clone(), vocabulary, &dictionaries, options);
            *dictionaries = Dictionaries::default();
            return index;
        }
        *self.parts.lock() = known.collect();
        Index::assemble(parts, vocabulary, &dictionaries, options)
    }

    fn part(&self, runbook: &Runbook) -> Arc<Part> {
        let draft = extract(runbook);
        Arc::new(draft.finish(runbook, &self.dictionaries))
    }
}
