//! Any text is read as a document with Liquid: data of the folder, conditions, loops and includes.

use std::collections::BTreeMap;

use signpost::runbook::{frontmatter, parse};

/// Beginning of a document, before the text.
const BEGINNINGS: [&str; 6] = [
    "",
    "{% include steps.md name=\"",
    "{{site.data.teams.a.",
    "{% for team in site.data.teams %}",
    "{% if page.owner == \"a\" %}\n",
    "{% assign x = site.data.teams.a %}{{ x | ",
];

/// Panics where the code does what it must not.
pub fn run(input: (u8, &str)) {
    let (kind, text) = input;
    let beginning = BEGINNINGS[usize::from(kind) % BEGINNINGS.len()];
    let text = format!("---\nowner: a\n---\n# E0001\n{beginning}{text}");
    let teams = frontmatter::data("a: {name: A, comm: {name: '#a', link: 'https://example.com'}}").unwrap_or_default();
    let data = BTreeMap::from([("teams".to_owned(), teams)]);
    let (runbook, diagnostics) = parse("a.md", &text, &data);
    let lines = text.replace("\r\n", "\n").replace('\r', "\n").split('\n').count();
    assert!(diagnostics.iter().all(|found| found.line as usize <= lines + 1));
    assert!(runbook.is_none_or(|runbook| !runbook.sections.is_empty()));
}
