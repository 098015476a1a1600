//! What a person asked for: `@signpost …` and direct messages become a [`Command`]. Pure.

/// A request to the bot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// `help`
    Help,
    /// `search WORDS`
    Search(String),
    /// `show RUNBOOK [SECTION]`
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
