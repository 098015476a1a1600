//! The form of a Jenkins job: opened at once, filled in once its fields are known, read when it is submitted.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{ACTION, BLOCKS, FIELD, plain};
use crate::jobs::parameters::{Field, FieldFault, ValueOrigin, is_secret};
use crate::jobs::{Job, JobDefinition, Kind, Parameter};
use crate::respond::Labels;
use crate::respond::labels::{Fields, filled_hint};
use crate::slack::decode::View;
use crate::slack::sender::Body;

/// Callback id of the form.
pub(crate) const RUN_JOB: &str = "run_job";

/// Maximum number of options in a select (Slack's limit).
const OPTIONS: usize = 100;
/// Maximum characters of an option (Slack's limit).
const OPTION: usize = 75;
/// Maximum characters of a header (Slack's limit).
const HEADER: usize = 150;
/// Maximum characters of a label; Slack would take 2,000.
const LABEL: usize = 200;
/// Maximum characters of a hint and of a section; Slack would take 2,000 and 3,000.
const TEXT: usize = 1_500;
/// Maximum number of fields in a form; the content above them takes blocks, too.
const MOST: usize = BLOCKS - 6;

/// The place where a form was opened. Slack stores it with the view; people cannot change it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FormContext {
    pub(crate) job: String,
    pub(crate) channel: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) thread: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) case: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) line: Option<u32>,
    #[serde(default)]
    pub(crate) external: bool,
    #[serde(default)]
    pub(crate) direct: bool,
}

impl FormContext {
    /// Reads the context stored in a view's private metadata.
    pub(crate) fn read(view: &View) -> Option<FormContext> {
        serde_json::from_str(&view.private_metadata).ok()
    }
}

/// The content of a form.
pub(crate) struct Form<'a> {
    pub(crate) job: &'a Job,
    pub(crate) fields: &'a [Field],
    /// Jenkins' definition of the job; `None` when Jenkins did not respond in time.
    pub(crate) definition: Option<&'a JobDefinition>,
    pub(crate) context: &'a FormContext,
}

/// The form while its content is still unknown.
pub(crate) fn loading(labels: &Labels, job: &Job) -> Value {
    json!({
        "type": "modal",
        "callback_id": RUN_JOB,
        "title": plain(&labels.titles.run),
        "close": plain(&labels.titles.cancel),
        "blocks": [header(job), context(&labels.fields.run_loading)],
    })
}

/// The view with a message in place of the form.
pub(crate) fn told(labels: &Labels, shown: &Body) -> Value {
    let mut blocks = shown.drawn();
    // Buttons of messages do not work in a modal.
    blocks.retain(|block| block["type"] != "actions");
    blocks.truncate(BLOCKS);
    json!({
        "type": "modal",
        "callback_id": RUN_JOB,
        "title": plain(&labels.titles.run),
        "close": plain(&labels.titles.close),
        "blocks": blocks,
    })
}

impl Form<'_> {
    /// The view of the form, to be filled in.
    pub(crate) fn view(&self, labels: &Labels) -> Value {
        let words = &labels.fields;
        let mut blocks = vec![header(self.job)];
        if !self.job.about.trim().is_empty() {
            let about = shortened(&self.job.about, TEXT);
            blocks.push(json!({"type": "section", "text": plain(&about)}));
        }
        if !self.job.approve_by.is_empty() {
            blocks.push(context(&words.run_approval));
        }
        let asked = asked(self.job);
        if asked.is_empty() {
            blocks.push(json!({"type": "section", "text": plain(&words.run_no_fields)}));
        } else if self.definition.is_none() {
            blocks.push(context(&words.run_unchecked));
        }
        blocks.extend(asked.into_iter().map(|parameter| self.input(parameter, words)));
        let context = serde_json::to_string(self.context).unwrap_or_default();
        json!({
            "type": "modal",
            "callback_id": RUN_JOB,
            "private_metadata": context,
            "title": plain(&labels.titles.run),
            "submit": plain(&labels.titles.run_submit),
            "close": plain(&labels.titles.cancel),
            "blocks": blocks,
        })
    }

    fn input(&self, parameter: &Parameter, words: &Fields) -> Value {
        let field = self.fields.iter().find(|field| field.name == parameter.name);
        let is_secret = is_secret(self.job, self.definition, &parameter.name);
        let value = field
            .and_then(|field| field.value.as_deref())
            .filter(|value| !is_secret && !value.is_empty() && length(value) <= FIELD);
        let choices = choices(parameter, self.definition);
        let (element, is_filled) = if choices.is_empty() || is_secret {
            (typed(parameter, value, words), value.is_some())
        } else {
            chosen(&choices, value, words)
        };
        let mut input = json!({
            "type": "input",
            "block_id": block_of(&parameter.name),
            "label": plain(&shortened(parameter.shown(), LABEL)),
            "optional": !parameter.required,
            "element": element,
        });
        let mut hints: Vec<String> = Vec::new();
        if !parameter.help.trim().is_empty() {
            hints.push(sentence(&shortened(&parameter.help, TEXT / 2)));
        }
        if is_secret {
            hints.push(words.run_secret.clone());
        } else if let Some(field) = field {
            hints.extend(origin(field, is_filled, words));
        }
        if !hints.is_empty() {
            input["hint"] = plain(&shortened(&hints.join(" "), TEXT));
        }
        input
    }
}

/// Ends a text with a punctuation mark, so that another sentence can follow.
fn sentence(text: &str) -> String {
    let text = text.trim();
    if text.ends_with(['.', '!', '?', ':', ';', '…']) {
        text.to_owned()
    } else {
        format!("{text}.")
    }
}

/// The hint that tells where a value came from, or which values there were to choose from.
fn origin(field: &Field, is_filled: bool, words: &Fields) -> Option<String> {
    if !field.several.is_empty() {
        return Some(filled_hint(&words.run_several, "values", &field.several.join(", ")));
    }
    let said = match field.origin {
        ValueOrigin::Capture => &words.run_from_capture,
        ValueOrigin::Thread => &words.run_from_thread,
        ValueOrigin::Runbook => &words.run_from_runbook,
        ValueOrigin::Registry => &words.run_from_registry,
        ValueOrigin::Given | ValueOrigin::Nowhere => return None,
    };
    is_filled.then(|| said.clone())
}

/// The values that were entered into a form, without empty fields.
pub(crate) fn values(view: &View, job: &Job) -> BTreeMap<String, String> {
    let value = |parameter: &&Parameter| {
        let value = view.value(&block_of(&parameter.name), ACTION)?.trim();
        (!value.is_empty()).then(|| (parameter.name.clone(), value.to_owned()))
    };
    asked(job).iter().filter_map(value).collect()
}

/// Errors at their fields; an error without a field is shown at the first one. `None` when there are no errors, or no
/// fields.
pub(crate) fn faults(job: &Job, faults: &[FieldFault], say: impl Fn(&FieldFault) -> String) -> Option<Value> {
    let asked = asked(job);
    let first = asked.first()?;
    let mut errors: BTreeMap<String, String> = BTreeMap::new();
    for fault in faults {
        let has_field = asked.iter().any(|parameter| parameter.name == fault.name);
        let block = block_of(if has_field { &fault.name } else { &first.name });
        let said = errors.entry(block).or_default();
        if !said.is_empty() {
            said.push(' ');
        }
        said.push_str(&say(fault));
    }
    (!errors.is_empty()).then(|| refused(&json!(errors)))
}

/// The response that shows an error at the first field; `None` when there is no field.
pub(crate) fn at_first(job: &Job, said: &str) -> Option<Value> {
    let first = asked(job).first().map(|parameter| block_of(&parameter.name))?;
    Some(refused(&json!({first: shortened(said, TEXT)})))
}

/// The response that replaces the view.
pub(crate) fn updated(view: &Value) -> Value {
    json!({"response_action": "update", "view": view})
}

fn refused(errors: &Value) -> Value {
    json!({"response_action": "errors", "errors": errors})
}

/// The parameters that a form asks for; the one that takes the run's own id is filled in automatically. When there are
/// more than a form holds, those that must have a value come first.
fn asked(job: &Job) -> Vec<&Parameter> {
    let own = job.parameters.iter();
    let mut asked: Vec<&Parameter> = own
        .filter(|parameter| job.run_id.as_ref() != Some(&parameter.name))
        .collect();
    if asked.len() > MOST {
        asked.sort_by_key(|parameter| !parameter.required);
        asked.truncate(MOST);
    }
    asked
}

fn block_of(parameter: &str) -> String {
    format!("p:{parameter}")
}

/// The values that a parameter may have: those of the registry that the job has, else the job's own. Empty when any
/// value is allowed, or when there are more than Slack can show.
fn choices(parameter: &Parameter, definition: Option<&JobDefinition>) -> Vec<String> {
    let declared = definition.and_then(|definition| definition.parameter(&parameter.name));
    let own: Vec<String> = match declared.map(|declared| (declared.kind, &declared.choices)) {
        Some((Kind::Choice, choices)) => choices.clone(),
        Some((Kind::Boolean, _)) => vec!["true".to_owned(), "false".to_owned()],
        _ => Vec::new(),
    };
    let registered = &parameter.choices;
    let mut choices = if registered.is_empty() {
        own
    } else {
        let both = registered
            .iter()
            .filter(|choice| own.is_empty() || own.contains(choice));
        both.cloned().collect()
    };
    choices.retain(|choice| !choice.trim().is_empty());
    let is_shown = choices.len() <= OPTIONS && choices.iter().all(|choice| length(choice) <= OPTION);
    if is_shown { choices } else { Vec::new() }
}

/// A select, and a flag that is true when one of its options is preselected.
fn chosen(choices: &[String], value: Option<&str>, words: &Fields) -> (Value, bool) {
    let option = |choice: &str| json!({"text": plain(choice), "value": choice});
    let mut element = json!({
        "type": "static_select",
        "action_id": ACTION,
        "placeholder": plain(&words.run_choose),
        "options": choices.iter().map(|choice| option(choice)).collect::<Vec<_>>(),
    });
    let value = value.filter(|value| choices.iter().any(|choice| choice == value));
    if let Some(value) = value {
        element["initial_option"] = option(value);
    }
    (element, value.is_some())
}

/// A text field.
fn typed(parameter: &Parameter, value: Option<&str>, words: &Fields) -> Value {
    let mut element = json!({"type": "plain_text_input", "action_id": ACTION, "max_length": FIELD});
    if !parameter.required {
        element["placeholder"] = plain(&words.run_optional);
    }
    if let Some(value) = value {
        element["initial_value"] = json!(value);
    }
    element
}

fn header(job: &Job) -> Value {
    json!({"type": "header", "text": plain(&shortened(job.shown(), HEADER))})
}

fn context(text: &str) -> Value {
    json!({"type": "context", "elements": [plain(text)]})
}

/// Length in UTF-16 code units, as Slack's strictest client counts.
fn length(text: &str) -> usize {
    text.encode_utf16().count()
}

fn shortened(text: &str, most: usize) -> String {
    let text = text.trim();
    if length(text) <= most {
        return text.to_owned();
    }
    let mut short = String::new();
    for c in text.chars() {
        if length(&short) + c.len_utf16() >= most {
            break;
        }
        short.push(c);
    }
    format!("{}…", short.trim_end())
}
