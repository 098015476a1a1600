//! Markup inside text: emphasis, literals, roles, references and substitutions. Each kind of delimiter is looked for
//! from an opening to its end once; when none is left, later openings of that kind are text.

use super::super::markdown::{linkify, push_text};
use super::super::{Inline, html, plain};
use super::lines::columns;
use super::roles;
use super::targets::{LinkTargets, Named};

/// Deepest nesting: emphasis in emphasis, replacements in replacements.
const DEEPEST_SPAN: usize = 4;
/// Bytes that substitutions may add to a document.
const MOST_REPLACED: usize = 1 << 20;
/// Longest name of a role, a substitution or a footnote, in bytes.
const LONGEST_NAME: usize = 80;

/// Reader of text, with the names that the document defines.
#[derive(Debug)]
pub(super) struct InlineParser {
    /// Names that references lead to.
    pub(super) targets: LinkTargets,
    /// Number of parts of the document that may still be read.
    pub(super) left: usize,
    /// Ids that the text has defined since they were last taken.
    pub(super) ids: Vec<String>,
    next_anonymous: usize,
    replaceable: usize,
}

/// The kinds of delimiter that end a span.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum InlineClosing {
    Literal,
    Backquote,
    Strong,
    Emphasis,
}

/// One text while it is read.
struct Span<'t> {
    text: &'t str,
    at: usize,
    depth: usize,
    out: Vec<Inline>,
    /// Text before the next inline.
    before: String,
    /// Delimiters of which no end is left.
    missing: Vec<InlineClosing>,
}

impl InlineParser {
    pub(super) fn new(targets: LinkTargets, left: usize) -> InlineParser {
        InlineParser {
            targets,
            left,
            ids: Vec::new(),
            next_anonymous: 0,
            replaceable: MOST_REPLACED,
        }
    }

    /// Reads the text of a paragraph, a title or a term.
    pub(super) fn read(&mut self, text: &str) -> Vec<Inline> {
        linkify(self.span(text, 0))
    }

    /// The text without its markup.
    pub(super) fn plain(&mut self, text: &str) -> String {
        plain(&self.span(text, 0))
    }

    fn span(&mut self, text: &str, depth: usize) -> Vec<Inline> {
        let mut span = Span {
            text,
            at: 0,
            depth,
            out: Vec::new(),
            before: String::new(),
            missing: Vec::new(),
        };
        while span.at < text.len() {
            if self.left == 0 || depth >= DEEPEST_SPAN {
                let rest = text.get(span.at..).unwrap_or_default();
                span.before.push_str(rest);
                break;
            }
            let rest = text.get(span.at..).unwrap_or_default();
            let plain = rest.find(['\\', '`', ':', '*', '|', '_', '[']).unwrap_or(rest.len());
            span.before.push_str(rest.get(..plain).unwrap_or_default());
            span.at += plain;
            let Some(mark) = text.as_bytes().get(span.at) else {
                break;
            };
            let read = match mark {
                b'\\' => span.escape(),
                b'`' => self.quoted(&mut span),
                b':' => self.role(&mut span),
                b'*' => self.emphasis(&mut span),
                b'|' => self.substitution(&mut span),
                b'_' => self.reference(&mut span),
                _ => span.footnote(),
            };
            if !read {
                span.before.push(char::from(*mark));
                span.at += 1;
            }
        }
        span.flush();
        span.out
    }

    fn push(&mut self, span: &mut Span<'_>, inline: Inline) {
        self.left = self.left.saturating_sub(1);
        span.flush();
        match inline {
            Inline::Text(text) => push_text(&mut span.out, &text),
            other => span.out.push(other),
        }
    }

    /// Reads ``` ``literal`` ```, `` `text` `` and references in backquotes.
    fn quoted(&mut self, span: &mut Span<'_>) -> bool {
        if span.rest().starts_with("``") {
            let Some(mut end) = span.find(span.at + 2, InlineClosing::Literal) else {
                return false;
            };
            while span.text.as_bytes().get(end + 2) == Some(&b'`') {
                end += 1;
            }
            let code = span.text.get(span.at + 2..end).unwrap_or_default().trim().to_owned();
            span.at = end + 2;
            if !code.is_empty() {
                self.push(span, Inline::Code(code));
            }
            return true;
        }
        let Some(content) = span.backquoted(span.at) else {
            return false;
        };
        let after = span.at + content.len() + 2;
        let rest = span.text.get(after..).unwrap_or_default();
        if rest.starts_with("__") {
            span.at = after + 2;
            let inline = self.anonymous(content);
            self.push(span, inline);
        } else if rest.starts_with('_') {
            span.at = after + 1;
            let inline = self.named(content);
            self.push(span, inline);
        } else if let Some(role) = role_name(rest, ":") {
            span.at = after + role.len() + 2;
            self.interpreted(span, role, content);
        } else {
            span.at = after;
            self.push(span, Inline::Code(unescaped(content)));
        }
        true
    }

    /// Reads ``:role:`content` ``.
    fn role(&mut self, span: &mut Span<'_>) -> bool {
        let Some(role) = role_name(span.rest(), ":`") else {
            return false;
        };
        let start = span.at + role.len() + 2;
        let Some(content) = span.backquoted(start) else {
            return false;
        };
        span.at = start + content.len() + 2;
        // The role of a link may be written behind a reference: `` :doc:`x`_ ``.
        if span.rest().starts_with('_') && !span.rest().starts_with("_`") {
            span.at += 1;
        }
        self.interpreted(span, role, content);
        true
    }

    fn interpreted(&mut self, span: &mut Span<'_>, role: &str, content: &str) {
        if role.starts_with("raw") {
            let text = html::text_of(content);
            self.push(span, Inline::Text(text));
            return;
        }
        if let Some(inline) = roles::interpret(role, content, &self.targets) {
            self.push(span, inline);
        }
    }

    /// Reads `**strong**` and `*emphasis*`. Roles and literals inside are read, too, although docutils does not.
    fn emphasis(&mut self, span: &mut Span<'_>) -> bool {
        let (closing, width) = if span.rest().starts_with("**") {
            (InlineClosing::Strong, 2)
        } else {
            (InlineClosing::Emphasis, 1)
        };
        if !span.may_open(width) {
            return false;
        }
        let start = span.at + width;
        let Some(end) = span.find(start + 1, closing) else {
            return false;
        };
        let Some(inner) = span.text.get(start..end) else {
            return false;
        };
        let inner = self.span(inner, span.depth + 1);
        span.at = end + width;
        let inline = match closing {
            InlineClosing::Strong => Inline::Strong(inner),
            _ => Inline::Emphasis(inner),
        };
        self.push(span, inline);
        true
    }

    /// Reads `|name|`. A name without a replacement is a word of the text.
    fn substitution(&mut self, span: &mut Span<'_>) -> bool {
        if !span.may_open(1) {
            return false;
        }
        let Some(name) = enclosed(span.rest(), '|', '|') else {
            return false;
        };
        if name.is_empty() || name.ends_with(' ') {
            return false;
        }
        span.at += name.len() + 2;
        if span.rest().starts_with('_') {
            span.at += span.rest().len() - span.rest().trim_start_matches('_').len();
        }
        let replacement = self.targets.replacement(name);
        let replacement = replacement
            .filter(|text| text.len() <= self.replaceable)
            .map(str::to_owned);
        match replacement {
            Some(text) => {
                self.replaceable -= text.len();
                let inner = self.span(&text, span.depth + 1);
                for inline in inner {
                    self.push(span, inline);
                }
            }
            None => span.before.push_str(name),
        }
        true
    }

    /// Reads `name_` where the document defines the name, and the target `` _`text` ``.
    fn reference(&mut self, span: &mut Span<'_>) -> bool {
        if span.rest().starts_with("_`") && span.may_open(2) {
            let Some(content) = span.backquoted(span.at + 1) else {
                return false;
            };
            let text = unescaped(content);
            span.at += content.len() + 3;
            span.before.push_str(&text);
            self.ids.push(text);
            return true;
        }
        let marks = if span.rest().starts_with("__") { 2 } else { 1 };
        let after = span.text.get(span.at + marks..).and_then(|rest| rest.chars().next());
        if after.is_some_and(|next| next.is_alphanumeric() || next == '_' || next == '`') {
            return false;
        }
        let of_name = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '+' | ':');
        let tail = span.before.char_indices().rev().take(LONGEST_NAME);
        let start = tail.take_while(|(_, c)| of_name(*c)).last().map(|(at, _)| at);
        let Some(name) = start.and_then(|start| span.before.get(start..)).map(str::to_owned) else {
            return false;
        };
        let inline = if marks == 2 {
            self.anonymous(&name)
        } else if self.targets.named(&name).is_some() {
            self.named(&name)
        } else {
            return false;
        };
        if marks == 2 && matches!(inline, Inline::Text(_)) {
            return false;
        }
        span.before.truncate(span.before.len() - name.len());
        span.at += marks;
        self.push(span, inline);
        true
    }

    /// The link of `` `text`__ ``, which leads to the next address without a name.
    fn anonymous(&mut self, content: &str) -> Inline {
        let (label, address) = roles::titled(content);
        if let Some(address) = address {
            return roles::link(address, label);
        }
        let address = self.targets.anonymous.get(self.next_anonymous);
        match address.filter(|address| !address.is_empty()) {
            Some(address) => {
                self.next_anonymous += 1;
                roles::link(address, &unescaped(content))
            }
            None => Inline::Text(unescaped(content)),
        }
    }

    /// The link of `` `text`_ `` or `` `text <address>`_ ``.
    fn named(&mut self, content: &str) -> Inline {
        let (label, target) = roles::titled(content);
        let name = match target {
            Some(address) => match address.strip_suffix('_') {
                Some(name) if !address.contains("://") => name.trim_matches('`'),
                _ => return roles::link(address, label),
            },
            None => content,
        };
        let shown = if target.is_some() { label } else { content };
        let shown = unescaped(shown);
        match self.targets.named(name) {
            Some(Named::Address(address)) => roles::link(address, &shown),
            Some(Named::Label(_) | Named::Title) => roles::link(&format!("#{name}"), &shown),
            None => Inline::Text(shown),
        }
    }
}

impl<'t> Span<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn flush(&mut self) {
        push_text(&mut self.out, &std::mem::take(&mut self.before));
    }

    /// A backslash makes the next character a part of the text; with a blank it stands for nothing.
    fn escape(&mut self) -> bool {
        let next = self.rest().chars().nth(1);
        if let Some(next) = next.filter(|next| !next.is_whitespace()) {
            self.before.push(next);
        }
        self.at += 1 + next.map_or(0, char::len_utf8);
        true
    }

    /// Reads `[1]_`, `[#note]_` and `[CITATION]_`, which keep their brackets.
    fn footnote(&mut self) -> bool {
        let Some(name) = enclosed(self.rest(), '[', ']') else {
            return false;
        };
        let after = self.text.get(self.at + name.len() + 2..).unwrap_or_default();
        let ends = after
            .strip_prefix('_')
            .is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'));
        if !ends || name.is_empty() || name.contains(' ') {
            return false;
        }
        self.before.extend(["[", name.trim_start_matches('#'), "]"]);
        self.at += name.len() + 3;
        true
    }

    /// The content of the backquotes that open at a position, if they are closed and hold something.
    fn backquoted(&mut self, open: usize) -> Option<&'t str> {
        let first = self.text.get(open + 1..)?.chars().next()?;
        if first.is_whitespace() || first == '`' {
            return None;
        }
        let end = self.find(open + 1, InlineClosing::Backquote)?;
        self.text.get(open + 1..end)
    }

    /// Returns true when markup of some bytes may begin here: after a blank or punctuation, before text.
    fn may_open(&self, width: usize) -> bool {
        const PAIRS: [(char, char); 6] = [('"', '"'), ('\'', '\''), ('(', ')'), ('[', ']'), ('{', '}'), ('<', '>')];
        let before = self.text.get(..self.at).and_then(|text| text.chars().next_back());
        let next = self.text.get(self.at + width..).and_then(|text| text.chars().next());
        let Some(next) = next.filter(|next| !next.is_whitespace()) else {
            return false;
        };
        before.is_none_or(|before| {
            let apart = !before.is_alphanumeric() || columns(before) == 2;
            apart && !PAIRS.contains(&(before, next))
        })
    }

    /// Finds the end of a span from a position on.
    fn find(&mut self, from: usize, closing: InlineClosing) -> Option<usize> {
        if self.missing.contains(&closing) {
            return None;
        }
        let found = self.search(from, closing);
        if found.is_none() {
            self.missing.push(closing);
        }
        found
    }

    fn search(&self, from: usize, closing: InlineClosing) -> Option<usize> {
        let bytes = self.text.as_bytes();
        let mark = match closing {
            InlineClosing::Literal => "``",
            InlineClosing::Backquote => "`",
            InlineClosing::Strong => "**",
            InlineClosing::Emphasis => "*",
        };
        let mut at = from;
        loop {
            at += find_from(bytes, at, mark.as_bytes())?;
            let before = bytes.get(at.checked_sub(1)?)?;
            let escaped = *before == b'\\' && closing != InlineClosing::Literal;
            let text_before = !before.is_ascii_whitespace() && !escaped;
            let ends = match closing {
                InlineClosing::Literal => return Some(at),
                InlineClosing::Backquote => !escaped,
                InlineClosing::Strong => text_before,
                InlineClosing::Emphasis => text_before && *before != b'*' && self.ends_word(at + 1),
            };
            if ends {
                return Some(at);
            }
            at += mark.len();
        }
    }

    fn ends_word(&self, at: usize) -> bool {
        let next = self.text.get(at..).and_then(|rest| rest.chars().next());
        next.is_none_or(|next| (!next.is_alphanumeric() && next != '*') || columns(next) == 2)
    }
}

/// Distance from a position to a mark of one or two equal bytes.
fn find_from(bytes: &[u8], from: usize, mark: &[u8]) -> Option<usize> {
    bytes.get(from..)?.windows(mark.len()).position(|window| window == mark)
}

/// The name in `:name:`, if `end` follows it.
fn role_name<'t>(text: &'t str, end: &str) -> Option<&'t str> {
    let rest = text.strip_prefix(':')?;
    let of_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.+:".contains(byte);
    let length = rest.bytes().take(LONGEST_NAME).take_while(of_name).count();
    let name = rest.get(..length)?.strip_suffix(':')?;
    let starts = name.starts_with(|c: char| c.is_ascii_alphabetic());
    (starts && rest.get(length - 1..)?.starts_with(end)).then_some(name)
}

/// The text between two marks at the beginning of a text, if it is short.
fn enclosed(text: &str, open: char, close: char) -> Option<&str> {
    let rest = text.strip_prefix(open)?;
    let end = rest.bytes().take(LONGEST_NAME).position(|byte| byte == close as u8)?;
    rest.get(..end)
}

/// Text without the backslashes of its escapes.
pub(super) fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            out.push(character);
        } else if let Some(next) = characters.next().filter(|next| !next.is_whitespace()) {
            out.push(next);
        }
    }
    out
}
