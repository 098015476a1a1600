//! The HTTP endpoint to which Slack posts signed requests.
//!
//! ```text
//! connection ─► listen (slots, time-outs) ─► Endpoint: headers ─► body ─► signature ─► parsing ─► Inbound ─► response
//! ```
//!
//! Events get 200 only after they were stored, else 503, so that Slack sends them again. Interactions and commands get
//! the handler's answer. TLS is left to the proxy in front.
//!
//! The signature proves that a request is for our app, so `api_app_id` is not checked again. Nor is `team_id`: in
//! channels shared with other organisations it may be theirs. Later code decides whom the bot answers, for HTTP and
//! Socket Mode alike.
//!
//! # Unverified callers
//!
//! The address is public, so anybody can open connections to it. Neither the peer's address nor the headers prove
//! anything: behind a proxy all requests have the proxy's address, and well-formed headers are easily made up. Until
//! the signature of the whole body is verified, only speed distinguishes Slack's requests from others: they arrive
//! fast. Hence:
//!
//! - A request without plausible headers is refused before its body is read. Only a small form may pass, as Slack does
//!   not sign its check of the certificate (`ssl_check=1`). Nothing is parsed before the signature is verified.
//! - A head has [`Limits::head`], a body [`Limits::body`] and no pause longer than [`Limits::stall`]. Only connections
//!   whose last request was verified stay open, for [`Limits::idle`]; all others close after the response.
//! - Slots are not allotted first come, first served. When all are taken, the unverified connection that has stayed
//!   longest is closed for the new one, so a newcomer is never turned away and a fast request gets through, however
//!   many slow ones there are. Connections of the address with the most unverified ones are closed first, and one
//!   address holds no more than [`Limits::per_address`] of them. Verified requests are never closed.
//! - Bodies that are not verified hold no more than [`Limits::unverified_bytes`] in all; beyond that the oldest is
//!   given up.

mod body;
mod connections;
mod listen;
mod problem;
mod signature;
mod stream;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use futures_util::StreamExt as _;
use secrecy::SecretString;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tracing::{debug, warn};

use self::body::Said;
use self::connections::{Phase, Slot};
pub(super) use self::problem::POST_ONLY;
use self::problem::{Refused, RequestProblem};
use super::decode::Envelope;
use super::inbound::{Inbound, Queue};
use crate::clock::Clock;

pub use self::listen::serve;
pub use self::signature::{SignatureRefusal, Signed, Verifier};

/// Paths that Slack posts to. The body tells what a request is about, so one of them may serve for everything.
pub const PATHS: [&str; 3] = ["/slack/events", "/slack/interactions", "/slack/commands"];

/// Maximum length of a body, in bytes.
const LARGEST: usize = 1024 * 1024;
/// Maximum length of an unsigned body, in bytes: Slack's check of the certificate is one short line.
const LARGEST_UNSIGNED: usize = 2 * 1024;
/// Maximum length of the response read by [`is_served`], in bytes.
const LARGEST_RESPONSE: u64 = 8 * 1024;

/// Limits for connections and for requests that are not verified yet.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Time for a head: the first one from the start of the connection, a later one from its first byte.
    pub head: Duration,
    /// Time between two requests on a connection.
    pub idle: Duration,
    /// Time for a body.
    pub body: Duration,
    /// Longest pause in a body.
    pub stall: Duration,
    /// Connections at once; further ones wait in the system's queue.
    pub connections: usize,
    /// Unverified connections of one address.
    pub per_address: usize,
    /// Bytes of all unverified bodies together.
    pub unverified_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(5),
            // Longer than the minute for which proxies keep a connection: if this side closed first, a request could be
            // lost on its way.
            idle: Duration::from_secs(75),
            // Slack waits three seconds for the answer.
            body: Duration::from_secs(3),
            stall: Duration::from_secs(1),
            // Half of the 1,024 open files that a process may have by default.
            connections: 512,
            per_address: 256,
            unverified_bytes: 16 * 1024 * 1024,
        }
    }
}

/// Handler for Slack's requests.
pub struct Endpoint {
    verifier: Verifier,
    inbound: Inbound,
    queue: Queue,
    clock: Arc<dyn Clock>,
    limits: Limits,
    refused: Refused,
}

impl std::fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Endpoint")
            .field("inbound", &self.inbound)
            .finish_non_exhaustive()
    }
}

impl Endpoint {
    /// Creates an endpoint for requests signed with `secret`, whose envelopes are handed to `inbound`.
    pub fn new(secret: &SecretString, inbound: Inbound, clock: Arc<dyn Clock>, limits: Limits) -> Self {
        Self {
            verifier: Verifier::new(secret),
            queue: inbound.queue(),
            inbound,
            clock,
            limits,
            refused: Refused::default(),
        }
    }

    /// The intake that envelopes are handed to.
    fn inbound(&self) -> &Inbound {
        &self.inbound
    }

    fn limits(&self) -> Limits {
        self.limits
    }

    /// Answers a request in its slot. Only a verified one leaves the connection open.
    async fn respond(&self, request: Request, slot: &Slot) -> Response {
        slot.enter(Phase::Unverified);
        let mut response = match self.answer(request, slot).await {
            Ok(response) => response,
            Err(problem) => self.refuse(problem),
        };
        if slot.phase() == Phase::Verified {
            slot.enter(Phase::Idle);
        } else {
            slot.enter(Phase::Closing);
            let close = header::HeaderValue::from_static("close");
            response.headers_mut().insert(header::CONNECTION, close);
        }
        response
    }

    async fn answer(&self, request: Request, slot: &Slot) -> Result<Response, RequestProblem> {
        let (head, body) = request.into_parts();
        if !PATHS.contains(&head.uri.path().trim_end_matches('/')) {
            return Err(RequestProblem::NotFound);
        }
        // Slack's documentation leaves open how it checks the certificate, so both ways are accepted.
        let query = head.uri.query().unwrap_or_default();
        if head.method == Method::GET && query.split('&').any(|pair| pair == "ssl_check=1") {
            return Ok(StatusCode::OK.into_response());
        }
        if head.method != Method::POST {
            return Err(RequestProblem::NotPosted);
        }
        let header = |name: &str| text(&head.headers, name);
        let content_type = header("content-type").unwrap_or_default();
        let length = header("content-length").and_then(|length| length.parse::<usize>().ok());
        let now = || self.clock.now().as_second();
        let signed = Signed::read(header("x-slack-signature"), header("x-slack-request-timestamp"))
            .and_then(|signed| signed.fresh(now()).map(|()| signed));
        let largest = match signed {
            Ok(_) if length.is_some_and(|length| length > LARGEST) => return Err(RequestProblem::TooLarge),
            Ok(_) => LARGEST,
            Err(refusal) => {
                let small = length.is_some_and(|length| length <= LARGEST_UNSIGNED);
                if refusal != SignatureRefusal::Unsigned || !small || !body::may_be_ssl_check(content_type) {
                    return Err(RequestProblem::Refused(refusal));
                }
                LARGEST_UNSIGNED
            }
        };
        let body = self.whole(body, largest, slot).await?;
        let verified = signed.and_then(|signed| self.verifier.verify(signed, &body, now()).map(|()| signed));
        let signed = match verified {
            Ok(signed) => signed,
            Err(_) if body.len() <= LARGEST_UNSIGNED && body::is_ssl_check(content_type, &body) => {
                return Ok(StatusCode::OK.into_response());
            }
            Err(refusal) => return Err(RequestProblem::Refused(refusal)),
        };
        slot.enter(Phase::Verified);
        let retry_attempt = header("x-slack-retry-num")
            .and_then(|number| number.parse().ok())
            .unwrap_or_default();
        if retry_attempt > 0 {
            let reason = header("x-slack-retry-reason").unwrap_or_default();
            debug!(slack.reason = reason, "Slack redelivered an event");
        }
        let said = body::read(content_type, &body, signed.timestamp(), retry_attempt);
        drop(body);
        self.serve(said).await
    }

    /// Reads a body, provided that it arrives fast enough.
    async fn whole(&self, body: Body, largest: usize, slot: &Slot) -> Result<Vec<u8>, RequestProblem> {
        let reading = async {
            let mut whole = Vec::new();
            let mut pieces = body.into_data_stream();
            while let Some(piece) = tokio::time::timeout(self.limits.stall, pieces.next())
                .await
                .map_err(|_| RequestProblem::TooSlow)?
            {
                let piece = piece.map_err(|_| RequestProblem::Broken)?;
                if whole.len() + piece.len() > largest {
                    return Err(RequestProblem::TooLarge);
                }
                slot.hold(piece.len());
                whole.extend_from_slice(&piece);
            }
            Ok(whole)
        };
        tokio::time::timeout(self.limits.body, reading)
            .await
            .map_err(|_| RequestProblem::TooSlow)?
    }

    /// Answers a verified request.
    async fn serve(&self, said: Said) -> Result<Response, RequestProblem> {
        match said {
            Said::SslCheck => Ok(StatusCode::OK.into_response()),
            Said::Challenge(challenge) => Ok(axum::Json(json!({"challenge": challenge})).into_response()),
            Said::RateLimited => {
                metrics::counter!("signpost_slack_events_limited_total").increment(1);
                warn!("Slack is withholding events: there were more than 30,000 in an hour");
                Ok(StatusCode::OK.into_response())
            }
            Said::Envelope(envelope) if envelope.is_interaction() => Ok(match self.inbound.answer(envelope).await {
                Some(answer) => axum::Json(answer).into_response(),
                None => StatusCode::OK.into_response(),
            }),
            Said::Envelope(envelope) => self.store(envelope).await,
        }
    }

    async fn store(&self, envelope: Envelope) -> Result<Response, RequestProblem> {
        let (tell, told) = oneshot::channel();
        let stored = async {
            let tell = Box::new(move |stored| {
                let _ = tell.send(stored);
            });
            self.queue.put(envelope, tell).await && told.await.unwrap_or(false)
        };
        match tokio::time::timeout(self.inbound.patience(), stored).await {
            Ok(true) => Ok(StatusCode::OK.into_response()),
            _ => Err(RequestProblem::NotStored),
        }
    }

    fn refuse(&self, problem: RequestProblem) -> Response {
        if let RequestProblem::Refused(refusal) = problem {
            metrics::counter!("signpost_slack_requests_refused_total", "reason" => refusal.name()).increment(1);
            self.refused.log(refusal, self.clock.now());
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
}

/// Returns true when an endpoint like this one listens at the address.
pub async fn is_served(address: SocketAddr) -> bool {
    let ask = async {
        let mut stream = TcpStream::connect(address).await.ok()?;
        let request = format!(
            "GET {} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n",
            PATHS[0]
        );
        stream.write_all(request.as_bytes()).await.ok()?;
        let mut answer = String::new();
        stream.take(LARGEST_RESPONSE).read_to_string(&mut answer).await.ok()?;
        Some(answer)
    };
    let answer = tokio::time::timeout(Limits::default().body, ask).await.ok().flatten();
    answer.is_some_and(|answer| answer.contains(POST_ONLY.trim()))
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}
