//! The steps of a topic, shown a few at a time.

use std::collections::BTreeMap;
use std::ops::Range;

use minijinja::{Value, context};

use super::answer::Responder;
use super::card::Card;
use super::fill::{Captures, Filler};
use super::markdown::block;
use super::pieces::Pieces;
use super::{excerpt, steps, text, values};
use crate::matching::Match;
use crate::runbook::{Block, BlockKind, Runbook, Step, Topic};

/// Most steps on a page.
const STEPS: usize = 5;
/// Most characters on a page; a single longer step gets a page to itself.
const CHARACTERS: usize = 2_600;
/// Most characters of an unnumbered step's name in a summary.
const STEP_NAME: usize = 40;
/// Most characters of the first step in a notification.
const FIRST_STEP: usize = 120;

/// A step of a topic, as a summary names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepName {
    /// Key under which marks are stored; unchanged as long as the step's text is.
    pub key: String,
    /// The step's number, or its first words.
    pub name: String,
    /// The step's number and its first words.
    pub label: String,
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

/// First steps of the pages before and after the one that is shown.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct PageTurns {
    pub(super) back: Option<usize>,
    pub(super) next: Option<usize>,
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
        let mut names = names(&topic.steps);
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
        // With the values filled in, as the steps are shown.
        for (name, step) in names.iter_mut().zip(&steps) {
            name.label = step_label(step);
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

    /// Returns the names of the steps; none for a topic without steps.
    pub(super) fn names(&self) -> &[StepName] {
        &self.names
    }

    /// Returns the number of steps.
    pub(super) fn count(&self) -> usize {
        self.names.iter().filter(|name| name.is_step).count()
    }

    /// Returns the first words of the first step.
    pub(super) fn first_words(&self) -> Option<String> {
        let at = self.names.iter().position(|name| name.is_step)?;
        let words = first_words(&self.steps.get(at)?.blocks);
        let words = values::shortened(&words, FIRST_STEP);
        Some(words.trim_end_matches(['.', ':', ';']).to_owned()).filter(|words| !words.is_empty())
    }

    /// Returns the pages around the one that holds the first step to show, and the template values of the page itself.
    pub(super) fn page(
        &self,
        responder: &Responder,
        runbook: &Runbook,
        card: &Card<'_>,
        pieces: &mut Pieces,
    ) -> (PageTurns, Value) {
        let begins = self.pages();
        let (number, Range { start: from, end: to }) = self.bounds(&begins, card.at);
        let mut shown: Vec<Step> = self.steps.get(from..to).unwrap_or_default().to_vec();
        let names = self.names.get(from..).unwrap_or_default();
        for (step, name) in shown.iter_mut().zip(names).filter(|(_, name)| name.is_step) {
            if let Some((by, when)) = card.done.get(&name.key) {
                let told = responder.sentence("done.md", &context! { by, when });
                step.blocks.push(block(BlockKind::Paragraph(told)));
            }
        }
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
        let turns = PageTurns {
            back: number.checked_sub(1).and_then(|before| begins.get(before)).copied(),
            next: begins.get(number + 1).copied(),
        };
        (turns, told)
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
        let words = first_words(&step.blocks);
        let name = if number.is_empty() {
            format!("“{}”", values::shortened(&words, STEP_NAME))
        } else {
            number.to_owned()
        };
        out.push(StepName {
            key,
            name,
            label: step_label(step),
            is_step: !has_numbers || !number.is_empty(),
        });
    }
    out
}

/// The step's number and its first words.
fn step_label(step: &Step) -> String {
    let number = step.number.trim_end_matches(['.', ')']);
    let words = first_words(&step.blocks);
    let words = words.trim_end_matches(':');
    if number.is_empty() {
        words.to_owned()
    } else {
        format!("{number}. {words}")
    }
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
pub(super) fn fingerprint(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
