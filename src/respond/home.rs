//! The Home tab: the bot's state, and a person's recent matches and runs.

use jiff::Timestamp;
use minijinja::{Value, context};

use super::answer::Responder;
use super::commands::commands;
use super::facts::Problems;
use super::markdown::block;
use super::pieces::Pieces;
use super::run_line::RunLine;
use super::time::time;
use super::{OnCallLine, Reply, calling, links, values};
use crate::runbook::{BlockKind, Button};

/// Most matches, and most runs, that are listed, the newest first.
pub const RECENT: usize = 10;

/// The facts on the Home tab of one person.
#[derive(Debug, Clone, PartialEq)]
pub struct HomeFacts {
    /// The bot's version.
    pub version: String,
    /// The current time.
    pub now: Timestamp,
    /// Number of loaded runbooks.
    pub runbooks: usize,
    /// Number of files that were not read.
    pub skipped: usize,
    /// Time at which they were last loaded.
    pub loaded_at: Option<Timestamp>,
    /// The reason why the last reload failed; the previous runbooks are in use then.
    pub reload_failed: Option<String>,
    /// Problems that the authors should know of.
    pub problems: Problems,
    /// The matches found for this person, the newest first.
    pub matches: Vec<RecentMatch>,
    /// The jobs that this person started, the newest first; `None` where there are no jobs.
    pub runs: Option<Vec<RunLine>>,
    /// The people on call, by team.
    pub on_call: Vec<OnCallLine>,
    /// Buttons below the first lines.
    pub buttons: Vec<Button>,
}

/// A match that was found for somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecentMatch {
    /// Title of the runbook, or of a section of one.
    pub title: String,
    /// The channel as shown to readers, when it was in one.
    pub channel: Option<String>,
    /// Time of the match.
    pub at: Timestamp,
    /// The outcome.
    pub ending: Ending,
    /// Link to the answer.
    pub url: Option<String>,
}

/// Outcome of the work on an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Nobody reported an outcome.
    Open,
    /// The error is solved.
    Fixed,
    /// The steps did not solve the error.
    NotHelped,
    /// Another runbook was needed.
    Wrong,
    /// People were called.
    Escalated,
}

impl Responder {
    /// Renders the Home tab of one person.
    pub fn home(&self, facts: &HomeFacts) -> Reply {
        let now = facts.now;
        let mut pieces = Pieces::default();
        let row = (!facts.buttons.is_empty()).then(|| block(BlockKind::Buttons(facts.buttons.clone())));
        let buttons = pieces.put(row.into_iter().collect());
        let matches: Vec<Value> = facts.matches.iter().take(RECENT).map(|one| matched(one, now)).collect();
        let runs: Option<Vec<Value>> = facts
            .runs
            .as_ref()
            .map(|runs| runs.iter().take(RECENT).map(|one| one.values(now)).collect());
        let values = context! {
            version => facts.version.clone(),
            now => time(now, now),
            runbooks => facts.runbooks,
            skipped => facts.skipped,
            loaded => facts.loaded_at.map(|at| time(at, now)),
            reload_failed => facts.reload_failed.as_deref().map(|why| values::shortened(why, 300)),
            problems => facts.problems.values(),
            list => commands(None),
            only => None::<String>,
            on_call => calling::named_lines(&facts.on_call, true),
            matches, runs, buttons,
        };
        self.reply("home.md", &values, &pieces, None)
    }
}

fn matched(one: &RecentMatch, now: Timestamp) -> Value {
    let ending = match one.ending {
        Ending::Open => "open",
        Ending::Fixed => "fixed",
        Ending::NotHelped => "not_helped",
        Ending::Wrong => "wrong",
        Ending::Escalated => "escalated",
    };
    context! {
        title => values::shortened(&one.title, 150),
        channel => one.channel.clone(),
        when => time(one.at, now),
        ending,
        url => one.url.as_deref().and_then(links::safe),
    }
}
