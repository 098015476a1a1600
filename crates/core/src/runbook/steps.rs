//! Steps in order: lists become numbered steps; code and paragraphs belong to the step that they follow. Bullets with
//! text below them are part of their step's text, so that the text keeps its place.

use std::collections::HashSet;

use super::{Block, BlockKind, Inline, Item, Role, Step, Target, markdown, plain};

/// Builds the steps of one section's blocks.
pub(super) fn build(blocks: &[Block], under: Option<usize>) -> Vec<Step> {
    let mut builder = Builder {
        steps: Vec::new(),
        last_number: None,
        last_line: 0,
        under,
    };
    for (at, block) in blocks.iter().enumerate() {
        let continues = builder.last_number.is_some_and(|number| goes_on(&blocks[at..], number));
        builder.push(block, continues);
    }
    builder.steps
}

struct Builder {
    steps: Vec<Step>,
    /// Number of the last step of the numbered list that is open.
    last_number: Option<u64>,
    /// Line of the last list item seen.
    last_line: u32,
    under: Option<usize>,
}

/// Returns true when the numbered list continues after these blocks: `2.` after `1.`, or the next lone `1.`
fn goes_on(blocks: &[Block], number: u64) -> bool {
    blocks.iter().take(40).find_map(|block| match &block.kind {
        BlockKind::List {
            ordered: true, start, ..
        } => Some(*start == number + 1),
        BlockKind::Rule => Some(false),
        _ => None,
    }) == Some(true)
}

impl Builder {
    fn push(&mut self, block: &Block, continues: bool) {
        if block.attrs.iter().any(|word| word == markdown::DIAGRAM) {
            // A diagram shows the step before it, and is none.
            if let Some(last) = self.steps.last_mut() {
                last.blocks.push(block.clone());
            }
            return;
        }
        match &block.kind {
            BlockKind::Rule => {}
            BlockKind::List {
                ordered: true,
                start,
                items,
            } => {
                for (number, item) in (*start..).zip(items) {
                    self.steps.push(step(item, &number.to_string(), self.under));
                    self.last_number = Some(number);
                    self.last_line = last_line(item);
                }
            }
            BlockKind::List { items, .. } => self.bullets(block, items, continues),
            BlockKind::Code { .. } => {
                if let Some(last) = self.steps.last_mut().filter(|last| continues || last.steps.is_empty()) {
                    add_text(last, block);
                } else {
                    self.steps.push(lone(block, self.under));
                    self.last_number = None;
                }
            }
            _ => match self.steps.last_mut() {
                Some(last) if continues => add_text(last, block),
                _ => {
                    self.steps.push(lone(block, self.under));
                    self.last_number = None;
                }
            },
        }
    }

    /// Adds bullets: ways to do the step that they belong to, or steps without a number.
    fn bullets(&mut self, block: &Block, items: &[Item], continues: bool) {
        let adjacent = self.last_number.is_some() && block.line == self.last_line + 1;
        let under = self.under;
        let steps = items.iter().map(|item| step(item, "", under));
        match self.steps.last_mut() {
            Some(last) if continues || adjacent || introduces(last) => last.steps.extend(steps),
            _ => {
                self.steps.extend(steps);
                self.last_number = None;
            }
        }
    }
}

/// Returns true when a step's text ends by announcing what follows.
fn introduces(step: &Step) -> bool {
    let Some(last) = step.blocks.last().filter(|_| step.steps.is_empty()) else {
        return false;
    };
    matches!(&last.kind, BlockKind::Paragraph(inlines) if plain(inlines).trim_end().ends_with(':'))
}

fn last_line(item: &Item) -> u32 {
    item.blocks
        .iter()
        .map(|block| block.line)
        .max()
        .unwrap_or(item.line)
        .max(item.line)
}

fn lone(block: &Block, under: Option<usize>) -> Step {
    Step {
        number: String::new(),
        blocks: vec![block.clone()],
        steps: Vec::new(),
        under,
        is_text: true,
        line: block.line,
    }
}

fn step(item: &Item, number: &str, under: Option<usize>) -> Step {
    let mut step = Step {
        number: number.to_owned(),
        blocks: Vec::new(),
        steps: Vec::new(),
        under,
        is_text: false,
        line: item.line,
    };
    for block in &item.blocks {
        match &block.kind {
            BlockKind::List { ordered, start, items } => {
                for (at, item) in (*start..).zip(items) {
                    let number = match (ordered, number.is_empty()) {
                        (false, _) => String::new(),
                        (true, true) => at.to_string(),
                        (true, false) => format!("{number}.{at}"),
                    };
                    step.steps.push(self::step(item, &number, under));
                }
            }
            BlockKind::Rule => {}
            BlockKind::Code { .. } => match step.steps.last_mut() {
                Some(last) if last.number.is_empty() && last.blocks.len() == 1 && introduces(last) => {
                    last.blocks.push(block.clone());
                }
                _ => add_text(&mut step, block),
            },
            _ => add_text(&mut step, block),
        }
    }
    step
}

/// Adds text or code to a step. Below bullets it stands after them, so that they become part of the step's text; below
/// numbered sub-steps it belongs to the last of them.
fn add_text(step: &mut Step, block: &Block) {
    if step.steps.last().is_some_and(|last| !last.number.is_empty()) {
        if let Some(last) = step.steps.last_mut() {
            add_text(last, block);
        }
        return;
    }
    if !step.steps.is_empty() {
        let bullets = std::mem::take(&mut step.steps);
        let line = bullets.first().map_or(block.line, |first| first.line);
        step.blocks.push(Block {
            kind: BlockKind::List {
                ordered: false,
                start: 1,
                items: bullets.into_iter().map(item).collect(),
            },
            role: block.role,
            line,
            attrs: Vec::new(),
        });
    }
    step.blocks.push(block.clone());
}

/// A bullet as it was before it became a step.
fn item(step: Step) -> Item {
    let mut blocks = step.blocks;
    if let Some(first) = step.steps.first() {
        let start = first.number.rsplit('.').next().and_then(|number| number.parse().ok());
        let line = first.line;
        blocks.push(Block {
            kind: BlockKind::List {
                ordered: start.is_some(),
                start: start.unwrap_or(1),
                items: step.steps.into_iter().map(item).collect(),
            },
            role: Role::Other,
            line,
            attrs: Vec::new(),
        });
    }
    Item {
        blocks,
        line: step.line,
    }
}

/// Returns the sections that a list links to, if it is only a table of contents, which may be nested.
pub(super) fn is_contents(block: &Block) -> Option<HashSet<usize>> {
    let BlockKind::List { items, .. } = &block.kind else {
        return None;
    };
    let mut out = HashSet::new();
    for item in items {
        let (link, nested) = item.blocks.split_first()?;
        out.insert(lone_link(link)?);
        for list in nested {
            out.extend(is_contents(list)?);
        }
    }
    (!out.is_empty()).then_some(out)
}

/// Returns the section that a paragraph links to, if it consists of the link only.
pub(super) fn lone_link(block: &Block) -> Option<usize> {
    let BlockKind::Paragraph(inlines) = &block.kind else {
        return None;
    };
    let mut found = None;
    for inline in inlines {
        match inline {
            Inline::Link {
                target: Target::Section(section),
                ..
            } if found.is_none() => found = Some(*section),
            // `A)`, `1)` and punctuation around the link.
            Inline::Text(text) if text.trim().len() <= 3 => {}
            _ => return None,
        }
    }
    found
}

/// Returns the sections that blocks link to, with the text of the link.
pub(super) fn jumps(blocks: &[Block]) -> Vec<(usize, String)> {
    let mut out: Vec<(usize, String)> = Vec::new();
    super::walk(blocks, &mut |block| {
        super::runs(block, &mut |inlines| {
            super::walk_inlines(inlines, &mut |inline| {
                if let Inline::Link {
                    target: Target::Section(to),
                    label,
                } = inline
                {
                    out.push((*to, plain(label)));
                }
            });
        });
    });
    out
}
