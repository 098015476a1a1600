//! Reader of AsciiDoc, as Asciidoctor and Antora understand it.
//!
//! A reader of our own: runbooks need the source line of every block, a document must never be refused, and what an
//! author gets wrong is read as meant rather than as rendered (a fence that is never closed swallows no headings).
//!
//! `preprocess` decides conditions and includes files, `attributes` holds what `{name}` means, `blocks`, `lists` and `tables` find the
//! structure, `inlines` reads the text inside. Every step is linear in the size of the text.

mod attributes;
mod blocks;
mod code;
pub mod collection;
mod inlines;
mod lines;
mod lists;
mod preprocess;
mod references;
mod tables;

use attributes::Attributes;
use blocks::BlockReader;
use collection::SharedFiles;
use lines::SourceLines;
use references::ModulePlace;

use super::part::{self, DocumentPart, DocumentParts};
use super::sections::Problems;
use super::{Block, BlockKind, Data, Value, markdown};

/// Most parts of a document (blocks, cells, spans) that are read; the rest is kept as plain text.
const MOST_PARTS: usize = 100_000;

/// Deepest nesting of blocks; anything deeper is flattened.
const DEEPEST_BLOCK: usize = 24;

/// The state that the whole document shares.
#[derive(Debug, Default)]
struct State<'d> {
    attributes: Attributes<'d>,
    anchors: Vec<(u32, String)>,
    problems: Problems,
    place: ModulePlace,
    depth: usize,
    parts: usize,
}

impl State<'_> {
    /// Counts parts that were read.
    fn count(&mut self, parts: usize) {
        self.parts += parts;
    }

    /// True when no more parts are read.
    fn is_full(&self) -> bool {
        self.parts >= MOST_PARTS
    }

    /// Notes an id with the line of what it names.
    fn anchor(&mut self, line: u32, id: &str) {
        let id = references::fixed_id(id);
        if !id.is_empty() && self.anchors.len() < MOST_PARTS {
            self.anchors.push((line, id.into_owned()));
        }
    }

    /// The address of a reference's target.
    fn place(&self, target: &str) -> Option<String> {
        self.place.of(target)
    }
}

/// Reads a document into headings and blocks with their source lines. `path` is relative to the runbook folder; `data`
/// may hold what the documents of a collection share.
pub(super) fn read(path: &str, text: &str, data: &Data) -> DocumentParts {
    let shared = data.get(collection::SHARED).unwrap_or(&Value::Null);
    let attributes = Attributes::new(collection::attributes_for(path, shared));
    let (lines, problems) = preprocess::lines(path, text, &attributes, SharedFiles::of(shared));
    let mut state = State {
        attributes,
        problems,
        place: ModulePlace::new(path, text),
        ..State::default()
    };
    let source = SourceLines::new(lines);
    let mut reader = BlockReader::new(&source, &mut state);
    let mut parts = references::join_headings(reader.document());
    let (title, title_line) = reader.title.unzip();
    if state.is_full() {
        let line = parts.last().map_or(1, line_of);
        state.problems.push(part::too_many_parts(line));
    }
    references::complete(&mut parts, title.as_deref().zip(title_line), &state);
    DocumentParts {
        parts,
        title,
        title_line,
        anchors: state.anchors,
        problems: state.problems,
        ..DocumentParts::default()
    }
}

fn line_of(part: &DocumentPart) -> u32 {
    match part {
        DocumentPart::Heading(.., line) => *line,
        DocumentPart::Block(block) => block.line,
        DocumentPart::Anchor(_) => 0,
    }
}

fn block(kind: BlockKind, line: u32) -> Block {
    markdown::block(kind, line)
}
