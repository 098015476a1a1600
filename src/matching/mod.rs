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
mod draft;
mod explain;
mod expressions;
mod find;
mod finding;
mod harvest;
mod index;
mod kept;
mod known;
mod lexicon;
mod lines;
mod links;
pub mod model;
mod names;
pub mod normalise;
mod part;
mod passage;
mod postings;
mod product;
mod programs;
mod read;
mod regex_text;
mod rule;
mod sample;
mod score;
mod signature;
mod stems;
mod token;
mod vocabulary;
mod words;

pub use bounds::{MOST_BYTES, beginning, bounded};
pub use index::Index;
pub use kept::Harvest;
pub use model::*;

/// Settings that an operator may change.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// The confidence from which the bot answers unasked, 0 to 1.
    pub answer: f32,
}

impl Default for Options {
    fn default() -> Self {
        Options { answer: 0.5 }
    }
}
