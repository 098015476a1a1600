//! Reader of reStructuredText, as docutils and Sphinx read it. It is our own: the parsers that exist end at the first
//! directive that they do not know, and every project has such directives. This one is total and keeps the lines; what
//! it does not know is text.

mod blocks;
mod cells;
mod code;
mod csv;
mod directive;
mod inline;
mod lines;
mod lists;
mod roles;
mod tables;
mod targets;

use blocks::{BlockParser, BlockPlace};

use super::part::DocumentParts;

/// Most parts of a document (blocks, cells, spans) that are read; the rest is kept as plain text.
const MOST_PARTS: usize = 200_000;

/// Reads a document into headings and blocks with their source lines.
pub(super) fn read(text: &str) -> DocumentParts {
    let mut lines = lines::split(text);
    let mut reader = BlockParser::new(&lines, MOST_PARTS);
    let parts = reader.parts(&mut lines, BlockPlace::default());
    reader.finish(parts)
}
