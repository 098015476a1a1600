//! Identity of an error among those of the same topic: a digest that the store indexes.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use ring::digest::{SHA256, digest};

use super::case::{Case, EVIDENCE_LINES, EvidenceLine};
use crate::matching::{Match, SignatureKind};

/// Length of the truncated digest, in bytes.
const LENGTH: usize = 16;

impl Case {
    /// Returns the digest of the codes, alert names and values that the case was recognised by.
    pub(crate) fn identity(&self) -> String {
        of(&self.evidence, &self.captures)
    }
}

/// Returns the [`Case::identity`] of a case recognised by this match.
pub(crate) fn of_match(found: &Match) -> String {
    let lines: Vec<EvidenceLine> = found
        .evidence
        .iter()
        .take(EVIDENCE_LINES)
        .map(EvidenceLine::from)
        .collect();
    of(&lines, &found.harmless_captures())
}

fn of(evidence: &[EvidenceLine], captures: &BTreeMap<String, Vec<String>>) -> String {
    let named = evidence
        .iter()
        .filter(|line| matches!(line.kind, SignatureKind::Code | SignatureKind::Alert));
    let names: BTreeSet<String> = named.map(|line| line.signature.to_lowercase()).collect();
    // Values never contain NUL, so no two lists have the same encoding.
    let mut written = String::new();
    for name in names {
        written.extend([name.as_str(), "\0"]);
    }
    for (name, values) in captures {
        written.extend(["\0", name, "\0"]);
        for value in values {
            written.extend([value, "\0"]);
        }
    }
    let mut hex = String::with_capacity(2 * LENGTH);
    for byte in digest(&SHA256, written.as_bytes()).as_ref().iter().take(LENGTH) {
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}
