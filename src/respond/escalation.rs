//! Escalation: the contacts to call, and a summary of the case so far.

use std::collections::BTreeMap;

use minijinja::{Value, context};

use super::answer::Responder;
use super::fill::{Captures, Filled, Filler};
use super::markdown::block;
use super::pieces::Pieces;
use super::{Audience, Reply, excerpt, plain_blocks, step_pages, values};
use crate::matching::Match;
use crate::runbook::{Block, BlockKind, Inline, Library, Step, TopicId};

/// Most characters of a step's text in a summary.
const STEP_TEXT: usize = 120;

/// Most steps of a summary that are not done.
const OPEN_STEPS: usize = 5;

/// Steps that are done, by key: by whom, and when.
pub type Marks = BTreeMap<String, (String, String)>;

/// The facts for the summary that goes to the called contacts.
#[derive(Debug, Clone, Default)]
pub struct Escalation<'a> {
    /// The topic that people work on.
    pub topic: Option<TopicId>,
    /// The match that led to it.
    pub matched: Option<&'a Match>,
    /// The topics in which steps are done, in order, with those steps.
    pub done: Vec<(TopicId, Marks)>,
    /// An excerpt of the error, when nothing was recognised in it.
    pub excerpt: String,
    /// Link to the thread in which people work on it.
    pub link: Option<String>,
    /// The audience of the channel.
    pub audience: Audience,
    /// Jobs that ran for it: title and outcome.
    pub runs: Vec<(String, String)>,
}

/// The facts for the message that is posted on an escalation.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// The topic that people work on.
    pub topic: Option<TopicId>,
    /// The match that led to it.
    pub matched: Option<&'a Match>,
    /// Name of the person who escalates.
    pub by: &'a str,
    /// The summary as edited.
    pub summary: &'a str,
    /// The audience of the channel.
    pub audience: Audience,
}

impl Responder {
    /// Renders the contacts to call, and a summary ready to be posted.
    pub fn escalation(&self, library: &Library, facts: &Escalation<'_>) -> (Reply, Reply) {
        let mut pieces = Pieces::default();
        let contacts = self.contacts_of(library, (facts.topic, facts.matched), facts.audience, &mut pieces);
        let whom = self.reply("whom.md", &contacts, &pieces, None);
        let mut pieces = Pieces::default();
        let quoted = match facts.matched {
            Some(matched) => excerpt::quoted(matched),
            None if facts.excerpt.is_empty() => Vec::new(),
            None => vec![block(BlockKind::Code {
                lang: String::new(),
                text: facts.excerpt.clone(),
            })],
        };
        // Values belong to the topic that the error led to.
        let texts = |topic: TopicId| {
            let matched = facts.matched.filter(|_| facts.topic == Some(topic));
            step_texts(library, topic, matched)
        };
        let done = facts.done.iter().filter_map(|(topic, marks)| {
            let texts = texts(*topic);
            let steps = self.steps(library, *topic).into_iter().filter_map(|step| {
                let (by, when) = marks.get(&step.key)?;
                Some(context! { name => step.name, by, when, text => texts.get(&step.key) })
            });
            let steps: Vec<Value> = steps.collect();
            (!steps.is_empty()).then(|| context! { place => self.place(library, *topic), steps })
        });
        let done: Vec<Value> = done.collect();
        let here = facts
            .topic
            .and_then(|topic| facts.done.iter().find(|(other, _)| *other == topic));
        let left = facts.topic.map(|topic| self.steps(library, topic)).unwrap_or_default();
        let left = left
            .into_iter()
            .filter(|step| !here.is_some_and(|(_, marks)| marks.contains_key(&step.key)));
        let text = facts.topic.map(texts).unwrap_or_default();
        let mut open: Vec<Value> = left
            .map(|step| context! { name => step.name, text => text.get(&step.key) })
            .collect();
        let more_open = open.len().saturating_sub(OPEN_STEPS);
        open.truncate(OPEN_STEPS);
        let values = context! {
            topic => facts.topic.map(|topic| self.place(library, topic)),
            quoted => pieces.put(quoted),
            done, open, more_open,
            link => facts.link.clone(),
            runs => facts.runs.iter().map(|(title, outcome)| context! { title, outcome }).collect::<Vec<_>>(),
        };
        (whom, self.reply("summary.md", &values, &pieces, None))
    }

    /// Renders the message that is posted on an escalation: the summary as edited, and the contacts to call.
    pub fn escalated(&self, library: &Library, call: &Call<'_>) -> Reply {
        let mut pieces = Pieces::default();
        let contacts = self.contacts_of(library, (call.topic, call.matched), call.audience, &mut pieces);
        let summary = written(call.summary);
        let values = context! { by => call.by, summary => pieces.put(summary), ..contacts };
        self.reply("escalated.md", &values, &pieces, None)
    }

    pub(super) fn contacts_of(
        &self,
        library: &Library,
        (topic, matched): (Option<TopicId>, Option<&Match>),
        audience: Audience,
        pieces: &mut Pieces,
    ) -> Value {
        let nobody = || context! { contacts => Vec::<Value>::new() };
        let topic = topic.and_then(|id| library.topic(id));
        topic.map_or_else(nobody, |topic| {
            self.surroundings(pieces, (topic, matched), Vec::new(), &Filled::default(), audience)
        })
    }
}

/// The beginning of each step's text, by the step's key, with the values of a match filled in as the card shows them.
pub fn step_texts(library: &Library, topic: TopicId, matched: Option<&Match>) -> BTreeMap<String, String> {
    let steps = library
        .topic(topic)
        .map(|topic| topic.steps.as_slice())
        .unwrap_or_default();
    let nothing = Captures::new();
    let captures = matched.map_or(&nothing, |matched| &matched.captures);
    let shown = Filler::new(captures, steps).steps(steps);
    // The keys are those of the steps as written.
    let names = step_pages::names(steps).into_iter().zip(&shown);
    let text = |step: &Step| {
        let text = plain_blocks(&step.blocks);
        let words: Vec<&str> = text.split_whitespace().collect();
        values::shortened(&words.join(" "), STEP_TEXT)
    };
    names.map(|(name, step)| (name.key, text(step))).collect()
}

/// A text as a person wrote it, line by line.
pub(super) fn written(text: &str) -> Vec<Block> {
    let mut lines: Vec<Inline> = Vec::new();
    for line in text.trim().lines() {
        if !lines.is_empty() {
            lines.push(Inline::Break);
        }
        lines.push(Inline::Text(line.to_owned()));
    }
    if lines.is_empty() {
        Vec::new()
    } else {
        vec![block(BlockKind::Paragraph(lines))]
    }
}
