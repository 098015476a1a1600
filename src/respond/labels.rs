//! The words on buttons, in modals and on the Home tab: embedded, overridable, checked when they are loaded.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::values::turns;
use super::{TemplateError, Templates};

/// The file's name, beside the templates.
pub(super) const FILE: &str = "labels.toml";
const EMBEDDED: &str = include_str!("../../responses/templates/labels.toml");

/// Characters of a button's text (Slack's limit).
pub const BUTTON: usize = 75;
/// Characters of a modal's title, submit and close (Slack's limit).
pub const TITLE: usize = 24;
/// Characters of an input's placeholder (Slack's limit).
pub const PLACEHOLDER: usize = 150;
/// Characters of an input's label; Slack would take 2,000.
pub const LABEL: usize = 200;
/// Characters of a hint below a field, with what is filled in; Slack would take 2,000.
pub const HINT: usize = 600;

/// Every label.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Labels {
    /// On buttons.
    pub buttons: Buttons,
    /// Of modals.
    pub titles: Titles,
    /// Of the fields in modals.
    pub fields: Fields,
}

/// On buttons: at most [`BUTTON`] characters. `{…}` is filled in with [`filled`].
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Buttons {
    /// The next few steps.
    pub next: String,
    /// The few steps before.
    pub back: String,
    /// A step is done: `{step}`.
    pub step_done: String,
    /// It is not after all: `{step}`.
    pub step_undo: String,
    /// It is solved.
    pub fixed: String,
    /// The steps did not solve it.
    pub did_not_help: String,
    /// Another runbook is needed.
    pub wrong_runbook: String,
    /// Call the people.
    pub escalate: String,
    /// It is not solved after all.
    pub reopen: String,
    /// Back to where one came from: `{title}`.
    pub return_to: String,
    /// Post the summary that Escalate shows.
    pub post_summary: String,
    /// Leave it.
    pub cancel: String,
    /// Show one of several runbooks: `{title}`.
    pub show: String,
    /// Open the runbook where it is published.
    pub open: String,
    /// Let the channel see an answer that only one person sees.
    pub share: String,
    /// The corrected command was meant: `{command}`.
    pub typo: String,
    /// Open the modal for an error.
    pub paste: String,
    /// Look again.
    pub refresh: String,
    /// Open the form of a job: `{title}`.
    pub run_job: String,
    /// A run is not wanted any more.
    pub cancel_run: String,
    /// A second person allows a run.
    pub approve: String,
    /// A second person does not.
    pub decline: String,
    /// Ask for the same run again.
    pub retry: String,
}

/// Titles and lower buttons of modals: at most [`TITLE`] characters.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Titles {
    /// Of "Paste an error".
    pub paste: String,
    /// Of the message shortcut.
    pub shortcut: String,
    /// Over what was found.
    pub answer: String,
    /// Before somebody is called.
    pub escalate: String,
    /// Look for the pasted error.
    pub submit: String,
    /// Let the channel see it.
    pub share: String,
    /// Post the summary for those who are called.
    pub post_summary: String,
    /// Close the modal.
    pub close: String,
    /// Leave it.
    pub cancel: String,
    /// Over the form of a job.
    pub run: String,
    /// Run the job.
    pub run_submit: String,
}

/// Fields of modals: labels and hints at most [`LABEL`], placeholders at most [`PLACEHOLDER`] characters.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fields {
    /// Over the field for the error.
    pub paste_label: String,
    /// Said when nothing was written.
    pub paste_missing: String,
    /// In it while it is empty.
    pub paste_placeholder: String,
    /// Below it.
    pub paste_hint: String,
    /// Over the field for a note.
    pub note_label: String,
    /// In it while it is empty.
    pub note_placeholder: String,
    /// Over the field for a channel.
    pub channel_label: String,
    /// In it while it is empty.
    pub channel_placeholder: String,
    /// Over the field with the summary.
    pub summary_label: String,
    /// In the form of a job until its fields are there.
    pub run_loading: String,
    /// In the form of a job that has no fields.
    pub run_no_fields: String,
    /// In the form of a job that a second person must approve.
    pub run_approval: String,
    /// In the form when Jenkins did not say in time how it defines the job.
    pub run_unchecked: String,
    /// Below a field that was filled in from the paste.
    pub run_from_capture: String,
    /// From the thread.
    pub run_from_thread: String,
    /// From the runbook.
    pub run_from_runbook: String,
    /// With the job's own value.
    pub run_from_registry: String,
    /// Several values were found, of which a person must choose: `{values}`.
    pub run_several: String,
    /// Below a field whose value is shown to nobody.
    pub run_secret: String,
    /// In a list while nothing is chosen.
    pub run_choose: String,
    /// In a field that may stay empty.
    pub run_optional: String,
}

/// What may stand in braces, by label.
const HOLES: [(&str, &str, &str); 7] = [
    ("buttons", "run_job", "title"),
    ("fields", "run_several", "values"),
    ("buttons", "step_done", "step"),
    ("buttons", "step_undo", "step"),
    ("buttons", "return_to", "title"),
    ("buttons", "show", "title"),
    ("buttons", "typo", "command"),
];

/// A label with its `{name}` filled in, shortened to what a button takes.
pub fn filled(label: &str, name: &str, value: &str) -> String {
    filled_to(BUTTON, label, name, value)
}

/// The same for a hint below a field.
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

/// At most so many characters as Slack's strictest client counts them, with an ellipsis where something is left out.
fn shortened(text: &str, most: usize) -> String {
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
        return Err("write a text in quotation marks".to_owned());
    };
    let most = match group {
        "buttons" => BUTTON,
        "titles" => TITLE,
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
        return Err(format!("{known} filled in here, and braces stand for nothing else"));
    }
    // What is filled in needs room: a few words at least.
    let most = if hole.is_empty() { most } else { most / 2 };
    if length(&rest) > most {
        return Err(format!(
            "it has {} characters, Slack shows at most {most}",
            length(&rest)
        ));
    }
    Ok(())
}

fn unknown<'a>(name: &str, known: impl Iterator<Item = &'a String>) -> String {
    let mut known: Vec<&str> = known.map(String::as_str).collect();
    known.sort_by(|left, right| strsim::jaro_winkler(name, right).total_cmp(&strsim::jaro_winkler(name, left)));
    known.truncate(3);
    format!("there is no \"{name}\"; the nearest are {}", known.join(", "))
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

/// The error for a label, with the line where its name stands.
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
