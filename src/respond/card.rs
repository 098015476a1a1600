//! The card of a case: the topic with its steps a few at a time, who has done what, and buttons for the next actions.

use std::collections::BTreeMap;

use minijinja::{Value, context};

use super::act::CardAction;
use super::alternatives::Choice;
use super::answer::Responder;
use super::buttons::{button, button_row};
use super::calling::{self, CardEscalation, OnCallLine};
use super::issues::CardIssue;
use super::labels::filled;
use super::pieces::Pieces;
use super::step_pages::{self, StepName, StepPages};
use super::title::card_title;
use super::{Audience, Reply, contacts, excerpt, links, rows, steps, values};
use crate::addresses::AlertLink;
use crate::matching::Match;
use crate::runbook::{Block, Button, Contact, Library, Runbook, Step, Topic, TopicId};

/// Most choices that get a button.
const OFFERED: usize = 5;
/// Most other errors of one message that are named, each with a button.
const OTHERS: usize = 20;
/// Most characters of a title on a button.
const SHOWN_TITLE: usize = 60;
/// Most jobs that are offered.
const JOBS: usize = 5;

/// The facts that a card shows.
#[derive(Debug, Clone, Default)]
pub struct Card<'a> {
    /// The case's id, for the buttons.
    pub case: &'a str,
    /// The topic; `None` while people choose.
    pub topic: Option<TopicId>,
    /// The match that led to the topic; `None` when people navigated to it.
    pub matched: Option<&'a Match>,
    /// Other errors of the same message, each with the line that shows it.
    pub others: &'a [(TopicId, Option<usize>)],
    /// True when somebody asked the bot.
    pub asked: bool,
    /// Index of the first step that is shown, from 0.
    pub at: usize,
    /// Steps that are done, by key: by whom, and when.
    pub done: BTreeMap<String, (String, String)>,
    /// The case's status: `open`, `choosing`, `fixed`, `not-helped`, `escalated`, `resolved` or `withdrawn`.
    pub standing: &'a str,
    /// The person who set that status, and the time.
    pub mark: Option<(String, String)>,
    /// The topic that people came from.
    pub came_from: Option<TopicId>,
    /// Other topics that the error could belong to.
    pub choices: &'a [TopicId],
    /// The reason why people have to choose: `near`, `search`, `choose`, `wrong`, `withdrawn`, `gone` or `typo`.
    pub why: &'a str,
    /// The words of the question; after a typo, the command that was meant.
    pub words: &'a str,
    /// True when only one person sees the card, who may share it.
    pub private: bool,
    /// The readers: contacts, places and jobs are withheld from external ones.
    pub audience: Audience,
    /// The jobs of its steps, each offered with a button.
    pub jobs: Vec<CardJob>,
    /// Titles of the jobs of its steps that may not be run in its channel.
    pub jobs_elsewhere: Vec<String>,
    /// The people on call for the teams that the topic names.
    pub on_call: Vec<OnCallLine>,
    /// The latest escalation to a team.
    pub escalation: Option<CardEscalation>,
    /// Earlier escalations, the oldest first, each by its latest step.
    pub earlier_escalations: Vec<CardEscalation>,
    /// The issue of the case in a tracker.
    pub issue: Option<CardIssue>,
    /// The answer to the topic's question which of its alternatives applies: its key, and who gave it.
    pub chosen: Option<(String, String)>,
    /// True when the steps of a case that is over are shown all the same.
    pub expanded: bool,
    /// The person who turned to the steps that are shown, where others read them, too.
    pub turned: Option<&'a str>,
    /// The links of the alert that the case is about.
    pub alert_links: Vec<AlertLink>,
    /// The topic that people worked on and that is no longer in the runbooks.
    pub gone: Option<GoneTopic>,
    /// True when the message no longer shows the error: it was edited.
    pub edited: bool,
}

/// A topic that is no longer in the runbooks, as the case knew it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GoneTopic {
    /// Its title.
    pub title: String,
    /// Names and texts of its steps that are done.
    pub done: Vec<String>,
}

/// A registered job that is offered on a card.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CardJob {
    /// The job's id.
    pub job: String,
    /// The job's title.
    pub title: String,
    /// Source line of the job's step (`jobs::attach::Attached::line`); 0 for a job of the runbook as a whole.
    pub line: u32,
}

impl Responder {
    /// Renders the card of a case.
    pub fn card(&self, library: &Library, card: &Card<'_>) -> Reply {
        let found = card
            .topic
            .and_then(|id| Some((id, library.runbook(id)?, library.topic(id)?)));
        let Some((id, runbook, topic)) = found.filter(|_| !matches!(card.standing, "choosing" | "withdrawn")) else {
            return self.choosing(library, card);
        };
        let title = card_title(runbook, topic, card.matched);
        let mut pieces = Pieces::default();
        if card.is_folded() {
            let row = pieces.put(self.folded_row(card));
            let values = context! {
                card_title => title.clone(), outcome => outcome(card), action_buttons => row, choices => Vec::<Value>::new(),
                runbook => runbook.title.clone(), edited => card.edited, gone_title => "",
                ..minijinja::value::merge_maps([self.others(library, card, &mut pieces), calling::on_card(card)])
            };
            let mut reply = self.reply("folded.md", &values, &pieces, Some((library, id)));
            reply.notice = Some(self.notice(&title, library, card, None, topic));
            return reply;
        }
        let mut cause = values::cause(&topic.causes);
        values::resolve(&mut cause, runbook, self.options.base_url.as_deref());
        let entry = self.entry(runbook, topic, card.matched, &cause);
        let choice = Choice::of(topic, card.chosen.as_ref().map(|(key, _)| key.as_str()));
        let pages = StepPages::of(self, runbook, topic, (card.matched, choice), (&cause, card.audience));
        let (page, told) = pages.page(self, runbook, card, &mut pieces);
        let nobody = context! { evidence => Vec::<Value>::new(), also => Vec::<Value>::new(), links => Vec::<Value>::new(), quoted_line => "" };
        let found = card
            .matched
            .map_or(nobody, |matched| self.match_values(library, matched, &mut pieces));
        // Jobs of later steps are offered on the first page: they collect the facts that all other steps need.
        let on_page = pages.on_page(card.at);
        let jobs = card.jobs_of(on_page, pages.is_first(card.at));
        let shown_steps = steps::shown(on_page);
        let full_url = links::full(runbook, self.options.base_url.as_deref());
        let lead = excerpt::first_sentence(&cause);
        let rest = pages.rest(card.at);
        let (section_menu, sections_left_out) = self.section_menu(card, runbook, topic, (&shown_steps, rest));
        let controls = context! {
            entry => pieces.put(entry),
            lead => lead.clone(),
            choice_buttons => pieces.put(if card.standing == "not-helped" { self.choice_buttons(library, card) } else { Vec::new() }),
            action_buttons => pieces.put(self.action_row(library, card, &page, &jobs, choice, full_url.as_deref())),
            step_buttons => pieces.put(self.step_row(card, &page, &jobs, (&pages, choice))),
            branch_buttons => pieces.put(Self::branch_row(card, runbook, topic, (&shown_steps, choice))),
            done_elsewhere => pages.done_elsewhere(card),
            jobs_elsewhere => card.jobs_elsewhere.clone(),
            edited => card.edited, gone_title => "",
            alert_buttons => pieces.put(self.alert_row(card)),
            question => choice.question(),
            chosen => choice.answer(),
            chosen_by => card.chosen.as_ref().map(|(_, by)| by.clone()),
            alternative_buttons => pieces.put(self.alternative_buttons(card, choice)),
            section_menu => pieces.put(section_menu),
            sections_left_out => sections_left_out,
            outcome => outcome(card),
            choices => card.choices.iter().take(OFFERED).map(|id| self.place(library, *id)).collect::<Vec<_>>(),
            came_from => card.came_from.map(|id| self.place(library, id)),
            card_title => title.clone(),
            names_runbook => title.contains(runbook.title.trim()),
            turned_by => card.turned,
            ..calling::on_card(card)
        };
        if lead.is_some() {
            excerpt::drop_first_sentence(&mut cause);
        }
        let values = minijinja::value::merge_maps([
            controls,
            self.others(library, card, &mut pieces),
            told,
            found,
            self.surroundings(&mut pieces, (topic, card.matched), cause, &pages.filled, card.audience),
            self.topic_values(library, runbook, topic),
        ]);
        let mut reply = self.reply("card.md", &values, &pieces, Some((library, id)));
        reply.notice = Some(self.notice(&title, library, card, Some(&pages), topic));
        reply
    }

    /// Template values of the other errors of the message.
    fn others(&self, library: &Library, card: &Card<'_>, pieces: &mut Pieces) -> Value {
        let others: Vec<TopicId> = card.others.iter().take(OTHERS).map(|(id, _)| *id).collect();
        let named = card.others.iter().take(OTHERS);
        let named = named.map(|(id, line)| context! { line, ..self.place(library, *id) });
        context! {
            others => named.collect::<Vec<_>>(),
            other_buttons => pieces.put(self.topic_buttons(library, card, &others, 20)),
        }
    }

    /// The title of the card of a match.
    pub fn title(&self, library: &Library, matched: &Match) -> String {
        let found = library.runbook(matched.topic).zip(library.topic(matched.topic));
        found.map_or_else(String::new, |(runbook, topic)| {
            card_title(runbook, topic, Some(matched))
        })
    }

    /// The sentence that notifications show.
    fn notice(
        &self,
        title: &str,
        library: &Library,
        card: &Card<'_>,
        pages: Option<&StepPages>,
        topic: &Topic,
    ) -> String {
        let contacts = contacts::ordered(&topic.contacts, card.matched);
        let team_of = |contact: &Contact| contact.team.as_ref().and_then(|key| library.teams.get(key));
        let service = card.topic.and_then(|id| library.runbook(id)?.front.service.as_deref());
        let is_own = |contact: &&Contact| {
            team_of(contact).is_some_and(|team| service == Some(team.key.as_str()) || service == Some(team.shown()))
        };
        // The service's own team first; a sentence has no room for conditions.
        let contact = contacts.iter().find(is_own);
        let contact = contact.or_else(|| contacts.iter().find(|contact| contact.when.is_none()));
        let contact = contact
            .or(contacts.first())
            .filter(|_| card.audience == Audience::Internal);
        let team = contact.map(|contact| {
            let team = team_of(contact);
            team.map_or(contact.name.as_str(), |team| team.shown()).to_owned()
        });
        let question = card
            .topic
            .and_then(|id| library.topic(id))
            .map(|topic| Choice::of(topic, card.chosen.as_ref().map(|(key, _)| key.as_str())).question());
        let values = context! {
            question => question.filter(|_| pages.is_some()).unwrap_or_default(),
            title => title.trim_end_matches(['.', '!', '?', ':']), outcome => outcome(card), team,
            count => pages.map_or(0, StepPages::count), first => pages.and_then(StepPages::first_words),
        };
        super::words(&self.sentence("notice.md", &values))
    }

    /// Renders the choices, with buttons: nothing is recognised for certain, the runbook was the wrong one, or the
    /// message does not hold the error any more.
    fn choosing(&self, library: &Library, card: &Card<'_>) -> Reply {
        let mut pieces = Pieces::default();
        if card.why == "typo" && card.choices.is_empty() {
            let label = filled(&self.labels.buttons.typo, "command", card.words);
            let text = card.words.to_owned();
            let button = button_row(vec![Self::button(card, CardAction::Run { text }, &label, 0)]);
            let values = context! { meant => values::shortened(card.words, 120), run_button => pieces.put(button) };
            return self.reply("typo.md", &values, &pieces, None);
        }
        let list: Vec<Value> = card
            .choices
            .iter()
            .take(OFFERED)
            .map(|id| self.place(library, *id))
            .collect();
        let mut rows = self.choice_buttons(library, card);
        let mut more = Vec::new();
        let labels = &self.labels.buttons;
        if let Some(from) = card.came_from {
            more.push(match card.why {
                "wrong" => Self::button(card, CardAction::Return, &labels.undo_wrong_runbook, 0),
                _ => self.return_button(library, card, from, 0),
            });
        }
        if card.is_over() {
            more = vec![Self::button(card, CardAction::Reopen, &labels.reopen, 1)];
            rows.clear();
        }
        let was_worked_on = card.mark.is_some() || card.gone.is_some();
        if card.standing == "choosing" && was_worked_on {
            more.push(Self::button(card, CardAction::Fixed, &labels.fixed, 0));
        }
        if card.standing == "choosing" && was_worked_on && card.audience == Audience::Internal {
            more.push(Self::button(card, CardAction::Escalate, &labels.escalate, 1));
        }
        if card.private && !list.is_empty() {
            more.push(Self::button(card, CardAction::Share, &self.labels.buttons.share, 2));
        }
        if was_worked_on {
            more.extend(self.export_menu(card));
        }
        rows.extend(button_row(more));
        let gone = card.gone.clone().unwrap_or_default();
        let values = context! {
            gone_title => gone.title, gone_steps => gone.done,
            list => if card.is_over() { Vec::new() } else { list },
            why => if card.is_over() && card.why != "gone" { "" } else { card.why }, words => values::shortened(card.words, 120), choices => Vec::<Value>::new(),
            outcome => outcome(card), choice_buttons => pieces.put(rows), ..calling::on_card(card)
        };
        self.reply("choices.md", &values, &pieces, None)
    }

    /// The steps of a topic, in order.
    pub fn steps(&self, library: &Library, id: TopicId) -> Vec<StepName> {
        match (library.runbook(id), library.topic(id)) {
            (Some(_), Some(topic)) => step_pages::names(&topic.steps)
                .into_iter()
                .filter(|name| name.is_step)
                .collect(),
            _ => Vec::new(),
        }
    }

    /// The first step of a topic whose key `is_open`: the index that shows its page, its number and its first words. A topic
    /// whose question is not answered (`chosen` is the answer's key) asks it after the steps before it.
    pub fn first_step(
        &self,
        library: &Library,
        id: TopicId,
        (matched, chosen): (Option<&Match>, Option<&str>),
        is_open: impl Fn(&str) -> bool,
    ) -> Option<(usize, String)> {
        let (runbook, topic) = (library.runbook(id)?, library.topic(id)?);
        let choice = Choice::of(topic, chosen);
        let cause = values::cause(&topic.causes);
        let pages = StepPages::of(self, runbook, topic, (matched, choice), (&cause, Audience::Internal));
        let found = pages.first(|name| name.is_step && is_open(&name.key));
        let question = || {
            let asked = choice.question();
            (!asked.is_empty()).then(|| {
                let words = self.sentence("question.md", &context! { question => asked });
                (0, super::words(&words))
            })
        };
        found.or_else(question)
    }

    /// The row or definition that was recognised, when the steps do not show it.
    fn entry(&self, runbook: &Runbook, topic: &Topic, matched: Option<&Match>, cause: &[Block]) -> Vec<Block> {
        let Some(matched) = matched else { return Vec::new() };
        let own;
        let mut shown = Vec::new();
        if topic.steps.is_empty() {
            own = excerpt::own_text(runbook, topic, cause);
            shown.push(own.as_slice());
        } else {
            blocks_of(&topic.steps, &mut shown);
        }
        let mut entry = rows::entry(runbook, topic, matched, &shown);
        values::resolve(&mut entry, runbook, self.options.base_url.as_deref());
        entry
    }

    pub(super) fn resolve_step(&self, step: &mut Step, runbook: &Runbook, matched: Option<&Match>) {
        if let Some(matched) = matched {
            rows::narrow(&mut step.blocks, matched);
        }
        values::resolve(&mut step.blocks, runbook, self.options.base_url.as_deref());
        for inner in &mut step.steps {
            self.resolve_step(inner, runbook, matched);
        }
    }

    fn choice_buttons(&self, library: &Library, card: &Card<'_>) -> Vec<Block> {
        let choices: Vec<TopicId> = card.choices.iter().take(OFFERED).copied().collect();
        self.topic_buttons(library, card, &choices, 0)
    }

    /// A row with a button for each topic. `from` keeps the ids of several rows on a card distinct.
    fn topic_buttons(&self, library: &Library, card: &Card<'_>, topics: &[TopicId], from: usize) -> Vec<Block> {
        let buttons = topics.iter().enumerate().filter_map(|(at, id)| {
            let runbook = library.runbook(*id)?;
            let section = runbook.sections.get(id.section).filter(|_| id.section != 0);
            let nth = section.map_or(0, |_| runbook.nth(id.section));
            let act = CardAction::Go {
                runbook: runbook.path.clone(),
                section: section.map(|section| section.heading.clone()),
                nth,
            };
            let title = section.map_or(&runbook.title, |section| &section.heading);
            // A question as a title is its own label: "Show How do I …" reads as a mistake.
            let label = if title.chars().count() > SHOWN_TITLE || asks(title) {
                clipped(title, SHOWN_TITLE)
            } else {
                filled(&self.labels.buttons.show, "title", title)
            };
            Some(Self::button(card, act, &label, from + at))
        });
        button_row(buttons.collect())
    }

    pub(super) fn return_button(&self, library: &Library, card: &Card<'_>, from: TopicId, at: usize) -> Button {
        let runbook = library.runbook(from).map(|runbook| runbook.title.as_str());
        let section = library.section(from).filter(|_| from.section != 0);
        let title = section
            .map(|section| section.heading.as_str())
            .or(runbook)
            .unwrap_or_default();
        Self::button(
            card,
            CardAction::Return,
            &filled(&self.labels.buttons.return_to, "title", title),
            at,
        )
    }

    /// A button that opens the form of a job.
    pub(super) fn job_button(&self, card: &Card<'_>, job: &CardJob, at: usize) -> Button {
        let line = (job.line != 0).then_some(job.line);
        self.form_button(card.case, (&job.job, &job.title), line, BTreeMap::new(), at)
    }

    /// A button for an action. `at` keeps the ids of equal actions on a card distinct.
    pub(super) fn button(card: &Card<'_>, act: CardAction, label: &str, at: usize) -> Button {
        button(card.case, act, label, at)
    }
}

impl Card<'_> {
    /// The jobs of a step and its inner steps.
    pub(super) fn jobs_at(&self, step: &Step) -> impl Iterator<Item = &CardJob> {
        let here = self.audience == Audience::Internal;
        self.jobs.iter().filter(move |job| here && stands_at(job.line, step))
    }

    /// True when the case is over and only its outcome is shown.
    pub(super) fn is_folded(&self) -> bool {
        self.is_over() && !self.expanded
    }

    /// True when nobody works on the case any more.
    pub(super) fn is_over(&self) -> bool {
        matches!(self.standing, "fixed" | "resolved")
    }

    /// The jobs of these steps, each once; on the first page those of all other steps, too.
    fn jobs_of(&self, page: &[Step], is_first: bool) -> Vec<&CardJob> {
        let here = self.audience == Audience::Internal;
        let on_page = page.iter().flat_map(|step| self.jobs_at(step));
        let besides = self.jobs.iter().filter(|_| here && is_first);
        let mut offered: Vec<&CardJob> = Vec::new();
        for job in on_page.chain(besides) {
            if !offered.iter().any(|other| other.job == job.job) {
                offered.push(job);
            }
        }
        offered.truncate(JOBS);
        offered
    }
}

fn stands_at(line: u32, step: &Step) -> bool {
    line != 0 && (step.line == line || step.steps.iter().any(|inner| stands_at(line, inner)))
}

/// Returns true for a title that is a question.
fn asks(title: &str) -> bool {
    let first = title.split_whitespace().next().unwrap_or_default().to_lowercase();
    title.ends_with('?') || ["how", "what", "when", "where", "which", "who", "why"].contains(&&*first)
}

/// A title of at most `most` characters, cut between words.
fn clipped(title: &str, most: usize) -> String {
    let title = title.trim();
    if title.chars().count() <= most {
        return title.to_owned();
    }
    let kept: String = title.chars().take(most - 1).collect();
    let end = kept.rfind(' ').filter(|end| *end > most / 2).unwrap_or(kept.len());
    let kept = kept.get(..end).unwrap_or(&kept);
    format!("{}…", kept.trim_end_matches(|c: char| !c.is_alphanumeric()))
}

fn outcome(card: &Card<'_>) -> Value {
    let (by, when) = card.mark.clone().unwrap_or_default();
    context! { standing => card.standing, by, when }
}

/// Adds the blocks of steps and of those nested in them.
fn blocks_of<'s>(steps: &'s [Step], out: &mut Vec<&'s [Block]>) {
    for step in steps {
        out.push(&step.blocks);
        blocks_of(&step.steps, out);
    }
}
