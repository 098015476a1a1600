//! The sample pack that is built into the binary.

use rust_embed::RustEmbed;

use super::{finish, walk};
use crate::runbook::{self, Library};

#[derive(RustEmbed)]
#[folder = "responses/runbooks"]
struct Pack;

/// Reads the sample pack.
pub fn load_embedded() -> Library {
    let mut library = Library::default();
    let files: Vec<(String, String)> = Pack::iter()
        .filter_map(|path| match walk::decode(Pack::get(&path)?.data.into_owned()) {
            walk::Content::Text { text, .. } => Some((path.into_owned(), text)),
            walk::Content::No(_) | walk::Content::TooLarge(_) => None,
        })
        .collect();
    for (path, text) in &files {
        let Some(name) = path.strip_prefix("_data/").and_then(|name| name.rsplit_once('.')) else {
            continue;
        };
        if let Ok(value) = runbook::frontmatter::data(text) {
            library.data.insert(name.0.to_owned(), value);
        }
    }
    library.teams = runbook::teams(&library.data);
    for (path, text) in files
        .iter()
        .filter(|(path, _)| !path.starts_with("_data/") && !path.starts_with("README"))
    {
        let (runbook, diagnostics) = runbook::parse(path, text, &library.data);
        library.runbooks.extend(runbook);
        library.diagnostics.extend(diagnostics);
    }
    finish(&mut library);
    library
}
