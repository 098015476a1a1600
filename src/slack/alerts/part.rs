//! The parts of a message that may be about an alert: each attachment, and the message without its attachments.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use crate::slack::decode::{array, string};
use crate::slack::text::{attachment_text, own_text};

/// Longest text that counts as a headline.
const HEADLINE: usize = 500;

/// The features by which alerts are recognised.
#[derive(Debug, Default)]
pub(super) struct AlertFeatures {
    /// Texts that hold the state and the name, most trusted first; plain, one line each.
    pub(super) heads: Vec<String>,
    /// Addresses of the links in the headlines.
    pub(super) links: Vec<String>,
    /// The whole text, plain.
    pub(super) body: String,
    /// Names and footers of the sender, in lower case.
    pub(super) speaker: String,
}

impl AlertFeatures {
    /// Returns true when the sender's names or footers contain the product's name.
    pub(super) fn is_by(&self, product: &str) -> bool {
        self.speaker.contains(product)
    }

    /// Returns the first result of a function on the links.
    pub(super) fn link<T>(&self, find: impl Fn(&str) -> Option<T>) -> Option<T> {
        self.links.iter().find_map(|link| find(link))
    }
}

/// Returns the attachments of a message, each as a part.
pub(super) fn attached(message: &Value) -> impl Iterator<Item = AlertFeatures> {
    array(message.get("attachments")).iter().map(|attachment| {
        let heads = ["title", "pretext", "text", "fallback"];
        let mut part = of(
            heads.iter().filter_map(|key| string(attachment, key)),
            attachment,
            &attachment_text(attachment),
        );
        part.links.extend(string(attachment, "title_link"));
        let speaker = ["footer", "author_name"]
            .iter()
            .filter_map(|key| string(attachment, key));
        part.speaker = speakers(message, speaker);
        part
    })
}

/// Returns the message without its attachments.
pub(super) fn own(message: &Value) -> AlertFeatures {
    let mut part = of(string(message, "text").into_iter(), message, &own_text(message));
    part.speaker = speakers(message, std::iter::empty());
    part
}

fn of(heads: impl Iterator<Item = String>, blocks: &Value, text: &str) -> AlertFeatures {
    let of_blocks = array(blocks.get("blocks")).iter().filter_map(|block| {
        let text = block.get("text")?;
        string(block, "text").or_else(|| string(text, "text"))
    });
    let mut part = AlertFeatures {
        body: plain(text),
        ..AlertFeatures::default()
    };
    for head in heads.chain(of_blocks.take(3)) {
        let Some(line) = head.lines().find(|line| !line.trim().is_empty()) else {
            continue;
        };
        part.links.extend(links(line));
        let line = plain(line);
        if line.len() <= HEADLINE && !part.heads.contains(&line) {
            part.heads.push(line);
        }
    }
    part
}

fn speakers(message: &Value, more: impl Iterator<Item = String>) -> String {
    let profile = message.get("bot_profile").and_then(|profile| string(profile, "name"));
    string(message, "username")
        .into_iter()
        .chain(profile)
        .chain(more)
        .collect::<Vec<_>>()
        .join("\n")
        .to_lowercase()
}

fn links(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '|' | '(' | ')'))
        .filter(|word| word.starts_with("https://") || word.starts_with("http://"))
        .map(|link| link.replace("&amp;", "&"))
}

/// Removes mark-up, escapes and emoji from a text.
pub(super) fn plain(text: &str) -> String {
    static LINK: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"<(?:[^<>|\n]*\|)?([^<>\n]*)>").ok());
    static EMOJI: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"(^|\s):[a-z0-9_+'-]+:(\s|$)").ok());
    let replace = |pattern: &Option<Regex>, text: &str, with: &str| match pattern {
        Some(pattern) => pattern.replace_all(text, with).into_owned(),
        None => text.to_owned(),
    };
    let text = replace(&LINK, text, "$1");
    let text = text.replace(['*', '~', '`'], "");
    let text = replace(&EMOJI, &text, "$1$2");
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    text.trim().to_owned()
}

/// Keeps the words that stay the same while an alert lasts: measured values, times and dates are left out.
pub(super) fn steady(text: &str) -> String {
    static CHANGING: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(concat!(
            r"(?i)^[(\[]?(?:[-+~≈]?\d+[.,]\d+[a-z%/]*|[-+~≈]?\d+(?:%|ms|s|m|h|d|[kmgt]i?b)|(?:\d+[dhms]){2,}(?:\d+ms)?",
            r"|\d{1,2}:\d{2}(?::\d{2})?(?:[.,]\d+)?z?|\d{4}-\d{2}-\d{2}(?:t\S+)?)[)\],;]?$",
        ))
        .ok()
    });
    text.to_lowercase()
        .split_whitespace()
        .filter(|word| !CHANGING.as_ref().is_some_and(|changing| changing.is_match(word)))
        .collect::<Vec<_>>()
        .join(" ")
}
