//! Recognition of errors in messages: a message is normalised, looked up in the index of signatures, and scored. No
//! I/O.
//!
//! Signatures come from the documents themselves: codes, alert names, message templates with placeholders, explicit
//! patterns ([`Index::build`]). A message proposes candidates by its rare words, each candidate is aligned with it, and
//! the evidence for a runbook is added up in bits ([`Index::find`], [`Index::search`]).

mod align;
mod bounds;
mod capture;
mod code;
mod confidence;
mod draft;
mod explain;
mod expressions;
mod extract;
mod features;
mod find;
mod finding;
mod form;
mod harmless;
mod index;
mod lexicon;
mod lines;
mod links;
pub mod model;
mod names;
pub mod normalise;
mod occurrences;
mod other_object;
mod overlap;
mod part;
mod passage;
mod phrases;
mod postings;
mod product;
mod programs;
mod query_terms;
mod regex_text;
mod rule;
mod score;
mod sentence;
mod several;
mod signature;
mod signature_cache;
mod silence;
mod stamps;
mod stems;
mod talk;
mod token;
mod tokenized;
mod unmarked;
mod vocabulary;
mod words;

pub use bounds::{MOST_BYTES, beginning, bounded};
pub use form::{has_error_words, reads_like_error};
pub use index::Index;
pub use model::*;
pub use signature_cache::SignatureCache;

/// Settings that an operator may change.
#[derive(Debug, Clone, PartialEq)]
pub struct IndexOptions {
    /// The confidence from which the bot answers unasked, 0 to 1.
    pub answer: f32,
}

impl Default for IndexOptions {
    fn default() -> Self {
        IndexOptions { answer: 0.5 }
    }
}
