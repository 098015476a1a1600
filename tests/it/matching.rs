//! Recognising, from documents as a team writes them to what is found in a paste.

mod asking;
mod cases;
mod corpus;
mod expressions;
mod hostile;
mod notations;
mod other_objects;
mod properties;
mod sections;
mod several;
mod signs;
mod silence;
mod templates;

use std::collections::BTreeMap;

use signpost::matching::{Index, IndexOptions, Match, Outcome};
use signpost::runbook::{self, Document, Library};

/// A library of documents given as (path, text).
pub(crate) fn library(documents: &[(&str, &str)]) -> Library {
    let mut library = Library::default();
    for (path, text) in documents {
        let (runbook, _) = runbook::parse(path, text, &BTreeMap::new());
        library.runbooks.extend(runbook.map(Document::from));
    }
    library
}

fn find(library: &Library, message: &str) -> Outcome {
    Index::build(library, &IndexOptions::default()).find(message)
}

/// `path#section` of a match.
fn place(library: &Library, found: &Match) -> String {
    let path = library
        .runbook(found.topic)
        .map_or("?", |runbook| runbook.path.as_str());
    let section = library
        .section(found.topic)
        .map_or("?", |section| section.heading.as_str());
    format!("{path}#{section}")
}
