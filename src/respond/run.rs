//! A run's message: a single message that is updated from the request to the verdict.

use std::collections::BTreeMap;

use minijinja::value::Serde;
use minijinja::{Value, context};
use serde::Serialize;

use super::act::CardAction;
use super::answer::{Responder, facts};
use super::buttons::{button, button_row, keep_buttons};
use super::labels::filled;
use super::markdown::block;
use super::pieces::Pieces;
use super::{Reply, links, values};
use crate::jobs::checks::CheckFinding;
use crate::jobs::masks::MASK;
use crate::jobs::parameters::LONGEST;
use crate::runbook::{Block, BlockKind, Button};

/// The stage of a run. Templates see its name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunStage {
    /// Waiting for somebody else's approval.
    Approval,
    /// About to be sent, or waiting until other runs of the same job have ended.
    #[default]
    Ready,
    /// Possibly sent; the outcome is being determined.
    Triggering,
    /// Waiting in Jenkins' queue.
    Queued,
    /// Running.
    Running,
    /// Waiting for a person at an input step.
    Input,
    /// Ended; its artifacts are being read.
    Reading,
    /// Ran to its end.
    Done,
    /// Certainly not started; [`RunCard::trouble`] has the reason.
    Refused,
    /// The values do not fit the job as Jenkins defines it; [`RunCard::faults`] lists the mismatches.
    Invalid,
    /// Unknown whether it was started: a person must check, and may request it again.
    Unknown,
    /// Cancelled by a person before it began.
    Cancelled,
    /// Declined by an approver.
    Declined,
    /// Not approved in time.
    Expired,
    /// Queued or running beyond the time limit of the job, and no longer followed.
    GaveUp,
    /// The build or its job no longer exists in Jenkins.
    Gone,
}

/// The reason why Jenkins did not carry out a request. Holds no secrets.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct Trouble {
    /// The class of the error: `jenkins::Error::class`.
    pub class: String,
    /// A description of the error, for classes that a template does not know.
    pub words: String,
    /// Subject of the error: a permission, a host, a status.
    pub about: Option<String>,
}

impl Trouble {
    /// Creates a trouble of a class, with words for people.
    pub fn new(class: &str, words: &str) -> Self {
        Self {
            class: class.to_owned(),
            words: words.to_owned(),
            about: None,
        }
    }
}

/// Contents of a run's message. Holds no secrets.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct RunCard {
    /// Id of the run, for its buttons.
    pub run: String,
    /// The job's title.
    pub title: String,
    /// Name of the job in commands.
    pub job: String,
    /// Id of the case that the run gathers facts for, for the button of the form; empty without a case.
    pub case: String,
    /// The person who requested the run.
    pub by: String,
    /// People who requested the same run meanwhile.
    pub also: Vec<String>,
    /// Names and masked values of the parameters.
    pub parameters: Vec<(String, String)>,
    /// Stage of the run.
    pub stage: RunStage,
    /// Page of the build, or of the job while there is no build.
    pub url: Option<String>,
    /// Number of the build.
    pub number: Option<u64>,
    /// Deadline for the approval, formatted for people.
    pub until: Option<String>,
    /// Number of runs of the job that must end first (`Ready`).
    pub behind: usize,
    /// Jenkins' reason why the build still waits.
    pub why: Option<String>,
    /// True when an identical request was already waiting: both get one build.
    pub joined: bool,
    /// Progress in percent, if Jenkins knows how long builds take.
    pub percent: Option<u8>,
    /// Running time, so far or in total: `1 min 20 s`.
    pub took: Option<String>,
    /// Usual running time.
    pub usual: Option<String>,
    /// Last lines of the log, masked.
    pub log: Vec<String>,
    /// Jenkins' result: `SUCCESS`, `UNSTABLE`, `FAILURE`, `ABORTED`, `NOT_BUILT`, or another word.
    pub result: Option<String>,
    /// The error that ended the run, or one that is expected to pass.
    pub trouble: Option<Trouble>,
    /// Mismatches between the values and the job, one for each field.
    pub faults: Vec<String>,
    /// The person who approved the run.
    pub approved_by: Option<String>,
    /// The person who declined the run.
    pub declined_by: Option<String>,
    /// The person who cancelled the run.
    pub cancelled_by: Option<String>,
    /// True while a cancellation that somebody requested is under way.
    pub cancelling: bool,
    /// True when the job has checks.
    pub has_checks: bool,
    /// Results of the checks.
    pub findings: Vec<CheckFinding>,
    /// All the reasons why there is no verdict; empty for a plain verdict.
    pub missing: Vec<String>,
    /// Heading of the section to read next.
    pub section: Option<String>,
    /// The reason to read it, in the runbook's words.
    pub reason: Option<String>,
    /// True when the runbook has that section; it is then shown below.
    pub is_shown: bool,
    /// Known errors found in the run's artifacts or log.
    pub found: Vec<FoundError>,
}

/// A known error in the artifacts or the log of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct FoundError {
    /// Path of the artifact; empty for the log.
    pub place: String,
    /// Title of the runbook or of the section.
    pub title: String,
    /// Path of the runbook.
    pub runbook: String,
    /// Heading of the section.
    pub section: Option<String>,
    /// Index among the sections with that heading.
    pub nth: usize,
    /// The line by which the error was recognised, masked.
    pub line: String,
}

impl RunStage {
    /// Returns the stage's name in templates.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Approval => "approval",
            Self::Ready => "ready",
            Self::Triggering => "triggering",
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Input => "input",
            Self::Reading => "reading",
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Invalid => "invalid",
            Self::Unknown => "unknown",
            Self::Cancelled => "cancelled",
            Self::Declined => "declined",
            Self::Expired => "expired",
            Self::GaveUp => "gave-up",
            Self::Gone => "gone",
        }
    }

    /// Returns true when nothing more will happen.
    pub fn is_over(self) -> bool {
        matches!(
            self,
            Self::Done
                | Self::Refused
                | Self::Invalid
                | Self::Unknown
                | Self::Cancelled
                | Self::Declined
                | Self::Expired
                | Self::GaveUp
                | Self::Gone
        )
    }
}

/// Most parameters that are shown; Jenkins shows all of them.
const PARAMETERS: usize = 15;
/// Lines of the log that are shown, counted from its end.
const LOG: usize = 10;
/// Most findings, faults and missing pieces that are shown.
const ITEMS: usize = 10;
/// Most people with the same request who are named.
const PEOPLE: usize = 5;
/// Most known errors that are offered.
const FOUND: usize = 3;
/// Most characters of a value, of a log line and of a sentence.
const VALUE: usize = 120;
const LINE: usize = 160;
const SENTENCE: usize = 240;
/// Cells of the progress bar.
const CELLS: usize = 10;

impl Responder {
    /// Renders a run's message.
    pub fn run(&self, card: &RunCard) -> Reply {
        let mut pieces = Pieces::default();
        let short = shortened(card);
        let log = (!short.log.is_empty()).then(|| {
            block(BlockKind::Code {
                lang: String::new(),
                text: short.log.join("\n"),
            })
        });
        let log = pieces.put(log.into_iter().collect());
        let buttons = pieces.put(self.run_buttons(card));
        let more = card.parameters.len().saturating_sub(PARAMETERS);
        let parameters = short.parameters.iter();
        let parameters = pieces.put(facts(parameters.map(|(name, value)| (name.as_str(), value.as_str()))));
        let values = run_values(&short, more, [log, parameters, buttons]);
        let mut reply = keep_buttons(self.reply("run.md", &values, &pieces, None));
        let rest = context! { url => short.url.clone() };
        reply.rest = self.simple("run_rest.md", &rest).blocks;
        reply
    }

    fn run_buttons(&self, card: &RunCard) -> Vec<Block> {
        let labels = &self.labels.buttons;
        let mut acts: Vec<(CardAction, String)> = Vec::new();
        if card.stage == RunStage::Approval {
            acts.push((CardAction::Approve, labels.approve.clone()));
            acts.push((CardAction::Decline, labels.decline.clone()));
        }
        // A run that has ended cannot be cancelled.
        if !card.stage.is_over() && card.stage != RunStage::Reading && !card.cancelling {
            acts.push((CardAction::Cancel, labels.cancel_run.clone()));
        }
        for found in card.found.iter().take(FOUND) {
            let act = CardAction::Follow {
                runbook: found.runbook.clone(),
                section: found.section.clone(),
                nth: found.nth,
            };
            acts.push((act, filled(&labels.show, "title", &found.title)));
        }
        if card.may_be_repeated() {
            acts.push((CardAction::Retry, labels.retry.clone()));
        }
        let buttons = acts.into_iter().enumerate();
        let mut buttons: Vec<Button> = buttons
            .map(|(at, (act, label))| button(&card.run, act, &label, at))
            .collect();
        if card.wants_other_values() {
            let form = self.form_button(&card.case, (&card.job, &card.title), None, card.harmless(), 0);
            buttons.insert(0, form);
        }
        button_row(buttons)
    }
}

impl RunCard {
    /// Returns the parameters whose values are not masked and contain nothing that is not displayed.
    fn harmless(&self) -> BTreeMap<String, String> {
        let is_plain = |text: &str| values::shortened(text, LONGEST) == text;
        let parameters = self.parameters.iter();
        let harmless = parameters.filter(|(name, value)| !value.contains(MASK) && is_plain(name) && is_plain(value));
        harmless.cloned().collect()
    }

    /// Returns true when the same values would only fail again.
    fn wants_other_values(&self) -> bool {
        let class = self.trouble.as_ref().map(|trouble| trouble.class.as_str());
        self.stage == RunStage::Invalid || self.stage == RunStage::Refused && class == Some("secret-lost")
    }

    /// Returns true when repeating the request makes sense: after every end that is not a plain success.
    fn may_be_repeated(&self) -> bool {
        let ended_well = self.result.as_deref() == Some("SUCCESS") && self.missing.is_empty();
        self.stage.is_over() && !(self.stage == RunStage::Done && ended_well)
    }
}

/// Template values of a run's message.
pub(super) fn run_values(card: &RunCard, more_parameters: usize, [log, parameters, buttons]: [Value; 3]) -> Value {
    let more = context! { is_over => card.stage.is_over(), more_parameters };
    context! {
        run => minijinja::value::merge_maps([more, Value::from(Serde(card))]),
        bar => card.percent.map(bar),
        log, parameters, buttons,
    }
}

/// Shortens a card to what people read and to what fits into one message.
fn shortened(card: &RunCard) -> RunCard {
    let mut card = card.clone();
    card.url = card.url.as_deref().and_then(links::safe);
    card.title = values::shortened(&card.title, VALUE);
    for name in [&mut card.by].into_iter().chain(&mut card.also) {
        *name = values::shortened(name, 80);
    }
    for text in [&mut card.why, &mut card.section, &mut card.reason]
        .into_iter()
        .flatten()
    {
        *text = values::shortened(text, SENTENCE);
    }
    if let Some(trouble) = &mut card.trouble {
        trouble.words = values::shortened(&trouble.words, SENTENCE);
        trouble.about = trouble.about.as_deref().map(|about| values::shortened(about, VALUE));
    }
    card.also.truncate(PEOPLE);
    card.parameters.truncate(PARAMETERS);
    for (name, value) in &mut card.parameters {
        *name = values::shortened(name, 60);
        *value = values::shortened(value, VALUE);
    }
    // A log may hold empty lines, but none at its beginning or end.
    let log = card.log.iter().map(|line| values::shortened(line, LINE));
    let mut log: Vec<String> = log.collect();
    while log.last().is_some_and(String::is_empty) {
        log.pop();
    }
    card.log = log.split_off(log.len().saturating_sub(LOG));
    for list in [&mut card.faults, &mut card.missing] {
        list.truncate(ITEMS);
        for one in list.iter_mut() {
            *one = values::shortened(one, SENTENCE);
        }
    }
    card.findings.truncate(ITEMS);
    for finding in &mut card.findings {
        finding.title = values::shortened(&finding.title, VALUE);
        for text in [&mut finding.seen, &mut finding.expected].into_iter().flatten() {
            *text = values::shortened(text, VALUE);
        }
    }
    card.found.truncate(FOUND);
    for found in &mut card.found {
        found.title = values::shortened(&found.title, VALUE);
        found.place = values::shortened(&found.place, VALUE);
        found.line = values::shortened(&found.line, LINE);
    }
    card
}

fn bar(percent: u8) -> String {
    let full = usize::from(percent.min(100)) * CELLS / 100;
    "▓".repeat(full) + &"░".repeat(CELLS - full)
}
