//! Modals: to paste an error into, to show the matches, and to escalate. Views are built here from replies and labels;
//! the wording is in `responses/templates`.

pub(super) mod form;

use serde_json::{Value, json};

use super::context::Context;
use crate::bot::cases::{Actor, Case};
use crate::respond::{Call, Escalation, Labels, Reply, to_text};
use crate::slack::decode::View;
use crate::slack::sender::Body;

/// Callback id of the global shortcut and of its modal.
pub(super) const PASTE: &str = "paste_error";
/// Callback id of the message shortcut.
pub(super) const FIND: &str = "find_runbook";
/// Callback id of the escalation modal.
pub(super) const ESCALATION: &str = "escalate";
/// Callback id of the modal with the matches.
const ANSWER: &str = "answer";
/// Action id of buttons that open the paste modal.
pub(super) const OPEN_PASTE: &str = "signpost_open_paste";
/// Block id of the field for the error.
pub(super) const PASTE_BLOCK: &str = "paste";
/// Block id of the channel in which the answer is posted.
pub(super) const CHANNEL_BLOCK: &str = "channel";
/// Block id of the summary.
pub(super) const SUMMARY_BLOCK: &str = "summary";
/// Action id of every field.
pub(super) const ACTION: &str = "value";

/// Maximum characters of a text field (Slack's limit).
const FIELD: usize = 3_000;
/// Maximum number of blocks in a modal (Slack's limit).
const BLOCKS: usize = 100;

pub(super) fn plain(text: &str) -> Value {
    json!({"type": "plain_text", "text": text, "emoji": false})
}

/// The modal with a large field for an error.
pub(super) fn paste(labels: &Labels) -> Value {
    let fields = &labels.fields;
    json!({
        "type": "modal",
        "callback_id": PASTE,
        "title": plain(&labels.titles.paste),
        "submit": plain(&labels.titles.submit),
        "close": plain(&labels.titles.cancel),
        "blocks": [
            {
                "type": "input", "block_id": PASTE_BLOCK,
                "label": plain(&fields.paste_label),
                "hint": plain(&fields.paste_hint),
                "element": {
                    "type": "plain_text_input", "action_id": ACTION, "multiline": true, "max_length": FIELD,
                    "focus_on_load": true, "placeholder": plain(&fields.paste_placeholder),
                },
            },
            {
                "type": "input", "block_id": CHANNEL_BLOCK, "optional": true,
                "label": plain(&fields.channel_label),
                "element": {
                    "type": "conversations_select", "action_id": ACTION,
                    "placeholder": plain(&fields.channel_placeholder),
                    "filter": {"include": ["public", "private"], "exclude_bot_users": true, "exclude_external_shared_channels": true},
                },
            },
        ],
    })
}

/// The text that was pasted into the modal.
pub(super) fn pasted_text(view: &View) -> String {
    view.value(PASTE_BLOCK, ACTION).unwrap_or_default().to_owned()
}

/// The channel in which the answer is to be posted.
pub(super) fn chosen_channel(view: &View) -> Option<String> {
    view.value(CHANNEL_BLOCK, ACTION)
        .filter(|id| !id.is_empty())
        .map(str::to_owned)
}

/// The modal with the matches: to read, or, when `works`, with buttons to work through it alone. Escalating, sharing
/// and running a job need a channel, so their buttons are left out; the last line says how to escalate.
pub(super) fn answer(labels: &Labels, shown: &Body, works: bool) -> Value {
    let mut blocks = shown.drawn();
    let mut is_escalated = false;
    for block in blocks.iter_mut().filter(|block| block["type"] == "actions") {
        if let Some(buttons) = block["elements"].as_array_mut() {
            buttons.retain(|button| {
                let id = button["action_id"].as_str().unwrap_or_default();
                is_escalated |= id.starts_with("signpost_escalate");
                let needs_channel = ["signpost_escalate", "signpost_share", "signpost_form"];
                works && needs_channel.iter().all(|prefix| !id.starts_with(prefix))
            });
        }
    }
    blocks
        .retain(|block| block["type"] != "actions" || block["elements"].as_array().is_some_and(|all| !all.is_empty()));
    blocks.truncate(BLOCKS - 1);
    if works && is_escalated {
        blocks.push(json!({"type": "context", "elements": [plain(&labels.fields.escalate_elsewhere)]}));
    }
    json!({
        "type": "modal",
        "callback_id": ANSWER,
        "title": plain(&labels.titles.answer),
        "close": plain(&labels.titles.close),
        "blocks": blocks,
    })
}

/// The escalation modal: the contacts, and a summary to edit and post.
pub(super) fn escalation(ctx: &Context, case: &Case, link: Option<&str>, runs: Vec<(String, String)>) -> Value {
    let labels = ctx.responder.labels();
    let summed = summed_up(ctx, case, link, runs);
    let mut blocks: Vec<Value> = Body::of(&summed.0).drawn();
    blocks.truncate(BLOCKS - 1);
    blocks.push(summary_input(labels, &summed.1));
    json!({
        "type": "modal",
        "callback_id": ESCALATION,
        "private_metadata": case.id,
        "title": plain(&labels.titles.escalate),
        "submit": plain(&labels.titles.post_summary),
        "close": plain(&labels.titles.cancel),
        "blocks": blocks,
    })
}

/// The field with the summary, to be edited.
pub(super) fn summary_input(labels: &Labels, summary: &str) -> Value {
    let mut summary = summary.to_owned();
    if summary.encode_utf16().count() > FIELD {
        summary = summary.chars().take(FIELD / 2).collect();
        summary.push('…');
    }
    json!({
        "type": "input", "block_id": SUMMARY_BLOCK,
        "label": plain(&labels.fields.summary_label),
        "element": {
            "type": "plain_text_input", "action_id": ACTION, "multiline": true, "max_length": FIELD,
            "initial_value": summary,
        },
    })
}

/// The summary of a case as text. `runs`: title and outcome of the jobs that ran for it.
pub(super) fn summary_of(ctx: &Context, case: &Case, link: Option<&str>, runs: Vec<(String, String)>) -> String {
    summed_up(ctx, case, link, runs).1
}

/// The summary as it was left in the modal.
pub(super) fn summary(view: &View) -> String {
    view.value(SUMMARY_BLOCK, ACTION).unwrap_or_default().to_owned()
}

/// The message that is posted when somebody escalates a case.
pub(super) fn escalated(ctx: &Context, case: &Case, mark: &Actor, summary: &str) -> Body {
    let known = ctx.knowledge.get();
    let topic = case.subject().and_then(|place| place.find(&known.library));
    let matched = case.matched(&known.library);
    let call = Call {
        topic,
        matched: matched.as_ref(),
        by: &mark.name,
        summary,
        audience: case.audience(),
    };
    Body::of(&ctx.responder.escalated(&known.library, &call))
}

/// The contacts, and the summary: the error, the runbook, the steps done and by whom.
fn summed_up(ctx: &Context, case: &Case, link: Option<&str>, runs: Vec<(String, String)>) -> (Reply, String) {
    let known = ctx.knowledge.get();
    let matched = case.matched(&known.library);
    let topic = case.subject().and_then(|place| place.find(&known.library));
    let done = case.worked_on().into_iter().filter_map(|(place, marks)| {
        let marks = marks.iter().map(|(step, mark)| (step.clone(), mark.shown()));
        Some((place.find(&known.library)?, marks.collect()))
    });
    let facts = Escalation {
        topic,
        matched: matched.as_ref(),
        done: done.collect(),
        excerpt: case.excerpt(),
        link: link.map(str::to_owned),
        audience: case.audience(),
        runs,
    };
    let (contacts, summary) = ctx.responder.escalation(&known.library, &facts);
    (contacts, to_text(&summary))
}
