//! Messages that only talk about an error: news that it is over, and plans.

use std::collections::HashSet;

use super::form::is_error_word;
use super::token;
use super::tokenized::TokenizedMessage;

/// Most words of a message that is taken for talk; a longer one may hold an error beside.
const MOST_WORDS: usize = 40;

/// Beginnings of plans, and of questions and requests about work, without apostrophes.
const PLANS: &[&str] = &[
    "can someone add",
    "can someone review",
    "can someone update",
    "can we",
    "could someone review",
    "could we",
    "how many",
    "id like to",
    "lets",
    "shall we",
    "should we",
    "we could",
    "we should",
    "we want to",
    "who owns",
];

/// Words of news that something is over.
const OVER: &[&str] = &["done", "fixed", "recovered", "renewed", "resolved", "rotated", "solved"];

/// Words of questions, and of news that goes on: `fixed it yesterday, but now`.
const GOES_ON: &[&str] = &[
    "after", "again", "anybody", "anyone", "but", "how", "now", "since", "still", "what", "where", "which", "why",
];

/// Returns true when a message tells that an alert is over, and nothing else.
pub(super) fn is_resolved(read: &TokenizedMessage) -> bool {
    let mut lines = read.message.lines.iter().map(|line| line.text.trim()).enumerate();
    let Some((at, first)) = lines.find(|(_, line)| !line.is_empty()) else {
        return false;
    };
    let starts = |text: &str, begin: &str| {
        text.get(..begin.len())
            .is_some_and(|word| word.eq_ignore_ascii_case(begin))
    };
    let first = first.trim_start_matches(|c: char| !c.is_alphanumeric() && c != '[');
    if !["[resolved]", "[resolved:", "resolved:"]
        .iter()
        .any(|begin| starts(first, begin))
    {
        return false;
    }
    let mut rest = read.forms().iter().enumerate().filter(|(line, _)| *line != at);
    !rest.any(|(_, form)| form.errors > 0)
}

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
    let mut plain = String::from(" ");
    token::words(read.text(), |word, _, _| {
        plain.push_str(word);
        plain.push(' ');
    });
    let says = |words: &&str| plain.contains(&format!(" {words} "));
    let form = read.form();
    let over = form.talk > 0 && !form.asks && OVER.iter().any(&says);
    PLANS.iter().any(&says) || over && !GOES_ON.iter().any(says)
}
