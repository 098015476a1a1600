//! The values that stand in a message where its runbook has placeholders.

use std::collections::BTreeMap;

use super::align::Alignment;
use super::finding::{Finding, NAME_BITS};
use super::index::Index;
use super::lines::label_before;
use super::signature::{Signature, SignatureSource};
use super::tokenized::TokenizedMessage;
use super::vocabulary::GAP;
use crate::runbook::placeholder;

/// A value longer than this is no value but the rest of a log.
const LONGEST: usize = 200;
/// So much of a signature must be there before its gaps are believed; all of it when it tells little.
const LEAST_WHOLE: f32 = 0.6;
const LITTLE: f32 = 9.0;
/// Most lines that say the same whose values are read.
const MOST_REPEATS: usize = 20;

/// Values by placeholder, from every signature of the runbook that the message holds: also from those that tell too
/// little to recognise anything, such as `Incident ID: <ID>`.
pub(super) fn captures<'f, 't: 'f>(
    index: &Index,
    read: &TokenizedMessage,
    runbook: usize,
    findings: impl Iterator<Item = &'f Finding<'t>>,
) -> BTreeMap<String, Vec<String>> {
    let mut captures: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut laid = Alignment::default();
    for signature in index.signatures.of(runbook).filter(can_capture) {
        let least = if signature.total < LITTLE { 0.99 } else { LEAST_WHOLE };
        // Most are not there at all; a hair's breadth for sums in another order.
        if read.most_whole(&index.vocabulary, &signature) < least - 0.001 {
            continue;
        }
        read.align(&index.vocabulary, &signature, &mut laid);
        if laid.whole(&signature) < least {
            continue;
        }
        take(read, &laid, &signature, &mut captures);
        if signature.total >= NAME_BITS {
            repeated(index, read, (&signature, least), &mut laid, &mut captures);
        }
    }
    for (name, value) in findings.flat_map(|finding| &finding.groups) {
        add(&mut captures, &placeholder::snake(name), value);
    }
    captures
}

/// Adds the values of the gaps of a signature that is laid along a message.
fn take(
    read: &TokenizedMessage,
    laid: &Alignment,
    signature: &Signature<'_>,
    captures: &mut BTreeMap<String, Vec<String>>,
) {
    for (gap, name) in signature.gaps {
        let Some((value, label)) = value(read, &laid.pairs, signature.words, *gap) else {
            continue;
        };
        add(captures, name, &value);
        // `Incident ID: <ID>` is an id, and the incident id: links and other runbooks may call it so.
        if let Some(label) = label.filter(|label| *label != **name) {
            add(captures, &label, &value);
        }
    }
}

/// Adds the values of the other lines that say the same as the one where a signature was found: the same error of another
/// node. Their words are not among those of the message, in which a line that repeats another one adds nothing.
fn repeated(
    index: &Index,
    read: &TokenizedMessage,
    (signature, least): (&Signature<'_>, f32),
    laid: &mut Alignment,
    captures: &mut BTreeMap<String, Vec<String>>,
) {
    let lines = &read.message.lines;
    let words = || laid.pairs.iter().filter_map(|(word, _)| read.words.get(*word as usize));
    let Some(first) = words().next().map(|word| word.line) else {
        return;
    };
    let heaviest = words().max_by(|one, other| one.weight.total_cmp(&other.weight));
    let rare = heaviest.and_then(|word| {
        lines
            .get(word.line as usize)?
            .text
            .get(word.place.start..word.place.end)
    });
    // A text of several lines may share some of them with another one.
    let Some(rare) = rare.filter(|_| words().all(|word| word.line == first)) else {
        return;
    };
    let others = lines
        .iter()
        .zip(0..)
        .filter(|(line, at)| *at != first && line.text.contains(rare));
    for (line, _) in others.take(MOST_REPEATS) {
        let alone = TokenizedMessage::new(&index.vocabulary, &line.text);
        alone.align(&index.vocabulary, signature, laid);
        if laid.whole(signature) >= least {
            take(&alone, laid, signature, captures);
        }
    }
}

/// Commands and prose hold placeholders too, but nobody pastes them with values that mean anything.
fn can_capture(signature: &Signature<'_>) -> bool {
    let prose = matches!(
        signature.source,
        SignatureSource::Prose | SignatureSource::Command | SignatureSource::Front
    );
    !prose && !signature.gaps.is_empty()
}

fn add(captures: &mut BTreeMap<String, Vec<String>>, name: &str, value: &str) {
    let values = captures.entry(name.to_owned()).or_default();
    if !values.iter().any(|known| known == value) {
        values.push(value.to_owned());
    }
}

/// The text between the words on both sides of a gap, and the label before it. At the end of a signature: up to the
/// end of the value, or of the line when the value is a message.
fn value(read: &TokenizedMessage, pairs: &[(u32, u32)], words: &[u32], gap: u32) -> Option<(String, Option<String>)> {
    let before = pairs.iter().rev().find(|(_, of)| *of < gap);
    let after = pairs.iter().find(|(_, of)| *of > gap);
    // Only the gap itself may lie between its neighbours, else it is not known which word is whose.
    let alone = |from: u32, to: u32| {
        (from..to).all(|of| of == gap || words.get(of as usize) == Some(&GAP))
            && (from..to).filter(|of| words.get(*of as usize) == Some(&GAP)).count() == 1
    };
    let (line, start, end) = match (before, after) {
        (Some((from, of_from)), Some((to, of_to))) if alone(of_from + 1, *of_to) => {
            let (from, to) = (read.words.get(*from as usize)?, read.words.get(*to as usize)?);
            if from.line != to.line {
                return None;
            }
            (from.line, from.place.end, to.place.start)
        }
        (Some((from, of_from)), None) if alone(of_from + 1, words.len() as u32) => {
            let from = read.words.get(*from as usize)?;
            let text = &read.message.lines.get(from.line as usize)?.text;
            (from.line, from.place.end, text.len())
        }
        (None, Some((to, of_to))) if alone(0, *of_to) => {
            let to = read.words.get(*to as usize)?;
            let text = read.message.lines.get(to.line as usize)?.text.get(..to.place.start)?;
            let start = text.trim_end().rfind(char::is_whitespace).map_or(0, |at| at + 1);
            (to.line, start, to.place.start)
        }
        _ => return None,
    };
    let text = &read.message.lines.get(line as usize)?.text;
    let value = clean(text.get(start..end)?, after.is_none());
    let label = text
        .find(value.as_str())
        .and_then(|_| label_before(text, start + text.get(start..end)?.find(value.as_str())?));
    (!value.is_empty() && value.len() <= LONGEST).then_some((value, label))
}

/// The value without what surrounds it: blanks, quotes, brackets, commas, the full stop of its sentence.
fn clean(raw: &str, open_end: bool) -> String {
    let trimmed = raw.trim().trim_start_matches([':', '=', ',', ';', ' ']);
    let quoted = ['\'', '"', '`', '<', '[', '(']
        .into_iter()
        .find(|open| trimmed.starts_with(*open));
    let inner = match quoted {
        Some(open) => {
            let close = match open {
                '<' => '>',
                '[' => ']',
                '(' => ')',
                other => other,
            };
            let inside = trimmed.get(open.len_utf8()..).unwrap_or_default();
            inside.split(close).next().unwrap_or(inside)
        }
        None if open_end
            && trimmed
                .split_whitespace()
                .next()
                .is_some_and(|first| first.chars().any(|c| c.is_ascii_digit())) =>
        {
            trimmed.split_whitespace().next().unwrap_or(trimmed)
        }
        None => trimmed,
    };
    inner
        .trim_matches(|c: char| c.is_whitespace() || matches!(c, '\'' | '"' | '`' | ',' | ';' | ':' | '.' | '(' | ')'))
        .to_owned()
}
