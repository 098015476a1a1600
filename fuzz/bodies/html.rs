//! Any text is read as a page, and as Markdown with what site generators add: the first byte chooses the kind.

use std::collections::BTreeMap;

use signpost::runbook::parse;

const PATHS: [&str; 4] = ["a.html", "page.html.en.utf8", "a.mdx", "a.md"];
/// Beginning of a page or a document of each kind.
const BEGINNINGS: [&str; 8] = [
    "",
    "<div id=main-content class=wiki-content><h2 id=a>E0001</h2>",
    "<table><tr><td rowspan=2>",
    "<ac:structured-macro ac:name=\"code\"><ac:plain-text-body><![CDATA[",
    "<dl><dt>E0001<dd><pre>",
    ":::{note}\n:name: a\n",
    "!!! warning \"a\"\n    ",
    "```{code-block} a\n:b:\n",
];

/// Panics where the code does what it must not.
pub fn run(input: (u8, &str)) {
    let (kind, text) = input;
    let path = PATHS[kind as usize % PATHS.len()];
    let text = format!("{}{text}", BEGINNINGS[kind as usize / 16 % BEGINNINGS.len()]);
    let (runbook, diagnostics) = parse(path, &text, &BTreeMap::new());
    let lines = text.replace("\r\n", "\n").replace('\r', "\n").split('\n').count();
    assert!(diagnostics.iter().all(|found| found.line as usize <= lines + 1));
    if let Some(runbook) = runbook {
        assert!(runbook.sections.iter().all(|section| section.line as usize <= lines));
    }
}
