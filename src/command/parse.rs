//! Text → command.

use std::sync::LazyLock;

use regex::Regex;

use super::{CATALOGUE, Command};

/// A person's or the bot's mention as Slack writes it.
static MENTION: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"<@[UW][A-Z0-9]+(?:\|[^>]*)?>").ok());

/// How a sentence about a search or a show goes on; a request does not.
const TELLS: [&str; 16] = [
    "is",
    "isn't",
    "isn’t",
    "was",
    "has",
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
];

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
    command(text).unwrap_or_else(|| Command::Find(text.to_owned()))
}

fn command(text: &str) -> Option<Command> {
    let plain = unfenced(&unescape(text));
    let plain = plain.trim();
    let (word, rest) = plain.split_once(char::is_whitespace).unwrap_or((plain, ""));
    let rest = rest.trim();
    match word.trim_end_matches([':', ',']).to_lowercase().as_str() {
        "help" | "help!" | "help?" | "?" => help(rest),
        "search" => search(rest).map(Command::Search),
        "show" => show(rest),
        _ => None,
    }
}

/// `help` alone or `help COMMAND`; "help me, my cluster is down" is something to find.
fn help(rest: &str) -> Option<Command> {
    if rest.is_empty() {
        return Some(Command::Help);
    }
    let name = rest.to_lowercase();
    CATALOGUE
        .iter()
        .any(|entry| entry.name == name)
        .then_some(Command::HelpOn(name))
}

/// `search WORDS` on one line; more lines only as one quoted or fenced argument, for a paste that happens to start with
/// the word is something to find.
fn search(rest: &str) -> Option<String> {
    let words = match arguments(rest).as_deref() {
        Some([Argument { text, quoted: true }]) => return (!text.is_empty()).then(|| text.clone()),
        _ if rest.contains('\n') => return None,
        _ => rest.to_owned(),
    };
    (!words.is_empty() && !tells(&words)).then_some(words)
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
fn show(rest: &str) -> Option<Command> {
    if rest.contains('\n') || tells(rest) {
        return None;
    }
    let arguments = arguments(rest)?;
    let (first, others) = arguments.split_first()?;
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

#[derive(Debug, PartialEq, Eq)]
struct Argument {
    text: String,
    quoted: bool,
}

/// Words and quoted strings; `None` when a quotation does not end.
fn arguments(text: &str) -> Option<Vec<Argument>> {
    let mut out = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let close: &[char] = match first {
            '"' | '“' | '”' | '„' => &['"', '”', '“'],
            '`' => &['`'],
            '‘' => &['’'],
            '\'' => &['\''],
            _ => &[],
        };
        let (argument, after) = if close.is_empty() {
            let (word, after) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
            (
                Argument {
                    text: word.to_owned(),
                    quoted: false,
                },
                after,
            )
        } else {
            let inner = rest.get(first.len_utf8()..)?;
            let (quoted, after) = inner.split_once(close)?;
            (
                Argument {
                    text: quoted.trim().to_owned(),
                    quoted: true,
                },
                after,
            )
        };
        if !argument.text.is_empty() {
            out.push(argument);
        }
        rest = after.trim_start();
    }
    Some(out)
}

fn without_mentions(text: &str) -> String {
    match MENTION.as_ref() {
        Some(mention) => mention.replace_all(text, " ").into_owned(),
        None => text.to_owned(),
    }
}

/// Undoes Slack's escapes and its automatic links (`<http://x.md|x.md>`).
fn unescape(text: &str) -> String {
    static LINK: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"<(?:https?://|mailto:)([^|>\n]*)(?:\|([^>\n]*))?>").ok());
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
}

/// A command in a code span or fence is still that command; a fence around an argument becomes a quotation.
fn unfenced(text: &str) -> String {
    let text = text.trim();
    for fence in ["```", "`"] {
        if let Some(inner) = text.strip_prefix(fence).and_then(|rest| rest.strip_suffix(fence))
            && !inner.contains('`')
        {
            return inner.trim().to_owned();
        }
    }
    text.replace("```", "`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quotation_is_one_argument() {
        let found = arguments(r#"a "b c" “d e” `f g`"#).unwrap_or_default();
        let texts: Vec<&str> = found.iter().map(|argument| argument.text.as_str()).collect();
        assert_eq!(texts, ["a", "b c", "d e", "f g"]);
        assert_eq!(arguments("\"open"), None);
    }
}
