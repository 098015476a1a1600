//! Substitution of captured values into commands: only for the placeholder of the same name, or one that the steps call
//! equal to it, only when they are harmless in a shell, never for secrets.

use std::collections::BTreeMap;

use crate::runbook::{Block, BlockKind, Inline, Item, Step, placeholder, plain, walk};

/// Values by placeholder, as [`crate::matching::Match::captures`] holds them.
pub(super) type Captures = BTreeMap<String, Vec<String>>;

/// The values of the placeholders in a topic's steps.
#[derive(Debug, Default)]
pub(super) struct Filled {
    /// Values that were filled in, by placeholder.
    pub(super) values: BTreeMap<String, String>,
    /// Values among which a person must choose, by placeholder.
    pub(super) several: Captures,
}

const LONGEST: usize = 128;

/// Most placeholders of a topic that are called equal to a field.
const MOST_NAMES: usize = 100;

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
    values: BTreeMap<String, String>,
    /// Different values of one placeholder.
    several: Captures,
    /// Values that were met so far.
    pub(super) filled: Filled,
}

/// Gathers the placeholders that steps call equal to a field: `CLUSTERID: <location_id>` in the list of a form's fields.
/// Each comes with the field's name in comparable form.
fn equal_names(steps: &[Step], out: &mut Vec<(String, String)>) {
    for step in steps {
        walk(&step.blocks, &mut |block| {
            let BlockKind::Paragraph(inlines) = &block.kind else {
                return;
            };
            let text = plain(inlines);
            let Some((label, rest)) = text.split_once(':') else {
                return;
            };
            let rest = rest.trim();
            let is_field = !label.is_empty() && !label.trim().contains(char::is_whitespace);
            if let Some(only) = placeholder::find(rest)
                .first()
                .filter(|only| is_field && only.range.start == 0)
                && out.len() < MOST_NAMES
            {
                out.push((comparable(label), only.name.clone()));
            }
        });
        equal_names(&step.steps, out);
    }
}

/// The name of a form's field, in comparable form, and the placeholder that is its value: `CLUSTERID: <location_id>`.
fn field(text: &str) -> Option<(String, String)> {
    let (label, value) = text.split_once(':')?;
    let (label, value) = (label.trim(), value.trim_start());
    let is_name = !label.is_empty() && !label.contains(char::is_whitespace);
    let found = if is_name { placeholder::find(value) } else { Vec::new() };
    let first = found.into_iter().next().filter(|first| first.range.start == 0)?;
    Some((comparable(label), first.name))
}

/// A name without case and marks.
fn comparable(name: &str) -> String {
    let letters = name.chars().filter(|c| c.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

impl Filler {
    /// Creates a filler of a match's values for the steps of its topic.
    pub(super) fn new(captures: &Captures, steps: &[Step]) -> Self {
        let (mut values, mut several) = (BTreeMap::new(), Captures::new());
        for (name, captured) in captures {
            let mut distinct: Vec<String> = Vec::new();
            for value in captured.iter().filter(|value| is_fillable(name, value)) {
                if !distinct.contains(value) {
                    distinct.push(value.clone());
                }
            }
            match distinct.as_slice() {
                [] => {}
                [one] => {
                    values.insert(name.clone(), one.clone());
                }
                // With two different values, a person must decide which one belongs in the command.
                _ => {
                    several.insert(name.clone(), distinct);
                }
            }
        }
        if !values.is_empty() {
            let mut same = Vec::new();
            equal_names(steps, &mut same);
            for (label, name) in same {
                // With values of its own, a person must decide here, too.
                if several.contains_key(&name) {
                    continue;
                }
                let known = values.iter().find(|(known, _)| comparable(known) == label);
                let known = known.map(|(_, value)| value.clone());
                if let Some(value) = known.filter(|value| is_fillable(&name, value)) {
                    values.entry(name).or_insert(value);
                }
            }
        }
        Self {
            values,
            several,
            filled: Filled::default(),
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
        if self.values.is_empty() && self.several.is_empty() {
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

    fn inlines(&mut self, inlines: &mut Vec<Inline>) {
        for mut inline in std::mem::take(inlines) {
            match &mut inline {
                Inline::Code(text) => self.code(text),
                Inline::Strong(inner) | Inline::Emphasis(inner) | Inline::Strike(inner) => self.inlines(inner),
                Inline::Link { label, .. } => self.inlines(label),
                // The value of a form's field is copied as a command is.
                Inline::Text(text) if field(text).is_some() => self.field_value(text),
                Inline::Text(text) => {
                    self.prose(text, inlines);
                    continue;
                }
                Inline::Image { .. } | Inline::Break | Inline::Time(_) => {}
            }
            inlines.push(inline);
        }
    }

    /// Appends running text, with values as code in place of the placeholders in brackets: a mere `$NAME` or `xxxx` may be
    /// meant as it stands.
    fn prose(&mut self, text: &str, out: &mut Vec<Inline>) {
        let mut from = 0;
        for place in placeholder::find(text) {
            let written = text.get(place.range.clone()).unwrap_or_default();
            if place.range.start < from || !["<", "{", "${"].iter().any(|mark| written.starts_with(mark)) {
                continue;
            }
            let Some(value) = self.values.get(&place.name) else {
                if let Some(several) = self.several.get(&place.name) {
                    self.filled.several.insert(place.name.clone(), several.clone());
                }
                continue;
            };
            let before = text.get(from..place.range.start).filter(|before| !before.is_empty());
            out.extend(before.map(|before| Inline::Text(before.to_owned())));
            out.push(Inline::Code(value.clone()));
            self.filled.values.insert(place.name.clone(), value.clone());
            from = place.range.end;
        }
        let rest = text.get(from..).filter(|rest| !rest.is_empty());
        out.extend(rest.map(|rest| Inline::Text(rest.to_owned())));
    }

    /// Fills the value of a form's field. The field's name stays, even one that could be a placeholder: `NODE: <node>`.
    fn field_value(&mut self, text: &mut String) {
        let begin = text.find(':').map_or(0, |at| at + 1);
        let mut value = text.split_off(begin);
        self.code(&mut value);
        text.push_str(&value);
    }

    fn code(&mut self, text: &mut String) {
        let found = placeholder::find(text);
        for place in found.iter().rev() {
            if let Some(value) = self.values.get(&place.name)
                && text.get(place.range.clone()).is_some()
            {
                text.replace_range(place.range.clone(), value);
                self.filled.values.insert(place.name.clone(), value.clone());
            } else if let Some(several) = self.several.get(&place.name) {
                self.filled.several.insert(place.name.clone(), several.clone());
            }
        }
    }
}
