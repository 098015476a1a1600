//! The plain text below what wraps it: formatting of Slack, escapes of JSON, HTML and URLs, invisible characters,
//! strings put together by a program. Each byte knows its place in the original.

use std::ops::Range;

/// A text without wrapping, and where each byte of it comes from.
#[derive(Debug, Default)]
pub(super) struct UnwrappedText {
    pub(super) text: String,
    /// First byte of the original of each byte.
    starts: Vec<u32>,
    /// Byte after the original of each byte.
    ends: Vec<u32>,
    /// Links with a label, in the original: a secret in the label is in the address as well.
    links: Vec<Range<usize>>,
}

impl UnwrappedText {
    fn push(&mut self, shown: char, start: usize, end: usize) {
        self.text.push(shown);
        for _ in 0..shown.len_utf8() {
            self.starts.push(start as u32);
            self.ends.push(end as u32);
        }
    }

    /// The bytes of the original of a part of the plain text; a link is taken whole.
    pub(super) fn original(&self, range: &Range<usize>) -> Option<Range<usize>> {
        let last = range.end.checked_sub(1)?;
        let start = *self.starts.get(range.start)? as usize;
        let end = *self.ends.get(last)? as usize;
        let at = self.links.partition_point(|link| link.end <= start);
        let mut whole = start..end;
        for link in self.links.iter().skip(at).take_while(|link| link.start < end) {
            whole.start = whole.start.min(link.start);
            whole.end = whole.end.max(link.end);
        }
        (whole.start < whole.end).then_some(whole)
    }

    /// The part of a find after the last place where the original has something between two bytes.
    pub(super) fn tail(&self, range: &Range<usize>) -> Option<&str> {
        let gap = (range.start + 1..range.end).rev().find(
            |at| matches!((self.starts.get(*at), self.ends.get(at - 1)), (Some(start), Some(end)) if start > end),
        )?;
        self.text.get(gap..range.end)
    }

    /// The plain text without the line breaks inside words, for what was broken at the edge of a window.
    pub(super) fn joined(&self) -> Option<Self> {
        let bytes = self.text.as_bytes();
        let glue =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'+' | b'/' | b'=' | b'~');
        let mut out = Self {
            links: self.links.clone(),
            ..Self::default()
        };
        let mut skipping = false;
        for (at, c) in self.text.char_indices() {
            if c == '\n' {
                let after = bytes
                    .get(at + 1..)
                    .unwrap_or_default()
                    .iter()
                    .take(40)
                    .find(|byte| !matches!(byte, b' ' | b'\t' | b'>' | b'|'));
                let before = at.checked_sub(1).and_then(|last| bytes.get(last));
                skipping = before.is_some_and(|byte| glue(*byte)) && after.is_some_and(|byte| glue(*byte));
                if skipping {
                    continue;
                }
            }
            if skipping && matches!(c, ' ' | '\t' | '>' | '|') {
                continue;
            }
            skipping = false;
            let (start, end) = (self.starts.get(at)?, self.ends.get(at)?);
            out.push(c, *start as usize, *end as usize);
        }
        (out.text.len() < self.text.len()).then_some(out)
    }
}

/// A text as its own plain text.
pub(super) fn identity(text: &str) -> UnwrappedText {
    let mut out = UnwrappedText::default();
    for (at, c) in text.char_indices() {
        out.push(c, at, at + c.len_utf8());
    }
    out
}

/// Characters that nobody sees.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{ad}' | '\u{180e}' | '\u{34f}' | '\u{fe0f}')
}

/// Characters that stand for an ASCII one: quotation marks, blanks, full width.
fn as_ascii(c: char) -> char {
    match c {
        '“' | '”' | '„' | '«' | '»' | '‟' => '"',
        '‘' | '’' | '‚' | '‛' => '\'',
        '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{3000}' => ' ',
        '│' | '┃' | '║' => '|',
        '–' | '‐' | '‑' | '−' => '-',
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(c as u32 - 0xfee0).unwrap_or(c),
        other => other,
    }
}

/// Entities of HTML that hide signs of an assignment.
const ENTITIES: &[(&str, char)] = &[
    ("lt;", '<'),
    ("gt;", '>'),
    ("quot;", '"'),
    ("apos;", '\''),
    ("#39;", '\''),
    ("#039;", '\''),
    ("#34;", '"'),
    ("#x27;", '\''),
    ("#x22;", '"'),
    ("#x2f;", '/'),
    ("#47;", '/'),
    ("#61;", '='),
    ("#x3d;", '='),
    ("nbsp;", ' '),
    ("#64;", '@'),
    ("#58;", ':'),
    ("#36;", '$'),
    ("#33;", '!'),
    ("colon;", ':'),
    ("equals;", '='),
    ("commat;", '@'),
    ("amp;", '&'),
];

/// Unwraps a text; `None` when nothing wraps it.
pub(super) fn plain(text: &str) -> Option<UnwrappedText> {
    let touched =
        |c: char| matches!(c, '&' | '%' | '\\' | '<' | '*' | '`' | '~' | '_' | '\u{1b}' | '+' | '>') || !c.is_ascii();
    if u32::try_from(text.len()).is_err() || !text.contains(touched) {
        return None;
    }
    let mut out = UnwrappedText::default();
    let bytes = text.as_bytes();
    let mut at = 0;
    let mut closing = None;
    while let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) {
        let step = c.len_utf8();
        let (shown, after) = match c {
            '<' => match link(text, at) {
                Some((label, end)) => {
                    out.links.push(at..end + 1);
                    closing = Some(end);
                    at = label;
                    continue;
                }
                None => (Some(c), at + step),
            },
            '>' if closing == Some(at)
                || at == 0
                || bytes.get(at - 1) == Some(&b'\n') && bytes.get(at + 1) == Some(&b' ') =>
            {
                (None, at + step)
            }
            '&' => entity(text, at),
            '%' => percent(bytes, at),
            '\\' => escape(text, at),
            '\u{1b}' => (None, colour(bytes, at)),
            '*' | '~' | '_' => (emphasis(text, at, c), at + step),
            '`' => (None, at + step),
            '"' | '\'' => match concatenation(bytes, at) {
                Some(end) => (None, end),
                None => (Some(c), at + step),
            },
            _ if is_invisible(c) => (None, at + step),
            _ => (Some(as_ascii(c)), at + step),
        };
        if let Some(shown) = shown {
            out.push(shown, at, after);
        }
        at = after.max(at + 1);
    }
    (out.text != text).then_some(out)
}

/// The label of a link of Slack (`<https://…|label>`, `<mailto:…|label>`), or the address without a label, and its end.
fn link(text: &str, at: usize) -> Option<(usize, usize)> {
    let mut stop = (at + 3_000).min(text.len());
    while !text.is_char_boundary(stop) {
        stop -= 1;
    }
    let rest = text.get(at + 1..stop)?;
    let scheme = rest.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.')))?;
    let known = rest.get(scheme..)?.starts_with("://") || rest.starts_with("mailto:") || rest.starts_with("tel:");
    if !known {
        return None;
    }
    let end = rest.find(['>', '\n'])?;
    (rest.as_bytes().get(end) == Some(&b'>')).then_some(())?;
    let label = rest.get(..end)?.find('|').map(|bar| bar + 1);
    let plain = if rest.starts_with("mailto:") { 7 } else { 0 };
    Some((at + 1 + label.unwrap_or(plain), at + 1 + end))
}

fn entity(text: &str, at: usize) -> (Option<char>, usize) {
    let mut end = at + 1;
    // "&amp;quot;" was escaped twice.
    while super::value::starts(text, end, "amp;") && end < at + 20 {
        end += 4;
    }
    let named = ENTITIES.iter().find(|(name, _)| super::value::starts(text, end, name));
    match named {
        Some((name, shown)) => (Some(*shown), end + name.len()),
        None => numbered(text, end).unwrap_or((Some('&'), end.max(at + 1))),
    }
}

/// A visible ASCII character by its number: `#119;`, `#x77;`.
fn numbered(text: &str, at: usize) -> Option<(Option<char>, usize)> {
    let digits = text.as_bytes().get(at..).unwrap_or_default();
    let end = digits.iter().take(8).position(|byte| *byte == b';')?;
    let number = text.get(at..at + end)?.strip_prefix('#')?;
    let code = match number.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16).ok()?,
        None => number.parse().ok()?,
    };
    let shown = char::from_u32(code).filter(|shown| (' '..='~').contains(shown))?;
    Some((Some(shown), at + end + 1))
}

/// A percent escape of a visible ASCII character, even when its percent sign was escaped as well.
fn percent(bytes: &[u8], at: usize) -> (Option<char>, usize) {
    let digit = |at: usize| bytes.get(at).and_then(|byte| char::from(*byte).to_digit(16));
    let mut place = at + 1;
    while bytes.get(place..place + 2) == Some(b"25")
        && digit(place + 2).is_some()
        && digit(place + 3).is_some()
        && place < at + 12
    {
        place += 2;
    }
    if let (Some(high), Some(low)) = (digit(place), digit(place + 1))
        && let Some(shown) =
            char::from_u32(high * 16 + low).filter(|shown| (' '..='~').contains(shown) || *shown == '\n')
    {
        return (Some(shown), place + 2);
    }
    (Some('%'), at + 1)
}

/// Backslashes before a sign, and escapes of JSON.
fn escape(text: &str, at: usize) -> (Option<char>, usize) {
    let bytes = text.as_bytes();
    let slashes = bytes
        .get(at..)
        .unwrap_or_default()
        .iter()
        .take(16)
        .take_while(|byte| **byte == b'\\')
        .count();
    let end = at + slashes;
    match bytes.get(end) {
        Some(b'n' | b'r')
            if !bytes.get(end + 1).is_some_and(u8::is_ascii_lowercase)
                || slashes > 1
                || bytes.get(end + 1).is_some() =>
        {
            (Some('\n'), end + 1)
        }
        Some(b't') => (Some('\\'), at + 1),
        Some(b'u') => {
            let code = text
                .get(end + 1..end + 5)
                .and_then(|code| u32::from_str_radix(code, 16).ok());
            let code = code.and_then(char::from_u32);
            if code.is_some_and(is_invisible) {
                return (None, end + 5);
            }
            match code.filter(char::is_ascii) {
                Some(shown) => (Some(shown), end + 5),
                None => (Some('\\'), at + 1),
            }
        }
        Some(b'\n') => (Some(' '), end + 1),
        Some(byte) if byte.is_ascii_punctuation() => (Some(char::from(*byte)), end + 1),
        _ => (Some('\\'), at + 1),
    }
}

/// The byte after a colour sequence of a terminal.
fn colour(bytes: &[u8], at: usize) -> usize {
    if bytes.get(at + 1) != Some(&b'[') {
        return at + 1;
    }
    let rest = bytes.get(at + 2..).unwrap_or_default();
    rest.iter()
        .take(16)
        .position(u8::is_ascii_alphabetic)
        .map_or(at + 1, |end| at + 3 + end)
}

/// A sign of emphasis is dropped next to a word; it stays where it is part of one or stands for itself.
fn emphasis(text: &str, at: usize, sign: char) -> Option<char> {
    let bytes = text.as_bytes();
    let is_sign = |byte: Option<&u8>| byte.copied() == Some(sign as u8);
    let part = |byte: Option<&u8>| {
        byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || !byte.is_ascii() || b"!@$+/=-.#".contains(byte))
    };
    let before = at.checked_sub(1).and_then(|last| bytes.get(last));
    // Signs may stand together: `_*word*_`.
    let other = |byte: &&u8| matches!(**byte, b'*' | b'~' | b'`' | b'_') && **byte != sign as u8;
    let after = bytes
        .get(at + 1..)
        .unwrap_or_default()
        .iter()
        .take(4)
        .find(|byte| !other(byte));
    let run = is_sign(before) || is_sign(bytes.get(at + 1));
    // Three of five: part of a run of signs.
    let in_run = |five: &[u8]| five.iter().map(|byte| u8::from(*byte == sign as u8)).sum::<u8>() > 2;
    let doubled = run && (sign != '*' || bytes.get(at.saturating_sub(2)..at + 3).is_some_and(in_run));
    let (left, right) = (part(before) || is_sign(before), part(after) || is_sign(after));
    let inside = before.is_some_and(u8::is_ascii_alphanumeric) && after.is_some_and(u8::is_ascii_alphanumeric);
    let keep = doubled || !left && !right || sign == '_' && inside || sign == '~' && inside;
    keep.then_some(sign)
}

/// The byte after `" + "`, `' . '` and `" \⏎ "` between the parts of a string.
fn concatenation(bytes: &[u8], at: usize) -> Option<usize> {
    let quote = bytes.get(at)?;
    let blank = |from: usize| {
        let rest = bytes.get(from..).unwrap_or_default();
        from + rest
            .iter()
            .take(40)
            .take_while(|byte| matches!(byte, b' ' | b'\n' | b'\t' | b'\\' | b'\r'))
            .count()
    };
    let sign = blank(at + 1);
    matches!(bytes.get(sign)?, b'+' | b'.' | b'&').then_some(())?;
    let next = blank(sign + 1);
    (bytes.get(next)? == quote && at > 0 && next > sign).then_some(next + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plain_text_loses_what_wraps_it() {
        for (text, expected) in [
            ("*pass*word", "password"),
            ("P%40ss%252F", "P@ss/"),
            ("{\\\"a\\\":\\\"b\\\"}", "{\"a\":\"b\"}"),
            ("&lt;a b=&quot;c&quot;&gt;", "<a b=\"c\">"),
            ("app:<mailto:x@host.example|x@host.example>/db", "app:x@host.example/db"),
            ("a\u{200b}b", "ab"),
            ("\"ab\" + \"cd\"", "\"abcd\""),
            ("token_of_x", "token_of_x"),
            ("= ******** x", "= ******** x"),
        ] {
            let plain = plain(text).map_or(text.to_owned(), |plain| plain.text);
            assert_eq!(plain, expected, "{text}");
        }
    }
}
