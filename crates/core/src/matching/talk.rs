//! Messages that only talk about an error: news that it is over, and plans.

use std::collections::HashSet;

use super::form::is_error_word;
use super::tokenized::TokenizedMessage;

/// Most words of a message that is taken for talk; a longer one may hold an error beside.
const MOST_WORDS: usize = 40;

/// Beginnings of plans and of questions about work.
const PLANS: &[&str] = &[
    "can someone",
    "can we",
    "could someone",
    "could we",
    "how many",
    "how often",
    "i'd like to",
    "let's",
    "let us",
    "shall we",
    "should we",
    "we could",
    "we should",
    "we want to",
    "who owns",
];

/// Returns true when a message tells that an alert is over.
pub(super) fn is_resolved(read: &TokenizedMessage) -> bool {
    let mut lines = read.message.lines.iter().map(|line| line.text.trim());
    let first = lines.find(|line| !line.is_empty()).unwrap_or_default();
    let first = first.trim_start_matches(|c: char| !c.is_alphanumeric());
    first
        .get(.."resolved".len())
        .is_some_and(|word| word.eq_ignore_ascii_case("resolved"))
        && first
            .get("resolved".len()..)
            .is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
}

/// Words of news that something is over.
const OVER: &[&str] = &[
    "completed",
    "done",
    "fixed",
    "merged",
    "recovered",
    "released",
    "renewed",
    "resolved",
    "rotated",
    "solved",
    "thanks",
    "worked",
    "works",
];

/// Words of questions.
const QUESTIONS: &[&str] = &["anybody", "anyone", "how", "what", "where", "which", "why"];

/// Returns true when a short message holds no error beside the words in `named`, and tells of success or of plans.
pub(super) fn is_talk(read: &TokenizedMessage, named: &HashSet<u32>) -> bool {
    if read.words.len() > MOST_WORDS {
        return false;
    }
    let beside = read.words.iter().zip(0_u32..).filter(|(_, at)| !named.contains(at));
    let mut said = beside.filter_map(|(word, _)| {
        let line = read.message.lines.get(word.line as usize)?;
        line.text.get(word.place.start..word.place.end)
    });
    if said.any(is_error_word) {
        return false;
    }
    let lower = read.text().to_lowercase();
    let says = |list: &[&str]| {
        lower
            .split(|c: char| !c.is_alphanumeric())
            .any(|word| list.contains(&word))
    };
    let form = read.form();
    let plans = PLANS.iter().any(|plan| lower.contains(plan));
    plans || form.talk > 0 && says(OVER) && !form.asks && !says(QUESTIONS)
}
