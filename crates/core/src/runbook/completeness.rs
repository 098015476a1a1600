//! Judgement of whether a document has content of its own.

use serde_json::Value;

use super::text::{plain_block, runs, walk, walk_inlines};
use super::{BlockKind, Completeness, FrontMatter, Inline, Role, Section, markdown};

/// Determines how complete a document is.
pub(super) fn judge(front: &FrontMatter, sections: &[Section]) -> Completeness {
    let mut facts = Facts::default();
    for section in sections {
        if matches!(section.role, Role::References | Role::Escalation) {
            continue;
        }
        facts.add(section);
    }
    let draft_key = front
        .other
        .get("draft")
        .is_some_and(|value| *value == Value::Bool(true));
    if sections.iter().any(|section| section.rule.is_some()) {
        return Completeness::Full;
    }
    if draft_key && (facts.words < 120 || facts.boilerplate > 0) || facts.words == 0 && facts.codes == 0 {
        return Completeness::Draft;
    }
    if facts.words < 60 && facts.codes == 0 && (facts.moved || facts.words < 14 && facts.sees) {
        return Completeness::Pointer;
    }
    if facts.boilerplate >= 2 && facts.words < 14 && facts.codes == 0 {
        return Completeness::Draft;
    }
    if facts.items >= 4
        && facts.link_items * 10 >= facts.items * 8
        && facts.codes == 0
        && facts.words < facts.items * 15 + 60
    {
        return Completeness::Listing;
    }
    if facts.table_words * 10 >= facts.words * 8
        && facts.rows >= 8
        && facts.codes == 0
        && facts.row_links * 10 >= facts.rows * 6
    {
        return Completeness::Listing;
    }
    Completeness::Full
}

#[derive(Default)]
struct Facts {
    words: usize,
    codes: usize,
    boilerplate: usize,
    moved: bool,
    sees: bool,
    items: usize,
    link_items: usize,
    rows: usize,
    row_links: usize,
    table_words: usize,
}

impl Facts {
    fn add(&mut self, section: &Section) {
        walk(&section.blocks, &mut |block| {
            self.codes += usize::from(block.attrs.iter().any(|word| word == markdown::DIAGRAM));
            match &block.kind {
                BlockKind::Code { .. } => self.codes += 1,
                BlockKind::List { items, .. } => {
                    for item in items {
                        self.items += 1;
                        self.link_items +=
                            usize::from(item.blocks.first().is_some_and(|block| starts_with_link(&block.kind)));
                    }
                }
                BlockKind::Table { rows, .. } => {
                    self.rows += rows.len();
                    self.row_links += rows
                        .iter()
                        .filter(|row| {
                            let mut found = false;
                            for cell in *row {
                                walk_inlines(cell, &mut |inline| found |= matches!(inline, Inline::Link { .. }));
                            }
                            found
                        })
                        .count();
                    self.table_words += plain_block(block).split_whitespace().count();
                }
                _ => {}
            }
            runs(block, &mut |inlines| {
                let text = super::text::plain(inlines).to_lowercase();
                self.words += text.split_whitespace().count();
                self.moved |= is_pointer(&text);
                self.sees |= text.starts_with("see ") || text.starts_with("same as");
                self.boilerplate += usize::from(is_boilerplate(&text));
            });
        });
    }
}

fn starts_with_link(kind: &BlockKind) -> bool {
    matches!(kind, BlockKind::Paragraph(inlines) if matches!(inlines.first(), Some(Inline::Link { .. })))
}

fn is_pointer(text: &str) -> bool {
    const PHRASES: [&str; 7] = [
        "has been moved",
        "has moved",
        "moved to",
        "is deprecated in favor",
        "see alert",
        "replaced by",
        "superseded by",
    ];
    PHRASES.iter().any(|phrase| text.contains(phrase))
}

fn is_boilerplate(text: &str) -> bool {
    let bare = text.trim().trim_end_matches(['.', ':']);
    matches!(bare, "todo" | "tbd" | "tba" | "wip" | "coming soon" | "fixme" | "n/a")
        || text.ends_with("when...")
        || text.contains("expect to see ...")
}
