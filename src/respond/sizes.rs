//! Sizes of blocks in a message, and blocks cut to a size.

use super::plain_blocks;
use crate::runbook::{Block, BlockKind, Definition, Inline, Item, Step, join_sentences, plain, split_sentences};

/// Characters that an escaped `&`, `<` or `>` has at most.
const ESCAPED: usize = 5;

/// The characters of a block, with what its escapes add.
pub(super) fn block_size(block: &Block) -> usize {
    size_of_text(&plain_blocks(std::slice::from_ref(block)))
}

/// The characters of a step with those nested in it, with what their escapes add.
pub(super) fn step_size(step: &Step) -> usize {
    let own: usize = step.blocks.iter().map(block_size).sum();
    own + step.steps.iter().map(step_size).sum::<usize>()
}

fn size_of_text(text: &str) -> usize {
    let sizes = text
        .chars()
        .map(|c| if matches!(c, '&' | '<' | '>') { ESCAPED } else { 1 });
    sizes.sum()
}

/// Blocks of which none is larger than `most` characters, as far as they can be cut: lists between items, tables between
/// rows, code between lines, text between sentences.
pub(super) fn cut(blocks: Vec<Block>, most: usize) -> Vec<Block> {
    blocks.into_iter().flat_map(|block| cut_one(block, most)).collect()
}

fn cut_one(whole: Block, most: usize) -> Vec<Block> {
    if block_size(&whole) <= most {
        return vec![whole];
    }
    // A single item with code in it, for example: its blocks follow each other.
    if let BlockKind::List { items, .. } = &whole.kind
        && let [only] = items.as_slice()
        && only.blocks.len() > 1
    {
        return cut(only.blocks.clone(), most);
    }
    // So do a single term and its text.
    if let BlockKind::Definitions(definitions) = &whole.kind
        && let [only] = definitions.as_slice()
    {
        let term = Block {
            kind: BlockKind::Paragraph(vec![Inline::Strong(only.term.clone())]),
            ..whole.clone()
        };
        let details = only.details.iter().flatten().cloned();
        return cut(std::iter::once(term).chain(details).collect(), most);
    }
    let is_parted = |kinds: &Vec<BlockKind>| kinds.len() > 1;
    let kinds = parted(&whole.kind, most);
    let Some(kinds) = Some(kinds).filter(is_parted) else {
        return vec![whole];
    };
    let block = |kind| Block {
        kind,
        role: whole.role,
        line: whole.line,
        attrs: whole.attrs.clone(),
    };
    // A group of one item may still be too large.
    let parts = kinds.into_iter().map(block);
    parts.flat_map(|part| cut_one(part, most)).collect()
}

/// The content of a block in parts.
fn parted(kind: &BlockKind, most: usize) -> Vec<BlockKind> {
    match kind {
        BlockKind::List { ordered, start, items } => {
            let size = |item: &Item| item.blocks.iter().map(block_size).sum();
            let mut next = *start;
            let list = |items: Vec<Item>| {
                let start = next;
                next = next.saturating_add(items.len() as u64);
                BlockKind::List {
                    ordered: *ordered,
                    start,
                    items,
                }
            };
            groups(items.clone(), most, size).into_iter().map(list).collect()
        }
        BlockKind::Table { head, rows } => {
            let cells = |row: &[Vec<Inline>]| row.iter().map(|cell| size_of_text(&plain(cell)) + 2).sum::<usize>();
            let names = cells(head);
            let size = |row: &Vec<Vec<Inline>>| cells(row) + names;
            let table = |rows| BlockKind::Table {
                head: head.clone(),
                rows,
            };
            groups(rows.clone(), most, size).into_iter().map(table).collect()
        }
        BlockKind::Definitions(definitions) => {
            let size =
                |one: &Definition| plain(&one.term).len() + one.details.iter().flatten().map(block_size).sum::<usize>();
            let groups = groups(definitions.clone(), most, size).into_iter();
            groups.map(BlockKind::Definitions).collect()
        }
        BlockKind::Code { lang, text } => {
            let lines = text.lines().flat_map(|line| lines_of(line, most)).collect();
            let code = |lines: Vec<String>| BlockKind::Code {
                lang: lang.clone(),
                text: lines.join("\n"),
            };
            let groups = groups(lines, most, |line: &String| size_of_text(line) + 1);
            groups.into_iter().map(code).collect()
        }
        BlockKind::Paragraph(inlines) => {
            let size = |sentence: &Vec<Inline>| size_of_text(&plain(sentence));
            let groups = groups(split_sentences(inlines), most, size).into_iter();
            groups
                .map(|sentences| BlockKind::Paragraph(join_sentences(&sentences)))
                .collect()
        }
        BlockKind::Quote(inner) => {
            let groups = groups(inner.clone(), most, block_size).into_iter();
            groups.map(BlockKind::Quote).collect()
        }
        BlockKind::Heading(_) | BlockKind::Rule | BlockKind::Buttons(_) => Vec::new(),
    }
}

/// A line in parts that fit: of an endless one a message shows only the beginning.
fn lines_of(line: &str, most: usize) -> Vec<String> {
    if size_of_text(line) <= most {
        return vec![line.to_owned()];
    }
    let mut out = vec![String::new()];
    let mut size = 0;
    for word in line.split_inclusive([' ', ',', ';']) {
        for part in word.chars().collect::<Vec<char>>().chunks((most / ESCAPED).max(1)) {
            let part: String = part.iter().collect();
            size += size_of_text(&part);
            if let Some(last) = out.last_mut().filter(|_| size <= most) {
                last.push_str(&part);
            } else {
                size = size_of_text(&part);
                out.push(part);
            }
        }
    }
    out
}

/// Parts in groups of at most `most` characters together; a larger part is a group of its own.
fn groups<T>(parts: Vec<T>, most: usize, size: impl Fn(&T) -> usize) -> Vec<Vec<T>> {
    let mut out: Vec<Vec<T>> = Vec::new();
    let mut sum = 0;
    for part in parts {
        let own = size(&part);
        if let Some(group) = out.last_mut().filter(|_| sum + own <= most) {
            group.push(part);
            sum += own;
        } else {
            out.push(vec![part]);
            sum = own;
        }
    }
    out
}
