//! Replies about jobs other than a run's own message: lists of jobs and runs, and refusals.

use std::collections::BTreeMap;

use jiff::Timestamp;
use minijinja::value::Serde;
use minijinja::{Value, context};

use super::answer::Responder;
use super::buttons::{button_row, keep_buttons};
use super::pieces::Pieces;
use super::run_line::RunLine;
use super::{Reply, links, values, words};
use crate::jobs::arguments::UnreadableArguments;
use crate::jobs::parameters::{DEFAULT_PATTERN, Fault, FieldFault, LONGEST};
use crate::jobs::{Denied, Job};
use crate::runbook::Button;

/// Most jobs that are listed with a button; nobody reads more than a screen of them.
const JOBS: usize = 10;
/// Most runs that are listed.
const RUNS: usize = 10;
/// Most other names and channels that are listed.
const NAMES: usize = 10;
/// Most faults that are listed.
const FAULTS: usize = 20;
/// Most values of a choice that are listed.
const CHOICES: usize = 12;

/// The facts of the `jobs` reply.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct JobsFacts<'a> {
    /// True when any job is registered.
    pub configured: bool,
    /// Id of the thread's case, for the buttons; empty where there is none.
    pub case: &'a str,
    /// The current time.
    pub now: Timestamp,
    /// The jobs that this person may run here.
    pub jobs: Vec<&'a Job>,
    /// Number of other jobs, for other people or other channels.
    pub others: usize,
    /// Current and recent runs, the newest first.
    pub runs: Vec<RunLine>,
}

/// A refused action on a run, and the reason.
#[derive(Debug, Clone, PartialEq)]
pub struct RunRefusal<'a> {
    /// The refused action.
    pub wanted: Wanted,
    /// The job, when it is known.
    pub job: Option<&'a Job>,
    /// The channels where the job may be run, as people read them: `#support`. Needed only for [`Denied::NotHere`];
    /// empty when there are none, or when they must not be named.
    pub channels: Vec<String>,
    /// Id of the thread's case, for the button to the form; empty where there is none.
    pub case: &'a str,
    /// Source line of the step that the form belongs to.
    pub line: Option<u32>,
    /// Values given already that are no secrets, for the form.
    pub given: BTreeMap<String, String>,
    /// The reason of the refusal.
    pub reason: Denied,
}

/// An action on a run that somebody wanted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Wanted {
    /// Start it, or start it again.
    #[default]
    Run,
    /// Approve or decline it.
    Approve,
    /// Cancel it.
    Cancel,
    /// Go on to the topic that it leads to.
    Follow,
}

impl Responder {
    /// Renders the jobs that this person may run here, and the runs.
    pub fn jobs(&self, facts: &JobsFacts<'_>) -> Reply {
        let mut pieces = Pieces::default();
        let shown = facts.jobs.iter().take(JOBS);
        let buttons = shown.clone().enumerate();
        let buttons = buttons
            .map(|(at, job)| self.form_button(facts.case, (&job.id.0, job.shown()), None, BTreeMap::new(), at))
            .collect();
        let runs = facts.runs.iter().take(RUNS).map(|one| one.values(facts.now));
        let values = context! {
            configured => facts.configured,
            jobs => shown.map(|job| told(job)).collect::<Vec<_>>(),
            more => facts.jobs.len().saturating_sub(JOBS),
            others => facts.others,
            runs => runs.collect::<Vec<_>>(),
            buttons => pieces.put(button_row(buttons)),
        };
        keep_buttons(self.reply("jobs.md", &values, &pieces, None))
    }

    /// Renders the reason of a refusal, and what can be done instead.
    pub fn run_refused(&self, refusal: &RunRefusal<'_>) -> Reply {
        let mut pieces = Pieces::default();
        let by_form = matches!(
            refusal.reason,
            Denied::Faults(_) | Denied::Secret(_) | Denied::Unreadable(_)
        );
        let button = refusal.job.filter(|_| by_form && refusal.wanted == Wanted::Run);
        let button = button.map(|job| {
            let (form, given) = ((&*job.id.0, job.shown()), refusal.given.clone());
            self.form_button(refusal.case, form, refusal.line, given, 0)
        });
        let mut buttons: Vec<Button> = button.into_iter().collect();
        if let Denied::AmbiguousJob { candidates, .. } = &refusal.reason {
            let shown = candidates.iter().take(NAMES).enumerate();
            // Each is labelled with its id: the jobs may share a title.
            let forms = shown.map(|(at, (id, _))| self.form_button(refusal.case, (id, id), None, BTreeMap::new(), at));
            buttons.extend(forms);
        }
        let wanted = match refusal.wanted {
            Wanted::Run => "run",
            Wanted::Approve => "approve",
            Wanted::Cancel => "cancel",
            Wanted::Follow => "follow",
        };
        let values = context! {
            wanted,
            job => refusal.job.map(told),
            buttons => pieces.put(button_row(buttons)),
            ..self.reason(refusal)
        };
        keep_buttons(self.reply("run_refused.md", &values, &pieces, None))
    }

    fn reason(&self, refusal: &RunRefusal<'_>) -> Value {
        let names = |names: &[String]| -> Vec<String> {
            let names = names.iter().take(NAMES);
            names.map(|name| values::shortened(name, 80)).collect()
        };
        let nothing = context! {
            words => "", nearest => (), candidates => Vec::<Value>::new(), names => Vec::<String>::new(), unreadable => (),
            faults => Vec::<String>::new(), more => 0,
        };
        let data = match &refusal.reason {
            Denied::UnknownJob { words, nearest, known } => {
                context! { words => values::shortened(words, 80), nearest, names => names(known) }
            }
            Denied::AmbiguousJob { words, candidates } => {
                let one = |(id, title): &(String, String)| context! { id, title => values::shortened(title, 120) };
                let more = candidates.len().saturating_sub(NAMES);
                let candidates: Vec<Value> = candidates.iter().take(NAMES).map(one).collect();
                context! { words => values::shortened(words, 80), candidates, more }
            }
            Denied::NotHere => context! { names => names(&refusal.channels) },
            Denied::Unreadable(unreadable) => context! { unreadable => unreadable_value(unreadable) },
            Denied::Faults(faults) => {
                let more = faults.len().saturating_sub(FAULTS);
                let faults = faults.iter().take(FAULTS).map(|fault| self.fault_markdown(fault));
                context! { faults => faults.collect::<Vec<_>>(), more }
            }
            Denied::Secret(secret) => context! { names => names(secret) },
            _ => context! {},
        };
        // Later maps override earlier ones.
        minijinja::value::merge_maps([nothing, data, context! { reason => refusal.reason.class() }])
    }

    /// The fault of a value as plain text, for a field of the form.
    ///
    /// The field is called by its label, and its help says what to write better than a pattern does.
    pub fn field_fault(&self, job: &Job, fault: &FieldFault) -> String {
        let parameter = job.parameter(&fault.name);
        let title = parameter
            .map(|parameter| parameter.title.trim())
            .filter(|title| !title.is_empty());
        let help = parameter.map(|parameter| parameter.help.trim()).unwrap_or_default();
        let values = context! {
            name => values::shortened(title.unwrap_or(&fault.name), 80),
            help => values::shortened(help, 160),
            ..fault_value(fault)
        };
        // Fields show no formatting, so mark-up is left out.
        let said = self.sentence("fault.md", &values);
        words(&said)
    }

    /// The fault of a value as Markdown, for another template.
    fn fault_markdown(&self, fault: &FieldFault) -> Value {
        let text = self.render("fault.md", &fault_value(fault));
        Value::from_safe_string(text.split_whitespace().collect::<Vec<_>>().join(" "))
    }

    /// The reply to somebody who asks for a run that is under way already: they get its result.
    pub fn run_joined(&self, title: &str, by: &str, url: Option<&str>) -> Reply {
        let values = context! {
            title => values::shortened(title, 120),
            by => values::shortened(by, 80),
            url => url.and_then(links::safe),
        };
        self.simple("run_joined.md", &values)
    }

    /// The reply to a slash command that started a run: the run's message is in the channel.
    pub fn run_started(&self, title: &str, url: Option<&str>) -> Reply {
        let values = context! { title => values::shortened(title, 120), url => url.and_then(links::safe) };
        self.simple("run_started.md", &values)
    }

    /// The reminder that a run still needs approval until a time; it names who asked for it.
    pub fn run_reminder(&self, title: &str, by: &str, until: &str) -> Reply {
        let values = context! {
            title => values::shortened(title, 120),
            by => values::shortened(by, 80),
            until,
        };
        self.simple("run_reminder.md", &values)
    }

    /// The reply, in plain text, that a run waiting for approval was not started; it names who asked for it.
    pub fn run_notice(&self, title: &str, by: &str, declined_by: Option<&str>, until: Option<&str>) -> Reply {
        let values = context! {
            title => values::shortened(title, 120),
            by => values::shortened(by, 80),
            declined_by => declined_by.map(|name| values::shortened(name, 80)),
            until,
        };
        self.simple("run_notice.md", &values)
    }

    /// The text left of a card when the work goes on below the result of a job.
    pub fn moved_down(&self, title: &str, job: &str) -> Reply {
        let values = context! { title => values::shortened(title, 150), job => values::shortened(job, 120) };
        self.simple("moved.md", &values)
    }
}

/// Template values of a job.
fn told(job: &Job) -> Value {
    context! {
        id => job.id.0.clone(),
        title => values::shortened(job.shown(), 120),
        about => values::shortened(&job.about, 300),
        usage => usage(job),
        needs_approval => !job.approve_by.is_empty(),
    }
}

/// The command that runs a job, without secret parameters: others read along.
fn usage(job: &Job) -> String {
    let known = job.parameters.iter().filter(|parameter| !parameter.is_secret());
    let values = known.map(|parameter| {
        let name = &parameter.name;
        // Optional parameters and those with a default are in brackets.
        if parameter.required && parameter.default.is_none() {
            format!(" {name}=…")
        } else {
            format!(" [{name}=…]")
        }
    });
    let usage = format!("run {}{}", job.id, values.collect::<String>());
    values::shortened(&usage, 240)
}

/// Template values of a fault: its kind and its data.
pub(super) fn fault_value(fault: &FieldFault) -> Value {
    let whole = fault.to_string();
    let mut held = fault.fault.clone();
    if let Fault::Choice { choices } = &mut held {
        let more = choices.len().saturating_sub(CHOICES);
        choices.truncate(CHOICES);
        if more > 0 {
            choices.push(format!("… (+{more})"));
        }
    }
    if let Fault::Unregistered { known, .. } = &mut held {
        known.truncate(CHOICES);
    }
    let nothing = context! {
        help => "", nearest => (), known => Vec::<String>::new(), length => 0, pattern => "", choices => Vec::<String>::new(),
    };
    context! {
        name => values::shortened(&fault.name, 80),
        whole => values::shortened(&whole, 300),
        longest => LONGEST,
        default_pattern => DEFAULT_PATTERN,
        ..minijinja::value::merge_maps([nothing, Value::from(Serde(&held))])
    }
}

pub(super) fn unreadable_value(unreadable: &UnreadableArguments) -> Value {
    let held = Value::from(Serde(unreadable));
    minijinja::value::merge_maps([context! { word => "", key => "" }, held])
}
