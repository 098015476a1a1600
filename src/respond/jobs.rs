//! What is said about jobs besides a run's own message: which there are, what runs, and why something was not done.

use std::collections::BTreeMap;

use jiff::Timestamp;
use minijinja::value::Serde;
use minijinja::{Value, context};

use super::act::{ButtonPress, CardAction};
use super::answer::Responder;
use super::card::row;
use super::labels::filled;
use super::pieces::Pieces;
use super::run::RunStage;
use super::talk::time;
use super::{Reply, links, values, words};
use crate::jobs::Job;
use crate::jobs::arguments::Unreadable;
use crate::jobs::parameters::{DEFAULT_PATTERN, Fault, FieldFault, LONGEST};
use crate::runbook::{Block, BlockKind, Button};

/// Jobs that are listed with a button; more than a screen of them nobody reads.
const JOBS: usize = 10;
/// Runs that are listed.
const RUNS: usize = 10;
/// Other names and channels that are listed.
const NAMES: usize = 10;
/// Faults that are listed.
const FAULTS: usize = 20;
/// Values of a choice that are listed.
const CHOICES: usize = 12;

/// What `jobs` tells.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct JobsFacts<'a> {
    /// Whether any job is registered.
    pub configured: bool,
    /// The case of the thread, for the buttons; empty where there is none.
    pub case: &'a str,
    /// Now.
    pub now: Timestamp,
    /// The jobs that this person may run here.
    pub jobs: Vec<&'a Job>,
    /// How many others there are, for other people or other channels.
    pub others: usize,
    /// What runs and what ran lately, the newest first.
    pub runs: Vec<RunLine>,
}

/// A run in a list. Holds no secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunLine {
    /// The job's title.
    pub title: String,
    /// Where it is.
    pub stage: RunStage,
    /// How its build ended, in Jenkins' word.
    pub result: Option<String>,
    /// Who asked for it.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Where it can be seen.
    pub url: Option<String>,
}

/// Something about a run that was not done, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct RunRefusal<'a> {
    /// What was wanted.
    pub wanted: Wanted,
    /// The job, when it is known.
    pub job: Option<&'a Job>,
    /// The case of the thread, for the button to the form; empty where there is none.
    pub case: &'a str,
    /// The line of the step that the form belongs to.
    pub line: Option<u32>,
    /// What was said already and is no secret, for the form.
    pub given: BTreeMap<String, String>,
    /// Why it was not done.
    pub reason: Reason,
}

/// What was wanted of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Wanted {
    /// To start it, also once more.
    #[default]
    Run,
    /// To approve or to decline it.
    Approve,
    /// To cancel it.
    Cancel,
    /// To go on where it leads to.
    Follow,
}

/// Why it was not done. Holds no values: they may be secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// No job is registered.
    NoJobs,
    /// No job is called so.
    UnknownJob {
        /// What was asked for.
        words: String,
        /// The id that is most like it.
        nearest: Option<String>,
        /// The ids of the jobs that this person may run here.
        known: Vec<String>,
    },
    /// Several jobs go by that name.
    AmbiguousJob {
        /// The name.
        words: String,
        /// Ids and titles of the jobs.
        candidates: Vec<(String, String)>,
    },
    /// Another organisation's people, or where they read along.
    Stranger,
    /// A bot.
    Bot,
    /// Not in this channel.
    NotHere {
        /// Where it is, as people read it: `#support`. Empty: nowhere, or not to be told.
        channels: Vec<String>,
    },
    /// The bot is not in this channel.
    NotMember,
    /// Not this person.
    NotListed,
    /// Nobody approves what they asked for.
    Requester,
    /// The run went on meanwhile, or is no longer kept.
    TooOld,
    /// Concurrent changes kept it from being saved.
    Busy,
    /// The limit of runs with secret values is reached.
    Full,
    /// What stands behind `run` cannot be read.
    Unreadable(Unreadable),
    /// What is wrong with the values.
    Faults(Vec<FieldFault>),
    /// Secret values were written where others read them: the names of their parameters.
    Secret(Vec<String>),
}

/// A run in a list.
pub(super) fn line(one: &RunLine, now: Timestamp) -> Value {
    context! {
        title => values::shortened(&one.title, 120),
        stage => Value::from(Serde(&one.stage)),
        result => one.result.clone(),
        by => values::shortened(&one.by, 80),
        when => time(one.at, now),
        url => one.url.as_deref().and_then(links::safe),
        is_over => one.stage.is_over(),
    }
}

impl Responder {
    /// Which jobs there are for this person here, and what runs.
    pub fn jobs(&self, facts: &JobsFacts<'_>) -> Reply {
        let mut pieces = Pieces::default();
        let shown = facts.jobs.iter().take(JOBS);
        let buttons = shown.clone().enumerate();
        let buttons = buttons
            .map(|(at, job)| self.form_button(facts.case, job, None, &BTreeMap::new(), at))
            .collect();
        let runs = facts.runs.iter().take(RUNS).map(|one| line(one, facts.now));
        let values = context! {
            configured => facts.configured,
            jobs => shown.map(|job| told(job)).collect::<Vec<_>>(),
            more => facts.jobs.len().saturating_sub(JOBS),
            others => facts.others,
            runs => runs.collect::<Vec<_>>(),
            buttons => pieces.put(row(buttons)),
        };
        kept(self.reply("jobs.md", &values, &pieces, None))
    }

    /// Why something about a run was not done, and what can be done instead.
    pub fn run_refused(&self, refusal: &RunRefusal<'_>) -> Reply {
        let mut pieces = Pieces::default();
        let by_form = matches!(
            refusal.reason,
            Reason::Faults(_) | Reason::Secret(_) | Reason::Unreadable(_)
        );
        let button = refusal.job.filter(|_| by_form && refusal.wanted == Wanted::Run);
        let button = button.map(|job| self.form_button(refusal.case, job, refusal.line, &refusal.given, 0));
        let mut buttons: Vec<Button> = button.into_iter().collect();
        if let Reason::AmbiguousJob { candidates, .. } = &refusal.reason {
            let shown = candidates.iter().take(NAMES).enumerate();
            buttons.extend(shown.map(|(at, (id, _))| self.choice_button(refusal.case, id, at)));
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
            buttons => pieces.put(row(buttons)),
            ..self.reason(&refusal.reason)
        };
        kept(self.reply("run_refused.md", &values, &pieces, None))
    }

    fn reason(&self, reason: &Reason) -> Value {
        let names = |names: &[String]| -> Vec<String> {
            let names = names.iter().take(NAMES);
            names.map(|name| values::shortened(name, 80)).collect()
        };
        let nothing = context! {
            words => "", nearest => (), candidates => Vec::<Value>::new(), names => Vec::<String>::new(), unreadable => (),
            faults => Vec::<String>::new(), more => 0,
        };
        let (reason, more) = match reason {
            Reason::NoJobs => ("no-jobs", context! {}),
            Reason::UnknownJob { words, nearest, known } => (
                "unknown-job",
                context! { words => values::shortened(words, 80), nearest, names => names(known) },
            ),
            Reason::AmbiguousJob { words, candidates } => {
                let one = |(id, title): &(String, String)| context! { id, title => values::shortened(title, 120) };
                let more = candidates.len().saturating_sub(NAMES);
                let candidates: Vec<Value> = candidates.iter().take(NAMES).map(one).collect();
                (
                    "ambiguous-job",
                    context! { words => values::shortened(words, 80), candidates, more },
                )
            }
            Reason::Stranger => ("stranger", context! {}),
            Reason::Bot => ("bot", context! {}),
            Reason::NotHere { channels } => ("not-here", context! { names => names(channels) }),
            Reason::NotMember => ("not-member", context! {}),
            Reason::NotListed => ("not-listed", context! {}),
            Reason::Requester => ("requester", context! {}),
            Reason::TooOld => ("too-old", context! {}),
            Reason::Busy => ("busy", context! {}),
            Reason::Full => ("full", context! {}),
            Reason::Unreadable(unreadable) => ("unreadable", context! { unreadable => unreadable_value(unreadable) }),
            Reason::Faults(faults) => {
                let more = faults.len().saturating_sub(FAULTS);
                let faults = faults.iter().take(FAULTS).map(|fault| self.fault_markdown(fault));
                ("faults", context! { faults => faults.collect::<Vec<_>>(), more })
            }
            Reason::Secret(secret) => ("secret", context! { names => names(secret) }),
        };
        // What comes later takes the place of what was before.
        minijinja::value::merge_maps([nothing, more, context! { reason }])
    }

    /// What is wrong with a value, as a field of the form shows it.
    pub fn field_fault(&self, fault: &FieldFault) -> String {
        // Nothing is formatted there: marks would only be in the way.
        let said = self.sentence("fault.md", &fault_value(fault));
        words(&said)
    }

    /// The same as a part of another template.
    fn fault_markdown(&self, fault: &FieldFault) -> Value {
        let text = self.render("fault.md", &fault_value(fault));
        Value::from_safe_string(text.split_whitespace().collect::<Vec<_>>().join(" "))
    }

    /// The same run is under way: whoever asks again is told so, and gets its result.
    pub fn run_joined(&self, title: &str, by: &str, url: Option<&str>) -> Reply {
        let values = context! {
            title => values::shortened(title, 120),
            by => values::shortened(by, 80),
            url => url.and_then(links::safe),
        };
        self.simple("run_joined.md", &values)
    }

    /// The run goes on in the channel, where its message is: told to who asked by a slash command.
    pub fn run_started(&self, title: &str, url: Option<&str>) -> Reply {
        let values = context! { title => values::shortened(title, 120), url => url.and_then(links::safe) };
        self.simple("run_started.md", &values)
    }

    /// A run that waited for approval was not started: a reply that names who asked for it, in plain text.
    pub fn run_notice(&self, title: &str, by: &str, declined_by: Option<&str>, until: Option<&str>) -> Reply {
        let values = context! {
            title => values::shortened(title, 120),
            by => values::shortened(by, 80),
            declined_by => declined_by.map(|name| values::shortened(name, 80)),
            until,
        };
        self.simple("run_notice.md", &values)
    }

    /// What stays of a card when the work goes on below the result of a job.
    pub fn moved_down(&self, title: &str, job: &str) -> Reply {
        let values = context! { title => values::shortened(title, 150), job => values::shortened(job, 120) };
        self.simple("moved.md", &values)
    }

    /// Opens the form of one of several jobs, which are told apart by their ids.
    fn choice_button(&self, case: &str, id: &str, at: usize) -> Button {
        let act = CardAction::Form {
            job: id.to_owned(),
            line: None,
            given: BTreeMap::new(),
        };
        run_button(case, act, &filled(&self.labels.buttons.run_job, "title", id), at)
    }

    /// Opens the form of a job.
    fn form_button(
        &self,
        case: &str,
        job: &Job,
        line: Option<u32>,
        given: &BTreeMap<String, String>,
        at: usize,
    ) -> Button {
        let act = CardAction::Form {
            job: job.id.0.clone(),
            line,
            given: given.clone(),
        };
        run_button(
            case,
            act,
            &filled(&self.labels.buttons.run_job, "title", job.shown()),
            at,
        )
    }
}

/// `at` tells buttons of one row apart.
pub(super) fn run_button(about: &str, act: CardAction, label: &str, at: usize) -> Button {
    Button {
        label: label.to_owned(),
        action: format!("signpost_{}_{at}", act.name()),
        // What a second person is asked for.
        primary: matches!(act, CardAction::Approve),
        value: ButtonPress::value(about, act.clone())
            .or_else(|| ButtonPress::value(about, act.without_values()))
            .unwrap_or_default(),
    }
}

/// Whatever does not fit, the buttons stay.
pub(super) fn kept(mut reply: Reply) -> Reply {
    let is_row = |block: &Block| matches!(block.kind, BlockKind::Buttons(_));
    if let Some(at) = reply.blocks.iter().position(is_row) {
        reply.body = 0..at;
    }
    reply
}

/// A job as templates see it.
fn told(job: &Job) -> Value {
    context! {
        id => job.id.0.clone(),
        title => values::shortened(job.shown(), 120),
        about => values::shortened(&job.about, 300),
        usage => usage(job),
        needs_approval => !job.approve_by.is_empty(),
    }
}

/// How it is written as a command. Secrets are no part of it: others read along.
fn usage(job: &Job) -> String {
    let known = job.parameters.iter().filter(|parameter| !parameter.is_secret());
    let values = known.map(|parameter| {
        let name = &parameter.name;
        // What fills itself need not be written.
        if parameter.required && parameter.default.is_none() {
            format!(" {name}=…")
        } else {
            format!(" [{name}=…]")
        }
    });
    let usage = format!("run {}{}", job.id, values.collect::<String>());
    values::shortened(&usage, 240)
}

/// A fault's kind with what it holds.
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
        nearest => (), known => Vec::<String>::new(), length => 0, pattern => "", choices => Vec::<String>::new(),
    };
    context! {
        name => values::shortened(&fault.name, 80),
        whole => values::shortened(&whole, 300),
        longest => LONGEST,
        default_pattern => DEFAULT_PATTERN,
        ..minijinja::value::merge_maps([nothing, Value::from(Serde(&held))])
    }
}

pub(super) fn unreadable_value(unreadable: &Unreadable) -> Value {
    let held = Value::from(Serde(unreadable));
    minijinja::value::merge_maps([context! { word => "", key => "" }, held])
}
