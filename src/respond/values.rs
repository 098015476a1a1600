//! Values for the templates: small values, and marks for large pieces.

use minijinja::{Value, context};

use super::links;
use super::markdown::block;
use super::text::plain;
use crate::runbook::{Block, BlockKind, Inline, Item, LibrarySource, Runbook, Target};

/// Most characters of a cause; anything longer no longer reads as a sentence.
const LONGEST_CAUSE: usize = 420;

/// Most characters of a list that is shown below a cause.
const LONGEST_LIST: usize = 700;

/// Characters that every item of a list below a cause may have.
const LEAST_ITEM: usize = 80;

/// Most items of a list that is shortened.
const MOST_ITEMS: usize = 10;

/// Resolves every link of the blocks to an address that may be shown; other links become plain text.
pub(super) fn resolve(blocks: &mut [Block], runbook: &Runbook, base_url: Option<&str>) {
    for block in blocks {
        match &mut block.kind {
            BlockKind::Heading(inlines) | BlockKind::Paragraph(inlines) => resolve_inlines(inlines, runbook, base_url),
            BlockKind::List { items, .. } => {
                for item in items {
                    resolve(&mut item.blocks, runbook, base_url);
                }
            }
            BlockKind::Table { head, rows } => {
                for cell in head.iter_mut().chain(rows.iter_mut().flatten()) {
                    resolve_inlines(cell, runbook, base_url);
                }
            }
            BlockKind::Quote(inner) => resolve(inner, runbook, base_url),
            BlockKind::Definitions(definitions) => {
                for definition in definitions {
                    resolve_inlines(&mut definition.term, runbook, base_url);
                    for details in &mut definition.details {
                        resolve(details, runbook, base_url);
                    }
                }
            }
            BlockKind::Code { .. } | BlockKind::Rule | BlockKind::Buttons(_) => {}
        }
    }
}

fn resolve_inlines(inlines: &mut Vec<Inline>, runbook: &Runbook, base_url: Option<&str>) {
    let mut out = Vec::with_capacity(inlines.len());
    for inline in std::mem::take(inlines) {
        match inline {
            Inline::Link { target, mut label } => {
                resolve_inlines(&mut label, runbook, base_url);
                match links::resolve(&target, runbook, base_url) {
                    Some(url) => out.push(Inline::Link {
                        target: Target::Url(url),
                        label,
                    }),
                    None if label.is_empty() => out.push(Inline::Text(written(&target))),
                    None => {
                        let path = shown_path(&target, &label);
                        out.extend(label);
                        out.extend(path);
                    }
                }
            }
            Inline::Image { alt, url } => {
                let target = if url.contains(':') {
                    Target::Url(url)
                } else {
                    Target::Relative(url)
                };
                match links::resolve(&target, runbook, base_url) {
                    Some(url) => out.push(Inline::Image { alt, url }),
                    None => out.push(Inline::Text(alt)),
                }
            }
            Inline::Strong(mut inner) => {
                resolve_inlines(&mut inner, runbook, base_url);
                out.push(Inline::Strong(inner));
            }
            Inline::Emphasis(mut inner) => {
                resolve_inlines(&mut inner, runbook, base_url);
                out.push(Inline::Emphasis(inner));
            }
            Inline::Strike(mut inner) => {
                resolve_inlines(&mut inner, runbook, base_url);
                out.push(Inline::Strike(inner));
            }
            Inline::Text(_) | Inline::Code(_) | Inline::Break | Inline::Time(_) => out.push(inline),
        }
    }
    *inlines = out;
}

/// The path of a link that leads nowhere from here, so that people can look for it.
fn shown_path(target: &Target, label: &[Inline]) -> Vec<Inline> {
    match target {
        Target::Relative(path)
            if plain(label).trim() != path.trim() && !path.starts_with('#') && !path.contains(':') =>
        {
            vec![
                Inline::Text(" (".to_owned()),
                Inline::Code(path.clone()),
                Inline::Text(")".to_owned()),
            ]
        }
        _ => Vec::new(),
    }
}

fn written(target: &Target) -> String {
    match target {
        Target::Url(url) | Target::Relative(url) => url.clone(),
        Target::Section(_) => String::new(),
    }
}

/// Returns the cause in a sentence or two, with the list of reasons that belongs to it.
pub(super) fn cause(blocks: &[Block]) -> Vec<Block> {
    let Some((at, text)) = blocks
        .iter()
        .enumerate()
        .find_map(|(at, block)| Some((at, text_of(block)?)))
    else {
        return blocks.iter().find_map(short_list).into_iter().collect();
    };
    let mut out = vec![block(BlockKind::Paragraph(first_sentences(text, LONGEST_CAUSE)))];
    let next = blocks.get(at + 1);
    if let Some(list) = next.filter(|_| announces(text)).and_then(short_list) {
        if plain(text).chars().count() <= LONGEST_CAUSE {
            out = vec![block(BlockKind::Paragraph(text.to_vec()))];
        }
        out.push(list);
    } else if let Some(lead) = next.and_then(text_of).filter(|lead| announces(lead))
        && let Some(list) = blocks.get(at + 2).and_then(short_list)
    {
        out.push(block(BlockKind::Paragraph(first_sentences(lead, LONGEST_CAUSE))));
        out.push(list);
    }
    out
}

/// The text of a paragraph that holds a word.
fn text_of(block: &Block) -> Option<&[Inline]> {
    match &block.kind {
        BlockKind::Paragraph(text) if !plain(text).trim().is_empty() => Some(text),
        _ => None,
    }
}

/// Returns true for text that leads up to a list of reasons: "There are several reasons.", "One of these:".
fn announces(text: &[Inline]) -> bool {
    let text = plain(text).trim_end().to_lowercase();
    let last = text.rsplit(". ").next().unwrap_or_default();
    let words = ["reason", "cause", "following", "one of", "either"];
    last.ends_with(':') || words.iter().any(|word| last.contains(word))
}

/// A list that can stand below a cause: a long one with the beginning of each item.
fn short_list(list: &Block) -> Option<Block> {
    let BlockKind::List { ordered, start, items } = &list.kind else {
        return None;
    };
    if super::plain_blocks(std::slice::from_ref(list)).chars().count() <= LONGEST_LIST {
        return Some(list.clone());
    }
    let most = (LONGEST_LIST / items.len().max(1)).max(LEAST_ITEM);
    let first = |item: &Item| {
        let text = item.blocks.iter().find_map(text_of)?;
        Some(Item {
            blocks: vec![block(BlockKind::Paragraph(first_sentences(text, most)))],
            line: item.line,
        })
    };
    let items: Vec<Item> = items.iter().filter_map(first).take(MOST_ITEMS).collect();
    let (ordered, start) = (*ordered, *start);
    (!items.is_empty()).then(|| block(BlockKind::List { ordered, start, items }))
}

/// Returns the first sentence, and as many more as fit within `most` characters. A single longer sentence stays whole.
pub(super) fn first_sentences(inlines: &[Inline], most: usize) -> Vec<Inline> {
    let mut out: Vec<Inline> = Vec::new();
    let mut best: Option<Vec<Inline>> = None;
    let mut size = 0;
    for (at, inline) in inlines.iter().enumerate() {
        let Inline::Text(text) = inline else {
            size += plain(std::slice::from_ref(inline)).chars().count();
            out.push(inline.clone());
            continue;
        };
        for end in sentence_ends(text, at + 1 == inlines.len()) {
            let head = text.get(..end).unwrap_or(text);
            if size + head.chars().count() > most && best.is_some() {
                return best.unwrap_or_default();
            }
            let mut sentence = out.clone();
            sentence.push(Inline::Text(head.trim_end().to_owned()));
            best = Some(sentence);
            if size + head.chars().count() > most {
                return best.unwrap_or_default();
            }
        }
        size += text.chars().count();
        out.push(inline.clone());
    }
    if size <= most { out } else { best.unwrap_or(out) }
}

/// Byte offsets of sentence ends in a text: a full stop, exclamation or question mark followed by whitespace and no
/// small letter, or at the end.
fn sentence_ends(text: &str, is_last: bool) -> Vec<usize> {
    let mut ends = Vec::new();
    for (at, c) in text.char_indices() {
        if !matches!(c, '.' | '!' | '?') {
            continue;
        }
        let end = at + c.len_utf8();
        let rest = text.get(end..).unwrap_or_default();
        let before = text.get(..at).unwrap_or_default();
        let abbreviation = ["e.g", "i.e", "etc", "vs", "Dr", "approx"]
            .iter()
            .any(|word| before.ends_with(word));
        let starts_new = rest.starts_with(char::is_whitespace)
            && rest
                .trim_start()
                .chars()
                .next()
                .is_some_and(|next| !next.is_lowercase());
        if !abbreviation && (starts_new || (is_last && rest.trim().is_empty())) {
            ends.push(end);
        }
    }
    ends
}

/// Returns true for characters that change the direction of the text around them, so that it no longer reads as
/// written.
pub(super) fn turns(c: char) -> bool {
    matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// Shortens a line of evidence to `most` characters; an ellipsis marks a cut.
pub(super) fn shortened(line: &str, most: usize) -> String {
    let line = line.trim();
    let kept = line.chars().filter(|c| !turns(*c));
    if kept.clone().count() <= most {
        return kept.collect();
    }
    let mut out: String = kept.take(most.saturating_sub(1)).collect();
    out.push('…');
    out
}

/// The name of a kind, as templates compare it: `alert`, `pager`, `jenkins`.
pub(super) fn kind(kind: &impl serde::Serialize) -> String {
    match serde_json::to_value(kind) {
        Ok(serde_json::Value::String(name)) => name,
        _ => String::new(),
    }
}

/// Template values of the place that a runbook comes from: of its page in a wiki, or of its source, where that has
/// versions. The time is absolute: a message stays while the source grows older.
pub(super) fn source(runbook: &Runbook, source: Option<&LibrarySource>) -> Option<Value> {
    if let Some(origin) = &runbook.front.origin {
        let at = origin.changed.strftime("%-d %b %Y").to_string();
        return Some(context! { place => origin.place.clone(), at });
    }
    let source = source?;
    let version = source.version.as_ref()?;
    let at = version.at.strftime("%-d %b %Y, %H:%M UTC").to_string();
    Some(context! { id => source.id.clone(), place => (), commit => version.short().to_owned(), at })
}
