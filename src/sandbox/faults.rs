//! What goes wrong on purpose: asked for through `/sandbox/faults`, used up by the calls it strikes.

use std::time::Duration;

use serde_json::{Value, json};

use super::state::State;

/// A fault that strikes a number of times.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    pub(crate) effect: Effect,
    /// The Web API method it strikes; any when absent.
    pub(crate) method: Option<String>,
    /// The app it strikes; any when absent.
    pub(crate) app_id: Option<String>,
    /// Strikes people's calls too.
    pub(crate) people: bool,
    /// How many times are left.
    pub(crate) times: u64,
}

/// What happens.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Effect {
    /// Answers 429 with `Retry-After` seconds, and does nothing.
    RateLimited { retry_after: u64 },
    /// Answers this HTTP status; with `apply`, after the call has had its effect.
    Status { status: u16, apply: bool },
    /// Answers this Slack error.
    Error { error: String },
    /// Answers this late; with `apply`, the call has had its effect before.
    Slow { delay: Duration, apply: bool },
    /// Breaks the connection without an answer; with `apply`, after the call has had its effect.
    Break { apply: bool },
    /// Answers an HTML page with status 200.
    Html,
    /// Forgets an acknowledgement, so that the envelope comes again.
    DropAck,
    /// Sends an event in two envelopes.
    Duplicate,
}

impl Effect {
    pub(crate) fn is_drop_ack(&self) -> bool {
        *self == Self::DropAck
    }

    pub(crate) fn is_duplicate(&self) -> bool {
        *self == Self::Duplicate
    }

    fn strikes_calls(&self) -> bool {
        !self.is_drop_ack() && !self.is_duplicate()
    }
}

impl State {
    /// Uses up one strike of the first delivery fault of this kind for this app.
    pub(crate) fn take_fault(&mut self, is_kind: fn(&Effect) -> bool, app_id: &str) -> Option<Effect> {
        self.take(|fault| is_kind(&fault.effect) && fault.app_id.as_deref().is_none_or(|wanted| wanted == app_id))
    }

    /// Uses up one strike of the first fault for a call of this method by this app.
    pub(crate) fn take_call_fault(&mut self, method: &str, app_id: Option<&str>) -> Option<Effect> {
        self.take(|fault| {
            fault.effect.strikes_calls()
                && fault.method.as_deref().is_none_or(|wanted| wanted == method)
                && fault.app_id.as_deref().is_none_or(|wanted| Some(wanted) == app_id)
                // A test breaks the bot, not its own hands. Downloads and response_urls are the bot's anyway.
                && (app_id.is_some() || fault.people || matches!(method, "url_private" | "response_url"))
        })
    }

    /// How many faults have not struck yet.
    pub fn faults_left(&self) -> usize {
        self.faults.len()
    }

    fn take(&mut self, strikes: impl Fn(&Fault) -> bool) -> Option<Effect> {
        let index = self.faults.iter().position(strikes)?;
        let fault = self.faults.get_mut(index)?;
        let effect = fault.effect.clone();
        fault.times = fault.times.saturating_sub(1);
        if fault.times == 0 {
            self.faults.remove(index);
        }
        Some(effect)
    }
}

impl Fault {
    pub(crate) fn to_json(&self) -> Value {
        let (kind, detail) = match &self.effect {
            Effect::RateLimited { retry_after } => ("429", json!({"retry_after": retry_after})),
            Effect::Status { status, apply } => ("5xx", json!({"status": status, "apply": apply})),
            Effect::Error { error } => ("error", json!({"error": error})),
            Effect::Slow { delay, apply } => (
                "slow",
                json!({"ms": u64::try_from(delay.as_millis()).unwrap_or(u64::MAX), "apply": apply}),
            ),
            Effect::Break { apply } => ("break", json!({"apply": apply})),
            Effect::Html => ("html", json!({})),
            Effect::DropAck => ("drop_ack", json!({})),
            Effect::Duplicate => ("duplicate", json!({})),
        };
        let mut value = json!({"kind": kind, "method": self.method, "app": self.app_id, "times": self.times});
        if let (Some(object), Value::Object(detail)) = (value.as_object_mut(), detail) {
            object.extend(detail);
        }
        value
    }

    /// Reads a fault of the kinds that wait for a call or a delivery; `None` for other kinds.
    pub(crate) fn parse(kind: &str, given: &Value) -> Result<Option<Self>, String> {
        let number = |keys: &[&str], default: u64| {
            keys.iter()
                .map(|key| &given[*key])
                .find(|value| !value.is_null())
                .map_or(Ok(default), |value| {
                    whole(value).ok_or_else(|| format!("`{value}` is not a whole number"))
                })
        };
        let apply = given["apply"].as_bool().unwrap_or(false);
        let effect = match kind {
            "429" | "ratelimited" | "rate_limited" | "rate_limit" => Effect::RateLimited {
                retry_after: number(&["retry_after"], 1)?,
            },
            "5xx" | "500" | "502" | "503" | "504" | "server_error" => {
                let status = number(&["status"], kind.parse().unwrap_or(503))?;
                let status = u16::try_from(status).ok().filter(|status| (400..600).contains(status));
                Effect::Status {
                    status: status.ok_or("`status` must be from 400 to 599")?,
                    apply,
                }
            }
            "error" => Effect::Error {
                error: given["error"].as_str().ok_or("`error` names Slack's code")?.to_owned(),
            },
            "slow" | "delay" => Effect::Slow {
                delay: Duration::from_millis(number(&["ms", "delay_ms"], 1000)?.min(600_000)),
                apply: given["apply"].as_bool().unwrap_or(true),
            },
            "break" | "reset" => Effect::Break { apply },
            "html" => Effect::Html,
            "drop_ack" | "drop-ack" | "drop ack" => Effect::DropAck,
            "duplicate" | "duplicate_delivery" | "duplicate delivery" => Effect::Duplicate,
            _ => return Ok(None),
        };
        let text = |key: &str| given[key].as_str().map(str::to_owned);
        Ok(Some(Self {
            effect,
            method: text("method"),
            app_id: text("app"),
            people: given["people"].as_bool().unwrap_or(false),
            times: number(&["times", "count"], 1)?,
        }))
    }
}

fn whole(value: &Value) -> Option<u64> {
    value
        .as_u64()
        .or_else(|| value.as_str().and_then(|text| text.parse().ok()))
}
