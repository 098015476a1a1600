//! `/sandbox/jenkins/faults`: injected faults, used up by the requests they match.

use std::time::Duration;

use serde_json::{Value, json};

use super::state::State;

/// The kinds of faults, for error messages.
pub(super) const KINDS: &str = "slow, 5xx, html, break, lost_answer, lost_location, veto, merge, vanish, \
    late_executable, redirect, trickle, cut, truncated, restart";

/// Purposes of requests; a fault that names one applies to no other.
pub(super) const WHATS: &str =
    "trigger, queue_item, queue, cancel, job, build, log, artifact, stop, input, crumb, whoami, root, other";

/// A fault with a number of uses.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Fault {
    /// The fault as requested.
    given: Value,
    pub(super) effect: Effect,
    /// The request's purpose to match; any when absent.
    what: Option<String>,
    /// Text that the path must contain; any path when absent.
    path: Option<String>,
    /// The user whose requests match; any when absent.
    user: Option<String>,
    /// Number of matching requests to let pass first.
    skip: u64,
    /// Number of uses left; `None` for no limit.
    times: Option<u64>,
}

/// Effect of a fault.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Effect {
    /// Delays the answer; with `apply`, the request takes effect before the delay.
    Slow { delay: Duration, apply: bool },
    /// Answers this status with an HTML page; with `apply`, after the request has taken effect.
    Status { status: u16, apply: bool },
    /// Answers a sign-in page with status 200 that is not Jenkins' own.
    Html,
    /// Breaks the connection; with `apply`, after the request has taken effect.
    Break { apply: bool },
    /// Omits `Location` from a trigger's answer.
    LostLocation,
    /// Refuses a trigger, as a queue decision handler does.
    Veto,
    /// Queues the same build first, as if another user had just asked for it.
    Merge,
    /// Answers that a queue item does not exist.
    Vanish,
    /// Shows a queue item that has left the queue, but does not name its build yet.
    LateExecutable,
    /// Redirects the request for an artifact.
    Redirect { to: Option<String>, hops: u64 },
    /// Sends an artifact in small pieces over this time.
    Trickle { over: Duration },
    /// Cuts an artifact off in the middle.
    Cut,
    /// Cuts JSON off in the middle.
    Truncated,
}

impl Effect {
    /// Tells whether the effect applies to a request of this purpose.
    fn fits(&self, what: &str) -> bool {
        match self {
            Self::LostLocation | Self::Veto | Self::Merge => what == "trigger",
            Self::Vanish | Self::LateExecutable => what == "queue_item",
            Self::Redirect { .. } | Self::Trickle { .. } | Self::Cut => what == "artifact",
            Self::Truncated => !matches!(what, "trigger" | "artifact" | "log" | "stop" | "cancel"),
            Self::Slow { .. } | Self::Status { .. } | Self::Html | Self::Break { .. } => true,
        }
    }
}

impl State {
    /// Uses up one use of the first fault that matches the request.
    pub(super) fn take_fault(&mut self, what: &str, path: &str, user: Option<&str>) -> Option<Effect> {
        let mut struck = None;
        for (index, fault) in self.faults.iter_mut().enumerate() {
            let fits = fault.effect.fits(what)
                && fault.what.as_deref().is_none_or(|wanted| wanted == what)
                && fault.path.as_deref().is_none_or(|wanted| path.contains(wanted))
                && fault.user.as_deref().is_none_or(|wanted| user == Some(wanted));
            if !fits {
                continue;
            }
            if fault.skip > 0 {
                fault.skip -= 1;
                continue;
            }
            if let Some(times) = &mut fault.times {
                *times = times.saturating_sub(1);
            }
            struck = Some((index, fault.effect.clone(), fault.times == Some(0)));
            break;
        }
        let (index, effect, is_used_up) = struck?;
        if is_used_up {
            self.faults.remove(index);
        }
        Some(effect)
    }

    /// Returns the number of faults that are not used up.
    pub fn faults_left(&self) -> usize {
        self.faults.len()
    }

    /// Adds a fault, or applies it at once if its kind is immediate.
    pub(super) fn add_fault(&mut self, given: &Value) -> Result<(), String> {
        if given["clear"] == true {
            self.faults.clear();
            self.down_until = None;
            return Ok(());
        }
        let kind = given["kind"]
            .as_str()
            .map(str::to_owned)
            .or_else(|| given["kind"].as_u64().map(|n| n.to_string()));
        let kind = kind.ok_or_else(|| format!("`kind` is missing; it is one of {KINDS}"))?;
        if kind == "restart" {
            let keeps = |key: &str| given[key].as_str().is_none_or(|word| word != "lost");
            self.restart(millis(given, 2000), keeps("queue"), keeps("builds"));
            return Ok(());
        }
        let fault = Fault::read(&kind, given)?;
        if fault.times != Some(0) {
            self.faults.push(fault);
        }
        Ok(())
    }
}

fn millis(given: &Value, default: u64) -> Duration {
    Duration::from_millis(given["ms"].as_u64().unwrap_or(default).min(600_000))
}

impl Fault {
    fn read(kind: &str, given: &Value) -> Result<Self, String> {
        let text = |key: &str| given[key].as_str().map(str::to_owned);
        let apply = given["apply"].as_bool();
        let mut what = text("what");
        let effect = match kind {
            "slow" => Effect::Slow {
                delay: millis(given, 1000),
                apply: apply.unwrap_or(true),
            },
            "html" | "sso" => Effect::Html,
            "break" => Effect::Break {
                apply: apply.unwrap_or(false),
            },
            "lost_answer" => {
                what.get_or_insert_with(|| "trigger".to_owned());
                Effect::Break { apply: true }
            }
            "lost_location" => Effect::LostLocation,
            "veto" => Effect::Veto,
            "merge" => Effect::Merge,
            "vanish" => Effect::Vanish,
            "late_executable" => Effect::LateExecutable,
            "redirect" => Effect::Redirect {
                to: text("to"),
                hops: given["hops"].as_u64().unwrap_or(1).clamp(1, 100),
            },
            "trickle" => Effect::Trickle {
                over: millis(given, 5000),
            },
            "cut" => Effect::Cut,
            "truncated" => Effect::Truncated,
            _ => {
                let number = kind.parse().ok().or_else(|| (kind == "5xx").then_some(503));
                let number = number.ok_or_else(|| format!("the fault {kind:?} is not known; it is one of {KINDS}"))?;
                let status = given["status"].as_u64().unwrap_or(number);
                let status = u16::try_from(status).ok().filter(|status| (400..600).contains(status));
                Effect::Status {
                    status: status.ok_or("`status` must be from 400 to 599")?,
                    apply: apply.unwrap_or(false),
                }
            }
        };
        if let Some(wrong) = what
            .as_ref()
            .filter(|what| !WHATS.split(", ").any(|known| known == what.as_str()))
        {
            return Err(format!("`what` is {wrong:?}; it is one of {WHATS}"));
        }
        let times = match &given["times"] {
            Value::Null => Some(1),
            Value::String(word) if word == "always" => None,
            other => Some(
                other
                    .as_u64()
                    .ok_or_else(|| format!("`times` is {other}; it is a number or \"always\""))?,
            ),
        };
        Ok(Self {
            given: given.clone(),
            effect,
            what,
            path: text("path"),
            user: text("user"),
            skip: given["skip"].as_u64().unwrap_or(0),
            times,
        })
    }

    /// Returns the fault as requested, with the number of uses left.
    pub(super) fn to_json(&self) -> Value {
        let mut value = self.given.clone();
        value["times"] = self.times.map_or(json!("always"), |times| json!(times));
        value
    }
}
