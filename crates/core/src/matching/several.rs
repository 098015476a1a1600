//! Several errors in one message: those that one runbook explains are told apart, and each gets the values of its own
//! part of the message.

use std::collections::{BTreeMap, HashSet};
use std::ops::Range;

use super::SignatureKind;
use super::capture;
use super::finding::{Finding, NAME_BITS};
use super::index::Index;
use super::score::Candidate;
use super::silence::LEAST_NAMED;
use super::tokenized::TokenizedMessage;
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

/// A place in a message: a line, and a byte of it.
type Place = (usize, usize);

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

/// The values of each error's placeholders. With several errors, each has those of its own part of the message, and of
/// what stands before the first of them.
pub(super) fn captures(
    index: &Index,
    read: &TokenizedMessage,
    errors: &[SingleError<'_, '_>],
) -> Vec<BTreeMap<String, Vec<String>>> {
    let captured = |read: &TokenizedMessage, error: &SingleError<'_, '_>| {
        capture::captures(index, read, error.candidate.runbook, error.findings.iter().copied())
    };
    let places: Vec<Range<Place>> = errors.iter().map(|error| place(read, error)).collect();
    if errors.len() < 2 {
        return errors.iter().map(|error| captured(read, error)).collect();
    }
    let mut order: Vec<usize> = (0..errors.len()).collect();
    order.sort_by_key(|at| places.get(*at).map(|place| place.start));
    let ordered: Vec<&Range<Place>> = order.iter().filter_map(|at| places.get(*at)).collect();
    let begins: Vec<Place> = ordered
        .windows(2)
        .filter_map(|pair| Some(boundary(read, pair.first()?, pair.get(1)?)))
        .collect();
    let before = ordered.first().map_or((0, 0), |first| (first.start.0, 0));
    let before = TokenizedMessage::new(&index.vocabulary, &text(read, (0, 0)..before));
    let mut all = vec![BTreeMap::new(); errors.len()];
    for (nth, at) in order.iter().enumerate() {
        let (Some(error), Some(captures)) = (errors.get(*at), all.get_mut(*at)) else {
            continue;
        };
        let begin = nth.checked_sub(1).and_then(|nth| begins.get(nth)).copied();
        let begin = begin.unwrap_or_else(|| ordered.first().map_or((0, 0), |first| (first.start.0, 0)));
        let end = begins.get(nth).copied().unwrap_or((read.message.lines.len(), 0));
        let own = TokenizedMessage::new(&index.vocabulary, &text(read, begin..end));
        *captures = captured(&own, error);
        for (name, values) in captured(&before, error) {
            captures.entry(name).or_insert(values);
        }
    }
    all
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
