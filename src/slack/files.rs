//! Shared files: their data from `files.info`, and their text.

use encoding_rs::{Encoding, UTF_16BE, UTF_16LE, WINDOWS_1252};
use reqwest::{Response, StatusCode, Url, header};

use super::connector::Connector;
use super::decode::{FileMode, FileRef};
use super::web::{self, Web};

/// Bytes read of a file: far more than anybody looks through, and little enough to keep in memory.
pub const MOST: usize = 1024 * 1024;
/// Redirects followed from one of Slack's addresses to another.
const REDIRECTS: usize = 3;
/// Name of a download in errors; it is not a method of the Web API.
const METHOD: &str = "url_private";
/// Slack's domains, to which the token may be sent.
const SLACK: [&str; 2] = ["slack.com", "slack-gov.com"];

/// The reason why a file cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// The file contains no text.
    #[error("{name} is {kind}, not text")]
    NotText {
        /// The file's name.
        name: String,
        /// The file's type.
        kind: String,
    },
    /// The file was deleted, the bot may not see it, or its address is unusable.
    #[error("{name} cannot be read: {why}")]
    Gone {
        /// The file's name.
        name: String,
        /// The reason.
        why: String,
    },
    /// The file's address is not Slack's, so the token is not sent there.
    #[error("{name} is stored at {host}, which is not Slack, so the bot's token is not sent there")]
    Elsewhere {
        /// The file's name.
        name: String,
        /// The host of the address.
        host: String,
    },
    /// Slack sent its login page instead, which is how it refuses a download.
    #[error(
        "Slack sent its login page instead of {name}: the bot token lacks the scope files:read (add it to the app and \
         install the app again), or the bot is in no channel that the file is shared with"
    )]
    LoginPage {
        /// The file's name.
        name: String,
    },
    /// The call failed, like any other.
    #[error(transparent)]
    Web(#[from] web::Error),
}

/// The text of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Content {
    /// The text.
    pub text: String,
    /// True when the file is longer than the part that was read.
    pub truncated: bool,
}

impl Web {
    /// Fetches Slack's data about a file.
    ///
    /// # Errors
    ///
    /// Returns a [`web::Error`] when the call fails.
    pub async fn files_info(&self, id: &str) -> Result<FileRef, web::Error> {
        let answer = self.get("files.info", &vec![("file", Some(id))]).await?;
        answer
            .get("file")
            .and_then(FileRef::read)
            .ok_or_else(|| web::Error::Uncertain {
                method: "files.info".to_owned(),
                why: "Slack's response describes no file".to_owned(),
            })
    }

    /// Reads a text file or a snippet.
    ///
    /// # Errors
    ///
    /// Returns a [`FileError`] when the file cannot be read.
    pub async fn download(&self, file: &FileRef) -> Result<Content, FileError> {
        // Files shared over Slack Connect arrive as a bare id.
        let asked = match file.mode {
            FileMode::FileAccess => Some(self.files_info(&file.id).await?),
            _ => None,
        };
        let file = asked.as_ref().unwrap_or(file);
        let name = file.shown();
        if matches!(file.mode, FileMode::Gone | FileMode::FileAccess | FileMode::External) {
            return Err(FileError::Gone {
                name,
                why: "Slack does not store it, or the bot cannot access it".to_owned(),
            });
        }
        if !file.may_hold_text() {
            let kind = file.mimetype.clone().or_else(|| file.filetype.clone());
            return Err(FileError::NotText {
                name,
                kind: kind.unwrap_or_else(|| "of an unknown kind".to_owned()),
            });
        }
        let gone = |why: &str| FileError::Gone {
            name: file.shown(),
            why: why.to_owned(),
        };
        let url = file
            .url
            .as_deref()
            .ok_or_else(|| gone("Slack gives no address for it"))?;
        let url = Url::parse(url).map_err(|_| gone("its address is invalid"))?;
        let response = self.fetch(url, file).await?;
        if is_html(&response) && !file.is_html() {
            return Err(FileError::LoginPage { name });
        }
        let expected = file.size;
        let (bytes, truncated) = read(response).await?;
        let begins = String::from_utf8_lossy(bytes.get(..200).unwrap_or(&bytes)).to_lowercase();
        let is_page = begins.trim_start().starts_with("<!doctype html") || begins.trim_start().starts_with("<html");
        // A file that is itself an HTML page is distinguished from the login page by its length.
        if is_page && (!file.is_html() || expected.is_some_and(|size| !truncated && size != bytes.len() as u64)) {
            return Err(FileError::LoginPage { name });
        }
        match text_of(&bytes) {
            Some(text) => Ok(Content { text, truncated }),
            None => Err(FileError::NotText {
                name,
                kind: "binary".to_owned(),
            }),
        }
    }

    /// Requests a file with the token, at Slack's addresses only.
    async fn fetch(&self, mut url: Url, file: &FileRef) -> Result<Response, FileError> {
        let connector = &self.client.http_api.connector;
        for _ in 0..=REDIRECTS {
            if !is_slack(&url, connector.api_url()) {
                return Err(FileError::Elsewhere {
                    name: file.shown(),
                    host: url.host_str().unwrap_or_default().to_owned(),
                });
            }
            let request = connector.client().get(url.clone()).bearer_auth(&self.bot.token_value.0);
            let response = request.send().await.map_err(failed)?;
            let Some(next) = moved(&response) else {
                return checked(response, file);
            };
            url = url.join(&next).map_err(|_| FileError::Gone {
                name: file.shown(),
                why: "Slack redirects to an invalid address".to_owned(),
            })?;
        }
        Err(FileError::Gone {
            name: file.shown(),
            why: "Slack redirects too many times".to_owned(),
        })
    }
}

/// Returns true when the token may be sent to `url`: to Slack over TLS, or to the origin of the Web API.
pub(super) fn is_slack(url: &Url, api_url: &str) -> bool {
    let of_slack = |host: &str| {
        SLACK.iter().any(|slack| {
            let inside = host.strip_suffix(slack);
            inside.is_some_and(|inside| inside.is_empty() || inside.ends_with('.'))
        })
    };
    let at_api = Url::parse(api_url).is_ok_and(|api| api.origin() == url.origin());
    at_api || (url.scheme() == "https" && url.host_str().is_some_and(of_slack))
}

fn moved(response: &Response) -> Option<String> {
    let to = response.headers().get(header::LOCATION)?;
    let status = response.status();
    (status.is_redirection()).then(|| to.to_str().unwrap_or_default().to_owned())
}

fn checked(response: Response, file: &FileRef) -> Result<Response, FileError> {
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let (method, code) = (METHOD.to_owned(), format!("http_{}", status.as_u16()));
    Err(match status {
        StatusCode::TOO_MANY_REQUESTS => web::Error::RateLimited {
            method,
            after: Connector::retry_after(response.headers()),
        }
        .into(),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => web::Error::Auth {
            method,
            code,
            scope: Some("files:read".to_owned()),
        }
        .into(),
        StatusCode::NOT_FOUND | StatusCode::GONE => FileError::Gone {
            name: file.shown(),
            why: "it was deleted".to_owned(),
        },
        status if status.is_server_error() => web::Error::Uncertain {
            method,
            why: format!("HTTP {status}"),
        }
        .into(),
        _ => web::Error::Permanent { method, code }.into(),
    })
}

fn failed(cause: reqwest::Error) -> web::Error {
    web::of_transport(METHOD.to_owned(), Some(Box::new(cause.without_url())))
}

fn is_html(response: &Response) -> bool {
    response
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .is_some_and(|kind| kind.to_ascii_lowercase().starts_with("text/html"))
}

/// Reads the beginning of a body, up to [`MOST`] bytes; the rest is not even transferred.
async fn read(mut response: Response) -> Result<(Vec<u8>, bool), FileError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(failed)? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > MOST {
            bytes.truncate(MOST);
            return Ok((bytes, true));
        }
    }
    Ok((bytes, false))
}

/// Decodes bytes as UTF-8, as UTF-16 with or without a byte order mark, or else as the Latin encoding of old programs.
/// `None` when they are not text at all.
fn text_of(bytes: &[u8]) -> Option<String> {
    let zeros = |first: usize| bytes.iter().skip(first).step_by(2).filter(|byte| **byte == 0).count();
    let (even, odd) = (zeros(0), zeros(1));
    let encoding = if let Some((encoding, _)) = Encoding::for_bom(bytes) {
        encoding
    } else if even + odd == 0 {
        match utf8(bytes) {
            Some(text) => return Some(text),
            None => WINDOWS_1252,
        }
    } else if odd > bytes.len() / 4 && even == 0 {
        UTF_16LE
    } else if even > bytes.len() / 4 && odd == 0 {
        UTF_16BE
    } else {
        return None;
    };
    let (text, ..) = encoding.decode(bytes);
    // A guess that yields control characters is wrong.
    let is_text = |c: char| !c.is_control() || matches!(c, '\t' | '\n' | '\r' | '\x0c' | '\x1b');
    text.chars().all(is_text).then(|| text.into_owned())
}

/// Decodes UTF-8 with a few bad bytes. It counts as UTF-8 when any of its letters takes several bytes; the last letter
/// may be cut.
fn utf8(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes);
    let good = text.chars().any(|c| !c.is_ascii() && c != char::REPLACEMENT_CHARACTER);
    let bad = text.contains(char::REPLACEMENT_CHARACTER);
    (good || !bad).then(|| text.into_owned())
}
