//! Alternatives among the steps of a topic: "You're the cluster creator" and "You're not the cluster creator", of which
//! a reader follows one.
//!
//! Only clear cases count, since the steps of the others are hidden once one is chosen: at least two neighbours of one
//! form, each with steps of its own, that together are at least half of the topic's steps, and no second such group.

use std::collections::{BTreeMap, HashSet};
use std::ops::Range;

use super::{Alternative, Alternatives, Block, BlockKind, Inline, Section, Step, plain};

/// Most characters of a list item's condition; a longer one is a sentence and no choice.
const CONDITION: usize = 120;
/// Most alternatives of a group: a longer list is a collection of unrelated problems.
const MOST: usize = 8;

/// The form of a condition. Alternatives share it.
#[derive(Debug, Clone, PartialEq, Eq)]
enum ConditionForm {
    /// "If …", "When …", "You're …".
    Condition,
    /// "For virtual machines:".
    For,
    /// "Using the console".
    Means,
    /// "Option A", "Cause 2": the word.
    Numbered(String),
}

/// Most words of a heading such as "For clusters with a proxy" that ends without a colon.
const WORDS: usize = 8;
/// Most steps of a topic with a choice: a longer one is a collection, and the limit bounds the work.
const STEPS: usize = 200;

/// Finds the alternatives of the topic of a section, `at`: among the sections that its steps come from, the bold lines
/// above its steps, and the items of a list. `ends` are the indexes after the last section nested in each section.
pub(super) fn find(sections: &[Section], ends: &[usize], at: usize, steps: &[Step]) -> Option<Alternatives> {
    if steps.len() > STEPS {
        return None;
    }
    let mut groups = of_sections(sections, ends, at, steps);
    if groups.is_empty() {
        groups = of_bold_lines(steps);
    }
    if groups.is_empty() {
        groups = of_items(steps);
    }
    let [_] = groups.as_slice() else { return None };
    let group = groups.pop()?;
    let covered = match group.within {
        None => group.list.iter().map(|one| one.steps.len()).sum(),
        Some(_) => 1,
    };
    (group.list.len() <= MOST && 2 * covered >= steps.len()).then_some(group)
}

/// Groups of sibling sections. Those within an alternative belong to it.
fn of_sections(sections: &[Section], ends: &[usize], topic: usize, steps: &[Step]) -> Vec<Alternatives> {
    // The steps of a section and of those nested in it stand together, in the order of the document.
    let range = |at: usize| -> Range<usize> {
        let end = ends.get(at).copied().unwrap_or(at);
        let inside = |step: &Step| step.under.is_some_and(|under| (at..end).contains(&under));
        let start = steps.iter().position(inside).unwrap_or(steps.len());
        let count = steps.iter().skip(start).take_while(|step| inside(step)).count();
        start..start + count
    };
    // The neighbours of one form so far, by the section around them.
    let mut open: BTreeMap<usize, (ConditionForm, Vec<Alternative>)> = BTreeMap::new();
    let mut out: Vec<Alternatives> = Vec::new();
    let mut close = |run: Option<(ConditionForm, Vec<Alternative>)>| {
        let list = run.map(|(_, list)| list).filter(|list| list.len() >= 2);
        // A choice that lacks one of the alternatives is none.
        let list = list.filter(|list| list.iter().all(|one| !one.steps.is_empty()) && !is_one_means(list));
        out.extend(list.map(|list| Alternatives { within: None, list }));
    };
    let end = ends.get(topic).copied().unwrap_or(topic);
    for (at, section) in sections.iter().enumerate().take(end).skip(topic + 1) {
        let Some(parent) = section.parent else { continue };
        let steps = range(at);
        let form = form(&section.heading);
        // A section without steps, such as an example, parts nothing.
        if steps.is_empty() && form.is_none() {
            continue;
        }
        if open.get(&parent).is_some_and(|(other, _)| Some(other) != form.as_ref()) {
            close(open.remove(&parent));
        }
        if let Some(form) = form {
            let label = section.heading.trim().trim_end_matches(':').to_owned();
            let (_, list) = open.entry(parent).or_insert_with(|| (form, Vec::new()));
            list.push(Alternative { label, steps });
        }
    }
    for (_, run) in open {
        close(Some(run));
    }
    let all = out.clone();
    let is_inner = |group: &Alternatives| {
        let own = span(group);
        let holds = |one: &Alternative| one.steps.start <= own.start && own.end <= one.steps.end;
        all.iter().any(|other| other != group && other.list.iter().any(holds))
    };
    out.retain(|group| !is_inner(group));
    out
}

/// Returns true when two alternatives use the same: "Using the dashboard to …" twice is no choice.
fn is_one_means(list: &[Alternative]) -> bool {
    let mut seen = HashSet::new();
    let lower: Vec<String> = list.iter().map(|one| one.label.to_lowercase()).collect();
    let means = lower.iter().filter_map(|label| label.strip_prefix("using "));
    let means = means.map(|rest| rest.strip_prefix("the ").unwrap_or(rest));
    means
        .into_iter()
        .any(|rest| !seen.insert(rest.split_whitespace().next()))
}

fn span(group: &Alternatives) -> Range<usize> {
    let start = group.list.first().map_or(0, |first| first.steps.start);
    start..group.list.last().map_or(start, |last| last.steps.end)
}

/// A group of bold lines, each above steps of its own: "**Option A**". The last one goes on to its last numbered step, or
/// without such steps to the end of its section.
fn of_bold_lines(steps: &[Step]) -> Vec<Alternatives> {
    let condition = |step: &Step| -> Option<(ConditionForm, String)> {
        let [first, ..] = step.blocks.as_slice() else {
            return None;
        };
        let BlockKind::Paragraph(inlines) = &first.kind else {
            return None;
        };
        let [Inline::Strong(label)] = inlines.as_slice() else {
            return None;
        };
        let label = plain(label).trim().to_owned();
        let form = form(&label).filter(|_| step.number.is_empty())?;
        Some((form, label.trim_end_matches(':').to_owned()))
    };
    let begins: Vec<(usize, ConditionForm, String)> = steps
        .iter()
        .enumerate()
        .filter_map(|(at, step)| condition(step).map(|(form, label)| (at, form, label)))
        .collect();
    let (Some((first, form, _)), true) = (begins.first(), begins.len() >= 2) else {
        return Vec::new();
    };
    let under = steps.get(*first).and_then(|step| step.under);
    let is_same = |(at, other, _): &(usize, ConditionForm, String)| {
        other == form && steps.get(*at).is_some_and(|step| step.under == under)
    };
    if !begins.iter().all(is_same) {
        return Vec::new();
    }
    let after = steps.iter().skip(*first).take_while(|step| step.under == under).count();
    // What follows the numbered steps of the last one, such as "Finally, check …", is for everybody.
    let begin = begins.last().map_or(*first, |(at, ..)| *at);
    let own = steps.get(begin..first + after).unwrap_or_default();
    let numbered = own.iter().rposition(|step| !step.number.is_empty());
    let last = numbered.map_or(first + after, |at| begin + at + 1);
    let ends = begins.iter().skip(1).map(|(at, ..)| *at).chain([last]);
    let list: Vec<Alternative> = begins
        .iter()
        .zip(ends)
        .map(|((at, _, label), end)| Alternative {
            label: label.clone(),
            steps: *at..end,
        })
        .collect();
    let has_steps = |one: &Alternative| {
        one.steps.len() > 1 || steps.get(one.steps.start).is_some_and(|step| !step.steps.is_empty())
    };
    if list.iter().all(has_steps) {
        vec![Alternatives { within: None, list }]
    } else {
        Vec::new()
    }
}

/// Groups of list items below a step, each with more than its condition.
fn of_items(steps: &[Step]) -> Vec<Alternatives> {
    let mut out = Vec::new();
    for (at, step) in steps.iter().enumerate() {
        let announced = step.blocks.last().is_some_and(announces);
        let read = |(at, item): (usize, &Step)| -> Option<(ConditionForm, Alternative)> {
            let first = item.blocks.first()?;
            let BlockKind::Paragraph(inlines) = &first.kind else {
                return None;
            };
            let has_more = item.blocks.len() > 1 || !item.steps.is_empty();
            let text = plain(inlines);
            let label = text.trim().trim_end_matches([':', '.', ',']).to_owned();
            let form = form(&text).filter(|form| announced || matches!(form, ConditionForm::Numbered(_)))?;
            let is_choice = has_more && item.number.is_empty() && label.chars().count() <= CONDITION;
            is_choice.then_some((
                form,
                Alternative {
                    label,
                    steps: at..at + 1,
                },
            ))
        };
        let read: Option<Vec<(ConditionForm, Alternative)>> = step.steps.iter().enumerate().map(read).collect();
        let Some(read) = read.filter(|read| read.len() >= 2) else {
            continue;
        };
        if read
            .windows(2)
            .all(|pair| matches!(pair, [(one, _), (other, _)] if one == other))
        {
            out.push(Alternatives {
                within: Some(at),
                list: read.into_iter().map(|(_, one)| one).collect(),
            });
        }
    }
    out
}

/// Returns true for a text that says that one of what follows applies.
fn announces(block: &Block) -> bool {
    let BlockKind::Paragraph(inlines) = &block.kind else {
        return false;
    };
    let text = plain(inlines).to_lowercase();
    ["one of", "either", "depend", "whether", "which"]
        .iter()
        .any(|word| text.contains(word))
}

/// Returns the form of a condition; `None` for any other text, and for a condition about the steps before it.
fn form(text: &str) -> Option<ConditionForm> {
    let text = text.trim().to_lowercase().replace('’', "'");
    let goes_on = [
        "above",
        "previous",
        "it still",
        "you still",
        "still not",
        "still see",
        "still get",
        "problem still",
        "issue still",
        "persist",
        "n't help",
        "not help",
        "n't work",
        "not work",
        "none of",
        "fails",
        "after all",
        "in doubt",
        "all else",
        "necessary",
        "needed",
        "more ",
        "for example",
        "for further",
        "for reference",
    ];
    if text.ends_with('?') || goes_on.iter().any(|words| text.contains(words)) {
        return None;
    }
    let starts = |starts: &[&str]| starts.iter().any(|start| text.starts_with(start));
    let is_about_you = starts(&["you ", "you're ", "your "])
        && !starts(&[
            "you can ",
            "you should ",
            "you must ",
            "you need ",
            "you may ",
            "you want ",
            "you will ",
        ]);
    // Phases follow each other: "When you start …", "When it is done …".
    let is_phase = [
        "you start",
        "you begin",
        "finish",
        "done",
        "complete",
        "again",
        "recovered",
        "resolved",
    ]
    .iter()
    .any(|word| text.contains(word));
    let is_question = starts(&["when to ", "when and ", "when is ", "when are ", "when do "]);
    if is_about_you || starts(&["if ", "in case "]) || starts(&["when "]) && !is_question && !is_phase {
        return Some(ConditionForm::Condition);
    }
    if starts(&["for "]) && (text.ends_with(':') || text.split_whitespace().count() <= WORDS) {
        return Some(ConditionForm::For);
    }
    if starts(&["using ", "with ", "without "]) {
        return Some(ConditionForm::Means);
    }
    let mut words = text.split(|c: char| c.is_whitespace() || ":.)-–—".contains(c));
    let word = words.next()?;
    let count = words.next()?;
    let is_count = count.len() == 1 && count.chars().all(|c| c.is_ascii_alphanumeric())
        || count.len() == 2 && count.chars().all(|c| c.is_ascii_digit());
    let kinds = [
        "option",
        "cause",
        "case",
        "method",
        "scenario",
        "variant",
        "alternative",
        "solution",
    ];
    (is_count && kinds.contains(&word)).then(|| ConditionForm::Numbered(word.to_owned()))
}
