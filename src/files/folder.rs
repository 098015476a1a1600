//! A runbook folder for repeated reading: unchanged files are not read again, and unchanged text is not parsed again.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::SystemTime;

use rayon::prelude::*;

use super::asciidoc::Includes;
use super::data::{self, NOT_UTF8};
use super::owners::{self, OwnersAbove};
use super::read::{self, FileContent};
use super::stamp::Stamp;
use super::{LoadError, Options, Progress, Take, finish, note, walk};
use crate::clock::Clock;
use crate::fetched;
use crate::runbook::asciidoc::collection::SHARED;
use crate::runbook::owners::OWNERS;
use crate::runbook::{self, Data, Diagnostic, Document, DocumentSource, Level, Library, Skipped, Value};

/// A folder and the results of reading its files.
#[derive(Debug)]
pub struct Folder {
    dir: PathBuf,
    options: Options,
    clock: Arc<dyn Clock>,
    files: HashMap<String, FileRecord>,
    data: Arc<Data>,
    includes: Includes,
    /// The source that the folder holds, when there are several.
    source: Option<Arc<DocumentSource>>,
    /// The folder's own teams, as of the last reading.
    own_teams: Option<Value>,
    /// Teams of other sources, which documents may name too.
    other_teams: Option<Value>,
}

/// A file's state at the last reading.
#[derive(Debug, Clone)]
struct FileRecord {
    /// Stamp of the file; while it stays the same, so does the file.
    stamp: Option<Stamp>,
    made: Arc<Made>,
}

/// Result of reading a file.
#[derive(Debug, Default)]
struct Made {
    document: Option<Document>,
    /// True when the document is older than the file, which could not be read.
    outlived: bool,
    /// True when the front matter could not be read.
    unsound: bool,
    lossy: bool,
    diagnostics: Vec<Diagnostic>,
    /// Reason why the file is not a runbook.
    skipped: Option<String>,
}

/// Context shared by all files of one reading.
struct Round<'a> {
    folder: &'a Folder,
    /// Folder that files must lie below; `None` when links may lead out of it.
    root: Option<&'a Path>,
    data: &'a Arc<Data>,
    new_data: bool,
    now: SystemTime,
    take: Take<'a>,
}

impl Folder {
    /// Creates a folder of which nothing is read yet. The clock must be the machine's, as the times of files are.
    pub fn new(dir: &Path, options: Options, clock: Arc<dyn Clock>) -> Folder {
        Folder {
            dir: dir.to_owned(),
            options,
            clock,
            files: HashMap::new(),
            data: Arc::default(),
            includes: Includes::default(),
            source: None,
            own_teams: None,
            other_teams: None,
        }
    }

    /// Makes the documents those of a source.
    pub(super) fn set_source(&mut self, source: &Arc<DocumentSource>) {
        self.source = Some(Arc::clone(source));
    }

    /// Changes the place from which the folder is read, such as to a newer checkout.
    pub(super) fn set_dir(&mut self, dir: &Path) {
        dir.clone_into(&mut self.dir);
    }

    /// Adds the owners of the documents to the data, by the files beside them and those around the folder in its repository.
    fn add_owners(&self, found: &walk::FoundFiles, data: &mut Data, diagnostics: &mut Vec<Diagnostic>) {
        let repository = self.source.as_ref().and_then(|source| source.repository.as_ref());
        let folder = repository.map_or("", |repository| repository.path.trim_matches('/'));
        let above = OwnersAbove {
            folder: folder.to_owned(),
            files: if folder.is_empty() {
                Vec::new()
            } else {
                fetched::owners_above(&self.dir)
            },
        };
        owners::add((found, above), &self.options, &self.data, data, diagnostics);
    }

    /// Returns the folder's own teams, as of the last reading.
    pub(super) fn own_teams(&self) -> Option<&Value> {
        self.own_teams.as_ref()
    }

    /// Sets the teams of other sources. Returns true when they are new, so that the folder has to be read again.
    pub(super) fn set_other_teams(&mut self, teams: Option<Value>) -> bool {
        let is_new = self.other_teams != teams;
        self.other_teams = teams;
        is_new
    }

    /// Returns the folder's path.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Takes over the documents of a library, for files with the same text and files that cannot be read.
    pub(super) fn remember(&mut self, library: &Library) {
        let known = |document: &Document| FileRecord {
            stamp: None,
            made: Arc::new(Made {
                document: Some(document.clone()),
                outlived: true,
                ..Made::default()
            }),
        };
        let documents = library.runbooks.iter();
        self.files = documents
            .map(|document| (document.path.clone(), known(document)))
            .collect();
        self.data = Arc::clone(&library.data);
    }

    /// Reads the changed files. `progress` is called with the files done and the total; `take` is handed every document
    /// that was parsed, on many threads at once.
    ///
    /// # Errors
    ///
    /// The folder is missing, is not a folder or cannot be listed, or an ignore pattern is invalid.
    pub fn read(&mut self, progress: Progress<'_>, take: Take<'_>) -> Result<Library, LoadError> {
        // Taken before the files are read: any later change is younger.
        let now = SystemTime::from(self.clock.now());
        let mut found = walk::walk(&self.dir, &self.options)?;
        let mut library = Library {
            diagnostics: std::mem::take(&mut found.diagnostics),
            ..Library::default()
        };
        let mut data = data::read(&found, &self.options, &self.data, &mut library.diagnostics);
        self.own_teams = data.get("teams").cloned();
        add_teams(&mut data, self.other_teams.as_ref());
        let shared = self
            .includes
            .gather(&mut found, &self.options, now, &mut library.diagnostics);
        let shared = if found.unlisted.is_empty() {
            shared
        } else {
            self.data.get(SHARED).cloned().or(shared)
        };
        data.extend(shared.map(|shared| (SHARED.to_owned(), shared)));
        self.add_owners(&found, &mut data, &mut library.diagnostics);
        library.skipped = std::mem::take(&mut found.skipped);
        let root = (!self.options.follow_links).then_some(found.root.as_path());
        let data = Arc::new(data);
        let new_data = data != self.data;
        library.data = if new_data { data } else { Arc::clone(&self.data) };
        library.teams = runbook::teams(&library.data);
        let round = Round {
            folder: self,
            root,
            data: &library.data,
            new_data,
            now,
            take,
        };
        let total = found.documents.len();
        progress(0, total);
        let done = AtomicUsize::new(0);
        let each = |(path, file): &(String, PathBuf)| {
            let known = round.known(path, file);
            progress(done.fetch_add(1, Ordering::Relaxed) + 1, total);
            known
        };
        let known: Vec<FileRecord> = found.documents.par_iter().map(each).collect();
        let mut files: HashMap<String, FileRecord> = HashMap::with_capacity(total);
        for ((path, _), known) in found.documents.iter().zip(known) {
            library.skipped.extend(known.made.skipped.iter().map(|reason| Skipped {
                path: path.clone(),
                reason: reason.clone(),
            }));
            files.insert(path.clone(), known);
        }
        for (folder, cause) in &found.unlisted {
            let kept = round.of_unlisted(folder, &mut files);
            let message = match kept {
                0 => format!("the folder cannot be read: {cause}"),
                _ => format!("the folder cannot be read: {cause}; the {kept} documents read earlier are kept"),
            };
            library
                .diagnostics
                .push(note(folder, 0, Level::Error, "unreadable", message));
        }
        for FileRecord { made, .. } in files.values() {
            library.runbooks.extend(made.document.clone());
            library.diagnostics.extend(made.diagnostics.iter().cloned());
        }
        self.files = files;
        self.data = Arc::clone(&library.data);
        if library.runbooks.is_empty() {
            let message = format!(
                "no runbooks found in {}; put Markdown files there, or check runbooks.ignore",
                self.dir.display()
            );
            library
                .diagnostics
                .push(note("", 0, Level::Warning, "no-runbooks", message));
        }
        finish(&mut library);
        Ok(library)
    }
}

/// Returns true for a name by which a file is to hold text.
fn is_named_as_text(path: &str) -> bool {
    const ENDINGS: [&str; 12] = [
        "md", "mdx", "markdown", "adoc", "asciidoc", "asc", "rst", "rest", "txt", "html", "htm", "org",
    ];
    let ending = Path::new(path).extension().and_then(|ending| ending.to_str());
    ending.is_some_and(|ending| ENDINGS.iter().any(|known| ending.eq_ignore_ascii_case(known)))
}

impl Round<'_> {
    /// Reads a file, or returns its earlier state when it did not change.
    fn known(&self, path: &str, file: &Path) -> FileRecord {
        let before = self.folder.files.get(path);
        let stamp = Stamp::of(file, self.now);
        if let Some(before) =
            before.filter(|before| stamp.is_some() && before.stamp == stamp && self.still(path, &before.made))
        {
            return before.clone();
        }
        let before = before.map(|before| before.made.as_ref());
        let limit = self.folder.options.max_bytes;
        let made = match read::text(file, self.root, limit) {
            Ok(FileContent::Text { text, lossy }) => return self.text(path, &text, lossy, stamp),
            Ok(FileContent::TooLarge(bytes)) => {
                let message =
                    format!("the file is {bytes} bytes long and is not read; split it, or keep it below {limit}");
                self.unusable(path, before, "too-large", message, "too large")
            }
            Ok(FileContent::No(reason)) => {
                let message = format!("the file cannot be used: {reason}");
                self.unusable(path, before, "not-text", message, &reason)
            }
            Ok(FileContent::Damaged(reason)) => self.unusable(path, before, "document", reason.to_owned(), reason),
            Ok(FileContent::Outside) => Made {
                diagnostics: vec![walk::outside(path)],
                skipped: Some(walk::OUTSIDE.to_owned()),
                ..Made::default()
            },
            Err(error) => {
                let message = format!("the file cannot be read: {error}");
                let problem = note(path, 0, Level::Error, "unreadable", message);
                let made = Arc::new(self.keep(path, before, vec![problem]));
                return FileRecord { stamp: None, made };
            }
        };
        FileRecord {
            stamp,
            made: Arc::new(made),
        }
    }

    /// Parses a text, or returns the earlier result when the text did not change.
    fn text(&self, path: &str, text: &str, lossy: bool, stamp: Option<Stamp>) -> FileRecord {
        let before = self.folder.files.get(path).map(|before| &before.made);
        let same = |made: &&Arc<Made>| {
            let read = made.document.as_ref().and_then(Document::text);
            !made.outlived && made.lossy == lossy && read == Some(text) && self.still(path, made)
        };
        let made = before.filter(same).map(Arc::clone);
        let made = made.unwrap_or_else(|| {
            let before = before.map(Arc::as_ref);
            let is_known = before.is_some_and(|before| before.document.is_some());
            // For example, an editor empties a file before it writes it, a disk was full, or a file is only half
            // written.
            let broken = match () {
                () if !is_known => None,
                () if text.trim().is_empty() => Some(("empty", "the file is empty; delete it to remove the runbook")),
                () if text.contains('\0') => Some(("not-text", "the file contains NUL bytes, so it is not text")),
                () if before.is_some_and(|before| is_cut_off(before, text)) => {
                    Some(("front-matter-unclosed", "the front matter is never closed"))
                }
                () => None,
            };
            Arc::new(match broken {
                Some((code, message)) => {
                    let problem = note(path, 0, Level::Error, code, message.to_owned());
                    self.keep(path, before, vec![problem])
                }
                None => self.parse(path, text, lossy, before),
            })
        });
        FileRecord { stamp, made }
    }

    /// Returns the result for an unusable file: its earlier version, when there is one, else no document.
    fn unusable(&self, path: &str, before: Option<&Made>, code: &'static str, message: String, reason: &str) -> Made {
        if before.is_some_and(|before| before.document.is_some()) {
            return self.keep(path, before, vec![note(path, 0, Level::Error, code, message)]);
        }
        // A picture, which is not text, needs no diagnostic.
        let is_told = code != "not-text" || is_named_as_text(path);
        Made {
            diagnostics: is_told
                .then(|| note(path, 0, Level::Warning, code, message))
                .into_iter()
                .collect(),
            skipped: Some(reason.to_owned()),
            ..Made::default()
        }
    }

    /// Takes over the documents read earlier from a folder that cannot be listed now; returns their number.
    fn of_unlisted(&self, folder: &str, files: &mut HashMap<String, FileRecord>) -> usize {
        let before = files.len();
        let below = |path: &str| {
            path.strip_prefix(folder)
                .is_some_and(|rest| folder.is_empty() || rest.starts_with('/'))
        };
        for (path, known) in &self.folder.files {
            if known.made.document.is_some() && below(path) && !files.contains_key(path) {
                files.insert(path.clone(), known.clone());
            }
        }
        files.len() - before
    }

    /// Returns true when the result would be the same with the present data.
    fn still(&self, path: &str, made: &Made) -> bool {
        let owners = |data: &Data| data.get(OWNERS).and_then(|owners| owners.get(path)).cloned();
        if self.new_data && made.document.is_some() && owners(self.data) != owners(&self.folder.data) {
            return false;
        }
        !(self.new_data && made.document.as_ref().is_some_and(Document::may_name_data))
    }

    fn parse(&self, path: &str, text: &str, lossy: bool, before: Option<&Made>) -> Made {
        let (read, mut found) = Document::read_from(self.folder.source.as_ref(), path, text, self.data);
        let unsound = found.iter().any(is_of_front_matter);
        if unsound && before.is_some_and(|before| before.document.is_some() && !before.unsound) {
            found.retain(is_of_front_matter);
            for problem in &mut found {
                problem.level = Level::Error;
                problem.message = problem.message.replace(runbook::frontmatter::SALVAGED, "");
            }
            return self.keep(path, before, found);
        }
        let mut made = match read {
            Some((document, runbook)) => {
                (self.take)(&document, &runbook);
                Made {
                    document: Some(document),
                    diagnostics: found,
                    ..Made::default()
                }
            }
            None if found.iter().any(|diagnostic| diagnostic.level == Level::Error) => self.keep(path, before, found),
            None => {
                let told = found.iter().find(|diagnostic| diagnostic.code == runbook::NO_TEXT);
                let reason = told.map_or("YAML without CRE rules", |diagnostic| &diagnostic.message);
                Made {
                    skipped: Some(reason.to_owned()),
                    diagnostics: found,
                    ..Made::default()
                }
            }
        };
        made.lossy = lossy;
        made.unsound = unsound;
        if lossy {
            made.diagnostics
                .insert(0, note(path, 0, Level::Warning, "encoding", NOT_UTF8.to_owned()));
        }
        made
    }

    /// Keeps the version read before, if there is one, updated with the present data, and reports why.
    fn keep(&self, path: &str, before: Option<&Made>, problems: Vec<Diagnostic>) -> Made {
        let mut document = before.and_then(|before| before.document.clone());
        if let Some(old) = &document
            && self.new_data
            && old.may_name_data()
            && let Some(text) = old.text()
            && let (Some((fresh, runbook)), _) = Document::read_from(self.folder.source.as_ref(), path, text, self.data)
        {
            (self.take)(&fresh, &runbook);
            document = Some(fresh);
        }
        kept(document, before, problems)
    }
}

/// Adds the teams of other sources; the folder's own count first.
pub(super) fn add_teams(data: &mut Data, others: Option<&Value>) {
    let Some(Value::Object(others)) = others else { return };
    let teams = data
        .entry("teams".to_owned())
        .or_insert_with(|| Value::Object(serde_json::Map::new()));
    if let Value::Object(teams) = teams {
        for (key, team) in others {
            teams.entry(key.clone()).or_insert_with(|| team.clone());
        }
    }
}

fn is_cut_off(before: &Made, now: &str) -> bool {
    let before = before.document.as_ref().and_then(Document::text);
    before.is_some_and(|before| runbook::frontmatter::is_cut_off(before, now))
}

/// Returns true for a diagnostic that the front matter could not be read.
fn is_of_front_matter(found: &Diagnostic) -> bool {
    matches!(found.code, "front-matter" | "front-matter-unclosed")
}

fn kept(document: Option<Document>, before: Option<&Made>, problems: Vec<Diagnostic>) -> Made {
    let kept = if document.is_some() {
        "the previous version is kept"
    } else {
        "it is skipped"
    };
    let tell = |mut problem: Diagnostic| {
        problem.message = format!("{}; {kept}", problem.message);
        problem
    };
    Made {
        document,
        outlived: true,
        unsound: before.is_some_and(|before| before.unsound),
        diagnostics: problems.into_iter().map(tell).collect(),
        ..Made::default()
    }
}
