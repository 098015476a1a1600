//! A run's message: one message that is shown anew from the request to the verdict.

use std::collections::BTreeMap;

use minijinja::value::Serde;
use minijinja::{Value, context};
use serde::Serialize;

use super::act::CardAction;
use super::answer::Responder;
use super::card::row;
use super::jobs::{kept, run_button};
use super::labels::filled;
use super::markdown::block;
use super::pieces::Pieces;
use super::{Reply, links, values};
use crate::jobs::checks::Finding;
use crate::jobs::masks::MASK;
use crate::jobs::parameters::LONGEST;
use crate::runbook::{Block, BlockKind, Button};

/// Where a run is. A template sees the name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunStage {
    /// Somebody else must approve it.
    Approval,
    /// It is about to be sent, or waits until others of the same job have ended.
    #[default]
    Ready,
    /// It may have been sent; what became of it is being found out.
    Triggering,
    /// It waits in Jenkins' queue.
    Queued,
    /// It runs.
    Running,
    /// It waits for a person at an input step.
    Input,
    /// It has ended and its artifacts are being read.
    Reading,
    /// It ran to its end.
    Done,
    /// It was not started, for certain: see [`RunCard::trouble`].
    Refused,
    /// What was filled in does not fit the job as Jenkins defines it: see [`RunCard::faults`].
    Invalid,
    /// Nobody knows whether it was started: a person must look, and may ask again.
    Unknown,
    /// Somebody did not want it any more, before it began.
    Cancelled,
    /// It was not approved.
    Declined,
    /// Nobody approved it in time.
    Expired,
    /// It takes longer than people wanted to follow it.
    GaveUp,
    /// Its build or its job is gone from Jenkins.
    Gone,
}

/// Why Jenkins did not do it. Holds no secrets.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct Trouble {
    /// The class of the error: `jenkins::Error::class`.
    pub class: String,
    /// The same in words, for classes that a template does not know.
    pub words: String,
    /// What the class is about: a permission, a host, a status.
    pub about: Option<String>,
}

/// What a run's message shows. Holds no secrets.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct RunCard {
    /// The run, for its buttons.
    pub run: String,
    /// The job's title.
    pub title: String,
    /// What people call the job in commands.
    pub job: String,
    /// The case that it gathers facts for, for the button of the form; empty where there is none.
    pub case: String,
    /// Who asked for it.
    pub by: String,
    /// Who asked for the same meanwhile.
    pub also: Vec<String>,
    /// Names and values of the parameters, masked.
    pub parameters: Vec<(String, String)>,
    /// Where it is.
    pub stage: RunStage,
    /// The page of the build, or of the job while there is none.
    pub url: Option<String>,
    /// Number of the build.
    pub number: Option<u64>,
    /// Until when it can be approved, as people read it.
    pub until: Option<String>,
    /// How many runs of the job must end first (`Ready`).
    pub behind: usize,
    /// Jenkins' reason why it still waits.
    pub why: Option<String>,
    /// Somebody's same request was waiting already: both get one build.
    pub joined: bool,
    /// How far it is, in percent, when Jenkins knows how long builds take.
    pub percent: Option<u8>,
    /// How long it has run, or took: `1 min 20 s`.
    pub took: Option<String>,
    /// How long it usually takes.
    pub usual: Option<String>,
    /// The last lines of its log, masked.
    pub log: Vec<String>,
    /// `SUCCESS`, `UNSTABLE`, `FAILURE`, `ABORTED`, `NOT_BUILT`, or another word of Jenkins.
    pub result: Option<String>,
    /// What went wrong for good, or what is being waited for to pass.
    pub trouble: Option<Trouble>,
    /// What does not fit, field by field.
    pub faults: Vec<String>,
    /// Who approved, declined or cancelled it.
    pub approved_by: Option<String>,
    /// See `approved_by`.
    pub declined_by: Option<String>,
    /// See `approved_by`.
    pub cancelled_by: Option<String>,
    /// Somebody asked to cancel it, and that is under way.
    pub cancelling: bool,
    /// Whether the job has checks.
    pub has_checks: bool,
    /// What the checks found.
    pub findings: Vec<Finding>,
    /// Why nothing can be said: all of it. Empty for a plain verdict.
    pub missing: Vec<String>,
    /// The section that follows.
    pub section: Option<String>,
    /// Whether the runbook has that section, which is shown below.
    pub is_shown: bool,
    /// Known errors that were found in its artifacts or in its log.
    pub found: Vec<FoundError>,
}

/// A known error in what a run left behind.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct FoundError {
    /// Where: an artifact's path; empty for the log.
    pub place: String,
    /// The runbook, or the section.
    pub title: String,
    /// Path of the runbook.
    pub runbook: String,
    /// Heading of the section.
    pub section: Option<String>,
    /// Which of several sections of that heading.
    pub nth: usize,
    /// The line that it was recognised by, masked.
    pub line: String,
}

impl RunStage {
    /// As templates call it.
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

    /// Whether nothing more will happen.
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

/// Parameters that are shown; a job of more shows all of them in Jenkins.
const PARAMETERS: usize = 15;
/// Lines of its log that are shown, the last ones.
const LOG: usize = 10;
/// Findings, faults and lacks that are shown.
const ITEMS: usize = 10;
/// People who asked for the same that are named.
const PEOPLE: usize = 5;
/// Known errors that are offered.
const FOUND: usize = 3;
/// Characters of a value, of a line of a log, of a sentence.
const VALUE: usize = 120;
const LINE: usize = 160;
const SENTENCE: usize = 240;
/// Cells of the progress bar.
const CELLS: usize = 10;

impl Responder {
    /// A run's message.
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
        let values = run_values(&short, more, log, buttons);
        let mut reply = kept(self.reply("run.md", &values, &pieces, None));
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
        // What has ended cannot be cancelled.
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
            .map(|(at, (act, label))| run_button(&card.run, act, &label, at))
            .collect();
        if card.wants_other_values() {
            let act = CardAction::Form {
                job: card.job.clone(),
                line: None,
                given: card.harmless(),
            };
            let label = filled(&labels.run_job, "title", &card.title);
            buttons.insert(0, run_button(&card.case, act, &label, 0));
        }
        row(buttons)
    }
}

impl RunCard {
    /// The values that nothing is masked in, and that hold nothing but what is seen of them.
    fn harmless(&self) -> BTreeMap<String, String> {
        let is_plain = |text: &str| values::shortened(text, LONGEST) == text;
        let parameters = self.parameters.iter();
        let harmless = parameters.filter(|(name, value)| !value.contains(MASK) && is_plain(name) && is_plain(value));
        harmless.cloned().collect()
    }

    /// Whether the same values would only fail again.
    fn wants_other_values(&self) -> bool {
        let class = self.trouble.as_ref().map(|trouble| trouble.class.as_str());
        self.stage == RunStage::Invalid || self.stage == RunStage::Refused && class == Some("secret-lost")
    }

    /// Whether it makes sense to ask for the same again: all that did not end well and plainly.
    fn may_be_repeated(&self) -> bool {
        let ended_well = self.result.as_deref() == Some("SUCCESS") && self.missing.is_empty();
        self.stage.is_over() && !(self.stage == RunStage::Done && ended_well)
    }
}

/// What the templates of a run's message are given.
pub(super) fn run_values(card: &RunCard, more_parameters: usize, log: Value, buttons: Value) -> Value {
    let more = context! { is_over => card.stage.is_over(), more_parameters };
    context! {
        run => minijinja::value::merge_maps([more, Value::from(Serde(card))]),
        bar => card.percent.map(bar),
        log, buttons,
    }
}

/// As much of it as people read, and as fits into one message.
fn shortened(card: &RunCard) -> RunCard {
    let mut card = card.clone();
    card.url = card.url.as_deref().and_then(links::safe);
    card.title = values::shortened(&card.title, VALUE);
    for name in [&mut card.by].into_iter().chain(&mut card.also) {
        *name = values::shortened(name, 80);
    }
    for text in [&mut card.why, &mut card.section].into_iter().flatten() {
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
    // A line may be empty, but not the first or the last.
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
