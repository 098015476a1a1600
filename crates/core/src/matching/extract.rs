//! Extraction of a runbook's signatures from its document: a walk over every block, which decides for each text how
//! strong a sign of its topic it is.

mod code_blocks;
mod headings;

use super::draft::{Draft, MOST_WORDS, Name, is_symptom};
use super::lines::{is_alone, is_command, label_before, quotations};
use super::links::{is_pointer, linked};
use super::signature::SignatureSource;
use super::{SignatureKind, code, normalise, regex_text, token, unmarked};
use crate::runbook::{Block, BlockKind, Inline, Pattern, Role, Runbook, Section, is_folder_page, placeholder, plain};

/// Factors for names in capitals and for numbers called codes: many programs share them, so they tell less than codes
/// of a form of their own.
const CONSTANT: f32 = 0.95;
const NUMBERED: f32 = 0.8;
/// Factor for names in capitals and identifiers in a text that is no symptom, and the strength from which a text is about
/// its names whatever it says.
const SETTING: f32 = 0.5;
const ABOUT: f32 = 0.8;

/// Separators between an error and its explanation.
const KEY_ENDS: [&str; 7] = [" – ", " — ", " -- ", " - ", " → ", " -> ", " => "];

/// Strength of a name that a text only mentions.
const MENTIONED: f32 = 0.35;

/// Takes the signatures of one runbook.
pub(super) fn extract(runbook: &Runbook) -> Draft {
    let mut extractor = Extractor {
        draft: Draft::default(),
        runbook,
    };
    extractor.runbook();
    extractor.draft
}

/// The name by which a path calls its page: that of the file, or of the folder for a folder's own page,
/// `ist0103/index.md`.
fn page_name(path: &str) -> Option<&str> {
    let mut parts = path.rsplit('/');
    let stem = parts.next()?.split('.').next()?;
    if is_folder_page(stem) {
        parts.next().or(Some(stem))
    } else {
        Some(stem)
    }
}

struct Extractor<'a> {
    draft: Draft,
    runbook: &'a Runbook,
}

impl Extractor<'_> {
    fn runbook(&mut self) {
        let runbook = self.runbook;
        let front = &runbook.front;
        self.heading(0, &runbook.title);
        for name in [&front.runbook_name, &front.title].into_iter().flatten() {
            if *name != runbook.title {
                self.heading(0, name);
            }
        }
        if let Some(text) = &front.description {
            self.text(0, text, SignatureKind::Words, SignatureSource::Front);
        }
        if !front.tags.is_empty() {
            let tags = front.tags.join(", ");
            self.text(0, &tags, SignatureKind::Words, SignatureSource::Front);
        }
        if let Some(stem) = page_name(&runbook.path) {
            self.text(0, stem, SignatureKind::Words, SignatureSource::Front);
            // `ist0103.md`: codes in file names are recognised by their digits, for they lost their case.
            let is_code = |part: &&str| part.bytes().filter(u8::is_ascii_digit).count() >= 3;
            for part in stem.split(|c: char| !c.is_alphanumeric()).filter(is_code) {
                self.codes(0, &part.to_ascii_uppercase(), 0.74);
            }
            if token::humps(stem).len() >= 2 {
                self.name(0, stem, 0.95, false);
            }
        }
        if let Some(id) = front.other.get("id").and_then(|id| id.as_str()) {
            self.codes(0, id, 1.0);
        }
        self.explicit();
        for (index, section) in runbook.sections.iter().enumerate() {
            if index > 0 {
                self.heading(index, &section.heading);
            }
            self.identifiers(index, section);
            self.quoted_in_heading(index, section.written.as_deref().unwrap_or(&section.heading));
            self.rule(index, section);
            for block in &section.blocks {
                self.block(index, block);
            }
        }
    }

    fn explicit(&mut self) {
        let runbook = self.runbook;
        for signature in &runbook.front.signpost.signatures {
            let section = signature
                .section
                .as_ref()
                .and_then(|name| {
                    runbook
                        .sections
                        .iter()
                        .position(|s| s.heading.eq_ignore_ascii_case(name.trim()))
                })
                .unwrap_or(0);
            match &signature.pattern {
                Pattern::Text(text) => self.text(section, text, SignatureKind::Pattern, SignatureSource::Explicit),
                Pattern::Regex(pattern) => {
                    self.draft.expressions.push((section, pattern.clone()));
                }
                Pattern::Code(code) => {
                    self.name(section, &code.to_ascii_uppercase(), 1.0, true);
                    self.text(section, code, SignatureKind::Pattern, SignatureSource::Explicit);
                }
                Pattern::Alert(alert) => self.name(section, alert, 1.0, false),
            }
        }
    }

    fn rule(&mut self, index: usize, section: &Section) {
        for pattern in section.rule.iter().flat_map(|rule| &rule.all) {
            match pattern {
                Pattern::Regex(pattern) => self.regex(index, pattern),
                Pattern::Text(text) | Pattern::Code(text) | Pattern::Alert(text) => {
                    self.codes(index, text, 0.9);
                    self.text(index, text, SignatureKind::Pattern, SignatureSource::Explicit);
                }
            }
        }
    }

    fn regex(&mut self, section: usize, pattern: &str) {
        self.codes(section, pattern, 0.6);
        let variants = regex_text::variants(pattern);
        // An expression of many alternatives describes no single error: each alternative is trusted less.
        let source = if variants.len() > 2 {
            SignatureSource::Alternative
        } else {
            SignatureSource::Explicit
        };
        for variant in &variants {
            // A code that makes up a whole alternative is what the rule looks for.
            if variant.split_whitespace().count() == 1 {
                self.codes(section, variant, 0.9);
            }
            self.words_of(section, pattern, variant, SignatureKind::Pattern, source);
        }
    }

    fn name(&mut self, section: usize, text: &str, strength: f32, code: bool) {
        let name = Name {
            text: text.to_owned(),
            section,
            strength,
        };
        if code {
            self.draft.codes.push(name);
        } else {
            self.draft.alerts.push(name);
        }
    }

    fn codes(&mut self, section: usize, text: &str, strength: f32) {
        for code in code::codes(text) {
            self.name(section, &code.text.to_ascii_uppercase(), strength, true);
        }
        // A text that is no symptom names settings, functions and columns the same way.
        let factor = if strength >= ABOUT || is_symptom(text) {
            CONSTANT
        } else {
            SETTING
        };
        for constant in code::constants(text) {
            self.name(section, constant, strength * factor, true);
        }
        for (_, identifier) in code::identifiers(text) {
            self.name(section, &identifier.to_ascii_uppercase(), strength * factor, true);
        }
        for (number, start, _) in code::numbered(text) {
            if strength < ABOUT && code::is_field_of_status(text, start) {
                continue;
            }
            // Many programs share the thousand codes of three digits; a longer one is a program's own.
            let own = number.bytes().filter(u8::is_ascii_digit).count() >= 4;
            self.name(section, &number, strength * if own { CONSTANT } else { NUMBERED }, true);
        }
    }

    fn block(&mut self, section: usize, block: &Block) {
        match &block.kind {
            BlockKind::Heading(inlines) => self.heading(section, &plain(inlines)),
            BlockKind::Paragraph(inlines) => self.paragraph(section, inlines, block.role, SignatureSource::Prose),
            BlockKind::Code { lang, text } => self.code(section, lang, text, block),
            BlockKind::List { items, .. } => {
                for item in items {
                    if let Some(BlockKind::Paragraph(inlines)) = item.blocks.first().map(|block| &block.kind) {
                        self.entry(section, inlines);
                    }
                    for block in &item.blocks {
                        self.block(section, block);
                    }
                }
            }
            BlockKind::Table { head, rows } => {
                for cell in head {
                    self.paragraph(section, cell, block.role, SignatureSource::Boilerplate);
                }
                let alerts = head
                    .first()
                    .is_some_and(|cell| plain(cell).trim().to_lowercase().starts_with("alert"));
                let messages: Vec<bool> = head.iter().map(|cell| is_of_messages(&plain(cell))).collect();
                for row in rows {
                    self.row(section, row, block.role, &messages);
                    let name = row.first().filter(|_| alerts).map(|cell| plain(cell));
                    if let Some(name) = name.filter(|name| is_alone(name) && token::humps(name.trim()).len() == 2) {
                        self.name(section, name.trim(), 0.95, false);
                    }
                }
            }
            BlockKind::Quote(blocks) => {
                for block in blocks {
                    match &block.kind {
                        BlockKind::Paragraph(inlines) => {
                            self.codes(section, &plain(inlines), 0.8);
                            self.paragraph(section, inlines, block.role, SignatureSource::Quoted);
                        }
                        _ => self.block(section, block),
                    }
                }
            }
            BlockKind::Definitions(definitions) => {
                for definition in definitions {
                    self.paragraph(section, &definition.term, block.role, SignatureSource::Cell);
                    self.codes(section, &plain(&definition.term), 1.0);
                    self.short_code(section, &plain(&definition.term));
                    for block in definition.details.iter().flatten() {
                        match &block.kind {
                            BlockKind::Paragraph(inlines) => {
                                self.leading_code(section, &plain(inlines));
                                self.paragraph(section, inlines, block.role, SignatureSource::Cell);
                            }
                            _ => self.block(section, block),
                        }
                    }
                }
            }
            BlockKind::Rule | BlockKind::Buttons(_) => {}
        }
    }

    /// Takes a row of a table; one that links to a section of the document leads to that section. `messages`: the
    /// columns that hold what programs print.
    fn row(&mut self, section: usize, row: &[Vec<Inline>], role: Role, messages: &[bool]) {
        let section = row.iter().find_map(|cell| linked(cell)).unwrap_or(section);
        for (column, cell) in row.iter().enumerate() {
            let text = plain(cell);
            if column == 0 && row.len() > 1 {
                self.codes(section, &text, 0.9);
                self.short_code(section, &text);
                self.names(section, &text, 0.9);
                for (_, word) in token::pieces(&text, |c| !(c.is_alphanumeric() || c == '_')) {
                    let parts = token::humps(word);
                    if parts.len() >= 3 {
                        self.words_of(
                            section,
                            word,
                            &parts.join(" "),
                            SignatureKind::Alert,
                            SignatureSource::AlertWords,
                        );
                    }
                }
            }
            self.leading_code(section, &text);
            if messages.get(column) == Some(&true) {
                for line in text.lines() {
                    self.text(section, line, SignatureKind::Template, SignatureSource::Quoted);
                }
            }
            self.paragraph(section, cell, role, SignatureSource::Cell);
        }
    }

    /// Takes the error at the head of an item that explains it: `exit code 137 – out of memory`, "**token expired** …".
    fn entry(&mut self, section: usize, inlines: &[Inline]) {
        const MOST_KEY_WORDS: usize = 14;
        let key = if let Some(key @ (Inline::Code(_) | Inline::Strong(_))) = inlines.first() {
            plain(std::slice::from_ref(key))
        } else {
            let text = plain(inlines);
            let end = KEY_ENDS.iter().filter_map(|end| text.find(end)).min();
            let Some(key) = end.and_then(|end| text.get(..end)) else {
                return;
            };
            key.to_owned()
        };
        if (1..=MOST_KEY_WORDS).contains(&key.split_whitespace().count()) {
            let section = linked(inlines).unwrap_or(section);
            self.codes(section, &key, 0.85);
            self.short_code(section, &key);
            self.text(section, &key, SignatureKind::Template, SignatureSource::Cell);
        }
    }

    /// Takes the code at the head of a line that explains it: `0x21 – no answer`, `frame_too_large: update it`.
    fn keys(&mut self, section: usize, line: &str) {
        const MOST_KEY: usize = 60;
        let ends = KEY_ENDS.iter().chain([&": "]);
        let end = ends.filter_map(|end| line.find(end)).min();
        if let Some(key) = end.filter(|end| *end <= MOST_KEY).and_then(|end| line.get(..end)) {
            self.codes(section, key, 0.85);
            self.short_code(section, key);
            self.names(section, key, 0.9);
        }
    }

    /// Takes the names of three humps or more in a text, with a strength for how far the text is about them.
    fn names(&mut self, section: usize, text: &str, strength: f32) {
        for (_, word) in token::pieces(text, |c| !(c.is_alphanumeric() || c == '_')) {
            if word.len() >= 6 && token::humps(word).len() >= 3 {
                self.name(section, word, strength, false);
            }
        }
    }

    /// Takes the codes of a text: `R0018: message` documents its code, while codes later in a text are only mentioned.
    fn leading_code(&mut self, section: usize, text: &str) {
        let leads = code::codes(text).first().is_some_and(|code| code.start == 0);
        self.codes(section, text, if leads { 0.9 } else { 0.4 });
    }

    fn paragraph(&mut self, section: usize, inlines: &[Inline], role: Role, source: SignatureSource) {
        // A table of contents may quote the errors that its sections explain.
        let section = linked(inlines).filter(|_| inlines.len() <= 2).unwrap_or(section);
        let text = plain(inlines);
        self.codes(section, &text, if role == Role::Symptoms { 0.5 } else { 0.25 });
        // A text that only links to another page is about that page.
        let source = if is_pointer(inlines) {
            SignatureSource::Boilerplate
        } else {
            source
        };
        for line in text.lines() {
            self.text(section, line, SignatureKind::Words, source);
            self.keys(section, line);
        }
        if source != SignatureSource::Boilerplate {
            self.names(section, &text, MENTIONED);
        }
        self.inline_code(section, inlines, role);
        for quoted in quotations(&with_marked_values(inlines)) {
            self.text(section, quoted, SignatureKind::Template, SignatureSource::Quoted);
        }
    }

    fn inline_code(&mut self, section: usize, inlines: &[Inline], role: Role) {
        for inline in inlines {
            match inline {
                Inline::Code(text) => {
                    let words = text.split_whitespace().count();
                    if words >= 2 {
                        let source = if is_command(text) {
                            SignatureSource::Command
                        } else {
                            SignatureSource::Quoted
                        };
                        self.text(section, text, SignatureKind::Template, source);
                    } else if token::humps(text).len() >= 2 && text.chars().all(|c| c.is_alphanumeric() || c == '_') {
                        let alert = role == Role::Alerts || self.runbook.front.kind.as_deref() == Some("Alert");
                        self.name(section, text, if alert { 0.9 } else { MENTIONED }, false);
                    }
                    self.codes(section, text, if role == Role::Symptoms { 0.8 } else { 0.4 });
                }
                Inline::Strong(inner) | Inline::Emphasis(inner) | Inline::Strike(inner) => {
                    self.inline_code(section, inner, role);
                }
                Inline::Link { label, .. } => self.inline_code(section, label, role),
                Inline::Text(_) | Inline::Image { .. } | Inline::Break | Inline::Time(_) => {}
            }
        }
    }

    fn text(&mut self, section: usize, text: &str, kind: SignatureKind, source: SignatureSource) {
        self.words_of(section, text, text, kind, source);
    }

    /// Adds a signature whose words are those of `text`, shown to people as `shown`; a long text becomes several.
    fn words_of(&mut self, section: usize, shown: &str, text: &str, kind: SignatureKind, source: SignatureSource) {
        let text = normalise::plain(text);
        let placeholders = unmarked::marked(&text, source);
        let values = unmarked::values(&text, source);
        let is_value = |word: token::Word| {
            let mut values = values.iter();
            values.any(|value| value.start <= word.start && word.end <= value.end)
        };
        let mut next = placeholders.iter().peekable();
        let mut signature = self.draft.begin();
        let mut from = 0;
        token::words(&text, |word, place, shape| {
            while let Some(found) = next.next_if(|found| found.range.end <= place.start) {
                signature.gap(&name_of(found, &text));
            }
            if next.peek().is_some_and(|found| found.range.start < place.end) {
                return;
            }
            if signature.len() >= MOST_WORDS {
                let said = text.get(from..place.start).unwrap_or_default();
                signature.add(section, kind, source, said.trim());
                from = place.start;
            }
            signature.word(word, shape, is_value(place));
        });
        for found in next {
            signature.gap(&name_of(found, &text));
        }
        let said = if from == 0 {
            shown
        } else {
            text.get(from..).unwrap_or_default()
        };
        signature.add(section, kind, source, said.trim());
    }
}

/// Returns true for the head of a column that holds what programs print.
fn is_of_messages(head: &str) -> bool {
    const HEADS: [&str; 14] = [
        "error",
        "error message",
        "error messages",
        "error text",
        "errors",
        "exception",
        "log",
        "log entry",
        "log line",
        "log message",
        "message",
        "messages",
        "signature",
        "symptom",
    ];
    HEADS.iter().any(|known| head.trim().eq_ignore_ascii_case(known))
}

/// The text of inlines, with a placeholder for each emphasised name: in a quoted message, `_host_` stands for a host.
fn with_marked_values(inlines: &[Inline]) -> String {
    const MOST_WORDS_OF_NAME: usize = 3;
    let mut text = String::new();
    for inline in inlines {
        let said = plain(std::slice::from_ref(inline));
        // `_very low number_` stands for a number, but `_full_` says what is wrong.
        let last = said.rsplit([' ', '-', '_']).next().unwrap_or_default();
        let name = matches!(inline, Inline::Emphasis(_) | Inline::Strong(_))
            && said.split_whitespace().count() <= MOST_WORDS_OF_NAME
            && placeholder::is_kind(&last.to_uppercase());
        if name {
            text.extend(["<", &said, ">"]);
        } else {
            text.push_str(&said);
        }
    }
    text
}

/// The name of a placeholder; one without a name of its own takes it from the label before it: `Incident ID: <ID>` is
/// the incident id, `cluster_id = xxxxx` the cluster id.
fn name_of(found: &placeholder::Placeholder, text: &str) -> String {
    if found.name != placeholder::UNNAMED {
        return found.name.clone();
    }
    label_before(text, found.range.start).unwrap_or_else(|| found.name.clone())
}
