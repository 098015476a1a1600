//! Titles of cards: the place of an error, and what it says.

use super::values::shortened;
use crate::matching::{Evidence, Match, SignatureKind};
use crate::runbook::{Library, Runbook, Topic, TopicId};

/// Most characters of the place and of the quoted words in a title.
const PART: usize = 60;
/// Most characters of a title (Slack's limit for a header).
const LONGEST: usize = 150;

/// Returns the title of a topic, as its card has it without a pasted line; `None` for one that no longer exists.
pub fn topic_title(library: &Library, id: TopicId) -> Option<String> {
    Some(card_title(library.runbook(id)?, library.topic(id)?, None))
}

/// Returns the title of a card: the service or the runbook, and the topic. A topic of one word, such as an error code,
/// is followed by the message that the pasted line gives with it.
pub(super) fn card_title(runbook: &Runbook, topic: &Topic, matched: Option<&Match>) -> String {
    let what = if topic.section == 0 {
        runbook.title.trim()
    } else {
        topic.title.trim()
    };
    let service = runbook.front.service.as_deref();
    let place = if topic.section == 0 {
        service
    } else if asks_or_orders(what) {
        // "Find out which cause it is" tells nothing of the error; the runbook's title does.
        Some(runbook.title.as_str())
    } else {
        service.or(Some(runbook.title.as_str()))
    };
    let place = place
        .map(str::trim)
        .filter(|place| !place.is_empty() && !overlap(place, what));
    let placed = place.map(|place| format!("{}: {what}", shortened(place, PART)));
    // What the topic says comes before where it stands, when a title has no room for both.
    let placed = placed.filter(|title| title.chars().count() <= LONGEST);
    let mut title = placed.unwrap_or_else(|| what.to_owned());
    if !what.contains(char::is_whitespace)
        && let Some(said) = matched.and_then(said)
    {
        title = format!("{title}, {said}");
    }
    title
}

/// Returns true for a title that is a question or an instruction.
fn asks_or_orders(title: &str) -> bool {
    let words = [
        "check",
        "debug",
        "decide",
        "determine",
        "do",
        "find",
        "first",
        "fix",
        "get",
        "how",
        "identify",
        "inspect",
        "look",
        "make",
        "rule",
        "run",
        "see",
        "steps",
        "try",
        "verify",
        "what",
        "when",
        "where",
        "which",
        "why",
    ];
    let first = title.split_whitespace().next().unwrap_or_default().to_lowercase();
    title.ends_with('?') || words.contains(&first.trim_end_matches(':'))
}

/// Returns true when one of two names contains the other.
fn overlap(one: &str, other: &str) -> bool {
    let (one, other) = (one.to_lowercase(), other.to_lowercase());
    one.contains(&other) || other.contains(&one)
}

/// The message of the line that gives a code or an alert: its first sentence, without the code.
fn said(matched: &Match) -> Option<String> {
    let by_name = |evidence: &&Evidence| matches!(evidence.kind, SignatureKind::Code | SignatureKind::Alert);
    let evidence = matched.evidence.iter().find(by_name)?;
    // Only the beginning of a line can become part of a title.
    let line: String = evidence.text.chars().take(10 * PART).collect();
    // The message stands behind the code, or before it: "E1: gone", "Gone. Try again. (E1)".
    let (before, after) = line.split_once(&evidence.signature).unwrap_or((&line, ""));
    let sentences = after.split(". ").chain(before.split(". "));
    let sentence = sentences.into_iter().find(|sentence| words(sentence) >= 2)?;
    let is_around = |c: char| c.is_whitespace() || c.is_ascii_punctuation() && !matches!(c, '\'' | '"' | '`');
    let sentence = sentence.trim_matches(is_around);
    let sentence = sentence.split_whitespace().collect::<Vec<_>>().join(" ");
    (words(&sentence) >= 2).then(|| shortened(&sentence, PART))
}

fn words(text: &str) -> usize {
    let is_word = |word: &&str| word.chars().filter(|c| c.is_alphabetic()).count() >= 2;
    text.split_whitespace().filter(is_word).count()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::runbook::TopicId;

    #[test]
    fn a_question_or_an_instruction_gets_the_title_of_its_runbook() {
        for (heading, expected) in [
            ("Find out what it is", "The gate is shut: Find out what it is"),
            ("Is the bolt stuck?", "The gate is shut: Is the bolt stuck?"),
            ("The bolt is stuck", "gateway: The bolt is stuck"),
        ] {
            let text = format!("---\nservice: gateway\n---\n# The gate is shut\n\n## {heading}\n\n1. Look.\n");
            let runbook = crate::runbook::parse("a.md", &text, &BTreeMap::new()).0.unwrap();
            assert_eq!(card_title(&runbook, runbook.topic(1).unwrap(), None), expected);
        }
    }

    #[test]
    fn a_bare_code_gets_its_place_and_its_message() {
        for (title, service, line, expected) in [
            (
                "Gateway log-in",
                "",
                "Not authorized. Log in and try again. (G7)",
                "Gateway log-in: G7, Not authorized",
            ),
            (
                "Log-in",
                "gateway",
                "G7: token exchange refused",
                "gateway: G7, token exchange refused",
            ),
            ("Log-in", "gateway", "G7", "gateway: G7"),
            ("G7 in the log", "", "[G7] the door is open!", "G7, the door is open"),
        ] {
            let text = format!("---\nservice: \"{service}\"\n---\n# {title}\n\n## G7\n\n1. Log in.\n");
            let runbook = crate::runbook::parse("a.md", &text, &BTreeMap::new()).0.unwrap();
            let topic = runbook.topic(1).unwrap();
            let matched = Match {
                topic: TopicId { runbook: 0, section: 1 },
                confidence: 1.0,
                answered: true,
                evidence: vec![Evidence {
                    line: 1,
                    text: line.to_owned(),
                    signature: "G7".to_owned(),
                    kind: SignatureKind::Code,
                }],
                ..Match::default()
            };
            assert_eq!(card_title(&runbook, topic, Some(&matched)), expected);
        }
    }
}
