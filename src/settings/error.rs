//! Errors in settings.

use std::path::PathBuf;

/// A setting that cannot be used: its place, the problem and the remedy.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The named folder does not exist.
    #[error("the config folder {} is not a folder; create it, or omit --config to use the defaults", .0.display())]
    NoFolder(PathBuf),
    /// A file cannot be read.
    #[error("{} cannot be read: {cause}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The reason.
        cause: std::io::Error,
    },
    /// A file is not valid TOML.
    #[error("{place} is not valid TOML: {cause}")]
    Syntax {
        /// The file.
        place: String,
        /// The parser's message, with line and column.
        cause: String,
    },
    /// A key that is not a setting.
    #[error("{place}: unknown setting `{key}`{}; config/default.toml lists them all", did_you_mean(.nearest.as_deref()))]
    Unknown {
        /// File or environment variable.
        place: String,
        /// The key as written.
        key: String,
        /// The most similar known key.
        nearest: Option<String>,
    },
    /// A value of the wrong kind or out of range.
    #[error("{place}: `{key}` {problem}; {remedy}")]
    Value {
        /// File or environment variable.
        place: String,
        /// The key.
        key: String,
        /// Description of the error, with the value.
        problem: String,
        /// The remedy.
        remedy: String,
    },
    /// A secret in a file that may not hold secrets.
    #[error(
        "{place}: `{key}` is a secret and must not be in a settings file; set it in the environment as {variable}, or in a file named by {variable}_FILE"
    )]
    SecretInFile {
        /// The file.
        place: String,
        /// The key.
        key: String,
        /// The variable to use.
        variable: String,
    },
}

fn did_you_mean(key: Option<&str>) -> String {
    key.map_or_else(String::new, |key| format!(", did you mean `{key}`?"))
}
