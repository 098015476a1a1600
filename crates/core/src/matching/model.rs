//! Results of recognising a message.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::capture::MOST_REPEATS;
use crate::runbook::TopicId;

/// All topics found for one message.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Outcome {
    /// Topics above the answering threshold: the best of each runbook, best first, then further errors that one of these
    /// runbooks explains in a section of its own. The first leads the answer; each other is another error in the same
    /// paste, and the answer names it.
    pub matches: Vec<Match>,
    /// Topics below the threshold, best first.
    pub near: Vec<Match>,
}

impl Outcome {
    /// The best candidate, answered or not.
    pub fn best(&self) -> Option<&Match> {
        self.matches.first().or_else(|| self.near.first())
    }

    /// Keeps the matches that reach a channel's threshold, and moves the others to the near misses: the index applies
    /// only the lowest threshold of all.
    #[must_use]
    pub fn confident(mut self, threshold: f32) -> Self {
        let (sure, unsure): (Vec<Match>, Vec<Match>) = self
            .matches
            .into_iter()
            .partition(|found| found.confidence >= threshold);
        self.matches = sure;
        self.near.splice(0..0, unsure);
        self
    }
}

/// A topic with its evidence and a confidence.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Match {
    /// The topic it leads to.
    pub topic: TopicId,
    /// The confidence, 0 to 1.
    pub confidence: f32,
    /// True when the bot would reply unasked.
    pub answered: bool,
    /// The evidence, the strongest first.
    pub evidence: Vec<Evidence>,
    /// Values of placeholders, keyed by the placeholder in lower snake case.
    pub captures: BTreeMap<String, Vec<String>>,
    /// The occurrences of an error that the message holds more than once, in its order; empty where it is there once, or
    /// where none has values of its own.
    pub occurrences: Vec<Occurrence>,
    /// The lines that the captures come from, by which a secret among the values is recognised
    /// ([`Match::harmless_captures`]).
    pub captured_from: Vec<String>,
    /// Topics of other documents that are near duplicates.
    pub also: Vec<TopicId>,
}

/// One of several places of a message that show the same error.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Occurrence {
    /// Number of its first line in the message as received, from 1.
    pub line: usize,
    /// Names of placeholders as in [`Match::captures`], each with a value that belongs to this occurrence, in the order of
    /// the message. Empty when the occurrence has no value of its own.
    pub values: Vec<(String, String)>,
}

impl Occurrence {
    /// Most occurrences of one error that are told apart.
    pub const MOST: usize = MOST_REPEATS + 1;
}

/// A line of the message that matched.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Evidence {
    /// Number of the line in the message as received, from 1.
    pub line: usize,
    /// The line as received (Slack's escapes undone).
    pub text: String,
    /// The code, alert name or template that matched.
    pub signature: String,
    /// The kind of the signature.
    pub kind: SignatureKind,
}

/// The reasons why a message was answered or not: its candidates, best first.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// The confidence from which a candidate is answered unasked.
    pub threshold: f32,
    /// The case for and against each candidate.
    pub candidates: Vec<Account>,
}

/// The case for and against one candidate.
#[derive(Debug, Clone, PartialEq)]
pub struct Account {
    /// The topic it leads to.
    pub topic: TopicId,
    /// The confidence, 0 to 1.
    pub confidence: f32,
    /// The rank in bits: the evidence, and a share of the words in common.
    pub rank: f32,
    /// Total evidence in bits, each word of the message counted once.
    pub bits: f32,
    /// Bits of evidence at which it fits as well as the threshold asks, all else being equal.
    pub needed: f32,
    /// Words in common with the whole runbook (BM25), in bits.
    pub words: f32,
    /// Factor on the evidence for the kind of page: less than 1 for pages that only list or point elsewhere.
    pub completeness: f32,
    /// Share of its own detection rule's patterns that match, 0 to 1; `None` without a rule.
    pub rule: Option<f32>,
    /// True when the message names another product of the same family, such as AKS where the runbook is for EKS.
    pub other_product: bool,
    /// The evidence, the strongest first.
    pub reasons: Vec<MatchReason>,
    /// Facts about it, and the amount that each adds to the confidence; empty for a question, and for a candidate that fits too badly.
    pub features: Vec<FeatureWeight>,
    /// The reason why it is not answered unasked; `None` for one that is.
    pub silence: Option<Silence>,
}

/// A fact about a candidate, and what it adds to the confidence.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FeatureWeight {
    /// Its name, in lower snake case.
    pub name: &'static str,
    /// Its value; sums of bits and counts as ln(1 + x).
    pub value: f32,
    /// The amount added to the logit of the confidence.
    pub gain: f32,
    /// The most that any value would add.
    pub most: f32,
}

/// A piece of evidence and its weight.
#[derive(Debug, Clone, PartialEq)]
pub struct MatchReason {
    /// The line and the signature.
    pub evidence: Evidence,
    /// Weight by itself, in bits.
    pub bits: f32,
    /// Bits that it adds to the evidence before it: words that were counted already are not counted again.
    pub added: f32,
    /// Share of the signature, or of its lines, that matches, 0 to 1.
    pub cover: f32,
    /// The words of the signature that the message lacks, the heaviest first.
    pub missing: Vec<String>,
}

/// Reasons why a candidate is not answered unasked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Silence {
    /// Its confidence is below the threshold.
    Unsure,
    /// Its own rule, or its author's `not`, excludes it.
    Excluded,
    /// A draft, a pointer to another page, or a runbook that its author set never to answer.
    NeverAnswers,
    /// Nothing that matches reads like an error: it is a command, a setting, a listing or running text.
    NoSymptom,
    /// The message is about another object than the page.
    OtherObject,
    /// In a small library, the message holds only a part of what the page shows, and no rare word of it.
    Fragment,
    /// The message only talks about the error: that it is over, or plans.
    Talk,
    /// Another runbook, by its number in the library, explains the same words better.
    SaidBy(usize),
    /// Enough other errors of the message are answered already.
    Enough,
}

/// The kinds of signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SignatureKind {
    /// An error code as a whole token.
    Code,
    /// An alert name.
    Alert,
    /// A message template, literal or with placeholders.
    Template,
    /// An explicit pattern from front matter, or a CRE rule.
    Pattern,
    /// Words in common, weighted by rarity.
    Words,
}
