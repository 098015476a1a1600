//! Slash commands.

use std::sync::Arc;

use serde_json::{Value, json};

use super::interact::{acknowledged, place, post_answer, response_url, send, shown_name, trigger};
use super::{Call, Outcome};
use crate::Shared;
use crate::seed::TEAM;
use crate::state::State;

pub(super) async fn command(shared: &Arc<Shared>, call: &Call) -> Outcome {
    let base = shared.url();
    let name = call.need("command")?;
    let name = format!("/{}", name.trim_start_matches('/'));
    if call.params.text("thread_ts").is_some_and(|ts| !ts.is_empty()) {
        // As Slack's client says it.
        return Err(format!("{name} is not supported in threads. Sorry!"));
    }
    let (sent, app_id, channel) = shared.update(|state| {
        let app_id = app_offering(state, call, &name)?;
        let wanted = call.params.text("channel").unwrap_or_else(|| "support".to_owned());
        let channel = state
            .channel(&wanted)
            .ok_or_else(|| format!("there is no channel {wanted:?}"))?;
        if !channel.has(call.caller.user_id()) {
            return Err(format!("whoever sends a command must be in the channel {wanted:?}"));
        }
        let (id, shown) = (channel.id.clone(), shown_name(channel.kind, &channel.name));
        let user_id = call.caller.user_id().to_owned();
        let user = state.user(&user_id).map(|user| user.name.clone());
        let trigger_id = trigger(state, call, &app_id, None);
        let answer_to = place(state, call, &app_id, &id, None);
        let payload = json!({
            "token": "sandbox-verification", "team_id": TEAM, "team_domain": "sandbox", "channel_id": id,
            "channel_name": shown, "user_id": user_id, "user_name": user, "command": name,
            "text": call.params.text("text").unwrap_or_default(), "api_app_id": app_id,
            "is_enterprise_install": "false",
            "response_url": response_url(state, answer_to, &base),
            "trigger_id": trigger_id,
        });
        let payload = payload.as_object().cloned().unwrap_or_default();
        Ok::<_, String>((send(state, &app_id, "slash_commands", payload), app_id, id))
    })?;
    let mut told = acknowledged(shared, sent).await;
    let response = told["response"].clone();
    let has_something = |key: &str| match &response[key] {
        Value::String(text) => !text.trim().is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => false,
    };
    if ["text", "blocks", "attachments"].iter().any(|key| has_something(key)) {
        let place = shared.update_quietly(|state| place(state, call, &app_id, &channel, None));
        if let Err(error) = post_answer(shared, &place, &response) {
            told["failure"] = json!("invalid_command_response");
            told["warning"] = json!(format!(
                "{name} failed with the error \"invalid_command_response\" ({error})"
            ));
        }
    }
    Ok(told)
}

fn app_offering(state: &State, call: &Call, name: &str) -> Result<String, String> {
    if let Some(app) = call.params.text("app") {
        return super::admin::app_called(state, &app);
    }
    let offers = |app: &&crate::App| app.features.commands.iter().any(|one| one.command == name);
    let app = state.apps.iter().find(offers);
    app.map(|app| app.id.clone())
        .ok_or_else(|| format!("{name} is not a valid command."))
}
