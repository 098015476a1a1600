//! The owner files of a folder: who looks after the documents around them.

use serde_json::{Map, Value};

use super::read::{self, FileContent};
use super::walk::FoundFiles;
use super::{Options, note};
use crate::runbook::owners::{OWNERS, OwnerFiles};
use crate::runbook::{Data, Diagnostic, Level};

/// The owner files of a repository that are outside the folder that is read.
#[derive(Debug, Default)]
pub(super) struct OwnersAbove {
    /// Path of the folder in the repository.
    pub(super) folder: String,
    /// The files by their paths in the repository.
    pub(super) files: Vec<(String, String)>,
}

/// Reads the owner files and adds the owners of each document to the data. Of a folder whose files are not all known, the
/// owners stay as they were `before`.
pub(super) fn add(
    (found, above): (&FoundFiles, OwnersAbove),
    options: &Options,
    before: &Data,
    data: &mut Data,
    diagnostics: &mut Vec<Diagnostic>,
) {
    if !found.unlisted.is_empty() {
        data.extend(before.get(OWNERS).map(|owners| (OWNERS.to_owned(), owners.clone())));
        return;
    }
    if found.owners.is_empty() && above.files.is_empty() {
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
    let in_repository = |path: &str| format!("{}/{path}", above.folder);
    let mut all = above.files;
    if !all.is_empty() {
        all.extend(files.into_iter().map(|(path, text)| (in_repository(&path), text)));
    }
    // Faults above the folder are for others to mend.
    let (around, _) = OwnerFiles::read(&all);
    let of = |path: &str| around.of(&in_repository(path)).or_else(|| owners.of(path));
    let documents = found.documents.iter();
    let owned = documents.filter_map(|(path, _)| Some((path.clone(), of(path)?)));
    let owned: Map<String, Value> = owned.collect();
    if !owned.is_empty() {
        data.insert(OWNERS.to_owned(), Value::Object(owned));
    }
}

fn unusable(path: &str, line: u32, problem: &str) -> Diagnostic {
    let message = format!("the file cannot be used: {problem}; the owners in it are not shown");
    note(path, line, Level::Warning, "owners", message)
}
