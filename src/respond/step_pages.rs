//! The steps of a topic, shown a few at a time.

use std::collections::BTreeMap;
use std::ops::Range;

use minijinja::{Value, context};

use super::alternatives::Choice;
use super::answer::Responder;
use super::card::Card;
use super::fill::{Captures, Filled, Filler};
use super::markdown::block;
use super::pieces::Pieces;
use super::{Audience, excerpt, remainder, sizes, steps, text, values};
use crate::matching::Match;
use crate::runbook::{Block, BlockKind, Runbook, Step, Topic};

/// Most steps on a page.
const STEPS: usize = 5;
/// Most characters on a page; a single longer step gets a page to itself.
const CHARACTERS: usize = 2_600;
/// Index of the first block of the text that the steps leave out. It is far behind those of all steps, so that a card stays
/// on its page when a runbook gets fewer or more steps.
const REST: usize = 1_000_000;
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

impl StepName {
    /// Returns the step's number.
    fn number(&self) -> Option<u32> {
        self.name.parse().ok().filter(|_| self.is_step)
    }

    /// Returns true when the step has a number of its own.
    fn is_numbered(&self) -> bool {
        self.is_step && self.name.chars().next().is_some_and(|first| first.is_ascii_digit())
    }
}

/// A topic's text cut into pages that can be shown one after the other.
pub(super) struct StepPages {
    /// The steps that are shown; for a topic without steps, its blocks as steps without marks.
    steps: Vec<Step>,
    /// Index of each of them among the topic's steps.
    indexes: Vec<usize>,
    names: Vec<StepName>,
    /// The alternative that was chosen, which the card names above the steps.
    chosen: Option<String>,
    is_steps: bool,
    /// The text that the steps and the cause leave out; the index of its first block is [`REST`].
    rest: Vec<Block>,
    pub(super) filled: Filled,
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
        (matched, choice): (Option<&Match>, Choice<'_>),
        (cause, audience): (&[Block], Audience),
    ) -> StepPages {
        let mut filler = Filler::new(
            matched.map_or(&Captures::new(), |matched| &matched.captures),
            &topic.steps,
        );
        let is_steps = !topic.steps.is_empty();
        let all = names(&topic.steps);
        let mut rest = rest_of(runbook, topic, matched, cause, audience);
        let mut steps: Vec<(usize, Step)> = if is_steps {
            choice.shown(filler.steps(&topic.steps))
        } else {
            let mut own = excerpt::own_text(runbook, topic, cause);
            if own.is_empty() && cause.is_empty() {
                own = std::mem::take(&mut rest);
            }
            let mut own = sizes::cut(own, CHARACTERS);
            filler.blocks(&mut own);
            own.into_iter().map(plain_step).enumerate().collect()
        };
        Filler::new(
            matched.map_or(&Captures::new(), |matched| &matched.captures),
            &topic.steps,
        )
        .blocks(&mut rest);
        values::resolve(&mut rest, runbook, responder.options.base_url.as_deref());
        for (_, step) in &mut steps {
            responder.resolve_step(step, runbook, matched);
        }
        let (indexes, steps): (Vec<usize>, Vec<Step>) = steps.into_iter().unzip();
        // With the values filled in, as the steps are shown.
        let names = indexes.iter().zip(&steps).filter_map(|(index, step)| {
            let name = all.get(*index)?.clone();
            let label = step_label(step);
            Some(StepName { label, ..name })
        });
        let names = names.collect();
        StepPages {
            steps,
            indexes,
            names,
            chosen: choice.answer(),
            is_steps,
            rest: sizes::cut(rest, CHARACTERS),
            filled: filler.filled,
        }
    }

    /// Returns the place of the first step of each page, among the steps that are shown.
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
        if self.is_of_rest(at) {
            return &[];
        }
        let (_, steps) = self.bounds(&self.pages(), self.place(at));
        self.steps.get(steps).unwrap_or_default()
    }

    /// Returns true when the step `at` is on the first page.
    pub(super) fn is_first(&self, at: usize) -> bool {
        !self.is_of_rest(at) && self.bounds(&self.pages(), self.place(at)).0 == 0
    }

    /// Returns the place of the first step on the page of the step `at`, among the steps that are shown.
    pub(super) fn first_on_page(&self, at: usize) -> usize {
        self.bounds(&self.pages(), self.place(at)).1.start
    }

    /// Returns the index of the first page of the text that the steps leave out, when there is such a text and this is
    /// not the page that is shown.
    pub(super) fn rest(&self, at: usize) -> Option<usize> {
        (!self.rest.is_empty() && !self.is_of_rest(at)).then_some(REST)
    }

    /// Returns true for an index on a page of the text that the steps leave out.
    fn is_of_rest(&self, at: usize) -> bool {
        (at >= REST || self.is_rest_alone()) && !self.rest.is_empty()
    }

    /// Returns true when there is no other page than those of the text that the steps leave out.
    fn is_rest_alone(&self) -> bool {
        !self.is_steps && self.steps.is_empty()
    }

    /// Returns the place of a step, by its index among the topic's steps; of the one before it when it is not shown.
    fn place(&self, at: usize) -> usize {
        let before = self.indexes.partition_point(|index| *index <= at);
        before.saturating_sub(1)
    }

    /// Returns the index of the step at a place.
    fn index(&self, place: usize) -> Option<usize> {
        self.indexes.get(place).copied()
    }

    /// Returns the label of the first step that fits, and the index of the first step on its page; 0 for the first page.
    pub(super) fn first(&self, fits: impl Fn(&StepName) -> bool) -> Option<(usize, String)> {
        let (place, name) = self.names.iter().enumerate().find(|(_, name)| fits(name))?;
        let begin = self.bounds(&self.pages(), place).1.start;
        let at = if begin == 0 { 0 } else { self.index(begin)? };
        Some((at, name.label.clone()))
    }

    /// Returns the number of the page that holds the step at a place, from 0, and the range of its steps.
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

    /// Template values of the steps that are done and not on the page that is shown, in their order.
    pub(super) fn done_elsewhere(&self, card: &Card<'_>) -> Vec<Value> {
        let here = if self.is_of_rest(card.at) {
            0..0
        } else {
            self.bounds(&self.pages(), self.place(card.at)).1
        };
        let elsewhere = self
            .names
            .iter()
            .enumerate()
            .filter(|(place, name)| name.is_step && !here.contains(place));
        let done = elsewhere.filter_map(|(_, name)| {
            let (by, when) = card.done.get(&name.key)?;
            Some(context! { name => name.name.clone(), by, when })
        });
        done.collect()
    }

    /// Returns the number of steps.
    pub(super) fn count(&self) -> usize {
        self.names.iter().filter(|name| name.is_step).count()
    }

    /// Returns the first sentence of the first step.
    pub(super) fn first_words(&self) -> Option<String> {
        let at = self.names.iter().position(|name| name.is_step)?;
        let step = self.steps.get(at)?;
        let words = match step.blocks.first().map(|block| &block.kind) {
            Some(BlockKind::Paragraph(inlines)) => super::words(&values::first_sentences(inlines, 0)),
            _ => first_words(&step.blocks),
        };
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
        if self.is_of_rest(card.at) {
            return self.rest_page(card.at, pieces);
        }
        let begins = self.pages();
        let (number, Range { start: from, end: to }) = self.bounds(&begins, self.place(card.at));
        let mut shown: Vec<Step> = self.steps.get(from..to).unwrap_or_default().to_vec();
        let names = self.names.get(from..).unwrap_or_default();
        for (step, name) in shown.iter_mut().zip(names).filter(|(_, name)| name.is_step) {
            if let Some((by, when)) = card.done.get(&name.key) {
                let told = responder.sentence("done.md", &context! { by, when });
                step.blocks.push(block(BlockKind::Paragraph(told)));
            }
        }
        let body = if self.is_steps {
            steps::to_blocks(&shown, runbook, self.chosen.as_deref())
        } else {
            shown.into_iter().flat_map(|step| step.blocks).collect()
        };
        // Numbers that begin anew name no steps: "4–2".
        let all: Vec<u32> = self.names.iter().filter_map(StepName::number).collect();
        let is_counted = all.windows(2).all(|pair| pair.first() < pair.last());
        let here = names.iter().take(to - from);
        let numbered = || here.clone().filter(move |name| is_counted && name.is_numbered());
        let told = context! {
            first_shown => numbered().next().map(|name| name.name.clone()),
            last_shown => numbered().next_back().map(|name| name.name.clone()),
            steps => pieces.put_body(body),
            has_steps => self.is_steps && !self.steps.is_empty(),
            page => number + 1,
            pages => begins.len(),
            rest_page => 0,
            rest_pages => 0,
        };
        let turns = PageTurns {
            back: number
                .checked_sub(1)
                .and_then(|before| self.index(*begins.get(before)?)),
            next: begins.get(number + 1).and_then(|place| self.index(*place)),
        };
        (turns, told)
    }

    /// Returns what [`StepPages::page`] does for a page of the text that the steps leave out.
    fn rest_page(&self, at: usize, pieces: &mut Pieces) -> (PageTurns, Value) {
        let mut begins = Vec::new();
        let mut size = 0;
        for (place, block) in self.rest.iter().enumerate() {
            let length = sizes::block_size(block);
            if place == 0 || size + length > CHARACTERS {
                begins.push(place);
                size = 0;
            }
            size += length;
        }
        let place = at.saturating_sub(REST);
        let number = begins.iter().rposition(|begin| *begin <= place).unwrap_or(0);
        let from = begins.get(number).copied().unwrap_or(0);
        let to = begins.get(number + 1).copied();
        let of_steps = self.pages();
        let told = context! {
            first_shown => (), last_shown => (),
            steps => pieces.put_body(self.rest.get(from..to.unwrap_or(self.rest.len())).unwrap_or_default().to_vec()),
            has_steps => false,
            page => of_steps.len() + number + 1,
            pages => of_steps.len() + begins.len(),
            rest_page => number + 1,
            rest_pages => begins.len(),
        };
        let before = number.checked_sub(1).and_then(|before| begins.get(before));
        let turns = PageTurns {
            back: match before {
                Some(before) => Some(REST + before),
                None if self.is_rest_alone() => None,
                None => Some(of_steps.last().and_then(|place| self.index(*place)).unwrap_or(0)),
            },
            next: to.map(|to| REST + to),
        };
        (turns, told)
    }
}

/// The text of a topic that a card of it shows neither among its steps nor as its cause.
fn rest_of(
    runbook: &Runbook,
    topic: &Topic,
    matched: Option<&Match>,
    cause: &[Block],
    audience: Audience,
) -> Vec<Block> {
    let shown = remainder::shown(runbook, topic, matched, cause);
    remainder::blocks(runbook, topic, shown, audience)
}

fn plain_step(own: Block) -> Step {
    Step {
        number: String::new(),
        line: own.line,
        is_text: true,
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
