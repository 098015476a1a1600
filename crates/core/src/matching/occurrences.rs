//! Occurrences of one error in a message: the lines that say the same as one by which it was recognised.

use std::cell::LazyCell;
use std::ops::Range;

use super::SignatureKind;
use super::align::Alignment;
use super::capture::{MOST_REPEATS, Place, least_whole};
use super::finding::{Cause, Finding};
use super::index::Index;
use super::token::{self, Shape};
use super::tokenized::{MessageWord, TokenizedMessage};
use crate::expression::{Budget, Dot};

/// Most findings of an error whose lines are looked for again.
const MOST_TRIED: usize = 6;
/// Most lines with the rarest word of a finding that are read.
const MOST_LINES: usize = 60;

/// The places where a message shows an error whose `findings` these are, in the message's order; none when it is there
/// once. An error of several lines begins with the first of its lines that is repeated.
pub(super) fn places(
    index: &Index,
    read: &TokenizedMessage,
    findings: &[&Finding<'_>],
    work: &mut Budget,
) -> Vec<Range<Place>> {
    let found = findings.iter().take(MOST_TRIED);
    let found = found.map(|finding| repeats(index, read, finding, work));
    let repeated = found.filter(|places| places.len() > 1);
    repeated
        .min_by_key(|places| places.first().map(|place| place.start))
        .unwrap_or_default()
}

/// The places of the lines that say the same as the line of a finding, with its own.
fn repeats(index: &Index, read: &TokenizedMessage, finding: &Finding<'_>, work: &mut Budget) -> Vec<Range<Place>> {
    let words = || finding.words.iter().filter_map(|word| read.words.get(*word as usize));
    let own = read.message.lines.get(finding.line as usize);
    // A text of several lines may share some of them with another one.
    let is_line = finding.kind != SignatureKind::Words && words().all(|word| word.line == finding.line);
    let rare = read.rarest(words().filter(|word| !is_value(index, read, finding, word)));
    let Some((own, rare)) = own.zip(rare).filter(|_| is_line) else {
        return Vec::new();
    };
    let said = LazyCell::new(|| said(&own.text));
    let mut laid = Alignment::default();
    let mut places = Vec::new();
    let with_rare = read.message.lines.iter().enumerate().filter_map(|(number, line)| {
        let at = line.text.find(rare)?;
        Some((number, line, at..at + rare.len()))
    });
    for (number, line, at) in with_rare.take(MOST_LINES) {
        let place = if number == finding.line as usize {
            let start = words().map(|word| word.place.start).min();
            let end = words().map(|word| word.place.end).max();
            start.zip(end).map(|(start, end)| start..end)
        } else if !said.is_empty() && self::said(&line.text) == *said {
            Some(at)
        } else {
            again(index, &line.text, finding, &mut laid, work)
        };
        places.extend(place.map(|place| (number, place.start)..(number, place.end)));
        if places.len() > MOST_REPEATS {
            break;
        }
    }
    places
}

/// Returns true for a word of a finding that another line may have another one for: an example in a signature, or a part of
/// a named group.
fn is_value(index: &Index, read: &TokenizedMessage, finding: &Finding<'_>, word: &MessageWord) -> bool {
    if let Cause::Signature(number) = &finding.of {
        let signature = index.signatures.get(*number);
        return signature.is_some_and(|signature| {
            let mut words = signature.words.iter().enumerate();
            words.any(|(at, id)| Some(*id) == word.id && signature.is_sample(at))
        });
    }
    let line = read.message.lines.get(word.line as usize);
    let written = line.and_then(|line| line.text.get(word.place.start..word.place.end));
    written.is_some_and(|written| finding.groups.iter().any(|(_, value)| value.contains(written)))
}

/// The bytes of a line by which it is recognised as a finding is.
fn again(
    index: &Index,
    line: &str,
    finding: &Finding<'_>,
    laid: &mut Alignment,
    work: &mut Budget,
) -> Option<Range<usize>> {
    match &finding.of {
        Cause::Signature(number) => {
            let signature = index.signatures.get(*number)?;
            let alone = TokenizedMessage::new(&index.vocabulary, line);
            alone.align(&index.vocabulary, &signature, laid);
            if laid.whole(&signature) < least_whole(&signature) {
                return None;
            }
            let word = |pair: &(u32, u32)| alone.words.get(pair.0 as usize).map(|word| word.place);
            let (first, last) = (laid.pairs.first().and_then(word)?, laid.pairs.last().and_then(word)?);
            Some(first.start..last.end)
        }
        Cause::Name(pattern) if finding.kind == SignatureKind::Pattern => {
            index.programs.get(pattern, Dot::Line, work)?.find(line, work)
        }
        // A line that mentions a code says something else about it.
        Cause::Name(_) => None,
    }
}

/// The words of a line that are no values, in its order.
fn said(line: &str) -> Vec<String> {
    let mut said = Vec::new();
    token::words(line, |word, _, shape| {
        if !matches!(shape, Shape::Value | Shape::Number) {
            said.push(word.to_owned());
        }
    });
    said
}
