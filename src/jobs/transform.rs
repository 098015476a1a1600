//! How a value is rewritten before it is used: `kebab-case`, `replace . -`, `extract -([a-z]{3}[0-9]{2})-`.

use serde::Deserialize;

use super::Pattern;

/// One rewriting of a value.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Transform {
    /// Lower case, everything but letters and digits a `-`: `prod-wdc04.carrier107` → `prod-wdc04-carrier107`.
    KebabCase,
    /// Lower case.
    LowerCase,
    /// Upper case.
    UpperCase,
    /// Every `from` becomes `to`.
    Replace {
        /// What is replaced.
        from: String,
        /// By what; may be nothing.
        to: String,
    },
    /// What the pattern finds first: its group, or all of it.
    Extract(Pattern),
}

impl Transform {
    /// The value rewritten; `None` when it does not hold what is looked for.
    pub fn apply(&self, value: &str) -> Option<String> {
        Some(match self {
            Self::KebabCase => kebab(value),
            Self::LowerCase => value.to_lowercase(),
            Self::UpperCase => value.to_uppercase(),
            Self::Replace { from, to } => value.replace(from.as_str(), to),
            Self::Extract(pattern) => pattern.values(value).next()?.to_owned(),
        })
    }

    /// All of them, one after the other.
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
            ("extract", rest) if !rest.trim().is_empty() => Ok(Self::Extract(Pattern::new(rest.trim())?)),
            _ => Err(format!(
                "`{text}` is no transform; write kebab-case, lower-case, upper-case, `replace . -` or `extract PATTERN`"
            )),
        }
    }
}
