//! Any message against any documents: parts of the input are documents, the last part is the message.

use std::collections::BTreeMap;

use signpost::matching::{Index, IndexOptions};
use signpost::runbook::{Library, parse};

/// Parts the input.
const MARK: char = '\u{1}';

/// Panics where the code does what it must not.
pub fn run(input: &str) {
    let mut parts: Vec<&str> = input.split(MARK).collect();
    let message = parts.pop().unwrap_or_default();
    let mut library = Library::default();
    for (at, text) in parts.iter().take(6).enumerate() {
        let path = if at % 3 == 2 {
            "r.yaml".to_owned()
        } else {
            format!("{at}.md")
        };
        library
            .runbooks
            .extend(parse(&path, text, &BTreeMap::new()).0.map(Into::into));
    }
    let index = Index::build(&library, &IndexOptions::default());
    let lines = message.split('\n').count();
    // The documents themselves are messages that have much in common with them.
    for text in parts.iter().copied().chain([message]) {
        let found = index.find(text);
        let asked = index.search(text);
        for found in found
            .matches
            .iter()
            .chain(&found.near)
            .chain(&asked.matches)
            .chain(&asked.near)
        {
            assert!((0.0..=1.0).contains(&found.confidence));
            assert!(library.runbooks.get(found.topic.runbook).is_some());
        }
    }
    let outcome = index.find(message);
    for evidence in outcome.matches.iter().flat_map(|found| &found.evidence) {
        assert!((1..=lines).contains(&evidence.line));
    }
}
