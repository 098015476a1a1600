//! Hand-over: what happened in a case, in the order of time, for people who were not there.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use jiff::Timestamp;
use serde::Serialize;

use super::cases::{Case, CaseIssue, HistoryEntry, TopicRef, rows};
use super::runs::Run;
use crate::jobs::{Job, Registry, masks, parameters};
use crate::respond::step_texts;
use crate::runbook::Library;
use crate::store::{CaseRow, RunRow};

/// A case for hand-over. Everything in it is redacted, and values of secret parameters are masked.
#[derive(Debug, Clone, Serialize)]
pub struct Handover {
    /// Id of the case.
    pub case: String,
    /// Channel id.
    pub channel: String,
    /// The thread.
    pub thread_ts: Option<String>,
    /// The runbook and the section that people work with.
    pub topic: Option<String>,
    /// Title of the runbook or section, where the runbooks can be read and still have it.
    pub title: Option<String>,
    /// Status of the case: `open`, `fixed`, `escalated`, ….
    pub status: &'static str,
    /// The error as it was pasted.
    pub error: String,
    /// Link to the thread, when somebody escalated.
    pub link: Option<String>,
    /// Address of the issue in a tracker.
    pub issue: Option<String>,
    /// Events in the order of time.
    pub events: Vec<HandoverEvent>,
}

/// An event of a case.
#[derive(Debug, Clone, Serialize)]
pub struct HandoverEvent {
    /// Time of the event.
    pub at: Timestamp,
    /// Name of the person; `None` for what the bot did.
    pub who: Option<String>,
    /// The event in words.
    pub what: String,
}

impl Handover {
    /// Gathers the events of a case and of the runs that belong to it, with the words of `library` where it is given.
    /// `None` when the case cannot be read.
    pub fn of(row: &CaseRow, runs: &[RunRow], registry: &Registry, library: Option<&Library>) -> Option<Handover> {
        let case = rows::read(row)?;
        let mut events = vec![HandoverEvent {
            at: row.created_at,
            who: None,
            what: match &case.found {
                Some(found) => format!("Recognised as {}", found.name()),
                None => "Suggested several runbooks".to_owned(),
            },
        }];
        events.extend(case.history.iter().filter_map(|entry| {
            Some(HandoverEvent {
                at: entry.mark.at,
                who: Some(entry.mark.name.clone()),
                what: match step_text(&case, entry, library) {
                    Some(text) => format!("{}: {text}", spoken(&entry.what, &entry.detail)?),
                    None => spoken(&entry.what, &entry.detail)?,
                },
            })
        }));
        for run in runs.iter().filter_map(Run::read) {
            events.extend(events_of(&run, registry));
        }
        events.extend(escalations(&case));
        events.extend(case.issue.as_deref().and_then(issue));
        events.sort_by_key(|event| event.at);
        Some(Handover {
            topic: case.subject().map(TopicRef::name),
            title: case.subject().and_then(|place| {
                let library = library?;
                place.find(library).map(|_| place.title(library))
            }),
            status: case.status.name(),
            error: case.text(),
            link: case.escalations.last().and_then(|escalation| escalation.link.clone()),
            issue: case.issue.as_ref().and_then(|issue| issue.url.clone()),
            case: case.id,
            channel: case.channel,
            thread_ts: case.thread_ts,
            events,
        })
    }

    /// Writes the case as Markdown.
    pub fn markdown(&self) -> String {
        let mut out = String::new();
        let topic = self.topic.as_deref().unwrap_or("No runbook");
        let title = self.title.as_deref().unwrap_or(topic);
        let _ = writeln!(out, "# {}\n\nStatus: {}", escaped(title), self.status);
        if let (Some(_), Some(topic)) = (&self.title, &self.topic) {
            let _ = writeln!(out, "Runbook: {}", escaped(topic));
        }
        if let Some(link) = &self.link {
            let _ = writeln!(out, "Thread: <{link}>");
        }
        if let Some(issue) = &self.issue {
            let _ = writeln!(out, "Issue: <{issue}>");
        }
        // A fence longer than any run of backticks in the text.
        let longest = self.error.split(|c| c != '`').map(str::len).max().unwrap_or(0);
        let fence = "`".repeat(longest.max(2) + 1);
        let _ = writeln!(
            out,
            "\n## Error\n\n{fence}\n{}\n{fence}\n\n## Timeline\n",
            self.error.trim_end()
        );
        for event in &self.events {
            let at = event.at.strftime("%Y-%m-%d %H:%M:%S UTC");
            let who = event
                .who
                .as_deref()
                .map_or(String::new(), |who| format!("{}: ", escaped(who)));
            let _ = writeln!(out, "- {at} – {who}{}", escaped(&event.what));
        }
        out
    }
}

/// The text of a step that an entry of the history marks as done. The mark on the step, which is the same person's at the
/// same time, tells in which runbook it is.
fn step_text(case: &Case, entry: &HistoryEntry, library: Option<&Library>) -> Option<String> {
    if !entry.text.is_empty() {
        return Some(entry.text.clone());
    }
    let library = library.filter(|_| entry.what == "done")?;
    let (place, key) = case.worked_on().into_iter().find_map(|(place, marks)| {
        let (key, _) = marks.iter().find(|(_, mark)| **mark == entry.mark)?;
        Some((place, key))
    })?;
    step_texts(library, place.find(library)?, None).remove(key)
}

/// An entry of the history in words; `None` for one of another version, or that stands elsewhere.
fn spoken(what: &str, detail: &str) -> Option<String> {
    Some(match what {
        "done" => format!("Marked step {detail} as done"),
        "undone" => format!("Undid step {detail}"),
        "chose" => format!("Chose “{detail}”"),
        "went" if detail.is_empty() => "Opened another section".to_owned(),
        "went" => format!("Opened {detail}"),
        "not_wrong" => "Undid “wrong runbook”".to_owned(),
        "fixed" => "Marked as fixed".to_owned(),
        "not_helped" => "Marked as “didn’t help”".to_owned(),
        "wrong" => "Marked as the wrong runbook".to_owned(),
        "reopened" => "Reopened".to_owned(),
        "escalated" if detail.is_empty() => "Escalated".to_owned(),
        _ => return None,
    })
}

fn escalations(case: &Case) -> Vec<HandoverEvent> {
    let mut events = Vec::new();
    let mut taken = BTreeSet::new();
    for escalation in &case.escalations {
        let person = escalation
            .person
            .as_ref()
            .map_or(String::new(), |person| format!(" ({person})"));
        let page = match escalation.state().page {
            "sent" => ", paged",
            "failed" => ", page not sent",
            "pending" => ", paging",
            _ => "",
        };
        let step = if escalation.step > 1 {
            format!("Escalation step {}: ", escalation.step)
        } else {
            String::new()
        };
        events.push(HandoverEvent {
            at: escalation.by.at,
            who: Some(escalation.by.name.clone()),
            what: format!(
                "{step}Escalated to {}{person}, severity {}{page}",
                escalation.team_name, escalation.severity
            ),
        });
        // Who takes over from one step takes over from all.
        let acknowledged = escalation.acknowledged.as_ref();
        let acknowledged = acknowledged.filter(|_| taken.insert(&escalation.first));
        events.extend(acknowledged.map(|mark| HandoverEvent {
            at: mark.at,
            who: Some(mark.name.clone()).filter(|name| !name.is_empty()),
            what: match &*escalation.acknowledged_in {
                "" => format!("Acknowledged the escalation to {}", escalation.team_name),
                service => format!("Acknowledged the escalation to {} in {service}", escalation.team_name),
            },
        }));
        let page = escalation.page.as_ref();
        events.extend(page.and_then(|page| {
            let mark = page.resolved.as_ref()?;
            Some(HandoverEvent {
                at: mark.at,
                who: Some(mark.name.clone()).filter(|name| !name.is_empty()),
                what: format!("Resolved the alert in {}", page.service),
            })
        }));
    }
    events
}

/// The event of an issue that exists or was given up.
fn issue(issue: &CaseIssue) -> Option<HandoverEvent> {
    let what = match (issue.created, &issue.fault) {
        (Some(_), _) => format!("Created the issue {} in {}", issue.name(), issue.service),
        (None, Some(fault)) if issue.failed => format!("Issue not created: {fault}"),
        _ => return None,
    };
    Some(HandoverEvent {
        at: issue.created.unwrap_or(issue.by.at),
        who: None,
        what,
    })
}

fn events_of(run: &Run, registry: &Registry) -> Vec<HandoverEvent> {
    let job = registry.job(&run.job);
    let mut shown = match job {
        Some(job) => parameters::shown(job, None, &run.parameters),
        None => masks::all(&run.parameters),
    };
    shown.extend(run.secrets.iter().map(|name| (name.clone(), masks::MASK.to_owned())));
    let values: Vec<String> = shown.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let title = job.map_or(&*run.job, Job::shown);
    let mut events = vec![HandoverEvent {
        at: run.by.at,
        who: Some(run.by.name.clone()),
        what: format!("Requested the job {title} {}", values.join(" "))
            .trim_end()
            .to_owned(),
    }];
    events.extend(run.approved.as_ref().map(|mark| HandoverEvent {
        at: mark.at,
        who: Some(mark.name.clone()),
        what: format!("Approved the job {title}"),
    }));
    if !run.is_live() {
        let result = run.result().unwrap_or_else(|| run.stage_name().as_str().to_owned());
        events.push(HandoverEvent {
            at: run.since,
            who: None,
            what: format!("Job {title} finished: {result}"),
        });
    }
    events
}

/// A text of one line, without Markdown.
fn escaped(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().fold(String::with_capacity(line.len()), |mut out, c| {
        if matches!(c, '\\' | '*' | '_' | '`' | '[' | ']' | '<' | '>' | '|') {
            out.push('\\');
        }
        out.push(c);
        out
    })
}
