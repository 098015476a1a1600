//! The real corpus: every document loads.

use std::path::PathBuf;

use signpost::files;
use signpost::runbook::Library;

pub(super) fn load() -> Option<Library> {
    #[expect(clippy::disallowed_methods, reason = "tests find the corpus where the caller says")]
    let dir = std::env::var_os("SIGNPOST_CORPUS").map_or_else(|| PathBuf::from("../shared/corpus"), PathBuf::from);
    if !dir.is_dir() {
        println!("SKIPPED runbook::corpus: there is no {}", dir.display());
        return None;
    }
    Some(files::load(&dir, &files::Options::default(), None, &|_, _| {}).expect("the corpus loads"))
}

#[test]
fn every_document_loads() {
    let Some(library) = load() else { return };
    assert_eq!(library.runbooks.len(), 638);
}
