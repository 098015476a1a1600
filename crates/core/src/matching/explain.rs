//! Why a message was answered as it was: the evidence of every candidate with its weight, and what was missing.

use std::collections::HashSet;

use super::align::Alignment;
use super::confidence;
use super::finding::{Cause, Finding};
use super::index::Index;
use super::rule::RuleVerdict;
use super::score::{self, Candidate};
use super::tokenized::TokenizedMessage;
use super::vocabulary::WordId;
use super::{Account, Explanation, MatchReason, token};

/// Missing words that are told.
const MOST_MISSING: usize = 6;
/// Words that tell less are not missed.
const LEAST_MISSED: f32 = 1.5;

pub(super) fn explain(index: &Index, read: &TokenizedMessage, candidates: &[Candidate<'_>]) -> Explanation {
    let account = |candidate: &Candidate<'_>| {
        let added = score::counted(read, candidate.findings.iter());
        Account {
            topic: candidate.topic,
            confidence: candidate.confidence,
            rank: candidate.rank,
            bits: candidate.bits,
            needed: score::needed(index, candidate),
            words: candidate.lexical,
            completeness: score::completeness(index, candidate.runbook),
            rule: match candidate.verdict {
                RuleVerdict::Partly(part) => Some(part),
                RuleVerdict::Silent | RuleVerdict::Excluded => None,
            },
            other_product: candidate.other_product,
            reasons: candidate
                .findings
                .iter()
                .zip(added)
                .map(|(finding, added)| reason(index, read, finding, added))
                .collect(),
            features: candidate.features.as_ref().map(confidence::weights).unwrap_or_default(),
            silence: candidate.silence,
        }
    };
    Explanation {
        threshold: index.options.answer,
        candidates: candidates.iter().map(account).collect(),
    }
}

fn reason(index: &Index, read: &TokenizedMessage, finding: &Finding<'_>, added: f32) -> MatchReason {
    MatchReason {
        evidence: finding.evidence(index, read),
        bits: finding.strength,
        added,
        cover: finding.cover,
        missing: missing(index, read, finding),
    }
}

/// The telling words of the signature that the alignment did not find, as its author wrote them.
fn missing(index: &Index, read: &TokenizedMessage, finding: &Finding<'_>) -> Vec<String> {
    let Cause::Signature(number) = finding.of else {
        return Vec::new();
    };
    let Some(signature) = index.signatures.get(number) else {
        return Vec::new();
    };
    let mut laid = Alignment::default();
    read.align(&index.vocabulary, &signature, &mut laid);
    let there: HashSet<u32> = laid.pairs.iter().map(|(_, of)| *of).collect();
    let lost = |(of, id): (usize, &WordId)| (!there.contains(&(of as u32)) && !signature.is_sample(of)).then_some(*id);
    let lost: HashSet<WordId> = signature.words.iter().enumerate().filter_map(lost).collect();
    let mut words: Vec<(f32, String)> = Vec::new();
    token::words(signature.text, |word, place, _| {
        let id = index.vocabulary.id(word).filter(|id| lost.contains(id));
        let weight = id.map_or(0.0, |id| index.vocabulary.weight(id));
        let written = signature.text.get(place.start..place.end).unwrap_or(word);
        if weight >= LEAST_MISSED && !words.iter().any(|(_, known)| known == written) {
            words.push((weight, written.to_owned()));
        }
    });
    words.sort_by(|a, b| b.0.total_cmp(&a.0));
    words.truncate(MOST_MISSING);
    words.into_iter().map(|(_, word)| word).collect()
}
