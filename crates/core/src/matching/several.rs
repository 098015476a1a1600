//! Several errors in one message: those that one runbook explains are told apart, and each gets the values of its own
//! part of the message.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ops::Range;

use super::capture::{self, CapturedValue, Place};
use super::finding::{Cause, Finding, NAME_BITS};
use super::index::Index;
use super::score::Candidate;
use super::silence::LEAST_NAMED;
use super::tokenized::TokenizedMessage;
use super::{Occurrence, SignatureKind, occurrences};
use crate::expression::{Budget, Dot};
use crate::runbook::TopicId;

/// Most errors of one runbook that are told apart.
const MOST: usize = 12;
/// Share of a text that has to match for the text to count as whole.
const WHOLE: f32 = 0.95;

/// One of the errors of a message.
pub(super) struct SingleError<'f, 't> {
    pub(super) candidate: &'f Candidate<'t>,
    pub(super) topic: TopicId,
    /// True for the error that its runbook explains best.
    pub(super) leads: bool,
    /// The findings of this error, the strongest first.
    pub(super) findings: Vec<&'f Finding<'t>>,
}

/// The errors of the candidates that are answered: the best one of each runbook in order of rank, then all others.
pub(super) fn errors<'f, 't>(index: &Index, candidates: &'f [Candidate<'t>]) -> Vec<SingleError<'f, 't>> {
    let answered = candidates.iter().filter(|candidate| candidate.silence.is_none());
    let (leading, others): (Vec<_>, Vec<_>) = answered
        .flat_map(|candidate| of_runbook(index, candidate))
        .partition(|error| error.leads);
    leading.into_iter().chain(others).collect()
}

/// The errors of one runbook. Another section is an error of its own when its code or alert name is in the message, or a
/// whole text of it that is as strong as a name; beside an error without such a name, a weaker text is enough.
fn of_runbook<'f, 't>(index: &Index, candidate: &'f Candidate<'t>) -> Vec<SingleError<'f, 't>> {
    let lead = candidate.topic.section;
    let mut by_section: BTreeMap<usize, Vec<&Finding<'t>>> = BTreeMap::new();
    for finding in &candidate.findings {
        let section = index.topic_section(finding.topic);
        by_section.entry(section).or_default().push(finding);
    }
    let own = by_section.get(&lead).map(Vec::as_slice).unwrap_or_default();
    let is_named = own.iter().any(|finding| finding.is_about());
    let tells = |finding: &Finding<'_>| {
        let least = if is_named { NAME_BITS } else { LEAST_NAMED };
        let is_whole = finding.cover >= WHOLE && finding.strength >= least && finding.kind != SignatureKind::Words;
        finding.is_about() || is_whole
    };
    // The words that show the leading error are no second error. A section may mention the code of another one, whose
    // words are then not its own.
    let leading = own
        .iter()
        .enumerate()
        .filter(|(at, finding)| !is_named && *at == 0 || tells(finding));
    let mut taken: HashSet<u32> = leading.flat_map(|(_, finding)| &finding.words).copied().collect();
    let mut of_others: HashSet<u32> = HashSet::new();
    let mut others = Vec::new();
    for (section, findings) in &by_section {
        let telling = findings.iter().find(|finding| tells(finding));
        let Some(telling) = telling.filter(|_| lead != 0 && *section != 0 && *section != lead) else {
            continue;
        };
        // Two errors may share words, such as the line with an id that both have.
        if !is_mostly_in(&telling.words, &taken) && others.len() < MOST {
            taken.extend(&telling.words);
            of_others.extend(&telling.words);
            // The one that tells leads: it is what a reply quotes.
            let rest = findings.iter().filter(|finding| !std::ptr::eq(**finding, *telling));
            others.push(SingleError {
                candidate,
                topic: TopicId {
                    section: *section,
                    ..candidate.topic
                },
                leads: false,
                findings: std::iter::once(telling).chain(rest).copied().collect(),
            });
        }
    }
    let told: Vec<usize> = others.iter().map(|error| error.topic.section).collect();
    let is_own = |finding: &&Finding<'_>| {
        !is_mostly_in(&finding.words, &of_others) && !told.contains(&index.topic_section(finding.topic))
    };
    let rest = candidate.findings.iter().filter(is_own);
    let mut errors = vec![SingleError {
        candidate,
        topic: candidate.topic,
        leads: true,
        findings: rest.collect(),
    }];
    errors.extend(others);
    errors
}

/// Returns true when at least half of the words are among others; also for no words.
fn is_mostly_in(words: &[u32], others: &HashSet<u32>) -> bool {
    let count = words.iter().filter(|word| others.contains(word)).count();
    count * 2 >= words.len()
}

/// The values of an error's placeholders.
#[derive(Debug, Default)]
pub(super) struct ErrorValues {
    /// The values by placeholder.
    pub(super) captures: BTreeMap<String, Vec<String>>,
    /// The places of the message that show the error, when there are several.
    pub(super) occurrences: Vec<Occurrence>,
    /// The lines that the values come from.
    pub(super) lines: Vec<String>,
}

/// A part of a message that shows one error once.
struct ErrorPart {
    /// Index of the error.
    error: usize,
    /// The words by which it was recognised.
    place: Range<Place>,
    /// The whole part.
    span: Range<Place>,
}

/// The values of each error's placeholders. With several errors, each has those of its own parts of the message, and of
/// what stands before the first of them.
pub(super) fn values(
    index: &Index,
    read: &TokenizedMessage,
    errors: &[SingleError<'_, '_>],
    work: &mut Budget,
) -> Vec<ErrorValues> {
    let parts = parts(index, read, errors, work);
    if parts.len() < 2 {
        return errors.iter().map(|error| whole(index, read, error)).collect();
    }
    let first = parts.first().map_or((0, 0), |part| part.span.start);
    let before = TokenizedMessage::new(&index.vocabulary, &text(read, (0, 0)..first));
    let of_error = |(at, error): (usize, &SingleError<'_, '_>)| {
        let runbook = error.candidate.runbook;
        let before = capture::values(index, &before, runbook);
        let own: Vec<(usize, Vec<CapturedValue>)> = parts
            .iter()
            .filter(|part| part.error == at)
            .map(|part| (part.place.start.0, of_part(index, read, (error, part), work)))
            .collect();
        let mut all: Vec<CapturedValue> = if errors.len() == 1 {
            capture::values(index, read, runbook)
        } else {
            Vec::new()
        };
        all.extend(own.iter().flat_map(|(_, values)| values).cloned());
        all.extend(capture::groups(error.findings.iter().copied()));
        let known: HashSet<&str> = all.iter().map(|captured| captured.name.as_str()).collect();
        let missing = before.iter().filter(|captured| !known.contains(captured.name.as_str()));
        let missing: Vec<CapturedValue> = missing.cloned().collect();
        all.extend(missing);
        ErrorValues {
            occurrences: occurrences(&own, &before),
            ..listed(read, &all)
        }
    };
    errors.iter().enumerate().map(of_error).collect()
}

/// The values of an error's placeholders in the whole message.
pub(super) fn whole(index: &Index, read: &TokenizedMessage, error: &SingleError<'_, '_>) -> ErrorValues {
    let mut all = capture::values(index, read, error.candidate.runbook);
    all.extend(capture::groups(error.findings.iter().copied()));
    listed(read, &all)
}

fn listed(read: &TokenizedMessage, all: &[CapturedValue]) -> ErrorValues {
    let numbers: BTreeSet<usize> = all.iter().map(|captured| captured.place.0).collect();
    let lines = numbers.into_iter().filter_map(|number| read.message.lines.get(number));
    ErrorValues {
        captures: capture::by_name(all),
        occurrences: Vec::new(),
        lines: lines.map(|line| line.text.clone()).collect(),
    }
}

/// The values of one part of a message, in its order.
fn of_part(
    index: &Index,
    read: &TokenizedMessage,
    (error, part): (&SingleError<'_, '_>, &ErrorPart),
    work: &mut Budget,
) -> Vec<CapturedValue> {
    let own = TokenizedMessage::new(&index.vocabulary, &text(read, part.span.clone()));
    let mut values = capture::values(index, &own, error.candidate.runbook);
    for finding in error.findings.iter().filter(|finding| !finding.groups.is_empty()) {
        let Cause::Name(pattern) = &finding.of else { continue };
        let program = index.programs.get(pattern, Dot::Line, work);
        let found = program.and_then(|program| Some((program.find(own.text(), work)?, program)));
        if let Some((range, program)) = found {
            let (line, _) = own.words_in(range.clone());
            let groups = program.groups(own.text(), range, work);
            values.extend(capture::group_values(&groups, line));
        }
    }
    let (line, byte) = part.span.start;
    for captured in &mut values {
        if captured.place.0 == 0 {
            captured.place.1 += byte;
        }
        captured.place.0 += line;
    }
    values.sort_by_key(|captured| captured.place);
    values
}

/// The occurrences of an error, from the line and the values of each of its parts, and the values before the first part.
fn occurrences(parts: &[(usize, Vec<CapturedValue>)], before: &[CapturedValue]) -> Vec<Occurrence> {
    let occurrence = |(line, values): &(usize, Vec<CapturedValue>)| {
        // Where a value of this name stands before the first occurrence, the one after an occurrence may be the next one's.
        let is_its_own = |captured: &&CapturedValue| {
            captured.place.0 == *line || before.iter().all(|other| other.name != captured.name)
        };
        let mut own: Vec<(String, String)> = Vec::new();
        for captured in values.iter().filter(is_its_own) {
            let pair = (captured.name.clone(), captured.value.clone());
            if !own.contains(&pair) {
                own.push(pair);
            }
        }
        Occurrence {
            line: line + 1,
            values: own,
        }
    };
    let all: Vec<Occurrence> = parts.iter().map(occurrence).collect();
    let telling = all.iter().filter(|occurrence| !occurrence.values.is_empty());
    if telling.count() > 1 { all } else { Vec::new() }
}

/// The parts of a message, in its order: each error has one for each time that the message shows it.
fn parts(index: &Index, read: &TokenizedMessage, errors: &[SingleError<'_, '_>], work: &mut Budget) -> Vec<ErrorPart> {
    let mut places: Vec<(usize, Range<Place>)> = Vec::new();
    for (at, error) in errors.iter().enumerate() {
        let mut own = occurrences::places(index, read, &error.findings, work);
        if own.is_empty() {
            own.push(place(read, error));
        }
        places.extend(own.into_iter().map(|place| (at, place)));
    }
    places.sort_by_key(|(_, place)| place.start);
    let mut begins: Vec<Place> = places
        .windows(2)
        .filter_map(|pair| Some(boundary(read, &pair.first()?.1, &pair.get(1)?.1)))
        .collect();
    let first = places.first().map_or(0, |(_, place)| place.start.0);
    let is_blank = |number: usize| {
        let line = read.message.lines.get(number);
        line.is_some_and(|line| line.text.trim().is_empty())
    };
    // Where blank lines stand between the occurrences of one error, what precedes the first one is a part of it, too.
    let is_apart = |begin: &Place| begin.1 == 0 && begin.0.checked_sub(1).is_some_and(is_blank);
    let before = if errors.len() == 1 && begins.iter().all(is_apart) {
        (0..first)
            .rfind(|number| is_blank(*number))
            .map_or(0, |blank| blank + 1)
    } else {
        first
    };
    begins.insert(0, (before, 0));
    begins.push((read.message.lines.len(), 0));
    let spans = begins.windows(2).filter_map(|pair| Some(*pair.first()?..*pair.get(1)?));
    let part = |((error, place), span)| ErrorPart { error, place, span };
    places.into_iter().zip(spans).map(part).collect()
}

/// The place of the words that an error was recognised by first.
fn place(read: &TokenizedMessage, error: &SingleError<'_, '_>) -> Range<Place> {
    let words = error.findings.first().map(|finding| finding.words.as_slice());
    let words = words.unwrap_or_default().iter();
    let words = words.filter_map(|word| read.words.get(*word as usize));
    let mut place: Option<Range<Place>> = None;
    for word in words {
        let (from, to) = (
            (word.line as usize, word.place.start),
            (word.line as usize, word.place.end),
        );
        place = Some(place.map_or(from..to, |place| place.start.min(from)..place.end.max(to)));
    }
    place.unwrap_or((0, 0)..(0, 0))
}

/// The place where the part of one error ends and that of the next begins: after a blank line between them, at a shell
/// prompt, else where the line of the next one begins. On one line: after a comma, a semicolon or a full stop.
fn boundary(read: &TokenizedMessage, one: &Range<Place>, next: &Range<Place>) -> Place {
    let line = |number: usize| read.message.lines.get(number).map_or("", |line| line.text.as_str());
    let (last, first) = (one.start.0, next.start.0);
    if last == first {
        let from = one.end.1.min(next.start.1);
        let between = line(first).get(from..next.start.1).unwrap_or_default();
        let cut = between.rfind([',', ';', '.']).map_or(between.len(), |at| at + 1);
        return (first, from + cut);
    }
    let mut between = (last + 1..=first).rev();
    let begins = between.find(|number| {
        let is_after_blank = line(number - 1).trim().is_empty();
        is_after_blank || line(*number).starts_with("$ ")
    });
    (begins.unwrap_or(first), 0)
}

/// A part of a message.
fn text(read: &TokenizedMessage, part: Range<Place>) -> String {
    let mut lines = Vec::new();
    let all = read.message.lines.iter().enumerate().skip(part.start.0);
    for (number, line) in all.take_while(|(number, _)| *number <= part.end.0) {
        let from = if number == part.start.0 { part.start.1 } else { 0 };
        let to = if number == part.end.0 {
            part.end.1
        } else {
            line.text.len()
        };
        lines.push(line.text.get(from..to).unwrap_or_default());
    }
    lines.join("\n")
}
