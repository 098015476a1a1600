//! Opaque marks that stand in a rendered template for blocks of a runbook.

use minijinja::Value;

use crate::runbook::Block;

/// Private-use characters that open and close a mark. They are taken out of every value that is put into a template, so
/// that nobody can write a mark.
const OPEN: char = '\u{F0001}';
const CLOSE: char = '\u{F0002}';

/// The blocks behind the marks of one reply.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    list: Vec<Piece>,
}

#[derive(Debug)]
pub(super) struct Piece {
    pub(super) blocks: Vec<Block>,
    /// Whether it may be left out at its end.
    pub(super) body: bool,
}

impl Pieces {
    /// A value that takes the blocks' place in a template; an empty string, and thus false, when there are none.
    pub(super) fn put(&mut self, blocks: Vec<Block>) -> Value {
        self.add(blocks, false)
    }

    /// The same for the part of a reply that may be shortened.
    pub(super) fn put_body(&mut self, blocks: Vec<Block>) -> Value {
        self.add(blocks, true)
    }

    fn add(&mut self, blocks: Vec<Block>, body: bool) -> Value {
        if blocks.is_empty() {
            return Value::from("");
        }
        self.list.push(Piece { blocks, body });
        Value::from_safe_string(format!("{OPEN}{}{CLOSE}", self.list.len() - 1))
    }

    /// The piece that a paragraph's text stands for, when it is nothing but a mark.
    pub(super) fn get(&self, text: &str) -> Option<&Piece> {
        let number = text.trim().strip_prefix(OPEN)?.strip_suffix(CLOSE)?;
        self.list.get(number.parse::<usize>().ok()?)
    }
}

/// Whether the character is kept for marks.
pub(super) fn is_mark(c: char) -> bool {
    c == OPEN || c == CLOSE
}
