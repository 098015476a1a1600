//! Reader of plain text: titles are underlined or in capitals, labels such as `Cause:` begin sections, and indented text
//! below a colon is code. The marks of MediaWiki's and Textile's titles are known, too. Translated to Markdown, which
//! reads lists and paragraphs.

use std::ops::Range;

use super::Role;
use super::part::DocumentParts;
use super::roles;
use super::translated::{TranslatedText, indent_of};

/// Longest title, in characters.
const LONGEST_TITLE: usize = 80;
/// Level of the section that a label begins: below every title.
const LABEL_LEVEL: usize = 5;
/// Words at the head of a log line, which is no title although it is in capitals.
const LOG_LEVELS: [&str; 8] = [
    "ERROR", "FATAL", "WARN", "WARNING", "INFO", "CRITICAL", "ALERT", "PANIC",
];

/// Returns true when a text has the marks of Markdown, whatever its name says.
pub(super) fn is_markdown(text: &str) -> bool {
    let begins = text.trim_start().starts_with("# ") || text.starts_with("---\n");
    begins
        || text.contains("](http")
        || text.contains("{{")
        || text.lines().any(|line| {
            ["## ", "### ", "```", "~~~", "{: "]
                .iter()
                .any(|mark| line.starts_with(mark))
        })
}

/// Reads a document into headings and blocks with their source lines.
pub(super) fn read(text: &str, wiki: bool) -> DocumentParts {
    let lines: Vec<&str> = text.split('\n').collect();
    let kinds = kinds(&lines, wiki);
    let least = least_indents(&lines, &kinds);
    let mut done = TranslatedText::default();
    let mut section = 0;
    let mut at = 0;
    while let (Some(line), Some(kind)) = (lines.get(at), kinds.get(at)) {
        let number = u32::try_from(at + 1).unwrap_or(u32::MAX);
        at += 1;
        match kind {
            LineKind::Underline => {}
            LineKind::Code => {
                let end = kinds
                    .iter()
                    .skip(at)
                    .take_while(|kind| **kind == LineKind::Code)
                    .count()
                    + at;
                push_lines(&mut done, &lines, at - 1..end, 0);
                at = end;
            }
            LineKind::Title(level, title) => {
                section += 1;
                push_title(&mut done, number, *level, title);
            }
            LineKind::Label(label, rest) => {
                section += 1;
                push_title(&mut done, number, LABEL_LEVEL, label);
                if !rest.is_empty() {
                    done.push(number, &literal(rest));
                }
            }
            LineKind::Text => {
                let base = least.get(section).copied().unwrap_or(0);
                if let Some(column) = announced_column(&lines, &kinds, at - 1) {
                    at = push_code(&mut done, &lines, &kinds, at - 1, column.saturating_sub(base));
                    continue;
                }
                let indent = indent_of(line).saturating_sub(base);
                let text = if wiki {
                    item_of_wiki(line.trim())
                } else {
                    line.trim().to_owned()
                };
                done.push(number, &format!("{}{}", " ".repeat(indent), literal(&text)));
            }
        }
    }
    done.read()
}

fn push_title(done: &mut TranslatedText, number: u32, level: usize, title: &str) {
    done.push(number, "");
    done.push(number, &format!("{} {}", "#".repeat(level), literal(title)));
    done.push(number, "");
}

/// Adds the code that begins at a line, moved to a column; returns the index of the line after it.
fn push_code(done: &mut TranslatedText, lines: &[&str], kinds: &[LineKind<'_>], from: usize, column: usize) -> usize {
    let first = lines.get(from).map_or(0, |line| indent_of(line));
    let mut end = from;
    for at in from..lines.len().min(kinds.len()) {
        let (line, kind) = (lines[at], &kinds[at]);
        let held = !line.trim().is_empty();
        if *kind != LineKind::Text || held && (indent_of(line) < first || at > from && is_item(line.trim())) {
            break;
        }
        if held {
            end = at + 1;
        }
    }
    push_lines(done, lines, from..end, column);
    end.max(from + 1)
}

/// Adds lines as code, moved so that the first begins at a column.
fn push_lines(done: &mut TranslatedText, lines: &[&str], range: Range<usize>, column: usize) {
    let number = |at: usize| u32::try_from(at + 1).unwrap_or(u32::MAX);
    let first = lines.get(range.start).map_or(0, |line| indent_of(line));
    done.fence(number(range.start), column, "");
    for (at, line) in lines.iter().enumerate().take(range.end).skip(range.start) {
        let indent = column + indent_of(line).saturating_sub(first);
        done.push(number(at), &format!("{}{}", " ".repeat(indent), line.trim()));
    }
    done.fence(number(range.end.saturating_sub(1)), column, "");
}

/// The kinds of line.
#[derive(Debug, PartialEq, Eq)]
enum LineKind<'a> {
    Title(usize, &'a str),
    Label(&'a str, &'a str),
    Underline,
    /// A line between two [lines to cut along](is_cut_line).
    Code,
    Text,
}

fn kinds<'a>(lines: &[&'a str], wiki: bool) -> Vec<LineKind<'a>> {
    let mut kinds = Vec::with_capacity(lines.len());
    let mut styles: Vec<char> = Vec::new();
    let mut begun = false;
    let mut cut = false;
    let mut cuts = lines.iter().filter(|line| is_cut_line(line)).count();
    while let Some(line) = lines.get(kinds.len()) {
        let at = kinds.len();
        let text = line.trim_end();
        let first = !begun;
        begun = begun || !text.is_empty();
        let next = lines.get(at + 1).map_or("", |next| next.trim_end());
        let apart = at
            .checked_sub(1)
            .and_then(|at| lines.get(at))
            .is_none_or(|before| before.trim().is_empty());
        if is_cut_line(text) {
            // The last of an odd number of lines opens nothing.
            cut = !cut && cuts > 1;
            cuts -= 1;
            kinds.push(LineKind::Underline);
        } else if cut {
            kinds.push(LineKind::Code);
        } else if let Some(title) = wiki.then(|| title_of_wiki(text)).flatten() {
            kinds.push(title);
        } else if let Some(mark) = rule(next).filter(|_| is_title(text) && next.len() * 2 >= text.len()) {
            let known = styles.iter().position(|style| *style == mark);
            let level = known.unwrap_or_else(|| {
                styles.push(mark);
                styles.len() - 1
            });
            kinds.push(LineKind::Title((level + 1).min(LABEL_LEVEL - 1), text));
            kinds.push(LineKind::Underline);
        } else if rule(text).is_some()
            && rule(lines.get(at + 2).map_or("", |under| under.trim_end())).is_some()
            && is_title(next)
        {
            // The line above a title that stands between two lines.
            kinds.push(LineKind::Underline);
        } else if apart && is_capitals(text) && !is_capitals(next) {
            kinds.push(LineKind::Title(if first { 1 } else { 2 }, text.trim_end_matches(':')));
        } else if let Some((label, rest)) = label(text).filter(|(label, rest)| {
            let below = apart || matches!(kinds.last(), Some(LineKind::Label(_, rest)) if !rest.is_empty());
            // `Error: disk full` in the text is a message.
            rest.is_empty() || below && roles::of_label(label) != Role::Symptoms
        }) {
            kinds.push(LineKind::Label(label, rest));
        } else {
            kinds.push(LineKind::Text);
        }
    }
    kinds.truncate(lines.len());
    kinds
}

/// The smallest indentation of the text below each title or label.
fn least_indents(lines: &[&str], kinds: &[LineKind<'_>]) -> Vec<usize> {
    let mut least = vec![usize::MAX];
    for (line, kind) in lines.iter().zip(kinds) {
        match (kind, least.last_mut()) {
            (LineKind::Title(..) | LineKind::Label(..), _) => least.push(usize::MAX),
            (LineKind::Text, Some(last)) if !line.trim().is_empty() => *last = (*last).min(indent_of(line)),
            _ => {}
        }
    }
    least
}

/// Returns the column of the code that begins at a line, if it does: it is indented deeper than the sentence before it,
/// which ends in a colon. Code below an item of a list stands at the column of its text.
fn announced_column(lines: &[&str], kinds: &[LineKind<'_>], at: usize) -> Option<usize> {
    let here = lines.get(at)?;
    if here.trim().is_empty() || is_item(here.trim()) {
        return None;
    }
    let held = |index: &usize| lines.get(*index).is_some_and(|line| !line.trim().is_empty());
    let before = (at.saturating_sub(2)..at).rev().find(held)?;
    let line = lines.get(before)?;
    if kinds.get(before) != Some(&LineKind::Text) || !line.trim_end().ends_with(':') {
        return None;
    }
    let column = indent_of(line) + mark_width(line.trim());
    (indent_of(here) >= indent_of(line) + 2).then_some(column)
}

/// Bytes of the mark of a list item and the blank after it.
fn mark_width(text: &str) -> usize {
    if is_item(text) {
        text.find(' ').map_or(0, |at| at + 1)
    } else {
        0
    }
}

fn is_item(text: &str) -> bool {
    let digits = text.bytes().take(9).take_while(u8::is_ascii_digit).count();
    let rest = text.get(digits..).unwrap_or_default();
    ["- ", "* ", "+ ", "• "].iter().any(|mark| text.starts_with(mark))
        || digits > 0 && (rest.starts_with(". ") || rest.starts_with(") "))
}

/// Returns true for a line to cut along, as mails and wikis have one before and one after what programs print:
/// `---8<---`, `---%<---`.
fn is_cut_line(text: &str) -> bool {
    const SCISSORS: [&str; 4] = ["8<", ">8", "%<", ">%"];
    let text = text.trim();
    let inner = text.trim_matches(['-', ' ', '=']);
    SCISSORS.contains(&inner) && text.len() >= inner.len() + 4
}

/// The mark that a line of nothing else repeats.
fn rule(text: &str) -> Option<char> {
    let mark = text.chars().next().filter(|mark| "=-~^*#+_".contains(*mark))?;
    (text.len() >= 3 && text.bytes().all(|byte| byte == mark as u8)).then_some(mark)
}

fn is_title(text: &str) -> bool {
    let held = text.starts_with(char::is_alphanumeric) || text.starts_with(['"', '\'', '`', '[', '(', '<']);
    held && text.len() <= 4 * LONGEST_TITLE && text.chars().count() <= LONGEST_TITLE && !is_item(text)
}

/// Returns true for a title in capitals: `DISK FULL`.
fn is_capitals(text: &str) -> bool {
    let letters = || text.chars().filter(|c| c.is_alphabetic());
    let first = text.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    is_title(text)
        && letters().count() >= 4
        && letters().all(char::is_uppercase)
        && !LOG_LEVELS
            .iter()
            .any(|level| *level == first && text.get(first.len()..).is_some_and(|rest| rest.starts_with([':', ']'])))
        && !text.ends_with(['.', ';', ',', '|'])
}

/// Splits `Cause: text` where the label has a role.
fn label(text: &str) -> Option<(&str, &str)> {
    const LONGEST_LABEL: usize = 40;
    let near = text.as_bytes().get(..text.len().min(LONGEST_LABEL))?;
    let end = near.iter().position(|byte| *byte == b':')?;
    let (label, rest) = (text.get(..end)?, text.get(end + 1..)?);
    let begins = label.starts_with(char::is_uppercase) && (rest.is_empty() || rest.starts_with([' ', '\t']));
    (begins && roles::of_label(label) != Role::Other).then(|| (label, rest.trim()))
}

/// The title of `== Title ==` and `h2. Title`.
fn title_of_wiki(text: &str) -> Option<LineKind<'_>> {
    let marks = text.bytes().take_while(|byte| *byte == b'=').count();
    if (1..=6).contains(&marks) && text.len() > 2 * marks {
        let title = text.trim_start_matches('=').strip_suffix('=')?;
        return Some(LineKind::Title(marks, title.trim_end_matches('=').trim()));
    }
    let level = text.strip_prefix('h')?;
    let number = level
        .chars()
        .next()?
        .to_digit(10)
        .filter(|level| (1..=6).contains(level))?;
    let title = level.get(1..)?.strip_prefix(". ")?;
    Some(LineKind::Title(usize::try_from(number).ok()?, title.trim()))
}

/// An item of a list in wiki markup, whose depth is the number of its marks, as one of Markdown.
fn item_of_wiki(text: &str) -> String {
    const DEEPEST: usize = 6;
    let marks = text
        .bytes()
        .take(DEEPEST)
        .take_while(|byte| matches!(byte, b'*' | b'#'))
        .count();
    let Some(rest) = text.get(marks..).filter(|rest| marks > 0 && rest.starts_with(' ')) else {
        return text.to_owned();
    };
    let blanks = " ".repeat(3 * (marks - 1));
    let mark = if text.get(..marks).is_some_and(|marks| marks.ends_with('#')) {
        "1."
    } else {
        "-"
    };
    format!("{blanks}{mark}{rest}")
}

/// A line of text in which `<name>` is a placeholder, not a tag.
fn literal(text: &str) -> String {
    text.replace('<', "\\<")
}
