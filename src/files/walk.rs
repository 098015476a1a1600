//! Walk over a folder that finds the runbooks.
//!
//! Each real folder is listed once, whatever links lead to it, so that circular links end. Folders come first, then
//! links to folders, then folders that `runbooks.ignore` leaves out: these are listed only to count what is in them,
//! and because a pattern such as `!x` may take a file back in. A mounted Kubernetes ConfigMap is made of links
//! (`x.md -> ..data/x.md`, `..data -> ..2026_01_01/`) that stay inside the folder.

use std::collections::{HashSet, VecDeque};
use std::fs::FileType;
use std::path::{Path, PathBuf};

use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::read::FileIdentity;
use super::{LoadError, Options, note, translations};
use crate::runbook::{Diagnostic, Format, Level, Skipped, owners};

/// Default patterns of files that are not runbooks, as lines of a `.gitignore`.
pub const DEFAULT_IGNORE: [&str; 12] = [
    "/README*",
    "/CONTRIBUTING*",
    "/CHANGELOG*",
    "/SOURCES*",
    "LICENSE*",
    "OWNERS*",
    "CODEOWNERS",
    "*.log",
    "node_modules/",
    ".*/",
    ".*",
    "*~",
];

/// Folder of the data that documents refer to.
pub(super) const DATA: &str = "_data";
/// Reason for leaving a file out.
const IGNORED: &str = "excluded by runbooks.ignore";
/// Reason for leaving a link out.
pub(super) const OUTSIDE: &str = "a link that points outside the folder";

/// The files of a folder, sorted by path.
#[derive(Debug, Default)]
pub(super) struct FoundFiles {
    /// The folder's canonical path.
    pub(super) root: PathBuf,
    pub(super) documents: Vec<(String, PathBuf)>,
    pub(super) data: Vec<(String, PathBuf)>,
    /// The files that name the owners of others.
    pub(super) owners: Vec<(String, PathBuf)>,
    pub(super) skipped: Vec<Skipped>,
    pub(super) diagnostics: Vec<Diagnostic>,
    /// Folders that could not be listed, and why. Their files are unknown, which is not the same as deleted.
    pub(super) unlisted: Vec<(String, std::io::Error)>,
}

/// A document that was found, not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedDocument {
    /// Path relative to the folder, with `/`.
    pub path: String,
    /// Length, in bytes.
    pub bytes: u64,
}

/// A folder that is still to be listed.
struct PendingFolder {
    /// Path relative to the root, with `/`; empty for the root.
    path: String,
    real: PathBuf,
    depth: usize,
    /// Left out by the rules: listed only to name what it holds.
    ignored: bool,
}

struct Walker<'a> {
    options: &'a Options,
    rules: Gitignore,
    found: FoundFiles,
    visited: HashSet<FileIdentity>,
    folders: VecDeque<PendingFolder>,
    links: VecDeque<PendingFolder>,
    ignored: VecDeque<PendingFolder>,
    entries: usize,
    /// True when there are more entries than the limit.
    is_full: bool,
}

pub(super) fn walk(dir: &Path, options: &Options) -> Result<FoundFiles, LoadError> {
    let unreadable = |source| LoadError::Unreadable {
        path: dir.to_owned(),
        source,
    };
    let metadata = std::fs::metadata(dir).map_err(|source| match source.kind() {
        std::io::ErrorKind::NotFound => LoadError::Missing(dir.to_owned()),
        _ => unreadable(source),
    })?;
    if !metadata.is_dir() {
        return Err(LoadError::NotAFolder(dir.to_owned()));
    }
    let root = dir.canonicalize().map_err(unreadable)?;
    std::fs::read_dir(&root).map_err(unreadable)?;
    let mut walker = Walker {
        options,
        rules: patterns(&root, options)?,
        found: FoundFiles {
            root: root.clone(),
            ..FoundFiles::default()
        },
        visited: HashSet::new(),
        folders: VecDeque::new(),
        links: VecDeque::new(),
        ignored: VecDeque::new(),
        entries: 0,
        is_full: false,
    };
    walker.data();
    walker.folders.push_back(PendingFolder {
        path: String::new(),
        real: root,
        depth: 0,
        ignored: false,
    });
    walker.run();
    let mut found = walker.found;
    found.documents.sort();
    found.data.sort();
    found.owners.sort();
    translations::leave_out(&mut found);
    Ok(found)
}

fn patterns(dir: &Path, options: &Options) -> Result<Gitignore, LoadError> {
    let mut builder = GitignoreBuilder::new(dir);
    for line in &options.ignore {
        builder.add_line(None, line).map_err(|error| LoadError::Ignore {
            pattern: line.clone(),
            reason: error.to_string(),
        })?;
    }
    builder.build().map_err(|error| LoadError::Ignore {
        pattern: options.ignore.join(" "),
        reason: error.to_string(),
    })
}

impl Walker<'_> {
    /// Lists `_data` before everything else: if it is a link to another folder of this one, that folder would otherwise
    /// be listed under its own name only.
    fn data(&mut self) {
        let real = self.found.root.join(DATA);
        let Ok(metadata) = std::fs::symlink_metadata(&real) else {
            return;
        };
        let place = PendingFolder {
            path: DATA.to_owned(),
            real,
            depth: 1,
            ignored: false,
        };
        if metadata.is_dir() {
            self.list(place);
        } else if metadata.is_symlink() && std::fs::metadata(&place.real).is_ok_and(|target| target.is_dir()) {
            self.follow(place);
        }
    }

    fn run(&mut self) {
        while !self.is_full {
            if let Some(place) = self.folders.pop_front() {
                self.list(place);
            } else if let Some(place) = self.links.pop_front() {
                self.follow(place);
            } else {
                break;
            }
        }
        let is_read = !self.is_full;
        while !self.is_full
            && let Some(place) = self.ignored.pop_front()
        {
            self.list(place);
        }
        if self.is_full {
            self.too_many(is_read);
        }
    }

    /// Lists the target of a link to a folder.
    fn follow(&mut self, place: PendingFolder) {
        match place.real.canonicalize() {
            Ok(real) if self.options.follow_links || real.starts_with(&self.found.root) => {
                self.list(PendingFolder { real, ..place });
            }
            Ok(_) => self.outside(place.path),
            Err(error) => self.unlisted(place, error),
        }
    }

    /// Records a folder that cannot be listed. An ignored one is only reported as ignored.
    fn unlisted(&mut self, place: PendingFolder, error: std::io::Error) {
        if place.ignored {
            self.found.skip(place.path, IGNORED);
        } else {
            self.found.unlisted.push((place.path, error));
        }
    }

    fn list(&mut self, place: PendingFolder) {
        let metadata = match std::fs::metadata(&place.real) {
            Ok(metadata) => metadata,
            Err(error) => return self.unlisted(place, error),
        };
        if !self.visited.insert(FileIdentity::of(&metadata)) {
            let reason = if place.ignored {
                IGNORED
            } else {
                "a link to a folder that is already read"
            };
            return self.found.skip(place.path, reason);
        }
        if place.depth > self.options.max_depth {
            let message = format!(
                "folders are read {} levels deep and this one is deeper; move it up",
                self.options.max_depth
            );
            self.note(&place.path, Level::Error, "too-deep", message);
            return self.found.skip(place.path, "too deep");
        }
        let entries = match std::fs::read_dir(&place.real) {
            Ok(entries) => entries,
            Err(error) => return self.unlisted(place, error),
        };
        let left = self.options.max_entries.saturating_sub(self.entries);
        let mut names = Vec::new();
        for entry in entries.take(left + 1) {
            match entry.and_then(|entry| Ok((entry.file_name(), entry.file_type()?))) {
                Ok(entry) => names.push(entry),
                Err(_) if place.ignored => {}
                Err(error) => self.found.unlisted.push((place.path.clone(), error)),
            }
        }
        self.is_full = names.len() > left;
        names.sort_by(|a, b| a.0.cmp(&b.0));
        names.truncate(left);
        self.entries += names.len();
        for (name, kind) in names {
            let separator = if place.path.is_empty() { "" } else { "/" };
            let path = format!("{}{separator}{}", place.path, name.to_string_lossy());
            let entry = PendingFolder {
                path,
                real: place.real.join(&name),
                depth: place.depth + 1,
                ignored: false,
            };
            if name != ".git" && entry.path != DATA {
                self.sort_in(entry, kind);
            }
        }
    }

    fn sort_in(&mut self, entry: PendingFolder, kind: FileType) {
        if kind.is_dir() {
            let ignored = self.is_ignored(&entry.path, true);
            let queue = if ignored { &mut self.ignored } else { &mut self.folders };
            queue.push_back(PendingFolder { ignored, ..entry });
        } else if kind.is_file() {
            self.found.file(entry.path, entry.real, &self.rules);
        } else if self.is_ignored(&entry.path, false) || kind.is_symlink() && self.is_ignored(&entry.path, true) {
            self.found.skip(entry.path, IGNORED);
        } else if kind.is_symlink() {
            self.link(entry);
        } else {
            self.found.skip(entry.path, "not a regular file");
        }
    }

    fn is_ignored(&self, path: &str, is_dir: bool) -> bool {
        self.rules.matched_path_or_any_parents(path, is_dir).is_ignore()
    }

    fn link(&mut self, entry: PendingFolder) {
        match std::fs::metadata(&entry.real) {
            Ok(target) if target.is_dir() => self.links.push_back(entry),
            Ok(target) if !target.is_file() => self.found.skip(entry.path, "not a regular file"),
            Ok(_) if self.is_inside(&entry.real) => self.found.file(entry.path, entry.real, &self.rules),
            Ok(_) => self.outside(entry.path),
            Err(_) => self.found.skip(entry.path, "a broken link"),
        }
    }

    fn is_inside(&self, link: &Path) -> bool {
        self.options.follow_links || link.canonicalize().is_ok_and(|real| real.starts_with(&self.found.root))
    }

    fn outside(&mut self, path: String) {
        self.found.diagnostics.push(outside(&path));
        self.found.skip(path, OUTSIDE);
    }

    /// Reports that the limit was reached; with `is_read`, only ignored folders were not listed.
    fn too_many(&mut self, is_read: bool) {
        let most = self.options.max_entries;
        let (level, rest) = if is_read {
            (Level::Info, "not all skipped files are counted")
        } else {
            (Level::Error, "the rest is not read; remove files that are not runbooks")
        };
        let message = format!("the folder contains more than {most} files and folders: {rest}");
        self.note("", level, "too-many", message);
    }

    fn note(&mut self, path: &str, level: Level, code: &'static str, message: String) {
        self.found.diagnostics.push(note(path, 0, level, code, message));
    }
}

/// Returns true for an owner file in a folder that `runbooks.ignore` leaves out. The folders of the hosts of repositories
/// are left out by the default patterns, but their owners count.
fn is_left_out(path: &str, rules: &Gitignore) -> bool {
    let folder = path.rsplit_once('/').map(|(folder, _)| folder);
    folder.is_some_and(|folder| {
        !matches!(folder, ".github" | ".gitlab") && rules.matched_path_or_any_parents(folder, true).is_ignore()
    })
}

/// Returns the warning for a link that points outside the folder, without its target: people in Slack read it too.
pub(super) fn outside(path: &str) -> Diagnostic {
    let message = "this link points outside the runbook folder and is not read; copy the file into the folder, or set \
                   runbooks.follow_links = true (on the command line: --follow-links)";
    note(path, 0, Level::Warning, "link-outside", message.to_owned())
}

impl FoundFiles {
    fn file(&mut self, path: String, file: PathBuf, rules: &Gitignore) {
        let extension = path
            .rsplit('/')
            .next()
            .and_then(|name| name.rsplit_once('.'))
            .map(|(_, extension)| extension.to_ascii_lowercase());
        let yaml = matches!(extension.as_deref(), Some("yml" | "yaml"));
        if let Some(rest) = path.strip_prefix("_data/") {
            if yaml && !rest.contains('/') {
                self.data.push((path, file));
            } else {
                self.skip(path, "only YAML files directly in _data are read");
            }
            return;
        }
        if owners::is_owner_file(&path) && !is_left_out(&path, rules) {
            self.owners.push((path.clone(), file.clone()));
            if yaml {
                return self.skip(path, "names the owners of other files");
            }
        }
        let ignored = rules.matched_path_or_any_parents(&path, false);
        if ignored.is_ignore() {
            self.skip(path, IGNORED);
            return;
        }
        if ignored.is_whitelist() || Format::of_path(&path).is_some() {
            self.documents.push((path, file));
            return;
        }
        let reason = format!("`.{}` files are not supported", extension.unwrap_or_default());
        self.skip(path, &reason);
    }

    pub(super) fn skip(&mut self, path: String, reason: &str) {
        self.skipped.push(Skipped {
            path,
            reason: reason.to_owned(),
        });
    }
}
