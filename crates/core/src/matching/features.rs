//! Facts about a candidate that decide whether it is answered unasked, each as a number.

use std::collections::HashSet;

use super::finding::{Cause, Finding, NAME_BITS};
use super::form::Form;
use super::index::Index;
use super::lines::speaks_of_alert;
use super::overlap::Overlap;
use super::score::{self, Candidate};
use super::sentence::Sentence;
use super::token::Shape;
use super::tokenized::TokenizedMessage;
use super::vocabulary::{WordId, background_bits};
use super::{code, overlap, phrases, token};

/// Findings of a candidate that are looked at, the strongest first.
const MOST_FINDINGS: usize = 5;
/// Strength of a name from which the candidate counts as named, as a share of [`NAME_BITS`].
const NAMED: f32 = 0.3;
/// Share of the rank, and of the words, from which another candidate is a twin: the same error on another page.
const TWIN_RANK: f32 = 0.8;
const TWIN_WORDS: f32 = 0.75;
/// Share from which a signature, and a line, counts as whole.
const WHOLE: f32 = 0.9;

/// The names of the features, in the order of [`Features::values`]. Sums of bits and counts are given as ln(1 + x).
pub(super) const NAMES: [&str; COUNT] = [
    // The evidence.
    "fit",
    "bits",
    "strongest",
    "specific",
    "specific_all",
    "symptom",
    "complete",
    // Share of the strongest signature that the message holds; the same, or the share of the line that is explained,
    // whichever is less.
    "found",
    "both",
    // Bits of the evidence that few programs share, times that share; and the words that match, where the message holds
    // the signature and the signature explains the line.
    "telling",
    "whole_words",
    // Bits of the strongest signature in whose place the message has other words; what the signature and the line both
    // have that the other lacks, whichever is less; the same behind the last word that matches.
    "replaced",
    "conflict",
    "other_cause",
    "signature_words",
    "signature_table",
    "signature_marks",
    // Sequences of three words that match: how many of them few programs share.
    "novel",
    "novel_share",
    // The line of the message with the strongest evidence.
    "explained",
    "known",
    "unmatched",
    "unknown",
    "unknown_name",
    "last_part_reached",
    "after",
    "rarest",
    "error_line",
    // The whole message.
    "errors_explained",
    "other_errors",
    "talk",
    "news",
    // The page and the section.
    "page_named",
    "page_bits",
    "page_length",
    "section_named",
    "section_bits",
    "words_in_common",
    // Other pages.
    "ahead",
    "ahead_of_others",
    "next_share",
    // A code or an alert name.
    "name",
    "name_rare",
    "name_error",
    "name_told",
    "name_common",
];
pub(super) const COUNT: usize = 46;

/// The features of one candidate.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Features {
    pub(super) values: [f32; COUNT],
    /// True for a candidate with a code or an alert name that few programs have.
    pub(super) named: bool,
    /// Weight of the rarest matching name that many programs have, in bits.
    rarest_common_name: f32,
}

impl Features {
    /// Share of the page's error that the message shows, 0 to 1: of the strongest signature, or of the titles.
    pub(super) fn grasp(&self) -> f32 {
        const TITLE: f32 = 1.5;
        let titles = self.value("page_named").max(self.value("section_named")) * TITLE;
        self.value("both").max(titles).min(1.0)
    }

    /// Weight in technical writing at large of the rarest word that matches, in bits. A name counts although many programs
    /// have it: within a few runbooks it says enough.
    pub(super) fn rarest(&self) -> f32 {
        self.value("rarest").max(self.rarest_common_name)
    }

    fn value(&self, name: &str) -> f32 {
        let at = NAMES.iter().position(|known| *known == name);
        at.and_then(|at| self.values.get(at)).copied().unwrap_or_default()
    }
}

/// Computes the features of a candidate among all candidates of a message.
pub(super) fn features(
    index: &Index,
    read: &TokenizedMessage,
    candidate: &Candidate<'_>,
    candidates: &[Candidate<'_>],
) -> Features {
    let findings = candidate.findings.get(..MOST_FINDINGS).unwrap_or(&candidate.findings);
    let mut matched: Vec<u32> = findings
        .iter()
        .flat_map(|finding| finding.words.iter().copied())
        .collect();
    matched.sort_unstable();
    let top = findings.first();
    let part = index.runbooks.get(candidate.runbook);
    let overlap = Overlap::new(index, read, findings);
    let held = part.map_or(&[][..], |part| &part.held);
    let line = top.map_or(0, |finding| finding.line);
    let named = words_of_names(index, findings);
    let sentence = Sentence::new(read, line, &matched, &named, &overlap.values, held);
    let whole = read.form();
    let signature = top.map_or("", |finding| finding.signature(index));
    let form = Form::of(signature);
    let believed = score::believed(index, candidate);
    let specific = share(sentence.specific, sentence.matched);
    let subject = Subject::new(index, read, candidate);
    let others = Others::new(candidate, candidates);
    let name = Name::new(index, read, candidate);
    let fit = score::fit(index, candidate).clamp(1e-4, 0.9999);
    let both = overlap.found.min(share(sentence.explained, sentence.all));
    let values = [
        (fit / (1.0 - fit)).ln(),
        ln(believed),
        ln(top.map_or(0.0, |finding| finding.strength)),
        ln(sentence.specific),
        ln(believed * specific),
        ln(symptom(index, read, candidate)),
        flag(findings.iter().any(|finding| finding.complete)),
        overlap.found,
        both,
        ln(believed * specific * both),
        if both >= WHOLE { ln(sentence.words) } else { 0.0 },
        ln(overlap.replaced),
        ln(overlap.missing.min(sentence.unmatched)),
        ln(overlap.missing_after.min(sentence.after)),
        ln(form.words as f32),
        flag(signature.trim_start().starts_with('|') || signature.matches("  ").count() >= 3),
        marks(signature),
        ln(sentence.novel),
        if sentence.sequences > 0.0 {
            sentence.novel / sentence.sequences
        } else {
            0.5
        },
        share(sentence.explained, sentence.all),
        share(sentence.known, sentence.all),
        ln(sentence.unmatched),
        ln(sentence.unknown),
        sentence.unknown_name,
        flag(sentence.last_part_reached),
        ln(sentence.after),
        sentence.rarest,
        flag(overlap::is_error(read, line)),
        overlap.errors_explained(read, candidate),
        ln(other_errors(read, candidate)),
        share(whole.talk as f32, whole.words.max(1) as f32),
        ln(whole.fine as f32),
        subject.page_named,
        ln(subject.page_bits),
        ln(part.map_or(0.0, |part| part.length)),
        subject.section_named,
        ln(subject.section_bits),
        ln(candidate.lexical),
        ln(candidate.rank - others.next),
        ln(candidate.rank - others.apart),
        share(others.next, candidate.rank),
        name.strength,
        name.rare,
        flag(name.error),
        flag(name.told),
        flag(name.common),
    ];
    Features {
        values,
        named: name.strength >= NAMED && !name.common,
        rarest_common_name: sentence.rarest_common_name,
    }
}

/// The words of the message that are part of a code or an alert name that few programs have.
fn words_of_names(index: &Index, findings: &[Finding<'_>]) -> Vec<u32> {
    let names = findings
        .iter()
        .filter(|finding| finding.named && !is_common(&finding.signature(index).to_lowercase()));
    names.flat_map(|finding| finding.words.iter().copied()).collect()
}

/// Bits of the evidence that is a symptom: a name, or a text that reads like an error.
fn symptom(index: &Index, read: &TokenizedMessage, candidate: &Candidate<'_>) -> f32 {
    let is_symptom = |finding: &Finding<'_>| match finding.of {
        Cause::Signature(number) => index.signatures.get(number).is_some_and(|signature| signature.symptom),
        Cause::Name(_) => true,
    };
    let added = score::counted(read, candidate.findings.iter());
    let symptoms = candidate.findings.iter().zip(added);
    symptoms
        .filter(|(finding, _)| is_symptom(finding))
        .map(|(_, added)| added)
        .sum()
}

/// The lines that read like an error of a program, and hold no evidence.
fn other_errors(read: &TokenizedMessage, candidate: &Candidate<'_>) -> f32 {
    let words = candidate.findings.iter().flat_map(|finding| &finding.words);
    let told: HashSet<u32> = words
        .filter_map(|at| read.words.get(*at as usize))
        .map(|word| word.line)
        .collect();
    // The words of a line that only repeats another are not kept.
    let is_new = |line: u32| {
        let first = read.words.partition_point(|word| word.line < line);
        read.words.get(first).is_some_and(|word| word.line == line)
    };
    let lines = (0..).zip(read.forms());
    lines
        .filter(|(line, form)| form.is_by_program() && !told.contains(line) && is_new(*line))
        .count() as f32
}

/// Share of a text's characters that are neither letters, digits nor blanks.
fn marks(text: &str) -> f32 {
    let marks = text
        .chars()
        .filter(|c| !c.is_alphanumeric() && !c.is_whitespace())
        .count();
    share(marks as f32, text.chars().count().max(1) as f32)
}

/// The subject of the page and of the section, by their titles, and how much of it the message names.
struct Subject {
    page_named: f32,
    page_bits: f32,
    section_named: f32,
    section_bits: f32,
}

impl Subject {
    fn new(index: &Index, read: &TokenizedMessage, candidate: &Candidate<'_>) -> Subject {
        let weight = |id: &WordId| index.vocabulary.weight(*id);
        let named = |words: &mut dyn Iterator<Item = &WordId>| {
            let (mut all, mut here) = (0.0, 0.0);
            for id in words {
                all += weight(id);
                if read.known.holds(*id) {
                    here += weight(id);
                }
            }
            (share(here, all), here)
        };
        let own = candidate.findings.first().map_or(0, |finding| finding.topic.section) as u32;
        let part = index.runbooks.get(candidate.runbook);
        let page = part.map_or(&[][..], |part| &part.subject);
        let headings = part.map_or(&[][..], |part| &part.headings);
        let from = headings.partition_point(|(section, _)| *section < own);
        let heading = headings.iter().skip(from).take_while(|(section, _)| *section == own);
        let (page_named, page_bits) = named(&mut page.iter());
        let (section_named, section_bits) = named(&mut heading.map(|(_, id)| id));
        Subject {
            page_named,
            page_bits,
            section_named,
            section_bits,
        }
    }
}

/// The best ranks of the other candidates.
struct Others {
    next: f32,
    /// The best one that is no twin.
    apart: f32,
}

impl Others {
    fn new(candidate: &Candidate<'_>, candidates: &[Candidate<'_>]) -> Others {
        let own = candidate.words();
        let twin = |other: &&Candidate<'_>| {
            other.rank >= candidate.rank * TWIN_RANK && {
                let same = other.words().intersection(&own).count() as f32;
                same >= own.len() as f32 * TWIN_WORDS
            }
        };
        // The candidates come best first.
        let others = || candidates.iter().filter(|other| other.runbook != candidate.runbook);
        Others {
            next: others().next().map_or(0.0, |other| other.rank),
            apart: others().find(|other| !twin(other)).map_or(0.0, |other| other.rank),
        }
    }
}

/// The strongest code, alert name or expression of a candidate.
struct Name {
    strength: f32,
    rare: f32,
    error: bool,
    told: bool,
    /// True for a name that many programs say.
    common: bool,
}

impl Name {
    fn new(index: &Index, read: &TokenizedMessage, candidate: &Candidate<'_>) -> Name {
        let named = || candidate.findings.iter().filter(|finding| finding.named);
        let strength = named().map(|finding| finding.strength / NAME_BITS).fold(0.0, f32::max);
        let lead = named().next();
        let text = lead.map_or("", |finding| finding.signature(index));
        let rare = |(_, word): (usize, &str)| background_bits(&word.to_lowercase(), Shape::Plain);
        let line = lead
            .and_then(|finding| read.message.lines.get(finding.line as usize))
            .map_or("", |line| line.text.as_str());
        let place = lead.and_then(|finding| finding.words.first());
        let start = place
            .and_then(|at| read.words.get(*at as usize))
            .map(|word| word.place.start);
        Name {
            strength,
            rare: token::pieces(text, |c| !c.is_alphanumeric())
                .map(rare)
                .fold(0.0, f32::max),
            error: Form::of(text).errors > 0,
            common: lead.is_some() && is_common(&text.to_lowercase()),
            told: lead.is_some()
                && (speaks_of_alert(line) || start.is_some_and(|start| code::is_named_as_error(line, start))),
        }
    }
}

/// Returns true for a code or an alert name in lower case that many programs say.
fn is_common(name: &str) -> bool {
    phrases::holds(&[name]) || phrases::is_common_name(name)
}

fn ln(x: f32) -> f32 {
    x.max(0.0).ln_1p()
}

fn share(part: f32, all: f32) -> f32 {
    if all <= 0.0 { 1.0 } else { (part / all).clamp(0.0, 1.0) }
}

fn flag(yes: bool) -> f32 {
    f32::from(u8::from(yes))
}
