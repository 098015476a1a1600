//! Facts that the AsciiDoc documents of a folder share: attributes that one file sets for all, and files that documents
//! include.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use rayon::prelude::*;

use super::read::{self, FileContent};
use super::stamp::Stamp;
use super::walk::FoundFiles;
use super::{Options, note};
use crate::runbook::asciidoc::collection::{self, IncludedFile};
use crate::runbook::{Diagnostic, Format, Level, Skipped, Value};

/// Reason why a file that other documents include is no document of its own.
const INCLUDED: &str = "included in other documents";

/// The includes of the documents of a folder, as of the last reading.
#[derive(Debug, Default)]
pub(super) struct Includes {
    files: HashMap<String, FileIncludes>,
}

#[derive(Debug, Clone)]
struct FileIncludes {
    stamp: Option<Stamp>,
    included: Arc<[IncludedFile]>,
}

/// A file that documents include.
struct Wanted {
    file: PathBuf,
    /// True when a document includes only a part of it.
    is_part: bool,
}

impl Includes {
    /// Gathers what the documents share, and takes the files that are only parts of others out of the documents.
    pub(super) fn gather(
        &mut self,
        found: &mut FoundFiles,
        options: &Options,
        now: SystemTime,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Option<Value> {
        let root = (!options.follow_links).then_some(found.root.as_path());
        let text = |file: &Path| match read::text(file, root, options.max_bytes) {
            Ok(FileContent::Text { text, .. }) => Some(text),
            _ => None,
        };
        let is_asciidoc = |path: &str| Format::of_path(path) == Some(Format::AsciiDoc);
        let documents: Vec<&(String, PathBuf)> = found.documents.iter().filter(|(path, _)| is_asciidoc(path)).collect();
        if documents.is_empty() {
            self.files.clear();
            return None;
        }
        let each = |(path, file): &&(String, PathBuf)| {
            let stamp = Stamp::of(file, now);
            let known = self
                .files
                .get(path)
                .filter(|known| stamp.is_some() && known.stamp == stamp);
            let known = known.cloned().unwrap_or_else(|| FileIncludes {
                stamp,
                included: text(file)
                    .map_or_else(Vec::new, |text| collection::included(&text))
                    .into(),
            });
            (path.clone(), known)
        };
        self.files = documents.par_iter().map(each).collect();
        let links = Links::of(&self.files, found, &documents);
        let mut left = options.max_data_bytes;
        let mut take = |path: &str, length: usize| {
            let rest = left.checked_sub(length as u64);
            if rest.is_none() {
                let most = options.max_data_bytes;
                let message =
                    format!("this file is not included anywhere: included files may hold {most} bytes together");
                diagnostics.push(note(path, 0, Level::Warning, "include-too-much", message));
            }
            left = rest.unwrap_or(left);
            rest.is_some()
        };
        let mut files = Vec::new();
        let mut parts: HashSet<&str> = HashSet::new();
        for (path, wanted) in &links.wanted {
            let Some(text) = text(&wanted.file) else { continue };
            let title = collection::title(&text)
                .filter(|_| is_asciidoc(path))
                .map(str::to_owned);
            let needed = title.is_none() || wanted.is_part;
            if needed && !take(path, text.len()) {
                continue;
            }
            if title.is_none() && is_asciidoc(path) {
                parts.insert(path);
            }
            files.push((path.clone(), title, needed.then_some(text)));
        }
        let shown = links.shown(&parts);
        let sets: Vec<(String, String)> = found
            .documents
            .iter()
            .filter(|(path, _)| collection::sets_attributes(path))
            .filter_map(|(path, file)| Some((path.clone(), text(file)?)))
            .collect();
        let shared = collection::shared(&sets, files);
        found.documents.retain(|(path, _)| !shown.contains(path));
        diagnostics.extend(shown.iter().map(|path| {
            let message = "this file is included in other documents and is not read on its own";
            note(path, 0, Level::Info, "included", message.to_owned())
        }));
        found.skipped.extend(shown.into_iter().map(|path| Skipped {
            path,
            reason: INCLUDED.to_owned(),
        }));
        shared
    }
}

/// Files by the files that include them.
struct Links {
    wanted: BTreeMap<String, Wanted>,
    /// The files that a document includes whole.
    whole: HashMap<String, Vec<String>>,
}

impl Links {
    fn of(files: &HashMap<String, FileIncludes>, found: &FoundFiles, documents: &[&(String, PathBuf)]) -> Links {
        let known: HashMap<&str, &PathBuf> = found
            .documents
            .iter()
            .map(|(path, file)| (path.as_str(), file))
            .collect();
        let mut by_name: HashMap<&str, Vec<&str>> = HashMap::new();
        for (path, _) in documents {
            by_name.entry(name_of(path)).or_default().push(path);
        }
        let mut links = Links {
            wanted: BTreeMap::new(),
            whole: HashMap::new(),
        };
        for (path, includes) in files {
            for include in includes.included.iter() {
                let exact = collection::candidates(path, &include.target);
                let exact = exact.into_iter().find_map(|target| match known.get(target.as_str()) {
                    Some(file) => Some((target, (*file).clone())),
                    None => of_disk(&found.root, target),
                });
                let by_ending = || {
                    let ending = collection::ending(&include.target)?;
                    let paths = by_name.get(name_of(ending))?.iter().copied();
                    let target = collection::nearest(path, ending, paths)?;
                    Some((target.to_owned(), (*known.get(target)?).clone()))
                };
                let Some((target, file)) = exact.or_else(by_ending).filter(|(target, _)| target != path) else {
                    continue;
                };
                if !include.is_part {
                    links.whole.entry(path.clone()).or_default().push(target.clone());
                }
                let wanted = links.wanted.entry(target).or_insert(Wanted { file, is_part: false });
                wanted.is_part |= include.is_part;
            }
        }
        links
    }

    /// The parts whose text a document shows that is no part itself.
    fn shown(&self, parts: &HashSet<&str>) -> HashSet<String> {
        let whole = self.whole.keys().filter(|path| !parts.contains(path.as_str()));
        let mut open: Vec<&String> = whole.collect();
        let mut shown: HashSet<String> = HashSet::new();
        while let Some(path) = open.pop() {
            for target in self.whole.get(path).into_iter().flatten() {
                if parts.contains(target.as_str()) && shown.insert(target.clone()) {
                    open.push(target);
                }
            }
        }
        shown
    }
}

fn name_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// A file of the folder that is no document, such as a script or a log. Hidden files are left alone.
fn of_disk(root: &Path, target: String) -> Option<(String, PathBuf)> {
    let is_hidden = target.split('/').any(|part| part.starts_with('.') || part.is_empty());
    let file = root.join(&target);
    (!is_hidden && file.is_file()).then_some((target, file))
}
