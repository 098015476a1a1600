//! Removal of secrets from all text that is sent or stored. No I/O.
//!
//! A scan for literals decides which detectors run, so that clean text costs next to nothing. A detector is a regular
//! expression without backtracking, or reads forward from a name within a limit, so that the cost is linear even for
//! the worst text. What wraps a secret (formatting, escapes, base64) is taken off first. Each find is replaced by a mark
//! that names its kind; line breaks are kept.

mod assignment;
mod blocks;
mod command_lines;
mod detectors;
mod encoded;
mod files;
mod find;
mod judgement;
mod keys;
mod names;
mod plain;
mod prefilter;
mod programs;
mod separators;
mod shapes;
mod strong;
mod tables;
mod urls;
mod value;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;

use aho_corasick::{AhoCorasick, MatchKind};

use find::Find;
pub use find::KINDS;

/// Most rounds of replacing. A replacement can lead to a new find only where a mark meets text; two rounds suffice for
/// all known cases.
const ROUNDS: usize = 6;

/// The beginning of a mark.
const MARK: &str = "[redacted: ";

/// Least bytes of a secret that is looked for again in the rest of the text.
const REPEATED: usize = 6;
/// Most secrets that are looked for again.
const MOST_REPEATED: usize = 200;

/// Replaces every recognised secret of a text by a mark that names its kind, such as `[redacted: github-token]`.
pub fn redact(text: &str) -> Cow<'_, str> {
    let mut out = Cow::Borrowed(text);
    for _ in 0..ROUNDS {
        match once(&out) {
            Some(cleaner) => out = Cow::Owned(cleaner),
            None => break,
        }
    }
    out
}

/// Returns the kinds of the secrets in a text, each once, in the order of [`KINDS`].
pub fn kinds(text: &str) -> Vec<&'static str> {
    let finds = finds(text);
    KINDS
        .iter()
        .copied()
        .filter(|kind| finds.iter().any(|find| find.kind == *kind))
        .collect()
}

fn once(text: &str) -> Option<String> {
    let finds = finds(text);
    (!finds.is_empty()).then(|| replaced(text, &finds))
}

/// The secrets of a text, in order, without overlaps and without what is redacted already.
fn finds(text: &str) -> Vec<Find> {
    let mut finds = Vec::new();
    find_all(text, 0, &mut finds);
    if finds.is_empty() {
        return finds;
    }
    finds.sort_by_key(|find| (find.range.start, find.range.end));
    without_marks(text, &mut finds);
    let mut finds = merged(finds);
    repeat(text, &mut finds);
    finds
}

/// Adds the secrets of a text that was decoded `depth` times, in no order.
fn find_all(text: &str, depth: usize, finds: &mut Vec<Find>) {
    let wanted = prefilter::wanted(text);
    wanted.find(text, depth, finds);
    let Some(plain) = plain::plain(text) else {
        if wanted.shapes() && text.contains('\n') {
            find_joined(&plain::identity(text), finds);
        }
        return;
    };
    let mut inner = Vec::new();
    let wanted = prefilter::wanted(&plain.text);
    wanted.find(&plain.text, depth, &mut inner);
    finds.extend(
        inner
            .iter()
            .filter_map(|find| Some(Find::new(plain.original(&find.range)?, find.kind))),
    );
    if wanted.shapes() && plain.text.contains('\n') {
        find_joined(&plain, finds);
    }
}

/// Adds the shapes that a line break parts. A whole token at the end of a line does not swallow the next line.
fn find_joined(plain: &plain::UnwrappedText, finds: &mut Vec<Find>) {
    let Some(joined) = plain.joined() else { return };
    let mut inner = Vec::new();
    prefilter::wanted(&joined.text).find_shapes(&joined.text, &mut inner);
    let known: BTreeSet<usize> = finds.iter().map(|find| find.range.start).collect();
    for find in inner {
        let Some(range) = joined.original(&find.range) else {
            continue;
        };
        let continues = joined
            .tail(&find.range)
            .is_some_and(|tail| judgement::looks_random(tail, 6));
        if !known.contains(&range.start) || continues {
            finds.push(Find::new(range, find.kind));
        }
    }
}

/// Removes the finds within marks, and cuts the others at them.
fn without_marks(text: &str, finds: &mut Vec<Find>) {
    let marks: Vec<Range<usize>> = marks(text);
    if marks.is_empty() {
        return;
    }
    finds.retain_mut(|find| {
        let at = marks.partition_point(|mark| mark.end <= find.range.start);
        let Some(mark) = marks.get(at).filter(|mark| mark.start < find.range.end) else {
            return true;
        };
        if mark.start <= find.range.start {
            return false;
        }
        find.range.end = mark.start;
        !text.get(find.range.clone()).unwrap_or_default().trim().is_empty()
    });
}

/// The marks in a text that name a known kind: anybody can write a bracket.
fn marks(text: &str) -> Vec<Range<usize>> {
    text.match_indices(MARK)
        .filter_map(|(at, _)| {
            let rest = text.get(at + MARK.len()..)?;
            let kind = KINDS
                .iter()
                .find(|kind| rest.strip_prefix(**kind).is_some_and(|rest| rest.starts_with(']')))?;
            Some(at..at + MARK.len() + kind.len() + 1)
        })
        .collect()
}

/// Merges overlapping finds; the result has the name of the most important detector.
fn merged(finds: Vec<Find>) -> Vec<Find> {
    let mut out: Vec<Find> = Vec::new();
    for find in finds {
        match out.last_mut() {
            Some(last) if find.range.start < last.range.end => {
                last.range.end = last.range.end.max(find.range.end);
                if find.rank() < last.rank() {
                    last.kind = find.kind;
                }
            }
            _ => out.push(find),
        }
    }
    out
}

/// Adds the other places of secrets that were found: a command repeats what a file says.
fn repeat(text: &str, finds: &mut Vec<Find>) {
    let mut known = BTreeSet::new();
    let secrets: Vec<(&str, &'static str)> = finds
        .iter()
        .filter_map(|find| Some((text.get(find.range.clone())?.trim(), find.kind)))
        .filter(|(secret, _)| {
            secret.len() >= REPEATED && secret.len() <= 400 && judgement::looks_random(secret, REPEATED)
        })
        .filter(|(secret, _)| known.insert(*secret))
        .take(MOST_REPEATED)
        .collect();
    let search = AhoCorasick::builder()
        .match_kind(MatchKind::LeftmostLongest)
        .build(secrets.iter().map(|(secret, _)| secret));
    let Ok(search) = search else { return };
    let mut more: Vec<Find> = search
        .find_iter(text)
        .filter_map(|hit| {
            secrets
                .get(hit.pattern().as_usize())
                .map(|(_, kind)| Find::new(hit.range(), kind))
        })
        .collect();
    if more.len() > secrets.len() {
        without_marks(text, &mut more);
        more.append(finds);
        more.sort_by_key(|find| (find.range.start, find.range.end));
        *finds = merged(more);
    }
}

fn replaced(text: &str, finds: &[Find]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for find in finds {
        out.push_str(text.get(at..find.range.start).unwrap_or_default());
        let secret = text.get(find.range.clone()).unwrap_or_default();
        let lead = secret.len() - secret.trim_start_matches('\n').len();
        let breaks = secret.matches('\n').count();
        out.push_str(&"\n".repeat(lead));
        out.extend([MARK, find.kind, "]"]);
        out.push_str(&"\n".repeat(breaks.saturating_sub(lead)));
        at = find.range.end;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}
