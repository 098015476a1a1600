//! Verbatim excerpts of messages and runbooks.

use std::collections::BTreeSet;

use super::{markdown, values};
use crate::matching::{Evidence, Match, SignatureKind};
use crate::runbook::{Block, BlockKind, Inline, Role, Runbook, Topic, join_sentences, split_sentences};

/// Most lines of evidence that are quoted.
pub(super) const QUOTED: usize = 3;
/// Most characters of a quoted line.
pub(super) const QUOTED_LINE: usize = 300;
/// Most characters of the sentence above the steps.
const SENTENCE: usize = 240;
/// Fewest characters of it: "e.g. " and "1. " end no sentence.
const SENTENCE_LEAST: usize = 24;

/// The lines that matched, as a code block.
pub(super) fn quoted(matched: &Match) -> Vec<Block> {
    let mut seen = BTreeSet::new();
    // The strongest lines, in the order of the message.
    let mut strongest: Vec<&Evidence> = matched
        .evidence
        .iter()
        .filter(|evidence| !evidence.text.trim().is_empty() && seen.insert(evidence.line))
        .take(QUOTED)
        .collect();
    strongest.sort_by_key(|evidence| evidence.line);
    let lines: Vec<String> = strongest
        .into_iter()
        .map(|evidence| values::shortened(&evidence.text, QUOTED_LINE))
        .collect();
    if lines.is_empty() {
        return Vec::new();
    }
    vec![markdown::block(BlockKind::Code {
        lang: String::new(),
        text: lines.join("\n"),
    })]
}

/// The strongest line that matched, as one quoted line.
pub(super) fn quoted_line(matched: &Match) -> Vec<Block> {
    let by_name = |evidence: &&Evidence| matches!(evidence.kind, SignatureKind::Code | SignatureKind::Alert);
    let lines = || {
        matched
            .evidence
            .iter()
            .filter(|evidence| !evidence.text.trim().is_empty())
    };
    let is_link = |evidence: &&Evidence| evidence.signature.starts_with("http");
    let Some(evidence) = lines()
        .next()
        .filter(is_link)
        .or_else(|| lines().find(by_name))
        .or_else(|| lines().next())
    else {
        return Vec::new();
    };
    let line = Inline::Code(values::shortened(&evidence.text, QUOTED_LINE));
    vec![markdown::block(BlockKind::Quote(vec![markdown::block(
        BlockKind::Paragraph(vec![line]),
    )]))]
}

/// The first sentence of a cause, as a card shows it above the steps: one line.
pub(super) fn first_sentence(cause: &[Block]) -> Option<String> {
    let text = cause.iter().find_map(|block| match &block.kind {
        BlockKind::Paragraph(inlines) => Some(super::words(inlines)),
        _ => None,
    })?;
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let ends = text.match_indices(". ").map(|(at, _)| at + 1);
    let end = ends.into_iter().find(|end| *end > SENTENCE_LEAST).unwrap_or(text.len());
    let sentence = text.get(..end).unwrap_or(&text).trim_end_matches(':');
    Some(values::shortened(sentence, SENTENCE)).filter(|sentence| !sentence.is_empty())
}

/// Removes the first sentence of a cause, as [`first_sentence`] shows it above the steps. A sentence that was shortened
/// stays.
pub(super) fn drop_first_sentence(cause: &mut Vec<Block>) {
    let shown = first_sentence(cause);
    let at = cause
        .iter()
        .position(|block| matches!(block.kind, BlockKind::Paragraph(_)));
    let (Some(shown), Some(at)) = (shown, at) else { return };
    let Some(BlockKind::Paragraph(inlines)) = cause.get(at).map(|block| &block.kind) else {
        return;
    };
    let letters = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).count();
    let mut parts = split_sentences(inlines);
    // Sentences may be counted differently there, for example after "e.g.".
    let count = (1..=parts.len()).find(|count| {
        let first: Vec<Inline> = parts.iter().take(*count).flatten().cloned().collect();
        letters(&super::words(&first)) == letters(&shown)
    });
    let Some(count) = count else { return };
    parts.drain(..count);
    if parts.is_empty() {
        cause.remove(at);
    } else if let Some(block) = cause.get_mut(at) {
        block.kind = BlockKind::Paragraph(join_sentences(&parts));
    }
}

/// The section's own text, for a topic without steps.
pub(super) fn own_text(runbook: &Runbook, topic: &Topic, cause: &[Block]) -> Vec<Block> {
    let left_out = |role: Role| {
        matches!(
            role,
            Role::Symptoms | Role::Alerts | Role::Escalation | Role::References
        ) || (!cause.is_empty() && matches!(role, Role::Causes | Role::Overview))
    };
    let shown: Vec<String> = cause
        .iter()
        .map(|block| super::plain_blocks(std::slice::from_ref(block)))
        .collect();
    let mut out = Vec::new();
    for (index, section) in runbook.sections.iter().enumerate() {
        if !is_within(runbook, index, topic.section) {
            continue;
        }
        let blocks: Vec<Block> = section
            .blocks
            .iter()
            .filter(|block| {
                !left_out(block.role) && !shown.contains(&super::plain_blocks(std::slice::from_ref(*block)))
            })
            .cloned()
            .collect();
        if !blocks.is_empty() && index != topic.section {
            out.push(markdown::block(BlockKind::Heading(vec![Inline::Text(
                section.heading.clone(),
            )])));
        }
        out.extend(blocks);
    }
    out
}

/// Returns true for a section and those nested in it.
pub(super) fn is_within(runbook: &Runbook, index: usize, outer: usize) -> bool {
    let mut at = Some(index);
    // Parents come first in the document, so this ends.
    while let Some(section) = at {
        if section == outer {
            return true;
        }
        at = runbook
            .sections
            .get(section)
            .and_then(|section| section.parent)
            .filter(|parent| *parent < section);
    }
    false
}
