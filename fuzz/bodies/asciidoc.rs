//! Any text is read as AsciiDoc, and as a file that AsciiDoc documents share.

use std::collections::BTreeMap;

use signpost::runbook::asciidoc::collection;
use signpost::runbook::parse;

/// Panics where the code does what it must not.
pub fn run(input: (&str, &str)) {
    let (text, shared) = input;
    let path = "modules/a/pages/page.adoc";
    let attributes = [("modules/a/attributes.adoc".to_owned(), shared.to_owned())];
    let title = collection::title(shared).map(str::to_owned);
    let files = vec![("modules/a/pages/x.adoc".to_owned(), title, Some(shared.to_owned()))];
    let data = collection::shared(&attributes, files).map(|data| (collection::SHARED.to_owned(), data));
    let (runbook, diagnostics) = parse(path, text, &data.into_iter().collect::<BTreeMap<_, _>>());
    let lines = text.replace("\r\n", "\n").replace('\r', "\n").split('\n').count();
    assert!(diagnostics.iter().all(|found| found.line as usize <= lines + 1));
    let runbook = runbook.unwrap_or_else(|| panic!("AsciiDoc is always read"));
    assert!(runbook.sections.iter().all(|section| section.line as usize <= lines));
    for include in collection::included(text) {
        let inside = |path: &String| !path.split('/').any(|part| part == "..");
        assert!(collection::candidates(path, &include.target).iter().all(inside));
    }
}
