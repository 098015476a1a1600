//! Code in mrkdwn: nothing but `&`, `<`, `>` changes, so that a command can be copied.

use super::{APART, escape};

/// A code span. mrkdwn has no double backticks: code with a backtick in it becomes a small block, which keeps every
/// character.
pub fn code_span(text: &str) -> String {
    let text = text.replace('\n', " ");
    if text.trim().is_empty() {
        return text;
    }
    if text.contains('`') {
        code_block(&text)
    } else {
        format!("`{}`", escape(&text))
    }
}

/// A code block. Three backticks inside would end it, so they are kept apart.
pub fn code_block(text: &str) -> String {
    let text = escape(text.trim_matches('\n')).replace("``", &format!("`{APART}`"));
    // A backtick at the border would run into the fence.
    let before = if text.starts_with('`') { "\n" } else { "" };
    let after = if text.ends_with('`') { "\n" } else { "" };
    if text.contains('\n') {
        format!("```\n{text}\n```")
    } else {
        format!("```{before}{text}{after}```")
    }
}
