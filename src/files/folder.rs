//! A runbook folder that is read again and again: what did not change is not read, what reads the same is not parsed.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use super::stamp::Stamp;
use super::{LoadError, Options, Take, finish, note, walk};
use crate::clock::Clock;
use crate::cores;
use crate::runbook::{self, Data, Diagnostic, Document, Level, Library, Skipped};

/// A folder and what was made of its files.
#[derive(Debug)]
pub struct Folder {
    dir: PathBuf,
    options: Options,
    clock: Arc<dyn Clock>,
    files: HashMap<String, Known>,
    data: Arc<Data>,
}

/// A file as it was read last.
#[derive(Debug, Clone)]
struct Known {
    /// As long as the file has this, it is what it was.
    stamp: Option<Stamp>,
    made: Arc<Made>,
}

/// What a file became.
#[derive(Debug, Default)]
struct Made {
    document: Option<Document>,
    /// The document is older than the file, which could not be read.
    outlived: bool,
    lossy: bool,
    diagnostics: Vec<Diagnostic>,
    /// Why it is no runbook.
    skipped: Option<String>,
}

/// What all files of one reading share.
struct Round<'a> {
    folder: &'a Folder,
    data: &'a Arc<Data>,
    new_data: bool,
    now: SystemTime,
    take: Take<'a>,
}

impl Folder {
    /// Nothing is read yet. The clock is the machine's, as the times of files are.
    pub fn new(dir: &Path, options: Options, clock: Arc<dyn Clock>) -> Folder {
        Folder {
            dir: dir.to_owned(),
            options,
            clock,
            files: HashMap::new(),
            data: Arc::default(),
        }
    }

    /// Takes what is known from a library: it is used where a file reads the same, or cannot be read.
    pub(super) fn remember(&mut self, library: &Library) {
        let known = |document: &Document| Known {
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

    /// Reads what changed. `progress` is told how many of how many files are done; `take` is handed every document that
    /// was parsed, on many threads at once.
    ///
    /// # Errors
    ///
    /// The folder is missing, is no folder, cannot be listed, or an ignore pattern is wrong.
    pub fn read(&mut self, progress: &dyn Fn(usize, usize), take: Take<'_>) -> Result<Library, LoadError> {
        // Looked at before the files: what changes from now on is younger.
        let now = SystemTime::from(self.clock.now());
        let found = walk::walk(&self.dir, &self.options)?;
        let mut library = Library {
            skipped: found.skipped,
            diagnostics: found.diagnostics,
            ..Library::default()
        };
        let data = Arc::new(self.read_data(&found.data, &mut library.diagnostics));
        let new_data = data != self.data;
        library.data = if new_data { data } else { Arc::clone(&self.data) };
        library.teams = runbook::teams(&library.data);
        let round = Round {
            folder: self,
            data: &library.data,
            new_data,
            now,
            take,
        };
        let total = found.documents.len();
        progress(0, total);
        let each = |(path, file): &(String, PathBuf)| round.known(path, file);
        let known = cores::map(&found.documents, each, &|done| progress(done, total));
        progress(total, total);
        for ((path, _), Known { made, .. }) in found.documents.iter().zip(&known) {
            library.runbooks.extend(made.document.clone());
            library.diagnostics.extend(made.diagnostics.iter().cloned());
            library.skipped.extend(made.skipped.iter().map(|reason| Skipped {
                path: path.clone(),
                reason: reason.clone(),
            }));
        }
        let paths = found.documents.into_iter().map(|(path, _)| path);
        self.files = paths.zip(known).collect();
        self.data = Arc::clone(&library.data);
        if library.runbooks.is_empty() {
            let message = format!(
                "no runbook was found in {}; put Markdown files there, or check runbooks.ignore",
                self.dir.display()
            );
            library
                .diagnostics
                .push(note("", 0, Level::Warning, "no-runbooks", message));
        }
        finish(&mut library);
        Ok(library)
    }

    fn read_data(&self, files: &[(String, PathBuf)], diagnostics: &mut Vec<Diagnostic>) -> Data {
        let mut data = Data::new();
        for (path, file) in files {
            let name = path.rsplit('/').next().unwrap_or(path);
            let name = name.rsplit_once('.').map_or(name, |(stem, _)| stem).to_owned();
            let read = std::fs::read(file)
                .map_err(|error| (0, error.to_string()))
                .and_then(|bytes| runbook::frontmatter::data(&String::from_utf8_lossy(&bytes).replace("\r\n", "\n")));
            match read {
                Ok(value) => {
                    data.insert(name, value);
                }
                Err((line, message)) => {
                    let old = self.data.get(&name);
                    let kept = if old.is_some() {
                        "the version read before is kept"
                    } else {
                        "names from it are shown as their keys"
                    };
                    data.extend(old.map(|value| (name, value.clone())));
                    let message = format!("the data file cannot be read: {message}; {kept}");
                    diagnostics.push(note(path, line, Level::Error, "data", message));
                }
            }
        }
        data
    }
}

impl Round<'_> {
    /// What a file is now; what it was, if it did not change.
    fn known(&self, path: &str, file: &Path) -> Known {
        let before = self.folder.files.get(path);
        let stamp = Stamp::of(file, self.now);
        if let Some(before) =
            before.filter(|before| stamp.is_some() && before.stamp == stamp && self.still(&before.made))
        {
            return before.clone();
        }
        let before = before.map(|before| &before.made);
        match walk::read_text(file, self.folder.options.max_bytes) {
            Ok(walk::Content::Text { text, lossy }) => {
                let same = |made: &&Arc<Made>| {
                    let read = made.document.as_ref().and_then(Document::text);
                    !made.outlived && made.lossy == lossy && read == Some(&text) && self.still(made)
                };
                let made = before.filter(same).map(Arc::clone);
                let made = made.unwrap_or_else(|| Arc::new(self.parse(path, &text, lossy, before.map(Arc::as_ref))));
                Known { stamp, made }
            }
            Ok(walk::Content::TooLarge(bytes)) => {
                let limit = self.folder.options.max_bytes;
                let message = format!("the file has {bytes} bytes and is not read; split it, or keep it below {limit}");
                let made = Made {
                    diagnostics: vec![note(path, 0, Level::Warning, "too-large", message)],
                    skipped: Some("too large".to_owned()),
                    ..Made::default()
                };
                Known {
                    stamp,
                    made: Arc::new(made),
                }
            }
            Ok(walk::Content::No(reason)) => {
                let skipped = Some(reason);
                let made = Arc::new(Made {
                    skipped,
                    ..Made::default()
                });
                Known { stamp, made }
            }
            Err(error) => {
                let message = format!("the file cannot be read: {error}");
                let problem = note(path, 0, Level::Error, "unreadable", message);
                let made = Arc::new(keep(before.map(Arc::as_ref), vec![problem]));
                Known { stamp: None, made }
            }
        }
    }

    /// Whether what was made of a file would be made again, by the data.
    fn still(&self, made: &Made) -> bool {
        !(self.new_data && made.document.as_ref().is_some_and(Document::may_name_data))
    }

    fn parse(&self, path: &str, text: &str, lossy: bool, before: Option<&Made>) -> Made {
        let (read, found) = Document::read(path, text, self.data);
        let mut made = match read {
            Some((document, runbook)) => {
                (self.take)(&document, &runbook);
                Made {
                    document: Some(document),
                    diagnostics: found,
                    ..Made::default()
                }
            }
            None if found.iter().any(|diagnostic| diagnostic.level == Level::Error) => keep(before, found),
            None => Made {
                diagnostics: found,
                skipped: Some("YAML without CRE rules".to_owned()),
                ..Made::default()
            },
        };
        made.lossy = lossy;
        if lossy {
            let message = "the file is not UTF-8; what could not be read is shown as �, save it as UTF-8";
            made.diagnostics
                .insert(0, note(path, 0, Level::Warning, "encoding", message.into()));
        }
        made
    }
}

/// The version read before, if there is one, and why it is kept.
fn keep(before: Option<&Made>, problems: Vec<Diagnostic>) -> Made {
    let document = before.and_then(|before| before.document.clone());
    let kept = if document.is_some() {
        "the version read before is kept"
    } else {
        "it is left out"
    };
    let tell = |mut problem: Diagnostic| {
        problem.message = format!("{}; {kept}", problem.message);
        problem
    };
    Made {
        document,
        outlived: true,
        diagnostics: problems.into_iter().map(tell).collect(),
        ..Made::default()
    }
}
