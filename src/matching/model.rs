//! What recognising a message yields.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::runbook::TopicId;

/// Everything that was found for one message.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Outcome {
    /// Topics above the answering threshold, best first. The first leads the answer, a second is another error in the
    /// same paste and is named.
    pub matches: Vec<Match>,
    /// Topics below the threshold, best first.
    pub near: Vec<Match>,
}

impl Outcome {
    /// The best candidate, answered or not.
    pub fn best(&self) -> Option<&Match> {
        self.matches.first().or_else(|| self.near.first())
    }
}

/// A topic with its evidence and a confidence.
#[derive(Debug, Clone, PartialEq)]
pub struct Match {
    /// Where it leads.
    pub topic: TopicId,
    /// 0 to 1.
    pub confidence: f32,
    /// Whether the bot would reply unasked.
    pub answered: bool,
    /// Why, the strongest first.
    pub evidence: Vec<Evidence>,
    /// Values of placeholders, keyed by the placeholder in lower snake case.
    pub captures: BTreeMap<String, Vec<String>>,
    /// Topics of other documents that say the same (near duplicates).
    pub also: Vec<TopicId>,
}

/// A line of the message that matched.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Evidence {
    /// Line in the message as it came in, from 1.
    pub line: usize,
    /// That line, as it came in (Slack's escapes undone).
    pub text: String,
    /// The code, alert name or template that matched.
    pub signature: String,
    /// What sort of signature it is.
    pub kind: SignatureKind,
}

/// Why a message was answered as it was, or not: its candidates, best first.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// The confidence from which a candidate is told unasked.
    pub threshold: f32,
    /// What speaks for each candidate, and against it.
    pub candidates: Vec<Account>,
}

/// What speaks for one candidate, and against it.
#[derive(Debug, Clone, PartialEq)]
pub struct Account {
    /// Where it leads.
    pub topic: TopicId,
    /// 0 to 1.
    pub confidence: f32,
    /// What it is ranked by, in bits: evidence, and a share of the words in common.
    pub rank: f32,
    /// What its evidence comes to, in bits, each word of the message counted once.
    pub bits: f32,
    /// About so many bits of evidence would be needed to be told unasked.
    pub needed: f32,
    /// Words in common with the whole runbook (BM25), in bits.
    pub words: f32,
    /// What its evidence is multiplied by for what the page is: less than 1 for pages that list and point elsewhere.
    pub standing: f32,
    /// Which part of its own detection rule's patterns is there, 0 to 1; none without a rule.
    pub rule: Option<f32>,
    /// Whether the message names another product of the same family, such as AKS where the runbook is for EKS.
    pub other_product: bool,
    /// The evidence, the strongest first.
    pub reasons: Vec<Reason>,
    /// Why it is not told unasked; none for one that is.
    pub silence: Option<Silence>,
}

/// A piece of evidence and its weight.
#[derive(Debug, Clone, PartialEq)]
pub struct Reason {
    /// The line and the signature.
    pub evidence: Evidence,
    /// What it tells by itself, in bits.
    pub bits: f32,
    /// What it adds to the evidence before it: words that were counted already count no more.
    pub added: f32,
    /// How much of the signature, or of its lines, is there: 0 to 1.
    pub cover: f32,
    /// The words of the signature that are not there, the most telling first.
    pub missing: Vec<String>,
}

/// Why a candidate is not told unasked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Silence {
    /// Its confidence is below the threshold.
    Unsure,
    /// Its own rule, or its author's `not`, excludes it.
    Excluded,
    /// A draft, a pointer to another page, or told by its author never to answer.
    NeverAnswers,
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
    /// Words in common, weighed by how rare they are.
    Words,
}
