//! The text of a topic that neither its steps nor its cause show: symptoms, longer explanations, notes, effects. A card has
//! it on pages of its own, so that nothing of a runbook is lost.

use std::collections::HashSet;

use super::markdown::block;
use super::sizes::{block_size, step_size};
use super::{Audience, excerpt, rows};
use crate::matching::Match;
use crate::runbook::{
    Block, BlockKind, Contact, Inline, Role, Runbook, Step, Topic, is_plain_label, left_out, plain, plain_block, runs,
    split_sentences, walk,
};

/// Most bytes that are searched for sentences that stand inside longer ones; what is not found is shown once more.
const SEARCHED: usize = 32 << 20;
/// Fewest letters of a part that may stand inside a longer one: a short one may be a piece of another word.
const SEARCHED_LEAST: usize = 24;
/// Most characters of a step that one message surely shows; the end of a longer one may be cut off there.
const LONGEST_STEP: usize = 6_000;
/// Most characters of code or of a table that a message surely shows.
const LONGEST_BLOCK: usize = 2_600;

/// The blocks of a topic's sections of which a part is not `shown`, below the headings of their sections.
pub(super) fn blocks(runbook: &Runbook, topic: &Topic, shown: Shown, audience: Audience) -> Vec<Block> {
    let mut shown = shown;
    let mut out = Vec::new();
    for (index, section) in own_sections(runbook, topic) {
        let is_kept = |block: &Block| audience == Audience::Internal || !is_internal(block, topic);
        let of_section: Vec<&Block> = section
            .iter()
            .filter(|block| left_out(block).is_none() && is_kept(block))
            .collect();
        let missing: Vec<bool> = of_section.iter().map(|block| !shown.holds(block)).collect();
        let mut kept = Vec::new();
        for (at, block) in of_section
            .iter()
            .enumerate()
            .filter(|(at, _)| missing.get(*at) == Some(&true))
        {
            // A label alone says nothing when what follows it is shown elsewhere. At the end it may be a warning in bold.
            let is_of_use = match missing.get(at + 1) {
                Some(is_missing) => *is_missing,
                None => !is_plain_label(&super::plain_blocks(std::slice::from_ref(*block))),
            };
            if is_of_use || !is_label(block) {
                kept.push(shown.without_shown_items(block));
            }
        }
        // A heading above nothing is text as well.
        let is_bare = section.is_empty() && runbook.sections.iter().all(|other| other.parent != Some(index));
        if (!kept.is_empty() || is_bare) && index != topic.section {
            let heading = runbook.sections.get(index).map(|section| section.heading.clone());
            out.push(block(BlockKind::Heading(vec![Inline::Text(
                heading.unwrap_or_default(),
            )])));
        }
        out.append(&mut kept);
    }
    out
}

/// Returns true for a block that names a contact or a place of the topic, or whose section does: people of other
/// organisations see none of them.
fn is_internal(block: &Block, topic: &Topic) -> bool {
    let text = plain_block(block);
    let contacts = topic.contacts.iter();
    let mut lines: HashSet<u32> = topic.places.iter().map(|place| place.line).collect();
    lines.extend(contacts.clone().map(|contact| contact.line));
    let mut is_listed = false;
    walk(std::slice::from_ref(block), &mut |block| {
        is_listed |= block.line > 0 && lines.contains(&block.line);
    });
    let mut names = contacts.map(|contact| contact.name.trim());
    matches!(block.role, Role::Escalation | Role::References)
        || is_listed
        || names.any(|name| !name.is_empty() && text.contains(name))
}

/// The sections that belong to a topic and to none inside it, each with its index and its blocks.
fn own_sections<'r>(runbook: &'r Runbook, topic: &Topic) -> Vec<(usize, &'r [Block])> {
    let topics: HashSet<usize> = runbook.topics.iter().map(|topic| topic.section).collect();
    // Parents come before their sections.
    let mut belongs: Vec<bool> = Vec::with_capacity(runbook.sections.len());
    let mut out = Vec::new();
    for (index, section) in runbook.sections.iter().enumerate() {
        let of_parent = || section.parent.and_then(|parent| belongs.get(parent).copied());
        let is_own = index == topic.section || !topics.contains(&index) && of_parent().unwrap_or(false);
        belongs.push(is_own);
        if is_own {
            out.push((index, section.blocks.as_slice()));
        }
    }
    out
}

/// The sentences, cells and code that a reply shows already, by their letters.
#[derive(Default)]
pub(super) struct Shown {
    parts: HashSet<String>,
    all: String,
    /// All of it with case and marks, but without blanks: two commands may differ in nothing else.
    exact: String,
    searched: usize,
}

impl Shown {
    /// Adds the steps and those nested in them.
    fn add_steps(&mut self, steps: &[Step]) {
        for step in steps.iter().filter(|step| step_size(step) <= LONGEST_STEP) {
            self.add_blocks(&step.blocks, LONGEST_BLOCK);
            self.add_steps(&step.steps);
        }
    }

    /// Adds blocks and those nested in them, except for code and tables of more than `most` characters.
    fn add_blocks(&mut self, blocks: &[Block], most: usize) {
        let mut found = Vec::new();
        walk(blocks, &mut |block| {
            let may_be_cut = matches!(block.kind, BlockKind::Code { .. } | BlockKind::Table { .. });
            if !may_be_cut || block_size(block) <= most {
                parts(block, &mut found);
            }
        });
        for part in found {
            self.add(&part);
        }
    }

    /// Adds the sentences that say when to call somebody.
    fn add_contacts(&mut self, contacts: &[Contact]) {
        for contact in contacts {
            self.add(&contact.name);
            self.add(contact.when.as_deref().unwrap_or_default());
        }
    }

    fn add(&mut self, part: &str) {
        let letters = letters(part);
        self.all.push_str(&letters);
        self.all.push('\n');
        self.parts.insert(letters);
        self.exact.extend(without_blanks(part));
        self.exact.push('\n');
    }

    /// Returns true when all parts of a block are shown.
    fn holds(&mut self, block: &Block) -> bool {
        let (mut found, mut code) = (Vec::new(), Vec::new());
        walk(std::slice::from_ref(block), &mut |block| {
            if let BlockKind::Code { text, .. } = &block.kind {
                code.push(text.clone());
            } else {
                parts(block, &mut found);
            }
        });
        code.iter().all(|text| self.holds_code(text)) && found.iter().all(|part| self.holds_part(part))
    }

    fn holds_code(&mut self, text: &str) -> bool {
        self.searched = self.searched.saturating_add(self.exact.len());
        let text: String = without_blanks(text).collect();
        self.searched <= SEARCHED && self.exact.contains(&text)
    }

    /// A block without the bullets that are shown already; numbers have to stay in their order.
    fn without_shown_items(&mut self, block: &Block) -> Block {
        let mut block = block.clone();
        if let BlockKind::List {
            ordered: false, items, ..
        } = &mut block.kind
        {
            items.retain(|item| item.blocks.iter().any(|block| !self.holds(block)));
        }
        block
    }

    fn holds_part(&mut self, part: &str) -> bool {
        // The answer has words of its own in the place of "Why:".
        let without_label = part.split_once(':').filter(|(label, _)| is_plain_label(label));
        let without_label = without_label.map(|(_, rest)| letters(rest));
        [Some(letters(part)), without_label]
            .into_iter()
            .flatten()
            .any(|letters| {
                if letters.is_empty() || self.parts.contains(&letters) {
                    return true;
                }
                if letters.chars().count() < SEARCHED_LEAST {
                    return false;
                }
                self.searched = self.searched.saturating_add(self.all.len());
                self.searched <= SEARCHED && self.all.contains(&letters)
            })
    }
}

/// The parts of a block by themselves, without those of nested blocks: sentences, cells, terms, code.
fn parts(block: &Block, out: &mut Vec<String>) {
    if let BlockKind::Code { text, .. } = &block.kind {
        out.push(text.clone());
    }
    runs(block, &mut |inlines| {
        out.extend(split_sentences(inlines).iter().map(|sentence| plain(sentence)));
    });
}

fn letters(text: &str) -> String {
    let letters = text.chars().filter(|c| c.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

fn without_blanks(text: &str) -> impl Iterator<Item = char> {
    text.chars().filter(|c| !c.is_whitespace())
}

/// Returns true for a paragraph that only names what follows: "**Steps**", "Resolution:".
fn is_label(block: &Block) -> bool {
    let BlockKind::Paragraph(inlines) = &block.kind else {
        return false;
    };
    let text = plain(inlines);
    let is_bold = matches!(inlines.as_slice(), [Inline::Strong(_)]);
    (is_bold || text.trim_end().ends_with(':')) && text.split_whitespace().count() <= 4
}

/// The parts of a topic that a reply about it shows without the remainder.
pub(super) fn shown(runbook: &Runbook, topic: &Topic, matched: Option<&Match>, cause: &[Block]) -> Shown {
    let mut shown = Shown::default();
    shown.add_blocks(cause, LONGEST_BLOCK);
    shown.add_contacts(&topic.contacts);
    let mut steps = topic.steps.clone();
    let mut own = Vec::new();
    if steps.is_empty() {
        own = excerpt::own_text(runbook, topic, cause);
    }
    if let Some(matched) = matched {
        rows::narrow(&mut own, matched);
        narrow(&mut steps, matched);
    }
    // The pages of a text without steps are cut to fit.
    shown.add_blocks(&own, usize::MAX);
    shown.add_steps(&steps);
    shown
}

fn narrow(steps: &mut [Step], matched: &Match) {
    for step in steps {
        rows::narrow(&mut step.blocks, matched);
        narrow(&mut step.steps, matched);
    }
}
