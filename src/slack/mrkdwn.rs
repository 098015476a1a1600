//! Rendering of a runbook's or reply's blocks as Slack's mrkdwn.
//!
//! mrkdwn has no escapes except for `&`, `<` and `>`. Accidental formatting is prevented by a zero-width space
//! (U+200B): Slack takes `*`, `_`, `~` and backticks for formatting only where the opening one touches the text after
//! it, so a literal `*` gets one after it. Bold next to a word needs one between the two, as Slack formats at word
//! boundaries only.

use crate::respond::{hidden_host, honest_label, without_direction, words};
use crate::runbook::{Inline, Target};

mod code;
mod pieces;

pub use code::{code_block, code_span};
pub use pieces::{Piece, PieceShape, pieces};

/// Zero-width space that keeps characters apart.
pub(crate) const APART: char = '\u{200B}';

/// Escapes `&`, `<` and `>` for Slack and defuses live mentions.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for (at, c) in text.char_indices() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '@' => {
                out.push('@');
                if pings(text.get(at + 1..).unwrap_or_default()) {
                    out.push(APART);
                }
            }
            '\r' | '\0' => {}
            _ => out.push(c),
        }
    }
    out
}

/// Returns true when `@` before this text could reach a whole channel where Slack parses names.
fn pings(after: &str) -> bool {
    ["channel", "here", "everyone"].iter().any(|name| {
        let Some(head) = after.get(..name.len()) else {
            return false;
        };
        let next = after.get(name.len()..).and_then(|rest| rest.chars().next());
        head.eq_ignore_ascii_case(name) && !next.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '/'))
    })
}

/// Text for a `plain_text` object: nothing is formatted or escaped there, but mentions must still not ping anybody.
pub fn plain(text: &str) -> String {
    let escaped = escape(text);
    escaped.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

/// Running text of a document, escaped so that nothing in it formats by accident.
pub fn literal(text: &str) -> String {
    let escaped = escape(text);
    let mut out = String::with_capacity(escaped.len() + 8);
    for (number, line) in escaped.split('\n').enumerate() {
        if number > 0 {
            out.push('\n');
        }
        literal_line(line, &mut out);
    }
    out
}

fn literal_line(line: &str, out: &mut String) {
    let mut before: Option<char> = None;
    let mut chars = line.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        out.push(c);
        let next = chars.peek().map(|(_, next)| *next);
        let opens = before.is_none_or(|before| !before.is_alphanumeric());
        let touches = next.is_some_and(|next| !next.is_whitespace());
        let closed = line.get(at + c.len_utf8()..).is_some_and(|rest| rest.contains(c));
        if c == '`' || (matches!(c, '*' | '_' | '~') && opens && touches && closed) {
            out.push(APART);
        }
        before = Some(c);
    }
}

/// Renders inlines as mrkdwn.
pub fn inlines(list: &[Inline]) -> String {
    let mut out = String::new();
    put(list, Style::default(), &mut out);
    out
}

/// The styles that are open already: Slack does not nest a style in itself.
#[derive(Debug, Clone, Copy, Default)]
struct Style {
    bold: bool,
    italic: bool,
    strike: bool,
    link: bool,
}

fn put(list: &[Inline], style: Style, out: &mut String) {
    for (at, inline) in list.iter().enumerate() {
        let next = list.get(at + 1);
        match inline {
            Inline::Text(text) => put_text(text, style, out),
            Inline::Code(text) => mark_off(&code_span(text), next, out),
            Inline::Strong(inner) => put_marked(inner, '*', style.bold, Style { bold: true, ..style }, next, out),
            Inline::Emphasis(inner) => put_marked(inner, '_', style.italic, Style { italic: true, ..style }, next, out),
            Inline::Strike(inner) => put_marked(inner, '~', style.strike, Style { strike: true, ..style }, next, out),
            Inline::Link {
                target: Target::Url(url),
                label,
            } if !style.link => put_link(url, label, around(list, at), style, out),
            Inline::Link { label, .. } => put(label, style, out),
            Inline::Image { alt, url } if !style.link => {
                let label = [Inline::Text(alt.clone())];
                let label: &[Inline] = if alt.trim().is_empty() { &[] } else { &label };
                put_link(url, label, around(list, at), style, out);
            }
            Inline::Image { alt, .. } => put_text(alt, style, out),
            Inline::Break => out.push('\n'),
            // Slack shows it in the reader's zone; the text is for clients that cannot.
            Inline::Time(time) => {
                let text = escape(&time.text).replace('|', "¦");
                out.extend(["<!date^", &time.at.to_string(), "^", time.format(), "|", &text, ">"]);
            }
        }
    }
}

/// Appends running text. Addresses in it become links, as blocks are sent verbatim so that Slack adds none.
fn put_text(text: &str, style: Style, out: &mut String) {
    let mut rest = text;
    while let Some(start) = rest
        .find("https://")
        .or_else(|| rest.find("http://"))
        .filter(|_| !style.link)
    {
        let (before, after) = rest.split_at(start);
        let end = after
            .find(|c: char| c.is_whitespace() || "<>\"'`|)]}“”".contains(c))
            .unwrap_or(after.len());
        let (url, tail) = after.split_at(end);
        let url_only = url.trim_end_matches(['.', ',', ';', ':', '!', '?', '*', '_']);
        out.push_str(&literal(before));
        match safe_url(url_only).filter(|url| url.len() > "https://".len()) {
            Some(url) => put_address(&url, url_only, out),
            None => out.push_str(&literal(url_only)),
        }
        out.push_str(&literal(url.get(url_only.len()..).unwrap_or_default()));
        rest = tail;
    }
    out.push_str(&literal(rest));
}

fn put_marked(inner: &[Inline], mark: char, open_already: bool, style: Style, next: Option<&Inline>, out: &mut String) {
    let mut text = String::new();
    put(inner, style, &mut text);
    let body = text.trim();
    if open_already || body.is_empty() {
        out.push_str(&text);
        return;
    }
    let blank = |outside: &str| if outside.is_empty() { "" } else { " " };
    let before = blank(text.get(..text.len() - text.trim_start().len()).unwrap_or_default());
    let after = blank(text.get(text.trim_end().len()..).unwrap_or_default());
    out.push_str(before);
    // A style does not extend over a line break.
    let marked: Vec<String> = body
        .split('\n')
        .map(|line| {
            if line.trim().is_empty() {
                String::new()
            } else {
                format!("{mark}{}{mark}", line.trim())
            }
        })
        .collect();
    mark_off(&marked.join("\n"), next.filter(|_| after.is_empty()), out);
    out.push_str(after);
}

/// Appends a styled piece, kept apart from a word that touches it.
fn mark_off(marked: &str, next: Option<&Inline>, out: &mut String) {
    if out.chars().last().is_some_and(touches) {
        out.push(APART);
    }
    out.push_str(marked);
    let next = match next {
        Some(Inline::Text(text) | Inline::Code(text)) => text.chars().next(),
        _ => None,
    };
    if next.is_some_and(touches) {
        out.push(APART);
    }
}

fn touches(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '*' | '_' | '~' | '`')
}

/// The texts that touch an inline before and after it, up to the next blanks: `https://[slack.com](…)` reads as one
/// word.
fn around(list: &[Inline], at: usize) -> (String, String) {
    let text = |at: Option<usize>| {
        let inline = at.and_then(|at| list.get(at));
        words(inline.map(std::slice::from_ref).unwrap_or_default())
    };
    let (before, after) = (text(at.checked_sub(1)), text(Some(at + 1)));
    (
        before.rsplit(char::is_whitespace).next().unwrap_or_default().to_owned(),
        after.split(char::is_whitespace).next().unwrap_or_default().to_owned(),
    )
}

fn put_link(url: &str, label: &[Inline], around: (String, String), style: Style, out: &mut String) {
    let mut text = String::new();
    put(label, Style { link: true, ..style }, &mut text);
    let text = without_direction(&text).replace('\n', " ").replace('|', "¦");
    let Some(safe) = safe_url(url) else {
        out.push_str(&text);
        return;
    };
    let (words, (before, after)) = (words(label), around);
    if text.trim().is_empty() || text.trim() == safe {
        put_address(&safe, url.trim(), out);
    } else if let Some(honest) = honest_label(&words, url) {
        out.extend(["<", &safe, "|", &literal(&honest).replace('|', "¦"), ">"]);
    } else if let Some(host) = hidden_host(&format!("{before}{words}{after}"), url) {
        out.extend(["<", &safe, "|", text.trim(), " (", &literal(&host), ")>"]);
    } else {
        out.extend(["<", &safe, "|", text.trim(), ">"]);
    }
}

/// Appends a link whose label is its address, unless that hides its own host.
fn put_address(safe: &str, url: &str, out: &mut String) {
    match honest_label(url, url) {
        Some(honest) => out.extend(["<", safe, "|", &literal(&honest).replace('|', "¦"), ">"]),
        None => out.extend(["<", safe, ">"]),
    }
}

/// The address as it may stand in `<…>`: only addresses of web pages or mail, without any character that ends it.
pub(super) fn safe_url(url: &str) -> Option<String> {
    let url = url.trim();
    let scheme = url.split_once(':')?.0.to_ascii_lowercase();
    if !matches!(scheme.as_str(), "http" | "https" | "mailto") || url.len() > 3_000 {
        return None;
    }
    let mut out = String::with_capacity(url.len());
    for c in url.chars() {
        match c {
            '<' => out.push_str("%3C"),
            '>' => out.push_str("%3E"),
            '|' => out.push_str("%7C"),
            '"' => out.push_str("%22"),
            '&' => out.push_str("&amp;"),
            c if c.is_whitespace() || c.is_control() => out.push_str("%20"),
            c => out.push(c),
        }
    }
    Some(out)
}
