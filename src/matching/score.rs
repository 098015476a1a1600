//! Evidence adds up: by runbook, by section, to a confidence.

use std::collections::{BTreeMap, HashSet};

use super::capture;
use super::finding::Finding;
use super::index::Index;
use super::read::{MessageWord, Read};
use super::rule::Verdict;
use super::{Match, Outcome};
use crate::runbook::TopicId;

/// Everything that speaks for one runbook.
struct Candidate<'t> {
    runbook: usize,
    /// The strongest first.
    findings: Vec<Finding<'t>>,
    /// Bits, each word of the message counted once.
    bits: f32,
    /// Words in common (BM25), in bits.
    lexical: f32,
    excluded: bool,
}

/// Findings beyond these add nothing that a person would follow.
const MOST_FINDINGS: usize = 16;
/// Candidates that are looked at closely.
const MOST_CANDIDATES: usize = 24;
/// Candidates that are told.
const MOST_TOLD: usize = 10;
/// Words that tell less are in every runbook.
const LEAST_LEXICAL: f32 = 0.8;
/// Below this a candidate is not even a near miss, unless somebody asked for all that comes near.
const LEAST_NEAR: f32 = 0.1;
/// A runbook that scores this close to the best, on the same words, says the same.
const SAME: f32 = 0.97;

pub(super) fn outcome(index: &Index, read: &Read, findings: Vec<Finding<'_>>, asked: bool) -> Outcome {
    let mut candidates = gather(read, findings);
    lexical(index, read, &mut candidates);
    let share = if asked { 0.5 } else { 0.15 };
    let rank =
        |candidate: &Candidate<'_>| (candidate.bits + share * candidate.lexical) * standing(index, candidate.runbook);
    candidates.sort_by(|a, b| rank(b).total_cmp(&rank(a)).then(a.runbook.cmp(&b.runbook)));
    candidates.truncate(MOST_CANDIDATES);
    for candidate in &mut candidates {
        judge(index, read.text(), candidate);
    }
    candidates.sort_by(|a, b| rank(b).total_cmp(&rank(a)).then(a.runbook.cmp(&b.runbook)));
    candidates.retain(|candidate| !candidate.excluded);
    tell(index, read, &candidates, rank, asked)
}

fn standing(index: &Index, runbook: usize) -> f32 {
    index.runbooks.get(runbook).map_or(1.0, |entry| entry.standing)
}

fn gather<'t>(read: &Read, mut findings: Vec<Finding<'t>>) -> Vec<Candidate<'t>> {
    // Of equals, the first that was found stays first.
    findings.sort_by(|a, b| {
        let runbook = a.topic.runbook.cmp(&b.topic.runbook);
        runbook
            .then(b.strength.total_cmp(&a.strength))
            .then(a.topic.cmp(&b.topic))
    });
    let mut candidates: Vec<Candidate<'t>> = Vec::new();
    for finding in findings {
        match candidates.last_mut() {
            Some(candidate) if candidate.runbook == finding.topic.runbook => {
                if candidate.findings.len() < MOST_FINDINGS {
                    candidate.findings.push(finding);
                }
            }
            _ => candidates.push(Candidate {
                runbook: finding.topic.runbook,
                findings: vec![finding],
                bits: 0.0,
                lexical: 0.0,
                excluded: false,
            }),
        }
    }
    for candidate in &mut candidates {
        candidate.bits = sum(read, candidate.findings.iter());
    }
    candidates
}

/// Adds evidence up, the strongest first; a word that was counted already, here or elsewhere in the message, counts no more.
fn sum<'f>(read: &Read, findings: impl Iterator<Item = &'f Finding<'f>>) -> f32 {
    // A bit for each known word of the message.
    let mut counted = vec![0_u64; read.known.len() / 64 + 1];
    let bit = |word: &MessageWord| (word.slot as usize / 64, 1_u64 << (word.slot % 64));
    let mut total = 0.0;
    for finding in findings {
        let words = || finding.words.iter().filter_map(|at| read.words.get(*at as usize));
        let (mut all, mut new) = (0.0, 0.0);
        for word in words() {
            let weight = word.weight.max(0.1);
            all += weight;
            let (block, mask) = bit(word);
            if word.id.is_none() || counted.get(block).is_some_and(|bits| bits & mask == 0) {
                new += weight;
            }
        }
        total += finding.strength * new / f32::max(all, 0.1);
        for word in words().filter(|word| word.id.is_some()) {
            let (block, mask) = bit(word);
            if let Some(bits) = counted.get_mut(block) {
                *bits |= mask;
            }
        }
    }
    total
}

/// Words in common with whole runbooks, weighed by rarity (BM25 with its usual constants).
fn lexical(index: &Index, read: &Read, candidates: &mut Vec<Candidate<'_>>) {
    const SATURATION: f32 = 1.2;
    const LENGTH: f32 = 0.6;
    let mut scores = vec![0.0_f32; index.runbooks.len()];
    for word in read.known.iter().copied() {
        let weight = index.vocabulary.weight(word);
        if weight < LEAST_LEXICAL {
            continue;
        }
        for (runbook, count) in index.lexicon.runbooks_with(word) {
            let length = index.lexicon.lengths.get(*runbook as usize).copied().unwrap_or(1.0);
            let count = f32::from(*count);
            let part = count * (SATURATION + 1.0) / (count + SATURATION * (1.0 - LENGTH + LENGTH * length));
            if let Some(score) = scores.get_mut(*runbook as usize) {
                *score += weight * part;
            }
        }
    }
    for candidate in candidates.iter_mut() {
        candidate.lexical = scores.get_mut(candidate.runbook).map_or(0.0, std::mem::take);
    }
    let mut rest: Vec<(usize, f32)> = scores
        .into_iter()
        .enumerate()
        .filter(|(_, score)| *score > 0.0)
        .collect();
    let best_first = |a: &(usize, f32), b: &(usize, f32)| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0));
    if rest.len() > MOST_TOLD {
        rest.select_nth_unstable_by(MOST_TOLD, best_first);
        rest.truncate(MOST_TOLD);
    }
    candidates.extend(rest.into_iter().map(|(runbook, lexical)| Candidate {
        runbook,
        findings: Vec::new(),
        bits: 0.0,
        lexical,
        excluded: false,
    }));
}

/// Lets the runbook's own rules confirm or exclude it.
fn judge(index: &Index, text: &str, candidate: &mut Candidate<'_>) {
    let detector = index.runbooks.get(candidate.runbook).map(|entry| &entry.detector);
    match detector.map_or(Verdict::Silent, |detector| detector.judge(text)) {
        Verdict::Silent => {}
        Verdict::Partly(part) => candidate.bits *= 1.0 + 0.35 * part,
        Verdict::Excluded => candidate.excluded = true,
    }
}

/// From bits to a confidence between 0 and 1.
fn confidence(index: &Index, candidate: &Candidate<'_>) -> f32 {
    let best = candidate.findings.first().map_or(0.0, |finding| finding.cover);
    let bits = candidate.bits * standing(index, candidate.runbook);
    let x = (bits - 15.0) / 4.0 + (best - 0.6) * 1.5;
    1.0 / (1.0 + (-x).exp())
}

fn tell(
    index: &Index,
    read: &Read,
    candidates: &[Candidate<'_>],
    rank: impl Fn(&Candidate<'_>) -> f32,
    asked: bool,
) -> Outcome {
    let mut outcome = Outcome::default();
    let mut taken: Vec<(HashSet<u32>, f32)> = Vec::new();
    for candidate in candidates.iter().take(MOST_TOLD) {
        let topic = section(index, read, candidate);
        let words: HashSet<u32> = candidate
            .findings
            .iter()
            .take(3)
            .flat_map(|finding| finding.words.iter().copied())
            .collect();
        let overlap = |other: &HashSet<u32>| words.intersection(other).count() * 2 > words.len();
        if !words.is_empty()
            && let Some(first) = outcome.matches.first_mut()
            && let Some((first_words, first_rank)) = taken.first()
            && overlap(first_words)
            && rank(candidate) >= first_rank * SAME
        {
            first.also.push(topic);
        }
        let confidence = confidence(index, candidate);
        let answers = index.runbooks.get(candidate.runbook).is_some_and(|entry| entry.answers);
        let other = !taken.iter().any(|(words, _)| overlap(words));
        let answered = answers
            && confidence >= index.options.answer
            && (outcome.matches.is_empty() && outcome.near.is_empty() || other);
        taken.push((words, rank(candidate)));
        if !asked && confidence < LEAST_NEAR {
            continue;
        }
        let told = told(index, read, candidate, topic, confidence, answered);
        if answered && outcome.matches.len() < 2 {
            outcome.matches.push(told);
        } else {
            outcome.near.push(told);
        }
    }
    outcome
}

fn told(
    index: &Index,
    read: &Read,
    candidate: &Candidate<'_>,
    topic: TopicId,
    confidence: f32,
    answered: bool,
) -> Match {
    let captures = capture::captures(index, read, candidate.runbook);
    as_match(read, topic, confidence, answered, &candidate.findings, captures)
}

/// The section that the evidence points to: the one that explains a code or an alert of the message, else the one that
/// alone explains most of it.
fn section(index: &Index, read: &Read, candidate: &Candidate<'_>) -> TopicId {
    let mut by_section: BTreeMap<usize, Vec<&Finding<'_>>> = BTreeMap::new();
    for finding in &candidate.findings {
        by_section
            .entry(index.topic_section(finding.topic))
            .or_default()
            .push(finding);
    }
    let named = |findings: &[&Finding<'_>]| findings.iter().any(|finding| finding.is_about());
    let best = by_section
        .into_iter()
        .map(|(section, findings)| {
            (
                section,
                section > 0 && named(&findings),
                sum(read, findings.into_iter()),
            )
        })
        .max_by(|a, b| a.1.cmp(&b.1).then(a.2.total_cmp(&b.2)).then(b.0.cmp(&a.0)));
    TopicId {
        runbook: candidate.runbook,
        section: best.map_or(0, |(section, _, _)| section),
    }
}

/// A match as `score` puts it together.
pub(super) fn as_match(
    read: &Read,
    topic: TopicId,
    confidence: f32,
    answered: bool,
    findings: &[Finding<'_>],
    captures: BTreeMap<String, Vec<String>>,
) -> Match {
    const MOST_EVIDENCE: usize = 6;
    // The same line by the same name, found twice, is one reason.
    let mut told: HashSet<(u32, String)> = HashSet::new();
    let plain = |signature: &str| {
        signature
            .chars()
            .filter(|c| c.is_alphanumeric())
            .collect::<String>()
            .to_lowercase()
    };
    let evidence = findings
        .iter()
        .filter(|finding| told.insert((finding.line, plain(&finding.signature))))
        .take(MOST_EVIDENCE)
        .map(|finding| finding.evidence(read))
        .collect();
    Match {
        topic,
        confidence,
        answered,
        evidence,
        captures,
        also: Vec::new(),
    }
}
