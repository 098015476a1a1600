//! Escalations while replicas are killed: a person tries until the bot takes it; one page, one message, one final word.

use std::time::Duration;

use serde_json::{Value, json};
use signpost::sandbox::{ADA, GRACE, RANDOM, SIGNPOST};

use super::setup::{Said, Setup, poll};
use super::trial::Counts;

/// The longest that a step of an escalation may take while replicas are killed.
const LIMIT: Duration = Duration::from_secs(100);
/// The longest wait for a window: the replica that was to open it may be gone.
const WINDOW: Duration = Duration::from_secs(4);

/// Marks the message and the page of an escalation.
fn mark(number: usize) -> String {
    format!("valve-{number}-sticks")
}

/// An error is pasted, its card is escalated, and somebody takes care of it. Returns what went wrong.
pub(super) async fn escalate(setup: &Setup, channel: &str, number: usize) -> (Said, Option<String>) {
    let text = format!("WX100: the warp engine of node e-{number} stalls");
    let said = Said {
        channel: channel.to_owned(),
        ts: setup.workspace.say(ADA, channel, &text).unwrap(),
    };
    let problem = steps(setup, &said, number).await.err();
    (said, problem)
}

async fn steps(setup: &Setup, said: &Said, number: usize) -> Result<(), String> {
    let card = shown_in(setup, said, "Warp engine stalls").await?;
    let called = poll(LIMIT, async || {
        let click = json!({"user": ADA, "channel": said.channel, "ts": card["ts"], "text": "Escalate"});
        setup.tries("click", click).await;
        let window = poll(WINDOW, async || window(setup, said)).await?;
        let summary = mark(number);
        let values = json!({"page": {"value": "yes"}, "summary": {"value": summary}});
        let submit = json!({"user": ADA, "view_id": window["id"], "values": values});
        let answer = setup.tries("submit", submit).await;
        let text = answer.to_string();
        let is_called =
            text.contains("already escalated") || answer["acknowledged"] == true && !text.contains("errors");
        let close = json!({"user": ADA, "view_id": window["id"], "all": true});
        setup.tries("close", close).await;
        is_called.then_some(())
    });
    called
        .await
        .ok_or_else(|| format!("escalation {number} is not taken"))?;
    shown_in(setup, said, "Paged.").await?;
    let taken = poll(LIMIT, async || {
        let message = team_messages(setup, number).into_iter().next()?;
        let click = json!({"user": GRACE, "channel": RANDOM, "ts": message["ts"], "text": "I’m on it"});
        setup.tries("click", click).await;
        poll(WINDOW, async || is_shown(setup, said, "is on it").map(drop)).await
    });
    taken
        .await
        .ok_or_else(|| format!("nobody is shown to take care of escalation {number}"))
}

/// Counts the escalations with one message, and all pages.
pub(super) fn judge(setup: &Setup, escalated: &[Said], counts: &mut Counts) {
    counts.messages += escalated.len();
    for (number, said) in escalated.iter().enumerate() {
        let messages = team_messages(setup, number);
        let cards = setup.workspace.replies(&said.channel, &said.ts).into_iter();
        let cards = cards.filter(|reply| reply["user"] == SIGNPOST).count();
        counts.answered += usize::from(messages.len() == 1);
        counts.doubled += usize::from(messages.len() > 1 || cards > 1);
    }
    let pages = setup.workspace.pages();
    let all = pages.as_array().map_or(0, Vec::len);
    if all != escalated.len() {
        counts
            .problems
            .push(format!("{all} pages for {} escalations", escalated.len()));
    }
}

/// Messages of the bot in the team's channel about an escalation.
fn team_messages(setup: &Setup, number: usize) -> Vec<Value> {
    setup.workspace.read(|state| {
        let messages = state.channel(RANDOM).unwrap().messages.values();
        let ours = messages.filter(|message| message.user() == SIGNPOST && message.thread_ts().is_none());
        let values = ours.map(|message| Value::Object(message.value.clone()));
        values
            .filter(|value| value.to_string().contains(&mark(number)))
            .collect()
    })
}

/// The window about an error. One about another error may have opened late.
fn window(setup: &Setup, said: &Said) -> Option<Value> {
    let is_about = |view: &Value| {
        let case = view["private_metadata"].as_str();
        view["user_id"] == ADA && view["type"] == "modal" && case.is_some_and(|case| case.contains(&said.ts))
    };
    setup
        .workspace
        .read(|state| state.views.values().find(|view| is_about(view)).cloned())
}

async fn shown_in(setup: &Setup, said: &Said, what: &str) -> Result<Value, String> {
    let found = poll(LIMIT, async || is_shown(setup, said, what)).await;
    found.ok_or_else(|| format!("\"{what}\" is not shown in the thread {}", said.ts))
}

fn is_shown(setup: &Setup, said: &Said, what: &str) -> Option<Value> {
    let replies = setup.workspace.replies(&said.channel, &said.ts).into_iter();
    let mut ours = replies.filter(|reply| reply["user"] == SIGNPOST);
    ours.find(|reply| reply.to_string().replace('*', "").contains(what))
}
