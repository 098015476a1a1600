//! Blocks whose lines are kept (code, verses, quotations, indented text), and tabs.

use super::super::super::{Block, BlockKind, Definition, Inline};
use super::super::attributes::BlockAttributes;
use super::super::{block, code, lines, lists};
use super::{BlockReader, Preamble, paragraph};

impl BlockReader<'_, '_, '_> {
    /// The code of lines, unless it is empty.
    pub(super) fn code(&mut self, from: usize, to: usize, preamble: &Preamble, fence: String, line: u32) -> Vec<Block> {
        let attributes = &preamble.attributes;
        let named = attributes
            .value("language")
            .or(attributes.positional.get(1).map(String::as_str));
        let default = || self.state.attributes.get("source-language").unwrap_or_default();
        let lang = match (attributes.style(), named) {
            ("source" | "", Some(named)) => named.to_owned(),
            ("source", None) => default().to_owned(),
            _ => fence,
        };
        let text: Vec<&str> = (from..to).map(|at| self.source.text(at)).collect();
        let text = code::text(&text, attributes, line, self.state);
        if text.is_empty() {
            return Vec::new();
        }
        vec![block(BlockKind::Code { lang, text }, line)]
    }

    pub(super) fn verse(&mut self, from: usize, to: usize, attributes: &BlockAttributes, line: u32) -> Vec<Block> {
        let lines: Vec<&str> = (from..to).map(|at| self.source.text(at)).collect();
        let text = self.broken_text(&lines.join("\n"), line, true);
        let mut inner: Vec<Block> = paragraph(text, line).into_iter().collect();
        inner.extend(self.attribution(attributes, line));
        vec![block(BlockKind::Quote(inner), line)]
    }

    pub(super) fn quotation(&mut self, from: usize, to: usize, attributes: &BlockAttributes, line: u32) -> Vec<Block> {
        let mut inner = self.nested(from, to);
        inner.extend(self.attribution(attributes, line));
        vec![block(BlockKind::Quote(inner), line)]
    }

    /// The source that a quotation names.
    pub(super) fn attribution(&mut self, attributes: &BlockAttributes, line: u32) -> Option<Block> {
        let names: Vec<&str> = attributes.positional.iter().skip(1).map(String::as_str).collect();
        let names = names.join(", ");
        if names.is_empty() {
            return None;
        }
        let text = self.text(&format!("— {names}"), line);
        paragraph(text, line)
    }

    /// Reads indented lines, which are shown as they are.
    pub(super) fn literal_paragraph(&mut self, to: usize, preamble: &Preamble) -> Block {
        let (line, from) = (self.source.number(self.at), self.at);
        while self.at < to {
            let text = self.source.text(self.at);
            let ends = text.is_empty() || text == "+" || self.at > from && lines::delimiter(text).is_some();
            let is_item = self.at > from && !self.open.is_empty() && lists::marker(text).is_some();
            if ends || is_item {
                break;
            }
            self.at += 1;
        }
        let texts: Vec<&str> = (from..self.at).map(|at| self.source.text(at)).collect();
        let dedented = code::dedented(&texts);
        let attributes = &preamble.attributes;
        let lang = attributes.positional.get(1).filter(|_| attributes.style() == "source");
        let lang = lang.cloned().unwrap_or_default();
        let text = code::text(&dedented, attributes, line, self.state);
        block(BlockKind::Code { lang, text }, line)
    }
}

/// Tabs: their names are labels, and no terms that are explained.
pub(super) fn labelled(blocks: Vec<Block>) -> Vec<Block> {
    let mut out = Vec::new();
    for one in blocks {
        let line = one.line;
        let BlockKind::Definitions(definitions) = one.kind else {
            out.push(one);
            continue;
        };
        for Definition { term, details } in definitions {
            let line = details.iter().flatten().next().map_or(line, |detail| detail.line);
            out.extend(paragraph(vec![Inline::Strong(term)], line));
            out.extend(details.into_iter().flatten());
        }
    }
    out
}
