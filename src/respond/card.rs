//! A case's card: the topic with its steps a few at a time, who has done what, and buttons for what comes next.

use std::collections::BTreeMap;
use std::ops::Range;

use minijinja::{Value, context};

use super::act::{Act, Press};
use super::answer::{Responder, topic_id};
use super::fill::{Captures, Filler};
use super::labels::filled;
use super::markdown::block;
use super::pieces::Pieces;
use super::{Reply, excerpt, rows, steps, text, values};
use crate::matching::Match;
use crate::runbook::{Block, BlockKind, Button, Inline, Library, Runbook, Step, Topic, TopicId};

/// Steps that are shown at once.
const STEPS: usize = 5;
/// Characters of them; a single longer step is shown alone.
const CHARACTERS: usize = 2_600;
/// Branches and choices that get a button.
const BRANCHES: usize = 6;
/// Topics that are offered with a button; who hands them in says how many.
const OFFERED: usize = 5;
/// Words of a step without a number on its button.
const STEP_NAME: usize = 40;

/// What a card shows.
#[derive(Debug, Clone, Default)]
pub struct Card<'a> {
    /// The case, for its buttons.
    pub case: &'a str,
    /// What it is about; `None` while people choose.
    pub topic: Option<TopicId>,
    /// How the topic was recognised; `None` when people went there.
    pub matched: Option<&'a Match>,
    /// Other errors of the same message.
    pub others: &'a [TopicId],
    /// Whether somebody asked.
    pub asked: bool,
    /// First step that is shown, from 0.
    pub at: usize,
    /// Steps that are done, by key: who, and when.
    pub done: BTreeMap<String, (String, String)>,
    /// How it stands: `open`, `choosing`, `fixed`, `not-helped`, `escalated`, `resolved`, `withdrawn`.
    pub standing: &'a str,
    /// Who set that, and when.
    pub mark: Option<(String, String)>,
    /// Where people came from.
    pub came_from: Option<TopicId>,
    /// What else it could be.
    pub choices: &'a [TopicId],
    /// Why people have to choose: `near`, `search`, `choose`, `wrong`, `withdrawn`.
    pub why: &'a str,
    /// What they had asked for.
    pub words: &'a str,
    /// Whether only one person sees it, who may share it.
    pub private: bool,
    /// Whether people of another organisation read it: they are not shown whom to call.
    pub stranger: bool,
}

/// A step of a topic, as a summary names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepName {
    /// What marks are kept by: it stays the same while the step's text does.
    pub key: String,
    /// Its number, or its first words.
    pub name: String,
    /// Whether there is something to do: text that leads up to numbered steps is none.
    pub is_step: bool,
}

/// A topic's text cut into pieces that can be shown one after the other.
struct Sheet {
    /// The steps, or, for a topic without, its blocks as steps without marks.
    steps: Vec<Step>,
    names: Vec<StepName>,
    is_steps: bool,
    filled: BTreeMap<String, String>,
}

impl Responder {
    /// The card of a case.
    pub fn card(&self, library: &Library, card: &Card<'_>) -> Reply {
        let found = card
            .topic
            .and_then(|id| Some((id, library.runbook(id)?, library.topic(id)?)));
        let Some((id, runbook, topic)) = found.filter(|_| !matches!(card.standing, "choosing" | "withdrawn")) else {
            return self.choosing(library, card);
        };
        let mut pieces = Pieces::default();
        let mut cause = values::cause(&topic.causes);
        values::settle(&mut cause, runbook, self.options.base_url.as_deref());
        let sheet = Sheet::of(self, runbook, topic, card.matched, &cause);
        let (page, told) = sheet.page(self, runbook, card, &mut pieces);
        let nobody = context! { evidence => Vec::<Value>::new(), also => Vec::<Value>::new(), links => Vec::<Value>::new(), quoted => "" };
        let found = card
            .matched
            .map_or(nobody, |matched| self.match_values(library, matched, &mut pieces));
        let controls = context! {
            others => card.others.iter().take(3).map(|id| self.place(library, *id)).collect::<Vec<_>>(),
            sections => self.sections(id, runbook, topic, library),
            page_buttons => pieces.put(page),
            branch_buttons => pieces.put(Self::branch_buttons(runbook, topic, sheet.on_page(card.at), card)),
            outcome_buttons => pieces.put(self.outcome_buttons(library, card)),
            outcome => outcome(card),
            choices => card.choices.iter().take(OFFERED).map(|id| self.place(library, *id)).collect::<Vec<_>>(),
            came_from => card.came_from.map(|id| self.place(library, id)),
        };
        let values = minijinja::value::merge_maps([
            controls,
            told,
            found,
            self.surroundings(&mut pieces, topic, card.matched, cause, &sheet.filled),
            self.topic_values(library, runbook, topic),
        ]);
        self.reply("card.md", &values, &pieces, Some((library, topic_id(id, topic))))
    }

    /// What it could be, with buttons: nothing is recognised for certain, the runbook was the wrong one, or the message
    /// does not hold the error any more.
    fn choosing(&self, library: &Library, card: &Card<'_>) -> Reply {
        let mut pieces = Pieces::default();
        let list: Vec<Value> = card
            .choices
            .iter()
            .take(OFFERED)
            .map(|id| self.place(library, *id))
            .collect();
        let mut rows = self.choice_buttons(library, card);
        let mut more = Vec::new();
        if let Some(from) = card.came_from {
            more.push(self.return_button(library, card, from, 0));
        }
        if card.standing == "choosing" && card.mark.is_some() {
            more.push(Self::button(card, Act::Escalate, &self.labels.buttons.escalate, 1));
        }
        if card.private && !list.is_empty() {
            more.push(Self::button(card, Act::Share, &self.labels.buttons.share, 2));
        }
        rows.extend(row(more));
        let values = context! {
            list, why => card.why, words => values::shortened(card.words, 120), choices => Vec::<Value>::new(),
            outcome => outcome(card), choice_buttons => pieces.put(rows),
        };
        self.reply("choices.md", &values, &pieces, None)
    }

    /// The steps of a topic, in order.
    pub fn steps(&self, library: &Library, id: TopicId) -> Vec<StepName> {
        match (library.runbook(id), library.topic(id)) {
            (Some(_), Some(topic)) => names(&topic.steps).into_iter().filter(|name| name.is_step).collect(),
            _ => Vec::new(),
        }
    }

    /// One sentence of a template.
    fn sentence(&self, template: &str, values: &Value) -> Vec<Inline> {
        let reply = self.reply(template, values, &Pieces::default(), None);
        let inlines = reply.blocks.into_iter().find_map(|block| match block.kind {
            BlockKind::Paragraph(inlines) => Some(inlines),
            _ => None,
        });
        inlines.unwrap_or_default()
    }

    fn settle_step(&self, step: &mut Step, runbook: &Runbook, matched: Option<&Match>) {
        if let Some(matched) = matched {
            rows::narrow(&mut step.blocks, matched);
        }
        values::settle(&mut step.blocks, runbook, self.options.base_url.as_deref());
        for inner in &mut step.steps {
            self.settle_step(inner, runbook, matched);
        }
    }

    /// The other ways on, without those that this page shows: alternatives may stand on a later one.
    fn branch_buttons(runbook: &Runbook, topic: &Topic, page: &[Step], card: &Card<'_>) -> Vec<Block> {
        let shown = steps::shown(page);
        let branches = topic.branches.iter().filter(|branch| !shown.contains(&branch.section));
        let buttons = branches.take(BRANCHES).enumerate().filter_map(|(at, branch)| {
            let section = runbook.sections.get(branch.section)?;
            let before = runbook.sections.iter().take(branch.section).skip(1);
            let act = Act::Go {
                runbook: runbook.path.clone(),
                section: Some(section.heading.clone()),
                nth: before.filter(|other| other.heading == section.heading).count(),
            };
            Some(Self::button(card, act, &branch.label, at))
        });
        row(buttons.collect())
    }

    fn choice_buttons(&self, library: &Library, card: &Card<'_>) -> Vec<Block> {
        let buttons = card.choices.iter().take(OFFERED).enumerate().filter_map(|(at, id)| {
            let runbook = library.runbook(*id)?;
            let section = runbook.sections.get(id.section).filter(|_| id.section != 0);
            let before = runbook.sections.iter().take(id.section).skip(1);
            let nth = section.map_or(0, |section| {
                before.filter(|other| other.heading == section.heading).count()
            });
            let act = Act::Go {
                runbook: runbook.path.clone(),
                section: section.map(|section| section.heading.clone()),
                nth,
            };
            let title = section.map_or(&runbook.title, |section| &section.heading);
            Some(Self::button(
                card,
                act,
                &filled(&self.labels.buttons.show, "title", title),
                at,
            ))
        });
        row(buttons.collect())
    }

    fn outcome_buttons(&self, library: &Library, card: &Card<'_>) -> Vec<Block> {
        let labels = &self.labels.buttons;
        let mut rows = Vec::new();
        if card.standing == "not-helped" {
            rows.extend(self.choice_buttons(library, card));
        }
        let fixed = (Act::Fixed, &labels.fixed);
        let escalate = (Act::Escalate, &labels.escalate);
        let list = match card.standing {
            "fixed" | "resolved" => vec![(Act::Reopen, &labels.reopen)],
            "not-helped" => vec![fixed, (Act::Wrong, &labels.wrong_runbook), escalate],
            "escalated" => vec![fixed, (Act::NotHelped, &labels.did_not_help), escalate],
            _ => vec![
                fixed,
                (Act::NotHelped, &labels.did_not_help),
                (Act::Wrong, &labels.wrong_runbook),
                escalate,
            ],
        };
        let mut buttons: Vec<Button> = Vec::new();
        if let Some(from) = card.came_from {
            buttons.push(self.return_button(library, card, from, 9));
        }
        let list = list.into_iter().enumerate();
        let list = list.filter(|(_, (act, _))| !(card.stranger && *act == Act::Escalate));
        buttons.extend(list.map(|(at, (act, label))| Self::button(card, act, label, at)));
        if card.private {
            buttons.push(Self::button(card, Act::Share, &labels.share, 8));
        }
        rows.extend(row(buttons));
        rows
    }

    fn return_button(&self, library: &Library, card: &Card<'_>, from: TopicId, at: usize) -> Button {
        let runbook = library.runbook(from).map(|runbook| runbook.title.as_str());
        let section = library.section(from).filter(|_| from.section != 0);
        let title = section
            .map(|section| section.heading.as_str())
            .or(runbook)
            .unwrap_or_default();
        Self::button(
            card,
            Act::Return,
            &filled(&self.labels.buttons.return_to, "title", title),
            at,
        )
    }

    /// `at` tells buttons of one row apart.
    fn button(card: &Card<'_>, act: Act, label: &str, at: usize) -> Button {
        Button {
            label: label.to_owned(),
            action: format!("signpost_{}_{at}", act.name()),
            primary: matches!(act, Act::Fixed | Act::Share),
            value: Press::value(card.case, act).unwrap_or_default(),
        }
    }
}

impl Sheet {
    fn of(responder: &Responder, runbook: &Runbook, topic: &Topic, matched: Option<&Match>, cause: &[Block]) -> Sheet {
        let mut filler = Filler::new(matched.map_or(&Captures::new(), |matched| &matched.captures));
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
            responder.settle_step(step, runbook, matched);
        }
        Sheet {
            steps,
            names,
            is_steps,
            filled: filler.filled,
        }
    }

    /// Where the pages begin.
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

    /// The steps of the page that holds the step `at`.
    fn on_page(&self, at: usize) -> &[Step] {
        let (_, steps) = self.bounds(&self.pages(), at);
        self.steps.get(steps).unwrap_or_default()
    }

    /// The number of the page that holds the step `at`, and its steps.
    fn bounds(&self, begins: &[usize], at: usize) -> (usize, Range<usize>) {
        let number = begins.iter().rposition(|begin| *begin <= at).unwrap_or(0);
        let from = begins.get(number).copied().unwrap_or(0);
        (
            number,
            from..begins.get(number + 1).copied().unwrap_or(self.steps.len()),
        )
    }

    /// The page that holds the first step to show, as blocks with its buttons; and which steps these are.
    fn page(
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
        let labels = &responder.labels.buttons;
        for (at, (step, name)) in shown
            .iter_mut()
            .zip(self.names.get(from..).unwrap_or_default())
            .enumerate()
        {
            if !name.is_step {
                continue;
            }
            let (act, label) = match card.done.get(&name.key) {
                Some((by, when)) => {
                    let told = responder.sentence("done.md", &context! { by, when });
                    step.blocks.push(block(BlockKind::Paragraph(told)));
                    (Act::Undo { step: name.key.clone() }, &labels.step_undo)
                }
                None => (Act::Done { step: name.key.clone() }, &labels.step_done),
            };
            buttons.push(Responder::button(card, act, &filled(label, "step", &name.name), at));
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
        let mut rows = row(buttons);
        let mut turn = Vec::new();
        if let Some(before) = number.checked_sub(1).and_then(|before| begins.get(before)) {
            turn.push(Responder::button(card, Act::Page { at: *before }, &labels.back, 0));
        }
        if let Some(next) = begins.get(number + 1) {
            turn.push(Responder::button(card, Act::Page { at: *next }, &labels.next, 1));
        }
        rows.extend(row(turn));
        (rows, told)
    }
}

fn outcome(card: &Card<'_>) -> Value {
    let (by, when) = card.mark.clone().unwrap_or_default();
    context! { standing => card.standing, by, when }
}

fn row(buttons: Vec<Button>) -> Vec<Block> {
    let mut buttons: Vec<Button> = buttons.into_iter().filter(|button| !button.value.is_empty()).collect();
    buttons.truncate(25);
    if buttons.is_empty() {
        Vec::new()
    } else {
        vec![block(BlockKind::Buttons(buttons))]
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

/// The steps by name. A key is made of the text, so that marks stay with their step when others are added before it.
fn names(list: &[Step]) -> Vec<StepName> {
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

/// FNV-1a: the same in every version of the program, which the standard library's hasher does not promise.
fn fingerprint(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// What a summary for those who are called is made of.
#[derive(Debug, Clone, Default)]
pub struct Escalation<'a> {
    /// What the case is about, as far as people think.
    pub topic: Option<TopicId>,
    /// How it was recognised.
    pub matched: Option<&'a Match>,
    /// Steps that are done, by key: who, and when.
    pub done: BTreeMap<String, (String, String)>,
    /// The error, when nothing was recognised in it.
    pub excerpt: String,
    /// Where people work on it.
    pub link: Option<String>,
}

impl Responder {
    /// Whom to call, and a summary ready to be posted.
    pub fn escalation(&self, library: &Library, facts: &Escalation<'_>) -> (Reply, Reply) {
        let mut pieces = Pieces::default();
        let contacts = self.contacts_of(library, facts.topic, facts.matched, &mut pieces);
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
        let (mut done, mut open) = (Vec::new(), Vec::new());
        for step in facts.topic.map(|topic| self.steps(library, topic)).unwrap_or_default() {
            match facts.done.get(&step.key) {
                Some((by, when)) => done.push(context! { name => step.name, by, when }),
                None => open.push(step.name),
            }
        }
        let values = context! {
            topic => facts.topic.map(|topic| self.place(library, topic)),
            quoted => pieces.put(quoted),
            done, open,
            link => facts.link.clone(),
        };
        (whom, self.reply("summary.md", &values, &pieces, None))
    }

    /// What is posted when somebody calls for help: the summary as it was left, and whom to call.
    pub fn escalated(
        &self,
        library: &Library,
        topic: Option<TopicId>,
        matched: Option<&Match>,
        by: &str,
        summary: &str,
    ) -> Reply {
        let mut pieces = Pieces::default();
        let contacts = self.contacts_of(library, topic, matched, &mut pieces);
        let mut lines: Vec<Inline> = Vec::new();
        for line in summary.trim().lines() {
            if !lines.is_empty() {
                lines.push(Inline::Break);
            }
            lines.push(Inline::Text(line.to_owned()));
        }
        let summary = if lines.is_empty() {
            Vec::new()
        } else {
            vec![block(BlockKind::Paragraph(lines))]
        };
        let values = context! { by, summary => pieces.put(summary), ..contacts };
        self.reply("escalated.md", &values, &pieces, None)
    }

    fn contacts_of(
        &self,
        library: &Library,
        topic: Option<TopicId>,
        matched: Option<&Match>,
        pieces: &mut Pieces,
    ) -> Value {
        let nobody = || context! { contacts => Vec::<Value>::new() };
        let topic = topic.and_then(|id| library.topic(id));
        topic.map_or_else(nobody, |topic| {
            self.surroundings(pieces, topic, matched, Vec::new(), &BTreeMap::new())
        })
    }
}
