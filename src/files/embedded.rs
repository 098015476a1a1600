//! The sample pack that is built into the binary.

use std::sync::Arc;

use rust_embed::RustEmbed;

use super::{finish, read};
use crate::runbook::{self, Data, Document, Library};

#[derive(RustEmbed)]
#[folder = "responses/runbooks"]
struct Pack;

/// Reads the sample pack.
pub fn load_embedded() -> Library {
    let mut data = Data::new();
    let files: Vec<(String, String)> = Pack::iter()
        .filter_map(|path| match read::decode(Pack::get(&path)?.data.into_owned()) {
            read::FileContent::Text { text, .. } => Some((path.into_owned(), text)),
            _ => None,
        })
        .collect();
    for (path, text) in &files {
        let Some(name) = path.strip_prefix("_data/").and_then(|name| name.rsplit_once('.')) else {
            continue;
        };
        if let Ok(value) = runbook::frontmatter::data(text) {
            data.insert(name.0.to_owned(), value);
        }
    }
    let mut library = Library {
        teams: runbook::teams(&data),
        data: Arc::new(data),
        ..Library::default()
    };
    for (path, text) in files
        .iter()
        .filter(|(path, _)| !path.starts_with("_data/") && !path.starts_with("README"))
    {
        let (read, diagnostics) = Document::read(path, text, &library.data);
        library.runbooks.extend(read.map(|(document, _)| document));
        library.diagnostics.extend(diagnostics);
    }
    finish(&mut library);
    library
}
