//! HTTP events: what Socket Mode carries, posted to an app's URL and signed.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::Shared;
use super::delivery::{Pending, Watched, acknowledge};
use super::seed::SIGNING_SECRET;
use super::state::State;

/// One request to make.
#[derive(Debug)]
pub(super) struct Delivery {
    url: String,
    envelope_id: String,
    envelope_type: &'static str,
    payload: Value,
    attempt: u32,
    retry_reason: &'static str,
}

impl Delivery {
    pub(super) fn new(url: String, pending: &Pending) -> Self {
        let (attempt, retry_reason) = pending.attempt();
        Self {
            url,
            envelope_id: pending.envelope_id.clone(),
            envelope_type: pending.envelope_type,
            payload: pending.payload.clone(),
            attempt,
            retry_reason,
        }
    }

    /// The body and its content type: events are JSON, interactions and commands are forms.
    fn body(&self) -> (String, &'static str) {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        match self.envelope_type {
            "events_api" => return (self.payload.to_string(), "application/json"),
            "slash_commands" => {
                for (key, value) in self.payload.as_object().into_iter().flatten() {
                    form.append_pair(key, value.as_str().unwrap_or(&value.to_string()));
                }
            }
            _ => {
                form.append_pair("payload", &self.payload.to_string());
            }
        }
        (form.finish(), "application/x-www-form-urlencoded")
    }
}

/// Slack's signature: `v0=` and the HMAC-SHA256 of `v0:timestamp:body`.
pub(super) fn signature(timestamp: i64, body: &str) -> String {
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, SIGNING_SECRET.as_bytes());
    let tag = ring::hmac::sign(&key, format!("v0:{timestamp}:{body}").as_bytes());
    tag.as_ref().iter().fold("v0=".to_owned(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Makes the request; a good answer acknowledges, anything else is tried again as Slack would.
pub(super) async fn deliver(shared: &Arc<Shared>, watched: &Watched, delivery: Delivery) {
    let (body, kind) = delivery.body();
    let (timestamp, limit) = {
        let state = shared.lock();
        (state.now().as_second(), state.options.ack_timeout)
    };
    let outcome = match client(limit) {
        Ok(client) => {
            let mut request = client
                .post(&delivery.url)
                .header("content-type", kind)
                .header("x-slack-request-timestamp", timestamp.to_string())
                .header("x-slack-signature", signature(timestamp, &body));
            if delivery.attempt > 0 {
                request = request
                    .header("x-slack-retry-num", delivery.attempt.to_string())
                    .header("x-slack-retry-reason", delivery.retry_reason);
            }
            answer(request.body(body)).await
        }
        Err(error) => Err(error),
    };
    shared.update(|state| match outcome {
        Ok(payload) => {
            acknowledge(state, &watched.app_id, &delivery.envelope_id, payload);
        }
        Err(reason) => {
            let pending = state
                .app_mut(&watched.app_id)
                .and_then(|app| app.pending.get_mut(&watched.number));
            if let Some(pending) = pending {
                pending.failed(reason);
            }
        }
    });
}

async fn answer(request: reqwest::RequestBuilder) -> Result<Value, &'static str> {
    let response = request.send().await.map_err(|error| {
        if error.is_timeout() {
            "http_timeout"
        } else {
            "connection_failed"
        }
    })?;
    if !response.status().is_success() {
        return Err("http_error");
    }
    let text = response.text().await.map_err(|_| "http_timeout")?;
    Ok(serde_json::from_str(&text).unwrap_or_default())
}

/// Asks a URL whether it wants to be a request URL, as Slack does when one is entered.
pub(super) async fn verify(shared: &Arc<Shared>, url: &str) -> Result<(), String> {
    let challenge = shared.update_quietly(State::next_uuid);
    let body = json!({"token": "sandbox-verification", "challenge": challenge, "type": "url_verification"}).to_string();
    let timestamp = shared.lock().now().as_second();
    let client = client(Duration::from_secs(3)).map_err(str::to_owned)?;
    let request = client
        .post(url)
        .header("content-type", "application/json")
        .header("x-slack-request-timestamp", timestamp.to_string())
        .header("x-slack-signature", signature(timestamp, &body))
        .body(body);
    let response = request
        .send()
        .await
        .map_err(|error| format!("{url} does not answer: {error}"))?;
    let text = response
        .text()
        .await
        .map_err(|error| format!("{url} broke off: {error}"))?;
    let told: Value = serde_json::from_str(&text).unwrap_or_default();
    if text.trim() == challenge || told["challenge"] == challenge.as_str() {
        Ok(())
    } else {
        Err(format!("{url} did not answer with the challenge"))
    }
}

fn client(limit: Duration) -> Result<reqwest::Client, &'static str> {
    // reqwest wants a provider for TLS even to speak plain HTTP; a second installation changes nothing.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .timeout(limit)
        .no_proxy()
        .build()
        .map_err(|_| "connection_failed")
}
