//! Conversion of a message as received to plain lines: Slack's escapes and links undone, fences, terminal escapes and
//! smart quotes removed. A line stays a line, so that evidence can be quoted from its place; hard wraps need no
//! joining, for the words of a message are compared across line ends.

use std::borrow::Cow;

/// A message, ready to be read word by word.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NormalisedMessage {
    /// Its lines; empty ones are kept so that line numbers hold.
    pub lines: Vec<Line>,
}

/// One line of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The line as a person would quote it: escapes undone, fences and terminal sequences removed.
    pub shown: String,
    /// The line as words are read from it: smart quotes straightened and log escapes undone as well.
    pub text: String,
}

/// Converts a message to plain lines. Linear in its length.
pub fn normalise(message: &str) -> NormalisedMessage {
    let lines = message
        .split('\n')
        .map(|raw| {
            let shown = shown(raw.trim_end_matches('\r'));
            let text = plain(&shown);
            Line { shown, text }
        })
        .collect();
    NormalisedMessage { lines }
}

/// The line as a person sees it in the chat.
fn shown(raw: &str) -> String {
    let raw = strip_terminal_escapes(raw);
    let raw = resolve_markup(&raw);
    let line = raw.trim_start_matches("```").trim_end_matches("```");
    let line = line.trim();
    let line = match line.strip_prefix('`').and_then(|rest| rest.strip_suffix('`')) {
        Some(inner) if !inner.contains('`') => inner,
        _ => line,
    };
    line.to_owned()
}

/// Removes `ESC [ … letter` sequences, and colours whose escape character was lost on the way (`[0;31m`).
fn strip_terminal_escapes(raw: &str) -> Cow<'_, str> {
    // U+009B ends in the byte 9B; other characters with that byte are skipped below.
    let escaped = [0x1b, 0x9b].iter().any(|byte| raw.as_bytes().contains(byte));
    if !escaped && !has_bare_colour(raw) {
        return Cow::Borrowed(raw);
    }
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find(['\u{1b}', '\u{9b}', '[']) {
        let (before, tail) = rest.split_at(at);
        out.push_str(before);
        let escaped = tail.strip_prefix("\u{1b}[").or_else(|| tail.strip_prefix('\u{9b}'));
        let sequence = escaped.or_else(|| tail.strip_prefix('['));
        let body = sequence.map_or(0, |s| {
            s.bytes().take_while(|b| b.is_ascii_digit() || *b == b';').count()
        });
        let end = sequence.and_then(|s| s.as_bytes().get(body).copied());
        match (sequence, end) {
            (Some(s), Some(letter))
                if letter.is_ascii_alphabetic() && (escaped.is_some() || (body > 0 && letter == b'm')) =>
            {
                rest = s.get(body + 1..).unwrap_or_default();
            }
            _ => {
                let mut chars = tail.chars();
                if let Some(c) = chars.next()
                    && c == '['
                {
                    out.push(c);
                }
                rest = chars.as_str();
            }
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

fn has_bare_colour(raw: &str) -> bool {
    raw.match_indices('[').any(|(at, _)| {
        let tail = raw.as_bytes().get(at + 1..).unwrap_or_default();
        let digits = tail
            .iter()
            .take(8)
            .take_while(|b| b.is_ascii_digit() || **b == b';')
            .count();
        digits > 0 && tail.get(digits) == Some(&b'm')
    })
}

/// Undoes Slack's mark-up and escapes: `<url|label>`, `<@U…>`, `&lt;`. Slack escapes only `&`, `<` and `>` (facts:
/// Slack).
fn resolve_markup(raw: &str) -> Cow<'_, str> {
    if !raw.as_bytes().contains(&b'<') && !raw.as_bytes().contains(&b'&') {
        return Cow::Borrowed(raw);
    }
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find(['<', '&']) {
        let (before, tail) = rest.split_at(at);
        out.push_str(before);
        let entity = [
            ("&lt;", '<'),
            ("&gt;", '>'),
            ("&amp;", '&'),
            ("&quot;", '"'),
            ("&#39;", '\''),
            ("&nbsp;", ' '),
        ]
        .into_iter()
        .find(|(name, _)| tail.starts_with(name));
        if let Some((name, c)) = entity {
            out.push(c);
            rest = tail.get(name.len()..).unwrap_or_default();
        } else if let Some((text, length)) = slack_link(tail) {
            out.push_str(&text);
            rest = tail.get(length..).unwrap_or_default();
        } else {
            let mut chars = tail.chars();
            out.extend(chars.next());
            rest = chars.as_str();
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Reads the mark-up at the head of a text, and returns its text and its length in bytes: for `<https://x|x>` the
/// label, for `<#C1|name>` the name, for `<@U1>` and `<!here>` nothing.
fn slack_link(tail: &str) -> Option<(String, usize)> {
    const LONGEST: usize = 4_096;
    let inner = tail.get(1..)?;
    let marked = inner.starts_with(['@', '#', '!'])
        || inner.starts_with("http")
        || inner.starts_with("mailto:")
        || inner.starts_with("tel:");
    if !marked {
        return None;
    }
    let end = inner.bytes().take(LONGEST).position(|b| matches!(b, b'>' | b'<'))?;
    if inner.as_bytes().get(end) != Some(&b'>') {
        return None;
    }
    let body = inner.get(..end)?;
    let (target, label) = body
        .split_once('|')
        .map_or((body, None), |(target, label)| (target, Some(label)));
    let text = match (target.as_bytes().first(), label) {
        (Some(b'@' | b'!'), _) => String::new(),
        (Some(b'#'), label) => format!("#{}", label.unwrap_or_default()),
        (_, Some(label)) if !label.is_empty() => label.to_owned(),
        _ => target.trim_start_matches("mailto:").to_owned(),
    };
    Some((text.replace("&amp;", "&"), end + 2))
}

/// Undoes the typography of editors and the escapes of log formats, so that words are the same in messages and
/// runbooks.
pub fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    loop {
        let same = rest.bytes().take_while(|byte| is_plain(*byte)).count();
        let (before, tail) = rest.split_at(same);
        out.push_str(before);
        let mut chars = tail.chars();
        let Some(c) = chars.next() else { return out };
        rest = chars.as_str();
        match c {
            '\u{2018}' | '\u{2019}' | '\u{201a}' | '\u{201b}' | '\u{00b4}' => out.push('\''),
            '\u{201c}' | '\u{201d}' | '\u{201e}' | '\u{00ab}' | '\u{00bb}' => out.push('"'),
            '\u{2010}'..='\u{2013}' | '\u{2212}' => out.push('-'),
            '\u{2014}' => out.push_str("--"),
            '\u{2026}' => out.push_str("..."),
            '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{00ad}' => {}
            // A log line inside a JSON string: \n and \t separate words, \" is a quote.
            '\\' => match rest.as_bytes().first() {
                Some(b'n' | b't' | b'r') => {
                    rest = rest.get(1..).unwrap_or_default();
                    out.push(' ');
                }
                Some(b'"' | b'\'' | b'/' | b'\\') => {}
                _ => out.push('\\'),
            },
            c if c.is_whitespace() || c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
}

/// Returns true for a byte that is kept as it is: printable ASCII other than a backslash.
fn is_plain(byte: u8) -> bool {
    (b' '..=b'~').contains(&byte) && byte != b'\\'
}

#[cfg(test)]
mod tests {
    use super::normalise;

    #[test]
    fn a_line_reads_the_same_however_it_was_sent() {
        let cases: &[(&str, &str)] = &[
            ("```Not authorized. (E0003)```", "Not authorized. (E0003)"),
            ("`Error: Invalid API key`", "Error: Invalid API key"),
            ("a &lt;0.229.0&gt; &amp;&amp; b", "a <0.229.0> && b"),
            (
                "get <https://a.example/x?y=1&amp;z=2|a.example/x>: EOF",
                "get a.example/x: EOF",
            ),
            (
                "Post <https://gk.svc:443/v1?t=10s>: refused",
                "Post https://gk.svc:443/v1?t=10s: refused",
            ),
            ("<@U77AA> see <#C01|support> <!here>", "see #support"),
            ("\u{1b}[31mERROR\u{1b}[0m boom", "ERROR boom"),
            ("[0;31mERROR[0m boom [3] x[i]", "ERROR boom [3] x[i]"),
            (
                "instance \u{2018}7\u{2019} can\u{2019}t\u{a0}be found",
                "instance '7' can't be found",
            ),
            (
                "{\"msg\":\"line one\\nsaid \\\"no\\\"\"}",
                "{\"msg\":\"line one said \"no\"\"}",
            ),
            ("a < b and c > d", "a < b and c > d"),
            ("<<<<<<", "<<<<<<"),
            ("\r", ""),
        ];
        for (sent, read) in cases {
            let message = normalise(sent);
            assert_eq!(message.lines[0].text.trim(), *read, "{sent:?}");
        }
    }

    #[test]
    fn lines_keep_their_numbers() {
        let message = normalise("seen this?\n```\n\nFAILED\n```");
        let shown: Vec<&str> = message.lines.iter().map(|line| line.shown.as_str()).collect();
        assert_eq!(shown, ["seen this?", "", "", "FAILED", ""]);
    }
}
