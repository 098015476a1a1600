//! Reader of Org files, as Emacs writes them: translated to Markdown, whose lists and tables are alike.

use super::part::DocumentParts;
use super::translated::{TranslatedText, escaped, indent_of};

/// Words before a heading that tell its state.
const STATES: [&str; 10] = [
    "TODO",
    "DONE",
    "NEXT",
    "WAITING",
    "WAIT",
    "HOLD",
    "STARTED",
    "INPROGRESS",
    "CANCELLED",
    "CANCELED",
];
/// Longest span of emphasis or code, in bytes.
const LONGEST_SPAN: usize = 400;

/// Reads a document into headings and blocks with their source lines.
pub(super) fn read(text: &str) -> DocumentParts {
    let lines: Vec<&str> = text.split('\n').collect();
    let mut translator = Translator {
        least: least_indents(&lines),
        ..Translator::default()
    };
    for (number, line) in (1..).zip(lines) {
        translator.line(number, line);
    }
    let mut parts = translator.done.read();
    parts.anchors = translator.anchors;
    parts
}

#[derive(Default)]
struct Translator {
    done: TranslatedText,
    /// True after `#+TITLE:`, which stands above the first headings.
    titled: bool,
    anchors: Vec<(u32, String)>,
    /// The block that is open: the word after `end_`, and whether it holds code.
    open: Option<(String, bool)>,
    /// True in a drawer such as `:PROPERTIES:`.
    drawer: bool,
    /// True after a line `: text`.
    fixed: bool,
    /// Line of the last heading.
    heading: u32,
    /// Number of headings so far, and the indentation of the text below each.
    headings: usize,
    least: Vec<usize>,
    /// True after a row of a table.
    table: bool,
}

/// The smallest indentation below each heading; text may be indented as deep as its heading.
fn least_indents(lines: &[&str]) -> Vec<usize> {
    let mut least = vec![usize::MAX];
    for line in lines {
        if stars(line).is_some() {
            least.push(usize::MAX);
        } else if let Some(last) = least.last_mut().filter(|_| !line.trim().is_empty()) {
            *last = (*last).min(indent_of(line));
        }
    }
    least
}

impl Translator {
    fn line(&mut self, number: u32, line: &str) {
        let trimmed = line.trim();
        let lower = trimmed
            .get(..trimmed.len().min(60))
            .map(str::to_ascii_lowercase)
            .unwrap_or_default();
        let indent = self.indent(line);
        if let Some((name, code)) = self.open.clone() {
            self.inside(number, line, &lower, &name, code);
            return;
        }
        let fixed = trimmed
            .strip_prefix(':')
            .filter(|rest| rest.is_empty() || rest.starts_with(' '));
        if self.fixed && fixed.is_none() {
            self.fixed = false;
            self.done.fence(number.saturating_sub(1), indent, "");
        }
        let in_table = std::mem::take(&mut self.table);
        if self.drawer {
            self.drawer = lower != ":end:";
            let id = trimmed
                .strip_prefix(":CUSTOM_ID:")
                .map(str::trim)
                .filter(|id| !id.is_empty());
            self.anchors.extend(id.map(|id| (self.heading, id.to_owned())));
        } else if let Some(level) = stars(line) {
            self.heading(number, level, trimmed);
        } else if let Some(rest) = fixed {
            if !self.fixed {
                self.done.fence(number, indent, "");
            }
            self.fixed = true;
            let text = rest.strip_prefix(' ').unwrap_or(rest);
            self.done.push(number, &format!("{}{text}", " ".repeat(indent)));
        } else if is_drawer(trimmed) {
            self.drawer = true;
            self.done.push(number, "");
        } else if let Some(rest) = lower.strip_prefix("#+begin_") {
            self.begin(number, indent, rest, trimmed);
        } else if lower.starts_with("#+") {
            let value = trimmed.split_once(':').map_or("", |(_, value)| value.trim());
            if lower.starts_with("#+title:") && !self.titled && self.headings == 0 && !value.is_empty() {
                self.titled = true;
                self.push_heading(number, 1, value);
            } else {
                self.done.push(number, "");
            }
        } else if trimmed == "#" || trimmed.starts_with("# ") || is_planning(trimmed) {
            self.done.push(number, "");
        } else if trimmed.starts_with('|') {
            self.table = in_table || !trimmed.starts_with("|-");
            self.row(number, indent, trimmed, in_table);
        } else {
            self.text(number, indent, trimmed);
        }
    }

    /// Indentation of a line beyond that of the text around it.
    fn indent(&self, line: &str) -> usize {
        let least = self.least.get(self.headings).copied().unwrap_or(0);
        indent_of(line).saturating_sub(least)
    }

    /// Reads a line of an open block.
    fn inside(&mut self, number: u32, line: &str, lower: &str, name: &str, code: bool) {
        let indent = self.indent(line);
        if lower.strip_prefix("#+end_").is_some_and(|end| end.trim() == name) {
            self.open = None;
            if code {
                self.done.fence(number, indent, "");
            } else {
                self.done.push(number, "");
            }
            return;
        }
        if !code {
            let mark = if matches!(name, "quote" | "verse") { "> " } else { "" };
            let text = format!("{mark}{}", inline(line.trim()));
            self.done.push(number, &text);
        } else if name != "comment" {
            let text = line.trim_start_matches([' ', '\t']);
            // A comma keeps a line of code from being a heading.
            let text = text
                .strip_prefix(',')
                .filter(|rest| rest.starts_with(['*', '#', ',']))
                .unwrap_or(text);
            self.done
                .push(number, &format!("{}{}", " ".repeat(indent), text.trim_end()));
        }
    }

    fn begin(&mut self, number: u32, indent: usize, rest: &str, line: &str) {
        let name = rest.split_whitespace().next().unwrap_or_default().to_owned();
        let code = matches!(name.as_str(), "src" | "example" | "export" | "comment");
        if code {
            let lang = line
                .split_whitespace()
                .nth(1)
                .filter(|lang| name == "src" && !lang.starts_with(['-', ':']));
            self.done.fence(number, indent, lang.unwrap_or_default());
        } else {
            self.done.push(number, "");
        }
        self.open = Some((name, code));
    }

    fn heading(&mut self, number: u32, level: usize, line: &str) {
        self.headings += 1;
        self.heading = number;
        let mut text = line.get(level..).unwrap_or_default().trim();
        let first = text.split(' ').next().unwrap_or_default();
        if STATES.contains(&first) {
            text = text.get(first.len()..).unwrap_or_default().trim_start();
        }
        if let Some(rest) = text
            .strip_prefix("[#")
            .and_then(|rest| rest.get(1..)?.strip_prefix(']'))
        {
            text = rest.trim_start();
        }
        // Tags stand between colons at the end: `Disk full   :storage:oncall:`.
        let tags = text.rsplit(' ').next().unwrap_or_default();
        let of_tag = |c: char| c.is_alphanumeric() || matches!(c, ':' | '_' | '@' | '#' | '%');
        if tags.len() > 2 && tags.starts_with(':') && tags.ends_with(':') && tags.chars().all(of_tag) {
            text = text.get(..text.len() - tags.len()).unwrap_or_default().trim_end();
        }
        self.push_heading(number, level + usize::from(self.titled), text);
    }

    fn push_heading(&mut self, number: u32, level: usize, text: &str) {
        self.done.push(number, "");
        let marks = "#".repeat(level.min(6));
        self.done.push(number, &format!("{marks} {}", inline(text)));
        self.done.push(number, "");
    }

    /// Reads a row of a table. Markdown wants a line below the first row, which Org does not need.
    fn row(&mut self, number: u32, indent: usize, line: &str, goes_on: bool) {
        if line.starts_with("|-") {
            return;
        }
        let inner = line.trim_matches('|');
        let cells: Vec<String> = inner.split('|').map(|cell| inline(cell.trim())).collect();
        let blanks = " ".repeat(indent);
        if !goes_on {
            self.done.push(number, "");
        }
        self.done.push(number, &format!("{blanks}| {} |", cells.join(" | ")));
        if !goes_on {
            self.done
                .push(number, &format!("{blanks}|{}", "---|".repeat(cells.len())));
        }
    }

    fn text(&mut self, number: u32, indent: usize, text: &str) {
        let blanks = " ".repeat(indent);
        let bytes = mark_of(text, indent);
        let (mark, body) = text.split_at_checked(bytes).unwrap_or(("", text));
        let body = match body
            .split_once(" :: ")
            .filter(|(term, _)| bytes > 0 && !term.is_empty())
        {
            Some((term, rest)) => format!("**{}**: {}", inline(term), inline(rest)),
            None => inline(body),
        };
        let mark = if mark.starts_with('*') { "- " } else { mark };
        self.done.push(number, &format!("{blanks}{mark}{body}"));
    }
}

/// Number of stars of a heading.
fn stars(line: &str) -> Option<usize> {
    let stars = line.bytes().take_while(|byte| *byte == b'*').count();
    (stars > 0 && line.as_bytes().get(stars) == Some(&b' ')).then_some(stars)
}

fn is_drawer(line: &str) -> bool {
    let name = line.strip_prefix(':').and_then(|rest| rest.strip_suffix(':'));
    name.is_some_and(|name| {
        !name.is_empty() && name.len() <= 40 && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
    })
}

fn is_planning(line: &str) -> bool {
    ["SCHEDULED:", "DEADLINE:", "CLOSED:", "CLOCK:"]
        .iter()
        .any(|word| line.starts_with(word))
}

/// Bytes of the mark of a list item and its check box.
fn mark_of(text: &str, indent: usize) -> usize {
    let digits = text.bytes().take(9).take_while(u8::is_ascii_digit).count();
    let bytes = match text.as_bytes() {
        [b'-' | b'+', b' ', ..] => 2,
        [b'*', b' ', ..] if indent > 0 => 2,
        bytes if digits > 0 && matches!(bytes.get(digits..), Some([b'.' | b')', b' ', ..])) => digits + 2,
        _ => return 0,
    };
    let rest = text.get(bytes..).unwrap_or_default();
    let boxed = ["[ ] ", "[X] ", "[x] ", "[-] "]
        .iter()
        .any(|mark| rest.starts_with(mark));
    if boxed { bytes + 4 } else { bytes }
}

/// Translates emphasis, code and links.
fn inline(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut from, mut at) = (0, 0);
    let mut before = ' ';
    while let Some(character) = text.get(at..).and_then(|rest| rest.chars().next()) {
        let rest = text.get(at..).unwrap_or_default();
        let read = match character {
            '[' => link(rest),
            '<' => target(rest),
            '*' | '/' | '_' | '=' | '~' | '+' if !before.is_alphanumeric() => span(rest, character),
            _ => None,
        };
        before = character;
        let Some((translated, bytes)) = read else {
            at += character.len_utf8();
            continue;
        };
        out.push_str(&escaped(text.get(from..at).unwrap_or_default()));
        out.push_str(&translated);
        at += bytes;
        from = at;
    }
    out.push_str(&escaped(text.get(from..).unwrap_or_default()));
    out
}

/// Reads `<<target>>`, which is not shown.
fn target(text: &str) -> Option<(String, usize)> {
    const LONGEST_TARGET: usize = 200;
    let inner = text.strip_prefix("<<")?;
    let end = inner.bytes().take(LONGEST_TARGET).position(|byte| byte == b'>')?;
    (inner.as_bytes().get(end + 1) == Some(&b'>')).then(|| (String::new(), end + 4))
}

/// Reads `[[address][label]]` or `[[address]]`; returns the translation and the bytes read.
fn link(text: &str) -> Option<(String, usize)> {
    let inner = text.strip_prefix("[[")?;
    let near = inner.as_bytes().get(..inner.len().min(LONGEST_SPAN))?;
    let end = near.windows(2).position(|pair| pair == b"]]")?;
    let inner = inner.get(..end)?;
    let bare = |text: &str| {
        text.strip_prefix("file:")
            .unwrap_or(text)
            .trim_start_matches('*')
            .trim()
            .to_owned()
    };
    let (address, label) = match inner.split_once("][") {
        Some((address, label)) => (bare(address), label.to_owned()),
        None => (bare(inner), bare(inner).trim_start_matches('#').to_owned()),
    };
    if address.contains(['<', '>', '\n']) {
        return None;
    }
    let is_page = address.contains(['/', '.', ':', '#']);
    let target = if is_page {
        address
    } else {
        format!("#{}", address.replace(' ', "-"))
    };
    Some((format!("[{}](<{target}>)", escaped(&label)), end + 4))
}

/// Reads a span of emphasis or code; returns the translation and the bytes read.
fn span(text: &str, mark: char) -> Option<(String, usize)> {
    let inner = text.get(1..)?;
    if inner.starts_with(|c: char| c.is_whitespace() || c == mark) {
        return None;
    }
    let mut from = 0;
    loop {
        let near = inner.as_bytes().get(from..inner.len().min(LONGEST_SPAN))?;
        let at = near.iter().position(|byte| *byte == mark as u8)? + from;
        let after = inner.get(at + 1..)?.chars().next();
        let ends = after.is_none_or(|next| !next.is_alphanumeric() && next != mark);
        if ends && !inner.get(..at)?.ends_with(char::is_whitespace) {
            let held = inner.get(..at)?;
            let translated = match mark {
                '=' | '~' if held.contains('`') => format!("`` {held} ``"),
                '=' | '~' => format!("`{held}`"),
                '*' => format!("**{}**", inline(held)),
                '+' => format!("~~{}~~", inline(held)),
                _ => format!("*{}*", inline(held)),
            };
            return Some((translated, at + 2));
        }
        from = at + 1;
    }
}
