//! What a person asked for: `@signpost …` and direct messages become a [`Command`]. Pure.
//!
//! A command only if the whole text parses as one: `run failed with E0003` is something to find.

mod catalogue;
mod parse;
mod resolve;

pub use catalogue::{CATALOGUE, Entry};
pub use parse::parse;
pub use resolve::{Resolution, resolve};

/// A request to the bot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// `help`
    Help,
    /// `help COMMAND`
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
    /// Anything else: an error, a code, an alert, a question.
    Find(String),
    /// Nothing but the mention.
    Empty,
}
