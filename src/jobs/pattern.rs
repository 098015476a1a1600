//! Regular expressions of the registry: linear in the text, and limited in size.

use regex::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};

/// Size limit of the compiled form, in bytes.
const MOST_PROGRAM: usize = 1 << 20;

/// A regular expression that compiles. `^` and `$` match at the beginnings and ends of lines.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct ValuePattern {
    text: String,
    anywhere: Regex,
    whole: Regex,
}

impl ValuePattern {
    /// Compiles a pattern.
    ///
    /// # Errors
    ///
    /// A sentence with the pattern and its fault.
    pub fn new(text: &str) -> Result<Self, String> {
        let compile = |pattern: &str, lines: bool| {
            RegexBuilder::new(pattern)
                .multi_line(lines)
                .size_limit(MOST_PROGRAM)
                .build()
                .map_err(|cause| {
                    let last = cause.to_string();
                    let last = last.lines().last().unwrap_or_default().trim();
                    let last = last.strip_prefix("error: ").unwrap_or(last);
                    format!("the pattern `{text}` is not a valid regular expression: {last}")
                })
        };
        Ok(Self {
            text: text.to_owned(),
            anywhere: compile(text, true)?,
            whole: compile(&format!(r"\A(?:{text})\z"), false)?,
        })
    }

    /// Returns the pattern as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns true when the whole text matches.
    pub fn is_whole(&self, text: &str) -> bool {
        self.whole.is_match(text)
    }

    /// Returns true when the pattern matches anywhere in the text.
    pub fn is_in(&self, text: &str) -> bool {
        self.anywhere.is_match(text)
    }

    /// Returns the value of each match: its group `value`, else its first group, else all of it.
    pub fn values<'t>(&self, text: &'t str) -> impl Iterator<Item = &'t str> {
        self.anywhere.captures_iter(text).filter_map(|found| {
            let value = found.name("value").or_else(|| found.get(1)).or_else(|| found.get(0));
            value.map(|value| value.as_str())
        })
    }
}

impl TryFrom<String> for ValuePattern {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::new(&text)
    }
}

impl PartialEq for ValuePattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for ValuePattern {}

impl Serialize for ValuePattern {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}
