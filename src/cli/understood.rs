//! The page of `signpost render --html`: each document beside what was understood of it, so that authors see what an
//! answer is made of, and which lines no answer shows.

use std::collections::{HashMap, HashSet};
use std::io::Write;

use minijinja::Environment;
use minijinja::value::Serde;
use serde_json::{Value, json};

use super::terminal::{redact_json, redacted};
use crate::respond::{Responder, to_text};
use crate::runbook::{
    Completeness, Diagnostic, Document, Level, Library, Runbook, Step, SymptomKind, Topic, TopicId, plain_block,
};

/// Template of the page, and of one document in it.
const PAGE: &str = include_str!("../../responses/pages/understood.html");
const DOCUMENT: &str = include_str!("../../responses/pages/understood_document.html");
/// Mark of the place in the page where the documents stand. No value holds it: they are escaped.
const DOCUMENTS: &str = "<!-- documents -->\n";
/// Share of the words of a line that answers show, in percent, from which the line counts as shown.
const SHOWN: usize = 50;

/// Writes the page about some documents of a library, by index. One document after the other: all of them at once would take
/// hundreds of megabytes.
///
/// # Errors
///
/// A template cannot be rendered, or `out` cannot be written.
pub(super) fn page(
    library: &Library,
    responder: &Responder,
    documents: &[usize],
    show_secrets: bool,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    let mut environment = Environment::new();
    // The ending switches the escaping of HTML on.
    environment.add_template("page.html", PAGE)?;
    environment.add_template("document.html", DOCUMENT)?;
    let rendered = |name: &str, mut values: Value| {
        redact_json(&mut values, show_secrets);
        environment
            .get_template(name)?
            .render(minijinja::Value::from(Serde(values)))
    };
    let page = rendered(
        "page.html",
        json!({"count": documents.len(), "skipped": library.skipped}),
    )?;
    let (head, foot) = page.split_once(DOCUMENTS).unwrap_or((&page, ""));
    out.write_all(head.as_bytes())?;
    let mut findings: HashMap<&str, Vec<&Diagnostic>> = HashMap::new();
    for found in &library.diagnostics {
        findings.entry(&found.path).or_default().push(found);
    }
    for index in documents {
        let Some(read) = library.runbooks.get(*index) else {
            continue;
        };
        // Keys that span lines are found in the whole text only.
        let text = redacted(read.text().unwrap_or_default(), show_secrets);
        let findings = findings.get(read.path.as_str()).map(Vec::as_slice);
        let mut values = document(library, responder, *index, (read, &text), findings.unwrap_or_default());
        if let Some(values) = values.as_object_mut() {
            values.insert("is_alone".to_owned(), json!(documents.len() == 1));
        }
        writeln!(out, "{}", rendered("document.html", values)?)?;
    }
    out.write_all(foot.as_bytes())?;
    Ok(())
}

fn document(
    library: &Library,
    responder: &Responder,
    index: usize,
    (document, text): (&Document, &str),
    findings: &[&Diagnostic],
) -> Value {
    let runbook: &Runbook = document;
    let shown = shown_words(library, responder, index);
    let lines = lines(text, runbook, &shown);
    let findings = findings.iter().map(|found| {
        let level = if found.level == Level::Error { "error" } else { "note" };
        json!({"level": level, "line": found.line, "message": found.message})
    });
    json!({
        "path": runbook.path,
        "title": runbook.title,
        "dialect": runbook.dialect,
        "note": match runbook.completeness {
            Completeness::Full => None,
            Completeness::Draft => Some("a draft, never used for automatic answers"),
            Completeness::Pointer => Some("a reference to another document, never used for automatic answers"),
            Completeness::Listing => Some("a list of other documents, never used for automatic answers"),
            Completeness::Partial => Some("a fragment that other documents include"),
        },
        "hidden": lines.iter().filter(|(class, _)| *class == "hidden").count(),
        "lines": lines.iter().map(|(class, text)| json!({"class": class, "text": text})).collect::<Vec<_>>(),
        "findings": findings.collect::<Vec<_>>(),
        "topics": runbook.topics.iter().map(|topic| topic_values(runbook, topic)).collect::<Vec<_>>(),
    })
}

fn topic_values(runbook: &Runbook, topic: &Topic) -> Value {
    let section = runbook.sections.get(topic.section);
    let heading = |section: usize| runbook.sections.get(section).map(|section| section.heading.clone());
    json!({
        "title": topic.title,
        "line": section.map(|section| section.line),
        "symptoms": topic.symptoms,
        "causes": topic.causes.iter().map(plain_block).collect::<Vec<_>>(),
        "steps": steps(&topic.steps),
        "branches": topic
            .branches
            .iter()
            .map(|branch| match heading(branch.section) {
                Some(heading) if heading != branch.label => format!("{} → {heading}", branch.label),
                _ => branch.label.clone(),
            })
            .collect::<Vec<_>>(),
        "contacts": topic.contacts,
        "places": topic.places,
    })
}

fn steps(list: &[Step]) -> Vec<Value> {
    let value = |step: &Step| {
        json!({
            "number": step.number,
            "value": step.number.rsplit('.').next().and_then(|number| number.parse::<u32>().ok()),
            "texts": step.blocks.iter().map(plain_block).collect::<Vec<_>>(),
            "steps": steps(&step.steps),
        })
    };
    list.iter().map(value).collect()
}

/// All words of the answers about a document.
fn shown_words(library: &Library, responder: &Responder, index: usize) -> HashSet<String> {
    let Some(runbook) = library.runbooks.get(index) else {
        return HashSet::new();
    };
    let topics = runbook.topics.iter().map(|topic| TopicId {
        runbook: index,
        section: topic.section,
    });
    let texts = topics.map(|id| to_text(&responder.show(library, id)));
    texts.flat_map(|text| words(&text).collect::<Vec<_>>()).collect()
}

/// The lines of a source, each with its class on the page.
fn lines<'t>(text: &'t str, runbook: &Runbook, shown: &HashSet<String>) -> Vec<(&'static str, &'t str)> {
    let mut lines: Vec<(&'static str, &str)> = text.lines().map(|line| ("", line)).collect();
    for (class, line) in &mut lines {
        let all = words(line).count();
        let known = words(line).filter(|word| shown.contains(word)).count();
        if known * 100 < all * SHOWN {
            *class = "hidden";
        }
    }
    let mut mark = |line: u32, count: usize, class: &'static str| {
        let first = usize::try_from(line).unwrap_or(usize::MAX);
        for (known, _) in lines.iter_mut().skip(first.saturating_sub(1)).take(count) {
            *known = class;
        }
    };
    for topic in &runbook.topics {
        let mut all: Vec<&Step> = topic.steps.iter().collect();
        while let Some(step) = all.pop() {
            mark(step.line, 1, "step");
            all.extend(&step.steps);
        }
        for contact in topic.contacts.iter().filter(|contact| contact.line > 0) {
            mark(contact.line, 1, "contact");
        }
        for symptom in topic.symptoms.iter().filter(|symptom| symptom.line > 0) {
            // A code block begins with the line of its fence.
            let fence = usize::from(symptom.kind == SymptomKind::Code);
            mark(symptom.line, symptom.text.lines().count().max(1) + fence, "symptom");
        }
    }
    lines
}

fn words(text: &str) -> impl Iterator<Item = String> {
    let words = text.split(|c: char| !c.is_alphanumeric());
    words.filter(|word| word.chars().count() > 1).map(str::to_lowercase)
}
