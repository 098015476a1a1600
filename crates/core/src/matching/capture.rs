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
pub(super) const MOST_REPEATS: usize = 20;
/// A hair's breadth, for sums in another order.
const HAIR: f32 = 0.001;

/// A place in a message: a line, from 0, and a byte of it.
pub(super) type Place = (usize, usize);

/// A value that stands where the runbook has a placeholder.
#[derive(Debug, Clone)]
pub(super) struct CapturedValue {
    /// The placeholder in lower snake case.
    pub(super) name: String,
    pub(super) value: String,
    pub(super) place: Place,
}

/// The values of placeholders from every signature of the runbook that the message holds: also from those that tell too
/// little to recognise anything, such as `Incident ID: <ID>`.
pub(super) fn values(index: &Index, read: &TokenizedMessage, runbook: usize) -> Vec<CapturedValue> {
    let mut values = Vec::new();
    let mut laid = Alignment::default();
    for signature in index.signatures.of(runbook).filter(can_capture) {
        let least = least_whole(&signature);
        // Most are not there at all.
        if read.most_whole(&index.vocabulary, &signature) < least - HAIR {
            continue;
        }
        read.align(&index.vocabulary, &signature, &mut laid);
        if laid.whole(&signature) < least {
            continue;
        }
        take(read, &laid, &signature, 0, &mut values);
        if signature.total >= NAME_BITS {
            repeated(index, read, &signature, &mut laid, &mut values);
        }
    }
    values
}

/// The values of the named groups of the expressions that matched.
pub(super) fn groups<'f, 't: 'f>(findings: impl Iterator<Item = &'f Finding<'t>>) -> Vec<CapturedValue> {
    let named = |finding: &'f Finding<'t>| group_values(&finding.groups, finding.line as usize);
    findings.flat_map(named).collect()
}

/// The values of the named groups that an expression found on a line, in the order of the groups.
pub(super) fn group_values(groups: &[(String, String)], line: usize) -> Vec<CapturedValue> {
    let value = |(at, (name, value)): (usize, &(String, String))| CapturedValue {
        name: placeholder::snake(name),
        value: value.clone(),
        place: (line, at),
    };
    groups.iter().enumerate().map(value).collect()
}

/// Lists values by name, each once.
pub(super) fn by_name(values: &[CapturedValue]) -> BTreeMap<String, Vec<String>> {
    let mut captures: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for captured in values {
        let known = captures.entry(captured.name.clone()).or_default();
        if !known.contains(&captured.value) {
            known.push(captured.value.clone());
        }
    }
    captures
}

/// Share of a signature that has to be there before its gaps are believed, 0 to 1.
pub(super) fn least_whole(signature: &Signature<'_>) -> f32 {
    if signature.total < LITTLE { 0.99 } else { LEAST_WHOLE }
}

/// Adds the values of the gaps of a signature that is laid along a message, which begins at the line `from` of the whole.
fn take(
    read: &TokenizedMessage,
    laid: &Alignment,
    signature: &Signature<'_>,
    from: usize,
    values: &mut Vec<CapturedValue>,
) {
    for (gap, name) in signature.gaps {
        let Some((value, label, (line, at))) = value(read, &laid.pairs, signature.words, *gap) else {
            continue;
        };
        let mut add = |name: &str| {
            values.push(CapturedValue {
                name: name.to_owned(),
                value: value.clone(),
                place: (from + line, at),
            });
        };
        add(name);
        // `Incident ID: <ID>` is an id, and the incident id: links and other runbooks may call it so.
        if let Some(label) = label.filter(|label| *label != **name) {
            add(&label);
        }
    }
}

/// Adds the values of the other lines that say the same as the one where a signature was found: the same error of another
/// node. Their words are not among those of the message, in which a line that repeats another one adds nothing.
fn repeated(
    index: &Index,
    read: &TokenizedMessage,
    signature: &Signature<'_>,
    laid: &mut Alignment,
    values: &mut Vec<CapturedValue>,
) {
    let lines = &read.message.lines;
    let words = || laid.pairs.iter().filter_map(|(word, _)| read.words.get(*word as usize));
    // A host that the runbook shows as an example is no word that the other lines have.
    let marked = laid.pairs.iter().filter(|(_, of)| !signature.is_sample(*of as usize));
    let marked = marked.filter_map(|(word, _)| read.words.get(*word as usize));
    let Some(first) = words().next().map(|word| word.line) else {
        return;
    };
    // A text of several lines may share some of them with another one.
    let Some(rare) = read.rarest(marked).filter(|_| words().all(|word| word.line == first)) else {
        return;
    };
    let others = lines
        .iter()
        .enumerate()
        .filter(|(at, line)| *at != first as usize && line.text.contains(rare));
    for (at, line) in others.take(MOST_REPEATS) {
        let alone = TokenizedMessage::new(&index.vocabulary, &line.text);
        alone.align(&index.vocabulary, signature, laid);
        if laid.whole(signature) >= least_whole(signature) {
            take(&alone, laid, signature, at, values);
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

/// The text between the words on both sides of a gap, the label before it, and its place. At the end of a signature: up to the
/// end of the value, or of the line when the value is a message.
fn value(
    read: &TokenizedMessage,
    pairs: &[(u32, u32)],
    words: &[u32],
    gap: u32,
) -> Option<(String, Option<String>, Place)> {
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
    (!value.is_empty() && value.len() <= LONGEST).then_some((value, label, (line as usize, start)))
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
