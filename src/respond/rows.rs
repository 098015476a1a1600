//! A table of a hundred errors is answered with the rows that were recognised.

use crate::matching::{Evidence, Match, SignatureKind};
use crate::runbook::{Block, BlockKind, Inline, plain};

/// Tables up to this many rows are read at a glance.
const FEW: usize = 2;

/// Keeps, in every table, the rows that the evidence points to; a table that it does not point to stays whole.
pub(super) fn narrow(blocks: &mut [Block], matched: &Match) {
    for block in blocks {
        match &mut block.kind {
            BlockKind::Table { rows, .. } if rows.len() > FEW => {
                let fits: Vec<bool> = rows.iter().map(|row| is_meant(row, matched)).collect();
                if fits.contains(&true) {
                    let mut fits = fits.into_iter();
                    rows.retain(|_| fits.next().unwrap_or(true));
                }
            }
            BlockKind::Quote(inner) => narrow(inner, matched),
            BlockKind::List { items, .. } => items.iter_mut().for_each(|item| narrow(&mut item.blocks, matched)),
            _ => {}
        }
    }
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
            _ => *cell == signature,
        })
    };
    // A code says which row; only without one the strongest evidence does.
    if named.is_empty() {
        matched.evidence.first().is_some_and(holds)
    } else {
        named.into_iter().any(holds)
    }
}
