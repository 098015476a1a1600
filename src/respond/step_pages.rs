//! The steps of a topic, shown a few at a time.

use std::collections::BTreeMap;
use std::ops::Range;

use minijinja::{Value, context};

use super::act::CardAction;
use super::answer::Responder;
use super::buttons::button_row;
use super::card::Card;
use super::fill::{Captures, Filler};
use super::labels::filled;
use super::markdown::block;
use super::pieces::Pieces;
use super::{excerpt, steps, text, values};
use crate::matching::Match;
use crate::runbook::{Block, BlockKind, Runbook, Step, Topic};

/// Most steps on a page.
const STEPS: usize = 5;
/// Most characters on a page; a single longer step gets a page to itself.
const CHARACTERS: usize = 2_600;
/// Most characters of an unnumbered step's name on its button.
const STEP_NAME: usize = 40;

/// A step of a topic, as a summary names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepName {
    /// Key under which marks are stored; unchanged as long as the step's text is.
    pub key: String,
    /// The step's number, or its first words.
    pub name: String,
    /// False for text that only leads up to numbered steps: there is nothing to do.
    pub is_step: bool,
}

/// A topic's text cut into pages that can be shown one after the other.
pub(super) struct StepPages {
    /// The steps; for a topic without steps, its blocks as steps without marks.
    steps: Vec<Step>,
    names: Vec<StepName>,
    is_steps: bool,
    pub(super) filled: BTreeMap<String, String>,
}

impl StepPages {
    pub(super) fn of(
        responder: &Responder,
        runbook: &Runbook,
        topic: &Topic,
        matched: Option<&Match>,
        cause: &[Block],
    ) -> StepPages {
        let mut filler = Filler::new(
            matched.map_or(&Captures::new(), |matched| &matched.captures),
            &topic.steps,
        );
        let is_steps = !topic.steps.is_empty();
        let names = names(&topic.steps);
        let mut steps = if is_steps {
            filler.steps(&topic.steps)
        } else {
            let mut own = excerpt::own_text(runbook, topic, cause);
            filler.blocks(&mut own);
            own.into_iter().map(plain_step).collect()
        };
        for step in &mut steps {
            responder.resolve_step(step, runbook, matched);
        }
        StepPages {
            steps,
            names,
            is_steps,
            filled: filler.filled,
        }
    }

    /// Returns the index of the first step of each page.
    fn pages(&self) -> Vec<usize> {
        let mut begins = Vec::new();
        let (mut count, mut size) = (0, 0);
        for (at, step) in self.steps.iter().enumerate() {
            let length = step_length(step);
            let most = if self.is_steps { STEPS } else { usize::MAX };
            if at == 0 || count >= most || size + length > CHARACTERS {
                begins.push(at);
                (count, size) = (0, 0);
            }
            count += 1;
            size += length;
        }
        begins
    }

    /// Returns the steps of the page that holds the step `at`.
    pub(super) fn on_page(&self, at: usize) -> &[Step] {
        let (_, steps) = self.bounds(&self.pages(), at);
        self.steps.get(steps).unwrap_or_default()
    }

    /// Returns true when the step `at` is on the first page.
    pub(super) fn is_first(&self, at: usize) -> bool {
        self.bounds(&self.pages(), at).0 == 0
    }

    /// Returns the number of the page that holds the step `at`, from 0, and the range of its steps.
    fn bounds(&self, begins: &[usize], at: usize) -> (usize, Range<usize>) {
        let number = begins.iter().rposition(|begin| *begin <= at).unwrap_or(0);
        let from = begins.get(number).copied().unwrap_or(0);
        (
            number,
            from..begins.get(number + 1).copied().unwrap_or(self.steps.len()),
        )
    }

    /// Returns the buttons of the page that holds the first step to show, and the template values of the page itself.
    pub(super) fn page(
        &self,
        responder: &Responder,
        runbook: &Runbook,
        card: &Card<'_>,
        pieces: &mut Pieces,
    ) -> (Vec<Block>, Value) {
        let begins = self.pages();
        let (number, Range { start: from, end: to }) = self.bounds(&begins, card.at);
        let mut shown: Vec<Step> = self.steps.get(from..to).unwrap_or_default().to_vec();
        let mut buttons = Vec::new();
        let mut jobs = Vec::new();
        let labels = &responder.labels.buttons;
        for (at, (step, name)) in shown
            .iter_mut()
            .zip(self.names.get(from..).unwrap_or_default())
            .enumerate()
        {
            if !name.is_step {
                jobs.extend(card.jobs_at(step));
                continue;
            }
            let (act, label) = match card.done.get(&name.key) {
                Some((by, when)) => {
                    let told = responder.sentence("done.md", &context! { by, when });
                    step.blocks.push(block(BlockKind::Paragraph(told)));
                    (CardAction::Undo { step: name.key.clone() }, &labels.step_undo)
                }
                None => (CardAction::Done { step: name.key.clone() }, &labels.step_done),
            };
            buttons.push(Responder::button(card, act, &filled(label, "step", &name.name), at));
            jobs.extend(card.jobs_at(step));
        }
        // Buttons for a step's jobs come before the one that marks it as done.
        let jobs = jobs.into_iter().enumerate();
        let jobs = jobs.map(|(at, job)| responder.job_button(card, job, at));
        buttons.splice(0..0, jobs);
        let body = if self.is_steps {
            steps::to_blocks(&shown, runbook)
        } else {
            shown.into_iter().flat_map(|step| step.blocks).collect()
        };
        let told = context! {
            steps => pieces.put_body(body),
            has_steps => self.is_steps,
            page => number + 1,
            pages => begins.len(),
        };
        let mut rows = button_row(buttons);
        let mut turn = Vec::new();
        if let Some(before) = number.checked_sub(1).and_then(|before| begins.get(before)) {
            turn.push(Responder::button(
                card,
                CardAction::Page { at: *before },
                &labels.back,
                0,
            ));
        }
        if let Some(next) = begins.get(number + 1) {
            turn.push(Responder::button(card, CardAction::Page { at: *next }, &labels.next, 1));
        }
        rows.extend(button_row(turn));
        (rows, told)
    }
}

fn plain_step(own: Block) -> Step {
    Step {
        number: String::new(),
        line: own.line,
        blocks: vec![own],
        steps: Vec::new(),
        under: None,
    }
}

fn step_length(step: &Step) -> usize {
    let own = text::plain_blocks(&step.blocks).chars().count();
    own + step.steps.iter().map(step_length).sum::<usize>()
}

/// Returns the steps' names and keys. A key is derived from the step's text, so that marks stay with their step when
/// other steps are inserted before it.
pub(super) fn names(list: &[Step]) -> Vec<StepName> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut out = Vec::with_capacity(list.len());
    let has_numbers = list.iter().any(|step| !step.number.is_empty());
    for step in list {
        let text = text::plain_blocks(&step.blocks);
        let key = format!("{:016x}", fingerprint(&text));
        let count = seen.entry(key.clone()).or_default();
        let key = if *count == 0 { key } else { format!("{key}-{count}") };
        *seen
            .entry(key.split('-').next().unwrap_or_default().to_owned())
            .or_default() += 1;
        let number = step.number.trim_end_matches(['.', ')']);
        let name = if number.is_empty() {
            let words = first_words(&step.blocks);
            format!("“{}”", values::shortened(&words, STEP_NAME))
        } else {
            number.to_owned()
        };
        out.push(StepName {
            key,
            name,
            is_step: !has_numbers || !number.is_empty(),
        });
    }
    out
}

fn first_words(blocks: &[Block]) -> String {
    let text = blocks.iter().find_map(|block| match &block.kind {
        BlockKind::Paragraph(inlines) | BlockKind::Heading(inlines) => Some(super::words(inlines)),
        BlockKind::Code { text, .. } => text.lines().next().map(str::to_owned),
        _ => None,
    });
    text.unwrap_or_else(|| text::plain_blocks(blocks))
}

/// FNV-1a: stable across versions of the program, which the standard library's hasher does not promise.
fn fingerprint(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
