//! Codes and alert names in a message.

use std::borrow::Cow;
use std::cell::LazyCell;
use std::collections::BTreeSet;

use super::super::finding::Finding;
use super::super::form::Form;
use super::super::index::Index;
use super::super::lines::{assigned_alert, in_alert, speaks_of_alert};
use super::super::names::TopicWeight;
use super::super::token::{self, Shape, Word};
use super::super::tokenized::TokenizedMessage;
use super::super::{SignatureKind, code};
use crate::runbook::TopicId;

/// Strength of a name that few runbooks mention, where the message says that it is an error…
const TOLD: f32 = 0.8;
/// …and elsewhere, when one runbook alone has it; then the strength from which such a mention counts.
const ALONE: f32 = 0.6;
const SHOWN: f32 = 0.34;
/// Factor for a code in another case than its own: it may be an ordinary word.
const OTHER_CASE: f32 = 0.88;
/// Factor for an alert's name that may be a product's, where the message does not say that it is an alert.
const PRODUCT: f32 = 0.5;
/// Strength from which a runbook is about a name; runbooks that only mention the name get no bonus then.
const ABOUT: f32 = 0.75;
/// Humps from which a name counts as an error by itself, and from which it does where a single runbook has it; a name
/// of fewer may be any field or product.
const LONG: usize = 4;
const SOME: usize = 3;
/// Hyphens from which a code counts as its own in any case: `err-store-query-blocked`.
const HYPHENS: usize = 3;
/// Bytes up to which a text all in lower case counts as typed by hand.
const MOST_SLOPPY: usize = 200;
/// Bytes of an address that are looked at before a name in it.
const LONGEST_URL: usize = 2_000;
/// Most different codes and alert names of one message that are looked up.
const MOST_NAMES: usize = 200;

/// A code or an alert name in a line.
struct NamedToken<'t> {
    kind: SignatureKind,
    name: Cow<'t, str>,
    place: Word,
    topics: &'t [(TopicId, f32)],
    /// True when the message says that it is an error or an alert.
    told: bool,
}

impl Index {
    /// Codes and alert names in the message, each at its first place.
    pub(super) fn names<'t>(&'t self, read: &'t TokenizedMessage) -> Vec<Finding<'t>> {
        let mut findings = Vec::new();
        let mut seen: BTreeSet<String> = BTreeSet::new();
        let fires = read
            .message
            .lines
            .iter()
            .any(|line| line.text.trim_start_matches('[').starts_with("FIRING"));
        for (number, line) in read.message.lines.iter().enumerate() {
            if read.line_trust.get(number).is_some_and(|trust| *trust < 0.3) || seen.len() > MOST_NAMES {
                continue;
            }
            for named in self.named_in(&line.text, fires, &mut seen) {
                let words = read.words_at(number as u32, named.place.start, named.place.end);
                let only = is_of_one(named.topics);
                let parts = match named.kind {
                    SignatureKind::Alert => token::humps(&named.name).len(),
                    _ => SOME,
                };
                let told = named.told || parts >= LONG;
                let product = named.kind == SignatureKind::Alert && !told && may_be_product(&named.name);
                let least = least_strength(named.topics, only && parts >= SOME, told);
                let written = line.text.get(named.place.start..named.place.end);
                // `freeze` is a word, whatever `FREEZE` is to a runbook.
                if !named.told && named.name.bytes().all(|b| b.is_ascii_uppercase()) && written != Some(&named.name) {
                    continue;
                }
                let exact = named.told || written == Some(named.name.as_ref()) || named.kind == SignatureKind::Alert;
                let sure = if product {
                    PRODUCT
                } else if exact || named.name.contains(['_', ' ']) || named.name.matches('-').count() >= HYPHENS {
                    1.0
                } else {
                    OTHER_CASE
                };
                findings.extend(named.topics.iter().map(|(topic, strength)| {
                    let strength = strength.max(least) * sure;
                    let finding =
                        Finding::name(*topic, named.kind, named.name.clone(), number, strength, words.clone());
                    Finding { only, ..finding }
                }));
            }
        }
        findings
    }

    /// Codes and alert names in a line that some runbook has, codes in any case. Those in `seen` are left out, and new
    /// ones added to it. `fires`: the message is a notice of alerts that fire, each perhaps on a line of its own.
    fn named_in<'t>(&'t self, text: &'t str, fires: bool, seen: &mut BTreeSet<String>) -> Vec<NamedToken<'t>> {
        let mut found: Vec<NamedToken<'t>> = Vec::new();
        let mut take = |name: &str, start: usize, end: usize| {
            let topics = self.codes.get(name);
            if !topics.is_empty()
                && code::stands_alone(text, start, end)
                && !code::is_something_else(text, start)
                && seen.insert(name.to_owned())
            {
                found.push(NamedToken {
                    kind: SignatureKind::Code,
                    name: Cow::Owned(name.to_owned()),
                    place: Word { start, end },
                    topics,
                    told: code::is_named_as_error(text, start),
                });
            }
        };
        if code::may_hold(text) {
            // In any case: the runbooks decide which of them are codes.
            let upper = text.to_ascii_uppercase();
            for code in code::codes(&upper) {
                take(code.text, code.start, code.start + code.text.len());
            }
            // `DC-1` and `UTF-8` have the form of such a code, so the text has to say that it is one.
            let errs = LazyCell::new(|| Form::of(text).errors > 0);
            for code in code::short_codes(text).filter(|code| code::is_told(text, *code) || *errs) {
                take(code.text, code.start, code.start + code.text.len());
            }
            for (name, start, end) in code::numbered(text) {
                take(&name, start, end);
            }
        }
        let identifiers = code::identifiers(text);
        for (start, identifier) in identifiers.filter(|(start, name)| !code::is_key(text, *start, name)) {
            take(&identifier.to_ascii_uppercase(), start, start + identifier.len());
        }
        for (start, name) in code::hyphenated(text) {
            let upper = name.to_ascii_uppercase();
            if self.codes.contains(&upper) && !is_in_url(text, start) {
                take(&upper, start, start + name.len());
            }
        }
        let speaks = speaks_of_alert(text);
        let sloppy = text.len() <= MOST_SLOPPY && !text.bytes().any(|b| b.is_ascii_uppercase());
        let mut alerts = Vec::new();
        let mut upper = String::new();
        token::words(text, |word, place, shape| {
            let written = text.get(place.start..place.end).unwrap_or_default();
            if word.len() >= 4 && (sloppy || !written.bytes().any(|b| b.is_ascii_lowercase())) {
                code::upper_case(word, &mut upper);
                take(&upper, place.start, place.end);
            }
            let topics = match shape {
                Shape::Name => self.alert(text, word, place),
                Shape::Plain if speaks => self.alerts.get(&in_alert(word)),
                _ => &[],
            };
            if !topics.is_empty() {
                alerts.push((word.to_owned(), place, topics));
            }
        });
        for (word, place, topics) in alerts {
            let name = text.get(place.start..place.end).unwrap_or_default();
            if seen.insert(word) {
                found.push(NamedToken {
                    kind: SignatureKind::Alert,
                    name: Cow::Borrowed(name),
                    place,
                    topics,
                    told: code::is_named_as_error(text, place.start)
                        || speaks && (!may_be_product(name) || is_announced(text, place))
                        || fires
                            && text
                                .get(..place.start)
                                .is_some_and(|before| !before.contains(char::is_alphanumeric)),
                });
            }
        }
        found
    }

    /// The topics of an alert's name at a place of a line, also of one that is cut off there.
    fn alert(&self, line: &str, name: &str, place: Word) -> &[TopicWeight] {
        match self.alerts.get(name) {
            _ if is_facility(line, place) || is_field(line, place) => &[],
            [] if is_cut(line, place) => self.alerts.begun(name),
            topics => topics,
        }
    }
}

/// Returns true for a place in the address of a page: an anchor there is no error.
fn is_in_url(text: &str, start: usize) -> bool {
    let before = text.get(..start).unwrap_or_default();
    let near = before.floor_char_boundary(before.len().saturating_sub(LONGEST_URL));
    let token = before.get(near..).unwrap_or_default();
    let token = token.rsplit(char::is_whitespace).next().unwrap_or_default();
    token.contains("://")
}

/// Returns true for a name of two parts, none of which says that something is wrong: it may be a product's.
fn may_be_product(name: &str) -> bool {
    token::humps(name).len() < SOME && Form::of(name).errors == 0
}

/// Returns true when a line says of the name at a place itself that it is an alert's: `alertname = X`, `X is firing`.
fn is_announced(line: &str, place: Word) -> bool {
    let after = line.get(place.end..).unwrap_or_default();
    let mut next = token::pieces(after, |c| !c.is_alphanumeric()).map(|(_, word)| word);
    let said = next.find(|word| !word.eq_ignore_ascii_case("is")).unwrap_or_default();
    let fires = ["fired", "fires", "firing", "resolved"]
        .iter()
        .any(|word| said.eq_ignore_ascii_case(word));
    fires || assigned_alert(line).is_some_and(|(at, _)| at == place.start)
}

/// Returns true for the key of a field, `CoresPerSocket=16`.
fn is_field(line: &str, place: Word) -> bool {
    line.get(place.end..)
        .is_some_and(|after| after.starts_with('=') && !after.starts_with("=="))
}

/// Returns true for the part of a program that logged a line, `warning/ConfigWriter: …`: it is no alert's name.
fn is_facility(line: &str, place: Word) -> bool {
    let before = line.get(..place.start).unwrap_or_default();
    let level = before.strip_suffix('/').map(|before| {
        let at = before.rfind(|c: char| !c.is_ascii_alphabetic()).map_or(0, |at| at + 1);
        before.get(at..).unwrap_or_default()
    });
    let levels = ["critical", "debug", "error", "info", "information", "notice", "warning"];
    level.is_some_and(|level| levels.iter().any(|known| level.eq_ignore_ascii_case(known)))
}

/// Returns true for a long name at the end of a line that may be cut off there.
fn is_cut(line: &str, place: Word) -> bool {
    let written = line.get(place.start..place.end).unwrap_or_default();
    let after = line.get(place.end..).unwrap_or_default().trim_end();
    matches!(after, "" | "…" | "..." | "…\"" | "...\"") && token::humps(written).len() > LONG
}

/// Least strength of a name for a runbook that mentions it, by how few runbooks do.
fn least_strength(topics: &[(TopicId, f32)], only: bool, told: bool) -> f32 {
    let strongest = topics.iter().map(|(_, strength)| *strength).fold(0.0, f32::max);
    let mentioned = (SHOWN..ABOUT).contains(&strongest);
    if !mentioned || !only && topics.len() > 3 {
        0.0
    } else if told {
        TOLD
    } else if only {
        ALONE
    } else {
        0.0
    }
}

/// Returns true when all topics of a name belong to one runbook.
fn is_of_one(topics: &[(TopicId, f32)]) -> bool {
    let mut runbooks = topics.iter().map(|(topic, _)| topic.runbook);
    let first = runbooks.next();
    first.is_some_and(|first| runbooks.all(|runbook| runbook == first))
}
