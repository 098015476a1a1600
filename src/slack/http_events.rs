//! The HTTP door: Slack posts what happens to an address of ours, signed.
//!
//! ```text
//! connection ─► listen (limits, time-outs) ─► Endpoint: body ─► signature ─► what it says ─► Door ─► answer
//! ```
//!
//! Events are answered with 200 only after they were stored, else with 503, so that Slack sends them again. Interactions
//! and commands are answered with what the sink says. TLS is the business of the proxy in front.
//!
//! The signature proves that a request is for our app, so `api_app_id` is not looked at again. Nor is `team_id`: in
//! channels shared with other organisations it may be theirs, and whom the bot answers is decided further in, for both
//! doors alike.

mod body;
mod listen;
mod signature;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use futures_util::StreamExt as _;
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, oneshot};
use tracing::{debug, warn};

use self::body::Said;
use super::decode::Envelope;
use super::door::{Door, Queue};
use crate::clock::Clock;

pub use self::listen::serve;
pub use self::signature::{Refusal, Signed, Verifier};

/// Where Slack posts to. What a request is about is told by its body, so one of them may serve for everything.
pub const PATHS: [&str; 3] = ["/slack/events", "/slack/interactions", "/slack/commands"];

/// The largest body.
const LARGEST: usize = 1024 * 1024;
/// The largest body that is read of a request that is not signed: only Slack's look at the certificate may be one.
const LARGEST_UNSIGNED: usize = 8 * 1024;
/// Bodies that are held at once.
const BODIES: usize = 64;
/// Refused requests are logged once in this time.
const LOGGED: SignedDuration = SignedDuration::from_mins(1);

/// What a person reads who opens the address in a browser.
pub(super) const POST_ONLY: &str = "Signpost takes requests of Slack here. They are posted and signed.\n";

/// How long requests may take to come in.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// The head, also the next one on a connection.
    pub head: Duration,
    /// The body.
    pub body: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            // Longer than the minute for which proxies keep a connection: who closes first must not be us, or a request
            // may be lost on its way.
            head: Duration::from_secs(75),
            // Slack waits three seconds for the answer.
            body: Duration::from_secs(3),
        }
    }
}

/// Answers Slack's requests.
pub struct Endpoint {
    verifier: Verifier,
    door: Door,
    queue: Queue,
    clock: Arc<dyn Clock>,
    patience: Patience,
    bodies: Semaphore,
    refused: Mutex<Refused>,
}

impl std::fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Endpoint")
            .field("door", &self.door)
            .finish_non_exhaustive()
    }
}

/// Requests that were refused since the log last said so.
#[derive(Debug, Default)]
struct Refused {
    logged: Option<Timestamp>,
    since: u64,
}

impl Refused {
    /// Counts one more. Gives the count when it is time to log it.
    fn one_more(&mut self, now: Timestamp) -> Option<u64> {
        self.since += 1;
        if self.logged.is_some_and(|at| now.duration_since(at).abs() < LOGGED) {
            return None;
        }
        self.logged = Some(now);
        Some(std::mem::take(&mut self.since))
    }
}

/// Why a request gets no answer but a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Problem {
    NotPosted,
    NotFound,
    TooLarge,
    TooSlow,
    Broken,
    Busy,
    Refused(Refusal),
    NotStored,
}

impl Endpoint {
    /// For requests signed with `secret`, whose envelopes go through `door`.
    pub fn new(secret: &SecretString, door: Door, clock: Arc<dyn Clock>, patience: Patience) -> Self {
        Self {
            verifier: Verifier::new(secret),
            queue: door.queue(),
            door,
            clock,
            patience,
            bodies: Semaphore::new(BODIES),
            refused: Mutex::default(),
        }
    }

    /// The door that requests go through.
    fn door(&self) -> &Door {
        &self.door
    }

    fn patience(&self) -> Patience {
        self.patience
    }

    async fn answer(&self, request: Request) -> Result<Response, Problem> {
        let (head, body) = request.into_parts();
        if !PATHS.contains(&head.uri.path().trim_end_matches('/')) {
            return Err(Problem::NotFound);
        }
        // Slack's documentation leaves open how it looks at the certificate; any way is good.
        let query = head.uri.query().unwrap_or_default();
        if head.method == Method::GET && query.split('&').any(|pair| pair == "ssl_check=1") {
            return Ok(StatusCode::OK.into_response());
        }
        if head.method != Method::POST {
            return Err(Problem::NotPosted);
        }
        let header = |name: &str| text(&head.headers, name);
        let signed = Signed::read(header("x-slack-signature"), header("x-slack-request-timestamp"));
        let largest = if signed.is_ok() { LARGEST } else { LARGEST_UNSIGNED };
        let permit = tokio::time::timeout(self.patience.body, self.bodies.acquire())
            .await
            .map_err(|_| Problem::Busy)?;
        let body = tokio::time::timeout(self.patience.body, whole(body, largest))
            .await
            .map_err(|_| Problem::TooSlow)?;
        let body = match (body, signed) {
            (Err(Problem::TooLarge), Err(refusal)) => return Err(Problem::Refused(refusal)),
            (body, _) => body?,
        };
        let retry_attempt = header("x-slack-retry-num")
            .and_then(|number| number.parse().ok())
            .unwrap_or_default();
        let said = body::read(header("content-type").unwrap_or_default(), &body, retry_attempt);
        if said == Said::SslCheck {
            return Ok(StatusCode::OK.into_response());
        }
        let now = self.clock.now().as_second();
        signed
            .and_then(|signed| self.verifier.verify(signed, &body, now))
            .map_err(Problem::Refused)?;
        // Only reading is bounded: a slow answer must not keep others from being heard.
        drop(permit);
        if retry_attempt > 0 {
            let reason = header("x-slack-retry-reason").unwrap_or_default();
            debug!(slack.reason = reason, "Slack sends an event again");
        }
        self.serve(said).await
    }

    /// Answers what is known to come from Slack.
    async fn serve(&self, said: Said) -> Result<Response, Problem> {
        match said {
            Said::SslCheck => Ok(StatusCode::OK.into_response()),
            Said::Challenge(challenge) => Ok(axum::Json(json!({"challenge": challenge})).into_response()),
            Said::RateLimited => {
                metrics::counter!("signpost_slack_events_limited_total").increment(1);
                warn!("Slack holds events back: there were more than 30,000 in an hour");
                Ok(StatusCode::OK.into_response())
            }
            Said::Envelope(envelope) if envelope.is_interaction() => Ok(match self.door.answer(envelope).await {
                Some(answer) => axum::Json(answer).into_response(),
                None => StatusCode::OK.into_response(),
            }),
            Said::Envelope(envelope) => self.store(envelope).await,
        }
    }

    async fn store(&self, envelope: Envelope) -> Result<Response, Problem> {
        let (tell, told) = oneshot::channel();
        let stored = async {
            let tell = Box::new(move |stored| {
                let _ = tell.send(stored);
            });
            self.queue.put(envelope, tell).await && told.await.unwrap_or(false)
        };
        match tokio::time::timeout(self.door.patience(), stored).await {
            Ok(true) => Ok(StatusCode::OK.into_response()),
            _ => Err(Problem::NotStored),
        }
    }

    fn refuse(&self, problem: Problem) -> Response {
        if let Problem::Refused(refusal) = problem {
            metrics::counter!("signpost_slack_requests_refused_total", "reason" => refusal.name()).increment(1);
            self.log(refusal);
        }
        let (status, sentence) = problem.told();
        let mut response = (status, sentence).into_response();
        if status == StatusCode::METHOD_NOT_ALLOWED {
            response
                .headers_mut()
                .insert(header::ALLOW, header::HeaderValue::from_static("POST"));
        }
        response
    }

    /// Whoever finds the address may send what he likes; the log must not fill up with it.
    fn log(&self, refusal: Refusal) {
        let count = self
            .refused
            .lock()
            .map(|mut refused| refused.one_more(self.clock.now()));
        let Ok(Some(count)) = count else { return };
        let remedy = match refusal {
            Refusal::Stale => "is this machine's clock right?",
            Refusal::Forged => {
                "is SIGNPOST__SLACK__SIGNING_SECRET the \"Signing Secret\" of this app? Else somebody else sends them"
            }
            Refusal::Unsigned => "somebody else sends them, or a proxy takes Slack's headers away",
        };
        warn!(
            count,
            reason = %refusal,
            remedy,
            "requests to the address for Slack are refused"
        );
    }
}

impl Problem {
    fn told(self) -> (StatusCode, &'static str) {
        match self {
            Self::NotPosted => (StatusCode::METHOD_NOT_ALLOWED, POST_ONLY),
            Self::NotFound => (
                StatusCode::NOT_FOUND,
                "Slack's requests go to /slack/events, /slack/interactions and /slack/commands.\n",
            ),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "More than 1 MiB is not read.\n"),
            Self::TooSlow => (StatusCode::REQUEST_TIMEOUT, "The request did not come in time.\n"),
            Self::Broken => (StatusCode::BAD_REQUEST, "The request broke off.\n"),
            Self::Busy => (StatusCode::SERVICE_UNAVAILABLE, "There are too many requests.\n"),
            Self::Refused(_) => (
                StatusCode::UNAUTHORIZED,
                "This is not signed as Slack signs its requests.\n",
            ),
            Self::NotStored => (
                StatusCode::SERVICE_UNAVAILABLE,
                "It could not be stored; send it again.\n",
            ),
        }
    }
}

/// Whether a door like this one is at the address.
pub async fn is_served(address: SocketAddr) -> bool {
    let ask = async {
        let mut stream = TcpStream::connect(address).await.ok()?;
        let request = format!(
            "GET {} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n",
            PATHS[0]
        );
        stream.write_all(request.as_bytes()).await.ok()?;
        let mut answer = String::new();
        stream
            .take(LARGEST_UNSIGNED as u64)
            .read_to_string(&mut answer)
            .await
            .ok()?;
        Some(answer)
    };
    let answer = tokio::time::timeout(Patience::default().body, ask).await.ok().flatten();
    answer.is_some_and(|answer| answer.contains(POST_ONLY.trim()))
}

fn router(endpoint: Arc<Endpoint>) -> Router {
    Router::new()
        .fallback(async |State(endpoint): State<Arc<Endpoint>>, request: Request| {
            endpoint
                .answer(request)
                .await
                .unwrap_or_else(|problem| endpoint.refuse(problem))
        })
        .with_state(endpoint)
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

async fn whole(body: Body, largest: usize) -> Result<Vec<u8>, Problem> {
    let mut whole = Vec::new();
    let mut pieces = body.into_data_stream();
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|_| Problem::Broken)?;
        if whole.len() + piece.len() > largest {
            return Err(Problem::TooLarge);
        }
        whole.extend_from_slice(&piece);
    }
    Ok(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refused_requests_are_counted_and_logged_once_a_minute() {
        let at = |second: i64| Timestamp::from_second(1_700_000_000 + second).unwrap();
        let mut refused = Refused::default();
        let logged: Vec<Option<u64>> = [0, 1, 2, 59, 60, 61, 500]
            .into_iter()
            .map(|second| refused.one_more(at(second)))
            .collect();
        assert_eq!(logged, [Some(1), None, None, None, Some(4), None, Some(2)]);
    }
}
