//! The strongest signatures of a candidate and the message, laid along each other: what of either the other lacks.

use std::collections::HashSet;
use std::ops::Range;

use super::align::{self, Alignment};
use super::finding::{Cause, Finding};
use super::index::Index;
use super::score::Candidate;
use super::sentence::is_border;
use super::signature::Signature;
use super::tokenized::TokenizedMessage;

/// Words of a message whose lines are compared with the evidence.
const MOST_READ: usize = 1_500;
/// Most words before the first match that are compared.
const MOST_BEFORE: usize = 6;

/// The signatures of some findings, laid along the message.
pub(super) struct Overlap {
    /// The ranges of the message's words that stand where one of them has a value.
    pub(super) values: Vec<Range<u32>>,
    /// Share of the first of them that the message holds, 1 without any.
    pub(super) found: f32,
    /// Bits of the first in whose place the message has other words.
    pub(super) replaced: f32,
    /// Bits of the first that the message lacks, and of these, those behind the last word that matches.
    pub(super) missing: f32,
    pub(super) missing_after: f32,
}

impl Overlap {
    /// Lays the signatures of findings, the strongest first, along a message.
    pub(super) fn new(index: &Index, read: &TokenizedMessage, findings: &[Finding<'_>]) -> Overlap {
        let mut overlap = Overlap {
            values: Vec::new(),
            found: 1.0,
            replaced: 0.0,
            missing: 0.0,
            missing_after: 0.0,
        };
        let (mut laid, mut one, mut first) = (Alignment::default(), Vec::new(), true);
        for finding in findings {
            let Cause::Signature(number) = finding.of else { continue };
            let Some(signature) = index.signatures.get(number) else {
                continue;
            };
            read.align(&index.vocabulary, &signature, &mut laid);
            if std::mem::take(&mut first) {
                overlap.found = laid.whole(&signature).min(1.0);
                overlap.replaced = read.contradicted(&index.vocabulary, &laid, &signature)
                    + replaced_before(index, read, &laid, &signature);
                overlap.missing = (signature.total + laid.samples - laid.matched).max(0.0);
                let from = laid.pairs.last().map_or(0, |pair| pair.1 + 1);
                overlap.missing_after = bits(index, &signature, from..signature.words.len() as u32);
            }
            read.span(&laid, &signature, &mut one);
            if let (Some(first), Some(last)) = (laid.pairs.first(), laid.pairs.last()) {
                for value in &mut one {
                    if value.start > last.0 {
                        end_value(read, value);
                    } else if value.end <= first.0 {
                        begin_value(read, value);
                    }
                }
            }
            overlap.values.append(&mut one);
        }
        overlap
    }

    /// Share of the bits of the lines that read like errors which the evidence explains, 1 without such a line. Words
    /// that stand where a signature has a value are explained.
    pub(super) fn errors_explained(&self, read: &TokenizedMessage, candidate: &Candidate<'_>) -> f32 {
        let words = candidate.findings.iter().flat_map(|finding| &finding.words);
        let told: HashSet<u32> = words.copied().collect();
        let (mut all, mut explained) = (0.0, 0.0);
        let mut last = (u32::MAX, false);
        for (word, at) in read.words.iter().zip(0_u32..).take(MOST_READ) {
            if word.line != last.0 {
                last = (word.line, is_error(read, word.line));
            }
            if last.1 {
                all += word.weight;
                if told.contains(&at) || self.values.iter().any(|range| range.contains(&at)) {
                    explained += word.weight;
                }
            }
        }
        if all > 0.0 { explained / all } else { 1.0 }
    }
}

/// Returns true for a line with words of errors, or a denial.
pub(super) fn is_error(read: &TokenizedMessage, line: u32) -> bool {
    let form = read.forms().get(line as usize);
    form.is_some_and(|form| form.errors + form.negations > 0)
}

/// Bits of a range of a signature's words, without values.
fn bits(index: &Index, signature: &Signature<'_>, words: Range<u32>) -> f32 {
    let ids = words.filter(|at| !align::is_value(signature, *at as usize));
    let known = ids.filter_map(|at| signature.words.get(at as usize));
    known.map(|id| index.vocabulary.weight(*id)).sum()
}

/// Bits of the signature's words before the first match in whose place the line has others: `NHC006 …` for `NHC007 …`.
fn replaced_before(index: &Index, read: &TokenizedMessage, laid: &Alignment, signature: &Signature<'_>) -> f32 {
    let Some((at, of)) = laid.pairs.first().copied() else {
        return 0.0;
    };
    let line = read.words.get(at as usize).map(|word| word.line);
    let before = read.words.get(..at as usize).unwrap_or_default().iter().rev();
    let said = before
        .take_while(|word| Some(word.line) == line)
        .take(MOST_BEFORE.min(of as usize));
    bits(index, signature, of.saturating_sub(MOST_BEFORE as u32)..of).min(said.map(|word| word.weight).sum())
}

/// Ends a value behind a signature's last word where the line's part ends: in `volume "a": no space left`, the value of
/// `volume <name>` is the name alone, and what follows is the cause.
fn end_value(read: &TokenizedMessage, value: &mut Range<u32>) {
    if let Some(last) = (value.start..value.end).find(|at| ends_part(read, *at)) {
        value.end = value.end.min(last + 1);
    }
}

/// Moves the start of a value before a signature's first word to the start of its part of the line: in
/// `mount of "a" failed: exit status 32`, the value of `<time> exit status 32` has nothing of the first part.
fn begin_value(read: &TokenizedMessage, value: &mut Range<u32>) {
    if let Some(last) = (value.start..value.end).rev().find(|at| ends_part(read, *at)) {
        value.start = value.start.max(last + 1);
    }
}

/// Returns true for a word after which a part of its line ends.
fn ends_part(read: &TokenizedMessage, at: u32) -> bool {
    let place = |at: u32| {
        let word = read.words.get(at as usize)?;
        Some((word.line as usize, word.place))
    };
    let (Some((line, word)), Some((_, next))) = (place(at), place(at + 1)) else {
        return true;
    };
    let text = read.message.lines.get(line).map_or("", |line| line.text.as_str());
    text.get(word.end..next.start).is_some_and(is_border)
}
