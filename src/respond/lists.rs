//! Lists of runbooks to choose from, and what is said when there is nothing to choose from.

use minijinja::{Value, context};

use super::answer::Responder;
use super::{Reply, links, names, values};
use crate::command::CATALOGUE;
use crate::matching::{Match, Outcome};
use crate::runbook::{Library, TopicId};

/// Near misses that are offered.
pub const NEAR_MISSES: usize = 3;
/// Search results that are listed.
pub const RESULTS: usize = 5;
/// Topics of one name that are offered.
pub const CHOICES: usize = 10;

impl Responder {
    /// What comes closest when nothing was recognised: at most [`NEAR_MISSES`].
    pub fn near_misses(&self, library: &Library, outcome: &Outcome) -> Reply {
        self.candidates("near", library, outcome, NEAR_MISSES, "")
    }

    /// What a search found, best first: at most [`RESULTS`].
    pub fn search_results(&self, library: &Library, outcome: &Outcome, words: &str) -> Reply {
        if outcome.best().is_none() {
            return self.simple("nothing.md", &context! { words => values::shortened(words, 120) });
        }
        self.candidates("search", library, outcome, RESULTS, words)
    }

    fn candidates(&self, why: &str, library: &Library, outcome: &Outcome, most: usize, words: &str) -> Reply {
        let list: Vec<Value> = outcome
            .matches
            .iter()
            .chain(&outcome.near)
            .take(most)
            .map(|candidate| self.candidate(library, candidate))
            .collect();
        self.simple(
            "candidates.md",
            &context! { why, list, words => values::shortened(words, 120) },
        )
    }

    /// No runbook fits.
    pub fn nothing_found(&self) -> Reply {
        self.simple("nothing.md", &context! { words => "" })
    }

    /// What the bot can do, from the command catalogue.
    pub fn help(&self) -> Reply {
        self.help_on(None)
    }

    /// What one command does.
    pub fn help_on(&self, command: Option<&str>) -> Reply {
        let list = commands(command);
        self.simple("help.md", &context! { list, only => command })
    }

    /// There was only an image, and images are not read.
    pub fn images_not_read(&self) -> Reply {
        self.simple("images.md", &context! {})
    }

    /// `show` fits several topics: which one? At most [`CHOICES`] are named.
    pub fn choose(&self, library: &Library, asked_for: &str, choices: &[TopicId]) -> Reply {
        let list: Vec<Value> = choices
            .iter()
            .take(CHOICES)
            .map(|id| self.place(library, *id))
            .collect();
        let more = choices.len().saturating_sub(list.len());
        self.simple(
            "choose.md",
            &context! { asked_for => values::shortened(asked_for, 120), list, more },
        )
    }

    /// A topic in a list: its title, its runbook, how to see it.
    pub(super) fn place(&self, library: &Library, id: TopicId) -> Value {
        let runbook = library.runbook(id);
        let section = library.section(id).filter(|_| id.section != 0);
        context! {
            title => section.map(|section| section.heading.clone()).or_else(|| runbook.map(|runbook| runbook.title.clone())),
            runbook => runbook.map(|runbook| runbook.title.clone()),
            is_section => section.is_some(),
            path => runbook.map(|runbook| runbook.path.clone()),
            show => names::show_command(library, id),
            url => runbook.and_then(|runbook| links::full(runbook, self.options.base_url.as_deref())),
        }
    }

    pub(super) fn candidate(&self, library: &Library, candidate: &Match) -> Value {
        let evidence = candidate.evidence.first();
        context! {
            line => evidence.map(|evidence| evidence.line),
            text => evidence.map(|evidence| values::shortened(&evidence.text, 160)),
            signature => evidence.map(|evidence| values::shortened(&evidence.signature, 120)),
            kind => evidence.map(|evidence| values::kind(&evidence.kind)),
            ..self.place(library, candidate.topic)
        }
    }
}

/// The commands as help shows them: all of them, or the one of that name.
pub(super) fn commands(only: Option<&str>) -> Vec<Value> {
    CATALOGUE
        .iter()
        .filter(|entry| only.is_none_or(|name| entry.name == name))
        .map(|entry| context! { name => entry.name, usage => entry.usage, key => entry.help })
        .collect()
}
