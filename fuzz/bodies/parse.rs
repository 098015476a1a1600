//! Any text is read as any kind of document: the first byte chooses the kind.

use std::collections::BTreeMap;

use signpost::runbook::{frontmatter, parse};

const PATHS: [&str; 4] = ["a.md", "rules.yaml", "a/page.txt", "README"];
/// Beginning of a document of each dialect.
const BEGINNINGS: [&str; 6] = [
    "",
    "---\nsubcollection: x\n---\n# E0001\n{: tsSymptoms}\n",
    "---\nrunbook-name: x\nsignpost:\n  signatures:\n    - regex: '",
    "Original URL: <https://example.com/x>\n\n",
    "## Meaning\n\n## Mitigation\n",
    "rules:\n  - cre:\n      id: A\n    rule:\n      set:\n        match:\n          - regex: \"",
];

/// Panics where the code does what it must not.
pub fn run(input: (u8, &str)) {
    let (kind, text) = input;
    let path = PATHS[kind as usize % PATHS.len()];
    let text = format!("{}{text}", BEGINNINGS[kind as usize / 16 % BEGINNINGS.len()]);
    let data = BTreeMap::from([(
        "teams".to_owned(),
        frontmatter::data("a: {name: A, comm: {name: '#a', link: 'https://example.com'}}").unwrap_or_default(),
    )]);
    let (runbook, diagnostics) = parse(path, &text, &data);
    let lines = text.replace("\r\n", "\n").replace('\r', "\n").split('\n').count();
    assert!(diagnostics.iter().all(|found| found.line as usize <= lines + 1));
    if let Some(runbook) = runbook {
        assert!(!runbook.sections.is_empty());
    }
}
