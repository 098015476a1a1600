//! The section that the anchor of an address names.

use super::forms::decoded;
use crate::runbook::Runbook;

/// Returns the section of an anchor, by an id of the document's own, by the id that a host makes of the heading, or by
/// the line of the source (`L12`).
pub(super) fn of_fragment(runbook: &Runbook, fragment: &str) -> Option<usize> {
    // Browsers jump to words with `#:~:text=…`, which is no anchor.
    let fragment = decoded(fragment.split(":~:").next()?);
    let fragment = fragment.trim_start_matches('/');
    if fragment.is_empty() {
        return None;
    }
    if let Some(line) = line_of(fragment) {
        let mut sections = runbook.sections.iter().enumerate();
        let (at, _) = sections.rfind(|(_, section)| section.line <= line)?;
        return Some(at).filter(|at| *at != 0);
    }
    let named = letters(fragment.strip_prefix("user-content-").unwrap_or(fragment));
    let title = letters(&runbook.title);
    let sections = || runbook.sections.iter().enumerate().skip(1);
    let by_anchor = sections().find(|(_, section)| section.anchors.iter().any(|anchor| *anchor == fragment));
    let by_letters = || {
        sections().find(|(_, section)| {
            section.anchors.iter().any(|anchor| letters(anchor) == named) || letters(&section.heading) == named
        })
    };
    // Confluence writes the title of the page before the heading.
    let after_title = || {
        let rest = named.strip_prefix(&title).filter(|rest| !rest.is_empty())?;
        sections().find(|(_, section)| letters(&section.heading) == rest)
    };
    let found = by_anchor.or_else(by_letters).or_else(after_title);
    found.filter(|_| !named.is_empty()).map(|(at, _)| at)
}

/// The first line that `L12`, `L12-L20`, `L12C3` or `lines-12:20` names.
fn line_of(fragment: &str) -> Option<u32> {
    let digits = fragment
        .strip_prefix('L')
        .or_else(|| fragment.strip_prefix("lines-"))
        .or_else(|| fragment.strip_prefix("line-"))?;
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    digits.get(..end)?.parse().ok()
}

/// The letters and digits of a text, in lower case.
fn letters(text: &str) -> String {
    let kept = text.chars().filter(|c| c.is_alphanumeric());
    kept.flat_map(char::to_lowercase).collect()
}
