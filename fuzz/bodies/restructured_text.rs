//! Any text is read as reStructuredText, Org, plain text or wiki markup: the first byte chooses. Lines stay those of the text.

use std::collections::BTreeMap;

use signpost::runbook::parse;

const PATHS: [&str; 5] = ["a.rst", "a.rst", "a.org", "a.txt", "a.wiki"];

/// Panics where the code does what it must not.
pub fn run(input: (u8, &str)) {
    let (kind, text) = input;
    let lines = text.replace("\r\n", "\n").replace('\r', "\n").split('\n').count();
    let lines = u32::try_from(lines).unwrap_or(u32::MAX);
    let (runbook, found) = parse(PATHS[usize::from(kind) % PATHS.len()], text, &BTreeMap::new());
    for section in runbook.iter().flat_map(|runbook| &runbook.sections) {
        assert!((1..=lines).contains(&section.line));
    }
    for found in found {
        assert!(found.line <= lines);
    }
}
