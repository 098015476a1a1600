//! `/sandbox/alert`: posts an alert as the Alert Bot, in a monitoring integration's format.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::{Call, Outcome};
use crate::alerts::{Alert, SHAPES, known, message};
use crate::seed::{ALERTBOT, ALERTS};
use crate::{Shared, api};

/// The alert's name when the request gives none.
const DEFAULT_NAME: &str = "CartographerIAMTokenExchangeErrors";
/// A job's name for the Jenkins format, and its build's message.
const JOB: (&str, &str) = (
    "nightly-cluster-report",
    "Not authorized. Log in to Bluemix and try again. (E0003)",
);

/// Returns the message formats, for the page's menu.
pub(super) fn shapes() -> Value {
    SHAPES
        .iter()
        .map(|(id, name)| json!({"shape": id, "name": name}))
        .collect()
}

pub(super) fn alert(shared: &Arc<Shared>, call: &Call) -> Outcome {
    let shape = call.params.text("shape").unwrap_or_else(|| "alertmanager".to_owned());
    let status = call.params.text("status").unwrap_or_else(|| "firing".to_owned());
    if !matches!(status.as_str(), "firing" | "resolved") {
        return Err(format!("`status` is firing or resolved, not {status:?}"));
    }
    let is_job = shape == "jenkins";
    let given = |key: &str| call.params.text(key).filter(|text| !text.is_empty());
    let name = given("name").unwrap_or_else(|| if is_job { JOB.0 } else { DEFAULT_NAME }.to_owned());
    let (summary, labels) = known(&name);
    let summary = if is_job { JOB.1 } else { summary };
    let labels = call.given("labels")?.unwrap_or(labels);
    let base = shared.url();
    shared.update(|state| {
        let alert = Alert {
            name,
            is_resolved: status == "resolved",
            count: call.params.number("count", 1).clamp(1, 50),
            summary: given("summary").unwrap_or_else(|| summary.to_owned()),
            labels: labels.as_object().cloned().unwrap_or_else(Map::new),
            at: state.now().as_second(),
        };
        let Some(mut arguments) = message(&shape, &alert) else {
            let known: Vec<&str> = SHAPES.iter().map(|(id, _)| *id).collect();
            return Err(format!("`shape` is one of {}, not {shape:?}", known.join(", ")));
        };
        let channel = given("channel").unwrap_or_else(|| ALERTS.to_owned());
        let found = state
            .channel_mut(&channel)
            .ok_or_else(|| format!("there is no channel {channel:?}"))?;
        if !found.has(ALERTBOT) {
            found.members.push(ALERTBOT.to_owned());
        }
        arguments["channel"] = json!(found.id);
        if let Some(thread) = given("thread_ts") {
            arguments["thread_ts"] = json!(thread);
        }
        let bot = state.caller_of_user(ALERTBOT).ok_or("the Alert Bot is gone")?;
        let mut method = "chat.postMessage";
        if let Some(ts) = given("ts") {
            // Some integrations edit the message they have posted instead of posting another.
            arguments["ts"] = json!(ts);
            method = "chat.update";
        }
        let posted = api::call(state, &bot, method, &api::Params::from_value(&arguments), &base);
        let posted = posted.map_err(|error| error.code)?;
        Ok(json!({"channel": posted["channel"], "ts": posted["ts"], "message": posted["message"]}))
    })
}
