//! The line of a message on which the strongest evidence stands: which of its words a runbook explains.

use std::ops::Range;

use super::token::{self, Shape};
use super::tokenized::{MessageWord, TokenizedMessage};
use super::vocabulary::{WordId, background_bits};
use super::{phrases, unmarked};

/// Words of a line that are read.
const MOST_WORDS: usize = 400;
/// Words before the first that matches that are read.
const MOST_BEFORE: usize = 200;

/// Sums over the words of one line, in bits unless noted.
#[derive(Debug, Default)]
pub(super) struct Sentence {
    /// All words except values and addresses.
    pub(super) all: f32,
    /// Words that match, or stand where a signature has a value.
    pub(super) explained: f32,
    /// Words that the runbook holds anywhere, or that stand where a signature has a value.
    pub(super) known: f32,
    /// Words that are not explained.
    pub(super) unmatched: f32,
    /// Words that are not explained, and that the runbook does not hold.
    pub(super) unknown: f32,
    /// The heaviest name among these.
    pub(super) unknown_name: f32,
    /// Matching words, values included.
    pub(super) matched: f32,
    /// Number of these.
    pub(super) words: f32,
    /// Matching words without those of phrases that many programs share.
    pub(super) specific: f32,
    /// The rarest of these in technical writing at large.
    pub(super) rarest: f32,
    /// The rarest matching name that many programs have.
    pub(super) rarest_common_name: f32,
    /// Number of sequences of three words that match.
    pub(super) sequences: f32,
    /// Number of these that few programs share.
    pub(super) novel: f32,
    /// True when a word of the line's last part matches: the telling part of `a: b: c` is the last.
    pub(super) last_part_reached: bool,
    /// Words behind the last that matches that the runbook does not explain: after a frame that many errors have, the
    /// cause.
    pub(super) after: f32,
}

/// A word of the line.
struct LineWord {
    word: MessageWord,
    /// Its number among the words of the message.
    at: u32,
    text: String,
    shape: Shape,
    matched: bool,
    /// True when it stands where a signature has a value.
    value: bool,
    address: bool,
    /// True for a name that many programs have, and that is no part of a code or an alert name which matches.
    common_name: bool,
    /// True when a mark that ends a sequence of words precedes it.
    apart: bool,
    /// Number of the part of the line that it stands in.
    part: usize,
}

impl Sentence {
    /// Reads a line. `matched` are the words of the message that match, `named` those of them that are part of a code or
    /// an alert name, `spans` those that stand where a signature has a value, and `held` the words of the runbook;
    /// `matched` and `held` in ascending order.
    pub(super) fn new(
        read: &TokenizedMessage,
        line: u32,
        matched: &[u32],
        named: &[u32],
        spans: &[Range<u32>],
        held: &[WordId],
    ) -> Sentence {
        let mut words = words(read, line, matched, spans);
        for word in words.iter_mut().filter(|word| named.contains(&word.at)) {
            word.common_name = false;
        }
        let mut sentence = Sentence::default();
        let telling = |word: &&LineWord| !matches!(word.shape, Shape::Value | Shape::Number) && !word.address;
        for word in words.iter().filter(telling) {
            let weight = word.word.weight;
            let is_held = word.word.id.is_some_and(|id| held.binary_search(&id).is_ok());
            sentence.all += weight;
            if is_held || word.value {
                sentence.known += weight;
            }
            if word.matched || word.value {
                sentence.explained += weight;
                sentence.after = 0.0;
                continue;
            }
            sentence.unmatched += weight;
            sentence.after += weight;
            if !is_held {
                sentence.unknown += weight;
                if word.shape == Shape::Name {
                    sentence.unknown_name = sentence.unknown_name.max(weight);
                }
            }
        }
        let last = words
            .iter()
            .filter(telling)
            .filter(|word| word.shape == Shape::Plain)
            .map(|word| word.part)
            .max();
        sentence.last_part_reached = words.iter().any(|word| word.matched && Some(word.part) == last);
        sentence.read_phrases(&words);
        sentence
    }

    fn read_phrases(&mut self, words: &[LineWord]) {
        for (at, word) in words.iter().enumerate().filter(|(_, word)| word.matched) {
            self.matched += word.word.weight;
            self.words += 1.0;
            if word.common_name && word.shape == Shape::Name {
                self.rarest_common_name = self.rarest_common_name.max(background_bits(&word.text, word.shape));
            }
            if is_generic(words, at) {
                continue;
            }
            self.specific += word.word.weight;
            let common = word.shape == Shape::Plain && phrases::holds(&[&word.text]);
            if !common && !word.common_name {
                self.rarest = self.rarest.max(background_bits(&word.text, word.shape));
            }
        }
        let sequence = |three: &&[LineWord]| {
            let apart = three.iter().skip(1).any(|word| word.apart);
            !apart && three.iter().all(|word| word.matched && !word.common_name)
        };
        for three in words.windows(3).filter(sequence) {
            self.sequences += 1.0;
            self.novel += f32::from(u8::from(!are_generic(three)));
        }
    }
}

/// The words of a line, with what is known of each.
fn words(read: &TokenizedMessage, line: u32, matched: &[u32], spans: &[Range<u32>]) -> Vec<LineWord> {
    let text = read
        .message
        .lines
        .get(line as usize)
        .map_or("", |line| line.text.as_str());
    let mut addresses = unmarked::addresses(text).peekable();
    let begin = read.words.partition_point(|word| word.line < line);
    // Of a very long line, the words around the first that matches.
    let near = matched.partition_point(|at| (*at as usize) < begin);
    let near = matched.get(near).map_or(begin, |at| *at as usize);
    let first = begin.max(near.saturating_sub(MOST_BEFORE));
    let mut part = 0;
    let mut end = read.words.get(first).map_or(0, |word| word.place.start);
    let own = read.words.iter().zip(0_u32..).skip(first);
    own.take_while(|(word, _)| word.line == line)
        .take(MOST_WORDS)
        .map(|(word, at)| {
            let between = text.get(end..word.place.start).unwrap_or_default();
            part += usize::from(is_border(between));
            let apart = between.contains(ends_sequence);
            end = word.place.end;
            let (mut lower, mut shape) = (String::new(), Shape::Plain);
            token::words(text.get(word.place.start..end).unwrap_or_default(), |said, _, form| {
                said.clone_into(&mut lower);
                shape = form;
            });
            while addresses.next_if(|address| address.end <= word.place.start).is_some() {}
            let by_itself = shape == Shape::Name || shape == Shape::Plain && !phrases::holds(&[&lower]);
            LineWord {
                word: *word,
                at,
                common_name: by_itself && phrases::is_common_name(&lower),
                text: lower,
                shape,
                apart,
                matched: matched.binary_search(&at).is_ok(),
                value: spans.iter().any(|range| range.contains(&at)),
                address: addresses
                    .peek()
                    .is_some_and(|address| address.start <= word.place.start),
                part,
            }
        })
        .collect()
}

/// Returns true for characters that end one part of a line: `dial tcp: lookup failed`.
pub(super) fn is_border(between: &str) -> bool {
    between.contains([';', '"', '(', ')', '{', '}', '|'])
        || [": ", " - ", ", "].iter().any(|border| between.contains(border))
}

/// Returns true for a mark at which `background/phrases.py` ends a sequence of words, and for one beside a value.
fn ends_sequence(c: char) -> bool {
    matches!(
        c,
        '.' | ':' | ';' | ',' | '(' | ')' | '[' | ']' | '"' | '`' | '|' | '=' | '\t'
    )
}

/// Returns true when many programs put a matching word between the neighbours that match as well.
fn is_generic(words: &[LineWord], at: usize) -> bool {
    if words.get(at).is_some_and(|word| word.common_name) {
        return true;
    }
    let before = at.checked_sub(1).and_then(|from| step(words, from));
    let after = step(words, at);
    match (before, after) {
        (None, None) => words.get(at..=at).is_some_and(are_generic),
        (before, after) => before != Some(false) && after != Some(false),
    }
}

/// Returns true when many programs say the word at `from` and the next in a row; `None` unless both match and belong to
/// one sequence.
fn step(words: &[LineWord], from: usize) -> Option<bool> {
    let pair = words.get(from..from + 2)?;
    let apart = pair.get(1).is_some_and(|word| word.apart);
    if apart || !pair.iter().all(|word| word.matched && !word.common_name) {
        return None;
    }
    let three = |from: usize| words.get(from..from + 3).is_some_and(are_generic);
    Some(are_generic(pair) || three(from) || from.checked_sub(1).is_some_and(three))
}

/// Returns true when many programs say these words in a row, and all of them match.
fn are_generic(words: &[LineWord]) -> bool {
    let plain = |word: &LineWord| word.matched && word.shape == Shape::Plain;
    let texts: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
    words.iter().all(plain) && phrases::holds(&texts)
}
