//! Explicit markup: directives, targets, footnotes, substitutions and comments. The content of a directive that is not
//! known is text.

mod content;
mod names;

use names::{admonition, is_configured, is_diagram, is_object, is_silent, is_titled, takes_all, version_note};

use super::super::part::DocumentPart;
use super::super::roles as headings;
use super::super::{Block, BlockKind, Inline, Role, html};
use super::blocks::{BlockParser, BlockPlace, paragraph};
use super::code::code_block;
use super::lines::{NumberedLine, end_of_indented, field, literal};
use super::roles;
use super::targets::{normalised, split_target};

/// Longest name of a directive, in bytes.
const LONGEST_NAME: usize = 80;

/// A directive: its name in lower case, its argument and its options.
#[derive(Debug)]
struct Directive<'a> {
    name: String,
    argument: &'a str,
    /// Lines of the argument after its first.
    more: Vec<&'a str>,
    options: Vec<(&'a str, String)>,
    line: u32,
    /// Index of the first line after the argument and the options.
    body: usize,
    end: usize,
}

impl Directive<'_> {
    fn option(&self, name: &str) -> Option<&str> {
        let found = self.options.iter().find(|(option, _)| *option == name);
        found.map(|(_, value)| value.as_str())
    }

    fn number(&self, name: &str) -> usize {
        self.option(name).and_then(|value| value.parse().ok()).unwrap_or(0)
    }

    /// The whole argument.
    fn title(&self) -> String {
        let mut title = self.argument.to_owned();
        for line in &self.more {
            title.push(' ');
            title.push_str(line);
        }
        title.trim().to_owned()
    }
}

impl BlockParser {
    /// Reads the explicit markup that begins at a line; returns the index of the line after it.
    pub(super) fn explicit(
        &mut self,
        lines: &mut [NumberedLine<'_>],
        at: usize,
        place: BlockPlace,
        out: &mut Vec<DocumentPart>,
    ) -> usize {
        let line = lines[at];
        let rest = line.text.get(2..).unwrap_or_default().trim_start();
        let run = || {
            let more = lines.get(at + 1..).unwrap_or_default().iter();
            at + 1
                + more
                    .take_while(|next| !next.is_blank() && next.indent > line.indent)
                    .count()
        };
        if rest.is_empty() && lines.get(at + 1).is_none_or(NumberedLine::is_blank) {
            // An empty comment ends what stands above it; the text below is text.
            return at + 1;
        }
        if let Some(target) = rest.strip_prefix('_') {
            if let Some((name, "")) = split_target(target).filter(|_| !target.starts_with("_:")) {
                self.waiting.push(normalised(name));
            }
            return run();
        }
        let end = end_of_indented(lines, at + 1, line.indent).max(at + 1);
        if rest.starts_with('|') {
            return end;
        }
        if let Some((name, bytes)) = note_mark(rest) {
            self.footnote(
                &mut lines[at..end],
                name,
                line.text.len() - rest.len() + bytes,
                place,
                out,
            );
            return end;
        }
        if let Some(directive) = directive(lines, at, end) {
            self.directive(lines, at, &directive, place, out);
        }
        end
    }

    fn footnote(
        &mut self,
        lines: &mut [NumberedLine<'_>],
        name: &str,
        mark: usize,
        place: BlockPlace,
        out: &mut Vec<DocumentPart>,
    ) {
        let number = lines[0].number;
        let mut blocks = self.flowing(lines, mark, place);
        let shown = Inline::Text(format!("[{}] ", name.trim_start_matches('#')));
        match blocks.first_mut().map(|block| &mut block.kind) {
            Some(BlockKind::Paragraph(inlines)) => inlines.insert(0, shown),
            _ => blocks.insert(0, paragraph(vec![shown], number)),
        }
        self.splice(out, blocks);
    }

    fn splice(&mut self, out: &mut Vec<DocumentPart>, blocks: Vec<Block>) {
        for block in blocks {
            self.push(out, block);
        }
    }

    fn directive(
        &mut self,
        lines: &mut [NumberedLine<'_>],
        at: usize,
        directive: &Directive<'_>,
        place: BlockPlace,
        out: &mut Vec<DocumentPart>,
    ) {
        if let Some(name) = directive.option("name") {
            self.waiting.push(normalised(name));
        }
        let line = directive.line;
        let name = directive.name.as_str();
        match name {
            "code-block" | "code" | "sourcecode" | "code-cell" | "prompt" | "ipython" | "parsed-literal" => {
                self.code(lines, directive, out);
            }
            "math" => {
                let text = [directive.title(), literal(body(lines, directive))].join("\n");
                self.push(out, code_block("math", text.trim(), line));
            }
            "image" | "figure" | "thumbnail" => {
                let url = directive.title();
                let alt = directive.option("alt").unwrap_or_default().to_owned();
                self.push_paragraph(out, vec![Inline::Image { alt, url }], line);
                self.body(lines, directive, place, out);
            }
            "literalinclude" => {
                self.caption(directive, out);
                let path = directive.title();
                self.push_paragraph(out, vec![roles::link(&path, &path)], line);
            }
            "include" | "mdinclude" => self.include(directive),
            "toctree" => self.contents(lines, directive, out),
            "list-table" => self.list_table(lines, directive, place, out),
            "csv-table" => self.csv_table(lines, directive, out),
            "glossary" => self.glossary(lines, directive, place, out),
            "option" | "cmdoption" | "program-option" => self.described_option(lines, directive, place, out),
            "highlight" => {
                let language = directive.argument.split_whitespace().next().unwrap_or_default();
                language.clone_into(&mut self.language);
            }
            "raw" => {
                if directive.argument.contains("html") {
                    let text = html::text_of(&literal(body(lines, directive)));
                    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
                    self.push_paragraph(out, Some(Inline::Text(text)).into_iter().collect(), line);
                }
            }
            _ if is_diagram(name) => {
                self.caption(directive, out);
                self.push_paragraph(out, vec![roles::link("#top", "Diagram in the runbook")], line);
            }
            "rubric" | "centered" => self.title_paragraph(&directive.title(), line, out),
            _ if is_silent(name) => {}
            _ => self.container(lines, at, directive, place, out),
        }
    }

    /// Reads a directive that holds text: an admonition, the description of an object, anything else.
    fn container(
        &mut self,
        lines: &mut [NumberedLine<'_>],
        at: usize,
        directive: &Directive<'_>,
        place: BlockPlace,
        out: &mut Vec<DocumentPart>,
    ) {
        let name = directive.name.as_str();
        let line = directive.line;
        if let Some(label) = admonition(name) {
            let lines = without_head(lines, at, directive);
            let mark = mark_of(lines[0].text);
            let blocks = self.flowing(lines, mark, place);
            self.note(label.to_owned(), blocks, line, out);
        } else if let Some(label) = version_note(name) {
            let (version, text) = match directive.argument.split_once(' ') {
                Some((version, text)) => (version, text),
                None => (directive.argument, ""),
            };
            let mut blocks = self.blocks(body_mut(lines, directive), place);
            let text = [&[text][..], &directive.more].concat().join(" ");
            if !text.trim().is_empty() {
                blocks.insert(0, paragraph(self.inline.read(text.trim()), line));
            }
            self.note(format!("{label} {version}"), blocks, line, out);
        } else if name == "admonition" {
            let label = self.inline.plain(&directive.title());
            let blocks = self.blocks(body_mut(lines, directive), place);
            self.note(label, blocks, line, out);
        } else if is_object(name) && !directive.argument.is_empty() {
            let outer = self.level;
            let level = (outer + 1).min(6);
            self.heading(
                out,
                level,
                vec![Inline::Text(directive.argument.to_owned())],
                line,
                place,
            );
            for signature in &directive.more {
                self.push_paragraph(out, vec![Inline::Code((*signature).to_owned())], line);
            }
            self.body(lines, directive, place, out);
            self.level = outer;
        } else {
            let title = directive.title();
            if is_titled(name) || title.contains(' ') && !is_configured(name) {
                self.title_paragraph(&title, line, out);
            }
            if name == "jinja" {
                for line in body_mut(lines, directive) {
                    if line.text.starts_with("{%") && line.text.ends_with("%}") {
                        line.text = "";
                    }
                }
            }
            self.body(lines, directive, place, out);
        }
    }

    fn title_paragraph(&mut self, title: &str, line: u32, out: &mut Vec<DocumentPart>) {
        if !title.is_empty() {
            let title = self.inline.read(title);
            self.push_paragraph(out, vec![Inline::Strong(title)], line);
        }
    }

    fn caption(&mut self, directive: &Directive<'_>, out: &mut Vec<DocumentPart>) {
        if let Some(caption) = directive.option("caption").filter(|caption| !caption.is_empty()) {
            let caption = self.inline.read(caption);
            self.push_paragraph(out, caption, directive.line);
        }
    }

    /// Reads the content of a directive as a part of the text around it.
    fn body(
        &mut self,
        lines: &mut [NumberedLine<'_>],
        directive: &Directive<'_>,
        place: BlockPlace,
        out: &mut Vec<DocumentPart>,
    ) {
        let place = BlockPlace {
            depth: place.depth + 1,
            ..place
        };
        let parts = self.parts(body_mut(lines, directive), place);
        out.extend(parts);
    }

    fn note(&mut self, label: String, mut blocks: Vec<Block>, line: u32, out: &mut Vec<DocumentPart>) {
        // `See also:` as a label would give its role to all that follows.
        let (label, apart) = if headings::of_label(&label) == Role::Other {
            (format!("{label}:"), " ")
        } else {
            (label, " – ")
        };
        let label = Inline::Strong(vec![Inline::Text(label)]);
        match blocks.first_mut() {
            Some(Block {
                kind: BlockKind::Paragraph(inlines),
                line: first,
                ..
            }) => {
                *first = line;
                inlines.splice(0..0, [label, Inline::Text(apart.to_owned())]);
            }
            _ => blocks.insert(0, paragraph(vec![label], line)),
        }
        self.splice(out, blocks);
    }
}

/// Reads the head of the directive that begins at a line and ends before another.
fn directive<'a>(lines: &[NumberedLine<'a>], at: usize, end: usize) -> Option<Directive<'a>> {
    let line = lines.get(at)?;
    let rest = line.text.get(2..)?.trim_start();
    let (name, argument) = split_name(rest)?;
    let mut body = at + 1;
    let mut more = Vec::new();
    let mut options: Vec<(&str, String)> = Vec::new();
    let head = lines.get(at + 1..end).unwrap_or_default();
    let head = head.get(..head.iter().position(NumberedLine::is_blank).unwrap_or(head.len()))?;
    let before = head.iter().take_while(|line| field(line.text).is_none()).count();
    let optional = before < head.len() && (before == 0 || !argument.is_empty());
    if optional || takes_all(name) && !argument.is_empty() {
        more.extend(head.iter().take(before).map(|line| line.text));
        let indent = head.get(before).map_or(0, |line| line.indent);
        body += before;
        for line in head.get(before..)? {
            match (field(line.text), options.last_mut()) {
                (Some((name, bytes)), _) if line.indent == indent => {
                    options.push((name, line.text.get(bytes..).unwrap_or_default().to_owned()));
                }
                (_, Some((_, value))) if line.indent > indent => {
                    if !value.is_empty() {
                        value.push('\n');
                    }
                    value.push_str(line.text);
                }
                _ => break,
            }
            body += 1;
        }
    }
    Some(Directive {
        name: name.to_ascii_lowercase(),
        argument,
        more,
        options,
        line: line.number,
        body,
        end,
    })
}

/// Splits `name:: argument`.
fn split_name(rest: &str) -> Option<(&str, &str)> {
    let limit = rest.bytes().take(LONGEST_NAME).count();
    let bytes = rest.as_bytes().get(..limit)?;
    let at = bytes.windows(2).position(|pair| pair == b"::")?;
    let name = rest.get(..at)?.trim_end();
    let argument = rest.get(at + 2..)?;
    let of_name = |c: char| c.is_alphanumeric() || "-_.+:".contains(c);
    let well_formed = name.starts_with(char::is_alphanumeric) && name.chars().all(of_name);
    (well_formed && (argument.is_empty() || argument.starts_with([' ', '\t']))).then(|| (name, argument.trim()))
}

/// The name of a footnote or a citation and the bytes of its mark: `[1] text`.
fn note_mark(rest: &str) -> Option<(&str, usize)> {
    let inner = rest.strip_prefix('[')?;
    let end = inner.bytes().take(LONGEST_NAME).position(|byte| byte == b']')?;
    let after = inner.get(end + 1..)?;
    let name = inner.get(..end)?;
    let marked = (after.is_empty() || after.starts_with(' ')) && !name.contains(' ') && !name.is_empty();
    marked.then(|| (name, rest.len() - after.trim_start().len()))
}

fn body<'l, 'a>(lines: &'l [NumberedLine<'a>], directive: &Directive<'_>) -> &'l [NumberedLine<'a>] {
    lines.get(directive.body..directive.end).unwrap_or_default()
}

fn body_mut<'l, 'a>(lines: &'l mut [NumberedLine<'a>], directive: &Directive<'_>) -> &'l mut [NumberedLine<'a>] {
    lines.get_mut(directive.body..directive.end).unwrap_or_default()
}

/// Returns true when the name of a file has one of some endings.
fn has_ending(path: &str, endings: &[&str]) -> bool {
    path.rsplit_once('.')
        .is_some_and(|(_, ending)| endings.contains(&ending))
}

/// The lines of a directive whose text begins behind its name; its options are blank.
fn without_head<'l, 'a>(
    lines: &'l mut [NumberedLine<'a>],
    at: usize,
    directive: &Directive<'_>,
) -> &'l mut [NumberedLine<'a>] {
    if !directive.options.is_empty() {
        for line in &mut lines[at + 1 + directive.more.len()..directive.body] {
            line.text = "";
        }
    }
    &mut lines[at..directive.end]
}

/// Bytes of `.. name:: `.
fn mark_of(text: &str) -> usize {
    let name = text.find("::").map_or(text.len(), |at| at + 2);
    let rest = text.get(name..).unwrap_or_default();
    text.len() - rest.trim_start().len()
}
