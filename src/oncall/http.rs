//! Requests to a service: JSON in and out, bounded in size; keys go to the configured address only.

use std::time::Duration;

use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use reqwest::{RequestBuilder, Response, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use url::Url;

use super::Error;
use crate::runbook::ServiceSchedule;

/// Most bytes of an answer.
const LONGEST: usize = 4 * 1024 * 1024;
/// Longest wait that a service may ask for.
const LONGEST_WAIT: Duration = Duration::from_hours(1);
/// Headers with the seconds to wait after a 429: PagerDuty names its own.
const WAIT: [&str; 3] = ["retry-after", "ratelimit-reset", "x-ratelimit-period-in-sec"];

/// A service's address, and the way to reach it.
#[derive(Debug, Clone)]
pub struct ServiceEndpoint {
    http: reqwest::Client,
    base: Url,
    /// Name of the service, for people.
    pub(super) service: &'static str,
}

impl ServiceEndpoint {
    /// A service at an address. `http` is one of `net::Net::client`, which has a time limit and follows no redirects.
    pub fn new(http: reqwest::Client, base: Url, service: &'static str) -> Self {
        Self { http, base, service }
    }

    /// An address below the base; each segment is encoded.
    fn at(&self, segments: &[&str]) -> Url {
        let mut url = self.base.clone();
        // Bases of the web always have paths.
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        url
    }

    pub(super) fn get(&self, segments: &[&str]) -> RequestBuilder {
        self.http.get(self.at(segments))
    }

    pub(super) fn post(&self, segments: &[&str]) -> RequestBuilder {
        self.http.post(self.at(segments))
    }

    /// A request to a sibling of the base: its path begins with `path`, which becomes `instead`. `None` for another path.
    pub(super) fn get_beside(&self, path: &str, instead: &str, segments: &[&str]) -> Option<RequestBuilder> {
        let rest = self.base.path().trim_matches('/').strip_prefix(path)?.to_owned();
        let mut beside = self.clone();
        beside.base.set_path(&format!("{instead}{rest}"));
        Some(beside.get(segments))
    }

    /// A message to the base itself, which is the whole address of a webhook.
    pub(super) fn post_base(&self) -> RequestBuilder {
        self.http.post(self.base.clone())
    }

    /// The base itself, which is the whole address of a calendar.
    pub(super) fn get_base(&self) -> RequestBuilder {
        self.http.get(self.base.clone())
    }

    /// Sends a request and reads the JSON of the answer. `what` was asked for; empty where a 404 says nothing of it.
    pub(super) async fn json(&self, request: RequestBuilder, what: &str) -> Result<Value, Error> {
        let bytes = self.bytes(request, what).await?;
        serde_json::from_slice(&bytes).map_err(|_| {
            let is_page = bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'<');
            self.odd(if is_page {
                "a web page, perhaps a sign-in page, instead of data"
            } else {
                "something other than JSON"
            })
        })
    }

    /// Sends a request and reads the body of a successful answer.
    pub(super) async fn bytes(&self, request: RequestBuilder, what: &str) -> Result<Vec<u8>, Error> {
        let sent = request.send().await;
        let mut response = sent.map_err(|cause| Error::of_transport(self.service, &cause))?;
        let status = response.status();
        if !status.is_success() {
            let wait = wait(&response);
            // GitHub limits requests with 403, too.
            let is_used_up = response
                .headers()
                .get("x-ratelimit-remaining")
                .is_some_and(|left| left == "0");
            let status = match status {
                StatusCode::FORBIDDEN if wait.is_some() || is_used_up => StatusCode::TOO_MANY_REQUESTS,
                status => status,
            };
            return Err(Error::of_status(self.service, status, wait, what));
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|cause| Error::of_transport(self.service, &cause))?
        {
            if bytes.len() + chunk.len() > LONGEST {
                return Err(self.odd("more than 4 MiB"));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }

    pub(super) fn odd(&self, found: &str) -> Error {
        Error::Odd {
            service: self.service,
            found: found.to_owned(),
        }
    }

    /// The id of a schedule, for services that ask for it.
    pub(super) fn id_of<'s>(&self, schedule: &'s ServiceSchedule) -> Result<&'s str, Error> {
        schedule.schedule.as_deref().ok_or_else(|| self.no_schedule())
    }

    pub(super) fn no_schedule(&self) -> Error {
        Error::NoSchedule { service: self.service }
    }
}

/// The time that a service asks to wait.
fn wait(response: &Response) -> Option<Duration> {
    let seconds = |name: &&str| response.headers().get(*name)?.to_str().ok()?.trim().parse::<u64>().ok();
    WAIT.iter()
        .find_map(seconds)
        .map(|seconds| Duration::from_secs(seconds).min(LONGEST_WAIT))
}

/// A header `Authorization: SCHEME KEY`, never logged.
pub(super) fn authorization(scheme: &str, key: &SecretString) -> HeaderMap {
    let mut headers = HeaderMap::new();
    if let Ok(mut value) = HeaderValue::from_str(&format!("{scheme}{}", key.expose_secret())) {
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
    headers
}

/// A header with a constant value.
pub(super) fn header(name: &'static str, value: &'static str) -> (HeaderName, HeaderValue) {
    (HeaderName::from_static(name), HeaderValue::from_static(value))
}
