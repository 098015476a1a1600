//! Properties of a single line: its indent, list marker, fence and columns.

use super::Fence;

pub(in super::super) fn indent_of(line: &str) -> usize {
    let mut column = 0;
    for c in line.chars() {
        match c {
            ' ' => column += 1,
            '\t' => column += 4 - column % 4,
            _ => break,
        }
    }
    column
}

pub(super) fn without_indent(line: &str, columns: usize) -> &str {
    let mut column = 0;
    for (at, c) in line.char_indices() {
        if column >= columns || !matches!(c, ' ' | '\t') {
            return &line[at..];
        }
        column += if c == '\t' { 4 - column % 4 } else { 1 };
    }
    ""
}

/// Returns the width of a list marker with the blanks after it.
pub(in super::super) fn marker_width(bare: &str) -> Option<usize> {
    let digits = bare.bytes().take_while(u8::is_ascii_digit).count();
    let mark = if digits > 0 && digits < 10 {
        bare[digits..].starts_with(['.', ')']).then_some(digits + 1)?
    } else {
        bare.starts_with(['-', '*', '+', ':']).then_some(1)?
    };
    let rest = &bare[mark..];
    let blanks = rest.bytes().take_while(|c| *c == b' ').count();
    match blanks {
        0 => None,
        1..=4 => Some(mark + blanks),
        _ => Some(mark + 1),
    }
}

pub(super) fn fence_of(line: &str) -> Option<Fence> {
    let mut bare = line.trim_start();
    let mut indent = indent_of(line);
    for _ in 0..4 {
        let Some(width) = marker_width(bare) else { break };
        bare = bare.get(width..)?.trim_start();
        indent += width;
    }
    let char = bare.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let length = bare.chars().take_while(|c| *c == char).count();
    let info = &bare[length..];
    if length < 3 || (char == '`' && info.contains('`')) {
        return None;
    }
    Some(Fence { char, length, indent })
}

pub(super) fn is_info(info: &str) -> bool {
    let info = info.trim();
    !info.is_empty() && info.len() < 24 && info.chars().all(|c| c.is_ascii_alphanumeric() || "-_+#.".contains(c))
}

/// Closes a link whose address is never closed, at the end of the address; `None` when there is none.
pub(super) fn close_link(line: &str) -> Option<String> {
    let at = line.rfind("](")? + 2;
    let rest = line.get(at..)?;
    let end = rest.find(char::is_whitespace)?;
    if rest.contains(')') || end == 0 || rest.starts_with('<') || rest.get(end..)?.trim().is_empty() {
        return None;
    }
    let address = rest.get(..end)?.trim_end_matches(['.', ',', ';', ':']);
    Some(format!("{}{address}){}", &line[..at], &rest[address.len()..]))
}

pub(super) fn is_deep_heading(line: &str) -> bool {
    let level = line.bytes().take_while(|c| *c == b'#').count();
    (2..=6).contains(&level) && line[level..].starts_with(' ')
}

/// Puts a space after the `#` of `##Heading`, which is a heading to kramdown.
pub(super) fn space_heading(line: &str) -> String {
    let level = line.bytes().take_while(|c| *c == b'#').count();
    let rest = &line[level..];
    if level <= 6 && rest.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '`' | '*' | '[')) {
        return format!("{} {rest}", &line[..level]);
    }
    line.to_owned()
}

/// Counts the columns of a table row: the cells between bars that are not escaped.
pub(super) fn columns(line: &str) -> usize {
    let bare = line.trim();
    let bare = bare.strip_prefix('|').unwrap_or(bare);
    let bare = bare.strip_suffix('|').unwrap_or(bare);
    let mut count = 1;
    let (mut escaped, mut code) = (false, false);
    for c in bare.chars() {
        match c {
            '\\' => {
                escaped = !escaped;
                continue;
            }
            '`' => code = !code,
            '|' if !escaped && !code => count += 1,
            _ => {}
        }
        escaped = false;
    }
    count
}
