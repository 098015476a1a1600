//! Values that are assigned to names: their beginning and end in every notation.

use std::ops::Range;

use super::judgement::looks_random;

/// A value in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Value {
    /// The bytes of the value, without quotation marks.
    pub(super) range: Range<usize>,
    /// True for a value in quotation marks, in a tag or in a block.
    pub(super) quoted: bool,
    /// The byte after the value and its closing quotation mark.
    pub(super) end: usize,
}

/// Most bytes of a value.
const MOST: usize = 2_000;
/// Most bytes of a block of lines.
const MOST_BLOCK: usize = 16_384;

pub(super) fn skip(text: &str, at: usize, what: &[u8], most: usize) -> usize {
    let rest = text.as_bytes().get(at..).unwrap_or_default();
    at + rest.iter().take(most).take_while(|byte| what.contains(byte)).count()
}

pub(super) fn starts(text: &str, at: usize, what: &str) -> bool {
    let rest = text.as_bytes().get(at..at + what.len());
    rest.is_some_and(|rest| rest.eq_ignore_ascii_case(what.as_bytes()))
}

/// At most so many bytes before a byte.
pub(super) fn before_within(text: &str, at: usize, most: usize) -> &str {
    let from = text.ceil_char_boundary(at.saturating_sub(most));
    text.get(from..at).unwrap_or_default()
}

/// The end of the line that holds a byte, or the end of a limit.
pub(super) fn line_end(text: &str, at: usize, most: usize) -> usize {
    let rest = text.as_bytes().get(at..).unwrap_or_default();
    let mut end = at
        + rest
            .iter()
            .take(most)
            .position(|byte| *byte == b'\n')
            .unwrap_or(rest.len().min(most));
    // A byte behind the text is the end of its last line.
    end = end.min(text.len());
    while !text.is_char_boundary(end) {
        end += 1;
    }
    end
}

/// Reads the value at a byte, after blanks.
pub(super) fn read(text: &str, at: usize) -> Option<Value> {
    let at = skip(text, at, b" \t", 200);
    if let Some(block) = block(text, at) {
        return Some(block);
    }
    let at = skip(text, at, b"[({", 2).min(first_quote(text, at));
    let bytes = text.as_bytes();
    if starts(text, at, "<![cdata[") {
        let start = at + 9;
        let end = text.get(start..line_end(text, start, MOST))?.find("]]>")? + start;
        return Some(Value {
            range: start..end,
            quoted: true,
            end,
        });
    }
    if let Some(heredoc) = heredoc(text, at) {
        return Some(heredoc);
    }
    if let Some(inner) = constructor(text, at) {
        return quoted(text, inner, *bytes.get(inner)?);
    }
    if let Some(delimited) = delimited(text, at) {
        return Some(delimited);
    }
    let mut open = at;
    // Prefixes of strings in Python, SQL, C and Rust: b"…", N'…', L"…", rb'…'.
    while open < at + 2 && bytes.get(open).is_some_and(u8::is_ascii_alphabetic) {
        open += 1;
    }
    if !bytes.get(open).is_some_and(|byte| matches!(byte, b'"' | b'\'')) {
        open = at;
    }
    match bytes.get(open)? {
        quote @ (b'"' | b'\'' | b'`') => quoted(text, open, *quote),
        _ => bare(text, at),
    }
}

/// The lines of a here document: `<<EOF`.
fn heredoc(text: &str, at: usize) -> Option<Value> {
    let line = text.get(at..line_end(text, at, 60))?.strip_prefix("<<")?;
    let word = line
        .trim_start_matches(['-', '<', '"', '\'', '~', ' '])
        .trim_end_matches(['"', '\'', '\r', ' ']);
    (!word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')).then_some(())?;
    let start = line_end(text, at, 60) + 1;
    let mut stop = text.len().min(start + MOST_BLOCK);
    while !text.is_char_boundary(stop) {
        stop -= 1;
    }
    let rest = text.get(start..stop)?;
    let end = start + rest.find(&format!("\n{word}")).unwrap_or(rest.len());
    (end > start).then_some(Value {
        range: start..end,
        quoted: true,
        end,
    })
}

/// A string with delimiters of its own: `q{…}` of Perl, `%q(…)` of Ruby, `~s|…|` of Elixir, `r#"…"#` of Rust, `[[…]]` of
/// Lua, `<<"…">>` of Erlang, `@"…"` of C#, `$'…'` of a shell.
fn delimited(text: &str, at: usize) -> Option<Value> {
    let rest = text.get(at..line_end(text, at, MOST))?;
    let openings: &[(&str, &[&str])] = &[
        ("", &["{", "r#\"", "<<\"", "<<'", "@\"", "$\"", "$'", "@'"]),
        ("q", &["{", "(", "[", "|", "!", "<", "/"]),
        ("qq", &["{", "(", "[", "|", "!", "<", "/"]),
        ("%q", &["{", "(", "[", "|", "<"]),
        ("%Q", &["{", "(", "[", "|", "<"]),
        ("%", &["(", "{", "["]),
        ("~s", &["{", "(", "[", "|", "<", "/", "\""]),
        ("~S", &["{", "(", "[", "|", "<", "/", "\""]),
    ];
    let (skipped, mark) = openings.iter().find_map(|(prefix, marks)| {
        let inner = rest.strip_prefix(prefix)?;
        let mark = marks.iter().find(|mark| inner.starts_with(**mark))?;
        Some((prefix.len() + mark.len(), *mark))
    })?;
    let closing = match mark.chars().next_back()? {
        '{' => '}',
        '(' => ')',
        '[' => ']',
        '<' => '>',
        other => other,
    };
    let length = rest.get(skipped..)?.find(closing).filter(|length| *length > 0)?;
    if mark == "{" && skipped == 1 {
        // ODBC puts what holds signs in braces; a map and a variable of a template are no values.
        let inner = rest.get(skipped..skipped + length)?;
        if inner.contains([' ', '"', '\'', ':', ',', '$', '{', '(']) || !looks_random(inner, 5) {
            return None;
        }
    }
    let range = at + skipped..at + skipped + length;
    Some(Value {
        end: range.end + closing.len_utf8(),
        range,
        quoted: true,
    })
}

/// Calls that only wrap a string.
const CONSTRUCTORS: &[&str] = &[
    "String::from",
    "new String",
    "String.valueOf",
    "Some",
    "str",
    "bytes",
    "SecretString::from",
    "SecretString::new",
    "Secret::new",
    "SecretStr",
    "NewSecret",
    "of",
    "sensitive",
    "nonsensitive",
];

/// The quotation mark within a call that only wraps a string: `String::from("…")`.
fn constructor(text: &str, at: usize) -> Option<usize> {
    let rest = text.get(at..line_end(text, at, 40))?;
    let open = rest.find('(')?;
    let quote = at + open + 1;
    (CONSTRUCTORS.contains(&rest.get(..open)?) && matches!(text.as_bytes().get(quote), Some(b'"' | b'\'')))
        .then_some(quote)
}

/// Returns the place of a quotation mark after opening brackets, or the place itself.
fn first_quote(text: &str, at: usize) -> usize {
    let after = skip(text, at, b"[({ ", 3);
    match text.as_bytes().get(after) {
        Some(b'"' | b'\'') => after,
        _ => at,
    }
}

/// A block of YAML: the indented lines after `|` or `>`.
fn block(text: &str, at: usize) -> Option<Value> {
    let bytes = text.as_bytes();
    matches!(bytes.get(at)?, b'|' | b'>').then_some(())?;
    let after = skip(text, at + 1, b"+-0123456789 \r", 6);
    (*bytes.get(after)? == b'\n').then_some(())?;
    let start = after + 1;
    let indent = skip(text, start, b" \t", 200) - start;
    (indent > 0).then_some(())?;
    let mut end = start;
    while end < bytes.len() && end - start < MOST_BLOCK {
        let filled = skip(text, end, b" \t", 200);
        let stop = line_end(text, end, MOST);
        if filled < stop && filled - end < indent {
            break;
        }
        end = stop + 1;
    }
    let end = (end - 1).min(bytes.len());
    let range = start + indent..end.max(start + indent);
    (!text.get(range.clone())?.trim().is_empty()).then_some(Value {
        range,
        quoted: true,
        end,
    })
}

fn quoted(text: &str, open: usize, quote: u8) -> Option<Value> {
    let bytes = text.as_bytes();
    let triple = bytes.get(open..open + 3) == Some(&[quote; 3]);
    let start = if triple { open + 3 } else { open + 1 };
    let stop = bytes.len().min(start + MOST);
    let mut at = start;
    while at < stop && bytes[at] != b'\n' {
        match bytes[at] {
            // Two quotation marks are one within a string of SQL.
            byte if byte == quote => {
                if quote == b'\''
                    && bytes.get(at + 1) == Some(&quote)
                    && at > start
                    && bytes.get(at + 2).is_some_and(u8::is_ascii_alphanumeric)
                {
                    at += 2;
                    continue;
                }
                return Some(Value {
                    range: start..at,
                    quoted: true,
                    end: at + 1,
                });
            }
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    // The closing mark was cut off.
    let stop = line_end(text, start, MOST);
    let range = start..stop;
    (!range.is_empty()).then_some(Value {
        range,
        quoted: false,
        end: stop,
    })
}

/// A value without quotation marks: up to a blank, or to a sign after which something else begins.
fn bare(text: &str, at: usize) -> Option<Value> {
    if let Some(end) = four_by_four(text, at) {
        return Some(Value {
            range: at..end,
            quoted: true,
            end,
        });
    }
    let rest = text.get(at..)?;
    let mut depth = 0_i32;
    let mut end = rest.len();
    for (place, sign) in rest.char_indices() {
        if sign == '\n' || place >= MOST {
            end = place;
            break;
        }
        let next = rest.get(place + sign.len_utf8()..).unwrap_or_default();
        let stops = match sign {
            ' ' | '\t' | '\r' | '"' | '\'' | '`' => true,
            '(' | '[' | '{' => {
                depth += 1;
                false
            }
            ')' | ']' | '}' => {
                depth -= 1;
                depth < 0
            }
            '|' => next.is_empty() || next.starts_with([' ', '\n']) || rest.get(..place).is_some_and(str::is_empty),
            ',' | ';' | '&' => begins_another(next),
            '\\' => next.starts_with(['"', '\'', 'n', '\n', '\\']) || next.is_empty(),
            '<' => next.starts_with(['/', '!']),
            _ => false,
        };
        if stops {
            end = place;
            break;
        }
    }
    let value = rest.get(..end)?;
    let kept = value.trim_end_matches([',', ';']);
    let range = at..at + kept.len();
    (!range.is_empty()).then_some(Value {
        end: at + end,
        range,
        quoted: false,
    })
}

/// Returns true when something new begins: the end, a blank, a quotation mark, or `name=` and `name:`.
fn begins_another(next: &str) -> bool {
    let next = next.strip_prefix("amp;").unwrap_or(next);
    let mut most = next.len().min(80);
    while !next.is_char_boundary(most) {
        most -= 1;
    }
    let next = next.get(..most).unwrap_or(next);
    let name = next.len()
        - next
            .trim_start_matches(|c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
            .len();
    let spaced = next.get(..40.min(next.len())).unwrap_or(next);
    let words = spaced.len()
        - spaced
            .trim_start_matches(|c: char| c.is_ascii_alphabetic() || c == ' ')
            .len();
    next.is_empty()
        || next.starts_with([' ', '\n', '\t', '"', '\'', '\r', '}', ')', ']', '\\'])
        || name > 0 && next.get(name..).is_some_and(|rest| rest.starts_with(['=', ':']))
        || words > 0 && next.get(words..).is_some_and(|rest| rest.starts_with('='))
}

/// The end of four groups of four letters with blanks, as app passwords are shown.
fn four_by_four(text: &str, at: usize) -> Option<usize> {
    let group = |bytes: &[u8]| bytes.iter().all(u8::is_ascii_lowercase);
    let bytes = text.as_bytes().get(at..at + 19)?;
    let all = bytes
        .chunks(5)
        .all(|chunk| group(&chunk[..4]) && matches!(chunk.get(4), None | Some(b' ' | b'-')));
    let after = text.as_bytes().get(at + 19);
    (all && !after.is_some_and(u8::is_ascii_alphanumeric)).then_some(at + 19)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_ends_where_its_notation_ends_it() {
        for (text, expected) in [
            (" hunter2, next", "hunter2"),
            ("a,b,c", "a,b,c"),
            ("a;user=b", "a"),
            ("a&b=c", "a"),
            ("\"a b\", c", "a b"),
            ("\"a\\\"b\"", "a\\\"b"),
            ("'it''s'", "it''s"),
            ("b'x y'", "x y"),
            ("<![CDATA[x]]>", "x"),
            ("|\n    one\n    two\nthree", "one\n    two"),
            ("abcd efgh ijkl mnop", "abcd efgh ijkl mnop"),
            ("x(y)z)", "x(y)z"),
            ("[\"x\"]", "x"),
        ] {
            let value = read(text, 0).map(|value| text[value.range].to_owned());
            assert_eq!(value.as_deref(), Some(expected), "{text}");
        }
    }
}
