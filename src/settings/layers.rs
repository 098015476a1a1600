//! The layers of settings, merged, with the origin of each value.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use config::{Config, ConfigError, File, FileFormat, Map, Source as _, Value, ValueKind};
use serde::de::DeserializeOwned;

use super::Error;
use super::kinds::{self, REPEATED};

/// Settings that are lists: values from the environment are split at commas.
const LISTS: &[&str] = &[
    "slack.allowed_bots",
    "runbooks.ignore",
    "answers.mute_by",
    "net.ca_files",
];
/// Settings that are secrets: never read from settings files.
const SECRETS: &[&str] = &[
    "slack.bot_token",
    "slack.app_token",
    "slack.signing_secret",
    "runbooks.hook_secret",
];

const PREFIX: &str = "SIGNPOST__";
const ENVIRONMENT: &str = "the environment";
const BUILT_IN: &str = "the built-in default.toml";

/// All layers, merged.
pub(super) struct Layers {
    merged: Config,
    table: Map<String, Value>,
    environment: HashMap<String, String>,
}

impl Layers {
    pub(super) fn built_in() -> Result<Self, Error> {
        Self::merge(&[], HashMap::new())
    }

    pub(super) fn read(folder: Option<&Path>, environment: HashMap<String, String>) -> Result<Self, Error> {
        let folder = match folder {
            Some(folder) if !folder.is_dir() => return Err(Error::NoFolder(folder.to_owned())),
            Some(folder) => folder.to_owned(),
            None => PathBuf::from("config"),
        };
        let mut files = Vec::new();
        for name in ["default.toml", "local.toml"] {
            let path = folder.join(name);
            if !path.exists() {
                continue;
            }
            let text = std::fs::read_to_string(&path).map_err(|cause| Error::Unreadable {
                path: path.clone(),
                cause,
            })?;
            files.push((path.display().to_string(), text));
        }
        Self::merge(&files, environment)
    }

    fn merge(files: &[(String, String)], environment: HashMap<String, String>) -> Result<Self, Error> {
        let known = known_keys()?;
        let mut builder = Config::builder().add_source(File::from_str(super::DEFAULT, FileFormat::Toml));
        for (place, text) in files {
            let layer = layer(place, text)?;
            let mut keys = Vec::new();
            flatten("", &layer, &mut keys);
            for key in keys {
                if SECRETS.contains(&key.as_str()) {
                    return Err(Error::SecretInFile {
                        place: place.clone(),
                        variable: variable(&key),
                        key,
                    });
                }
                check_known(place, &key, &known)?;
            }
            builder = builder.add_source(Placed(layer));
        }
        let (ours, rest): (HashMap<_, _>, HashMap<_, _>) =
            environment.into_iter().partition(|(name, _)| name.starts_with(PREFIX));
        for name in ours.keys() {
            let key = key_of(name);
            if !SECRETS.contains(&key.as_str()) {
                check_known(name, &key, &known)?;
            }
        }
        let mut source = config::Environment::with_prefix("SIGNPOST")
            .prefix_separator("__")
            .separator("__")
            .try_parsing(true)
            .list_separator(",")
            .source(Some(
                ours.clone()
                    .into_iter()
                    .filter(|(name, _)| !SECRETS.contains(&key_of(name).as_str()))
                    .collect(),
            ));
        for list in LISTS {
            source = source.with_list_parse_key(list);
        }
        let merged = builder
            .add_source(source)
            .build()
            .map_err(|cause| from_config(&cause))?;
        let table = merged.collect().map_err(|cause| from_config(&cause))?;
        let defaults = layer(BUILT_IN, super::DEFAULT)?;
        kinds::check(&table, &defaults, &|value, key| place(value.origin(), key))?;
        let environment = ours.into_iter().chain(rest).collect();
        Ok(Self {
            merged,
            table,
            environment,
        })
    }

    pub(super) fn deserialize<T: DeserializeOwned>(&self) -> Result<T, Error> {
        self.merged
            .clone()
            .try_deserialize()
            .map_err(|cause| from_config(&cause))
    }

    /// Returns a variable of the environment, unless it is empty.
    pub(super) fn variable(&self, name: &str) -> Option<&str> {
        self.environment
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// Builds the error for a secret in a settings file.
    pub(super) fn secret_in_file(&self, key: &str) -> Error {
        Error::SecretInFile {
            place: place(self.origin(key), key),
            key: key.to_owned(),
            variable: variable(key),
        }
    }

    /// Returns true when a file or the environment sets a key.
    pub(super) fn is_set(&self, key: &str) -> bool {
        self.origin(key).is_some()
    }

    /// Builds the error for a value of the right kind that makes no sense.
    pub(super) fn wrong(&self, key: &str, problem: impl Into<String>, remedy: impl Into<String>) -> Error {
        Error::Value {
            place: place(self.origin(key), key),
            key: key.to_owned(),
            problem: problem.into(),
            remedy: remedy.into(),
        }
    }

    /// The origin of a key's value: a file, or the environment; `None` for the built-in value.
    fn origin(&self, key: &str) -> Option<&str> {
        let mut at = None;
        let mut table = Some(&self.table);
        for part in key.split('.') {
            let value = table.and_then(|table| table.get(part));
            at = value;
            table = value.and_then(|value| {
                if let ValueKind::Table(table) = &value.kind {
                    Some(table)
                } else {
                    None
                }
            });
        }
        at.and_then(Value::origin)
    }
}

/// Returns the name of the variable that sets a key.
pub(super) fn variable(key: &str) -> String {
    format!("{PREFIX}{}", key.replace('.', "__").to_uppercase())
}

fn key_of(variable: &str) -> String {
    variable
        .strip_prefix(PREFIX)
        .unwrap_or(variable)
        .to_lowercase()
        .replace("__", ".")
}

fn place(origin: Option<&str>, key: &str) -> String {
    match origin {
        Some(ENVIRONMENT) => variable(key),
        Some(origin) => origin.to_owned(),
        None => BUILT_IN.to_owned(),
    }
}

/// The values of a file, each with the file as its origin.
#[derive(Debug, Clone)]
struct Placed(Map<String, Value>);

impl config::Source for Placed {
    fn clone_into_box(&self) -> Box<dyn config::Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, ConfigError> {
        Ok(self.0.clone())
    }
}

fn layer(place: &str, text: &str) -> Result<Map<String, Value>, Error> {
    let table = File::from_str(text, FileFormat::Toml)
        .collect()
        .map_err(|cause| Error::Syntax {
            place: place.to_owned(),
            cause: match cause {
                ConfigError::FileParse { cause, .. } => cause.to_string(),
                other => other.to_string(),
            },
        })?;
    let origin = place.to_owned();
    Ok(table
        .into_iter()
        .map(|(key, value)| (key, placed(&origin, value)))
        .collect())
}

fn placed(origin: &String, value: Value) -> Value {
    let kind = match value.kind {
        ValueKind::Table(table) => ValueKind::Table(
            table
                .into_iter()
                .map(|(key, value)| (key, placed(origin, value)))
                .collect(),
        ),
        ValueKind::Array(items) => ValueKind::Array(items.into_iter().map(|item| placed(origin, item)).collect()),
        other => other,
    };
    Value::new(Some(origin), kind)
}

fn known_keys() -> Result<BTreeSet<String>, Error> {
    let mut keys = Vec::new();
    flatten("", &layer(BUILT_IN, super::DEFAULT)?, &mut keys);
    Ok(keys
        .into_iter()
        .chain(REPEATED.iter().map(|(key, ..)| (*key).to_owned()))
        .collect())
}

/// Collects the keys of a table, joined by dots; keys of tables in a list are placed under the list's name.
fn flatten(above: &str, table: &Map<String, Value>, keys: &mut Vec<String>) {
    for (key, value) in table {
        let key = if above.is_empty() {
            key.clone()
        } else {
            format!("{above}.{key}")
        };
        match &value.kind {
            ValueKind::Table(table) => flatten(&key, table, keys),
            ValueKind::Array(items) if items.iter().any(|item| matches!(item.kind, ValueKind::Table(_))) => {
                for item in items {
                    if let ValueKind::Table(table) = &item.kind {
                        flatten(&key, table, keys);
                    }
                }
            }
            _ => keys.push(key),
        }
    }
}

fn check_known(place: &str, key: &str, known: &BTreeSet<String>) -> Result<(), Error> {
    if known.contains(key) || known.iter().any(|known| known.starts_with(&format!("{key}."))) {
        return Ok(());
    }
    let nearest = known
        .iter()
        .map(String::as_str)
        .chain(SECRETS.iter().copied())
        .filter_map(|known| Some((distance(key, known)?, known)))
        .min_by_key(|(distance, known)| (*distance, is_repeated(known)))
        .map(|(_, known)| known.to_owned());
    Err(Error::Unknown {
        place: place.to_owned(),
        key: key.to_owned(),
        nearest,
    })
}

/// Returns true when a key belongs to a table that may occur several times: more often the other table of that name is
/// meant.
fn is_repeated(key: &str) -> bool {
    REPEATED.iter().any(|(repeated, ..)| *repeated == key)
}

/// Distance between two keys, if one may be a misspelling of the other: both section and name are equal or a few
/// letters apart, or the name is right and the section is missing or a different one.
fn distance(key: &str, known: &str) -> Option<usize> {
    /// Distance that a different section counts as, in letters.
    const OTHER_SECTION: usize = 4;
    let split = |key: &str| {
        let (section, name) = key.rsplit_once('.').unwrap_or(("", key));
        (section.to_owned(), name.to_owned())
    };
    let ((section, name), (known_section, known_name)) = (split(key), split(known));
    let names = letters(&name, &known_name)?;
    match letters(&section, &known_section) {
        Some(sections) => Some(names + sections),
        None if names == 0 => Some(OTHER_SECTION),
        None => None,
    }
}

/// Number of letters to change until two words are equal; `None` when that is more than a third of them, or more than
/// two.
fn letters(word: &str, known: &str) -> Option<usize> {
    let changes = strsim::damerau_levenshtein(&word.to_lowercase(), known);
    let shorter = word.chars().count().min(known.chars().count());
    (changes <= (shorter / 3).min(2)).then_some(changes)
}

fn from_config(cause: &ConfigError) -> Error {
    match cause {
        ConfigError::Type {
            origin,
            unexpected,
            expected,
            key,
        } => {
            let key = key.clone().unwrap_or_default();
            Error::Value {
                place: place(origin.as_deref(), &key),
                problem: format!("is {unexpected}"),
                remedy: format!("it must be {expected}"),
                key,
            }
        }
        ConfigError::At { error, origin, key } => {
            let key = key.clone().unwrap_or_default();
            Error::Value {
                place: place(origin.as_deref(), &key),
                problem: format!("cannot be used: {error}"),
                remedy: "see the comment above it in the default settings".to_owned(),
                key,
            }
        }
        other => Error::Value {
            place: "the settings".to_owned(),
            key: "?".to_owned(),
            problem: format!("cannot be read: {other}"),
            remedy: "see the comments in the default settings".to_owned(),
        },
    }
}
