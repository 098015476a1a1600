//! From a message to ranked topics: candidates by their rare words, laid along the message, added up by runbook.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;

use super::align::Alignment;
use super::code;
use super::finding::{Finding, NAME_BITS};
use super::index::Index;
use super::read::Read;
use super::score;
use super::token::{self, Shape, Word};
use super::{Outcome, SignatureKind};
use crate::runbook::TopicId;

/// A word with less than this proposes nothing by itself.
const PROPOSES: f32 = 2.6;
/// Signatures that share less than this are not looked at.
const LEAST_SHARED: f32 = 5.0;
/// So many signatures are laid along the message.
const MOST_CANDIDATES: usize = 140;
/// What remains of the evidence in a message with a code that no runbook explains.
const FOREIGN: f32 = 0.5;
/// An explicit expression tells this much before what it matched is looked at.
const LEAST_EXPRESSED: f32 = 2.0;
/// So many different codes and alert names of one message are looked at.
const MOST_NAMES: usize = 200;

/// A code or an alert name that a line holds.
struct Named<'t> {
    kind: SignatureKind,
    name: Cow<'t, str>,
    place: Word,
    topics: &'t [(TopicId, f32)],
}

impl Index {
    /// Recognises a message that nobody asked about: what is above the threshold would be answered.
    pub fn find(&self, message: &str) -> Outcome {
        self.rank(message, false)
    }

    /// Ranks everything for a question or words that somebody asked about.
    pub fn search(&self, words: &str) -> Outcome {
        self.rank(words, true)
    }

    fn rank(&self, message: &str, asked: bool) -> Outcome {
        let read = Read::new(&self.vocabulary, message);
        let mut findings = self.names(&read);
        findings.extend(self.expressed(&read));
        findings.extend(self.aligned(&read));
        if self.is_foreign(&read) {
            for finding in findings.iter_mut().filter(|finding| !finding.named) {
                finding.strength *= FOREIGN;
            }
        }
        score::outcome(self, &read, findings, asked)
    }

    /// Codes and alert names that the message holds, each where it stands first.
    fn names<'t>(&'t self, read: &'t Read) -> Vec<Finding<'t>> {
        let mut findings = Vec::new();
        let mut seen: BTreeSet<String> = BTreeSet::new();
        for (number, line) in read.message.lines.iter().enumerate() {
            if read.line_trust.get(number).is_some_and(|trust| *trust < 0.3) || seen.len() > MOST_NAMES {
                continue;
            }
            for named in self.named_in(&line.text, &mut seen) {
                let words = read.words_at(number as u32, named.place.start, named.place.end);
                findings.extend(named.topics.iter().map(|(topic, strength)| {
                    Finding::name(*topic, named.kind, named.name.clone(), number, *strength, words.clone())
                }));
            }
        }
        findings
    }

    /// Codes and alert names that a line holds and some runbook knows, codes in whatever case a person typed them; none
    /// that was `seen`.
    fn named_in<'t>(&'t self, text: &'t str, seen: &mut BTreeSet<String>) -> Vec<Named<'t>> {
        let mut found: Vec<Named<'t>> = Vec::new();
        let mut take = |name: &str, start: usize, end: usize| {
            let topics = self.codes.get(name);
            if !topics.is_empty()
                && code::stands_alone(text, start, end)
                && !code::is_something_else(text, start)
                && seen.insert(name.to_owned())
            {
                found.push(Named {
                    kind: SignatureKind::Code,
                    name: Cow::Owned(name.to_owned()),
                    place: Word { start, end },
                    topics,
                });
            }
        };
        if code::may_hold(text) {
            // In whatever case: which of them are codes, the runbooks say.
            let upper = text.to_ascii_uppercase();
            for code in code::codes(&upper) {
                take(code.text, code.start, code.start + code.text.len());
            }
            for (name, start, end) in code::numbered(text) {
                take(&name, start, end);
            }
        }
        let mut alerts = Vec::new();
        let mut upper = String::new();
        token::words(text, |word, place, shape| {
            if word.len() >= 4 {
                code::upper_case(word, &mut upper);
                take(&upper, place.start, place.end);
            }
            let topics = if shape == Shape::Name {
                self.alerts.get(word)
            } else {
                &[]
            };
            if !topics.is_empty() {
                alerts.push((word.to_owned(), place, topics));
            }
        });
        for (word, place, topics) in alerts {
            let name = text.get(place.start..place.end).unwrap_or_default();
            if seen.insert(word) {
                found.push(Named {
                    kind: SignatureKind::Alert,
                    name: Cow::Borrowed(name),
                    place,
                    topics,
                });
            }
        }
        found
    }

    /// Whether the message names a code of a family that the runbooks know, but only such as none of them explains: what
    /// else stands there belongs to an error of its own.
    fn is_foreign(&self, read: &Read) -> bool {
        let texts = read.message.lines.iter().map(|line| line.text.as_str());
        let mut codes = texts
            .filter(|text| code::may_hold(text))
            .flat_map(code::codes)
            .map(|code| code.text)
            .peekable();
        codes.peek().is_some()
            && codes.clone().any(|code| self.families.contains(&code::family(code)))
            && codes.all(|code| !self.codes.contains(code))
    }

    /// Explicit expressions of front matter that match. Their authors know what they say, but one that matches nothing
    /// but everyday words is not believed.
    fn expressed<'t>(&'t self, read: &'t Read) -> Vec<Finding<'t>> {
        let finding = |(topic, pattern, range): (TopicId, &'t str, Range<usize>)| {
            let (line, words) = read.words_in(range);
            let weight = |at: &u32| read.words.get(*at as usize).map_or(0.0, |word| word.weight);
            let told = LEAST_EXPRESSED + 2.0 * words.iter().map(weight).sum::<f32>();
            let strength = (told / NAME_BITS).min(1.0);
            Finding::name(topic, SignatureKind::Pattern, pattern, line, strength, words)
        };
        self.expressions.matches(read.text()).map(finding).collect()
    }

    /// Signatures that share rare words with the message, laid along it.
    fn aligned(&self, read: &Read) -> Vec<Finding<'_>> {
        let mut shared = vec![0.0_f32; self.signatures.len()];
        let mut touched: Vec<u32> = Vec::new();
        for id in &read.known {
            let weight = self.vocabulary.weight(*id);
            if weight < PROPOSES {
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
        touched.retain(|index| shared.get(*index as usize).is_some_and(|sum| *sum >= LEAST_SHARED));
        let mut rated: Vec<(f32, u32)> = touched.into_iter().map(|index| (rate(index), index)).collect();
        let best_first = |a: &(f32, u32), b: &(f32, u32)| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1));
        if rated.len() > MOST_CANDIDATES {
            rated.select_nth_unstable_by(MOST_CANDIDATES, best_first);
            rated.truncate(MOST_CANDIDATES);
        }
        rated.sort_unstable_by(best_first);
        let mut laid = Alignment::default();
        rated
            .into_iter()
            .filter_map(|(_, index)| self.lay(read, index, &mut laid))
            .collect()
    }

    fn lay(&self, read: &Read, index: u32, laid: &mut Alignment) -> Option<Finding<'_>> {
        let signature = self.signatures.get(index)?;
        read.align(&self.vocabulary, signature.words, laid);
        let first = laid.pairs.first()?;
        let line = read.words.get(first.0 as usize)?.line;
        let cover = (laid.matched / signature.total.max(1.0))
            .max(read.line_cover(laid))
            .min(1.0);
        let strength = laid.score * signature.source.trust() * signature.shared * cover.sqrt();
        (strength > 2.0).then(|| Finding {
            topic: signature.topic,
            kind: signature.kind,
            signature: Cow::Borrowed(signature.text),
            line: read.heaviest_line(laid).unwrap_or(line),
            words: laid.pairs.iter().map(|(at, _)| *at).collect(),
            strength,
            cover,
            named: false,
        })
    }
}
