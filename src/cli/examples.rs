//! Example errors to try in the local workspace, taken from a folder of runbooks.

use crate::matching::Index;
use crate::runbook::{Library, Runbook, Symptom, SymptomKind, placeholder};
use crate::sandbox::Example;

/// Maximum number of examples that are offered.
const MOST: usize = 5;
/// Maximum number of runbooks that are searched for error texts: opening one reads it again.
const OPENED: usize = 200;
/// Maximum number of texts of one runbook that are tried.
const TRIED: usize = 12;
/// Length of an error text in characters.
const LENGTH: std::ops::RangeInclusive<usize> = 12..=600;
/// Maximum characters of the hint below a title.
const HINT: usize = 60;

/// Finds examples that the bot answers with the runbook they come from: those of the front matter first, then error
/// texts of the runbooks' own signatures. Empty when there are none.
pub(super) fn of(library: &Library, index: &Index) -> Vec<Example> {
    let numbered = || library.runbooks.iter().enumerate();
    let mut found: Vec<(usize, Example)> = Vec::new();
    let with_examples =
        numbered().filter(|(_, document)| document.text().is_some_and(|text| text.contains("examples")));
    for (number, document) in with_examples.take(OPENED) {
        take(&mut found, number, document.look(written));
    }
    for (number, document) in numbered().take(OPENED) {
        if found.len() >= MOST {
            break;
        }
        if found.iter().all(|(other, _)| *other != number) {
            let candidates = document.look(signatures);
            let answered = |example: &Example| {
                let outcome = index.find(&example.text);
                outcome.matches.first().is_some_and(|best| best.topic.runbook == number)
            };
            take(&mut found, number, candidates.into_iter().find(answered));
        }
    }
    found.into_iter().take(MOST).map(|(_, example)| example).collect()
}

fn take(found: &mut Vec<(usize, Example)>, number: usize, example: Option<Example>) {
    if found.len() < MOST {
        found.extend(example.map(|example| (number, example)));
    }
}

/// The first example that the author wrote.
fn written(runbook: &Runbook) -> Option<Example> {
    let text = runbook.front.signpost.examples.first()?;
    Some(example(runbook, text.clone(), false))
}

/// The errors and alerts in a runbook, with values in the place of placeholders.
fn signatures(runbook: &Runbook) -> Vec<Example> {
    let symptoms = runbook.topics.iter().flat_map(|topic| &topic.symptoms);
    let shown = |symptom: &&Symptom| {
        symptom.kind == SymptomKind::Alert
            || symptom.kind != SymptomKind::Heading && LENGTH.contains(&symptom.text.chars().count())
    };
    let made = symptoms.filter(shown).take(TRIED).map(|symptom| match symptom.kind {
        SymptomKind::Alert => {
            let text = format!("[FIRING:1] {}\n - alertname = {0}", symptom.text.trim());
            example(runbook, text, true)
        }
        _ => example(runbook, filled(&symptom.text), false),
    });
    made.collect()
}

fn example(runbook: &Runbook, text: String, is_alert: bool) -> Example {
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let mut hint: String = first.trim().chars().take(HINT).collect();
    if hint.len() < first.trim().len() {
        hint.push('…');
    }
    Example {
        title: runbook.title.clone(),
        hint,
        text,
        is_alert,
    }
}

/// A text with a made-up value in the place of each placeholder: `<NODE>` → `node-1`.
fn filled(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for placeholder in placeholder::find(text) {
        out.push_str(text.get(from..placeholder.range.start).unwrap_or_default());
        out.push_str(&placeholder.name.replace('_', "-"));
        out.push_str("-1");
        from = placeholder.range.end;
    }
    out.push_str(text.get(from..).unwrap_or_default());
    out
}
