//! Signatures of headings: what a section is about.

use super::super::draft::is_symptom;
use super::super::form::Form;
use super::super::lines::{in_alert, is_alone, is_command, quotations};
use super::super::signature::SignatureSource;
use super::super::{SignatureKind, code, token};
use super::Extractor;
use crate::runbook::Section;

/// Most words of a title that is about the name in it.
const MOST_TITLE_WORDS: usize = 8;

/// Humps from which a name in a title is a state's, whatever its words.
const STATE_HUMPS: usize = 4;

/// Strength of a code of one digit: `UTF-8` and `SHA-1` have the same form.
const SHORT_CODE: f32 = 0.9;

impl Extractor<'_> {
    pub(super) fn heading(&mut self, section: usize, heading: &str) {
        self.codes(section, heading, 1.0);
        self.short_code(section, heading);
        let short = section == 0 && heading.split_whitespace().count() <= MOST_TITLE_WORDS;
        // A name of two humps in a sentence is a product (`RabbitMQ`, `StatefulSet`); alone it is an alert's name.
        let alone = is_alone(heading);
        for word in heading.split(|c: char| !(c.is_alphanumeric() || c == '_')) {
            let parts = token::humps(word);
            // `DiskFull` is a state, `ErrorTracker` a product.
            let fails = parts.last().is_some_and(|last| Form::of(last).errors > 0);
            let least = if alone || fails { 2 } else { 3 };
            if word.len() >= 6 && parts.len() >= least {
                // The page with the title `Pods in CrashLoopBackOff` is the one about that state.
                let about = alone || short && (fails || parts.len() >= STATE_HUMPS);
                self.name(section, word, if about { 1.0 } else { 0.7 }, false);
                let words = parts.join(" ");
                self.words_of(section, word, &words, SignatureKind::Alert, SignatureSource::AlertWords);
            } else if alone && section == 0 && word.len() >= 6 && word.starts_with(char::is_uppercase) {
                // `Watchdog` is an alert only where a message says that it is.
                self.name(section, &in_alert(&word.to_lowercase()), 0.9, false);
            }
        }
        let from = self.draft.len();
        self.text(section, heading, SignatureKind::Words, SignatureSource::Heading);
        if is_of_trouble(heading) {
            self.draft.let_speak(from);
        }
    }

    /// Takes the hyphenated identifiers that name a section: its heading, `err-store-query-blocked`, or an anchor of its
    /// own that does not repeat the heading.
    pub(super) fn identifiers(&mut self, index: usize, section: &Section) {
        const LEAST_PARTS: usize = 4;
        const LONGEST: usize = 100;
        for (_, name) in code::hyphenated(&section.heading).filter(|(_, name)| code::is_hyphenated_error(name)) {
            self.name(index, &name.to_ascii_uppercase(), 1.0, true);
        }
        let words = section.heading.to_lowercase();
        let repeats = |anchor: &str| {
            let (repeated, parts) = anchor.split('-').fold((0, 0), |(repeated, parts), part| {
                (repeated + usize::from(words.contains(&part.to_lowercase())), parts + 1)
            });
            parts < LEAST_PARTS || repeated == parts
        };
        let short = |anchor: &&String| anchor.len() <= LONGEST;
        for anchor in section.anchors.iter().filter(short).filter(|anchor| !repeats(anchor)) {
            self.name(index, &anchor.to_ascii_uppercase(), 0.9, true);
        }
    }

    /// Takes the messages that a heading quotes: `Why does it say "lane X is closed"?`
    pub(super) fn quoted_in_heading(&mut self, section: usize, heading: &str) {
        let marked = heading.split('`').skip(1).step_by(2);
        let marked = marked.filter(|text| text.split_whitespace().nth(2).is_some() && !is_command(text));
        let from = self.draft.len();
        for quoted in marked.chain(quotations(heading)) {
            self.text(section, quoted, SignatureKind::Template, SignatureSource::Quoted);
        }
        if is_symptom(heading) {
            self.draft.let_speak(from);
        }
    }

    /// Takes the code of one digit that a heading, a cell or an item begins with, or consists of.
    pub(super) fn short_code(&mut self, section: usize, text: &str) {
        let leads = |code: &code::Code<'_>| {
            let before = text.get(..code.start).unwrap_or_default();
            let before = before.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
            matches!(before.as_str(), "" | "alarm" | "code" | "error" | "fault")
        };
        if let Some(code) = code::short_codes(text).next().filter(leads) {
            self.name(section, code.text, SHORT_CODE, true);
        }
    }
}

/// Returns true for the heading of a page that says itself that it is about a failure: `Troubleshooting: files belong to
/// nobody`.
fn is_of_trouble(heading: &str) -> bool {
    let rest = heading.split_once(':').filter(|(label, _)| {
        let label = label.trim().to_lowercase();
        matches!(
            label.as_str(),
            "troubleshooting" | "troubleshoot" | "problem" | "issue" | "symptom" | "error"
        )
    });
    rest.is_some_and(|(_, rest)| rest.split_whitespace().nth(2).is_some())
}
