//! A table or a definition list of a hundred errors is answered with the entries that were recognised.

use super::{excerpt, markdown};
use crate::matching::{Evidence, Match, SignatureKind};
use crate::runbook::{Block, BlockKind, Definition, Inline, Item, Runbook, Topic, plain, walk};

/// Tables and definition lists of up to this many entries are read at a glance.
const FEW: usize = 2;
/// Shortest signature, in letters, that is looked for inside a longer cell.
const SHORTEST_INSIDE: usize = 12;
/// Most blocks of a definition that are shown above the steps.
const MOST_DETAILS: usize = 4;

/// Keeps, in every table and definition list, the entries that the evidence points to; one that it does not point to
/// stays whole.
pub(super) fn narrow(blocks: &mut [Block], matched: &Match) {
    for block in blocks {
        match &mut block.kind {
            BlockKind::Table { rows, .. } if rows.len() > FEW => {
                let fits: Vec<bool> = rows.iter().map(|row| is_meant(row, matched)).collect();
                keep(rows, &fits);
            }
            BlockKind::Definitions(definitions) if definitions.len() > FEW => {
                let fits: Vec<bool> = definitions.iter().map(|one| is_meant_term(one, matched)).collect();
                keep(definitions, &fits);
            }
            BlockKind::Quote(inner) => narrow(inner, matched),
            BlockKind::List { items, .. } => items.iter_mut().for_each(|item| narrow(&mut item.blocks, matched)),
            _ => {}
        }
    }
}

fn keep<T>(entries: &mut Vec<T>, fits: &[bool]) {
    if fits.contains(&true) {
        let mut fits = fits.iter().copied();
        entries.retain(|_| fits.next().unwrap_or(true));
    }
}

/// Returns the entry that the evidence points to, as lines of "label: value": the row of a table, or a term with its
/// text. Empty when there is none, or when the blocks that the reply shows hold it.
pub(super) fn entry(runbook: &Runbook, topic: &Topic, matched: &Match, shown: &[&[Block]]) -> Vec<Block> {
    let mut found = None;
    for (index, section) in runbook.sections.iter().enumerate() {
        if found.is_none() && excerpt::is_within(runbook, index, topic.section) {
            walk(&section.blocks, &mut |block| {
                found = found.take().or_else(|| in_block(block, matched));
            });
        }
    }
    let Some(found) = found else { return Vec::new() };
    let mut is_shown = false;
    for blocks in shown {
        walk(blocks, &mut |block| is_shown |= found.is_in(block));
    }
    if is_shown { Vec::new() } else { found.blocks() }
}

/// An entry of a table or a definition list.
enum Entry<'r> {
    Row(&'r [Vec<Inline>], &'r [Vec<Inline>]),
    Definition(&'r Definition),
}

fn in_block<'r>(block: &'r Block, matched: &Match) -> Option<Entry<'r>> {
    match &block.kind {
        BlockKind::Table { head, rows } if rows.len() > 1 => {
            // A row is about what its first cell names; the others may only mention it.
            let first = rows
                .iter()
                .find(|row| is_meant(row.get(..1).unwrap_or_default(), matched));
            let row = first.or_else(|| rows.iter().find(|row| is_meant(row, matched)))?;
            Some(Entry::Row(head, row))
        }
        BlockKind::Definitions(definitions) if definitions.len() > 1 => {
            let found = definitions.iter().find(|definition| is_meant_term(definition, matched));
            found.map(Entry::Definition)
        }
        _ => None,
    }
}

impl Entry<'_> {
    fn is_in(&self, block: &Block) -> bool {
        match (self, &block.kind) {
            (Entry::Row(_, own), BlockKind::Table { rows, .. }) => rows.iter().any(|row| row == own),
            (Entry::Definition(own), BlockKind::Definitions(all)) => all.iter().any(|one| one.term == own.term),
            _ => false,
        }
    }

    fn blocks(&self) -> Vec<Block> {
        match self {
            Entry::Row(head, row) => vec![lines(head, row)],
            Entry::Definition(definition) => {
                let term = vec![Inline::Strong(definition.term.clone())];
                let details = definition.details.iter().flatten().take(MOST_DETAILS).cloned();
                std::iter::once(markdown::block(BlockKind::Paragraph(term)))
                    .chain(details)
                    .collect()
            }
        }
    }
}

/// A row as a list: a line for each cell, with the head of its column as a label.
fn lines(head: &[Vec<Inline>], row: &[Vec<Inline>]) -> Block {
    let cells = row
        .iter()
        .enumerate()
        .filter(|(_, cell)| !plain(cell).trim().is_empty());
    let items = cells.map(|(column, cell)| {
        let label = head
            .get(column)
            .map(|cell| plain(cell).trim().to_owned())
            .filter(|label| !label.is_empty());
        let mut text = Vec::with_capacity(cell.len() + 2);
        if let Some(label) = label {
            text.push(Inline::Strong(vec![Inline::Text(format!(
                "{}:",
                label.trim_end_matches(':')
            ))]));
            text.push(Inline::Text(" ".to_owned()));
        }
        text.extend(cell.iter().cloned());
        let blocks = vec![markdown::block(BlockKind::Paragraph(text))];
        Item { blocks, line: 0 }
    });
    markdown::block(BlockKind::List {
        ordered: false,
        start: 1,
        items: items.collect(),
    })
}

fn is_meant_term(definition: &Definition, matched: &Match) -> bool {
    is_meant(std::slice::from_ref(&definition.term), matched)
}

fn is_meant(row: &[Vec<Inline>], matched: &Match) -> bool {
    let cells: Vec<String> = row.iter().map(|cell| plain(cell).to_lowercase()).collect();
    let names = |evidence: &&Evidence| matches!(evidence.kind, SignatureKind::Code | SignatureKind::Alert);
    let named: Vec<&Evidence> = matched.evidence.iter().filter(names).collect();
    let holds = |evidence: &Evidence| {
        let signature = evidence.signature.to_lowercase();
        cells.iter().any(|cell| match evidence.kind {
            SignatureKind::Code | SignatureKind::Alert => cell
                .split(|c: char| !(c.is_alphanumeric() || "-_".contains(c)))
                .any(|word| word == signature),
            _ => *cell == signature || is_inside(cell, &signature),
        })
    };
    // A code says which row; only without one the strongest evidence does.
    if named.is_empty() {
        matched.evidence.first().is_some_and(holds)
    } else {
        named.into_iter().any(holds)
    }
}

/// Returns true when a cell holds a signature among other words.
fn is_inside(cell: &str, signature: &str) -> bool {
    let letters = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>();
    let signature = letters(signature);
    signature.len() >= SHORTEST_INSIDE && letters(cell).contains(&signature)
}
