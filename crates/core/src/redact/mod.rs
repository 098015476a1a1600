//! Removal of secrets from all text that is sent or stored. No I/O.
//!
//! A scan for a few dozen literals decides which detectors run, so that clean text costs next to nothing; every
//! detector is a regular expression without backtracking, so that the cost is linear even for the worst text. Each find
//! is replaced by a mark that names its kind; line breaks are kept.

mod assignment;
mod detectors;

use std::borrow::Cow;
use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use detectors::{DETECTORS, Detector};

/// Most rounds of replacing. A replacement can lead to a new find only where a mark meets text; two rounds suffice for
/// all known cases.
const ROUNDS: usize = 4;

/// The beginning of a mark.
const MARK: &str = "[redacted: ";

struct Prefilter {
    literals: AhoCorasick,
    /// The detector of each literal, by index into [`DETECTORS`].
    owners: Vec<usize>,
}

static PREFILTER: LazyLock<Option<Prefilter>> = LazyLock::new(|| {
    let pairs = DETECTORS.iter().enumerate();
    let (literals, owners): (Vec<&str>, Vec<usize>) = pairs
        .flat_map(|(at, detector)| detector.literals.iter().map(move |literal| (*literal, at)))
        .unzip();
    let literals = AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .build(literals)
        .ok()?;
    Some(Prefilter { literals, owners })
});

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

/// A secret in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Find {
    range: Range<usize>,
    /// Index into [`DETECTORS`], which is in order of importance.
    detector: usize,
}

fn once(text: &str) -> Option<String> {
    let wanted = wanted(text);
    let mut finds = Vec::new();
    for (at, detector) in DETECTORS.iter().enumerate() {
        if wanted & (1 << at) != 0 {
            finds.extend(found_by(detector, text).map(|range| Find { range, detector: at }));
        }
    }
    if finds.is_empty() {
        return None;
    }
    Some(replaced(text, merged(finds)))
}

/// The detectors to run on a text, one bit each.
fn wanted(text: &str) -> u64 {
    let Some(prefilter) = PREFILTER.as_ref() else {
        // Without the scan every detector runs: slow is better than leaky.
        return u64::MAX;
    };
    let mut wanted = 0;
    for found in prefilter.literals.find_overlapping_iter(text) {
        if let Some(owner) = prefilter.owners.get(found.pattern().as_usize()) {
            wanted |= 1 << owner;
        }
    }
    wanted
}

fn found_by<'a>(detector: &'a Detector, text: &'a str) -> impl Iterator<Item = Range<usize>> + 'a {
    detector.expression().into_iter().flat_map(move |expression| {
        expression.captures_iter(text).filter_map(move |found| {
            // After a name only the value is removed, a shape is removed whole.
            let secret = ["secret", "plain", "dq", "sq", "bare"]
                .iter()
                .find_map(|group| found.name(group))
                .or_else(|| found.get(0))?;
            let plain = secret.as_str().trim();
            (!plain.is_empty() && !plain.starts_with(MARK) && (detector.holds)(&found, text)).then(|| secret.range())
        })
    })
}

/// Merges overlapping finds; the result has the name of the most important detector.
fn merged(mut finds: Vec<Find>) -> Vec<Find> {
    finds.sort_by_key(|find| (find.range.start, find.range.end));
    let mut out: Vec<Find> = Vec::new();
    for find in finds {
        match out.last_mut() {
            Some(last) if find.range.start < last.range.end => {
                last.range.end = last.range.end.max(find.range.end);
                last.detector = last.detector.min(find.detector);
            }
            _ => out.push(find),
        }
    }
    out
}

fn replaced(text: &str, finds: Vec<Find>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for find in finds {
        out.push_str(text.get(at..find.range.start).unwrap_or_default());
        let secret = text.get(find.range.clone()).unwrap_or_default();
        let kind = DETECTORS.get(find.detector).map_or("secret", |detector| detector.kind);
        let lead = secret.len() - secret.trim_start_matches('\n').len();
        let breaks = secret.matches('\n').count();
        out.push_str(&"\n".repeat(lead));
        out.extend([MARK, kind, "]"]);
        out.push_str(&"\n".repeat(breaks.saturating_sub(lead)));
        at = find.range.end;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}
