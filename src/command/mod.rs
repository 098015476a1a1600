//! What a person asked for: `@signpost …`, direct messages and `/signpost …` become a [`Command`]. Pure.
//!
//! A command only if the whole text parses as one: `run failed with E0003` is something to find.

mod arguments;
mod catalogue;
mod parse;
mod resolve;
mod typo;
mod unclear;
mod whom;

use core::time::Duration;

pub use catalogue::{CATALOGUE, Entry, Place, completions, usage_hint};
pub use parse::parse;
pub use resolve::{Resolution, resolve};
pub use whom::{Owner, Subject, Whom, who};

/// A request to the bot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// `help`
    Help,
    /// `help COMMAND`, or the bare word of a command that needs more.
    HelpOn(String),
    /// `search WORDS`
    Search(String),
    /// `show RUNBOOK [SECTION]`. When [`resolve()`] finds neither, the text was no command after all: find it.
    Show {
        /// Path, name or title of the runbook.
        runbook: String,
        /// Heading of the section.
        section: Option<String>,
    },
    /// `who TEAM` or `who SERVICE`. When [`who()`] finds nobody, the text may have been no command: find it first.
    Who(String),
    /// `status`
    Status,
    /// `mute`, `mute 2h`: no unasked answers in this channel.
    Mute {
        /// For how long; until somebody says `unmute` without.
        for_: Option<Duration>,
    },
    /// `unmute`
    Unmute,
    /// `run JOB key=value …`: what stands behind `run`, for [`crate::jobs::arguments::read`].
    Run(String),
    /// `jobs`: what can be run, and what runs.
    Jobs,
    /// Nearly a command. Find the text first; when nothing is recognised, ask whether the command was meant.
    Typo {
        /// The command line as it was meant.
        meant: String,
        /// What was typed.
        text: String,
    },
    /// A command with something after it that the command does not take. Find the text first; when nothing is recognised,
    /// say what the command takes.
    Unclear {
        /// Name of the command.
        command: &'static str,
        /// What stands after it.
        rest: String,
        /// What was typed.
        text: String,
    },
    /// Anything else: an error, a code, an alert, a question.
    Find(String),
    /// Nothing but the mention.
    Empty,
}
