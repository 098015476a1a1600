//! `POST /hooks/pagerduty`: events of PagerDuty's V3 webhooks. The header `X-PagerDuty-Signature` holds `v1=` and the
//! HMAC-SHA256 of the raw body; while a secret is being renewed it holds several, with commas between. The signature has
//! no time: a call that is repeated later must change nothing, which is up to its receiver. Facts: PagerDuty's
//! documentation of webhooks (August 2026).

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use ring::hmac;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::{mpsc, oneshot};

use super::Served;
use super::body::{UnverifiedBodies, decoded};

/// Largest call, in bytes. Events hold an incident in short.
const LARGEST: usize = 1024 * 1024;
/// Most calls that wait to be taken; further ones are answered with 503, and PagerDuty repeats them.
const WAITING: usize = 16;
/// Most bodies that are read at the same time, before it is known who sends them.
const READING: usize = 64;
/// Most signatures that are looked at.
const SIGNATURES: usize = 10;
/// Time within which a call has to be saved: PagerDuty gives up waiting after some seconds.
const PATIENCE: Duration = Duration::from_secs(4);

/// A call with a valid signature.
#[derive(Debug)]
pub struct HookCall {
    /// Ids of the pagers whose secret signed it.
    pub pagers: Vec<String>,
    /// The body.
    pub body: Bytes,
    /// Sender for whether the call was saved.
    pub done: oneshot::Sender<bool>,
}

/// The hook for PagerDuty's events.
#[derive(Debug)]
pub struct PagerDutyHook {
    keys: Vec<(String, hmac::Key)>,
    calls: mpsc::Sender<HookCall>,
    bodies: UnverifiedBodies,
}

impl PagerDutyHook {
    /// Creates a hook for pagers, by id, with the secrets of their webhooks, and the receiver of its calls.
    pub fn new(secrets: impl IntoIterator<Item = (String, SecretString)>) -> (PagerDutyHook, mpsc::Receiver<HookCall>) {
        let (calls, receiver) = mpsc::channel(WAITING);
        let key = |secret: &SecretString| hmac::Key::new(hmac::HMAC_SHA256, secret.expose_secret().as_bytes());
        let keys = secrets.into_iter().map(|(pager, secret)| (pager, key(&secret)));
        let hook = PagerDutyHook {
            keys: keys.collect(),
            calls,
            bodies: UnverifiedBodies::new(LARGEST, READING),
        };
        (hook, receiver)
    }

    /// The pagers whose secret signed a body.
    fn signers(&self, headers: &HeaderMap, body: &[u8]) -> Vec<String> {
        let header = headers.get("x-pagerduty-signature");
        let header = header.and_then(|value| value.to_str().ok()).unwrap_or_default();
        let tags = header.split(',').take(SIGNATURES);
        let tags: Vec<Vec<u8>> = tags
            .filter_map(|one| decoded(one.trim().strip_prefix("v1=")?))
            .collect();
        // Compared in constant time.
        let has_signed = |key: &hmac::Key| tags.iter().any(|tag| hmac::verify(key, body, tag).is_ok());
        let signers = self.keys.iter().filter(|(_, key)| has_signed(key));
        signers.map(|(pager, _)| pager.clone()).collect()
    }

    async fn answer(&self, headers: &HeaderMap, body: Body) -> StatusCode {
        let signers = |body: &[u8]| Some(self.signers(headers, body)).filter(|signers| !signers.is_empty());
        let (body, pagers) = match self.bodies.checked(headers, body, signers).await {
            Ok(checked) => checked,
            Err(refused) => {
                if refused == StatusCode::UNAUTHORIZED {
                    tracing::warn!("a request to /hooks/pagerduty with a wrong or missing signature was refused");
                }
                return refused;
            }
        };
        // Only now: whoever cannot sign takes no place of those who can.
        let Ok(turn) = self.calls.try_reserve() else {
            return StatusCode::SERVICE_UNAVAILABLE;
        };
        let (done, saved) = oneshot::channel();
        turn.send(HookCall { pagers, body, done });
        match tokio::time::timeout(PATIENCE, saved).await {
            Ok(Ok(true)) => StatusCode::ACCEPTED,
            // Not acknowledged: PagerDuty repeats it.
            _ => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

pub(super) async fn receive(State(served): State<Served>, headers: HeaderMap, body: Body) -> StatusCode {
    let outcome = match &served.pages {
        None => StatusCode::NOT_FOUND,
        Some(hook) => hook.answer(&headers, body).await,
    };
    metrics::counter!("signpost_page_hooks_total", "status" => outcome.as_u16().to_string()).increment(1);
    outcome
}
