//! The outcome of a replay as programs read it. Fields have the names that `signpost match --json` gives them.

use serde_json::{Map, Value, json};

use super::channel::{ChannelReport, MessageCounts, PastAnswer};
use super::errors::ErrorGroup;
use super::{ReplayReport, SectionUse};
use crate::redact::redact;
use crate::runbook::{Library, Section, TopicId};

/// The report as one object.
pub(super) fn of(report: &ReplayReport, library: &Library) -> Value {
    let total = &report.total;
    let answers = report.channels.iter().flat_map(|channel| {
        let answers = channel.answers.iter();
        answers.map(|one| answer(library, channel, one))
    });
    json!({
        "messages": total.messages,
        "read": {
            "people": total.people,
            "allowed_bots": total.bots,
            "left_alone": total.all_left_alone(),
            "left_alone_because": total.left_alone,
            "other_bots": total.other_bots,
            "files_not_read": total.files_not_read,
            "direct_left_out": report.direct_left_out,
        },
        "total": counts(total),
        "channels": report.channels.iter().map(channel).collect::<Vec<_>>(),
        "answers": answers.collect::<Vec<_>>(),
        "sections": report.sections().iter().map(|one| section(library, one)).collect::<Vec<_>>(),
        "unanswered": report.errors.sorted().into_iter().map(unanswered).collect::<Vec<_>>(),
        "unanswered_beyond": report.errors.beyond(),
        "skipped": report
            .unread
            .iter()
            .map(|one| json!({ "file": one.file, "why": one.why }))
            .collect::<Vec<_>>(),
    })
}

fn counts(counts: &MessageCounts) -> Map<String, Value> {
    [
        ("messages", counts.messages),
        ("people", counts.people),
        ("allowed_bots", counts.bots),
        ("left_alone", counts.all_left_alone()),
        ("answers", counts.answers),
        ("repeats", counts.repeats),
        ("follow_ups", counts.follow_ups),
        ("near_misses", counts.near_misses),
        ("unanswered_errors", counts.unanswered_errors),
    ]
    .into_iter()
    .map(|(name, count)| (name.to_owned(), Value::from(count)))
    .collect()
}

fn channel(channel: &ChannelReport) -> Value {
    let mut all = Map::new();
    all.insert("id".to_owned(), Value::from(channel.id.as_str()));
    all.insert("name".to_owned(), Value::from(channel.name.as_str()));
    all.append(&mut counts(&channel.counts));
    Value::Object(all)
}

fn answer(library: &Library, channel: &ChannelReport, answer: &PastAnswer) -> Value {
    let (runbook, section) = names(library, answer.topic);
    json!({
        "channel": channel.id,
        "ts": answer.ts,
        "thread_ts": answer.thread_ts,
        "user": answer.user,
        "kind": if answer.repeat_of.is_some() { "repeat" } else { "answer" },
        "repeat_of": answer.repeat_of,
        "runbook": runbook,
        "section": section,
        "anchor": library.section(answer.topic).and_then(|section| section.anchors.first()),
        "confidence": rounded(answer.confidence),
        "evidence": answer.evidence,
    })
}

fn section(library: &Library, one: &SectionUse<'_>) -> Value {
    let (runbook, section) = names(library, one.topic);
    json!({
        "runbook": runbook,
        "section": section,
        "answers": one.answers,
        "repeats": one.repeats,
        "channels": one.channels.iter().map(|channel| channel.id.as_str()).collect::<Vec<_>>(),
        "first": one.first,
        "last": one.last,
    })
}

fn unanswered(group: &ErrorGroup) -> Value {
    let near = group.reason.near.as_ref().map(|near| {
        json!({
            "runbook": near.runbook,
            "section": near.section,
            "confidence": rounded(near.confidence),
        })
    });
    json!({
        "count": group.count,
        "channels": group.channels,
        "example": redact(&group.example),
        "first": group.first,
        "last": group.last,
        "near": near,
        "why": group.reason.why,
    })
}

/// The path of the runbook and the name of the section.
fn names(library: &Library, topic: TopicId) -> (Option<&str>, Option<&str>) {
    let path = library.runbook(topic).map(|runbook| runbook.path.as_str());
    (path, library.section(topic).map(Section::name))
}

fn rounded(confidence: f32) -> f64 {
    (f64::from(confidence) * 1000.0).round() / 1000.0
}
