//! The lines of a document, and what a line is by its form.

use std::borrow::Cow;
use std::collections::HashMap;

/// A line without its trailing white space.
#[derive(Debug, Clone)]
pub(super) struct SourceLine<'t> {
    /// The text.
    pub(super) text: Cow<'t, str>,
    /// Line of the document, from 1; a line of an included file has the line of its directive.
    pub(super) number: u32,
}

/// The lines of a document, or of a table cell.
#[derive(Debug, Default)]
pub(super) struct SourceLines<'t> {
    /// The lines in order.
    pub(super) lines: Vec<SourceLine<'t>>,
    /// Positions of the lines that open or close blocks, by their text: an opening never looks through the text for its
    /// end.
    delimiters: HashMap<String, Vec<usize>>,
}

/// The kinds of delimited block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DelimiterKind {
    /// `----`
    Listing,
    /// `....`
    Literal,
    /// Three backticks.
    Fence,
    /// `====`
    Example,
    /// `****`
    Sidebar,
    /// `____`
    Quote,
    /// `--`
    Open,
    /// `++++`
    Pass,
    /// `////`
    Comment,
    /// `|===`, `,===`, `:===`, `!===`
    Table,
}

impl<'t> SourceLines<'t> {
    /// Indexes lines by the delimiters among them.
    pub(super) fn new(lines: Vec<SourceLine<'t>>) -> SourceLines<'t> {
        let mut delimiters: HashMap<String, Vec<usize>> = HashMap::new();
        for (at, line) in lines.iter().enumerate() {
            if delimiter(&line.text).is_some() || line.text == "---" {
                delimiters.entry(line.text.to_string()).or_default().push(at);
            }
        }
        SourceLines { lines, delimiters }
    }

    /// The text of a line; empty past the end.
    pub(super) fn text(&self, at: usize) -> &str {
        self.lines.get(at).map_or("", |line| &line.text)
    }

    /// The number of a line; that of the last one past the end.
    pub(super) fn number(&self, at: usize) -> u32 {
        self.lines.get(at).or(self.lines.last()).map_or(1, |line| line.number)
    }

    /// Position of the line that closes a block opened at `at`, before `to`.
    pub(super) fn closing(&self, at: usize, to: usize) -> Option<usize> {
        let opening = self.text(at);
        let mark = if opening.starts_with("```") {
            opening.trim_end_matches(|c| c != '`')
        } else {
            opening
        };
        let places = self.delimiters.get(mark)?;
        let next = places.partition_point(|place| *place <= at);
        places.get(next).copied().filter(|place| *place < to)
    }
}

/// The kind of block that a line opens or closes.
pub(super) fn delimiter(text: &str) -> Option<DelimiterKind> {
    if text == "--" {
        return Some(DelimiterKind::Open);
    }
    if let Some(rest) = text.strip_prefix("```") {
        let info = rest.trim_start_matches('`');
        let plain = !info.contains(['`', ' ']) || info.trim_start().starts_with('{');
        return plain.then_some(DelimiterKind::Fence);
    }
    let first = text.chars().next()?;
    if matches!(first, '|' | ',' | ':' | '!') {
        let bars = text.get(1..)?;
        let is_table = bars.len() >= 3 && bars.bytes().all(|byte| byte == b'=');
        return is_table.then_some(DelimiterKind::Table);
    }
    let kind = match first {
        '-' => DelimiterKind::Listing,
        '.' => DelimiterKind::Literal,
        '=' => DelimiterKind::Example,
        '*' => DelimiterKind::Sidebar,
        '_' => DelimiterKind::Quote,
        '+' => DelimiterKind::Pass,
        '/' => DelimiterKind::Comment,
        _ => return None,
    };
    (text.len() >= 4 && text.bytes().all(|byte| byte == text.as_bytes()[0])).then_some(kind)
}

/// Level (1 to 6) and text of a heading of one line.
pub(super) fn heading(text: &str) -> Option<(u8, &str)> {
    let mark = text.chars().next().filter(|mark| matches!(mark, '=' | '#'))?;
    let rest = text.trim_start_matches(mark);
    let level = text.len() - rest.len();
    if level > 6 || !rest.starts_with([' ', '\t']) {
        return None;
    }
    let title = rest.trim();
    let closed = title.trim_end_matches(mark);
    let is_closed = title.len() - closed.len() == level && closed.ends_with([' ', '\t']);
    let title = if is_closed { closed.trim_end() } else { title };
    (!title.is_empty()).then_some((u8::try_from(level).unwrap_or(6), title))
}

/// Level of a heading that is underlined by the line below it.
pub(super) fn underlined(text: &str, below: &str) -> Option<u8> {
    let mark = below.chars().next()?;
    let level = match mark {
        '=' => 1,
        '-' => 2,
        '~' => 3,
        '^' => 4,
        '+' => 5,
        _ => return None,
    };
    let length = text.chars().count();
    let is_line = below.len() >= 3 && below.chars().all(|c| c == mark) && length.abs_diff(below.len()) < 2;
    let is_title = !text.starts_with(['.', ' ', '\t', '[']) && text.chars().any(char::is_alphanumeric);
    (is_line && is_title && delimiter(text).is_none()).then_some(level)
}

/// Name and value of `:name: value`; the value is `None` for `:!name:` and `:name!:`, which unset the attribute.
pub(super) fn attribute_entry(text: &str) -> Option<(String, Option<&str>)> {
    let rest = text.strip_prefix(':')?;
    let (name, value) = rest.split_once(':')?;
    if !(value.is_empty() || value.starts_with([' ', '\t'])) {
        return None;
    }
    let bare = name.strip_prefix('!').or_else(|| name.strip_suffix('!'));
    let known = bare.unwrap_or(name);
    let begins = known.starts_with(|c: char| c.is_alphanumeric() || c == '_');
    let is_name = begins && known.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-');
    is_name.then(|| (known.to_lowercase(), bare.is_none().then(|| value.trim())))
}

/// True for a comment of one line.
pub(super) fn is_comment(text: &str) -> bool {
    text.starts_with("//") && !text.starts_with("///")
}

/// The inside of a line such as `[source,bash]` that gives attributes to the block below it.
pub(super) fn block_attributes(text: &str) -> Option<&str> {
    let inner = text.strip_prefix('[')?.strip_suffix(']')?;
    if inner.is_empty() {
        return Some(inner);
    }
    let first = inner.chars().next()?;
    let begins = first.is_alphabetic() || matches!(first, '_' | '.' | '#' | '%' | '{' | ',' | '"' | '\'' | '[');
    let is_anchor = inner.starts_with('[') && inner.ends_with(']');
    // A remark in brackets is text, though other readers swallow it.
    let is_remark = inner.contains(' ') && !inner.contains(['=', ',', '"', '%', '#', '{']) && !is_anchor;
    (begins && !is_remark && (first != '[' || is_anchor)).then_some(inner)
}

/// The text of a block title such as `.Procedure`.
pub(super) fn block_title(text: &str) -> Option<&str> {
    let title = text.strip_prefix('.')?;
    let first = title.strip_prefix('.').unwrap_or(title).chars().next()?;
    (!matches!(first, ' ' | '\t' | '.')).then_some(title)
}

/// Name, target and the text in brackets of a macro that is a line of its own: `image::disk.png[Disk]`.
pub(super) fn block_macro(text: &str) -> Option<(&str, &str, &str)> {
    let (name, rest) = text.strip_suffix(']')?.split_once("::")?;
    let (target, inner) = rest.split_once('[')?;
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    (is_name && !target.starts_with(' ') && !name.starts_with('-')).then_some((name, target, inner))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_heading_a_delimiter_or_neither() {
        assert_eq!(heading("== Disk full"), Some((2, "Disk full")));
        assert_eq!(heading("= Disk ="), Some((1, "Disk")));
        assert_eq!(heading("## Disk"), Some((2, "Disk")));
        assert_eq!(heading("=== "), None);
        assert_eq!(heading("==Disk"), None);
        assert_eq!(heading("======= deep"), None);
        assert_eq!(delimiter("===="), Some(DelimiterKind::Example));
        assert_eq!(delimiter("---"), None);
        assert_eq!(delimiter("|===="), Some(DelimiterKind::Table));
        assert_eq!(delimiter("```bash"), Some(DelimiterKind::Fence));
        assert_eq!(delimiter("```a``` b"), None);
        assert_eq!(underlined("Disk full", "---------"), Some(2));
        assert_eq!(underlined("Disk full", "----"), None);
        assert_eq!(underlined(".Title", "------"), None);
    }

    #[test]
    fn a_line_in_brackets_gives_attributes_or_is_a_remark() {
        assert_eq!(block_attributes("[source,bash]"), Some("source,bash"));
        assert_eq!(block_attributes("[[id]]"), Some("[id]"));
        assert_eq!(block_attributes("[see the other page]"), None);
        assert_eq!(block_attributes("[1] first"), None);
        assert_eq!(block_title(".Procedure"), Some("Procedure"));
        assert_eq!(block_title("...."), None);
        assert_eq!(block_title(". step"), None);
        assert_eq!(attribute_entry(":page-x: 1 "), Some(("page-x".to_owned(), Some("1"))));
        assert_eq!(attribute_entry(":!toc:"), Some(("toc".to_owned(), None)));
        assert_eq!(
            attribute_entry(":smile: :frown:x"),
            Some(("smile".to_owned(), Some(":frown:x")))
        );
        assert_eq!(attribute_entry("::x"), None);
    }
}
