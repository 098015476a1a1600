//! What can be wrong with settings.

use std::path::PathBuf;

/// A setting that cannot be used: where it stands, what is wrong, what to do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The folder that was named is not there.
    #[error("the config folder {} is not a folder; create it, or leave --config away to use the defaults", .0.display())]
    NoFolder(PathBuf),
    /// A file cannot be read.
    #[error("{} cannot be read: {cause}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// A file is not TOML.
    #[error("{place} is not valid TOML: {cause}")]
    Syntax {
        /// The file.
        place: String,
        /// What the parser says, with line and column.
        cause: String,
    },
    /// A key that no setting has.
    #[error("{place}: unknown setting `{key}`{}; config/default.toml lists them all", did_you_mean(.nearest.as_deref()))]
    Unknown {
        /// File or environment variable.
        place: String,
        /// The key as written.
        key: String,
        /// The known key that is most like it.
        nearest: Option<String>,
    },
    /// A value of the wrong kind or out of range.
    #[error("{place}: `{key}` {problem}; {remedy}")]
    Value {
        /// File or environment variable.
        place: String,
        /// The key.
        key: String,
        /// What is wrong, with the value.
        problem: String,
        /// What to do.
        remedy: String,
    },
    /// A secret in a file that is no place for it.
    #[error(
        "{place}: `{key}` is a secret and must not stand in a settings file; put it into the environment as {variable}, or into a file of its own named by {variable}_FILE"
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
