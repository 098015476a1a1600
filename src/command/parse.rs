//! Parser of commands.

use core::time::Duration;
use std::sync::LazyLock;

use regex::Regex;

use super::arguments::{Argument, arguments};
use super::{Command, catalogue, typo, unclear};

/// A person's or the bot's mention as Slack writes it.
static MENTION: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"<@[UW][A-Z0-9]+(?:\|[^>]*)?>").ok());

/// Words that follow `search` or `show` in a statement about one; a request does not continue with them.
const TELLS: [&str; 20] = [
    "is",
    "isn't",
    "isn’t",
    "are",
    "was",
    "were",
    "has",
    "had",
    "does",
    "doesn't",
    "doesn’t",
    "fails",
    "failed",
    "failing",
    "returns",
    "gives",
    "stopped",
    "keeps",
    "times",
    "did",
];

/// Maximum number of words of a name after `who`; a longer text is a sentence.
const LONGEST_NAME: usize = 5;

/// Longest mute, in seconds: a year. Nobody mutes a channel for longer on purpose.
const LONGEST_MUTE: u64 = 365 * 24 * 60 * 60;

/// Parses a person's request. Mentions are ignored.
pub fn parse(text: &str) -> Command {
    let addressed = text.trim_start().starts_with("<@");
    let text = without_mentions(text);
    let text = text.trim();
    // "@signpost: help"
    let text = if addressed {
        text.trim_start_matches([':', ',']).trim_start()
    } else {
        text
    };
    if text.is_empty() {
        return Command::Empty;
    }
    let plain = unfenced(&unescape(text));
    let plain = plain.trim();
    command(plain)
        .or_else(|| typo::typo(plain))
        .or_else(|| unclear::unclear(plain))
        .unwrap_or_else(|| Command::Find(text.to_owned()))
}

/// Parses a text that is a command as a whole.
pub(super) fn command(plain: &str) -> Option<Command> {
    let (word, rest) = split(plain);
    if let Some(entry) = catalogue::entry(&word) {
        return (entry.read)(rest);
    }
    let alias = |entry: &&catalogue::Entry| rest.is_empty() && entry.aliases.contains(&word.as_str());
    catalogue::named().find(alias).and_then(|entry| (entry.read)(rest))
}

/// Splits a text into its first word, in lower case, and the rest, which keeps the line break when it begins a new
/// line. Punctuation after the word that only ends a phrase is dropped.
pub(super) fn split(plain: &str) -> (String, &str) {
    let end = plain.find(char::is_whitespace).unwrap_or(plain.len());
    let (word, rest) = plain.split_at(end);
    let word = word.trim_end_matches([':', ',']).to_lowercase();
    let bare = word.trim_end_matches(['!', '?', '.']);
    let alone = rest.trim().is_empty() && !bare.is_empty();
    let rest = rest.trim_end().trim_start_matches([' ', '\t']);
    (if alone { bare.to_owned() } else { word }, rest)
}

/// Parses `help` alone or `help COMMAND`; "help me, my cluster is down" is something to find.
pub(super) fn help(rest: &str) -> Option<Command> {
    if rest.is_empty() {
        return Some(Command::Help);
    }
    let name = rest.to_lowercase();
    catalogue::entry(&name).map(|_| Command::HelpOn(name))
}

/// Parses `search WORDS` on one line. Several lines must be one quoted or fenced argument: a paste that happens to
/// start with the word is something to find.
pub(super) fn search(rest: &str) -> Option<Command> {
    let words = match arguments(rest).as_deref() {
        Some([]) => return Some(Command::HelpOn("search".to_owned())),
        Some([Argument { text, quoted: true }]) => text.clone(),
        _ if rest.contains('\n') => return None,
        _ => rest.to_owned(),
    };
    (!words.is_empty() && !tells(&words)).then_some(Command::Search(words))
}

/// Tells whether the words continue a statement, such as "search is broken in prod", rather than a request.
fn tells(words: &str) -> bool {
    let mut words = words.split_whitespace();
    words
        .next()
        .is_some_and(|first| TELLS.contains(&first.to_lowercase().as_str()))
        && words.next().is_some()
}

/// Parses `show RUNBOOK [SECTION]`; [`resolve`](super::resolve()) tells whether the runbook exists.
pub(super) fn show(rest: &str) -> Option<Command> {
    if rest.contains('\n') || tells(rest) {
        return None;
    }
    let arguments = arguments(rest)?;
    let Some((first, others)) = arguments.split_first() else {
        return Some(Command::HelpOn("show".to_owned()));
    };
    let section = others
        .iter()
        .map(|argument| argument.text.as_str())
        .collect::<Vec<_>>()
        .join(" ");
    Some(Command::Show {
        runbook: first.text.clone(),
        section: (!section.is_empty()).then_some(section),
    })
}

/// Phrases before the name: "who is on call for armada", "who do I call about the logging service".
static LEADS_UP: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?ix)^(?:
            (?:is|are) \s+ (?:the\s+)? (?:on[-\s]?call|responsible|in\s+charge|owners?|contacts?) (?:\s+(?:for|of))?
          | owns | supports | maintains
          | (?:do|should|can|must|to) \s+ (?:(?:i|we)\s+)? (?:call|page|ask|contact|escalate|talk|turn)
            (?:\s+ (?:about|for|with|to|at|in))?
        ) \s+ (?:the\s+)?",
    )
    .ok()
});

/// Parses `who TEAM`; [`who`](super::who()) tells whether the team exists.
pub(super) fn who(rest: &str) -> Option<Command> {
    if rest.is_empty() {
        return Some(Command::HelpOn("who".to_owned()));
    }
    let name = rest.trim_end_matches(['?', '!', '.']).trim_end();
    let name = match LEADS_UP.as_ref() {
        Some(leads_up) => leads_up.replace(name, ""),
        None => name.into(),
    };
    let words: Vec<String> = arguments(&name)?.into_iter().map(|argument| argument.text).collect();
    let is_name = !name.contains('\n') && (1..=LONGEST_NAME).contains(&words.len()) && !tells(&name);
    is_name.then(|| Command::Who(words.join(" ")))
}

/// Parses `run JOB key=value`. "run failed with E0003" is something to find: everything after the job must be a value.
/// When the first of them is one, the text is a command even if others are malformed; the caller that knows the jobs
/// reports the error.
pub(super) fn run(rest: &str) -> Option<Command> {
    if rest.is_empty() {
        return Some(Command::HelpOn("run".to_owned()));
    }
    let rest = rest.trim_start();
    let is_run = match crate::jobs::arguments::read(rest) {
        Ok(asked) => is_job(&asked.job),
        Err(_) => begins_with_value(rest),
    };
    is_run.then(|| Command::Run(rest.to_owned()))
}

/// Tells whether a job may have this name: "run A=1" and "run failed: exit=1" are not requests.
pub(super) fn is_job(name: &str) -> bool {
    !name.contains('=') && !name.ends_with(':')
}

/// Tells whether the text begins with a job and a value, whatever follows: `get-info CLUSTERID=c1 and more`.
fn begins_with_value(rest: &str) -> bool {
    static BEGINS: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r#"^(?:"[^"\n]+"|“[^”\n]+”|`[^`\n]+`|[^\s=:"“`]+)\s+[A-Za-z_][\w.-]*="#).ok());
    BEGINS.as_ref().is_some_and(|begins| begins.is_match(rest))
}

/// Parses `mute`, `mute 2h`, `mute for 30 minutes`; "mute the alerts of prod" is something to find.
pub(super) fn mute(rest: &str) -> Option<Command> {
    if rest.is_empty() {
        return Some(Command::Mute { for_: None });
    }
    duration(rest).map(|duration| Command::Mute { for_: Some(duration) })
}

/// Parses a duration (`2h`, `30 minutes`, `1h30m`): numbers with their units, at least a minute and at most a year.
fn duration(text: &str) -> Option<Duration> {
    static PART: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r"^(\d{1,5})\s*(m(?:in(?:ute)?s?)?|h(?:(?:ou)?rs?)?|d(?:ays?)?|w(?:eeks?)?)\s*").ok()
    });
    let text = text.to_lowercase();
    let mut rest = text.strip_prefix("for ").unwrap_or(&text);
    let mut seconds: u64 = 0;
    while !rest.is_empty() {
        let part = PART.as_ref()?.captures(rest)?;
        let number: u64 = part.get(1)?.as_str().parse().ok()?;
        let unit = match part.get(2)?.as_str().chars().next()? {
            'm' => 60,
            'h' => 60 * 60,
            'd' => 24 * 60 * 60,
            _ => 7 * 24 * 60 * 60,
        };
        seconds = seconds.checked_add(number.checked_mul(unit)?)?;
        rest = rest.get(part.get(0)?.end()..)?;
    }
    (60..=LONGEST_MUTE)
        .contains(&seconds)
        .then(|| Duration::from_secs(seconds))
}

fn without_mentions(text: &str) -> String {
    match MENTION.as_ref() {
        Some(mention) => mention.replace_all(text, " ").into_owned(),
        None => text.to_owned(),
    }
}

/// Undoes Slack's escapes, its automatic links (`<http://x.md|x.md>`) and channels (`<#C0ABC|name>`).
fn unescape(text: &str) -> String {
    static LINK: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"<(?:https?://|mailto:|#)([^|>\n]*)(?:\|([^>\n]*))?>").ok());
    let text = match LINK.as_ref() {
        Some(link) => link.replace_all(text, |found: &regex::Captures<'_>| {
            found
                .get(2)
                .or_else(|| found.get(1))
                .map(|part| part.as_str().to_owned())
                .unwrap_or_default()
        }),
        None => text.into(),
    };
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
        .replace('\u{a0}', " ")
        // Slack's own texts contain zero-width spaces, and people copy them.
        .replace('\u{200b}', "")
}

/// Unwraps a command in a code span, a fence, asterisks or underscores; a fence around an argument becomes a quotation.
fn unfenced(text: &str) -> String {
    let text = text.trim();
    for fence in ["```", "`", "*", "_"] {
        if let Some(inner) = text.strip_prefix(fence).and_then(|rest| rest.strip_suffix(fence))
            && !inner.contains(fence)
            && !inner.contains('`')
        {
            return inner.trim().to_owned();
        }
    }
    text.replace("```", "`")
}
