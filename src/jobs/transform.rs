//! Transforms that rewrite a value before it is used: `kebab-case`, `replace . -`, `extract -([a-z]{3}[0-9]{2})-`.

use serde::Deserialize;

use super::ValuePattern;

/// One transform of a value.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Transform {
    /// Converts to lower case, and each run of other characters than letters and digits to one `-`:
    /// `prod-wdc04.carrier107` → `prod-wdc04-carrier107`.
    KebabCase,
    /// Converts to lower case.
    LowerCase,
    /// Converts to upper case.
    UpperCase,
    /// Replaces every `from` with `to`.
    Replace {
        /// Text to replace.
        from: String,
        /// Replacement; may be empty.
        to: String,
    },
    /// Keeps the first match of the pattern: its group, or all of it.
    Extract(ValuePattern),
}

impl Transform {
    /// Applies the transform; `None` when the value does not contain what it extracts.
    pub fn apply(&self, value: &str) -> Option<String> {
        Some(match self {
            Self::KebabCase => kebab(value),
            Self::LowerCase => value.to_lowercase(),
            Self::UpperCase => value.to_uppercase(),
            Self::Replace { from, to } => value.replace(from.as_str(), to),
            Self::Extract(pattern) => pattern.values(value).next()?.to_owned(),
        })
    }

    /// Applies several transforms, one after the other, to the trimmed value.
    pub fn all(transforms: &[Self], value: &str) -> Option<String> {
        let first = value.trim().to_owned();
        transforms
            .iter()
            .try_fold(first, |value, transform| transform.apply(&value))
    }
}

fn kebab(value: &str) -> String {
    let words: Vec<&str> = value
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    words.join("-").to_lowercase()
}

impl TryFrom<String> for Transform {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let (name, rest) = text.split_once(' ').unwrap_or((text.as_str(), ""));
        match (name, rest) {
            ("kebab-case", "") => Ok(Self::KebabCase),
            ("lower-case", "") => Ok(Self::LowerCase),
            ("upper-case", "") => Ok(Self::UpperCase),
            ("replace", rest) if !rest.trim().is_empty() => {
                let (from, to) = rest.trim().split_once(' ').unwrap_or((rest.trim(), ""));
                Ok(Self::Replace {
                    from: from.to_owned(),
                    to: to.trim().to_owned(),
                })
            }
            ("extract", rest) if !rest.trim().is_empty() => Ok(Self::Extract(ValuePattern::new(rest.trim())?)),
            _ => Err(format!(
                "`{text}` is not a transform; write kebab-case, lower-case, upper-case, `replace . -` or `extract PATTERN`"
            )),
        }
    }
}
