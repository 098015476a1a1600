//! The words of a runbook's step that lead to one of its sections: the reason to go on there.

use super::values::shortened;
use super::words;
use crate::runbook::{Block, BlockKind, Inline, Runbook, Step, Target, walk};

/// Most characters of a reason.
const REASON: usize = 200;
/// Endings that only announce the link: "…: go to".
const LEADS: [&str; 7] = ["go to", "see", "follow", "continue with", "go on with", "read", "then"];

/// Returns what the steps say before their link to a section, such as "No field, or an empty one". `None` when no step links
/// to it, or only with the words of the link.
pub fn reason_for(runbook: &Runbook, section: &str) -> Option<String> {
    let index = runbook.sections.iter().position(|other| other.heading == section)?;
    let mut steps = runbook.topics.iter().flat_map(|topic| &topic.steps);
    steps.find_map(|step| in_step(step, index))
}

fn in_step(step: &Step, section: usize) -> Option<String> {
    let mut found = None;
    walk(&step.blocks, &mut |block: &Block| {
        if let BlockKind::Paragraph(inlines) = &block.kind {
            found = found.take().or_else(|| before_link(inlines, section));
        }
    });
    found.or_else(|| step.steps.iter().find_map(|inner| in_step(inner, section)))
}

/// The text before a link, without the words that announce it.
fn before_link(inlines: &[Inline], section: usize) -> Option<String> {
    let is_link =
        |inline: &Inline| matches!(inline, Inline::Link { target: Target::Section(index), .. } if *index == section);
    let at = inlines.iter().position(is_link)?;
    let is_mark = |c: char| c.is_whitespace() || matches!(c, ':' | ',' | ';' | '–' | '-' | '.' | '(');
    let text = words(inlines.get(..at)?);
    let mut text = text.trim_end_matches(is_mark);
    for lead in LEADS {
        let cut = text.len().checked_sub(lead.len());
        if let Some((before, end)) = cut.and_then(|cut| text.split_at_checked(cut))
            && end.eq_ignore_ascii_case(lead)
        {
            text = before.trim_end_matches(is_mark);
        }
    }
    Some(shortened(text, REASON)).filter(|text| text.contains(char::is_whitespace))
}
