//! Text → command.

use core::time::Duration;
use std::sync::LazyLock;

use regex::Regex;

use super::arguments::{Argument, arguments};
use super::{Command, catalogue, typo, unclear};

/// A person's or the bot's mention as Slack writes it.
static MENTION: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"<@[UW][A-Z0-9]+(?:\|[^>]*)?>").ok());

/// How a sentence about a search or a show goes on; a request does not.
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

/// Words of a name after `who`; more are a sentence.
const LONGEST_NAME: usize = 5;

/// Longer than this nobody mutes a channel on purpose.
const LONGEST_MUTE: u64 = 365 * 24 * 60 * 60;

/// Reads what a person asked for. Mentions are no part of it.
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

/// The command that the whole of a text is.
pub(super) fn command(plain: &str) -> Option<Command> {
    let (word, rest) = split(plain);
    if let Some(entry) = catalogue::entry(&word) {
        return (entry.read)(rest);
    }
    let alias = |entry: &&catalogue::Entry| rest.is_empty() && entry.aliases.contains(&word.as_str());
    catalogue::named().find(alias).and_then(|entry| (entry.read)(rest))
}

/// The first word, ready to be compared, and what follows it, with the line break when that begins a new line. What only
/// ends a sentence is no part of either.
pub(super) fn split(plain: &str) -> (String, &str) {
    let end = plain.find(char::is_whitespace).unwrap_or(plain.len());
    let (word, rest) = plain.split_at(end);
    let word = word.trim_end_matches([':', ',']).to_lowercase();
    let bare = word.trim_end_matches(['!', '?', '.']);
    let alone = rest.trim().is_empty() && !bare.is_empty();
    let rest = rest.trim_end().trim_start_matches([' ', '\t']);
    (if alone { bare.to_owned() } else { word }, rest)
}

/// `help` alone or `help COMMAND`; "help me, my cluster is down" is something to find.
pub(super) fn help(rest: &str) -> Option<Command> {
    if rest.is_empty() {
        return Some(Command::Help);
    }
    let name = rest.to_lowercase();
    catalogue::entry(&name).map(|_| Command::HelpOn(name))
}

/// `search WORDS` on one line; more lines only as one quoted or fenced argument, for a paste that happens to start with
/// the word is something to find.
pub(super) fn search(rest: &str) -> Option<Command> {
    let words = match arguments(rest).as_deref() {
        Some([]) => return Some(Command::HelpOn("search".to_owned())),
        Some([Argument { text, quoted: true }]) => text.clone(),
        _ if rest.contains('\n') => return None,
        _ => rest.to_owned(),
    };
    (!words.is_empty() && !tells(&words)).then_some(Command::Search(words))
}

/// "search is broken in prod" tells of a search, it does not ask for one.
fn tells(words: &str) -> bool {
    let mut words = words.split_whitespace();
    words
        .next()
        .is_some_and(|first| TELLS.contains(&first.to_lowercase().as_str()))
        && words.next().is_some()
}

/// `show RUNBOOK [SECTION]`: whether such a runbook is there is for [`resolve`](super::resolve()) to say.
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

/// How people lead up to the name: "who is on call for armada", "who do I call about the logging service".
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

/// `who TEAM`: whether there is such a team is for [`who`](super::who()) to say.
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

/// `run JOB key=value`; "run failed with E0003" is something to find: what follows the job are values, all of them. Where
/// the first of them is one, the others are meant to be: what is wrong with them is for whoever knows the jobs to say.
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

/// Whether a job may be called so: "run A=1" and "run failed: exit=1" are no requests.
pub(super) fn is_job(name: &str) -> bool {
    !name.contains('=') && !name.ends_with(':')
}

/// `get-info CLUSTERID=c1 and more`: a job and a value, whatever follows.
fn begins_with_value(rest: &str) -> bool {
    static BEGINS: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r#"^(?:"[^"\n]+"|“[^”\n]+”|`[^`\n]+`|[^\s=:"“`]+)\s+[A-Za-z_][\w.-]*="#).ok());
    BEGINS.as_ref().is_some_and(|begins| begins.is_match(rest))
}

/// `mute`, `mute 2h`, `mute for 30 minutes`; "mute the alerts of prod" is something to find.
pub(super) fn mute(rest: &str) -> Option<Command> {
    if rest.is_empty() {
        return Some(Command::Mute { for_: None });
    }
    duration(rest).map(|duration| Command::Mute { for_: Some(duration) })
}

/// `2h`, `30 minutes`, `1h30m`: numbers with their units, at least a minute and at most a year.
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
        // Slack's own texts hold them, and people copy them.
        .replace('\u{200b}', "")
}

/// A command in a code span, a fence or asterisks is still that command; a fence around an argument becomes a quotation.
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
