//! Syntax by which site generators extend Markdown: notes (`!!! warning`, `:::tip`, `> [!NOTE]`), MyST's directives and
//! roles, MDX's components. All of it becomes plain Markdown; each line keeps its number.

mod mdx;
mod myst;
mod notes;

use std::mem::take;

use mdx::Components;
use myst::FenceKind;
use notes::Opening;

use super::prepare::{indent_of, marker_width};

/// A text in plain Markdown.
#[derive(Debug, Default)]
pub(super) struct ResolvedText {
    /// The text, with as many lines as before.
    pub(super) text: String,
    /// Labels of places: line and name.
    pub(super) anchors: Vec<(u32, String)>,
    /// True for a MyST document, where a link such as `#label` may lead to another document.
    pub(super) is_myst: bool,
}

/// A block that is open.
#[derive(Debug, PartialEq, Eq)]
enum OpenBlock {
    /// `:::`, with the number of colons.
    Colons(usize),
    /// A directive in a fence: its character and length.
    Fence(char, usize),
    /// reStructuredText in a fence: its character and length.
    ReStructuredText(char, usize),
    /// A block whose lines are indented further than its first line (`!!!`), which has this indentation.
    Indented(usize),
    /// An alert in a block quote.
    Alert,
}

/// A code fence that is open: its lines stay as they are, or are left out.
#[derive(Debug, Clone, Copy)]
struct OpenFence {
    char: char,
    length: usize,
    is_left_out: bool,
    /// True while options of a directive may follow.
    may_have_options: bool,
}

/// A label that waits for the text it is put before.
#[derive(Debug)]
struct PendingLabel {
    /// Index of the line on which it is written if no text follows.
    at: usize,
    /// The label with the indentation of that line.
    label: String,
    indent: usize,
    /// True while options of a directive may follow.
    may_have_options: bool,
    /// True between the `---` lines of its options.
    in_options: bool,
}

struct DirectiveResolver<'a> {
    lines: Vec<&'a str>,
    out: Vec<String>,
    open: Vec<OpenBlock>,
    fence: Option<OpenFence>,
    label: Option<PendingLabel>,
    components: Components,
    indented: IndentedCode,
    done: ResolvedText,
}

/// Tells indented code, which stays as it is, from the continuation of list items.
#[derive(Debug, Default)]
struct IndentedCode {
    /// Columns at which the text of the open list items begins.
    items: Vec<usize>,
    is_after_blank: bool,
    is_inside: bool,
}

impl IndentedCode {
    /// Returns true when a line that is not blank is code.
    fn holds(&mut self, line: &str) -> bool {
        let indent = indent_of(line);
        let marker = marker_width(line.trim_start());
        if self.is_after_blank || marker.is_some() {
            while self.items.last().is_some_and(|item| *item > indent) {
                self.items.pop();
            }
        }
        let base = self.items.last().copied().unwrap_or(0);
        self.is_inside = indent >= base + 4 && (self.is_after_blank || self.is_inside);
        self.is_after_blank = false;
        if let Some(width) = marker.filter(|_| !self.is_inside) {
            self.items.push(indent + width);
        }
        self.is_inside
    }
}

/// Most blocks that are open at a time; further openings are text.
const MOST_OPEN: usize = 32;

/// Rewrites a text whose line breaks are `\n`. `path` tells whether it is MDX.
pub(super) fn resolve(text: &str, path: &str) -> ResolvedText {
    let lines: Vec<&str> = text.split('\n').collect();
    let mut resolver = DirectiveResolver {
        out: Vec::with_capacity(lines.len()),
        components: Components::of(&lines, path),
        lines,
        open: Vec::new(),
        fence: None,
        label: None,
        indented: IndentedCode {
            is_after_blank: true,
            ..IndentedCode::default()
        },
        done: ResolvedText::default(),
    };
    while resolver.out.len() < resolver.lines.len() {
        let at = resolver.out.len();
        let line = resolver.line(at);
        resolver.out.push(line);
    }
    resolver.put_label();
    let mut done = resolver.done;
    done.text = resolver.out.join("\n");
    done
}

impl DirectiveResolver<'_> {
    fn line(&mut self, at: usize) -> String {
        let source = self.lines.get(at).copied().unwrap_or_default();
        let line = self.without_margin(source);
        if let Some(fence) = self.fence {
            if closes(&line, fence.char, fence.length) {
                self.fence = None;
                return if fence.is_left_out { String::new() } else { line };
            }
            if fence.may_have_options && self.is_code_option(&line) {
                // The fence opens below its options.
                return self.out.last_mut().map(take).unwrap_or_default();
            }
            return if fence.is_left_out { String::new() } else { line };
        }
        if line.trim().is_empty() {
            self.indented.is_after_blank = true;
            return line;
        }
        if self.indented.holds(&line) {
            return self.with_label(line);
        }
        if let Some(label) = &mut self.label
            && label.may_have_options
            && let Some(name) = option_line(line.trim(), label)
        {
            if let Some(name) = name {
                self.done.anchors.push((number(at), name));
            }
            return String::new();
        }
        if matches!(self.open.last(), Some(OpenBlock::ReStructuredText(..))) && line.trim_start().starts_with(".. ") {
            // A directive, a target or a comment: what follows it is read as text.
            return String::new();
        }
        if let Some(line) = self.boundary(at, &line) {
            return line;
        }
        let line = self.components.line(&self.lines, at, line);
        if let Some(name) = myst::label(&line) {
            self.done.is_myst = true;
            self.done.anchors.push((number(at), name.to_owned()));
            return String::new();
        }
        let line = if line.contains("}`") {
            let resolved = myst::roles(&line);
            self.done.is_myst |= resolved != line;
            resolved
        } else {
            line
        };
        self.with_label(line)
    }

    /// Removes the indentation of the open blocks, and the mark of an alert; ends the blocks that the line is not part of.
    fn without_margin(&mut self, source: &str) -> String {
        let is_blank = source.trim().is_empty();
        while let Some(last) = self.open.last() {
            let ends = match last {
                OpenBlock::Indented(indent) => !is_blank && indent_of(source) < indent + 4,
                OpenBlock::Alert => !source.trim_start().starts_with('>'),
                OpenBlock::Colons(_) | OpenBlock::Fence(..) | OpenBlock::ReStructuredText(..) => false,
            };
            if !ends {
                break;
            }
            self.put_label();
            self.fence = None;
            self.open.pop();
        }
        let mut columns = 0;
        let mut is_alert = false;
        for open in &self.open {
            match open {
                OpenBlock::Indented(_) => columns += 4,
                OpenBlock::Alert => is_alert = true,
                OpenBlock::Colons(_) | OpenBlock::Fence(..) | OpenBlock::ReStructuredText(..) => {}
            }
        }
        if is_alert {
            let bare = source.trim_start();
            let indent = source.len() - bare.len();
            let text = bare.strip_prefix('>').unwrap_or(bare);
            let text = text.strip_prefix(' ').unwrap_or(text);
            return format!("{}{text}", source.get(..indent).unwrap_or_default());
        }
        if columns == 0 {
            return source.to_owned();
        }
        let indent = indent_of(source);
        format!("{}{}", " ".repeat(indent.saturating_sub(columns)), source.trim_start())
    }

    /// Handles a line that opens or closes a block; returns what is written instead.
    fn boundary(&mut self, at: usize, line: &str) -> Option<String> {
        let bare = line.trim();
        if let Some(fence) = fence_of(line) {
            return Some(self.fence_line(at, line, fence));
        }
        if bare.starts_with(":::") && bare.chars().all(|c| c == ':') {
            let mine = self
                .open
                .iter()
                .rposition(|open| matches!(open, OpenBlock::Colons(length) if *length <= bare.len()));
            let at = mine.or_else(|| self.open.iter().rposition(|open| matches!(open, OpenBlock::Colons(_))))?;
            self.put_label();
            self.open.truncate(at);
            return Some(String::new());
        }
        if self.open.len() >= MOST_OPEN {
            return None;
        }
        let opening = notes::opening(bare)?;
        let indent = indent_of(line);
        let source_indent = indent_of(self.lines.get(at).copied().unwrap_or_default());
        let below = self
            .lines
            .iter()
            .skip(at + 1)
            .take(3)
            .find(|line| !line.trim().is_empty());
        if matches!(opening, Opening::Indented(_)) && below.is_none_or(|line| indent_of(line) < source_indent + 4) {
            // A sentence that begins with "!!!" or "???": the text of a note is indented.
            return None;
        }
        let (block, label, is_myst) = match opening {
            Opening::Colons(length, label, is_myst) => (OpenBlock::Colons(length), label, is_myst),
            Opening::Indented(label) => (OpenBlock::Indented(source_indent), label, false),
            Opening::Alert(label) => (OpenBlock::Alert, label, false),
        };
        self.done.is_myst |= is_myst;
        self.put_label();
        self.open.push(block);
        self.label = Some(PendingLabel {
            at,
            label,
            indent,
            may_have_options: is_myst,
            in_options: false,
        });
        Some(String::new())
    }

    fn fence_line(&mut self, at: usize, line: &str, (char, length, info): (char, usize, &str)) -> String {
        let closed = self.open.iter().rposition(|open| match open {
            OpenBlock::Fence(own, shortest) | OpenBlock::ReStructuredText(own, shortest) => {
                *own == char && *shortest <= length
            }
            OpenBlock::Colons(_) | OpenBlock::Indented(_) | OpenBlock::Alert => false,
        });
        if info.is_empty()
            && let Some(closed) = closed
        {
            self.put_label();
            self.open.truncate(closed);
            return String::new();
        }
        let kind = if self.open.len() >= MOST_OPEN {
            FenceKind::Code
        } else {
            myst::fence(info)
        };
        let indent = indent_of(line);
        let start = line.find(char).unwrap_or(0);
        let head = line.get(..start).unwrap_or_default();
        let marks = char.to_string().repeat(length);
        self.done.is_myst |= info.starts_with('{') && matches!(kind, FenceKind::Text { .. } | FenceKind::LeftOut);
        let code = |lang: &str| format!("{head}{marks}{lang}");
        let is_left_out = matches!(kind, FenceKind::LeftOut);
        let fence = |may_have_options| OpenFence {
            char,
            length,
            is_left_out,
            may_have_options,
        };
        match kind {
            FenceKind::Text { label, text } => {
                self.put_label();
                self.open.push(if info.starts_with("{eval-rst}") {
                    OpenBlock::ReStructuredText(char, length)
                } else {
                    OpenBlock::Fence(char, length)
                });
                self.label = Some(PendingLabel {
                    at,
                    label,
                    indent,
                    may_have_options: true,
                    in_options: false,
                });
                return if text.is_empty() {
                    String::new()
                } else {
                    self.with_label(format!("{head}{text}"))
                };
            }
            FenceKind::Code => {
                let line = self.with_label(line.to_owned());
                self.fence = Some(fence(false));
                return line;
            }
            FenceKind::CodeOf(lang) => {
                self.put_label();
                self.fence = Some(fence(true));
                return code(&lang);
            }
            FenceKind::LeftOut => {
                self.put_label();
                self.fence = Some(fence(false));
            }
        }
        String::new()
    }

    /// Returns true for an option of a directive for code; the first other line ends the options.
    fn is_code_option(&mut self, line: &str) -> bool {
        let option = line.trim().strip_prefix(':').and_then(|rest| rest.split_once(':'));
        let is_blank = line.trim().is_empty();
        let is_option = is_blank
            || option
                .is_some_and(|(key, _)| !key.is_empty() && key.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-'));
        if let Some(fence) = &mut self.fence {
            fence.may_have_options = is_option;
        }
        is_option
    }

    /// Writes the label before a line of text, or above anything else.
    fn with_label(&mut self, line: String) -> String {
        let Some(label) = take(&mut self.label) else {
            return line;
        };
        let bare = line.trim_start();
        let is_text = indent_of(&line) <= label.indent + 3 && !bare.is_empty() && !notes::opens_block(bare);
        if is_text && !label.label.is_empty() {
            let indent = line.len() - bare.len();
            return format!("{}**{}** {bare}", line.get(..indent).unwrap_or_default(), label.label);
        }
        self.label = Some(label);
        self.put_label();
        line
    }

    /// Writes the waiting label on the line that opened its block.
    fn put_label(&mut self) {
        if let Some(label) = take(&mut self.label).filter(|label| !label.label.is_empty())
            && let Some(line) = self.out.get_mut(label.at)
        {
            *line = format!("{}**{}**", " ".repeat(label.indent), label.label);
        }
    }
}

fn number(at: usize) -> u32 {
    u32::try_from(at + 1).unwrap_or(u32::MAX)
}

/// Returns a fence's character, length and info string. A fence may begin on the line of a list item.
fn fence_of(line: &str) -> Option<(char, usize, &str)> {
    let mut bare = line.trim_start();
    for _ in 0..4 {
        let Some(width) = marker_width(bare) else { break };
        bare = bare.get(width..)?.trim_start();
    }
    let char = bare.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let length = bare.bytes().take_while(|c| char::from(*c) == char).count();
    let info = bare.get(length..)?.trim();
    (length >= 3 && !(char == '`' && info.contains('`'))).then_some((char, length, info))
}

fn closes(line: &str, char: char, length: usize) -> bool {
    fence_of(line).is_some_and(|(own, run, info)| own == char && run >= length && info.is_empty())
}

/// Takes a line of a directive's options (`:class: x`, or YAML between `---`). Returns the name that it gives the place,
/// if any; `None` for a line that is not one.
#[expect(
    clippy::option_option,
    reason = "an option that gives no name is not the same as no option"
)]
fn option_line(bare: &str, label: &mut PendingLabel) -> Option<Option<String>> {
    if bare == "---" {
        label.in_options = !label.in_options;
        label.may_have_options = label.in_options;
        return Some(None);
    }
    if label.in_options {
        return Some(None);
    }
    let option = bare.strip_prefix(':').and_then(|rest| rest.split_once(':'));
    let option = option
        .filter(|(key, _)| !key.is_empty() && key.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-' || c == b'_'));
    if let Some((key, value)) = option {
        Some(
            (key == "name")
                .then(|| value.trim().to_owned())
                .filter(|name| !name.is_empty()),
        )
    } else {
        label.may_have_options = false;
        None
    }
}
