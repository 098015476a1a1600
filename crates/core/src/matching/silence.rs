//! The choice of the candidates that are answered, and the reasons why the others are not.

use std::collections::HashSet;

use super::finding::{Cause, Finding};
use super::index::Index;
use super::lines::speaks_of_alert;
use super::rule::RuleVerdict;
use super::score::{Candidate, counted};
use super::signature::SignatureSource;
use super::tokenized::TokenizedMessage;
use super::{SignatureKind, Silence, other_object, talk};
use crate::runbook::TopicId;

/// Most runbooks of one message that are answered.
const MOST_ANSWERED: usize = 5;
/// Least bits of a finding that is a symptom.
const LEAST_SPEAKING: f32 = 2.5;
/// Share of such a text that is enough on a line that does not read like an error.
const WHOLE_SYMPTOM: f32 = 0.5;
/// Share for a text that does not read like an error either.
const WHOLE_OTHER: f32 = 0.75;
/// Least bits of a code or an alert name that counts for itself; one that a page only shows counts less.
pub(super) const LEAST_NAMED: f32 = 9.5;
/// Most runbooks of a small library, and the least share of the error that is known there, unless a word of it is rare in
/// technical writing at large.
const FEW_RUNBOOKS: usize = 40;
const LEAST_GRASP: f32 = 0.5;
const RARE: f32 = 6.0;
/// Share of the best rank from which a runbook with the same words counts as a near duplicate.
const SAME: f32 = 0.97;

/// Decides, best first, which candidates are answered unasked, and why the others are not.
pub(super) fn choose(index: &Index, read: &TokenizedMessage, candidates: &mut [Candidate<'_>], asked: bool) {
    // The answered candidates: the words of each, its runbook and its rank.
    let mut taken: Vec<(HashSet<u32>, usize, f32)> = Vec::new();
    let mut also: Vec<TopicId> = Vec::new();
    // The candidates that are not sure enough: what ranks behind one of them on the same words is not either.
    let mut unsure: Vec<(HashSet<u32>, usize, f32)> = Vec::new();
    let resolved = !asked && talk::is_resolved(read);
    for candidate in candidates.iter_mut() {
        let words = candidate.words();
        let overlaps = |other: &HashSet<u32>| words.intersection(other).count() * 2 > words.len();
        if !words.is_empty()
            && candidate.verdict != RuleVerdict::Excluded
            && let Some((first, _, rank)) = taken.first()
            && overlaps(first)
            && candidate.rank >= rank * SAME
        {
            also.push(candidate.topic);
        }
        let answers = index.runbooks.get(candidate.runbook).is_some_and(|entry| entry.answers);
        let taken_by = taken.iter().map(|(words, runbook, _)| (words, *runbook));
        let surer = unsure
            .iter()
            .filter(|(_, _, confidence)| *confidence >= candidate.confidence);
        let unsure_of = surer.map(|(words, runbook, _)| (words, *runbook));
        let better = taken_by
            .chain(unsure_of)
            .find(|(words, _)| overlaps(words))
            .map(|(_, runbook)| runbook);
        candidate.silence = if candidate.verdict == RuleVerdict::Excluded {
            Some(Silence::Excluded)
        } else if candidate.confidence < index.options.answer {
            Some(Silence::Unsure)
        } else if !answers {
            Some(Silence::NeverAnswers)
        } else if !asked && (resolved || is_talk_about(read, candidate)) {
            Some(Silence::Talk)
        } else if !asked && !speaks(index, read, candidate) {
            Some(Silence::NoSymptom)
        } else if !asked && (candidate.other_product || other_object::is_meant(index, read, candidate)) {
            Some(Silence::OtherObject)
        } else if !asked && is_fragment(index, candidate) {
            Some(Silence::Fragment)
        } else if let Some(runbook) = better {
            Some(Silence::SaidBy(runbook))
        } else if taken.len() == MOST_ANSWERED {
            Some(Silence::Enough)
        } else {
            None
        };
        match candidate.silence {
            None => taken.push((words, candidate.runbook, candidate.rank)),
            Some(Silence::Unsure) if candidate.features.is_some() && answers && !candidate.other_product => {
                unsure.push((words, candidate.runbook, candidate.confidence));
            }
            Some(_) => {}
        }
    }
    if let Some(first) = candidates.iter_mut().find(|candidate| candidate.silence.is_none()) {
        first.also = also;
    }
}

/// Returns true in a small library when the message names neither the page nor the section and holds only a part of the
/// strongest signature without a rare word: where words are few, each of them weighs much.
fn is_fragment(index: &Index, candidate: &Candidate<'_>) -> bool {
    let features = candidate.features.as_ref().filter(|features| !features.named);
    index.runbooks() <= FEW_RUNBOOKS
        && features.is_some_and(|features| features.grasp() < LEAST_GRASP && features.rarest() < RARE)
}

/// Returns true when some of the evidence is a symptom: not all of it a command, a setting or a listing of the runbook,
/// and not on lines of the message that read like one.
fn speaks(index: &Index, read: &TokenizedMessage, candidate: &Candidate<'_>) -> bool {
    let is_error = |line: u32| {
        let form = read.forms().get(line as usize);
        form.is_some_and(|form| form.errors > 0 || form.negations > 0)
    };
    let is_of_alert = |line: u32| {
        let line = read.message.lines.get(line as usize);
        line.is_some_and(|line| speaks_of_alert(&line.text))
    };
    let is_symptom = |finding: &Finding<'_>| match finding.of {
        Cause::Signature(number) => index.signatures.get(number).is_some_and(|signature| {
            let printed = matches!(
                signature.source,
                SignatureSource::Message | SignatureSource::Quoted | SignatureSource::Cell
            );
            let least = if signature.symptom { WHOLE_SYMPTOM } else { WHOLE_OTHER };
            let is_error = is_error(finding.line);
            // A heading such as `Rotate the keys` says what to do, unless an alert has it as its title.
            let silent = match signature.source {
                SignatureSource::Prose => true,
                SignatureSource::Heading => !signature.symptom && !is_error && !is_of_alert(finding.line),
                _ => false,
            };
            let whole = finding.cover >= least && !silent;
            // A short text, such as `Out of memory`, is one where the message says that it is an error.
            signature.speaks && (whole || is_error) || printed && finding.complete && is_error
        }),
        // The name of a product has little strength, and a line about its alerts reads like an error.
        Cause::Name(_) => {
            finding.strength >= LEAST_NAMED || finding.kind == SignatureKind::Code && is_error(finding.line)
        }
    };
    // A name counts although a text around it, such as `- alertname = …`, has counted its words before.
    let is_named = |finding: &Finding<'_>| finding.named && finding.strength >= LEAST_NAMED;
    if candidate.findings.iter().any(is_named) {
        return true;
    }
    let added = counted(read, candidate.findings.iter());
    let symptoms = candidate.findings.iter().zip(added);
    let told = symptoms
        .filter(|(finding, _)| is_symptom(finding))
        .map(|(_, added)| added);
    told.sum::<f32>() >= LEAST_SPEAKING
}

/// Returns true when a message only talks about the candidate's code or alert name, and nothing else of it is there.
fn is_talk_about(read: &TokenizedMessage, candidate: &Candidate<'_>) -> bool {
    let is_name = |finding: &&Finding<'_>| finding.named;
    let named = candidate.findings.iter().filter(is_name);
    let words: HashSet<u32> = named.flat_map(|finding| finding.words.iter().copied()).collect();
    let beside = |finding: &Finding<'_>| finding.words.iter().any(|at| !words.contains(at));
    let other = |finding: &Finding<'_>| !finding.named && finding.strength >= LEAST_SPEAKING && beside(finding);
    !candidate.findings.iter().any(other) && talk::is_talk(read, &words)
}
