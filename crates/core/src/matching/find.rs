//! Search of a message for topics: candidates by their rare words, aligned with the message, added up by runbook.

mod named;

use std::ops::Range;

use super::align::Alignment;
use super::expressions::Expressed;
use super::finding::{Cause, Finding, NAME_BITS};
use super::index::Index;
use super::lines::{assigned_alert, in_alert, is_command};
use super::score::{self, Candidate};
use super::signature::SignatureSource;
use super::tokenized::TokenizedMessage;
use super::{Explanation, Outcome, SignatureKind, code, explain};
use crate::expression::Budget;

/// Least weight of a word that proposes signatures, in bits.
const PROPOSES: f32 = 2.6;
/// Least weight of the words that a signature shares with the message for it to be aligned, in bits.
const LEAST_SHARED: f32 = 5.0;
/// The most words of a short question, and its own two limits: any of its words may be the one that matters.
const FEW: usize = 12;
const PROPOSES_FEW: f32 = 0.9;
const LEAST_FEW: f32 = 2.0;
/// Most signatures that are aligned with a message.
const MOST_CANDIDATES: usize = 140;
/// Share of the evidence that counts in a message with a code that no runbook explains.
const FOREIGN: f32 = 0.4;
/// Bits of an explicit expression, before those of the words it matched.
const LEAST_EXPRESSED: f32 = 2.0;
/// Bonus for a line that is nothing but a template with its values filled in, as a share of the bits that match, and
/// its limit in bits: the line was printed by what the runbook is about.
const COMPLETE: f32 = 0.6;
const COMPLETE_MOST: f32 = 5.0;
/// Factor for a single matching word of a text that was not written as a signature.
const ONE_WORD: f32 = 0.75;
/// Factor for evidence on a command of a message that also shows an error.
const COMMAND: f32 = 0.5;
/// Cost of a template's words that the message replaces by others, as a share of their bits.
const CONTRADICTS: f32 = 0.5;
/// Bonus, as [`COMPLETE`], for a template that stands among other words whole and without a stray word, and its limit
/// in bits.
const PHRASE: f32 = 0.3;
const PHRASE_MOST: f32 = 3.0;
/// Share from which a template, or a line, counts as whole.
const WHOLE: f32 = 0.95;

impl Index {
    /// Recognises a message that nobody asked about: the matches above the threshold would be answered.
    pub fn find(&self, message: &str) -> Outcome {
        self.rank(message, false)
    }

    /// Ranks all candidates for a question or words that somebody asked about.
    pub fn search(&self, words: &str) -> Outcome {
        self.rank(words, true)
    }

    /// Explains the outcome of [`Index::find`], or of [`Index::search`] when somebody `asked`.
    pub fn explain(&self, message: &str, asked: bool) -> Explanation {
        let read = TokenizedMessage::new(&self.vocabulary, message);
        let candidates = self.candidates(&read, asked, &mut Budget::for_message());
        explain::explain(self, &read, &candidates)
    }

    fn rank(&self, message: &str, asked: bool) -> Outcome {
        let read = TokenizedMessage::new(&self.vocabulary, message);
        let mut work = Budget::for_message();
        let candidates = self.candidates(&read, asked, &mut work);
        score::outcome(self, &read, &candidates, asked, &mut work)
    }

    fn candidates<'t>(&'t self, read: &'t TokenizedMessage, asked: bool, work: &mut Budget) -> Vec<Candidate<'t>> {
        let mut findings = self.names(read);
        findings.extend(self.expressed(read, work));
        let strange = self.strange_codes(read);
        findings.extend(self.aligned(
            read,
            strange.as_deref().unwrap_or_default(),
            asked && read.words.len() <= FEW,
        ));
        if strange.is_some() {
            self.doubt_other_products(read, &mut findings);
        }
        if !asked {
            discount_commands(read, &mut findings);
        }
        score::weigh(self, read, findings, asked, work)
    }

    /// Weakens findings in a message that names codes of a known family, or alerts, none of which any runbook explains:
    /// the rest of such a message belongs to another error.
    fn doubt_other_products(&self, read: &TokenizedMessage, findings: &mut [Finding<'_>]) {
        let Some(alerts) = self.strange_alerts(read) else {
            return;
        };
        for finding in findings.iter_mut().filter(|finding| !finding.named) {
            // A code in place of a signature's placeholder is not foreign; an alert may carry an error's text.
            let alert = !alerts.is_empty() && !finding.complete;
            if alert || !finding.takes_foreign {
                finding.strength *= FOREIGN;
            }
        }
    }

    /// The words of codes of a known family; `None` when a runbook explains one of the message's codes.
    fn strange_codes(&self, read: &TokenizedMessage) -> Option<Vec<u32>> {
        let mut strange = Vec::new();
        let mut family = false;
        for (number, line) in read.message.lines.iter().enumerate() {
            for code in codes_of(&line.text) {
                if self.codes.contains(&code.text.to_ascii_uppercase()) {
                    return None;
                }
                family |= self.families.contains(&code::family(code.text));
                strange.extend(read.words_at(number as u32, code.start, code.start + code.text.len()));
            }
            for (start, name) in code::hyphenated(&line.text).filter(|(_, name)| code::is_hyphenated_error(name)) {
                if self.codes.contains(&name.to_ascii_uppercase()) {
                    return None;
                }
                family |= self.families.contains(&code::family(name));
                strange.extend(read.words_at(number as u32, start, start + name.len()));
            }
        }
        Some(if family { strange } else { Vec::new() })
    }

    /// The names of alerts; `None` when a runbook explains one of them.
    fn strange_alerts<'m>(&self, read: &'m TokenizedMessage) -> Option<Vec<&'m str>> {
        let lines = read.message.lines.iter();
        let alerts: Vec<&str> = lines.filter_map(|line| Some(assigned_alert(&line.text)?.1)).collect();
        let known = |alert: &&str| {
            let alert = alert.to_lowercase();
            self.alerts.contains(&alert) || self.alerts.contains(&in_alert(&alert))
        };
        (!alerts.iter().any(known)).then_some(alerts)
    }

    /// Explicit expressions of front matter that match. They count by the words they match, so that one that matches
    /// only everyday words is weak.
    fn expressed<'t>(&'t self, read: &'t TokenizedMessage, work: &mut Budget) -> Vec<Finding<'t>> {
        let text = read.text();
        let found = self.expressions.matches(text, &self.programs, work);
        let finding = |expressed: Expressed<'t>| {
            let (line, words) = read.words_in(expressed.range.clone());
            let weight = |at: &u32| read.words.get(*at as usize).map_or(0.0, |word| word.weight);
            let told = LEAST_EXPRESSED + 2.0 * words.iter().map(weight).sum::<f32>();
            let strength = (told / NAME_BITS).min(1.0);
            let pattern = expressed.pattern;
            let mut finding = Finding::name(expressed.topic, SignatureKind::Pattern, pattern, line, strength, words);
            finding.groups = expressed.program.groups(text, expressed.range, work);
            finding
        };
        found.into_iter().map(finding).collect()
    }

    /// Signatures that share rare words with the message, aligned with it.
    fn aligned(&self, read: &TokenizedMessage, foreign: &[u32], few: bool) -> Vec<Finding<'_>> {
        let (proposes, least) = if few {
            (PROPOSES_FEW, LEAST_FEW)
        } else {
            (PROPOSES, LEAST_SHARED)
        };
        let mut shared = vec![0.0_f32; self.signatures.len()];
        let mut touched: Vec<u32> = Vec::new();
        for id in &read.known.words {
            let weight = self.vocabulary.weight(*id);
            if weight < proposes {
                continue;
            }
            for signature in self.signatures_with(*id) {
                if let Some(sum) = shared.get_mut(*signature as usize) {
                    if *sum == 0.0 {
                        touched.push(*signature);
                    }
                    *sum += weight;
                }
            }
        }
        let rate = |index: u32| {
            let sum = shared.get(index as usize).copied().unwrap_or(0.0);
            self.signatures.told(index).map_or(0.0, |s| {
                sum * s.source.trust() * s.shared * (sum / s.total.max(sum)).sqrt()
            })
        };
        touched.retain(|index| shared.get(*index as usize).is_some_and(|sum| *sum >= least));
        let mut rated: Vec<(f32, u32)> = touched.into_iter().map(|index| (rate(index), index)).collect();
        let best_first = |a: &(f32, u32), b: &(f32, u32)| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1));
        if rated.len() > MOST_CANDIDATES {
            rated.select_nth_unstable_by(MOST_CANDIDATES, best_first);
            rated.truncate(MOST_CANDIDATES);
        }
        rated.sort_unstable_by(best_first);
        let (mut laid, mut span) = (Alignment::default(), Vec::new());
        rated
            .into_iter()
            .filter_map(|(_, index)| {
                let mut finding = self.lay(read, index, &mut laid, &mut span)?;
                let inside = |at: &u32| span.iter().any(|range: &Range<u32>| range.contains(at));
                finding.takes_foreign = foreign.iter().all(inside);
                Some(finding)
            })
            .collect()
    }

    fn lay(
        &self,
        read: &TokenizedMessage,
        index: u32,
        laid: &mut Alignment,
        span: &mut Vec<Range<u32>>,
    ) -> Option<Finding<'_>> {
        let signature = &self.signatures.get(index)?;
        read.align(&self.vocabulary, signature, laid);
        let first = laid.pairs.first()?;
        let line = read.words.get(first.0 as usize)?.line;
        let whole = laid.whole(signature);
        read.span(laid, signature, span);
        let cover = whole.max(read.line_cover(laid)).min(1.0);
        let complete = if whole < WHOLE || laid.pairs.len() < 2 {
            0.0
        } else if read.explained(laid, span) >= WHOLE {
            (laid.matched * COMPLETE).min(COMPLETE_MOST)
        } else if laid.pairs.len() >= 3 && laid.is_unbroken() {
            (laid.matched * PHRASE).min(PHRASE_MOST)
        } else {
            0.0
        };
        let contradicted = if matches!(signature.source, SignatureSource::Prose | SignatureSource::Front) {
            0.0
        } else {
            CONTRADICTS * read.contradicted(&self.vocabulary, laid, signature)
        };
        let alone = if laid.pairs.len() == 1 && !signature.source.is_explicit() {
            ONE_WORD
        } else {
            1.0
        };
        let strength = (laid.score + complete - contradicted).max(0.0)
            * alone
            * signature.source.trust()
            * signature.shared
            * cover.sqrt();
        (strength > 2.0).then(|| Finding {
            topic: signature.topic,
            kind: signature.kind,
            of: Cause::Signature(index),
            line: read.heaviest_line(laid).unwrap_or(line),
            takes_foreign: false,
            words: laid.pairs.iter().map(|(at, _)| *at).collect(),
            strength,
            cover,
            complete: complete > 0.0,
            only: false,
            named: false,
            groups: Vec::new(),
        })
    }
}

/// Weakens findings on the commands of a message that also shows an error: the command is what somebody did before it.
fn discount_commands(read: &TokenizedMessage, findings: &mut [Finding<'_>]) {
    let text = |line: u32| {
        read.message
            .lines
            .get(line as usize)
            .map_or("", |line| line.text.trim())
    };
    let is_command = |line: u32| is_command(text(line));
    let is_error = |line: u32| {
        let form = read.forms().get(line as usize);
        form.is_some_and(|form| form.errors + form.negations > 0) && !is_command(line)
    };
    if !(0..read.message.lines.len() as u32).any(is_error) {
        return;
    }
    for finding in findings.iter_mut().filter(|finding| is_command(finding.line)) {
        finding.strength *= COMMAND;
    }
}

/// The codes of a line; most lines cannot hold one.
fn codes_of(text: &str) -> Vec<code::Code<'_>> {
    if code::may_hold(text) {
        code::codes(text)
    } else {
        Vec::new()
    }
}
