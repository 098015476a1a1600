//! The order of contacts: the contact whose condition fits the pasted error comes first.

use std::collections::{BTreeMap, BTreeSet};

use crate::matching::{Evidence, Match, SignatureKind};
use crate::runbook::Contact;

/// Most contacts that are shown; a tired person reads no more, and the full runbook has the rest.
const MOST: usize = 8;

/// Words that say nothing about a service.
const STOP: [&str; 40] = [
    "the", "and", "for", "are", "was", "were", "then", "than", "with", "from", "this", "that", "have", "has", "not",
    "you", "your", "can", "will", "down", "page", "against", "escalate", "generate", "please", "team", "none", "issue",
    "error", "errors", "failed", "service", "services", "servers", "server", "out", "use", "using", "need", "into",
];

/// The distinct contacts, with those first whose `when` or team fits the evidence, otherwise in the document's order.
pub(super) fn ordered(contacts: &[Contact], matched: Option<&Match>) -> Vec<Contact> {
    let mut seen = BTreeSet::new();
    let mut list: Vec<Contact> = contacts
        .iter()
        .filter(|contact| seen.insert((contact.name.to_lowercase(), contact.url.clone(), contact.when.clone())))
        .cloned()
        .collect();
    if let Some(matched) = matched {
        let said_in_message = words_of_match(matched);
        let said: Vec<BTreeSet<String>> = list.iter().map(words_said).collect();
        let condition =
            |contact: &Contact| -> BTreeSet<String> { contact.when.iter().flat_map(|when| words(when)).collect() };
        // A word that every contact has does not distinguish any.
        let mut spread: BTreeMap<&str, usize> = BTreeMap::new();
        for word in said.iter().flatten() {
            *spread.entry(word).or_default() += 1;
        }
        let count = list.len();
        let score = |words: &BTreeSet<String>| -> usize {
            words
                .iter()
                .filter(|word| said_in_message.iter().any(|other| same(word, other)))
                .map(|word| count.saturating_sub(spread.get(word.as_str()).copied().unwrap_or(0)))
                .sum()
        };
        let mut ranked: Vec<(usize, Contact)> = said
            .iter()
            .zip(list)
            .map(|(said, contact)| (score(said) + 2 * score(&condition(&contact)), contact))
            .collect();
        ranked.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
        list = ranked.into_iter().map(|(_, contact)| contact).collect();
    }
    list.truncate(MOST);
    list
}

fn words_of_match(matched: &Match) -> BTreeSet<String> {
    // Sentences and templates of the runbook name every service; only alert names and patterns distinguish services.
    let named = |kind| matches!(kind, SignatureKind::Alert | SignatureKind::Pattern);
    let own = |evidence: &Evidence| named(evidence.kind).then(|| words(&evidence.signature));
    let evidence = matched.evidence.iter();
    evidence
        .flat_map(|evidence| {
            words(&evidence.text)
                .into_iter()
                .chain(own(evidence).into_iter().flatten())
        })
        .collect()
}

fn words_said(contact: &Contact) -> BTreeSet<String> {
    [contact.when.as_deref(), contact.team.as_deref()]
        .into_iter()
        .flatten()
        .flat_map(words)
        .collect()
}

/// Compares two words without a plural `s`: `metric` equals `metrics`.
fn same(left: &str, right: &str) -> bool {
    left.strip_suffix('s').unwrap_or(left) == right.strip_suffix('s').unwrap_or(right)
}

/// The words of a text in lower case, without stop words and those of one or two bytes; `CartographerIAMTokenErrors` is
/// four.
fn words(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    for run in text.split(|c: char| !c.is_alphanumeric()) {
        let chars: Vec<char> = run.chars().collect();
        let mut word = String::new();
        for (at, c) in chars.iter().enumerate() {
            let after_lower = at > 0 && chars.get(at - 1).is_some_and(|before| !before.is_uppercase());
            let before_lower = chars.get(at + 1).is_some_and(|next| next.is_lowercase());
            if c.is_uppercase() && !word.is_empty() && (after_lower || before_lower) {
                out.push(std::mem::take(&mut word));
            }
            word.extend(c.to_lowercase());
        }
        out.push(word);
    }
    out.retain(|word| word.len() > 2 && !STOP.contains(&word.as_str()));
    out
}
