//! The card of a case: the message that shows it.

use std::collections::BTreeMap;

use super::{Actor, Case, CaseEscalation, CaseIssue, CaseStatus, TopicRef};
use crate::addresses::alert_links;
use crate::bot::Knowledge;
use crate::bot::context::Context;
use crate::respond::{Audience, Card, CardAction, CardJob, GoneTopic, step_texts};
use crate::runbook::{Library, TopicId};
use crate::slack::sender::Body;

impl Context {
    /// The name of the step or the place that an action is about, as people read it, and the text of the step.
    pub(super) fn detail(&self, known: &Knowledge, case: &Case, act: &CardAction) -> (String, String) {
        let library = &known.library;
        let topic = case.place.as_ref().and_then(|place| place.find(library));
        match act {
            CardAction::Alternative { key } => {
                let topic = topic.and_then(|topic| library.topic(topic));
                let words = topic.and_then(|topic| self.responder.alternative(topic, key));
                (words.unwrap_or_default(), String::new())
            }
            CardAction::Go { runbook, section, nth } => {
                let to = TopicRef {
                    runbook: runbook.clone(),
                    section: section.clone(),
                    nth: *nth,
                };
                (to.title(library), String::new())
            }
            CardAction::Return => {
                let to = case.trail.last();
                (to.map(|to| to.title(library)).unwrap_or_default(), String::new())
            }
            CardAction::Done { step } | CardAction::Undo { step } => {
                let steps = topic.map(|topic| self.responder.steps(library, topic));
                let named = steps.into_iter().flatten().find(|known| known.key == *step);
                let matched = case.matched(library);
                let text = topic.and_then(|topic| step_texts(library, topic, matched.as_ref()).remove(step));
                (
                    named.map(|known| known.name).unwrap_or_default(),
                    text.unwrap_or_default(),
                )
            }
            _ => (
                case.place.as_ref().map(TopicRef::name).unwrap_or_default(),
                String::new(),
            ),
        }
    }

    /// Renders the card of a case.
    pub(crate) fn card(&self, known: &Knowledge, case: &Case) -> Body {
        let library = &known.library;
        let find =
            |places: &[TopicRef]| -> Vec<TopicId> { places.iter().filter_map(|place| place.find(library)).collect() };
        let topic = case.place.as_ref().and_then(|place| place.find(library));
        let matched = case.matched(library);
        let done: BTreeMap<String, (String, String)> = case
            .done_here()
            .into_iter()
            .map(|(step, mark)| (step, mark.shown()))
            .collect();
        let (choices, others) = (find(&case.near), case.other_errors(library));
        let choices: Vec<TopicId> = choices.into_iter().filter(|choice| Some(*choice) != topic).collect();
        let gone = case.place.is_some() && topic.is_none();
        let teams = self.responder.teams_of(library, topic, matched.as_ref());
        let is_over = case.status.is_over();
        let (jobs, jobs_elsewhere) = self.offered_jobs(library, case);
        let card = Card {
            case: &case.id,
            topic,
            matched: matched.as_ref(),
            others: &others,
            asked: case.asked,
            at: case.at,
            done,
            gone: (gone || case.place.is_none() && is_over).then(|| GoneTopic {
                title: case.shown_title(),
                done: case.marked_steps(),
            }),
            edited: case.edited,
            standing: if gone && !is_over {
                "choosing"
            } else {
                case.status.name()
            },
            mark: case.status.actor().filter(|_| !gone || is_over).map(Actor::shown),
            came_from: case.trail.last().and_then(|place| place.find(library)),
            choices: &choices,
            why: match &case.status {
                _ if gone => "gone",
                CaseStatus::Withdrawn => "withdrawn",
                CaseStatus::Choosing(Some(_)) => "wrong",
                _ => case.request.name(),
            },
            words: case.request.words(),
            private: case.post.is_none(),
            audience: case.audience(),
            jobs,
            jobs_elsewhere,
            on_call: self.on_call_lines(teams.iter().map(String::as_str)),
            chosen: case
                .chosen_here()
                .map(|chosen| (chosen.key.clone(), chosen.by.name.clone())),
            escalation: case.escalations.last().map(CaseEscalation::state),
            issue: case.issue.as_deref().map(CaseIssue::state),
            earlier_escalations: case.earlier_escalations().map(CaseEscalation::state).collect(),
            expanded: case.expanded,
            // Everybody in a thread reads the same card, and nobody can tell who is reading: whoever turns the page is
            // named, also the person who asked. A card that one person alone reads needs no name.
            turned: case
                .turned
                .as_ref()
                .filter(|_| case.post.is_some() && !case.is_in_conversation())
                .map(|turned| turned.name.as_str()),
            alert_links: if case.by_bot {
                alert_links(&case.text())
            } else {
                Vec::new()
            },
        };
        Body::of(&self.responder.card(library, &card))
    }

    /// The jobs that a card offers, and the titles of those that may not be run in its channel.
    fn offered_jobs(&self, library: &Library, case: &Case) -> (Vec<CardJob>, Vec<String>) {
        let place = case.place.as_ref().filter(|_| case.audience() == Audience::Internal);
        let Some(topic) = place.and_then(|place| place.find(library)) else {
            return (Vec::new(), Vec::new());
        };
        let attached = self.registry().attached_to(library, topic).into_iter();
        let (mut offered, mut elsewhere) = (Vec::new(), Vec::new());
        for at in attached {
            let Some(job) = self.registry().job(&at.job.0) else {
                continue;
            };
            let title = job.shown().to_owned();
            if job.channels.contains(&case.channel) {
                offered.push(CardJob {
                    job: at.job.0,
                    title,
                    line: at.line,
                });
            } else if !elsewhere.contains(&title) {
                elsewhere.push(title);
            }
        }
        (offered, elsewhere)
    }
}
