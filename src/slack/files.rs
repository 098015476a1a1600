//! Files that people share: what `files.info` knows, and their text.

use serde_json::Value;

use super::decode::FileRef;
use super::web::{self, Web};

/// Why a file cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// It holds no text.
    #[error("{name} is {kind}, not text")]
    NotText {
        /// The file.
        name: String,
        /// What it is.
        kind: String,
    },
    /// It is not there any more, or not for us.
    #[error("{name} cannot be read: {why}")]
    Gone {
        /// The file.
        name: String,
        /// Why.
        why: String,
    },
    /// Its address is not Slack's, so the token stays here.
    #[error("{name} is kept at {host}, which is not Slack: the bot's token is not sent there")]
    Elsewhere {
        /// The file.
        name: String,
        /// Where.
        host: String,
    },
    /// Slack sent its login page instead: it does not refuse in a better way.
    #[error(
        "Slack sent its login page instead of {name}: the bot token lacks the scope files:read (add it to the app and \
         install the app again), or the bot is in no channel that the file is shared with"
    )]
    LoginPage {
        /// The file.
        name: String,
    },
    /// As with every other call.
    #[error(transparent)]
    Web(#[from] web::Error),
}

/// The text of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Content {
    /// The text.
    pub text: String,
    /// Whether there is more than we read.
    pub truncated: bool,
}

impl Web {
    /// What Slack knows about a file.
    ///
    /// # Errors
    ///
    /// See [`web::Error`].
    pub async fn files_info(&self, id: &str) -> Result<FileRef, web::Error> {
        const METHOD: &str = "files.info";
        let session = self.client.open_session(&self.bot);
        let params = vec![("file", Some(id))];
        let answer: Value = session
            .http_session_api
            .http_get(METHOD, &params, None)
            .await
            .map_err(|error| web::classify(METHOD, error))?;
        answer
            .get("file")
            .and_then(FileRef::read)
            .ok_or_else(|| web::Error::Uncertain {
                method: METHOD.to_owned(),
                why: "Slack's answer describes no file".to_owned(),
            })
    }

    /// Reads a text file or a snippet.
    ///
    /// # Errors
    ///
    /// See [`FileError`].
    pub async fn download(&self, file: &FileRef) -> Result<Content, FileError> {
        Err(FileError::Gone {
            name: file.id.clone(),
            why: "downloads are not there yet".to_owned(),
        })
    }
}
