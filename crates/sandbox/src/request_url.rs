//! HTTP delivery: signed requests to an app's URL, with the payloads of Socket Mode.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::Shared;
use super::delivery::{Pending, Watched, acknowledge};
use super::faults::Effect;
use super::seed::SIGNING_SECRET;
use super::state::State;

/// Slack's user agent.
const USER_AGENT: &str = "Slackbot 1.0 (+https://api.slack.com/robots)";

/// A request to make.
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

    fn what(&self) -> String {
        super::delivery::what(&self.payload)
    }

    /// Returns the body and its content type: events are JSON, interactions and commands are forms.
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

/// Returns Slack's signature: `v0=` and the HMAC-SHA256 of `v0:timestamp:body`.
pub(super) fn signature(timestamp: i64, body: &str) -> String {
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, SIGNING_SECRET.as_bytes());
    let tag = ring::hmac::sign(&key, format!("v0:{timestamp}:{body}").as_bytes());
    tag.as_ref().iter().fold("v0=".to_owned(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Makes the request; a success acknowledges the envelope, anything else is retried as Slack does.
pub(super) async fn deliver(shared: &Arc<Shared>, watched: &Watched, delivery: Delivery) {
    let (body, kind) = delivery.body();
    let (spoiled, mut timestamp, limit) = shared.update_quietly(|state| {
        let what = delivery.what();
        let spoiled = state.take_fault(Effect::spoils_signature, &watched.app_id, &what);
        let limit = match delivery.envelope_type {
            "events_api" => state.options.ack_timeout,
            _ => state.options.patience,
        };
        (spoiled, state.now().as_second(), limit)
    });
    if spoiled == Some(Effect::Stale) {
        timestamp -= 360;
    }
    let signed = if spoiled == Some(Effect::Forged) {
        signature(timestamp, "something else")
    } else {
        signature(timestamp, &body)
    };
    let outcome = match client(limit) {
        Ok(client) => {
            let mut request = client
                .post(&delivery.url)
                .header("content-type", kind)
                .header("user-agent", USER_AGENT)
                .header("x-slack-request-timestamp", timestamp.to_string())
                .header("x-slack-signature", signed);
            if delivery.attempt > 0 {
                request = request
                    .header("x-slack-retry-num", delivery.attempt.to_string())
                    .header("x-slack-retry-reason", delivery.retry_reason);
            }
            answer(request.body(body)).await
        }
        Err(reason) => Err((reason, false)),
    };
    shared.update(|state| match outcome {
        Ok(payload) => {
            acknowledge(state, &watched.app_id, &delivery.envelope_id, payload);
        }
        Err((reason, is_last)) => {
            let pending = state
                .app_mut(&watched.app_id)
                .and_then(|app| app.pending.get_mut(&watched.number));
            if let Some(pending) = pending {
                pending.failed(reason, is_last);
            }
        }
    });
}

/// Returns the acknowledgement's payload. The error is the reason, and true when Slack must not retry
/// (`x-slack-no-retry: 1`).
async fn answer(request: reqwest::RequestBuilder) -> Result<Value, (&'static str, bool)> {
    let response = request.send().await.map_err(|error| {
        let reason = if error.is_timeout() {
            "http_timeout"
        } else {
            "connection_failed"
        };
        (reason, false)
    })?;
    let header = |name: &str| {
        response
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
            .to_owned()
    };
    if !response.status().is_success() {
        return Err(("http_error", header("x-slack-no-retry") == "1"));
    }
    let is_json = header("content-type").starts_with("application/json");
    let text = response.text().await.map_err(|_| ("http_timeout", false))?;
    // A body other than JSON is a text for the person, as in the oldest slash commands.
    Ok(match (is_json, text.trim()) {
        (_, "") => Value::Null,
        (true, text) => serde_json::from_str(text).unwrap_or_default(),
        (false, text) => json!({"text": text}),
    })
}

/// Sends the certificate check of a command's URL, as Slack does now and then: the URL must answer 200.
pub(super) async fn check_ssl(url: &str) -> Result<u16, String> {
    let client = client(Duration::from_secs(3)).map_err(str::to_owned)?;
    let request = client
        .post(url)
        .header("user-agent", USER_AGENT)
        .form(&[("ssl_check", "1"), ("token", "sandbox-verification")]);
    let response = request
        .send()
        .await
        .map_err(|error| format!("{url} does not answer: {error}"))?;
    Ok(response.status().as_u16())
}

/// Verifies a request URL with a challenge, as Slack does when one is entered.
pub(super) async fn verify(shared: &Arc<Shared>, url: &str) -> Result<(), String> {
    let challenge = shared.update_quietly(State::next_uuid);
    let body = json!({"token": "sandbox-verification", "challenge": challenge, "type": "url_verification"}).to_string();
    let timestamp = shared.lock().now().as_second();
    let client = client(Duration::from_secs(3)).map_err(str::to_owned)?;
    let request = client
        .post(url)
        .header("content-type", "application/json")
        .header("user-agent", USER_AGENT)
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
    // reqwest needs a TLS provider even for plain HTTP; a second installation changes nothing.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .timeout(limit)
        .no_proxy()
        .build()
        .map_err(|_| "connection_failed")
}
