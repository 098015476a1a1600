//! Reasons why a run is not started, approved, cancelled or followed.

use super::arguments::UnreadableArguments;
use super::parameters::FieldFault;

/// The reason why a request about a job or a run is denied. Holds no values of parameters, which may be secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Denied {
    /// No job is registered.
    NoJobs,
    /// No job has that name.
    UnknownJob {
        /// The name as asked for.
        words: String,
        /// The most similar id.
        nearest: Option<String>,
        /// The ids of the jobs that this person may run here.
        known: Vec<String>,
    },
    /// Several jobs have that name.
    AmbiguousJob {
        /// The name.
        words: String,
        /// Ids and titles of the jobs.
        candidates: Vec<(String, String)>,
    },
    /// The person belongs to another organisation, or such people read along.
    External,
    /// A bot asks.
    Bot,
    /// The channel is not listed for the job.
    NotHere,
    /// The bot is not in this channel.
    NotMember,
    /// The person is not listed for the job.
    NotListed,
    /// Nobody approves a run that they asked for.
    OwnRun,
    /// The run, or its job, is not known any more, or the run has moved on meanwhile.
    TooOld,
    /// Concurrent changes kept the run from being saved.
    Busy,
    /// The limit of runs whose secret values are kept in memory is reached.
    Full,
    /// The text after `run` cannot be parsed.
    Unreadable(UnreadableArguments),
    /// The values have faults.
    Faults(Vec<FieldFault>),
    /// Secret values were written where others read them; holds the names of their parameters.
    Secret(Vec<String>),
}

impl Denied {
    /// Returns the word for the reason in the audit and in templates. Stored entries and people's own templates hold
    /// it: it never changes.
    pub fn class(&self) -> &'static str {
        match self {
            Self::NoJobs => "no-jobs",
            Self::UnknownJob { .. } => "unknown-job",
            Self::AmbiguousJob { .. } => "ambiguous-job",
            Self::External => "stranger",
            Self::Bot => "bot",
            Self::NotHere => "not-here",
            Self::NotMember => "not-member",
            Self::NotListed => "not-listed",
            Self::OwnRun => "requester",
            Self::TooOld => "too-old",
            Self::Busy => "busy",
            Self::Full => "full",
            Self::Unreadable(_) => "unreadable",
            Self::Faults(_) => "faults",
            Self::Secret(_) => "secret",
        }
    }
}
