//! The question that a topic with alternatives asks first, and the steps that an answer leaves.

use super::act::CardAction;
use super::answer::Responder;
use super::buttons::{button_row, menu_option, select};
use super::card::Card;
use super::labels::filled;
use super::step_pages::fingerprint;
use super::values;
use crate::runbook::{Alternative, Alternatives, Block, Button, Step, Topic};

/// Key of the answer that shows the steps of all alternatives.
pub(super) const ALL: &str = "all";
/// Most alternatives with a button each; more of them become a list.
const BUTTONS: usize = 5;
/// Most characters of an alternative in an option of a list.
const OPTION: usize = 70;

/// The answer to a topic's question, as a card has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Choice<'t> {
    /// The topic asks nothing.
    None,
    /// Nobody has answered yet.
    Open(&'t Alternatives),
    /// All steps are wanted.
    All(&'t Alternatives),
    /// The alternative of this index applies.
    One(&'t Alternatives, usize),
}

impl<'t> Choice<'t> {
    /// The choice of a topic for the key of an answer. An answer that the runbook no longer has leaves it open.
    pub(super) fn of(topic: &'t Topic, chosen: Option<&str>) -> Self {
        let Some(alternatives) = &topic.alternatives else {
            return Self::None;
        };
        match chosen {
            Some(ALL) => Self::All(alternatives),
            Some(key) => (0..alternatives.list.len())
                .find(|at| key_of(alternatives, *at) == key)
                .map_or(Self::Open(alternatives), |at| Self::One(alternatives, at)),
            None => Self::Open(alternatives),
        }
    }

    /// The steps that are shown, each with its index among the topic's steps. While the question is open these are the
    /// ones before it, as far as there is something to do in them.
    pub(super) fn shown(self, steps: Vec<Step>) -> Vec<(usize, Step)> {
        let numbered = steps.iter().enumerate();
        match self {
            Self::None | Self::All(_) => steps.into_iter().enumerate().collect(),
            Self::Open(alternatives) => {
                let first = alternatives.list.first().map_or(0, |first| first.steps.start);
                let first = alternatives.within.unwrap_or(first);
                let is_needed = numbered.take(first).any(|(_, step)| !step.number.is_empty());
                let count = if is_needed { first } else { 0 };
                steps.into_iter().enumerate().take(count).collect()
            }
            Self::One(alternatives, chosen) => {
                let is_other = |index: usize| {
                    let mut others = alternatives.list.iter().enumerate().filter(|(at, _)| *at != chosen);
                    others.any(|(_, other)| other.steps.contains(&index))
                };
                let mut shown: Vec<(usize, Step)> = steps.into_iter().enumerate().collect();
                match alternatives.within {
                    None => {
                        shown
                            .retain(|(index, step)| !is_other(*index) && !is_title(alternatives, chosen, *index, step));
                    }
                    Some(within) => {
                        for (_, step) in shown.iter_mut().filter(|(index, _)| *index == within) {
                            let mut index = 0..;
                            step.steps.retain(|_| !is_other(index.next().unwrap_or_default()));
                        }
                    }
                }
                shown
            }
        }
    }

    /// The conditions to choose from, while the question is open.
    pub(super) fn question(self) -> Vec<String> {
        match self {
            Self::Open(alternatives) => alternatives.list.iter().map(|one| one.label.clone()).collect(),
            Self::None | Self::All(_) | Self::One(..) => Vec::new(),
        }
    }

    /// The condition that was chosen.
    pub(super) fn answer(self) -> Option<String> {
        match self {
            Self::One(alternatives, at) => alternatives.list.get(at).map(|one| one.label.clone()),
            Self::None | Self::Open(_) | Self::All(_) => None,
        }
    }

    /// The answers that may be given now: the key and the condition of each; no condition for all steps.
    fn answers(self) -> Vec<(String, Option<String>)> {
        let (alternatives, chosen) = match self {
            Self::None => return Vec::new(),
            Self::Open(alternatives) => (alternatives, None),
            Self::All(alternatives) => (alternatives, Some(ALL.to_owned())),
            Self::One(alternatives, at) => (alternatives, Some(key_of(alternatives, at))),
        };
        let list = alternatives.list.iter().enumerate();
        let list = list.map(|(at, one)| (key_of(alternatives, at), Some(one.label.clone())));
        list.chain([(ALL.to_owned(), None)])
            .filter(|(key, _)| chosen.as_ref() != Some(key))
            .collect()
    }
}

/// Returns true for a step that is only the condition itself, which the card shows above the steps.
fn is_title(alternatives: &Alternatives, chosen: usize, index: usize, step: &Step) -> bool {
    let is_same = |one: &Alternative| {
        let text = super::plain_blocks(&step.blocks);
        one.steps.start == index && text.trim().trim_end_matches(':') == one.label && step.steps.is_empty()
    };
    alternatives.list.get(chosen).is_some_and(is_same)
}

/// The key of an alternative: unchanged as long as its words are.
fn key_of(alternatives: &Alternatives, at: usize) -> String {
    let label = alternatives
        .list
        .get(at)
        .map(|one| one.label.as_str())
        .unwrap_or_default();
    let same = alternatives
        .list
        .iter()
        .take(at)
        .filter(|one| one.label == label)
        .count();
    format!("{:016x}", fingerprint(&format!("{label}#{same}")))
}

impl Responder {
    /// The words of an answer to a topic's question, by its key. `None` for one that the topic does not have.
    pub fn alternative(&self, topic: &Topic, key: &str) -> Option<String> {
        match Choice::of(topic, Some(key)) {
            Choice::All(_) => Some(self.labels.buttons.all_steps.clone()),
            choice => choice.answer(),
        }
    }

    /// The row with the answers to an open question, in the runbook's words and order.
    pub(super) fn alternative_buttons(&self, card: &Card<'_>, choice: Choice<'_>) -> Vec<Block> {
        if choice.question().is_empty() {
            return Vec::new();
        }
        let answers = choice.answers();
        if answers.len() > BUTTONS + 1 {
            return button_row(self.alternative_list(card, choice).into_iter().collect());
        }
        let buttons = answers.into_iter().enumerate().map(|(at, (key, label))| {
            let label = label.map_or_else(
                || self.labels.buttons.all_steps.clone(),
                |label| filled(&self.labels.buttons.alternative, "title", &label),
            );
            Self::button(card, CardAction::Alternative { key }, &label, at)
        });
        button_row(buttons.collect())
    }

    /// The list with the other answers to a question that somebody has answered, or with all of a long question.
    pub(super) fn alternative_list(&self, card: &Card<'_>, choice: Choice<'_>) -> Option<Button> {
        let labels = &self.labels.buttons;
        let options = choice.answers().into_iter().filter_map(|(key, label)| {
            let label = label.unwrap_or_else(|| labels.all_steps.clone());
            menu_option(&CardAction::Alternative { key }, &values::shortened(&label, OPTION))
        });
        let title = if choice.question().is_empty() {
            &labels.change_alternative
        } else {
            &labels.choose_alternative
        };
        select(card.case, title, "signpost_alternatives", options.collect())
    }
}
