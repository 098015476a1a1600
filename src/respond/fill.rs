//! Substitution of captured values into commands: only for the placeholder of the same name, only when they are
//! harmless in a shell, never for secrets.

use std::collections::BTreeMap;

use crate::runbook::{Block, BlockKind, Inline, Item, Step, placeholder};

/// Values by placeholder, as [`crate::matching::Match::captures`] holds them.
pub(super) type Captures = BTreeMap<String, Vec<String>>;

/// Values that were filled in, by placeholder.
pub(super) type Filled = BTreeMap<String, String>;

const LONGEST: usize = 128;

/// Words that make a placeholder a secret's, anywhere in its name.
const SECRETS: [&str; 12] = [
    "token",
    "key",
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "secret",
    "credential",
    "cred",
    "auth",
    "cert",
    "private",
];

/// Returns true when a captured value may replace the placeholder in a command.
pub fn is_fillable(placeholder: &str, value: &str) -> bool {
    let harmless = |c: char| c.is_ascii_alphanumeric() || "._:/@-".contains(c);
    let secret = placeholder.split('_').any(|word| {
        SECRETS
            .iter()
            .any(|secret| word == *secret || word.strip_suffix('s') == Some(secret))
    }) || ["token", "password", "secret", "credential", "apikey", "passphrase"]
        .iter()
        .any(|secret| placeholder.contains(secret));
    // A placeholder without a name of its own matches any value, so its values mean nothing.
    !secret
        && placeholder != "value"
        && (1..=LONGEST).contains(&value.len())
        && !value.starts_with('-')
        && value.chars().all(harmless)
}

/// Fills values into the commands of steps, and records which were used.
pub(super) struct Filler {
    values: Filled,
    /// Values that were filled in so far.
    pub(super) filled: Filled,
}

impl Filler {
    pub(super) fn new(captures: &Captures) -> Self {
        let values = captures
            .iter()
            .filter_map(|(name, values)| {
                // With two different values, a person must decide which one belongs in the command.
                let mut distinct = values.iter().filter(|value| is_fillable(name, value));
                let first = distinct.next()?;
                distinct
                    .all(|value| value == first)
                    .then(|| (name.clone(), first.clone()))
            })
            .collect();
        Self {
            values,
            filled: Filled::new(),
        }
    }

    pub(super) fn steps(&mut self, steps: &[Step]) -> Vec<Step> {
        steps
            .iter()
            .map(|step| {
                let mut step = step.clone();
                self.blocks(&mut step.blocks);
                step.steps = self.steps(&step.steps);
                step
            })
            .collect()
    }

    pub(super) fn blocks(&mut self, blocks: &mut [Block]) {
        if self.values.is_empty() {
            return;
        }
        for block in blocks {
            // Sample output is not a command: it stays as the author wrote it.
            if block.attrs.iter().any(|word| word == "screen") {
                continue;
            }
            match &mut block.kind {
                BlockKind::Code { text, .. } => self.code(text),
                BlockKind::Paragraph(inlines) | BlockKind::Heading(inlines) => self.inlines(inlines),
                BlockKind::List { items, .. } => self.items(items),
                BlockKind::Quote(blocks) => self.blocks(blocks),
                BlockKind::Table { rows, .. } => {
                    for cell in rows.iter_mut().flatten() {
                        self.inlines(cell);
                    }
                }
                BlockKind::Definitions(definitions) => {
                    for details in definitions.iter_mut().flat_map(|definition| &mut definition.details) {
                        self.blocks(details);
                    }
                }
                BlockKind::Rule | BlockKind::Buttons(_) => {}
            }
        }
    }

    fn items(&mut self, items: &mut [Item]) {
        for item in items {
            self.blocks(&mut item.blocks);
        }
    }

    fn inlines(&mut self, inlines: &mut [Inline]) {
        for inline in inlines {
            match inline {
                Inline::Code(text) => self.code(text),
                Inline::Strong(inner) | Inline::Emphasis(inner) | Inline::Strike(inner) => self.inlines(inner),
                Inline::Link { label, .. } => self.inlines(label),
                Inline::Text(_) | Inline::Image { .. } | Inline::Break => {}
            }
        }
    }

    fn code(&mut self, text: &mut String) {
        let found = placeholder::find(text);
        for place in found.iter().rev() {
            if let Some(value) = self.values.get(&place.name)
                && text.get(place.range.clone()).is_some()
            {
                text.replace_range(place.range.clone(), value);
                self.filled.insert(place.name.clone(), value.clone());
            }
        }
    }
}
