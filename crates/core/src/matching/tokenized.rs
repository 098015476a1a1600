//! A message cut into words, each with its place in the message's lines.

use std::cell::OnceCell;
use std::collections::HashSet;
use std::ops::Range;

use super::align::{self, Alignment, Hit};
use super::bounds::{MOST_BYTES, beginning};
use super::form::Form;
use super::lexicon::Lexicon;
use super::lines::{is_assignment, is_boilerplate, is_stack_frame};
use super::normalise::{NormalisedMessage, normalise};
use super::product::{self, Product};
use super::query_terms::QueryTerms;
use super::signature::Signature;
use super::stems::StemId;
use super::token::{self, Shape, Word};
use super::vocabulary::{Vocabulary, WordId, background_bits};
use super::{code, unmarked};

/// A word of the message.
#[derive(Debug, Clone, Copy)]
pub(super) struct MessageWord {
    /// The word's number, when any runbook holds it.
    pub(super) id: Option<WordId>,
    pub(super) line: u32,
    pub(super) place: Word,
    /// The weight, in bits.
    pub(super) weight: f32,
    /// The place in [`TokenizedMessage::known`], for a known word.
    pub(super) slot: u32,
}

/// A message cut into words.
pub(super) struct TokenizedMessage {
    pub(super) message: NormalisedMessage,
    pub(super) words: Vec<MessageWord>,
    /// The known words, each once.
    pub(super) known: QueryTerms,
    /// Bits of each line.
    line_weights: Vec<f32>,
    /// Bits of all words before each, so that the bits of any range of words are one subtraction.
    weights_before: Vec<f64>,
    /// Factor on the words of each line, 0 to 1: lines that every listing has count little.
    pub(super) line_trust: Vec<f32>,
    /// True for a message of at most [`SHORT`] bytes, which a person may have typed.
    short: bool,
    /// The guessed words, each with the word as written.
    guessed: Vec<(WordId, String)>,
    /// All lines joined, built on first use.
    text: OnceCell<String>,
    /// The form of each line, built on first use.
    forms: OnceCell<Vec<Form>>,
}

/// Most words that are read; a paste of 40,000 characters fits.
const MOST_WORDS: usize = 12_000;
/// Most words between two matches that count as replacing the template's words there.
const MOST_STRAY: usize = 6;
/// Factor on the weight of words that are keys of JSON.
const KEY: f32 = 0.4;
/// Factor on the weight of a room, an order or a release that looks like a code.
const NO_CODE: f32 = 0.1;
/// Lines that are searched for products.
const MOST_LINES: usize = 60;
/// Bytes of a message up to which unknown words are guessed, the most words that are, and their least bytes.
const SHORT: usize = 600;
const MOST_GUESSES: usize = 8;
const LEAST_GUESSED: usize = 5;

impl TokenizedMessage {
    /// Cuts a message into words, with the numbers and weights of a library, up to [`MOST_BYTES`]. Linear in its
    /// length.
    pub(super) fn new(vocabulary: &Vocabulary, text: &str) -> TokenizedMessage {
        let text = beginning(text, MOST_BYTES);
        let message = normalise(text);
        let mut words = Vec::new();
        let mut known = QueryTerms::default();
        let mut line_weights = vec![0.0; message.lines.len()];
        let mut seen: HashSet<Vec<WordId>> = HashSet::new();
        let mut line_ids = Vec::new();
        let mut guessed = Vec::new();
        let line_trust = line_trust(&message);
        // People mistype and truncate words; a long log has no such words worth the search.
        let mut guesses = if text.len() <= SHORT { MOST_GUESSES } else { 0 };
        for (number, line) in message.lines.iter().enumerate() {
            let first = words.len();
            if first >= MOST_WORDS {
                break;
            }
            line_ids.clear();
            let mut addresses = unmarked::addresses(&line.text).peekable();
            token::words(&line.text, |word, place, shape| {
                if words.len() >= MOST_WORDS {
                    return;
                }
                let mut id = vocabulary.id(word);
                let mut weight = id.map_or_else(|| background_bits(word, shape), |id| vocabulary.weight(id));
                if id.is_none() && guesses > 0 && word.len() >= LEAST_GUESSED && shape != Shape::Value {
                    guesses -= 1;
                    let cut = place.end == line.text.len()
                        || line.text.get(place.end..).is_some_and(|rest| rest.starts_with("..."));
                    id = vocabulary.guess(word, cut);
                    guessed.extend(id.map(|id| (id, word.to_owned())));
                    weight = id.map_or(weight, |id| vocabulary.weight(id));
                }
                if shape != Shape::Value && shape != Shape::Number {
                    line_ids.push(id.unwrap_or(WordId::MAX));
                }
                while addresses.next_if(|address| address.end <= place.start).is_some() {}
                if addresses.peek().is_some_and(|address| address.start <= place.start) {
                    weight *= unmarked::SAMPLE;
                }
                weight *= doubt(&line.text, word, place, shape);
                words.push(MessageWord {
                    id,
                    line: number as u32,
                    place,
                    weight,
                    slot: 0,
                });
            });
            // Logs repeat themselves: a line that differs from an earlier one only in its numbers adds nothing.
            if line_ids.len() > 3 {
                if seen.contains(&line_ids) {
                    words.truncate(first);
                    continue;
                }
                seen.insert(line_ids.clone());
            }
            for (at, word) in words.iter_mut().enumerate().skip(first) {
                if let Some(weight) = line_weights.get_mut(number) {
                    *weight += word.weight;
                }
                if let Some(id) = word.id {
                    word.slot = known.add(id, at as u32);
                }
            }
        }
        let weights_before = sums(words.iter().map(|word| word.weight));
        TokenizedMessage {
            message,
            words,
            known,
            line_weights,
            weights_before,
            line_trust,
            short: text.len() <= SHORT,
            guessed,
            text: OnceCell::new(),
            forms: OnceCell::new(),
        }
    }

    /// Aligns one signature with the message.
    pub(super) fn align(&self, vocabulary: &Vocabulary, signature: &Signature<'_>, laid: &mut Alignment) {
        laid.hits.clear();
        for (of, id) in signature.words.iter().enumerate() {
            let Some(positions) = self.known.positions_of(*id) else {
                continue;
            };
            let weight = vocabulary.weight(*id);
            let weight = if signature.is_sample(of) {
                weight * unmarked::SAMPLE
            } else {
                weight
            };
            let hit = |at: &u32| Hit {
                at: *at,
                of: of as u32,
                weight: self
                    .words
                    .get(*at as usize)
                    .map_or(weight, |word| word.weight.min(weight))
                    * self.trust_at(*at),
            };
            laid.hits.extend(positions.iter().map(hit));
        }
        laid.hits.sort_unstable_by_key(|hit| (hit.at, hit.of));
        laid.chain(signature);
    }

    /// The upper bound of [`Alignment::whole`]: it counts every word of the signature that the message holds, in any
    /// order.
    pub(super) fn most_whole(&self, vocabulary: &Vocabulary, signature: &Signature<'_>) -> f32 {
        let (mut words, mut samples) = (0.0, 0.0);
        for (of, id) in signature.words.iter().enumerate() {
            if self.known.holds(*id) {
                let weight = vocabulary.weight(*id);
                if signature.is_sample(of) {
                    samples += weight * unmarked::SAMPLE;
                } else {
                    words += weight;
                }
            }
        }
        (words + samples) / (signature.total + samples).max(0.1)
    }

    /// The stems of the message's words, each once, in the message's order; in a long message, of the known ones only.
    pub(super) fn stems(&self, lexicon: &Lexicon) -> Vec<StemId> {
        // A form of a word that runbooks hold is no typing error for another word: `worked` does not mean `worker`.
        let is_form = |word: &str| lexicon.stem(None, word, Shape::Plain).is_some();
        let mistaken = |id: &WordId| self.guessed.iter().any(|(guess, word)| guess == id && is_form(word));
        let known = self.known.words.iter().filter(|id| !mistaken(id));
        let mut stems: Vec<StemId> = known
            .filter_map(|id| lexicon.stem(Some(*id), "", Shape::Plain))
            .collect();
        if self.short {
            for line in &self.message.lines {
                token::words(&line.text, |word, _, shape| {
                    if shape == Shape::Plain {
                        stems.extend(lexicon.stem(None, word, shape));
                    }
                });
            }
        }
        // The order must not depend on the stems' numbers, which differ from load to load: the order of a sum changes
        // its value.
        let mut seen = HashSet::new();
        stems.retain(|stem| seen.insert(*stem));
        stems
    }

    /// The products that the first [`MOST_LINES`] lines name: by words of their own, then by mere parts of names, such
    /// as `org.apache.kafka`.
    pub(super) fn products(&self) -> (Vec<Product>, Vec<Product>) {
        let (mut named, mut parts) = (Vec::new(), Vec::new());
        for line in self.message.lines.iter().take(MOST_LINES) {
            let inside = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | ':' | '@');
            for (_, word) in token::pieces(&line.text, |c| !inside(c)) {
                match product::named(word.trim_end_matches(['.', ':'])) {
                    Some(product) if !named.contains(&product) => named.push(product),
                    Some(_) => {}
                    None => parts.extend(word.split(|c: char| !c.is_alphanumeric()).filter_map(product::named)),
                }
            }
        }
        (named, parts)
    }

    fn trust_at(&self, at: u32) -> f32 {
        let line = self.words.get(at as usize).map_or(0, |word| word.line as usize);
        self.line_trust.get(line).copied().unwrap_or(1.0)
    }

    /// The message as plain text.
    pub(super) fn text(&self) -> &str {
        self.text.get_or_init(|| {
            let lines: Vec<&str> = self.message.lines.iter().map(|line| line.text.as_str()).collect();
            lines.join("\n")
        })
    }

    /// The form of each line.
    pub(super) fn forms(&self) -> &[Form] {
        self.forms
            .get_or_init(|| self.message.lines.iter().map(|line| Form::of(&line.text)).collect())
    }

    /// The form of the whole message.
    pub(super) fn form(&self) -> Form {
        self.forms().iter().fold(Form::default(), Form::and)
    }

    /// The words of a byte range of one line.
    pub(super) fn words_at(&self, line: u32, start: usize, end: usize) -> Vec<u32> {
        let from = self
            .words
            .partition_point(|word| (word.line, word.place.start) < (line, start));
        let words = self.words.iter().enumerate().skip(from);
        words
            .take_while(|(_, word)| word.line == line && word.place.end <= end)
            .map(|(at, _)| at as u32)
            .collect()
    }

    /// The heaviest of some words, as it is written.
    pub(super) fn rarest<'w>(&self, words: impl Iterator<Item = &'w MessageWord>) -> Option<&str> {
        let word = words.max_by(|one, other| one.weight.total_cmp(&other.weight))?;
        let line = self.message.lines.get(word.line as usize)?;
        line.text.get(word.place.start..word.place.end)
    }

    /// The line on which a byte range of [`TokenizedMessage::text`] begins, and the range's words.
    pub(super) fn words_in(&self, range: Range<usize>) -> (usize, Vec<u32>) {
        let mut begin = 0;
        let mut first = None;
        let mut words = Vec::new();
        for (number, line) in self.message.lines.iter().enumerate() {
            let end = begin + line.text.len();
            if begin <= range.end && range.start <= end {
                first.get_or_insert(number);
                let (from, to) = (
                    range.start.saturating_sub(begin),
                    range.end.min(end).saturating_sub(begin),
                );
                words.extend(self.words_at(number as u32, from, to));
            }
            begin = end + 1;
        }
        (first.unwrap_or(0), words)
    }

    /// Share of its lines' bits that an alignment matches: a fragment that matches whole is worth more than the same
    /// words in a long line about something else.
    pub(super) fn line_cover(&self, laid: &Alignment) -> f32 {
        laid.matched / self.weight_of_lines(laid).max(1.0)
    }

    fn weight_of_lines(&self, laid: &Alignment) -> f32 {
        let mut last = None;
        let mut all = 0.0;
        for word in laid.pairs.iter().filter_map(|(at, _)| self.words.get(*at as usize)) {
            if last != Some(word.line) {
                last = Some(word.line);
                all += self.line_weights.get(word.line as usize).copied().unwrap_or(0.0);
            }
        }
        all
    }

    /// Collects into `span` the ranges of the message's words that stand where the signature has a value.
    pub(super) fn span(&self, laid: &Alignment, signature: &Signature<'_>, span: &mut Vec<Range<u32>>) {
        span.clear();
        let (Some(first), Some(last)) = (laid.pairs.first(), laid.pairs.last()) else {
            return;
        };
        let steps = laid
            .steps()
            .filter(|(from, to)| from.0 + 1 < to.0 && laid.has_value(from.1 + 1..to.1));
        span.extend(steps.map(|(from, to)| from.0 + 1..to.0));
        let line = |at: u32| self.words.get(at as usize).map_or(0, |word| word.line);
        if laid.has_value(0..first.1) {
            let begin = self.words.partition_point(|word| word.line < line(first.0));
            span.push(begin as u32..first.0);
        }
        if laid.has_value(last.1 + 1..signature.words.len() as u32) {
            let end = self.words.partition_point(|word| word.line <= line(last.0));
            span.push(last.0 + 1..end as u32);
        }
    }

    /// Share of its lines' bits that an alignment matches when values match anything, 0 to 1.
    pub(super) fn explained(&self, laid: &Alignment, span: &[Range<u32>]) -> f32 {
        let weight = |at: &u32| self.words.get(*at as usize).map_or(0.0, |word| word.weight);
        let matched: f32 = laid.pairs.iter().map(|(at, _)| weight(at)).sum();
        let before = |at: u32| self.weights_before.get(at as usize).copied().unwrap_or(0.0);
        let values: f64 = span.iter().map(|range| before(range.end) - before(range.start)).sum();
        (matched + values as f32) / self.weight_of_lines(laid).max(1.0)
    }

    /// Bits of the signature's words that the message replaces by other words.
    pub(super) fn contradicted(&self, vocabulary: &Vocabulary, laid: &Alignment, signature: &Signature<'_>) -> f32 {
        let said = |at: u32| self.words.get(at as usize).map_or(0.0, |word| word.weight);
        let meant = |of: u32| match signature.words.get(of as usize) {
            Some(id) if !align::is_value(signature, of as usize) => vocabulary.weight(*id),
            _ => 0.0,
        };
        let inside: f32 = laid
            .steps()
            .filter(|(from, to)| from.1 + 1 < to.1)
            .map(|(from, to)| {
                let meant: f32 = (from.1 + 1..to.1).map(meant).sum();
                let said: f32 = (from.0 + 1..to.0).take(MOST_STRAY).map(said).sum();
                meant.min(said)
            })
            .sum();
        let Some(last) = laid.pairs.last() else { return inside };
        let line = |at: u32| self.words.get(at as usize).map(|word| word.line);
        let rest = last.1 + 1..signature.words.len() as u32;
        let replaced = (last.0 + 1..)
            .take(rest.len())
            .take_while(|at| line(*at) == line(last.0));
        inside + rest.map(meant).sum::<f32>().min(replaced.map(said).sum())
    }

    /// The line with the most bits of an alignment; of equal ones, the first.
    pub(super) fn heaviest_line(&self, laid: &Alignment) -> Option<u32> {
        let mut heaviest: Option<(u32, f32)> = None;
        let mut own: Option<(u32, f32)> = None;
        let better = |own: Option<(u32, f32)>, heaviest: Option<(u32, f32)>| match (own, heaviest) {
            (Some(own), Some(heaviest)) if own.1 > heaviest.1 => Some(own),
            (own, None) => own,
            (_, heaviest) => heaviest,
        };
        for word in laid.pairs.iter().filter_map(|(at, _)| self.words.get(*at as usize)) {
            match &mut own {
                Some((line, weight)) if *line == word.line => *weight += word.weight,
                _ => {
                    heaviest = better(own, heaviest);
                    own = Some((word.line, word.weight));
                }
            }
        }
        better(own, heaviest).map(|(line, _)| line)
    }
}

/// Prefix sums: the sum before each weight, and the total at the end.
fn sums(weights: impl Iterator<Item = f32>) -> Vec<f64> {
    let mut sum = 0.0;
    let after = weights.map(|weight| {
        sum += f64::from(weight);
        sum
    });
    std::iter::once(0.0).chain(after).collect()
}

/// Returns true for a key of JSON, such as `"severity":`: a field's name says nothing about the error.
fn is_key(text: &str, place: Word) -> bool {
    text.get(place.end..).is_some_and(|after| after.starts_with("\":"))
        && text.get(..place.start).is_some_and(|before| before.ends_with('"'))
}

/// Factor on a word's weight for its place in the line.
fn doubt(line: &str, word: &str, place: Word, shape: Shape) -> f32 {
    let digits = || word.bytes().any(|b| b.is_ascii_digit());
    if is_key(line, place) {
        KEY
    } else if shape == Shape::Name && digits() && code::is_something_else(line, place.start) {
        NO_CODE
    } else {
        1.0
    }
}

/// Factor on each line's words: heads of tables, commands at a prompt, stack frames and manifests are not the error itself.
fn line_trust(message: &NormalisedMessage) -> Vec<f32> {
    let manifest = message
        .lines
        .iter()
        .any(|line| line.text.trim_start().starts_with("apiVersion:"));
    let trust = |text: &str| {
        let text = text.trim();
        if is_boilerplate(text) || manifest && is_assignment(text) {
            0.2
        } else if text.starts_with("$ ") || text.starts_with("+ ") || is_stack_frame(text) {
            0.4
        } else {
            1.0
        }
    };
    message.lines.iter().map(|line| trust(&line.text)).collect()
}
