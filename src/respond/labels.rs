//! Labels of buttons, modals and the Home tab: embedded, overridable, and checked on loading.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::calling::{self, CallingLabels};
use super::values::turns;
use super::{TemplateError, Templates};

/// Name of the labels' file, which is beside the templates.
pub(super) const FILE: &str = "labels.toml";
const EMBEDDED: &str = include_str!("../../responses/templates/labels.toml");

/// Most characters of a button's text (Slack's limit).
pub const BUTTON: usize = 75;
/// Most characters of a modal's title, submit and close (Slack's limit).
pub const TITLE: usize = 24;
/// Most characters of an input's placeholder (Slack's limit).
pub const PLACEHOLDER: usize = 150;
/// Most characters of an input's label; Slack would take 2,000.
pub const LABEL: usize = 200;
/// Most characters of a hint below a field, once it is filled in; Slack would take 2,000.
pub const HINT: usize = 600;

/// All labels.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Labels {
    /// Labels of buttons.
    pub buttons: Buttons,
    /// Titles and lower buttons of modals.
    pub titles: Titles,
    /// Texts of the fields in modals.
    pub fields: Fields,
    /// Texts around escalations to a team.
    pub calling: CallingLabels,
}

/// Labels of buttons: at most [`BUTTON`] characters. `{…}` is filled in with [`filled`].
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Buttons {
    /// Show the next few steps.
    pub next: String,
    /// Show the previous few steps.
    pub back: String,
    /// The list of steps to mark.
    pub mark_steps: String,
    /// The list of the runbook's other sections.
    pub other_sections: String,
    /// Show the text of the section that its card leaves out.
    pub more_of_section: String,
    /// Show the text of the runbook that its card leaves out.
    pub more_of_runbook: String,
    /// Show the steps of a case that is over.
    pub show_steps: String,
    /// Hide them again.
    pub hide_steps: String,
    /// Mark the step `{step}` as done.
    pub step_done: String,
    /// Mark the step `{step}` as not done after all.
    pub step_undo: String,
    /// Choose the alternative `{title}` of a runbook.
    pub alternative: String,
    /// Show the steps of all alternatives.
    pub all_steps: String,
    /// The list of many alternatives.
    pub choose_alternative: String,
    /// The list of the other alternatives, once one is chosen.
    pub change_alternative: String,
    /// Report that the error is solved.
    pub fixed: String,
    /// Report that the steps did not solve it.
    pub did_not_help: String,
    /// Take that report back.
    pub undo_did_not_help: String,
    /// Report that another runbook is needed.
    pub wrong_runbook: String,
    /// Take that report back.
    pub undo_wrong_runbook: String,
    /// Upload the case as a file.
    pub export: String,
    /// Show the contacts to call.
    pub escalate: String,
    /// Report that the error is not solved after all.
    pub reopen: String,
    /// Go back to the previous runbook or section: `{title}`.
    pub return_to: String,
    /// Post the summary that Escalate shows.
    pub post_summary: String,
    /// Close without doing anything.
    pub cancel: String,
    /// Show one of several runbooks: `{title}`.
    pub show: String,
    /// Open the runbook where it is published.
    pub open: String,
    /// Open the dashboard that an alert links to.
    pub alert_dashboard: String,
    /// Open the panel that an alert links to.
    pub alert_panel: String,
    /// Open the form that silences an alert.
    pub alert_silence: String,
    /// Let the channel see an answer that only one person sees.
    pub share: String,
    /// Run the corrected command: `{command}`.
    pub typo: String,
    /// Open the modal for an error.
    pub paste: String,
    /// Update the Home tab.
    pub refresh: String,
    /// Open the form of a job: `{title}`.
    pub run_job: String,
    /// Cancel a run.
    pub cancel_run: String,
    /// Approve a run, as a second person.
    pub approve: String,
    /// Decline a run, as a second person.
    pub decline: String,
    /// Ask for the same run again.
    pub retry: String,
    /// Judge a shadow answer as right.
    pub judge_right: String,
    /// Judge a shadow answer as the wrong runbook.
    pub judge_wrong: String,
    /// Judge that nothing should have been answered.
    pub judge_silent: String,
}

/// Titles and lower buttons of modals: at most [`TITLE`] characters.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Titles {
    /// Title of the modal "Paste an error".
    pub paste: String,
    /// Title of the message shortcut's modal.
    pub shortcut: String,
    /// Title of the modal with the answer.
    pub answer: String,
    /// Title of the modal before somebody is called.
    pub escalate: String,
    /// Button that looks for the pasted error.
    pub submit: String,
    /// Button that shows the answer in the channel.
    pub share: String,
    /// Button that posts the summary for the called contacts.
    pub post_summary: String,
    /// Button that closes the modal.
    pub close: String,
    /// Close without doing anything.
    pub cancel: String,
    /// Title of the form of a job.
    pub run: String,
    /// Button that runs the job.
    pub run_submit: String,
}

/// Fields of modals: labels and hints at most [`LABEL`], placeholders at most [`PLACEHOLDER`] characters.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fields {
    /// Label of the field for the error.
    pub paste_label: String,
    /// Message at that field when it was left empty.
    pub paste_missing: String,
    /// Placeholder of the field for the error.
    pub paste_placeholder: String,
    /// Hint below the field for the error.
    pub paste_hint: String,
    /// Line below the result in the window, which has no Escalate button.
    pub escalate_elsewhere: String,
    /// Label of the field for a note.
    pub note_label: String,
    /// Placeholder of the field for a note.
    pub note_placeholder: String,
    /// Label of the field for a channel.
    pub channel_label: String,
    /// Placeholder of the field for a channel.
    pub channel_placeholder: String,
    /// Label of the field with the summary.
    pub summary_label: String,
    /// Text in the form of a job until its fields are there.
    pub run_loading: String,
    /// Text in the form of a job that has no fields.
    pub run_no_fields: String,
    /// Text in the form of a job that a second person must approve.
    pub run_approval: String,
    /// Text in the form when Jenkins did not provide the job's definition in time.
    pub run_unchecked: String,
    /// Hint below a field that was filled in from the paste.
    pub run_from_capture: String,
    /// Hint below a field that was filled in from the thread.
    pub run_from_thread: String,
    /// Hint below a field that was filled in from the runbook.
    pub run_from_runbook: String,
    /// Hint below a field that was filled in with the job's own value.
    pub run_from_registry: String,
    /// Hint below a field for which several values were found, of which a person must choose: `{values}`.
    pub run_several: String,
    /// Hint below a field whose value is shown to nobody.
    pub run_secret: String,
    /// Placeholder of a list while nothing is chosen.
    pub run_choose: String,
    /// Placeholder of a field that may stay empty.
    pub run_optional: String,
}

/// Names that may be in braces: the group, the label and the name.
const HOLES: [(&str, &str, &str); 8] = [
    ("buttons", "alternative", "title"),
    ("buttons", "run_job", "title"),
    ("fields", "run_several", "values"),
    ("buttons", "step_done", "step"),
    ("buttons", "step_undo", "step"),
    ("buttons", "return_to", "title"),
    ("buttons", "show", "title"),
    ("buttons", "typo", "command"),
];

/// A label with its `{name}` filled in, for a button: at most [`BUTTON`] characters.
pub fn filled(label: &str, name: &str, value: &str) -> String {
    filled_to(BUTTON, label, name, value)
}

/// A label with its `{name}` filled in, for a hint below a field: at most [`HINT`] characters.
pub fn filled_hint(label: &str, name: &str, value: &str) -> String {
    filled_to(HINT, label, name, value)
}

fn filled_to(most: usize, label: &str, name: &str, value: &str) -> String {
    let hole = format!("{{{name}}}");
    let value: String = value.chars().filter(|c| !turns(*c)).collect();
    let value = value.split_whitespace().collect::<Vec<_>>().join(" ");
    let room = most.saturating_sub(length(&label.replace(&hole, "")));
    label.replace(&hole, &shortened(&value, room))
}

/// Shortens a text to at most `most` characters as Slack's strictest client counts them (UTF-16 units), with an
/// ellipsis where something is left out.
pub(super) fn shortened(text: &str, most: usize) -> String {
    if length(text) <= most {
        return text.to_owned();
    }
    let mut out = String::new();
    for c in text.chars() {
        if length(&out) + c.len_utf16() + 1 > most {
            break;
        }
        out.push(c);
    }
    format!("{}…", out.trim_end())
}

fn length(text: &str) -> usize {
    text.encode_utf16().count()
}

/// The embedded labels with the overriding ones on top.
pub(super) fn load(overrides: Option<&Templates>) -> Result<Labels, TemplateError> {
    let mut all = table(EMBEDDED)?;
    if let Some(source) = overrides.and_then(|overrides| overrides.get(FILE)) {
        for (group, own) in table(source)? {
            let Some(Value::Object(labels)) = all.get_mut(&group) else {
                return Err(wrong(source, &group, unknown(&group, all.keys())));
            };
            let Value::Object(own) = own else {
                return Err(wrong(
                    source,
                    &group,
                    format!("write [{group}] and its labels below it"),
                ));
            };
            for (name, label) in own {
                if !labels.contains_key(&name) {
                    return Err(wrong(source, &name, unknown(&name, labels.keys())));
                }
                check(&group, &name, &label).map_err(|problem| wrong(source, &name, problem))?;
                labels.insert(name, label);
            }
        }
    }
    serde_json::from_value(Value::Object(all)).map_err(|cause| wrong("", "", cause.to_string()))
}

fn check(group: &str, name: &str, label: &Value) -> Result<(), String> {
    let Some(text) = label.as_str() else {
        return Err("write text in quotation marks".to_owned());
    };
    let most = match group {
        "buttons" => BUTTON,
        "titles" => TITLE,
        "calling" => calling::most(name),
        _ if name.ends_with("placeholder") => PLACEHOLDER,
        _ => LABEL,
    };
    if text.trim().is_empty() {
        return Err("it is empty".to_owned());
    }
    if text.contains('\n') {
        return Err("it has more than one line".to_owned());
    }
    let hole = HOLES
        .iter()
        .find(|(of, label, _)| *of == group && *label == name)
        .map_or_else(String::new, |(_, _, hole)| format!("{{{hole}}}"));
    let rest = if hole.is_empty() {
        text.to_owned()
    } else {
        text.replace(&hole, "")
    };
    if rest.contains(['{', '}']) {
        let known = if hole.is_empty() {
            "nothing is".to_owned()
        } else {
            format!("only {hole} is")
        };
        return Err(format!("{known} filled in here; other braces are not allowed"));
    }
    // The filled-in value needs room for a few words, so the rest of the label may take only half.
    let most = if hole.is_empty() { most } else { most / 2 };
    if length(&rest) > most {
        return Err(format!(
            "it is {} characters long; Slack shows at most {most}",
            length(&rest)
        ));
    }
    Ok(())
}

fn unknown<'a>(name: &str, known: impl Iterator<Item = &'a String>) -> String {
    let mut known: Vec<&str> = known.map(String::as_str).collect();
    known.sort_by(|left, right| strsim::jaro_winkler(name, right).total_cmp(&strsim::jaro_winkler(name, left)));
    known.truncate(3);
    format!("there is no \"{name}\"; the closest are {}", known.join(", "))
}

fn table(source: &str) -> Result<Map<String, Value>, TemplateError> {
    // The settings library reads TOML already.
    let read = config::Config::builder()
        .add_source(config::File::from_str(source, config::FileFormat::Toml))
        .build()
        .and_then(config::Config::try_deserialize::<Map<String, Value>>);
    read.map_err(|cause| {
        let message = cause.to_string();
        let number = message.split("line ").nth(1).unwrap_or_default();
        let number: String = number.chars().take_while(char::is_ascii_digit).collect();
        TemplateError::Label {
            line: number.parse().unwrap_or(1),
            message: message.lines().next().unwrap_or_default().to_owned(),
        }
    })
}

/// The error for a label, with the line that begins with its name.
fn wrong(source: &str, name: &str, message: String) -> TemplateError {
    let stands = |line: &str| {
        let line = line.trim_start().trim_start_matches('[').trim_start_matches('"');
        line.strip_prefix(name)
            .is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
    };
    TemplateError::Label {
        line: source.lines().position(stands).map_or(1, |at| at + 1),
        message: if name.is_empty() {
            message
        } else {
            format!("{name}: {message}")
        },
    }
}
