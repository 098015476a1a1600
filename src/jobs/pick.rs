//! Steps that pick a value out of an artifact, such as `key slclient.toml`, `base64`, `toml iam_api_key`.

use serde::Deserialize;
use serde_json::Value;

use super::{ValuePattern, unpack};

/// One step on the way to a value.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Pick {
    /// The value of a line `NAME: value` or `NAME = value`.
    Key(String),
    /// The values that a pattern matches: its group `value`, its first group, or all of it.
    Line(ValuePattern),
    /// A path of a TOML document.
    Toml(Path),
    /// A path of a YAML document.
    Yaml(Path),
    /// A path of a JSON document.
    Json(Path),
    /// Decodes base64.
    Base64,
    /// Unpacks gzip.
    Gzip,
}

/// A path into a tree: `data.0."slclient.toml"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path(Vec<String>);

/// Reason why no value can be read, and nothing can be said of it.
pub(super) type Unreadable = &'static str;

impl Pick {
    /// Returns true when a name in the step suggests that its value is a secret.
    pub(super) fn is_secret(&self) -> bool {
        match self {
            Self::Key(name) => super::masks::secret_like(name),
            Self::Toml(path) | Self::Yaml(path) | Self::Json(path) => {
                path.0.last().is_some_and(|name| super::masks::secret_like(name))
            }
            Self::Line(pattern) => super::masks::secret_like(pattern.as_str()),
            Self::Base64 | Self::Gzip => false,
        }
    }

    fn step(&self, bytes: &[u8]) -> Result<Option<Vec<u8>>, Unreadable> {
        match self {
            Self::Base64 => return unpack::base64(bytes).map(Some),
            Self::Gzip => return unpack::gzip(bytes).map(Some),
            _ => {}
        }
        let text = std::str::from_utf8(bytes).map_err(|_| "is not text")?;
        let value = match self {
            Self::Key(name) => the_one(keyed(text, name))?,
            Self::Line(pattern) => the_one(pattern.values(text).map(str::to_owned))?,
            Self::Toml(path) => path.of(&toml::from_str(text).map_err(|_| "is not TOML")?),
            Self::Yaml(path) => path.of(&serde_saphyr::from_str(text).map_err(|_| "is not YAML")?),
            Self::Json(path) => path.of(&serde_json::from_str(text).map_err(|_| "is not JSON")?),
            Self::Base64 | Self::Gzip => None,
        };
        Ok(value.map(String::into_bytes))
    }
}

/// Applies the steps to an artifact; `None` when the value is plainly absent.
pub(super) fn pick(steps: &[Pick], artifact: &[u8]) -> Result<Option<String>, Unreadable> {
    let mut bytes = artifact.to_vec();
    for step in steps {
        match step.step(&bytes)? {
            Some(next) => bytes = next,
            None => return Ok(None),
        }
    }
    let text = String::from_utf8(bytes).map_err(|_| "is not text")?;
    Ok(Some(text.trim().to_owned()))
}

/// Returns the value, when all of them are the same.
fn the_one(mut values: impl Iterator<Item = String>) -> Result<Option<String>, Unreadable> {
    let Some(first) = values.next() else {
        return Ok(None);
    };
    if values.all(|other| other.trim() == first.trim()) {
        Ok(Some(first))
    } else {
        Err("contains it twice, with different values")
    }
}

/// Returns the values of lines `NAME: value`; that of `NAME: |` is in the lines below.
fn keyed<'t>(text: &'t str, name: &'t str) -> impl Iterator<Item = String> + 't {
    let lines: Vec<&str> = text.lines().collect();
    (0..lines.len()).filter_map(move |at| {
        let line = lines.get(at)?;
        let rest = value_of(line, name)?;
        if !matches!(rest, "|" | "|-" | "|+" | ">" | ">-" | ">+") {
            return Some(unquoted(rest).to_owned());
        }
        let depth = indent(line);
        let below = lines.get(at + 1..)?.iter();
        let block: Vec<&str> = below
            .take_while(|line| line.trim().is_empty() || indent(line) > depth)
            .map(|line| line.trim())
            .collect();
        Some(block.join("\n").trim().to_owned())
    })
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// Returns the text after `NAME:` or `NAME =` at the start of a line, ignoring list marks and quotation marks.
pub(super) fn value_of<'t>(line: &'t str, name: &str) -> Option<&'t str> {
    let line = line.trim().trim_start_matches(['-', '*', '•', '+']).trim_start();
    let (open, line) = match line.chars().next()? {
        mark @ ('"' | '\'' | '`' | '*') => (Some(mark), line.get(1..)?),
        _ => (None, line),
    };
    let rest = line.strip_prefix(name)?;
    let rest = open.map_or(Some(rest), |mark| rest.strip_prefix(mark))?;
    let rest = rest.trim_start();
    Some(rest.strip_prefix([':', '='])?.trim())
}

pub(super) fn unquoted(value: &str) -> &str {
    let value = value.trim().trim_end_matches(',').trim_end();
    ['"', '\'', '`']
        .into_iter()
        .find_map(|mark| value.strip_prefix(mark)?.strip_suffix(mark))
        .unwrap_or(value)
}

impl Path {
    /// Returns the value at the path as text; `None` where there is no value, or `null`.
    fn of(&self, tree: &Value) -> Option<String> {
        let mut at = tree;
        for segment in &self.0 {
            at = match at {
                Value::Array(items) => items.get(segment.parse::<usize>().ok()?)?,
                other => other.get(segment)?,
            };
        }
        match at {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        }
    }
}

impl TryFrom<&str> for Path {
    type Error = String;

    fn try_from(text: &str) -> Result<Self, String> {
        let mut segments = Vec::new();
        let mut rest = text.trim();
        loop {
            let (segment, after) = match rest.strip_prefix('"') {
                Some(quoted) => quoted
                    .split_once('"')
                    .ok_or_else(|| format!("the path `{text}` has an unclosed quote"))?,
                None => rest.split_at(rest.find('.').unwrap_or(rest.len())),
            };
            if segment.is_empty() {
                return Err(format!(
                    "the path `{text}` has an empty part; separate names with single dots"
                ));
            }
            segments.push(segment.to_owned());
            if after.is_empty() {
                return Ok(Self(segments));
            }
            rest = after
                .strip_prefix('.')
                .ok_or_else(|| format!("the path `{text}` needs a dot after `\"{segment}\"`"))?;
        }
    }
}

impl TryFrom<String> for Pick {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let (name, rest) = text.split_once(' ').unwrap_or((text.as_str(), ""));
        let rest = rest.trim();
        match name {
            "base64" if rest.is_empty() => Ok(Self::Base64),
            "gzip" if rest.is_empty() => Ok(Self::Gzip),
            "key" if !rest.is_empty() => Ok(Self::Key(rest.to_owned())),
            "line" if !rest.is_empty() => Ok(Self::Line(ValuePattern::new(rest)?)),
            "toml" if !rest.is_empty() => Ok(Self::Toml(rest.try_into()?)),
            "yaml" if !rest.is_empty() => Ok(Self::Yaml(rest.try_into()?)),
            "json" if !rest.is_empty() => Ok(Self::Json(rest.try_into()?)),
            _ => Err(format!(
                "`{text}` is not a valid pick; write `key NAME`, `line PATTERN`, `toml PATH`, `yaml PATH`, `json PATH`, \
                 `base64` or `gzip`"
            )),
        }
    }
}
