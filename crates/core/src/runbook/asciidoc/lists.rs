//! Lists: bullets, numbers, terms with their text, remarks on code.

use super::super::{Block, BlockKind, Definition, Item};
use super::blocks::{BlockReader, Preamble, blocks_of, interrupts, paragraph};
use super::{block, lines};

/// Longest run of `*` or `.` that is a marker.
const DEEPEST_MARKER: usize = 10;

/// The kinds of list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ListKind {
    /// Bullets.
    Bullets,
    /// Numbers or letters.
    Numbers,
    /// Terms with their text.
    Terms,
    /// Remarks on the numbered places of the code above.
    Callouts,
}

/// The beginning of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ListMarker<'t> {
    pub(super) kind: ListKind,
    /// Mark that the items of one list share: `**`, `.`, `1.`, `::`.
    pub(super) mark: &'t str,
    /// Number of the item, where it is written.
    number: Option<u64>,
    /// The term of a definition.
    term: &'t str,
    /// The text after the marker.
    rest: &'t str,
}

/// The marker that a line begins with.
pub(super) fn marker(text: &str) -> Option<ListMarker<'_>> {
    let text = text.trim_start();
    let first = text.chars().next()?;
    let of = |kind, mark, number, rest: &'_ str| {
        let rest = text.get(text.len() - rest.len()..).unwrap_or_default();
        rest.starts_with([' ', '\t']).then(|| ListMarker {
            kind,
            mark,
            number,
            term: "",
            rest: rest.trim_start(),
        })
    };
    let found = match first {
        '-' => of(ListKind::Bullets, "-", None, &text[1..]),
        '•' => of(ListKind::Bullets, "•", None, &text['•'.len_utf8()..]),
        '*' | '.' => {
            let rest = text.trim_start_matches(first);
            let length = text.len() - rest.len();
            let kind = if first == '*' {
                ListKind::Bullets
            } else {
                ListKind::Numbers
            };
            let mark = text.get(..length)?;
            of(kind, mark, None, rest).filter(|_| length <= DEEPEST_MARKER)
        }
        '<' => {
            let head = text.as_bytes().get(1..text.len().min(6))?;
            let end = head.iter().position(|byte| *byte == b'>')? + 1;
            let number = text.get(1..end)?;
            let is_number = number == "." || number.bytes().all(|byte| byte.is_ascii_digit()) && !number.is_empty();
            of(ListKind::Callouts, "<>", None, &text[end + 1..]).filter(|_| is_number)
        }
        c if c.is_ascii_alphanumeric() => {
            numbered(text).and_then(|(mark, number, rest)| of(ListKind::Numbers, mark, number, rest))
        }
        _ => None,
    };
    found.filter(|found| !found.rest.is_empty()).or_else(|| term(text))
}

/// `1.`, `a.`, `B.`, `iv)`, with the text after it.
fn numbered(text: &str) -> Option<(&'static str, Option<u64>, &str)> {
    let end = text
        .as_bytes()
        .iter()
        .take(8)
        .position(|byte| matches!(byte, b'.' | b')'))?;
    let (word, rest) = (text.get(..end)?, text.get(end + 1..)?);
    let all = |set: &str| word.chars().all(|c| set.contains(c));
    let mark = match (text.as_bytes().get(end)?, word.len()) {
        (b'.', _) if word.bytes().all(|byte| byte.is_ascii_digit()) => {
            return Some(("1.", word.parse().ok(), rest));
        }
        (b'.', 1) if word.bytes().all(|byte| byte.is_ascii_lowercase()) => "a.",
        (b'.', 1) => "A.",
        (b')', _) if all("ivx") => "i)",
        (b')', _) if all("IVX") => "I)",
        _ => return None,
    };
    Some((mark, None, rest))
}

/// `term::` and `term:: text`.
fn term(text: &str) -> Option<ListMarker<'_>> {
    if text.starts_with("//") || text.starts_with('|') {
        return None;
    }
    let mut from = 1;
    while let Some(found) = text.get(from..)?.find([':', ';']) {
        let at = from + found;
        let tail = text.get(at..)?;
        let run = tail.bytes().take_while(|byte| *byte == tail.as_bytes()[0]).count();
        let mark = tail.get(..run)?;
        let rest = tail.get(run..)?;
        let is_mark = matches!(mark, "::" | ":::" | "::::" | ";;");
        if is_mark && (rest.is_empty() || rest.starts_with([' ', '\t'])) {
            return Some(ListMarker {
                kind: ListKind::Terms,
                mark,
                number: None,
                term: text.get(..at)?.trim_end(),
                rest: rest.trim_start(),
            });
        }
        from = at + run;
    }
    None
}

/// Text that follows an item.
enum Next {
    /// A block that belongs to the item.
    Attached,
    /// The next item of this list.
    Sibling,
    /// Something else.
    End,
}

impl BlockReader<'_, '_, '_> {
    /// Reads a list, up to an item of a list around it.
    pub(super) fn list(&mut self, to: usize, preamble: &Preamble) -> Option<Block> {
        let line = self.source.number(self.at);
        let first = marker(self.source.text(self.at))?;
        let (kind, mark) = (first.kind, first.mark.to_owned());
        let start = preamble.attributes.value("start").and_then(|start| start.parse().ok());
        let start = start.or(first.number).unwrap_or(1);
        self.open.push(mark.clone());
        self.state.depth += 1;
        let mut items: Vec<Item> = Vec::new();
        let mut definitions: Vec<Definition> = Vec::new();
        while self.at < to && !self.state.is_full() {
            let Some(found) = marker(self.source.text(self.at)).filter(|found| found.mark == mark) else {
                break;
            };
            let line = self.source.number(self.at);
            self.state.count(1);
            let term = (kind == ListKind::Terms).then(|| self.text(found.term, line));
            let blocks = self.item(found.rest, to);
            match term {
                Some(term) => definitions.push(Definition {
                    term,
                    details: if blocks.is_empty() { Vec::new() } else { vec![blocks] },
                }),
                None => items.push(Item { blocks, line }),
            }
            if self.ascend > 0 {
                break;
            }
        }
        self.state.depth -= 1;
        self.open.pop();
        let kind = match kind {
            ListKind::Terms => BlockKind::Definitions(definitions),
            _ => BlockKind::List {
                ordered: kind == ListKind::Numbers,
                start,
                items,
            },
        };
        Some(block(kind, line))
    }

    /// Reads the text of an item and what belongs to it. The first line is that of its marker.
    fn item(&mut self, first: &str, to: usize) -> Vec<Block> {
        let mut line = self.source.number(self.at);
        self.at += 1;
        let mut text = first.to_owned();
        while self.at < to {
            let next = self.source.text(self.at);
            if lines::is_comment(next) {
                self.at += 1;
                continue;
            }
            if next.is_empty() || next == "+" || marker(next).is_some() || interrupts(next) {
                break;
            }
            if text.is_empty() {
                line = self.source.number(self.at);
            } else {
                text.push('\n');
            }
            text.push_str(next.trim_start());
            self.at += 1;
        }
        let inlines = self.text(&text, line);
        let mut blocks: Vec<Block> = paragraph(inlines, line).into_iter().collect();
        while self.at < to && !self.state.is_full() {
            match self.after_item(to, blocks.is_empty()) {
                Next::Attached => {
                    let mut parts = Vec::new();
                    self.block(to, false, &mut parts);
                    blocks.extend(blocks_of(parts));
                }
                Next::Sibling | Next::End => break,
            }
            if self.ascend > 0 {
                self.ascend -= 1;
                if self.ascend > 0 {
                    break;
                }
            }
        }
        blocks
    }

    /// Finds what follows an item, and moves there. `bare` is true for an item without a text so far.
    fn after_item(&mut self, to: usize, bare: bool) -> Next {
        let mut blank = 0;
        let mut next = self.at;
        while next < to && (self.source.text(next).is_empty() || lines::is_comment(self.source.text(next))) {
            blank += usize::from(self.source.text(next).is_empty());
            next += 1;
        }
        if next >= to {
            self.at = to;
            return Next::End;
        }
        let text = self.source.text(next);
        if text == "+" {
            self.at = next;
            // After a blank line, the block belongs to the item around this one.
            let outer = self.open.len() - 1;
            if blank > 0 && outer > 0 {
                self.ascend = blank.min(outer);
                return Next::End;
            }
            self.at += 1;
            let begun = self.source.text(self.at);
            return match marker(begun).filter(|found| self.at < to && self.open.iter().any(|open| open == found.mark)) {
                Some(_) => self.at_marker(self.at),
                None => Next::Attached,
            };
        }
        if marker(text).is_some() {
            return self.at_marker(next);
        }
        let below = self.below_attributes(next, to);
        let below_text = self.source.text(below);
        // Attributes or a title below a blank line begin a list of its own.
        if below > next && blank == 0 {
            let is_nested = marker(below_text).is_some_and(|found| !self.open.iter().any(|open| open == found.mark));
            if is_nested || lines::delimiter(below_text).is_some() {
                self.at = next;
                return Next::Attached;
            }
        }
        let is_adjacent = blank == 0 && lines::delimiter(text).is_some();
        let is_literal = blank > 0 && text.starts_with([' ', '\t']);
        let is_text = bare && !interrupts(text) && lines::block_title(text).is_none();
        if is_adjacent || is_literal || is_text {
            self.at = next;
            return Next::Attached;
        }
        Next::End
    }

    /// The effect of the marker on a line.
    fn at_marker(&mut self, at: usize) -> Next {
        self.at = at;
        let Some(found) = marker(self.source.text(at)) else {
            return Next::End;
        };
        match self.open.iter().rposition(|open| open == found.mark) {
            Some(place) if place + 1 == self.open.len() => Next::Sibling,
            Some(_) => Next::End,
            None if self.state.depth >= super::DEEPEST_BLOCK => Next::End,
            None => Next::Attached,
        }
    }

    /// The first line from here on that gives no attributes or title to the one below it.
    fn below_attributes(&self, from: usize, to: usize) -> usize {
        let mut at = from;
        while at < to {
            let text = self.source.text(at);
            let is_title = lines::block_title(text).is_some() && lines::delimiter(text).is_none();
            if !is_title && lines::block_attributes(text).is_none() {
                break;
            }
            at += 1;
        }
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_of_every_kind_are_known() {
        let cases = [
            ("* item", "*"),
            ("  ** item", "**"),
            ("- item", "-"),
            (". step", "."),
            ("12. step", "1."),
            ("b. step", "a."),
            ("iv) step", "i)"),
            ("term::", "::"),
            ("a term::: text", ":::"),
            ("std::io::Error:: text", "::"),
            ("x;; text", ";;"),
            ("<1> remark", "<>"),
            ("<.> remark", "<>"),
        ];
        for (text, mark) in cases {
            assert_eq!(marker(text).map(|found| found.mark), Some(mark), "{text}");
        }
        for text in [
            "*bold*",
            "-x",
            "....",
            "e.g. this",
            "std::io",
            "image::x[]",
            "// a:: b",
            "<name> x",
            "* ",
            "::",
        ] {
            assert_eq!(marker(text), None, "{text}");
        }
    }
}
