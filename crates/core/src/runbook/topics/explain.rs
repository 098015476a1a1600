//! Classification of a section's blocks: those that explain, and those that tell the reader to act.

use super::super::symptoms::{is_command, term_role};
use super::super::{Block, BlockKind, Inline, Role, markdown, plain, plain_block, roles, sentences, steps};

/// Returns blocks with their roles; the parts of a definition list get theirs from the term.
pub(super) fn pieces(blocks: &[Block]) -> Vec<(Block, Role)> {
    let mut out = Vec::new();
    for block in blocks {
        let BlockKind::Definitions(definitions) = &block.kind else {
            out.push((block.clone(), block.role));
            continue;
        };
        let known = definitions
            .iter()
            .any(|definition| term_role(&plain(&definition.term)) != Role::Other);
        if !known {
            out.push((block.clone(), block.role));
            continue;
        }
        for definition in definitions {
            let role = match term_role(&plain(&definition.term)) {
                Role::Other => block.role,
                role => role,
            };
            for detail in definition.details.iter().flatten() {
                let mut detail = detail.clone();
                markdown::set_role(std::slice::from_mut(&mut detail), role);
                out.push((detail, role));
            }
        }
    }
    out
}

/// Removes a label such as "Why:" or "What to do:" from the beginning of a block, as the reply has a heading of its own
/// for it; `None` when the block holds nothing else.
pub(super) fn without_label(mut block: Block) -> Option<Block> {
    let BlockKind::Paragraph(inlines) = &mut block.kind else {
        return Some(block);
    };
    match inlines.as_mut_slice() {
        [Inline::Strong(label)] if roles::is_plain_label(&plain(label)) => return None,
        [Inline::Strong(label), Inline::Text(rest), ..] if roles::is_plain_label(&plain(label)) => {
            let has_colon = plain(label).trim_end().ends_with(':') || rest.trim_start().starts_with(':');
            if has_colon {
                *rest = capitalised(rest.trim_start().trim_start_matches([':', ' ']));
                inlines.remove(0);
            }
        }
        [Inline::Text(text), ..] => {
            if let Some((label, rest)) = text.split_once(':')
                && roles::is_plain_label(label)
            {
                *text = capitalised(rest.trim_start());
            }
        }
        _ => {}
    }
    (!plain(inlines).trim().is_empty()).then_some(block)
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// Removes the sentences that tell what people see, which is no cause: they have just seen it. `next` is the block
/// below.
pub(super) fn without_symptoms(block: Block, next: Option<&Block>) -> Option<Block> {
    let BlockKind::Paragraph(inlines) = &block.kind else {
        return Some(block);
    };
    let shown_below = next.is_some_and(|next| matches!(next.kind, BlockKind::Code { .. } | BlockKind::Quote(_)));
    let mut parts = sentences::split(inlines);
    let count = parts.len();
    parts.retain(|sentence| {
        let text = plain(sentence);
        !(sentences::tells_a_symptom(&text) || shown_below && text.trim_end().ends_with(':'))
    });
    if parts.len() == count {
        return Some(block);
    }
    (!parts.is_empty()).then(|| Block {
        kind: BlockKind::Paragraph(sentences::join(&parts)),
        ..block
    })
}

pub(super) fn is_prose(block: &Block) -> bool {
    matches!(
        block.kind,
        BlockKind::Paragraph(_) | BlockKind::List { .. } | BlockKind::Quote(_)
    )
}

/// A rule by which a block of a runbook is in no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LeftOut {
    /// Attributes and tags for the page's own site: `{: .label}`, `tag-…`.
    Tags,
    /// The address of the original, which is the answer's link.
    Origin,
    /// A thematic break.
    Break,
    /// A text that stands for one that is not written yet, such as "TBD".
    Unwritten,
    /// A list of links to the document's own sections, or the mark `[[TOC]]` in its place.
    Contents,
}

/// Returns the rule by which answers leave out a block.
pub fn left_out(block: &Block) -> Option<LeftOut> {
    let is_tag = |word: &String| word.starts_with(".label") || word.starts_with("tag-");
    if block.attrs.iter().any(is_tag) {
        return Some(LeftOut::Tags);
    }
    match &block.kind {
        BlockKind::Rule => Some(LeftOut::Break),
        BlockKind::Paragraph(inlines) => match inlines.first() {
            Some(Inline::Text(text)) if text.starts_with("Original URL:") => Some(LeftOut::Origin),
            _ if is_contents_mark(&plain(inlines)) => Some(LeftOut::Contents),
            _ => says_nothing(&plain(inlines)).then_some(LeftOut::Unwritten),
        },
        _ => steps::is_contents(block).map(|_| LeftOut::Contents),
    }
}

/// Returns true for blocks that are useless to a reader in need. A table of contents is judged by where it leads.
pub(super) fn is_litter(block: &Block) -> bool {
    let is_list = matches!(block.kind, BlockKind::List { .. });
    left_out(block).is_some_and(|rule| !(rule == LeftOut::Contents && is_list))
}

/// Returns true for a mark in whose place a site puts the table of contents.
fn is_contents_mark(text: &str) -> bool {
    let bare = text.trim().trim_matches(['[', ']', '_', '{', '}', ':', '$']);
    bare.len() < text.trim().len() && bare.eq_ignore_ascii_case("toc")
}

pub(super) fn says_nothing(text: &str) -> bool {
    let bare = text.trim().trim_end_matches('.').to_lowercase();
    matches!(
        bare.as_str(),
        "" | "none" | "n/a" | "na" | "tbd" | "tba" | "todo" | "wip" | "coming soon"
    )
}

/// Splits unmarked text into the part that explains and the part that tells the reader to act. An introduction followed
/// by other sections is an explanation unless it lists steps.
pub(super) fn explain_and_act(blocks: Vec<Block>, introduction: bool) -> (Vec<Block>, Vec<Block>) {
    let acts = |at: usize| match &blocks[at].kind {
        BlockKind::List { ordered: true, .. } => true,
        BlockKind::List { items, .. } => {
            let first = items
                .first()
                .map(|item| item.blocks.iter().take(1).map(plain_block).collect::<String>());
            !introduction && first.is_some_and(|text| sentences::acts(&text))
        }
        BlockKind::Code { .. } => is_command(&blocks[at]),
        BlockKind::Paragraph(inlines) => {
            let leads = plain(inlines).trim_end().ends_with(':')
                && blocks
                    .get(at + 1)
                    .is_some_and(|next| matches!(next.kind, BlockKind::List { ordered: true, .. }) || is_command(next));
            leads
                || !introduction
                    && sentences::of_text(&plain(inlines))
                        .iter()
                        .any(|sentence| sentences::acts(sentence))
        }
        _ => false,
    };
    let Some(first) = (0..blocks.len()).find(|at| acts(*at)) else {
        return if introduction {
            (blocks, Vec::new())
        } else {
            first_sentence(blocks)
        };
    };
    let mut explaining: Vec<Block> = blocks.get(..first).unwrap_or_default().to_vec();
    let mut acting: Vec<Block> = Vec::new();
    let mut rest = blocks.into_iter().skip(first);
    if let Some(block) = rest.next() {
        match split_paragraph(block, sentences::acts) {
            // A lead-in such as "Steps:" belongs to what follows.
            (Some(whole), None) => acting.push(whole),
            (head, tail) => {
                explaining.extend(head);
                acting.extend(tail);
            }
        }
    }
    acting.extend(rest);
    (explaining, acting)
}

/// Splits text without instructions: the first sentence is the explanation, and the rest is all there is to go by.
pub(super) fn first_sentence(mut blocks: Vec<Block>) -> (Vec<Block>, Vec<Block>) {
    if blocks.is_empty() {
        return (blocks, Vec::new());
    }
    let rest = blocks.split_off(1);
    let mut seen = false;
    let Some(first) = blocks.pop() else {
        return (Vec::new(), rest);
    };
    if !matches!(first.kind, BlockKind::Paragraph(_)) {
        let mut all = vec![first];
        all.extend(rest);
        return (Vec::new(), all);
    }
    let (head, tail) = split_paragraph(first, |_| std::mem::replace(&mut seen, true));
    let mut acting: Vec<Block> = tail.into_iter().collect();
    acting.extend(rest);
    (head.into_iter().collect(), acting)
}

/// Splits a paragraph before the first sentence for which `starts` holds.
pub(super) fn split_paragraph(block: Block, mut starts: impl FnMut(&str) -> bool) -> (Option<Block>, Option<Block>) {
    let BlockKind::Paragraph(inlines) = &block.kind else {
        return (None, Some(block));
    };
    let parts = sentences::split(inlines);
    match parts.iter().position(|sentence| starts(&plain(sentence))) {
        None if parts.len() < 2 => (Some(block), None),
        None | Some(0) => (None, Some(block)),
        Some(at) => {
            let make = |sentences: &[Vec<Inline>]| Block {
                kind: BlockKind::Paragraph(sentences::join(sentences)),
                ..block.clone()
            };
            (Some(make(&parts[..at])), Some(make(&parts[at..])))
        }
    }
}
