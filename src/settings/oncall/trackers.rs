//! Trackers in `oncall.toml`: the services in which issues are created.

use std::path::PathBuf;

use secrecy::SecretString;
use serde::Deserialize;
use url::Url;

use super::{EntryReader, Error};

/// A tracker, and the way to reach it.
#[derive(Debug, Clone)]
pub struct TrackerEntry {
    /// Name of the entry.
    pub id: String,
    /// Kind of the tracker.
    pub kind: TrackerKind,
    /// Address of its API.
    pub url: Url,
    /// Address of its pages: `issue` links of teams below it are this tracker's.
    pub web: Url,
    /// The key.
    pub token: SecretString,
}

/// Kind of a tracker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TrackerKind {
    /// GitHub.
    GitHub,
    /// GitLab.
    GitLab,
}

impl TrackerKind {
    /// Addresses of the API and of the pages of the public service.
    fn usual(self) -> (&'static str, &'static str) {
        match self {
            Self::GitHub => ("https://api.github.com", "https://github.com"),
            Self::GitLab => ("https://gitlab.com/api/v4", "https://gitlab.com"),
        }
    }

    /// Path of the API on a server of one's own.
    fn path(self) -> &'static str {
        match self {
            Self::GitHub => "/api/v3",
            Self::GitLab => "/api/v4",
        }
    }
}

/// An entry as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenTracker {
    id: String,
    kind: TrackerKind,
    url: Option<String>,
    web_url: Option<String>,
    token_variable: Option<String>,
    token_file: Option<PathBuf>,
}

impl EntryReader<'_> {
    /// Checks the trackers.
    pub(super) fn trackers(&self, written: Vec<WrittenTracker>) -> Result<Vec<TrackerEntry>, Error> {
        let mut read: Vec<TrackerEntry> = Vec::new();
        for entry in written {
            let tracker = self.tracker(&entry)?;
            let id = &tracker.id;
            if read.iter().any(|other| other.id == *id) {
                return Err(self.wrong(id, "id", "is used twice", "use a different id for each entry"));
            }
            if read.iter().any(|other| other.web == tracker.web) {
                let remedy = "keep one tracker for each address";
                return Err(self.wrong(id, "web_url", "is already used by another tracker", remedy));
            }
            read.push(tracker);
        }
        Ok(read)
    }

    fn tracker(&self, entry: &WrittenTracker) -> Result<TrackerEntry, Error> {
        let id = entry.id.trim().to_owned();
        if id.is_empty() {
            return Err(self.wrong("", "id", "is empty", "set a name for this tracker"));
        }
        let (url, web) = entry.kind.usual();
        let url = match &entry.url {
            Some(written) => self.link(&id, "url", written, url)?,
            None => self.link(&id, "url", url, url)?,
        };
        let web = match (&entry.web_url, &entry.url) {
            (Some(written), _) => self.link(&id, "web_url", written, web)?,
            (None, None) => self.link(&id, "web_url", web, web)?,
            // On a server of one's own, the pages are at the same address.
            (None, Some(_)) => {
                let Some(path) = url.path().trim_end_matches('/').strip_suffix(entry.kind.path()) else {
                    let remedy = format!("write the address of the tracker's pages, for example \"{web}\"");
                    return Err(self.wrong(&id, "web_url", "is missing", &remedy));
                };
                let mut web = url.clone();
                web.set_path(path);
                web
            }
        };
        let token = self.secret(&id, entry.token_variable.as_deref(), entry.token_file.as_deref())?;
        Ok(TrackerEntry {
            id,
            kind: entry.kind,
            url,
            web,
            token,
        })
    }

    fn link(&self, id: &str, key: &str, text: &str, example: &str) -> Result<Url, Error> {
        let url = Url::parse(text.trim()).ok();
        let url = url.filter(|url| matches!(url.scheme(), "https" | "http") && url.has_host());
        url.ok_or_else(|| {
            let problem = format!("is \"{text}\", which is not a URL");
            self.wrong(id, key, &problem, &format!("write for example \"{example}\""))
        })
    }
}

/// Returns the registration of the local trackers at `url`: GitHub's pages are at `web`.
///
/// # Errors
///
/// Only if an address is invalid.
pub fn local(url: &str, web: &str, token: &str) -> Result<Vec<TrackerEntry>, Error> {
    let text = format!(
        "[[trackers]]\nid = \"local\"\nkind = \"github\"\nurl = \"{url}/github\"\nweb_url = \"{web}\"\n\
         token_variable = \"TOKEN\"\n\
         [[trackers]]\nid = \"local-gitlab\"\nkind = \"gitlab\"\nurl = \"{url}/gitlab\"\nweb_url = \"{url}/projects\"\n\
         token_variable = \"TOKEN\"\n"
    );
    let secrets = [("TOKEN".to_owned(), token.to_owned())].into_iter().collect();
    super::read(&text, "the local trackers", &secrets).map(|read| read.trackers)
}
