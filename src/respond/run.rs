//! A run's message: one message that is shown anew from the request to the verdict.

use minijinja::value::Serde;
use minijinja::{Value, context};
use serde::Serialize;

use super::Reply;
use super::answer::Responder;
use super::pieces::Pieces;
use crate::jobs::checks::Finding;

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
    /// It was not started, for certain: see [`RunCard::class`].
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

impl Responder {
    /// A run's message.
    pub fn run(&self, card: &RunCard) -> Reply {
        let values = context! { run => Value::from(Serde(card)) };
        self.reply("run.md", &values, &Pieces::default(), None)
    }
}
