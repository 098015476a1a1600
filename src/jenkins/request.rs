//! HTTP requests to Jenkins, sent with the token; answers are read within limits.

use std::time::{Duration, Instant};

use backon::{ExponentialBuilder, Retryable as _};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, LOCATION};
use reqwest::{Response, StatusCode};
use secrecy::ExposeSecret as _;
use serde::de::DeserializeOwned;
use url::Url;

use super::{Client, Error};

/// Size limit of an answer of the API, in bytes.
const MOST: usize = 4 << 20;
/// Bytes of a page that are examined to tell its kind.
const PAGE: usize = 64 << 10;
const TRIES: usize = 3;

const X_JENKINS: HeaderName = HeaderName::from_static("x-jenkins");
const PERMISSION: HeaderName = HeaderName::from_static("x-required-permission");

/// Answer to a POST: status, headers and the beginning of the body.
pub(super) struct PostResponse {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) page: String,
}

impl Client {
    /// Sends a GET, up to [`TRIES`] times while the error may pass, and checks the answer.
    pub(super) async fn get(&self, url: &Url) -> Result<Response, Error> {
        let patience = ExponentialBuilder::default()
            .with_min_delay(Duration::from_millis(200))
            .with_jitter()
            .with_max_times(TRIES - 1);
        let once = || async { self.checked(self.get_once(url, true).await?) };
        self.counted(once.retry(patience).when(Error::is_passing).await)
    }

    /// Sends a GET once and returns the answer, whatever its status.
    pub(super) async fn get_once(&self, url: &Url, with_token: bool) -> Result<Response, Error> {
        let request = self.http.get(url.clone());
        let request = if with_token {
            request.basic_auth(&self.user, Some(self.token.expose_secret()))
        } else {
            request
        };
        request.send().await.map_err(Error::of_transport)
    }

    pub(super) async fn get_json<T: DeserializeOwned>(&self, url: &Url) -> Result<(T, HeaderMap), Error> {
        let response = self.get(url).await?;
        let headers = response.headers().clone();
        if is_html(&headers) {
            return Err(self.not_jenkins());
        }
        let bytes = whole(response, MOST).await?;
        let value = serde_json::from_slice(&bytes).map_err(|cause| Error::Unreadable { why: cause.to_string() })?;
        Ok((value, headers))
    }

    /// Sends a POST once.
    pub(super) async fn post(&self, url: &Url, form: &[(&str, &str)]) -> Result<PostResponse, Error> {
        let request = self.http.post(url.clone());
        let request = request.basic_auth(&self.user, Some(self.token.expose_secret()));
        let response = self.counted(request.form(form).send().await.map_err(Error::of_transport))?;
        let (status, headers) = (response.status(), response.headers().clone());
        // Status and headers carry the meaning; a truncated body changes nothing.
        let page = beginning(response, PAGE).await;
        Ok(PostResponse { status, headers, page })
    }

    /// Counts a request, and notes the time when Jenkins answered.
    fn counted<T>(&self, answer: Result<T, Error>) -> Result<T, Error> {
        let outcome = if answer.is_ok() { "ok" } else { "failed" };
        metrics::counter!("signpost_jenkins_requests_total", "outcome" => outcome).increment(1);
        if answer.is_ok() {
            *self.last_success.lock() = Some(Instant::now());
        }
        answer
    }

    /// Returns the answer to a GET when it comes from the API.
    pub(super) fn checked(&self, response: Response) -> Result<Response, Error> {
        let (status, headers) = (response.status(), response.headers());
        if status == StatusCode::OK {
            if is_html(headers) && !headers.contains_key(X_JENKINS) {
                return Err(self.not_jenkins());
            }
            return Ok(response);
        }
        if status.is_redirection() {
            // The API does not redirect: something asks for a login.
            return Err(self.not_jenkins());
        }
        Err(Error::of_status(status, permission(headers)))
    }

    pub(super) fn not_jenkins(&self) -> Error {
        Error::NotJenkins {
            host: self.base.host_str().unwrap_or_default().to_owned(),
        }
    }
}

impl PostResponse {
    pub(super) fn location(&self) -> Option<&str> {
        self.headers.get(LOCATION)?.to_str().ok()
    }

    pub(super) fn is_html(&self) -> bool {
        is_html(&self.headers)
    }

    /// Returns true when the answer comes from Jenkins itself.
    pub(super) fn is_jenkins(&self) -> bool {
        self.headers.contains_key(X_JENKINS)
    }

    pub(super) fn permission(&self) -> Option<String> {
        permission(&self.headers)
    }
}

fn permission(headers: &HeaderMap) -> Option<String> {
    let permission = headers.get(PERMISSION)?.to_str().ok()?;
    Some(permission.chars().filter(|c| !c.is_control()).take(100).collect())
}

pub(super) fn version(headers: &HeaderMap) -> Option<String> {
    Some(headers.get(X_JENKINS)?.to_str().ok()?.to_owned())
}

pub(super) fn is_html(headers: &HeaderMap) -> bool {
    headers
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .is_some_and(|kind| kind.to_ascii_lowercase().starts_with("text/html"))
}

/// Reads the whole body; fails when it is longer than `most` bytes.
pub(super) async fn whole(mut response: Response, most: usize) -> Result<Vec<u8>, Error> {
    if response.content_length().is_some_and(|length| length > most as u64) {
        return Err(Error::TooLarge { most });
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(Error::of_transport)? {
        if bytes.len() + chunk.len() > most {
            return Err(Error::TooLarge { most });
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// Reads the last `most` bytes of the body, however long it is, and tells whether anything was cut before them.
pub(super) async fn end(mut response: Response, most: usize) -> Result<(Vec<u8>, bool), Error> {
    let mut bytes = Vec::new();
    let mut is_cut = false;
    while let Some(chunk) = response.chunk().await.map_err(Error::of_transport)? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > 2 * most {
            bytes.drain(..bytes.len() - most);
            is_cut = true;
        }
    }
    let from = bytes.len().saturating_sub(most);
    bytes.drain(..from);
    Ok((bytes, is_cut || from > 0))
}

async fn beginning(mut response: Response, most: usize) -> String {
    let mut bytes = Vec::new();
    while bytes.len() < most {
        match response.chunk().await {
            Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
            Ok(None) | Err(_) => break,
        }
    }
    bytes.truncate(most);
    String::from_utf8_lossy(&bytes).into_owned()
}
