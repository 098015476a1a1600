//! The contents of a document as every format's reader hands them on: headings and blocks, with their source lines.

use super::sections::Problems;
use super::{Block, FrontMatter, Inline};

/// The finding that a document has more parts than are read. `line` is the first that is kept as plain text.
pub(super) fn too_many_parts(line: u32) -> (u32, &'static str, String) {
    let message = "the document has too many parts (table cells, links, list items); from here on it is kept as plain \
                   text: split it into several files";
    (line, "too-many-parts", message.to_owned())
}

/// A piece of a document at its top level.
#[derive(Debug)]
pub(super) enum DocumentPart {
    /// A heading: level (1 to 6), text, source line.
    Heading(u8, Vec<Inline>, u32),
    /// Id that links use, of the part that follows.
    Anchor(String),
    /// Anything else.
    Block(Block),
}

/// A document as its reader understood it.
#[derive(Debug, Default)]
pub(super) struct DocumentParts {
    /// Headings and blocks, in the order of the text.
    pub(super) parts: Vec<DocumentPart>,
    /// Front matter, in formats that have it.
    pub(super) front: FrontMatter,
    /// Title that no heading shows: from metadata.
    pub(super) title: Option<String>,
    /// Source line of the title.
    pub(super) title_line: Option<u32>,
    /// Ids that links use, with the line of the heading (or block) that they name.
    pub(super) anchors: Vec<(u32, String)>,
    /// Address at which the document is published, when it says so.
    pub(super) url: Option<String>,
    /// Findings for the author.
    pub(super) problems: Problems,
}
