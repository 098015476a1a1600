//! Files that people share: what `files.info` knows, and their text.

use encoding_rs::{Encoding, UTF_16BE, UTF_16LE, WINDOWS_1252};
use reqwest::{Response, StatusCode, Url, header};

use super::connector::Connector;
use super::decode::{FileMode, FileRef};
use super::web::{self, Web};

/// What is read of a file: far more than anybody looks through, and little enough to keep in memory.
pub const MOST: usize = 1024 * 1024;
/// Redirects followed from one address of Slack to another.
const REDIRECTS: usize = 3;
/// What the errors call a download; it is no method of the Web API.
const METHOD: &str = "url_private";
/// Where Slack lives, so that the token may go there.
const SLACK: [&str; 2] = ["slack.com", "slack-gov.com"];

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
        let answer = self.get("files.info", &vec![("file", Some(id))]).await?;
        answer
            .get("file")
            .and_then(FileRef::read)
            .ok_or_else(|| web::Error::Uncertain {
                method: "files.info".to_owned(),
                why: "Slack's answer describes no file".to_owned(),
            })
    }

    /// Reads a text file or a snippet.
    ///
    /// # Errors
    ///
    /// See [`FileError`].
    pub async fn download(&self, file: &FileRef) -> Result<Content, FileError> {
        // What Slack Connect shares is only an id until asked for.
        let asked = match file.mode {
            FileMode::FileAccess => Some(self.files_info(&file.id).await?),
            _ => None,
        };
        let file = asked.as_ref().unwrap_or(file);
        let name = file.shown();
        if matches!(file.mode, FileMode::Gone | FileMode::FileAccess | FileMode::External) {
            return Err(FileError::Gone {
                name,
                why: "Slack does not keep it, or not for us".to_owned(),
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
            .ok_or_else(|| gone("Slack names no address for it"))?;
        let url = Url::parse(url).map_err(|_| gone("its address makes no sense"))?;
        let response = self.fetch(url, file).await?;
        if is_html(&response) && !file.is_html() {
            return Err(FileError::LoginPage { name });
        }
        let expected = file.size;
        let (bytes, truncated) = read(response).await?;
        let begins = String::from_utf8_lossy(bytes.get(..200).unwrap_or(&bytes)).to_lowercase();
        let is_page = begins.trim_start().starts_with("<!doctype html") || begins.trim_start().starts_with("<html");
        // A file that is a page itself is told from the login page by its length.
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

    /// Asks with the token, at addresses of Slack only.
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
                why: "Slack sends us to an address that makes no sense".to_owned(),
            })?;
        }
        Err(FileError::Gone {
            name: file.shown(),
            why: "Slack sends us from one address to the next".to_owned(),
        })
    }
}

/// Whether the token may go there: to Slack over TLS, or to where the Web API is.
fn is_slack(url: &Url, api_url: &str) -> bool {
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

/// Its beginning, up to [`MOST`] bytes; the rest is not even transferred.
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

/// Bytes as text: UTF-8, UTF-16 with or without its mark, else the Latin that old programs write. `None` for what is not
/// text at all.
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
    // A guess that makes control characters is wrong.
    let is_text = |c: char| !c.is_control() || matches!(c, '\t' | '\n' | '\r' | '\x0c' | '\x1b');
    text.chars().all(is_text).then(|| text.into_owned())
}

/// Text with a bad byte here and there is still UTF-8, when any letter in it takes several bytes; the last one may be cut.
fn utf8(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes);
    let good = text.chars().any(|c| !c.is_ascii() && c != char::REPLACEMENT_CHARACTER);
    let bad = text.contains(char::REPLACEMENT_CHARACTER);
    (good || !bad).then(|| text.into_owned())
}
