//! Rate limits of an app: Slack's tiers for each method, and one message a second per channel.

use super::api::ApiError;
use super::seed::ALERTBOT;
use super::state::{Bucket, State};

/// Returns the calls per minute of the method's tier in Slack (facts/slack.md); `None` for methods without a limit
/// here.
///
/// `chat.postMessage` has a limit of its own. `apps.connections.open` has none: its tier of one call per minute is
/// enforced so leniently by Slack that holding apps to it would be wrong.
fn a_minute(method: &str) -> Option<f64> {
    Some(match method {
        "conversations.list" | "users.list" | "usergroups.list" | "usergroups.users.list" | "reactions.remove" => 20.0,
        "bots.info"
        | "chat.delete"
        | "chat.update"
        | "conversations.history"
        | "conversations.info"
        | "conversations.join"
        | "conversations.leave"
        | "conversations.open"
        | "conversations.replies"
        | "reactions.add"
        | "reactions.get"
        | "team.info"
        | "users.conversations" => 50.0,
        "chat.postEphemeral"
        | "conversations.members"
        | "files.completeUploadExternal"
        | "files.getUploadURLExternal"
        | "files.info"
        | "users.info"
        | "views.open"
        | "views.publish"
        | "views.push"
        | "views.update" => 100.0,
        _ => return None,
    })
}

/// Takes one call of `method` from the app's allowance per minute, which may be spent in one burst.
pub(crate) fn method(state: &mut State, app_id: &str, method: &str) -> Result<(), ApiError> {
    match a_minute(method) {
        Some(calls) => take(state, app_id, method, calls, calls / 60.0),
        None => Ok(()),
    }
}

/// Takes one message from the app's allowance for a channel: one a second, with a small burst.
pub(crate) fn message(state: &mut State, app_id: &str, channel: &str) -> Result<(), ApiError> {
    let burst = f64::from(state.options.burst.max(1));
    let every = state.options.post_every.as_secs_f64().max(0.001);
    take(state, app_id, channel, burst, 1.0 / every)
}

fn take(state: &mut State, app_id: &str, what: &str, most: f64, a_second: f64) -> Result<(), ApiError> {
    // The Alert Bot stands for all of monitoring, so no single limit applies to it.
    if !state.options.rate_limits || state.app(app_id).is_some_and(|app| app.user_id == ALERTBOT) {
        return Ok(());
    }
    let now = state.now();
    let full = Bucket {
        tokens: most,
        filled: now,
    };
    let bucket = state
        .buckets
        .entry((app_id.to_owned(), what.to_owned()))
        .or_insert(full);
    let passed = now.duration_since(bucket.filled).as_secs_f64().max(0.0);
    *bucket = Bucket {
        tokens: (bucket.tokens + passed * a_second).min(most),
        filled: now,
    };
    if bucket.tokens < 1.0 {
        let wait = ((1.0 - bucket.tokens) / a_second).ceil().max(1.0);
        return Err(ApiError {
            retry_after: Some(wait as u64),
            ..ApiError::from("ratelimited")
        });
    }
    bucket.tokens -= 1.0;
    Ok(())
}
