//! Requests to a wiki: JSON of bounded size, at a bounded rate, sent again after passing faults.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use parking_lot::Mutex;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use reqwest::{Response, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use tokio::time::Instant;
use url::Url;

use super::WikiError;

/// Number of times that a request is sent.
const ATTEMPTS: u32 = 4;
/// Wait before the second attempt; it doubles each time.
const FIRST_WAIT: Duration = Duration::from_millis(250);
/// Longest wait that is spent within a fetch; a longer one ends it.
const LONGEST_WAIT: Duration = Duration::from_secs(20);
/// Longest wait that a server may ask for.
const MOST_ASKED: Duration = Duration::from_hours(1);

/// The account that reads the wiki.
#[derive(Debug, Clone, Default)]
pub struct WikiAccount {
    /// Name or mail address that goes with the token; empty for a token that stands alone.
    pub user: String,
    /// The token; `None` to read what everybody may read.
    pub token: Option<SecretString>,
}

/// Bound of the rate of requests: some at once, and then one each interval.
#[derive(Debug)]
pub(super) struct RequestPace {
    interval: Duration,
    burst: u32,
    /// Time at which the requests so far would have been sent one each interval; `None` before the first.
    sent_until: Mutex<Option<Instant>>,
}

impl RequestPace {
    pub(super) fn new(interval: Duration, burst: u32) -> RequestPace {
        RequestPace {
            interval,
            burst,
            sent_until: Mutex::default(),
        }
    }

    /// Takes the next turn, and returns its time.
    fn take_turn(&self, now: Instant) -> Instant {
        let mut sent_until = self.sent_until.lock();
        let until = sent_until.map_or(now, |until| until.max(now));
        *sent_until = Some(until + self.interval);
        let at = until.checked_sub(self.interval * self.burst);
        at.map_or(now, |at| at.max(now))
    }
}

/// Sender of requests below one address.
#[derive(Debug)]
pub(super) struct WikiClient {
    http: Result<reqwest::Client, String>,
    base: Url,
    headers: HeaderMap,
    pace: Option<RequestPace>,
}

/// A request: GET, or POST where there is a body.
struct Call<'a> {
    url: Url,
    query: &'a [(&'a str, &'a str)],
    body: Option<&'a Value>,
    /// Name of the wanted thing, for a message.
    name: &'a str,
    /// Most bytes of the answer.
    most: usize,
}

impl WikiClient {
    /// Creates a sender. `http` is one of `net::Net::client`, which has a time limit and follows no redirects.
    pub(super) fn new(http: Result<reqwest::Client, String>, base: Url, account: &WikiAccount) -> WikiClient {
        let mut headers = HeaderMap::new();
        if let Some(token) = &account.token {
            let token = token.expose_secret();
            let value = match account.user.as_str() {
                "" => format!("Bearer {token}"),
                user => format!("Basic {}", STANDARD.encode(format!("{user}:{token}"))),
            };
            if let Ok(mut value) = HeaderValue::from_str(&value) {
                value.set_sensitive(true);
                headers.insert(AUTHORIZATION, value);
            }
        }
        WikiClient {
            http,
            base,
            headers,
            pace: None,
        }
    }

    /// Adds a header to all requests.
    pub(super) fn with_header(mut self, name: &'static str, value: &'static str) -> WikiClient {
        self.headers.insert(name, HeaderValue::from_static(value));
        self
    }

    /// Bounds the rate of requests.
    pub(super) fn with_pace(mut self, pace: RequestPace) -> WikiClient {
        self.pace = Some(pace);
        self
    }

    /// Asks for JSON below the base. `name` says for what; an answer longer than `most` bytes is refused.
    pub(super) async fn get(
        &self,
        segments: &[&str],
        query: &[(&str, &str)],
        name: &str,
        most: usize,
    ) -> Result<Value, WikiError> {
        let call = Call {
            url: self.address(segments),
            query,
            body: None,
            name,
            most,
        };
        self.answer(&call).await
    }

    /// Sends JSON below the base, and returns the JSON that comes back; otherwise as [`WikiClient::get`]. Only for requests that
    /// change nothing: they are sent again.
    pub(super) async fn post(
        &self,
        segments: &[&str],
        body: &Value,
        name: &str,
        most: usize,
    ) -> Result<Value, WikiError> {
        let call = Call {
            url: self.address(segments),
            query: &[],
            body: Some(body),
            name,
            most,
        };
        self.answer(&call).await
    }

    fn address(&self, segments: &[&str]) -> Url {
        let mut url = self.base.clone();
        // Bases of the web always have paths.
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        url
    }

    /// Sends a request until it is answered, or fails for good.
    async fn answer(&self, call: &Call<'_>) -> Result<Value, WikiError> {
        let mut wait = FIRST_WAIT;
        for attempt in 1.. {
            let (error, asked) = match self.send(call).await {
                Ok(value) => return Ok(value),
                Err(failed) => failed,
            };
            let is_passing = match &error {
                WikiError::Limited(_) | WikiError::Unreachable(_) => true,
                // A collision of changes, such as Notion tells of, passes.
                WikiError::Status(status) => *status >= 500 || *status == 409,
                _ => false,
            };
            let pause = asked.unwrap_or(wait);
            if let (WikiError::Limited(_), true) = (&error, pause > LONGEST_WAIT) {
                return Err(WikiError::Limited(pause));
            }
            if !is_passing || attempt >= ATTEMPTS || pause > LONGEST_WAIT {
                return Err(error);
            }
            tokio::time::sleep(pause).await;
            wait *= 2;
        }
        Err(WikiError::Odd("nothing"))
    }

    /// Sends a request once. A failure comes with the wait that the server asks for.
    async fn send(&self, call: &Call<'_>) -> Result<Value, (WikiError, Option<Duration>)> {
        let http = self
            .http
            .as_ref()
            .map_err(|cause| (WikiError::Client(cause.clone()), None))?;
        if let Some(pace) = &self.pace {
            tokio::time::sleep_until(pace.take_turn(Instant::now())).await;
        }
        let request = match call.body {
            None => http.get(call.url.clone()).query(call.query),
            Some(body) => http.post(call.url.clone()).json(body),
        };
        let request = request.headers(self.headers.clone());
        let sent = request.header("accept", "application/json").send().await;
        let response = sent.map_err(|cause| (unreachable(cause), None))?;
        if !response.status().is_success() {
            return Err((refused(&response, call.name), asked(&response)));
        }
        read(response, call.most).await.map_err(|error| (error, None))
    }
}

/// Reads the JSON of an answer.
async fn read(mut response: Response, most: usize) -> Result<Value, WikiError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
        if bytes.len() + chunk.len() > most {
            return Err(WikiError::TooLong(most));
        }
        bytes.extend_from_slice(&chunk);
    }
    serde_json::from_slice(&bytes).map_err(|_| {
        let is_page = bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'<');
        WikiError::Odd(if is_page {
            "a web page, perhaps a sign-in page, instead of data; check the address and the deployment"
        } else {
            "something other than JSON"
        })
    })
}

/// The error of a failed connection, without the address, which holds the query.
fn unreachable(cause: reqwest::Error) -> WikiError {
    if cause.is_timeout() {
        return WikiError::Unreachable("it did not answer in time".to_owned());
    }
    let cause = cause.without_url();
    let causes = std::iter::successors(std::error::Error::source(&cause), |cause| cause.source());
    let innermost = causes.last().map(ToString::to_string);
    WikiError::Unreachable(innermost.unwrap_or_else(|| cause.to_string()))
}

fn refused(response: &Response, name: &str) -> WikiError {
    let status = response.status();
    let reason = response.headers().get("x-seraph-loginreason");
    let is_captcha = reason
        .and_then(|reason| reason.to_str().ok())
        .is_some_and(|reason| reason.contains("AUTHENTICATION_DENIED"));
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN if is_captcha => WikiError::Captcha,
        StatusCode::UNAUTHORIZED => WikiError::Unauthorized,
        StatusCode::FORBIDDEN => WikiError::Forbidden(name.to_owned()),
        StatusCode::NOT_FOUND => WikiError::Missing(name.to_owned()),
        StatusCode::TOO_MANY_REQUESTS => WikiError::Limited(Duration::ZERO),
        status if status.is_redirection() => WikiError::Redirected,
        status => WikiError::Status(status.as_u16()),
    }
}

/// The time that a server asks to wait, in seconds.
fn asked(response: &Response) -> Option<Duration> {
    let seconds = response.headers().get("retry-after")?.to_str().ok()?.trim();
    Some(Duration::from_secs(seconds.parse().ok()?).min(MOST_ASKED))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pace_lets_some_requests_through_at_once_and_then_one_each_interval() {
        let pace = RequestPace::new(Duration::from_secs(1), 2);
        let begun = Instant::now();
        let mut take = |now: u64| {
            let turn = pace.take_turn(begun + Duration::from_secs(now));
            (turn - begun).as_secs()
        };
        assert_eq!([0; 5].map(&mut take), [0, 0, 0, 1, 2]);
        assert_eq!([60; 4].map(&mut take), [60, 60, 60, 61]);
    }
}
