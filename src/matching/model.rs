//! What recognising a message yields.

use std::collections::BTreeMap;

use serde::Serialize;

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

/// The kinds of signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
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
