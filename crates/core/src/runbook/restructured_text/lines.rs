//! Lines of a document with their indentation, and the marks at their beginning.

/// A line of the document, or the part of it that a list item or a table cell holds.
#[derive(Debug, Clone, Copy)]
pub(super) struct NumberedLine<'a> {
    /// Number of the line in the document, from 1.
    pub(super) number: u32,
    /// Columns before the text; a tab leads to the next multiple of eight.
    pub(super) indent: usize,
    /// The text without the blanks around it.
    pub(super) text: &'a str,
}

impl<'a> NumberedLine<'a> {
    /// Reads a line that begins at a column.
    pub(super) fn new(number: u32, column: usize, text: &'a str) -> NumberedLine<'a> {
        let mut indent = column;
        let mut bytes = 0;
        for character in text.bytes() {
            match character {
                b' ' | b'\x0b' | b'\x0c' => indent += 1,
                b'\t' => indent = (indent / 8 + 1) * 8,
                _ => break,
            }
            bytes += 1;
        }
        let text = text.get(bytes..).unwrap_or_default().trim_end();
        NumberedLine { number, indent, text }
    }

    pub(super) fn is_blank(&self) -> bool {
        self.text.is_empty()
    }

    /// Cuts a mark of some bytes off the beginning; the text after it keeps its column.
    pub(super) fn after(&self, bytes: usize) -> NumberedLine<'a> {
        let rest = self.text.get(bytes..).unwrap_or_default();
        NumberedLine::new(self.number, self.indent + bytes, rest)
    }
}

/// Splits a text into its lines.
pub(super) fn split(text: &str) -> Vec<NumberedLine<'_>> {
    (1..)
        .zip(text.split('\n'))
        .map(|(number, line)| NumberedLine::new(number, 0, line))
        .collect()
}

/// Index after the last line of the block that begins at `from`: the lines that are indented deeper than `indent`, with
/// the blank lines between them.
pub(super) fn end_of_indented(lines: &[NumberedLine<'_>], from: usize, indent: usize) -> usize {
    let mut end = from;
    for (at, line) in lines.iter().enumerate().skip(from) {
        if !line.is_blank() {
            if line.indent <= indent {
                break;
            }
            end = at + 1;
        }
    }
    end
}

/// The smallest indentation of lines that hold text.
pub(super) fn least_indent(lines: &[NumberedLine<'_>]) -> usize {
    let held = lines.iter().filter(|line| !line.is_blank());
    held.map(|line| line.indent).min().unwrap_or(0)
}

/// The text of lines, with their indentation beyond the smallest; blank lines at both ends are left out.
pub(super) fn literal(lines: &[NumberedLine<'_>]) -> String {
    let least = least_indent(lines);
    let first = lines.iter().position(|line| !line.is_blank()).unwrap_or(lines.len());
    let mut out = String::new();
    for line in lines.get(first..).unwrap_or_default() {
        if !line.is_blank() {
            out.extend(std::iter::repeat_n(' ', line.indent - least));
        }
        out.push_str(line.text);
        out.push('\n');
    }
    out.truncate(out.trim_end().len());
    out
}

/// The character that a line of punctuation repeats: an underline, an overline or a transition.
pub(super) fn adornment(text: &str) -> Option<char> {
    let first = text.chars().next().filter(char::is_ascii_punctuation)?;
    text.bytes().all(|byte| byte == first as u8).then_some(first)
}

/// Number of columns that a text takes: ideographs take two.
pub(super) fn width(text: &str) -> usize {
    text.chars().map(columns).sum()
}

/// Number of columns that a character takes.
pub(super) fn columns(character: char) -> usize {
    match character {
        '\u{300}'..='\u{36f}' | '\u{200b}'..='\u{200d}' | '\u{fe0f}' => 0,
        '\u{1100}'..='\u{115f}'
        | '\u{2e80}'..='\u{a4cf}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe6f}'
        | '\u{ff00}'..='\u{ff60}'
        | '\u{1f300}'..='\u{1faff}' => 2,
        _ => 1,
    }
}

/// Returns true when the underline of a title is long enough. Four marks are always an underline, as docutils has it.
pub(super) fn underlines(title: &str, line: &str) -> bool {
    adornment(line).is_some() && (line.len() >= 4 || line.len() >= width(title)) && !matches!(line, "::" | "..")
}

/// Bytes of a bullet and the blanks after it.
pub(super) fn bullet(text: &str) -> Option<usize> {
    let mark = text.chars().next().filter(|mark| "-*+•‣⁃".contains(*mark))?;
    mark_width(text, mark.len_utf8())
}

/// Bytes of a mark and the blanks after it; `None` where text follows at once.
fn mark_width(text: &str, mark: usize) -> Option<usize> {
    let rest = text.get(mark..)?;
    let body = rest.trim_start_matches([' ', '\t']);
    (body.len() < rest.len() || rest.is_empty()).then(|| text.len() - body.len())
}

/// The mark of a numbered item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Enumerator {
    /// Number of the item; `None` for `#` and letters.
    pub(super) number: Option<u64>,
    /// The way it is written: the kind of number and the punctuation.
    pub(super) style: (char, char),
    /// Bytes of the mark and the blanks after it.
    pub(super) bytes: usize,
}

/// Reads the mark of a numbered item: `1.`, `1)`, `(1)`, `a.`, `iv.`, `#.`.
pub(super) fn enumerator(text: &str) -> Option<Enumerator> {
    const LONGEST_NUMBER: usize = 9;
    let open = usize::from(text.starts_with('('));
    let rest = text.get(open..)?;
    let digits = rest
        .bytes()
        .take(LONGEST_NUMBER)
        .take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'#')
        .count();
    let (mark, after) = rest.split_at_checked(digits)?;
    let end = after.chars().next().filter(|end| matches!(end, '.' | ')'))?;
    if open == 1 && end != ')' {
        return None;
    }
    let (kind, number) = ordinal(mark)?;
    let bytes = mark_width(text, open + digits + 1)?;
    let end = if open == 1 { '(' } else { end };
    Some(Enumerator {
        number,
        style: (kind, end),
        bytes,
    })
}

/// The kind and the value of a number. Letters and roman numbers, which one letter may be both, are not counted.
fn ordinal(mark: &str) -> Option<(char, Option<u64>)> {
    if mark == "#" {
        return Some(('#', None));
    }
    if mark.bytes().all(|byte| byte.is_ascii_digit()) {
        return mark.parse().ok().map(|number| ('1', Some(number)));
    }
    let of_letters = |letters: &str| mark.chars().all(|letter| letters.contains(letter));
    let letter = mark.len() == 1 && mark.bytes().all(|byte| byte.is_ascii_alphabetic());
    if !letter && !of_letters("ivxl") && !of_letters("IVXL") {
        return None;
    }
    let kind = if mark.bytes().all(|byte| byte.is_ascii_lowercase()) {
        'a'
    } else {
        'A'
    };
    Some((kind, None))
}

/// Splits the line of a field into its name and the bytes before its body: `:Owner: storage`.
pub(super) fn field(text: &str) -> Option<(&str, usize)> {
    const LONGEST_NAME: usize = 120;
    let rest = text.strip_prefix(':')?;
    let first = rest.chars().next()?;
    if first.is_whitespace() || matches!(first, ':' | '`') {
        return None;
    }
    let mut from = 0;
    while let Some(at) = rest.get(from..)?.find(':').map(|at| at + from) {
        if at > LONGEST_NAME {
            return None;
        }
        let after = rest.get(at + 1..)?;
        if after.is_empty() || after.starts_with([' ', '\t']) {
            let name = rest.get(..at)?;
            let bytes = text.len() - after.trim_start_matches([' ', '\t']).len();
            return (!name.ends_with(['\\', ' '])).then_some((name, bytes));
        }
        if after.starts_with('`') {
            return None;
        }
        from = at + 1;
    }
    None
}

/// Splits the line of an option list: the options and the bytes before their description.
pub(super) fn option(text: &str) -> Option<(&str, usize)> {
    const LONGEST_OPTIONS: usize = 120;
    let starts = |text: &str| {
        let name = text.strip_prefix("--").or_else(|| text.strip_prefix(['-', '/', '+']));
        name.is_some_and(|name| name.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '?'))
    };
    if !starts(text) {
        return None;
    }
    let end = text.find("  ").unwrap_or(text.len());
    if end > LONGEST_OPTIONS {
        return None;
    }
    let options = text.get(..end)?;
    // `-x FILE, --out=FILE`: an option and at most one word for its value.
    let well_formed = options
        .split(", ")
        .all(|option| starts(option) && option.split(' ').count() <= 2);
    let bytes = text.len() - text.get(end..)?.trim_start().len();
    well_formed.then_some((options, bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbered_items_have_many_marks() {
        let number = |text| enumerator(text).and_then(|mark| mark.number);
        let cases = [
            ("1. Stop", Some(1)),
            ("12) Stop", Some(12)),
            ("(3) Stop", Some(3)),
            ("1.5 seconds", None),
            ("mix. Stop", None),
            ("#. Stop", None),
            ("(4. Stop", None),
        ];
        for (text, expected) in cases {
            assert_eq!(number(text), expected, "{text}");
        }
        for text in ["#. Stop", "b. Stop", "iv. Stop", "(A) Stop"] {
            assert!(enumerator(text).is_some_and(|mark| mark.number.is_none()), "{text}");
        }
        assert!(enumerator("mix. Stop").is_none());
    }

    #[test]
    fn fields_are_no_roles() {
        assert_eq!(field(":Owner: storage"), Some(("Owner", 8)));
        assert_eq!(field(":a b:"), Some(("a b", 5)));
        assert_eq!(field(":ref:`x`: text"), None);
        assert_eq!(field(":ref:`x` text: more"), None);
        assert_eq!(field(":: text"), None);
    }

    #[test]
    fn options_have_a_description_after_two_blanks() {
        assert_eq!(option("-f, --file=NAME  The file"), Some(("-f, --file=NAME", 17)));
        assert_eq!(option("--all"), Some(("--all", 5)));
        assert_eq!(option("- item"), None);
        assert_eq!(option("--force is not what you want"), None);
    }

    #[test]
    fn tabs_lead_to_columns_of_eight() {
        let line = NumberedLine::new(1, 0, "  \tx ");
        assert_eq!((line.indent, line.text), (8, "x"));
    }
}
