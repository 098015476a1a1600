//! Scores of candidates: evidence is added up by runbook and by section, and becomes a confidence.

use std::collections::{BTreeMap, HashSet};

use super::confidence;
use super::features::{self, Features};
use super::finding::Finding;
use super::index::Index;
use super::passage::{self, Passage};
use super::product::{self, Product};
use super::rule::RuleVerdict;
use super::several::{self, ErrorValues, SingleError};
use super::stems::StemId;
use super::tokenized::{MessageWord, TokenizedMessage};
use super::{Match, Outcome, SignatureKind, Silence, silence};
use crate::expression::Budget;
use crate::runbook::TopicId;

/// A runbook with all its evidence.
pub(super) struct Candidate<'t> {
    pub(super) runbook: usize,
    /// The pieces of evidence, the strongest first.
    pub(super) findings: Vec<Finding<'t>>,
    /// Total evidence in bits, each word of the message counted once.
    pub(super) bits: f32,
    /// Words in common (BM25), in bits.
    pub(super) lexical: f32,
    /// The section that holds most of the question's words.
    pub(super) passage: Passage,
    /// The result of its own rules.
    pub(super) verdict: RuleVerdict,
    /// True when the message is about another product of the same family.
    pub(super) other_product: bool,
    /// The rank, in bits.
    pub(super) rank: f32,
    /// The confidence, 0 to 1: for a question, how well it fits.
    pub(super) confidence: f32,
    /// The features behind the confidence; `None` for a question, and for a candidate that fits too badly.
    pub(super) features: Option<Features>,
    /// The section that the evidence points to.
    pub(super) topic: TopicId,
    /// The reason why it is not answered unasked; `None` for one that is.
    pub(super) silence: Option<Silence>,
    /// Topics of other runbooks that are near duplicates.
    pub(super) also: Vec<TopicId>,
}

/// Most findings of a candidate; more would add nothing that a person could follow.
const MOST_FINDINGS: usize = 16;
/// Candidates whose rules and products are checked.
const MOST_CANDIDATES: usize = 24;
/// Candidates of a question whose sections are ranked.
const MOST_READ: usize = 40;
/// Factors on the words in common beside evidence: unasked; asked with evidence of at most [`WEAK`] bits; and asked
/// with [`STRONG`] bits or more ([`SURE`]).
const UNASKED: f32 = 0.15;
const ASKED: f32 = 0.5;
const WEAK: f32 = 6.0;
const SURE: f32 = 0.1;
const STRONG: f32 = 14.0;
/// Bonus for a runbook's own detection rule, as a share of the evidence: multiplied by the share of its patterns that
/// match, with a second one added when all match.
const RULE: f32 = 0.35;
const RULE_WHOLE: f32 = 0.25;
/// Factor on the evidence in a message about another product, and the most bits that remain.
const OTHER_PRODUCT: f32 = 0.45;
const OTHER_MOST: f32 = 10.0;
/// Factor on the best section's words in common, which are added to those of the whole runbook.
const PASSAGE: f32 = 0.8;
/// Most candidates in an outcome, and the most added for words in common alone.
const MOST_TOLD: usize = 10;
/// Least weight of a stem that is looked up, in bits; lighter ones are in every runbook.
const LEAST_LEXICAL: f32 = 0.8;
/// Fit from which a candidate's features are computed; one that fits worse stays silent.
const LEAST_FIT: f32 = 0.1;
/// Most candidates whose features are computed.
const MOST_JUDGED: usize = 5;
/// Least confidence of a near miss, unless somebody asked.
const LEAST_NEAR: f32 = 0.1;
/// Factor on a section's evidence over that of the page around it, which may only list the section.
const DEEPER: f32 = 1.1;

/// Ranks the candidates of a message, best first, each with its verdict; those that their own rules exclude are last.
pub(super) fn weigh<'t>(
    index: &Index,
    read: &TokenizedMessage,
    findings: Vec<Finding<'t>>,
    asked: bool,
    work: &mut Budget,
) -> Vec<Candidate<'t>> {
    let mut candidates = gather(read, findings);
    let stems = read.stems(&index.lexicon);
    lexical(index, &stems, &mut candidates);
    let share = share(&candidates, asked);
    let rank = |candidate: &mut Candidate<'_>| {
        let words = share * candidate.lexical * completeness(index, candidate.runbook);
        candidate.rank = believed(index, candidate) + words;
    };
    candidates.iter_mut().for_each(rank);
    if asked {
        sort(&mut candidates);
        candidates.truncate(MOST_READ);
        for candidate in &mut candidates {
            candidate.passage = passage::best(index, &stems, candidate.runbook);
            candidate.lexical += PASSAGE * candidate.passage.told;
            rank(candidate);
        }
    }
    sort(&mut candidates);
    candidates.truncate(MOST_CANDIDATES);
    let (named, parts) = read.products();
    for candidate in &mut candidates {
        judge(index, read.text(), candidate, work);
        contradict(index, &named, &parts, candidate);
        rank(candidate);
        candidate.confidence = fit(index, candidate);
        candidate.topic = section(index, read, candidate);
    }
    sort(&mut candidates);
    candidates.truncate(MOST_TOLD);
    if !asked {
        doubt(index, read, &mut candidates);
    }
    silence::choose(index, read, &mut candidates, asked);
    candidates
}

/// Replaces the fit of each candidate by the confidence that it is the error of a message that nobody asked about.
fn doubt(index: &Index, read: &TokenizedMessage, candidates: &mut [Candidate<'_>]) {
    let judged: Vec<Option<Features>> = candidates
        .iter()
        .enumerate()
        .map(|(at, candidate)| {
            let excluded = candidate.verdict == RuleVerdict::Excluded;
            // An author's own expression says by itself how sure it is.
            if excluded || candidate.findings.iter().any(is_expressed) {
                return None;
            }
            let likely = candidate.confidence >= LEAST_FIT;
            (likely && at < MOST_JUDGED).then(|| features::features(index, read, candidate, candidates))
        })
        .collect();
    for (candidate, features) in candidates.iter_mut().zip(judged) {
        if let Some(features) = &features {
            candidate.confidence = confidence::confidence(features);
        } else if !candidate.findings.iter().any(is_expressed) {
            candidate.confidence = 0.0;
        }
        candidate.features = features;
    }
}

/// Returns true for an expression of the front matter.
fn is_expressed(finding: &Finding<'_>) -> bool {
    finding.named && finding.kind == SignatureKind::Pattern
}

/// The outcome of the candidates: those to be answered, and the near misses.
pub(super) fn outcome(
    index: &Index,
    read: &TokenizedMessage,
    candidates: &[Candidate<'_>],
    asked: bool,
    work: &mut Budget,
) -> Outcome {
    let errors = several::errors(index, candidates);
    let values = several::values(index, read, &errors, work);
    let matches = errors.iter().zip(values);
    let is_near = |candidate: &&Candidate<'_>| {
        let fits = asked || candidate.confidence >= LEAST_NEAR;
        candidate.silence.is_some() && candidate.verdict != RuleVerdict::Excluded && fits
    };
    Outcome {
        matches: matches
            .map(|(error, values)| told(index, read, error, values))
            .collect(),
        near: candidates
            .iter()
            .filter(is_near)
            .map(|near| told_near(index, read, near))
            .collect(),
    }
}

/// Factor on the words in common beside evidence: low where nobody asked, and where an error was recognised.
fn share(candidates: &[Candidate<'_>], asked: bool) -> f32 {
    if !asked {
        return UNASKED;
    }
    let strongest = candidates.iter().map(|candidate| candidate.bits).fold(0.0, f32::max);
    let sure = ((strongest - WEAK) / (STRONG - WEAK)).clamp(0.0, 1.0);
    ASKED + (SURE - ASKED) * sure
}

fn sort(candidates: &mut [Candidate<'_>]) {
    let excluded = |candidate: &Candidate<'_>| candidate.verdict == RuleVerdict::Excluded;
    candidates.sort_by(|a, b| {
        let by_rank = b.rank.total_cmp(&a.rank).then(a.runbook.cmp(&b.runbook));
        excluded(a).cmp(&excluded(b)).then(by_rank)
    });
}

/// Factor on the evidence for the kind of runbook: a listing ranks behind the page that explains.
pub(super) fn completeness(index: &Index, runbook: usize) -> f32 {
    index.runbooks.get(runbook).map_or(1.0, |part| part.completeness)
}

/// The evidence for a candidate, in bits, times its [`completeness`]; a code that no other runbook has counts in full.
pub(super) fn believed(index: &Index, candidate: &Candidate<'_>) -> f32 {
    let answers = index.runbooks.get(candidate.runbook).is_some_and(|part| part.answers);
    let only = candidate.findings.iter().filter(|finding| finding.only && answers);
    let alone = only
        .map(|finding| finding.strength)
        .fold(0.0, f32::max)
        .min(candidate.bits);
    alone + (candidate.bits - alone) * completeness(index, candidate.runbook)
}

impl<'t> Candidate<'t> {
    fn new(runbook: usize, findings: Vec<Finding<'t>>, bits: f32, lexical: f32) -> Candidate<'t> {
        Candidate {
            runbook,
            findings,
            bits,
            lexical,
            passage: Passage::default(),
            verdict: RuleVerdict::Silent,
            other_product: false,
            rank: 0.0,
            confidence: 0.0,
            features: None,
            topic: TopicId { runbook, section: 0 },
            silence: None,
            also: Vec::new(),
        }
    }

    /// The words of the message that its strongest findings rest on.
    pub(super) fn words(&self) -> HashSet<u32> {
        let strongest = self.findings.iter().take(3);
        strongest.flat_map(|finding| finding.words.iter().copied()).collect()
    }
}

fn gather<'t>(read: &TokenizedMessage, mut findings: Vec<Finding<'t>>) -> Vec<Candidate<'t>> {
    // The sort is stable: of equal findings, the first found stays first.
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
            _ => candidates.push(Candidate::new(finding.topic.runbook, vec![finding], 0.0, 0.0)),
        }
    }
    for candidate in &mut candidates {
        candidate.bits = counted(read, candidate.findings.iter()).sum();
    }
    candidates
}

/// The bits that each finding adds, the strongest first; a word that was counted already, here or elsewhere in the
/// message, is not counted again.
pub(super) fn counted<'f>(
    read: &'f TokenizedMessage,
    findings: impl Iterator<Item = &'f Finding<'f>> + 'f,
) -> impl Iterator<Item = f32> + 'f {
    // One bit for each known word of the message.
    let mut counted = vec![0_u64; read.known.words.len() / 64 + 1];
    let bit = |word: &MessageWord| (word.slot as usize / 64, 1_u64 << (word.slot % 64));
    findings.map(move |finding| {
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
        for word in words().filter(|word| word.id.is_some()) {
            let (block, mask) = bit(word);
            if let Some(bits) = counted.get_mut(block) {
                *bits |= mask;
            }
        }
        finding.strength * new / f32::max(all, 0.1)
    })
}

/// Scores the words in common with whole runbooks, weighted by rarity, and adds the best runbooks without evidence.
fn lexical(index: &Index, stems: &[StemId], candidates: &mut Vec<Candidate<'_>>) {
    let mut scores = vec![0.0_f32; index.runbooks.len()];
    for stem in stems {
        if index.lexicon.weight(*stem) >= LEAST_LEXICAL {
            index.lexicon.add(*stem, &mut scores);
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
    let lexical = |(runbook, lexical)| Candidate::new(runbook, Vec::new(), 0.0, lexical);
    candidates.extend(rest.into_iter().map(lexical));
}

/// Applies the runbook's own rules, which confirm or exclude it.
fn judge(index: &Index, text: &str, candidate: &mut Candidate<'_>, work: &mut Budget) {
    let detector = index.runbooks.get(candidate.runbook).map(|entry| &entry.detector);
    candidate.verdict = detector.map_or(RuleVerdict::Silent, |detector| {
        detector.judge(text, &index.programs, work)
    });
    if let RuleVerdict::Partly(part) = candidate.verdict {
        let whole = if part >= 1.0 { RULE_WHOLE } else { 0.0 };
        candidate.bits *= 1.0 + RULE * part + whole;
    }
}

/// Weakens a candidate when the message is about another product of the same family, unless the message holds the
/// topic's own code, alert name or expression. `named` are the products that the message names, `parts` those that are
/// parts of its other words.
fn contradict(index: &Index, named: &[Product], parts: &[Product], candidate: &mut Candidate<'_>) {
    let Some(part) = index.runbooks.get(candidate.runbook) else {
        return;
    };
    let about = candidate.findings.iter().any(Finding::is_about);
    let own = parts.iter().filter(|product| part.products.contains(product));
    let meant: Vec<Product> = named.iter().chain(own).copied().collect();
    candidate.other_product = !about && product::differ(&meant, &part.products);
    if candidate.other_product {
        candidate.bits = (candidate.bits * OTHER_PRODUCT).min(OTHER_MOST);
    }
}

/// Bits of evidence at which a candidate is as likely right as wrong…
const EVEN: f32 = 15.0;
/// …and the bits more that multiply its odds by e.
const STEP: f32 = 4.0;
/// Share of a signature that neither raises nor lowers the confidence, and the weight of the difference: a whole
/// signature is worth more than its words, half of one less.
const HALF: f32 = 0.6;
const WHOLE: f32 = 1.5;

/// The fit of a candidate to the message by its bits alone, 0 to 1.
pub(super) fn fit(index: &Index, candidate: &Candidate<'_>) -> f32 {
    let bits = believed(index, candidate);
    let x = (bits - EVEN) / STEP + (cover(candidate) - HALF) * WHOLE;
    1.0 / (1.0 + (-x).exp())
}

/// Bits of evidence that a candidate needs to be answered unasked.
pub(super) fn needed(index: &Index, candidate: &Candidate<'_>) -> f32 {
    let answer = index.options.answer.clamp(0.001, 0.999);
    let x = (answer / (1.0 - answer)).ln();
    let bits = EVEN + STEP * (x - (cover(candidate) - HALF) * WHOLE);
    bits * candidate.bits / believed(index, candidate).max(0.01)
}

fn cover(candidate: &Candidate<'_>) -> f32 {
    candidate.findings.first().map_or(0.0, |finding| finding.cover)
}

fn told_near(index: &Index, read: &TokenizedMessage, candidate: &Candidate<'_>) -> Match {
    let whole = SingleError {
        candidate,
        topic: candidate.topic,
        leads: true,
        findings: candidate.findings.iter().collect(),
    };
    let values = several::whole(index, read, &whole);
    told(index, read, &whole, values)
}

fn told(index: &Index, read: &TokenizedMessage, error: &SingleError<'_, '_>, values: ErrorValues) -> Match {
    const MOST_EVIDENCE: usize = 6;
    // Equal signatures on the same line are one piece of evidence.
    let mut told: HashSet<(u32, String)> = HashSet::new();
    let plain = |signature: &str| {
        signature
            .chars()
            .filter(|c| c.is_alphanumeric())
            .collect::<String>()
            .to_lowercase()
    };
    let candidate = error.candidate;
    let evidence = error
        .findings
        .iter()
        .filter(|finding| told.insert((finding.line, plain(finding.signature(index)))))
        .take(MOST_EVIDENCE)
        .map(|finding| finding.evidence(index, read))
        .collect();
    Match {
        topic: error.topic,
        confidence: candidate.confidence,
        answered: candidate.silence.is_none(),
        evidence,
        captures: values.captures,
        occurrences: values.occurrences,
        captured_from: values.lines,
        also: if error.leads {
            candidate.also.clone()
        } else {
            Vec::new()
        },
    }
}

/// The section that the evidence points to: the one that explains a code or an alert of the message, else the one that
/// alone explains most of it.
fn section(index: &Index, read: &TokenizedMessage, candidate: &Candidate<'_>) -> TopicId {
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
            let bits: f32 = counted(read, findings.iter().copied()).sum();
            let deeper = if section > 0 { DEEPER } else { 1.0 };
            (section, section > 0 && named(&findings), bits * deeper)
        })
        .max_by(|a, b| a.1.cmp(&b.1).then(a.2.total_cmp(&b.2)).then(b.0.cmp(&a.0)));
    // A question in other words is answered by the section with the most words in common.
    let sure = |best: &(usize, bool, f32)| best.1 || best.2 >= STRONG || candidate.passage.told == 0.0;
    let best = best.filter(sure);
    TopicId {
        runbook: candidate.runbook,
        section: best.map_or(candidate.passage.section, |(section, _, _)| section),
    }
}
