//! Text of literal blocks.

use super::super::markdown;
use super::super::symptoms::is_command;
use super::super::{Block, BlockKind};
use super::lines::columns;

/// Makes a code block. Messages that the document wraps with backslashes get their lines back.
pub(super) fn code_block(lang: &str, text: &str, line: u32) -> Block {
    let kind = BlockKind::Code {
        lang: lang.to_owned(),
        text: text.to_owned(),
    };
    let block = markdown::block(kind, line);
    if !text.contains("\\\n") || !shows_output(lang) {
        return block;
    }
    let text = unwrapped(text);
    markdown::block(
        BlockKind::Code {
            lang: lang.to_owned(),
            text,
        },
        line,
    )
}

/// Languages of terminals and logs; code in any other language keeps its lines.
fn shows_output(lang: &str) -> bool {
    matches!(
        lang,
        "" | "console" | "text" | "none" | "log" | "output" | "default" | "shell-session" | "plain" | "plaintext"
    )
}

/// Joins lines that end in a backslash, unless they are a command.
fn unwrapped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut lines = text.split('\n').peekable();
    while let Some(line) = lines.next() {
        out.push_str(line);
        if line.ends_with('\\') && !continues_command(line, lines.peek().copied().unwrap_or_default()) {
            let mut last = line;
            while let (true, Some(next)) = (last.ends_with('\\'), lines.peek().copied()) {
                break_line(&mut out, next);
                out.push_str(next.trim_start());
                last = next;
                lines.next();
            }
        } else if line.ends_with('\\') {
            // The whole command stays as it is.
            let mut last = line;
            while let (true, Some(next)) = (last.ends_with('\\'), lines.peek().copied()) {
                out.push('\n');
                out.push_str(next);
                last = next;
                lines.next();
            }
        }
        if lines.peek().is_some() {
            out.push('\n');
        }
    }
    out
}

/// Puts what belongs between a line of running text and the next: a blank, unless a backslash at the end of the line cuts
/// an id, or the script has no blanks.
pub(super) fn break_line(out: &mut String, next: &str) {
    let wrapped = out.ends_with('\\') && !out.ends_with("\\\\");
    if wrapped {
        out.pop();
    }
    let cut = wrapped && splits_id(out, next);
    if wrapped {
        out.truncate(out.trim_end_matches([' ', '\t']).len());
    }
    let is_wide = |character: Option<char>| character.is_some_and(|character| columns(character) == 2);
    let without_blanks = is_wide(out.chars().next_back()) && is_wide(next.chars().next());
    if !cut && !without_blanks {
        out.push(' ');
    }
}

/// Returns true when a line and the one after it are a command of a shell.
fn continues_command(line: &str, next: &str) -> bool {
    let kind = BlockKind::Code {
        lang: String::new(),
        text: line.to_owned(),
    };
    let deeper = next.len() - next.trim_start().len() > line.len() - line.trim_start().len();
    let start = line.trim_start();
    is_command(&markdown::block(kind, 0))
        || start.starts_with(['$', '#', '%', '>'])
        || deeper
        || next.trim_start().starts_with(['-', '|', '&', '>', '<', '"', '\''])
}

/// Returns true when a line break cuts an id: digits on both sides, and no blank.
fn splits_id(before: &str, after: &str) -> bool {
    const LONGEST_PIECE: usize = 64;
    let of_id = |c: &char| c.is_ascii_alphanumeric() || *c == '-';
    let is_digit = |c: char| c.is_ascii_digit();
    let left = before.chars().rev().take(LONGEST_PIECE).take_while(of_id).any(is_digit);
    left && after.chars().take(LONGEST_PIECE).take_while(of_id).any(is_digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(lang: &str, text: &str) -> String {
        match code_block(lang, text, 1).kind {
            BlockKind::Code { text, .. } => text,
            _ => String::new(),
        }
    }

    #[test]
    fn a_wrapped_message_is_one_line_again() {
        let cases = [
            (
                "ERROR disk full on\\\nnode seven \\\nsince noon\nnext",
                "ERROR disk full on node seven since noon\nnext",
            ),
            ("ERROR [id 60ebd\\\n6c7-c1e3] lost", "ERROR [id 60ebd6c7-c1e3] lost"),
            ("ERROR ends with \\", "ERROR ends with \\"),
            ("$ kubectl get \\\npods\\\n-o wide", "$ kubectl get \\\npods\\\n-o wide"),
            (
                "curl \\\n  --fail https://a.example",
                "curl \\\n  --fail https://a.example",
            ),
        ];
        for (wrapped, expected) in cases {
            assert_eq!(text("console", wrapped), expected);
        }
        assert_eq!(text("c", "#define A \\\n b"), "#define A \\\n b");
    }
}
