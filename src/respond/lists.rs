//! Lists of runbooks to choose from, and the replies for when there is nothing to choose from.

use minijinja::{Value, context};

use super::answer::Responder;
use super::commands::commands;
use super::{Reply, links, names, values};
use crate::command::Remark;
use crate::matching::{Match, Outcome};
use crate::runbook::{Library, TopicId};

/// Most near misses that are offered.
pub const NEAR_MISSES: usize = 3;
/// Most search results that are listed.
pub const RESULTS: usize = 5;
/// Most topics of one name that are offered.
pub const CHOICES: usize = 10;

impl Responder {
    /// Lists the nearest candidates when nothing was recognised: at most [`NEAR_MISSES`].
    pub fn near_misses(&self, library: &Library, outcome: &Outcome) -> Reply {
        self.candidates("near", library, outcome, NEAR_MISSES, "")
    }

    /// Lists the results of a search, best first: at most [`RESULTS`].
    pub fn search_results(&self, library: &Library, outcome: &Outcome, words: &str) -> Reply {
        if outcome.best().is_none() {
            return self.nothing(words, None, None);
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

    /// Reply when no runbook fits.
    pub fn nothing_found(&self) -> Reply {
        self.nothing("", None, None)
    }

    /// Reply to a question about a code that no runbook has.
    pub fn no_runbook_mentions(&self, code: &str) -> Reply {
        self.nothing("", Some(code), None)
    }

    /// Reply to `show NAME` for a name that no runbook has.
    pub fn no_runbook_called(&self, name: &str) -> Reply {
        self.nothing("", None, Some(name))
    }

    fn nothing(&self, words: &str, code: Option<&str>, name: Option<&str>) -> Reply {
        let short = |text: Option<&str>| text.map(|text| values::shortened(text, 60));
        let words = values::shortened(words, 120);
        self.simple(
            "nothing.md",
            &context! { words, code => short(code), name => short(name) },
        )
    }

    /// Reply to a remark about a card. `known` is false for a step that the card does not have; `next` is the first step that
    /// nobody has done; `has_choices` tells that the card offers other runbooks; `about` is the card's topic where no thread
    /// tells which card is meant.
    pub fn remark(
        &self,
        remark: Remark,
        known: bool,
        next: Option<&str>,
        (has_choices, about): (bool, Option<&str>),
    ) -> Reply {
        let remark = match remark {
            Remark::Next => "next",
            Remark::Fixed => "fixed",
            Remark::NotHelped => "not_helped",
            Remark::Wrong => "wrong",
            Remark::Done(_) => "done",
            Remark::Undo(_) => "undo",
            Remark::Whom => "whom",
        };
        let values = context! { remark, known, next, choices => has_choices, about };
        self.simple("remark.md", &values)
    }

    /// Reply to a message that changed a card further up in the conversation; `about` is its topic.
    pub fn added(&self, about: Option<&str>) -> Reply {
        self.simple("added.md", &context! { about })
    }

    /// Reply to a greeting, or to thanks.
    pub fn small_talk(&self, is_thanks: bool) -> Reply {
        self.simple("small_talk.md", &context! { is_thanks })
    }

    /// Answers a remark about a card where there is none; `choosing` is true where people still choose among runbooks.
    pub fn no_card(&self, choosing: bool) -> Reply {
        self.simple("no_card.md", &context! { choosing })
    }

    /// Reply to `help`: every command of the catalogue.
    pub fn help(&self) -> Reply {
        self.help_on(None)
    }

    /// Help on one command; on all of them without a name.
    pub fn help_on(&self, command: Option<&str>) -> Reply {
        let list = commands(command);
        self.simple("help.md", &context! { list, only => command })
    }

    /// Reply to a message with an image: images are not read. `text`: there is text too, and nothing was found for it.
    pub fn images_not_read(&self, text: bool) -> Reply {
        self.simple("images.md", &context! { text })
    }

    /// Asks which topic is meant when `show` fits several. At most [`CHOICES`] are named.
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

    /// A topic as a list shows it: its title, its runbook and the command that shows it.
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
