//! Preprocessing of text for the Markdown parser: kramdown attribute lists, HTML tags, fences that do not fit their
//! list or are never closed, tables with a short delimiter row. Works on lines and keeps their number, so that
//! positions stay right.

mod lines;

use lines::{close_link, columns, fence_of, is_deep_heading, is_info, space_heading, without_indent};
pub(super) use lines::{indent_of, marker_width};

use super::html;

/// An attribute list such as `{: tsSymptoms}` and its position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Attribute {
    /// Line, from 1.
    pub(super) line: u32,
    /// Number of columns before it.
    pub(super) indent: usize,
    /// Words of the list, as written.
    pub(super) words: Vec<String>,
}

/// A text that the Markdown parser reads well, with the parts that were taken out of it.
#[derive(Debug, Default)]
pub(super) struct PreparedText {
    /// The text, with as many lines as before.
    pub(super) text: String,
    /// Attribute lists on lines of their own, in order.
    pub(super) attributes: Vec<Attribute>,
    /// Anchors inside lines (`{#id}`, `{: #id}`, `<a name>`), in order: line and id.
    pub(super) anchors: Vec<(u32, String)>,
    /// Problems: line, code and message.
    pub(super) problems: Vec<(u32, &'static str, String)>,
}

struct Fence {
    char: char,
    length: usize,
    indent: usize,
}

/// Deepest column at which the content of a list item may begin. Lines are moved to that column, so without a limit one
/// line of blanks would make every line after it as long.
const DEEPEST: usize = 200;

struct Preparer<'a> {
    lines: Vec<&'a str>,
    out: Vec<String>,
    offsets: Vec<usize>,
    html: html::HtmlState,
    done: PreparedText,
}

/// Prepares a text whose line breaks are `\n`.
pub(super) fn prepare(text: &str) -> PreparedText {
    let lines: Vec<&str> = text.split('\n').collect();
    let mut preparer = Preparer {
        out: Vec::with_capacity(lines.len()),
        lines,
        offsets: Vec::new(),
        html: html::HtmlState::default(),
        done: PreparedText::default(),
    };
    preparer.run();
    let mut done = preparer.done;
    done.text = preparer.out.join("\n");
    done
}

impl Preparer<'_> {
    fn run(&mut self) {
        let mut blank_before = true;
        while self.out.len() < self.lines.len() {
            let at = self.out.len();
            let line = self.lines[at];
            let indent = indent_of(line);
            if line.trim().is_empty() {
                if indent >= 4 && self.converted_code(at) {
                    blank_before = true;
                    continue;
                }
                self.out.push(String::new());
                blank_before = true;
                continue;
            }
            if self.html.verbatim() {
                self.out.push(self.html.pass(line));
                continue;
            }
            self.track_list(line, indent, blank_before);
            let base = self.offsets.last().copied().unwrap_or(0);
            if let Some(fence) = fence_of(line) {
                self.fence(&fence, at);
                blank_before = false;
                continue;
            }
            if base > 0 && indent >= base && self.is_set_off(at) {
                self.code_of_item(base);
                continue;
            }
            // An attribute line belongs to the block before it, however far it is indented.
            if blank_before && indent >= base + 4 && attribute_line(line).is_none() {
                // Indented code stays as it is, up to the next line that is not indented.
                while let Some(code) = self.lines.get(self.out.len()) {
                    if attribute_line(code).is_some() || (!code.trim().is_empty() && indent_of(code) < base + 4) {
                        break;
                    }
                    self.out.push((*code).to_owned());
                }
                continue;
            }
            let prepared = self.line(at, line, indent);
            blank_before = prepared.trim().is_empty();
            self.out.push(prepared);
        }
    }

    /// Returns true when two lines of nothing but four blanks stand before the line. re:Post's pages set off code like
    /// this, in lists, too, where an indentation of four alone would make it a paragraph of the item.
    fn is_set_off(&self, at: usize) -> bool {
        let blanks = |line: &&str| line.len() >= 4 && line.trim().is_empty();
        at >= 2
            && self
                .lines
                .get(at - 2..at)
                .is_some_and(|before| before.iter().all(blanks))
    }

    /// Fences the code that starts here; the fences replace the blank lines around it.
    fn code_of_item(&mut self, base: usize) {
        let fence = format!("{}~~~~", " ".repeat(base));
        if let Some(before) = self.out.last_mut() {
            before.clone_from(&fence);
        }
        while let Some(code) = self.lines.get(self.out.len()) {
            let ends = !code.trim().is_empty() && indent_of(code) < base;
            let next = self.lines.get(self.out.len() + 1).map_or("", |next| next);
            if ends || (code.trim().is_empty() && (next.trim().is_empty() || indent_of(next) < base)) {
                break;
            }
            self.out.push((*code).to_owned());
        }
        if self
            .lines
            .get(self.out.len())
            .is_some_and(|line| line.trim().is_empty())
        {
            self.out.push(fence);
        }
    }

    /// Handles code as HTML converters write it: two lines of four blanks, then lines indented by four, whatever list
    /// is open.
    fn converted_code(&mut self, at: usize) -> bool {
        let blank = |at: usize| {
            self.lines
                .get(at)
                .is_some_and(|line| line.trim().is_empty() && indent_of(line) >= 4)
        };
        let code = |at: usize| {
            self.lines
                .get(at)
                .is_some_and(|line| !line.trim().is_empty() && indent_of(line) >= 4)
        };
        if self.offsets.is_empty() || !blank(at + 1) || !code(at + 2) {
            return false;
        }
        let base = self.offsets.last().copied().unwrap_or(0);
        self.out.extend([String::new(), String::new()]);
        while let Some(line) = self.lines.get(self.out.len()) {
            if !line.trim().is_empty() && indent_of(line) < 4 {
                break;
            }
            self.out.push(format!("{}{line}", " ".repeat(base)));
        }
        true
    }

    /// Tracks the list items that hold the line.
    fn track_list(&mut self, line: &str, indent: usize, blank_before: bool) {
        let marker = marker_width(line.trim_start());
        if blank_before || marker.is_some() || line.starts_with('#') {
            while self.offsets.last().is_some_and(|offset| *offset > indent) {
                self.offsets.pop();
            }
        }
        if let Some(width) = marker {
            self.offsets.push((indent + width).min(DEEPEST));
        }
    }

    fn line(&mut self, at: usize, line: &str, indent: usize) -> String {
        let number = u32::try_from(at + 1).unwrap_or(u32::MAX);
        if let Some(words) = attribute_line(line) {
            self.done.attributes.push(Attribute {
                line: number,
                indent,
                words,
            });
            return String::new();
        }
        if line.starts_with("[//]: # ") || line.starts_with("[comment]: ") {
            // The idiom for a comment in Markdown.
            return String::new();
        }
        let mut line = line.to_owned();
        if line.contains("{:") || (line.contains("{#") && line.trim_start().starts_with('#')) {
            line = self.take_inline_attributes(&line, number);
        }
        if line.contains('<') {
            let anchors = &mut self.done.anchors;
            line = self.html.line(&line, |id| anchors.push((number, id)));
        }
        if line.contains("](")
            && !line.contains("])")
            && let Some(closed) = close_link(&line)
        {
            self.done.problems.push((
                number,
                "link-unclosed",
                "a link's address is never closed with `)`".into(),
            ));
            line = closed;
        }
        if line.starts_with("##") {
            line = space_heading(&line);
        }
        if line.contains("--") && line.contains('|') {
            line = self.fit_rule(at, line);
        } else if line.contains('|') {
            line = self.join_row(at, line);
        }
        line
    }

    /// Removes `{: …}` and, on headings, `{#id}`, outside inline code.
    fn take_inline_attributes(&mut self, line: &str, number: u32) -> String {
        let mut out = String::with_capacity(line.len());
        let heading = line.trim_start().starts_with('#');
        let mut rest = line;
        let mut in_code = false;
        while let Some(at) = rest.find(['`', '{']) {
            let (before, after) = rest.split_at(at);
            out.push_str(before);
            if let Some(behind) = after.strip_prefix('`') {
                in_code = !in_code && behind.contains('`');
                out.push('`');
                rest = behind;
                continue;
            }
            let taken = (!in_code)
                .then(|| after.char_indices().take(400).find(|(_, c)| *c == '}'))
                .flatten()
                .map(|(at, _)| at)
                .filter(|_| is_list_start(after, heading));
            let Some(end) = taken else {
                out.push('{');
                rest = &after[1..];
                continue;
            };
            let inner = after[1..end].trim_start_matches(':');
            for word in inner.split_whitespace() {
                if let Some(id) = word.strip_prefix('#') {
                    self.done.anchors.push((number, id.to_owned()));
                }
            }
            rest = &after[end + 1..];
        }
        out.push_str(rest);
        out.truncate(out.trim_end().len());
        out
    }

    /// Gives a table's delimiter row as many columns as its head has.
    fn fit_rule(&self, at: usize, line: String) -> String {
        let is_rule = line.chars().all(|c| matches!(c, '|' | '-' | ':' | ' ' | '\t' | '+'));
        if !is_rule || at == 0 {
            return line;
        }
        let head = columns(self.lines[at - 1]);
        if head < 2 || columns(&line) == head {
            return line;
        }
        format!("{}|", "|---".repeat(head.min(64)))
    }

    /// Joins a row that was broken over two lines at the end of a table.
    fn join_row(&self, at: usize, line: String) -> String {
        let is_row = |at: usize| {
            self.lines
                .get(at)
                .is_some_and(|line| line.trim_start().starts_with('|'))
        };
        if at < 2 || !line.starts_with('|') || !is_row(at + 1) || is_row(at + 2) {
            return line;
        }
        // Only right below the delimiter row: further down, a short row is a short row.
        let head = columns(self.lines[at - 2]);
        let next = self.lines[at + 1];
        if self.lines[at - 1].contains("--") && columns(&line) + columns(next) == head {
            return format!("{} {}", line.trim_end(), next.trim());
        }
        line
    }

    /// Copies a fenced block, and repairs it where necessary.
    fn fence(&mut self, fence: &Fence, open: usize) {
        let base = self.offsets.last().copied().unwrap_or(0).min(fence.indent);
        let base = if marker_width(self.lines[open].trim_start()).is_some() {
            fence.indent.min(DEEPEST)
        } else {
            base
        };
        let (close, closed) = self.find_close(fence, open);
        let shift = fence.indent >= base + 4
            || self.lines[open + 1..close]
                .iter()
                .chain(self.lines.get(close).filter(|_| closed))
                .any(|line| !line.trim().is_empty() && indent_of(line) < base);
        let last = if closed { close + 1 } else { close };
        for at in open..last {
            let line = self.lines[at];
            let keep = at == open && marker_width(line.trim_start()).is_some();
            let shifted = if shift && !keep && !line.trim().is_empty() {
                format!("{}{}", " ".repeat(base), without_indent(line, fence.indent))
            } else {
                line.to_owned()
            };
            self.out.push(shifted);
        }
        if closed && is_info(self.lines[close].trim().trim_start_matches(fence.char)) {
            // A closing fence with a language: a mistake of the author.
            if let Some(last) = self.out.last_mut() {
                *last = format!("{}{}", " ".repeat(base), fence.char.to_string().repeat(fence.length));
            }
            self.done.problems.push((
                u32::try_from(close + 1).unwrap_or(u32::MAX),
                "fence-close",
                "a closing fence takes no language; it is read as the end of the code block".into(),
            ));
        }
        if !closed {
            let number = u32::try_from(open + 1).unwrap_or(u32::MAX);
            let until = if close < self.lines.len() {
                // `close` is a blank line: the fence is closed there.
                self.out.push(format!(
                    "{}{}",
                    " ".repeat(base),
                    fence.char.to_string().repeat(fence.length)
                ));
                format!("it is taken to end at line {}", close + 1)
            } else {
                "everything below it is taken as code".to_owned()
            };
            self.done.problems.push((
                number,
                "fence-unclosed",
                format!("the code block is never closed; {until}"),
            ));
        }
    }

    /// Returns true when an apparent opening fence closes a block: a blank line, an attribute list or the end follows
    /// it.
    fn ends_here(&self, at: usize) -> bool {
        self.lines
            .get(at + 1)
            .is_none_or(|next| next.trim().is_empty() || attribute_line(next).is_some())
    }

    /// Returns the index of the closing line, of the blank line where an unclosed fence should end, or the number of
    /// lines.
    fn find_close(&self, fence: &Fence, open: usize) -> (usize, bool) {
        let mut blank = None;
        let mut before_heading = None;
        for (at, line) in self.lines.iter().enumerate().skip(open + 1) {
            let bare = line.trim();
            if bare.is_empty() {
                blank = Some(at);
                continue;
            }
            let run = bare.chars().take_while(|c| *c == fence.char).count();
            if run >= fence.length && run == bare.chars().count() {
                return (at, true);
            }
            if before_heading.is_none() && blank == Some(at - 1) && is_deep_heading(line) {
                before_heading = blank;
            }
            if run == fence.length && is_info(&bare[run..]) && self.ends_here(at) {
                return (at, true);
            }
            if run == fence.length && is_info(&bare[run..]) {
                // An opening fence inside a fence: the first one was left open, if there is a place to close it.
                if let Some(place) = before_heading.or(blank) {
                    return (place, false);
                }
            }
        }
        (before_heading.unwrap_or(self.lines.len()), false)
    }
}

fn is_list_start(after: &str, heading: bool) -> bool {
    match after.strip_prefix("{:") {
        Some(rest) => rest
            .trim_start()
            .starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '#' | '.')),
        None => heading && after.starts_with("{#") && !after.contains("{{"),
    }
}

/// Returns the words of a line that consists of an attribute list only.
fn attribute_line(line: &str) -> Option<Vec<String>> {
    let inner = line
        .trim()
        .trim_start_matches(['>', ' '])
        .strip_prefix("{:")?
        .strip_suffix('}')?;
    if inner.contains(['{', '}']) && !inner.contains("{{") {
        return None;
    }
    Some(words(inner))
}

/// Splits an attribute list into words; a quoted value stays one word.
fn words(inner: &str) -> Vec<String> {
    let mut out = vec![String::new()];
    let mut quote = None;
    for c in inner.chars() {
        match (c, quote) {
            ('"' | '\'', None) => quote = Some(c),
            (c, Some(open)) if c == open => quote = None,
            (c, None) if c.is_whitespace() => out.push(String::new()),
            (c, _) => {
                if let Some(last) = out.last_mut() {
                    last.push(c);
                }
            }
        }
    }
    out.retain(|word| !word.is_empty());
    out
}
