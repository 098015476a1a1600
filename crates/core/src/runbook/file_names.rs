//! Names of a library's files, by which people name runbooks.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::{Document, Library, file_stem};

/// Number of documents with each name, in lower case. Counted once, when it is first asked for: a reply names each of a
/// runbook's sections, and going through thousands of documents for each of them takes long.
#[derive(Debug, Clone, Default)]
pub struct FileNames(OnceLock<CountedNames>);

#[derive(Debug, Clone)]
struct CountedNames {
    /// Number of documents when they were counted.
    documents: usize,
    counts: HashMap<String, usize>,
}

impl Library {
    /// Returns true when several documents have a name, upper and lower case aside.
    pub fn is_shared_name(&self, name: &str) -> bool {
        let counted = self.file_names.0.get_or_init(|| CountedNames::of(&self.runbooks));
        let name = folded(name);
        let count = |counted: &CountedNames| counted.counts.get(&name).copied().unwrap_or_default();
        // Documents that were added or removed later are counted anew.
        let count = if counted.documents == self.runbooks.len() {
            count(counted)
        } else {
            count(&CountedNames::of(&self.runbooks))
        };
        count > 1
    }
}

impl CountedNames {
    fn of(documents: &[Document]) -> CountedNames {
        let mut counts = HashMap::with_capacity(documents.len());
        for document in documents {
            *counts.entry(folded(file_stem(&document.path))).or_default() += 1;
        }
        CountedNames {
            documents: documents.len(),
            counts,
        }
    }
}

fn folded(name: &str) -> String {
    name.to_ascii_lowercase()
}
