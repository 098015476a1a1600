//! Text inside blocks: bold, code, links, references, notes.
//!
//! The text is read from left to right. Where a mark could close is found once for the whole text, so that a mark
//! without its counterpart costs nothing, however many there are.

mod macros;
mod marks;

pub(super) use macros::alternative;
use marks::{Mark, MarkKind, Marks};

use super::super::{Inline, Target, html};
use super::State;

/// Deepest nesting of marks; anything deeper is text.
const DEEPEST_INLINE: usize = 12;

/// A reading of one text.
struct InlineReader<'t, 's, 'd> {
    text: &'t str,
    marks: Marks,
    state: &'s mut State<'d>,
    /// Source line of the text.
    line: u32,
    /// True when every line end is kept.
    breaks: bool,
    /// Notes that are shown after the text.
    notes: Vec<Vec<Inline>>,
}

/// Reads a text whose attributes are resolved. With `breaks`, every line end is kept.
pub(super) fn read(text: &str, line: u32, breaks: bool, state: &mut State<'_>) -> Vec<Inline> {
    let text = text.trim();
    if state.is_full() {
        return vec![Inline::Text(text.to_owned())];
    }
    let mut reader = InlineReader {
        text,
        marks: Marks::of(text),
        state,
        line,
        breaks,
        notes: Vec::new(),
    };
    let mut out = reader.range(0, text.len(), 0);
    for note in std::mem::take(&mut reader.notes) {
        push_text(&mut out, " (");
        out.extend(note);
        push_text(&mut out, ")");
    }
    while matches!(out.last(), Some(Inline::Break)) {
        out.pop();
    }
    out
}

impl InlineReader<'_, '_, '_> {
    /// Reads the text from one position up to another.
    fn range(&mut self, from: usize, to: usize, depth: usize) -> Vec<Inline> {
        let mut out = Vec::new();
        let mut at = from;
        let mut plain = from;
        while at < to {
            let before = out.len();
            match self.special(at, to, depth, &mut out) {
                Some(next) => {
                    // What was found is written after the text before it.
                    let found = out.split_off(before);
                    self.push_plain(plain, at, &mut out);
                    self.state.count(found.len());
                    for inline in found {
                        match inline {
                            Inline::Text(text) => push_text(&mut out, &text),
                            other => out.push(other),
                        }
                    }
                    at = next;
                    plain = next;
                }
                None => at += self.text[at..].chars().next().map_or(1, char::len_utf8),
            }
        }
        self.push_plain(plain, to, &mut out);
        out
    }

    fn push_plain(&self, from: usize, to: usize, out: &mut Vec<Inline>) {
        if let Some(text) = self.text.get(from..to) {
            push_text(out, text);
        }
    }

    /// Reads what is more than a character at a position, and returns the position after it.
    fn special(&mut self, at: usize, to: usize, depth: usize, out: &mut Vec<Inline>) -> Option<usize> {
        let byte = *self.text.as_bytes().get(at)?;
        match byte {
            b'\n' => Some(self.line_end(at, to, out)),
            b' ' if self.text.get(at..at + 3) == Some(" +\n") && at + 3 <= to => {
                out.push(Inline::Break);
                Some(at + 3)
            }
            b'\\' => self.escape(at, to, out),
            b'&' => self.entity(at, to, out),
            b'<' => self.angle(at, to, depth, out),
            b'[' => self.bracket(at, to, depth, out),
            b'(' => self.index_term(at, to, depth, out),
            b'*' | b'_' | b'`' | b'#' | b'+' | b'^' | b'~' | b'$' | b'"' | b'\'' => self.marked(at, to, depth, out),
            _ if byte.is_ascii_alphabetic() => self.macro_at(at, to, depth, out),
            _ => None,
        }
    }

    fn line_end(&self, at: usize, to: usize, out: &mut Vec<Inline>) -> usize {
        if self.breaks {
            out.push(Inline::Break);
        } else if at + 1 < to {
            out.push(Inline::Text(" ".to_owned()));
        }
        at + 1
    }

    /// Reads marked text: `*bold*`, `` `code` ``, `+literal+`.
    fn marked(&mut self, at: usize, to: usize, depth: usize, out: &mut Vec<Inline>) -> Option<usize> {
        let before = self.text.get(..at)?.chars().next_back();
        let (mark, close) = self.marks.opened(self.text, at, to, before)?;
        let (start, end) = (at + mark.text.len(), close);
        let after = close + mark.close().len();
        if depth >= DEEPEST_INLINE {
            return None;
        }
        match mark.kind {
            MarkKind::Literal => {
                let inner = self.text.get(start..end)?.replace('\n', " ");
                out.push(Inline::Text(inner));
            }
            MarkKind::Code => out.push(self.code(mark, start, end, depth)?),
            MarkKind::Strong => out.push(Inline::Strong(self.range(start, end, depth + 1))),
            MarkKind::Emphasis => out.push(Inline::Emphasis(self.range(start, end, depth + 1))),
            MarkKind::Raised if before.is_some_and(char::is_alphanumeric) => {
                out.push(Inline::Text("^".to_owned()));
                out.extend(self.range(start, end, depth + 1));
            }
            MarkKind::Plain | MarkKind::Raised => out.extend(self.range(start, end, depth + 1)),
            MarkKind::Quotation(open, close) => {
                out.push(Inline::Text(open.to_owned()));
                out.extend(self.range(start, end, depth + 1));
                out.push(Inline::Text(close.to_owned()));
            }
        }
        Some(after)
    }

    /// The code of a monospaced span: as a reader sees it, without the marks inside.
    fn code(&mut self, mark: &Mark, start: usize, end: usize, depth: usize) -> Option<Inline> {
        let inner = self.text.get(start..end)?;
        let literal = inner.strip_prefix('+').and_then(|inner| inner.strip_suffix('+'));
        let literal = literal.filter(|inner| !inner.is_empty() && !mark.text.is_empty());
        if let Some(literal) = literal {
            return Some(Inline::Code(literal.replace('\n', " ")));
        }
        let inlines = self.range(start, end, depth + 1);
        Some(Inline::Code(super::super::plain(&inlines).replace('\n', " ")))
    }

    /// Reads a backslash before what would otherwise be more than text.
    fn escape(&self, at: usize, to: usize, out: &mut Vec<Inline>) -> Option<usize> {
        let next = at + 1;
        let rest = self.text.get(next..to)?;
        let length = match rest.chars().next()? {
            '<' | '[' | '(' => {
                let pairs = ["<<", "[[", "(("];
                pairs.into_iter().find(|pair| rest.starts_with(pair))?.len()
            }
            c if c.is_ascii_alphabetic() => self.macro_name(next, to)?,
            _ => {
                let before = self.text.get(..at)?.chars().next_back();
                self.marks.opened(self.text, next, to, before)?.0.text.len()
            }
        };
        out.push(Inline::Text(rest.get(..length)?.to_owned()));
        Some(next + length)
    }

    /// Reads `&lt;`, `&#8212;`.
    fn entity(&self, at: usize, to: usize, out: &mut Vec<Inline>) -> Option<usize> {
        let head = self.text.as_bytes().get(at..to.min(at + 12))?;
        let end = at + head.iter().position(|byte| *byte == b';')?;
        let text = match self.text.get(at + 1..end)? {
            "lt" => '<',
            "gt" => '>',
            "amp" => '&',
            "quot" => '"',
            "apos" => '\'',
            "nbsp" | "#160" => ' ',
            number => {
                let number = number.strip_prefix('#')?;
                let code = match number.strip_prefix(['x', 'X']) {
                    Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                    None => number.parse().ok()?,
                };
                char::from_u32(code).filter(|c| !c.is_control() && !matches!(c, '\u{200b}' | '\u{feff}'))?
            }
        };
        out.push(Inline::Text(text.to_string()));
        Some(end + 1)
    }

    /// Reads `<<id,text>>`, `<https://…>` and `<br>`.
    fn angle(&mut self, at: usize, to: usize, depth: usize, out: &mut Vec<Inline>) -> Option<usize> {
        let rest = self.text.get(at..to)?;
        if rest.starts_with("<<") {
            let end = self.marks.next_reference_end(at).filter(|end| *end < to)?;
            let inner = self.text.get(at + 2..end)?;
            let is_reference = !inner.starts_with([' ', '<']) && !inner.is_empty() && inner.len() < 1_000;
            if !is_reference {
                return None;
            }
            let (id, label) = inner.split_once(',').unwrap_or((inner, ""));
            let label = self.nested(label.trim(), depth);
            out.push(self.reference(id.trim(), label));
            return Some(end + 2);
        }
        for line_break in ["<br>", "<br/>", "<br />"] {
            if rest.starts_with(line_break) {
                out.push(Inline::Break);
                return Some(at + line_break.len());
            }
        }
        if rest.starts_with("<http://") || rest.starts_with("<https://") {
            let (end, address) = self.address(at + 1, to);
            if self.text[end..].starts_with('>') {
                out.push(Inline::Link {
                    target: Target::Url(address.to_owned()),
                    label: vec![Inline::Text(address.to_owned())],
                });
                return Some(end + 1);
            }
        }
        None
    }

    /// Reads `[[id]]` and the attributes before a mark, as in `[.red]#text#`.
    fn bracket(&mut self, at: usize, to: usize, depth: usize, out: &mut Vec<Inline>) -> Option<usize> {
        let end = self.marks.closing_bracket(at).filter(|end| *end < to)?;
        let inner = self.text.get(at + 1..end)?;
        if let Some(anchor) = inner.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')) {
            let id = anchor.split(',').next()?.trim();
            let begins = id.starts_with(|c: char| c.is_alphabetic() || c == '_' || c == ':');
            if !begins || id.contains(char::is_whitespace) {
                return None;
            }
            self.state.anchor(self.line, id);
            return Some(end + 1);
        }
        let begins = inner.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '.' | '#' | '%'));
        let next = self.text.as_bytes().get(end + 1)?;
        if !begins || !matches!(next, b'#' | b'*' | b'_' | b'`') || at > 0 && self.is_word_before(at) {
            return None;
        }
        if inner.contains(char::is_whitespace) && !inner.contains('=') {
            return None;
        }
        let close = self.marked(end + 1, to, depth, out)?;
        if let Some(id) = inner.strip_prefix('#') {
            let id = id.split(['.', '%']).next().unwrap_or(id);
            self.state.anchor(self.line, id);
        }
        Some(close)
    }

    /// Reads `((term))`, which is shown, and `(((term)))`, which is not.
    fn index_term(&mut self, at: usize, to: usize, depth: usize, out: &mut Vec<Inline>) -> Option<usize> {
        let rest = self.text.get(at..to)?;
        if !rest.starts_with("((") {
            return None;
        }
        let end = self.marks.next_index_end(at).filter(|end| *end < to)?;
        if let Some(inner) = rest.strip_prefix("(((") {
            let is_hidden = inner
                .get(..(end - at).checked_sub(3)?)
                .is_some_and(|inner| !inner.contains('('));
            return (is_hidden && self.text[end..].starts_with(")))")).then_some(end + 3);
        }
        let inner = self.text.get(at + 2..end)?;
        if inner.is_empty() || inner.contains(['(', ')']) || inner.starts_with(' ') {
            return None;
        }
        let label = self.range(at + 2, end, (depth + 1).min(DEEPEST_INLINE));
        out.extend(label);
        Some(end + 2)
    }

    fn is_word_before(&self, at: usize) -> bool {
        let before = self.text.get(..at).and_then(|before| before.chars().next_back());
        before.is_some_and(char::is_alphanumeric)
    }

    /// Reads a text that stands in a macro.
    fn nested(&mut self, text: &str, depth: usize) -> Vec<Inline> {
        if text.is_empty() {
            return Vec::new();
        }
        if depth + 1 >= DEEPEST_INLINE {
            return vec![Inline::Text(text.to_owned())];
        }
        let mut reader = InlineReader {
            text,
            marks: Marks::of(text),
            state: self.state,
            line: self.line,
            breaks: false,
            notes: Vec::new(),
        };
        let out = reader.range(0, text.len(), depth + 1);
        let notes = reader.notes;
        self.notes.extend(notes);
        out
    }
}

/// The text of a passage in HTML or DocBook. Other than in running text, nothing in angle brackets is a placeholder.
pub(super) fn of_html(text: &str) -> Vec<Inline> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        out.push_str(&rest[..at]);
        let tag = &rest[at + 1..];
        if !tag.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!')) {
            out.push('<');
            rest = tag;
            continue;
        }
        let hidden = ["script", "style", "titleabbrev"]
            .into_iter()
            .find(|name| tag.starts_with(name));
        let from = hidden.map_or(0, |name| tag.find(&format!("</{name}")).unwrap_or(tag.len()));
        let end = tag[from..].find('>').map_or(tag.len(), |end| from + end + 1);
        rest = &tag[end..];
    }
    out.push_str(rest);
    vec![Inline::Text(html::text_of(&out).trim().to_owned())]
}

/// Adds text to the text before it.
pub(super) fn push_text(out: &mut Vec<Inline>, text: &str) {
    if let Some(Inline::Text(last)) = out.last_mut() {
        last.push_str(text);
    } else if !text.is_empty() {
        out.push(Inline::Text(text.to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_passage_in_html_is_its_text() {
        let text = "<titleabbrev>Short</titleabbrev>\n<p class=\"a\">Disk <b>full</b> &amp; hot</p><style>p {}</style> 1 < 2 <";
        let read = |text: &str| super::super::super::plain(&of_html(text));
        assert_eq!(read(text), "Disk full & hot 1 < 2 <");
        assert_eq!(read("a <script> never closed"), "a");
    }
}
