//! The owner files of a folder: who looks after the documents around them.

use serde_json::{Map, Value};

use super::read::{self, FileContent};
use super::walk::FoundFiles;
use super::{Options, note};
use crate::runbook::owners::{OWNERS, OwnerFiles};
use crate::runbook::{Data, Diagnostic, Level};

/// Reads the owner files and adds the owners of each document to the data. Of a folder whose files are not all known, the
/// owners stay as they were `before`.
pub(super) fn add(
    found: &FoundFiles,
    options: &Options,
    before: &Data,
    data: &mut Data,
    diagnostics: &mut Vec<Diagnostic>,
) {
    if !found.unlisted.is_empty() {
        data.extend(before.get(OWNERS).map(|owners| (OWNERS.to_owned(), owners.clone())));
        return;
    }
    if found.owners.is_empty() {
        return;
    }
    let root = (!options.follow_links).then_some(found.root.as_path());
    let mut files = Vec::new();
    for (path, file) in &found.owners {
        let problem = match read::text(file, root, options.max_bytes) {
            Ok(FileContent::Text { text, .. }) => {
                files.push((path.clone(), text));
                continue;
            }
            Ok(FileContent::TooLarge(bytes)) => format!("it is {bytes} bytes long"),
            Ok(FileContent::No(reason)) => reason,
            Ok(FileContent::Damaged(reason)) => reason.to_owned(),
            Ok(FileContent::Outside) => continue,
            Err(error) => error.to_string(),
        };
        diagnostics.push(unusable(path, 0, &problem));
    }
    let (owners, faults) = OwnerFiles::read(&files);
    diagnostics.extend(
        faults
            .iter()
            .map(|(path, line, problem)| unusable(path, *line, problem)),
    );
    let documents = found.documents.iter();
    let owned = documents.filter_map(|(path, _)| Some((path.clone(), owners.of(path)?)));
    let owned: Map<String, Value> = owned.collect();
    if !owned.is_empty() {
        data.insert(OWNERS.to_owned(), Value::Object(owned));
    }
}

fn unusable(path: &str, line: u32, problem: &str) -> Diagnostic {
    let message = format!("the file cannot be used: {problem}; the owners in it are not shown");
    note(path, line, Level::Warning, "owners", message)
}
