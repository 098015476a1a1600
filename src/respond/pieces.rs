//! Opaque marks that stand for blocks of a runbook in a rendered template.

use minijinja::Value;

use crate::runbook::Block;

/// Private-use characters that open and close a mark. They are removed from every value that is put into a template, so
/// that no value can forge a mark.
const OPEN: char = '\u{F0001}';
const CLOSE: char = '\u{F0002}';

/// The blocks behind the marks of one reply.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    list: Vec<ReplyPiece>,
}

#[derive(Debug)]
pub(super) struct ReplyPiece {
    pub(super) blocks: Vec<Block>,
    /// True when the blocks may be cut off at their end.
    pub(super) body: bool,
}

impl Pieces {
    /// Stores blocks; returns the mark that stands for them in a template, or an empty (thus falsy) string when there
    /// are none.
    pub(super) fn put(&mut self, blocks: Vec<Block>) -> Value {
        self.add(blocks, false)
    }

    /// Stores blocks of the part of a reply that may be shortened; returns their mark, as [`Pieces::put`] does.
    pub(super) fn put_body(&mut self, blocks: Vec<Block>) -> Value {
        self.add(blocks, true)
    }

    fn add(&mut self, blocks: Vec<Block>, body: bool) -> Value {
        if blocks.is_empty() {
            return Value::from("");
        }
        self.list.push(ReplyPiece { blocks, body });
        Value::from_safe_string(format!("{OPEN}{}{CLOSE}", self.list.len() - 1))
    }

    /// Returns the piece that a paragraph's text stands for, if the text is nothing but a mark.
    pub(super) fn get(&self, text: &str) -> Option<&ReplyPiece> {
        let number = text.trim().strip_prefix(OPEN)?.strip_suffix(CLOSE)?;
        self.list.get(number.parse::<usize>().ok()?)
    }
}

/// Markdown in which every mark on a line of its own is a paragraph of its own, whatever stands in the lines around it.
pub(super) fn apart(markdown: &str) -> String {
    let is_alone = |line: &str| {
        let line = line.trim();
        line.starts_with(OPEN) && line.ends_with(CLOSE)
    };
    let mut out = String::with_capacity(markdown.len());
    for line in markdown.lines() {
        let around = if is_alone(line) { "\n" } else { "" };
        out.extend([around, line, "\n", around]);
    }
    out
}

/// Returns true for the characters that are reserved for marks.
pub(super) fn is_mark(c: char) -> bool {
    c == OPEN || c == CLOSE
}
