//! Text of another format, translated to Markdown line by line. Each line remembers the source line that it comes from.

use super::part::{self, DocumentPart, DocumentParts};
use super::{Block, BlockKind, markdown};

/// Delimiter of code: longer than any that the code is likely to hold.
const FENCE: &str = "~~~~~~~~~~~~~~~~";

/// Markdown with the source line of each of its lines.
#[derive(Debug, Default)]
pub(super) struct TranslatedText {
    text: String,
    /// Source lines, from 1.
    numbers: Vec<u32>,
}

impl TranslatedText {
    /// Adds a line that comes from a source line.
    pub(super) fn push(&mut self, number: u32, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
        self.numbers.push(number);
    }

    /// Adds the line before code, or after it. `indent` is the number of blanks before the code.
    pub(super) fn fence(&mut self, number: u32, indent: usize, lang: &str) {
        let line = format!("{}{FENCE}{lang}", " ".repeat(indent));
        self.push(number, &line);
    }

    /// Reads the text into headings and blocks with their source lines.
    pub(super) fn read(self) -> DocumentParts {
        let (mut parts, cut) = markdown::read(&self.text, 1);
        let source = |line: u32| {
            let index = usize::try_from(line).unwrap_or(0).saturating_sub(1);
            self.numbers.get(index).or(self.numbers.last()).copied().unwrap_or(1)
        };
        for part in &mut parts {
            match part {
                DocumentPart::Heading(_, _, line) => *line = source(*line),
                DocumentPart::Block(block) => set_lines(std::slice::from_mut(block), &source),
                DocumentPart::Anchor(_) => {}
            }
        }
        let problems = cut.map(|line| part::too_many_parts(source(line)));
        DocumentParts {
            parts,
            problems: problems.into_iter().collect(),
            ..DocumentParts::default()
        }
    }
}

/// Replaces the lines of blocks, and of those nested in them.
fn set_lines(blocks: &mut [Block], source: &impl Fn(u32) -> u32) {
    for block in blocks {
        block.line = source(block.line);
        match &mut block.kind {
            BlockKind::List { items, .. } => {
                for item in items {
                    item.line = source(item.line);
                    set_lines(&mut item.blocks, source);
                }
            }
            BlockKind::Quote(inner) => set_lines(inner, source),
            BlockKind::Definitions(definitions) => {
                for detail in definitions.iter_mut().flat_map(|definition| &mut definition.details) {
                    set_lines(detail, source);
                }
            }
            _ => {}
        }
    }
}

/// Text in which nothing is Markdown.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if "\\*_<>[]~&`#|".contains(character) {
            out.push('\\');
        }
        out.push(character);
    }
    out
}

/// Number of blanks before the text of a line; a tab leads to the next multiple of eight.
pub(super) fn indent_of(line: &str) -> usize {
    let mut indent = 0;
    for byte in line.bytes() {
        match byte {
            b' ' => indent += 1,
            b'\t' => indent = (indent / 8 + 1) * 8,
            _ => break,
        }
    }
    indent
}
