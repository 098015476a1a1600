//! Parser of the text after `run`: `run JOB key=value key="two words"`.

use std::collections::BTreeMap;

use serde::Serialize;

/// A requested run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Name of the job as typed; not looked up yet.
    pub job: String,
    /// Values by parameter.
    pub values: BTreeMap<String, String>,
}

/// A fault that makes the text unreadable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(rename_all = "kebab-case", tag = "fault")]
pub enum UnreadableArguments {
    /// The text names no job.
    #[error("which job? Write run JOB key=value")]
    NoJob,
    /// A quotation is not closed.
    #[error("there is an unclosed quote; write key=\"two words\"")]
    OpenQuote,
    /// A word without `=`.
    #[error(
        "one of the words is not a value; write key=value, and put values with spaces in quotes: key=\"two words\""
    )]
    NoValue {
        /// The word.
        word: String,
    },
    /// A key is given twice.
    #[error("{key} is given twice")]
    Twice {
        /// The key.
        key: String,
    },
}

/// Parses the text after `run`.
///
/// # Errors
///
/// The first fault; its message never repeats a value.
pub fn read(text: &str) -> Result<Asked, UnreadableArguments> {
    let mut words = words(text)?.into_iter();
    let job = words.next().map(|word| word.text).filter(|job| !job.is_empty());
    let job = job.ok_or(UnreadableArguments::NoJob)?;
    let mut values = BTreeMap::new();
    for word in words {
        let Some((key, value)) = word.text.split_once('=').filter(|(key, _)| !key.trim().is_empty()) else {
            return Err(UnreadableArguments::NoValue { word: word.text });
        };
        let key = key.trim().to_owned();
        if values.insert(key.clone(), value.trim().to_owned()).is_some() {
            return Err(UnreadableArguments::Twice { key });
        }
    }
    Ok(Asked { job, values })
}

#[derive(Debug, Default)]
struct ArgumentWord {
    text: String,
    started: bool,
}

/// Splits a text into words; quotation marks, also typographic ones, keep blanks together. An apostrophe inside a word
/// is a letter.
fn words(text: &str) -> Result<Vec<ArgumentWord>, UnreadableArguments> {
    let mut words = Vec::new();
    let mut word = ArgumentWord::default();
    let mut close: Option<&[char]> = None;
    for character in text.chars() {
        match close {
            Some(marks) if marks.contains(&character) => close = None,
            Some(_) => word.text.push(character),
            None if character.is_whitespace() => {
                if word.started {
                    words.push(std::mem::take(&mut word));
                }
            }
            None => {
                let fresh = word.text.is_empty() || word.text.ends_with('=');
                close = pair(character).filter(|_| fresh);
                word.started = true;
                if close.is_none() {
                    word.text.push(character);
                }
            }
        }
    }
    if close.is_some() {
        return Err(UnreadableArguments::OpenQuote);
    }
    if word.started {
        words.push(word);
    }
    Ok(words)
}

fn pair(open: char) -> Option<&'static [char]> {
    match open {
        '"' | '“' | '”' | '„' => Some(&['"', '”', '“']),
        '«' => Some(&['»']),
        '`' => Some(&['`']),
        '\'' | '‘' | '’' => Some(&['\'', '’', '‘']),
        _ => None,
    }
}
