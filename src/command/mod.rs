//! Requests to the bot: `@signpost …`, direct messages and `/signpost …` become a [`Command`]. Pure.
//!
//! A text is a command only if the whole of it parses as one: `run failed with E0003` is something to find.

mod arguments;
mod catalogue;
mod parse;
mod remark;
mod resolve;
mod small_talk;
mod typo;
mod unclear;
mod whom;

use core::time::Duration;

pub use catalogue::{CATALOGUE, CommandPlace, Entry, completions, usage_hint};
pub use parse::parse;
pub use remark::{Remark, remark};
pub use resolve::{Resolution, resolve};
pub use small_talk::{SmallTalk, code_in, small_talk};
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
    /// `show RUNBOOK [SECTION]`. When [`resolve()`] finds neither, the text was not a command: find it.
    Show {
        /// Path, name or title of the runbook.
        runbook: String,
        /// Heading of the section.
        section: Option<String>,
    },
    /// `who TEAM` or `who SERVICE`. When [`who()`] finds nobody, the text may not have been a command: find it first.
    Who(String),
    /// `status`
    Status,
    /// `mute`, `mute 2h`: no unasked answers in this channel.
    Mute {
        /// Duration of the mute; `None` lasts until somebody says `unmute`.
        for_: Option<Duration>,
    },
    /// `unmute`
    Unmute,
    /// `run JOB key=value …`: the text after `run`, for [`crate::jobs::arguments::read`].
    Run(String),
    /// `jobs`: lists the jobs that can be run and those that are running.
    Jobs,
    /// A misspelt command. Find the text first; when nothing is recognised, ask whether the command was meant.
    Typo {
        /// The command line that was probably meant.
        meant: String,
        /// The text as typed.
        text: String,
    },
    /// A command followed by something it does not take. Find the text first; when nothing is recognised, say what the
    /// command takes.
    Unclear {
        /// Name of the command.
        command: &'static str,
        /// Text after the name.
        rest: String,
        /// The text as typed.
        text: String,
    },
    /// Anything else: an error, a code, an alert, a question.
    Find(String),
    /// A mention and nothing else.
    Empty,
}
