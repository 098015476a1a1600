//! Artifacts: read whole or not at all, and never with the token sent to somebody else.

use reqwest::header::LOCATION;
use url::Url;

use super::request::{is_html, whole};
use super::{Client, Error};
use crate::jobs::JobPath;

/// From Jenkins to its resource domain or to object storage, and perhaps on to a region.
const REDIRECTS: usize = 3;

impl Client {
    /// Reads an artifact of at most so many bytes.
    ///
    /// # Errors
    ///
    /// See [`Error`]; each says why there is nothing to read.
    pub async fn artifact(&self, job: &JobPath, number: u64, path: &str, most: usize) -> Result<Vec<u8>, Error> {
        let bad = |segment: &str| matches!(segment, "" | "." | "..");
        if path.split('/').any(bad) {
            return Err(Error::Path);
        }
        let number = number.to_string();
        let mut below = vec![number.as_str(), "artifact"];
        below.extend(path.split('/'));
        let mut url = self.job(job, &below);
        for _ in 0..=REDIRECTS {
            let own = url.origin() == self.base.origin();
            let response = self.get_once(&url, own).await?;
            if response.status().is_redirection() {
                let to = response.headers().get(LOCATION).and_then(|to| to.to_str().ok());
                let next = to.and_then(|to| url.join(to).ok()).ok_or(Error::Redirects)?;
                self.may_go_to(&next)?;
                url = next;
                continue;
            }
            let page = is_html(response.headers()) && !is_page(path);
            let response = if own {
                self.checked(response)?
            } else {
                elsewhere(response)?
            };
            // A login page instead of a log.
            if own && page {
                return Err(self.not_jenkins());
            }
            return whole(response, most).await;
        }
        Err(Error::Redirects)
    }

    /// Only to Jenkins itself and to listed hosts, and not from TLS to none.
    fn may_go_to(&self, url: &Url) -> Result<(), Error> {
        let host = url.host_str().unwrap_or_default();
        let with_port = url
            .port()
            .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        let listed = self.artifact_hosts.iter().any(|allowed| {
            allowed.eq_ignore_ascii_case(&with_port) || url.port().is_none() && allowed.eq_ignore_ascii_case(host)
        });
        let sound = url.scheme() == "https" || url.scheme() == "http" && self.base.scheme() == "http";
        if sound && (listed || url.origin() == self.base.origin()) {
            return Ok(());
        }
        Err(Error::Elsewhere { host: with_port })
    }
}

fn elsewhere(response: reqwest::Response) -> Result<reqwest::Response, Error> {
    let status = response.status();
    if status.is_success() {
        Ok(response)
    } else {
        Err(Error::of_status(status, None))
    }
}

fn is_page(path: &str) -> bool {
    let path = path.to_ascii_lowercase();
    [".html", ".htm", ".xhtml"].iter().any(|end| path.ends_with(end))
}
