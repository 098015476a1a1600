//! Injected faults: added through `/sandbox/faults`, used up by the calls they match.

use std::time::Duration;

use serde_json::{Value, json};

use super::state::State;

/// A fault with a number of uses.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    pub(crate) effect: Effect,
    /// The Web API method to match (for deliveries: the event or interaction); any when absent.
    pub(crate) method: Option<String>,
    /// The app to match; any when absent.
    pub(crate) app_id: Option<String>,
    /// The channel's id, which a call must name to match; any when absent.
    pub(crate) channel: Option<String>,
    /// True when the fault applies to people's calls too.
    pub(crate) people: bool,
    /// Number of uses left; `None` for no limit.
    pub(crate) times: Option<u64>,
}

/// Properties of a call that faults are matched against.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call<'a> {
    pub(crate) method: &'a str,
    pub(crate) app_id: Option<&'a str>,
    /// The channel's id, when the call names one.
    pub(crate) channel: Option<&'a str>,
}

/// Effect of a fault.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Effect {
    /// Answers 429 with `Retry-After` in seconds; the call has no effect.
    RateLimited { retry_after: u64 },
    /// Answers this HTTP status; with `apply`, after the call has taken effect.
    Status { status: u16, apply: bool },
    /// Answers this Slack error.
    Error { error: String },
    /// Refuses messages with a block of this type, or with this property of a section, as a workspace does that does not
    /// know it yet.
    RefusedBlock { block: String },
    /// Delays the answer; with `apply`, the call takes effect before the delay.
    Slow { delay: Duration, apply: bool },
    /// Breaks the connection without an answer; with `apply`, after the call has taken effect.
    Break { apply: bool },
    /// Answers an HTML page with status 200.
    Html,
    /// Sends a file in small pieces over this time.
    Trickle { over: Duration },
    /// Ignores an acknowledgement, so that the envelope is redelivered.
    DropAck,
    /// Sends an event in two envelopes.
    Duplicate,
    /// Signs an HTTP delivery with a wrong signature.
    Forged,
    /// Signs an HTTP delivery with a time six minutes ago, like a replayed one.
    Stale,
}

impl Effect {
    pub(crate) fn is_drop_ack(&self) -> bool {
        *self == Self::DropAck
    }

    pub(crate) fn is_duplicate(&self) -> bool {
        *self == Self::Duplicate
    }

    pub(crate) fn spoils_signature(&self) -> bool {
        matches!(self, Self::Forged | Self::Stale)
    }

    fn refuses_blocks(&self) -> bool {
        matches!(self, Self::RefusedBlock { .. })
    }

    fn strikes_calls(&self) -> bool {
        !self.is_drop_ack() && !self.is_duplicate() && !self.spoils_signature() && !self.refuses_blocks()
    }

    /// Tells whether the effect applies to a call of this method. A response_url needs no token, so a Slack error
    /// applies to it only when the fault names it.
    fn fits(&self, method: &str, is_named: bool) -> bool {
        match self {
            Self::Trickle { .. } => method == "url_private",
            Self::Error { .. } => is_named || method != "response_url",
            _ => self.strikes_calls(),
        }
    }
}

impl State {
    /// Uses up one use of the first delivery fault of this kind that matches the app and the event or interaction.
    pub(crate) fn take_fault(&mut self, is_kind: fn(&Effect) -> bool, app_id: &str, what: &str) -> Option<Effect> {
        self.take(|fault| {
            is_kind(&fault.effect)
                && fault.app_id.as_deref().is_none_or(|wanted| wanted == app_id)
                && fault.method.as_deref().is_none_or(|wanted| wanted == what)
        })
    }

    /// Uses up one use of the first fault that matches the call.
    pub(crate) fn take_call_fault(&mut self, call: &Call<'_>) -> Option<Effect> {
        self.take(|fault| {
            let is_named = fault.method.as_deref() == Some(call.method);
            fault.effect.fits(call.method, is_named)
                && (is_named || fault.method.is_none())
                && fault.app_id.as_deref().is_none_or(|wanted| Some(wanted) == call.app_id)
                && fault.channel.as_deref().is_none_or(|wanted| Some(wanted) == call.channel)
                // Faults are for the bot, not for the test's own calls. Downloads and response_urls are the bot's
                // anyway.
                && (call.app_id.is_some() || fault.people || matches!(call.method, "url_private" | "response_url"))
        })
    }

    /// Uses up one use of the first fault that refuses one of these blocks. Returns the reason, as Slack words it.
    pub(crate) fn take_refused_block(&mut self, blocks: &[Value]) -> Option<String> {
        let index_of = |effect: &Effect| match effect {
            Effect::RefusedBlock { block } => blocks
                .iter()
                .position(|one| one["type"] == block.as_str() || one.get(block).is_some()),
            _ => None,
        };
        let effect = self.take(|fault| index_of(&fault.effect).is_some())?;
        let index = index_of(&effect)?;
        let kind = blocks
            .get(index)
            .and_then(|block| block["type"].as_str())
            .unwrap_or_default();
        Some(format!(
            "[ERROR] unsupported type: {kind} [json-pointer:/blocks/{index}/type]"
        ))
    }

    /// Returns the number of faults that are not used up.
    pub fn faults_left(&self) -> usize {
        self.faults.len()
    }

    fn take(&mut self, strikes: impl Fn(&Fault) -> bool) -> Option<Effect> {
        let index = self.faults.iter().position(strikes)?;
        let fault = self.faults.get_mut(index)?;
        let effect = fault.effect.clone();
        if let Some(times) = &mut fault.times {
            *times = times.saturating_sub(1);
            if *times == 0 {
                self.faults.remove(index);
            }
        }
        Some(effect)
    }
}

impl Fault {
    pub(crate) fn to_json(&self) -> Value {
        let millis = |time: &Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let (kind, detail) = match &self.effect {
            Effect::RateLimited { retry_after } => ("429", json!({"retry_after": retry_after})),
            Effect::Status { status, apply } => ("5xx", json!({"status": status, "apply": apply})),
            Effect::RefusedBlock { block } => ("invalid_blocks", json!({"block": block})),
            Effect::Error { error } => ("error", json!({"error": error})),
            Effect::Slow { delay, apply } => ("slow", json!({"ms": millis(delay), "apply": apply})),
            Effect::Break { apply } => ("break", json!({"apply": apply})),
            Effect::Html => ("html", json!({})),
            Effect::Trickle { over } => ("trickle", json!({"ms": millis(over)})),
            Effect::DropAck => ("drop_ack", json!({})),
            Effect::Duplicate => ("duplicate", json!({})),
            Effect::Forged => ("forged", json!({})),
            Effect::Stale => ("stale", json!({})),
        };
        let times = self.times.map_or(json!("always"), |times| json!(times));
        let mut value = json!({
            "kind": kind, "method": self.method, "app": self.app_id, "channel": self.channel, "times": times,
        });
        if let (Some(object), Value::Object(detail)) = (value.as_object_mut(), detail) {
            object.extend(detail);
        }
        value
    }

    /// Parses a fault of the kinds that wait for a call or a delivery; `None` for other kinds.
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
            "5xx" | "404" | "500" | "502" | "503" | "504" | "server_error" | "status" => {
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
            "invalid_blocks" => Effect::RefusedBlock {
                block: given["block"]
                    .as_str()
                    .ok_or("`block` names the type of block")?
                    .to_owned(),
            },
            "slow" | "delay" => Effect::Slow {
                delay: Duration::from_millis(number(&["ms", "delay_ms"], 1000)?.min(600_000)),
                apply: given["apply"].as_bool().unwrap_or(true),
            },
            "break" | "reset" => Effect::Break { apply },
            "html" => Effect::Html,
            "trickle" => Effect::Trickle {
                over: Duration::from_millis(number(&["ms", "delay_ms"], 5000)?.min(600_000)),
            },
            "drop_ack" | "drop-ack" | "drop ack" => Effect::DropAck,
            "duplicate" | "duplicate_delivery" | "duplicate delivery" => Effect::Duplicate,
            "forged" => Effect::Forged,
            "stale" => Effect::Stale,
            _ => return Ok(None),
        };
        let text = |key: &str| given[key].as_str().map(str::to_owned);
        let is_always = ["times", "count"].iter().any(|key| given[*key] == "always");
        Ok(Some(Self {
            effect,
            method: text("method"),
            app_id: text("app"),
            channel: text("channel"),
            people: given["people"].as_bool().unwrap_or(false),
            times: if is_always {
                None
            } else {
                Some(number(&["times", "count"], 1)?)
            },
        }))
    }
}

fn whole(value: &Value) -> Option<u64> {
    value
        .as_u64()
        .or_else(|| value.as_str().and_then(|text| text.parse().ok()))
}
