//! Steps become lists again, with the numbers that the author gave them.

use super::markdown::block;
use crate::runbook::{Block, BlockKind, Inline, Item, Runbook, Step};

/// The steps as blocks: numbered lists, bullets for unnumbered ones, a heading where they come from another section than the one
/// that is `named` above them.
pub(super) fn to_blocks(steps: &[Step], runbook: &Runbook, named: Option<&str>) -> Vec<Block> {
    let mut out = Vec::new();
    let mut under = None;
    let mut headed = false;
    let mut rest = steps;
    while let Some(first) = rest.first() {
        let size = rest.iter().take_while(|step| step.under == first.under).count();
        let (group, after) = rest.split_at(size.max(1));
        rest = after;
        if first.under != under {
            under = first.under;
            let section = under.and_then(|index| runbook.sections.get(index));
            let section = section.filter(|section| Some(section.heading.trim().trim_end_matches(':')) != named);
            // "What to do: Resolution" says it twice.
            if let Some(section) = section.filter(|section| headed || !says_no_more(&section.heading)) {
                headed = true;
                out.push(block(BlockKind::Heading(vec![Inline::Text(section.heading.clone())])));
            }
        }
        out.extend(group_blocks(group));
    }
    out
}

fn group_blocks(mut steps: &[Step]) -> Vec<Block> {
    let mut out = Vec::new();
    while let Some(first) = steps.first() {
        let start = last_number(first);
        let size = match start {
            Some(start) => (0u64..)
                .zip(steps)
                .take_while(|(at, step)| last_number(step) == start.checked_add(*at))
                .count(),
            None => steps
                .iter()
                .take_while(|step| last_number(step).is_none() && step.is_text == first.is_text)
                .count(),
        };
        let (run, after) = steps.split_at(size.clamp(1, steps.len()));
        steps = after;
        // What leads up to numbered steps is text, not a list. So is a single step.
        let leads_up = start.is_none() && steps.first().is_some_and(|next| last_number(next).is_some());
        if leads_up || start.is_none() && first.is_text {
            for step in run {
                out.extend(step.blocks.iter().cloned());
                out.extend(group_blocks(&step.steps));
            }
            continue;
        }
        if let ([only], None) = (run, start) {
            out.extend(only.blocks.iter().cloned());
            out.extend(group_blocks(&only.steps));
            continue;
        }
        out.push(Block {
            kind: BlockKind::List {
                ordered: start.is_some(),
                start: start.unwrap_or(1),
                items: run.iter().map(item).collect(),
            },
            ..block(BlockKind::Rule)
        });
    }
    out
}

fn item(step: &Step) -> Item {
    let mut blocks = step.blocks.clone();
    let nested = group_blocks(&step.steps);
    // Sub-steps without numbers stay below their step as a list, even when there is only one.
    match step.steps.as_slice() {
        [only] if last_number(only).is_none() => blocks.push(block(BlockKind::List {
            ordered: false,
            start: 1,
            items: vec![item(only)],
        })),
        _ => blocks.extend(nested),
    }
    Item {
        blocks,
        line: step.line,
    }
}

/// `2.1` is the first of its list.
fn last_number(step: &Step) -> Option<u64> {
    step.number
        .trim_end_matches(['.', ')'])
        .rsplit('.')
        .next()?
        .parse()
        .ok()
}

/// A heading that only says that steps follow.
fn says_no_more(heading: &str) -> bool {
    let heading = heading.trim().trim_end_matches(':').to_lowercase();
    let known = [
        "resolution",
        "mitigation",
        "solution",
        "solutions",
        "steps",
        "detailed steps",
        "action to take",
        "actions to take",
        "actions",
        "what to do",
        "how to fix it",
        "remediation",
        "resolving the problem",
        "resolve",
        "fix",
    ];
    known.contains(&heading.as_str())
}

/// The sections whose steps are shown.
pub(super) fn shown(steps: &[Step]) -> Vec<usize> {
    steps.iter().filter_map(|step| step.under).collect()
}
