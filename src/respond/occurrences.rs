//! Occurrences of one error in a message, a line each, so that people see which values belong together.

use minijinja::{Value, context};

use super::fill::{Captures, Filled, is_fillable};
use crate::matching::{Match, Occurrence};

/// Most occurrences that are shown.
const SHOWN: usize = 5;
/// Most values of an occurrence that are shown.
const VALUES: usize = 6;

/// Names of placeholders, each with a value.
type Pairs = Vec<(String, String)>;

/// The occurrences of an error as a reply shows them.
#[derive(Debug, Default)]
pub(super) struct OccurrenceLines {
    lines: Vec<Pairs>,
    /// True when the message may hold more occurrences than were read.
    is_cut: bool,
}

impl OccurrenceLines {
    /// The occurrences of a match, in the order of the message, with the values by which they differ. Equal ones are one
    /// line. Without a line when none of the values is one that people have to choose for the steps.
    pub(super) fn of(matched: Option<&Match>, filled: &Filled) -> OccurrenceLines {
        let occurrences = matched.map_or_else(Default::default, |matched| matched.occurrences.as_slice());
        let all: Vec<Pairs> = occurrences.iter().map(fillable).collect();
        let names = differing(&all, filled);
        let mut lines: Vec<Pairs> = Vec::new();
        for values in all {
            let line: Pairs = values.into_iter().filter(|(name, _)| names.contains(name)).collect();
            add(&mut lines, line);
        }
        let is_asked = |(name, _): &(String, String)| filled.several.contains_key(name);
        if lines.len() < 2 || !lines.iter().flatten().any(is_asked) {
            return OccurrenceLines::default();
        }
        OccurrenceLines {
            lines,
            is_cut: occurrences.len() >= Occurrence::MOST,
        }
    }

    /// Template values: the first occurrences, and the number of the others.
    pub(super) fn values(&self) -> Value {
        let pair = |(name, value): &(String, String)| context! { name, value };
        let line = |line: &Pairs| line.iter().take(VALUES).map(pair).collect::<Vec<Value>>();
        context! {
            occurrences => self.lines.iter().take(SHOWN).map(line).collect::<Vec<_>>(),
            more_occurrences => self.lines.len().saturating_sub(SHOWN),
            occurrences_cut => self.is_cut,
        }
    }

    /// The values to choose among that no occurrence holds.
    pub(super) fn without(&self, several: &Captures) -> Captures {
        let is_told = |name: &String, value: &String| {
            let mut pairs = self.lines.iter().flatten();
            pairs.any(|(other, told)| other == name && told == value)
        };
        let rest = several
            .iter()
            .filter(|(name, values)| !values.iter().all(|value| is_told(name, value)));
        rest.map(|(name, values)| (name.clone(), values.clone())).collect()
    }
}

/// The values of an occurrence that could be filled into a command; no others are shown.
fn fillable(occurrence: &Occurrence) -> Pairs {
    let values = occurrence.values.iter();
    values
        .filter(|(name, value)| is_fillable(name, value))
        .cloned()
        .collect()
}

/// The names by whose values the occurrences differ. Of names that have the same values throughout, such as the label of
/// a field and its placeholder, those that the steps use, else the first.
fn differing(all: &[Pairs], filled: &Filled) -> Vec<String> {
    let mut names: Vec<&str> = Vec::new();
    for (name, _) in all.iter().flatten() {
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    let is_used = |name: &str| filled.several.contains_key(name);
    names.sort_by_key(|name| !is_used(name));
    let mut columns: Vec<Vec<Vec<&str>>> = Vec::new();
    let mut differing = Vec::new();
    for name in names {
        let values = column(all, name);
        let is_constant = values.windows(2).all(|pair| pair.first() == pair.last());
        if !is_constant && (is_used(name) || !columns.contains(&values)) {
            differing.push(name.to_owned());
            columns.push(values);
        }
    }
    differing
}

/// The values of a name in each occurrence.
fn column<'p>(all: &'p [Pairs], name: &str) -> Vec<Vec<&'p str>> {
    let own = |pairs: &'p Pairs| {
        let own = pairs.iter().filter(|(other, _)| other == name);
        own.map(|(_, value)| value.as_str()).collect()
    };
    all.iter().map(own).collect()
}

/// Adds the line of an occurrence, unless another line holds all its values; it takes the place of lines that hold fewer.
fn add(lines: &mut Vec<Pairs>, line: Pairs) {
    let is_within = |one: &Pairs, other: &Pairs| one.iter().all(|pair| other.contains(pair));
    if lines.iter().any(|other| is_within(&line, other)) || line.is_empty() {
        return;
    }
    let fewer = lines.iter().position(|other| is_within(other, &line));
    match fewer.and_then(|at| lines.get_mut(at)) {
        Some(other) => *other = line,
        None => lines.push(line),
    }
}
