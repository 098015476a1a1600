//! Several sources of runbooks, read into one library.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::folder::add_teams;
use super::{Folder, LoadError, Options, Progress, Take, finish, note};
use crate::clock::Clock;
use crate::runbook::{self, Data, DocumentSource, Level, Library, LibrarySource, Skipped, SourceVersion, Value};

/// A source to read, and where its files are.
#[derive(Debug, Clone)]
pub struct SourcePlace {
    /// The source; `None` for a folder that is the only one.
    pub source: Option<DocumentSource>,
    /// The folder; `None` while there is none, such as before the first fetch.
    pub dir: Option<PathBuf>,
    /// Version of the files, where the source has versions.
    pub version: Option<SourceVersion>,
    /// Options for reading the folder.
    pub options: Options,
}

/// Sources for repeated reading.
#[derive(Debug)]
pub struct Collection {
    parts: Vec<SourcePart>,
}

#[derive(Debug)]
struct SourcePart {
    source: Option<Arc<DocumentSource>>,
    folder: Option<Folder>,
    options: Options,
    clock: Arc<dyn Clock>,
    version: Option<SourceVersion>,
    /// The last library that could be read, for a time when the folder cannot; only where there are other sources.
    last: Option<Library>,
}

impl Collection {
    /// Creates a collection of which nothing is read yet. The clock must be the machine's, as the times of files are.
    pub fn new(places: Vec<SourcePlace>, clock: &Arc<dyn Clock>) -> Collection {
        let part = |place: SourcePlace| {
            let mut part = SourcePart {
                source: place.source.map(Arc::new),
                folder: None,
                options: place.options,
                clock: Arc::clone(clock),
                version: place.version,
                last: None,
            };
            if let Some(dir) = place.dir {
                part.read_from(&dir);
            }
            part
        };
        Collection {
            parts: places.into_iter().map(part).collect(),
        }
    }

    /// Changes the folder and the version of a source, such as after a fetch.
    pub fn set_version(&mut self, id: &str, dir: &Path, version: SourceVersion) {
        if let Some(part) = self.parts.iter_mut().find(|part| part.id() == id) {
            part.read_from(dir);
            part.version = Some(version);
        }
    }

    /// Names the sources, for a message: the folder, or the ids.
    pub fn named(&self) -> String {
        match self.parts.as_slice() {
            [
                SourcePart {
                    source: None,
                    folder: Some(folder),
                    ..
                },
            ] => folder.dir().display().to_string(),
            parts => {
                let names: Vec<&str> = parts
                    .iter()
                    .map(|part| Some(part.id()).filter(|id| !id.is_empty()).unwrap_or("runbooks.dir"))
                    .collect();
                format!("the sources {}", names.join(", "))
            }
        }
    }

    /// Reads the changed files of all sources. A source that cannot be read keeps its state where there are others.
    ///
    /// # Errors
    ///
    /// As for [`Folder::read`]: the only folder cannot be read, or one of several at its first reading.
    pub fn read(&mut self, progress: Progress<'_>, take: Take<'_>) -> Result<Library, LoadError> {
        if let [
            SourcePart {
                source: None,
                folder: Some(folder),
                ..
            },
        ] = self.parts.as_mut_slice()
        {
            return folder.read(progress, take);
        }
        let is_alone = self.parts.len() == 1;
        let mut read = Vec::with_capacity(self.parts.len());
        for part in &mut self.parts {
            read.push(part.read(is_alone, progress, take)?);
        }
        for at in 0..self.parts.len() {
            let teams = self.teams_but(at);
            let Some(part) = self.parts.get_mut(at) else { continue };
            if part.folder.as_mut().is_some_and(|folder| folder.set_other_teams(teams))
                && let Some(slot) = read.get_mut(at)
            {
                *slot = part.read(is_alone, &|_, _| {}, take)?;
            }
        }
        Ok(self.merged(read))
    }

    /// The teams of all sources but one, by key; those of earlier sources count first.
    fn teams_but(&self, at: usize) -> Option<Value> {
        let mut data = Data::new();
        let others = self.parts.iter().enumerate().filter(|(other, _)| *other != at);
        for (_, part) in others {
            add_teams(&mut data, part.folder.as_ref().and_then(Folder::own_teams));
        }
        data.remove("teams")
    }

    fn merged(&self, read: Vec<Library>) -> Library {
        let mut library = Library::default();
        let mut data = Data::new();
        let prefixes: Vec<&str> = self
            .parts
            .iter()
            .map(SourcePart::prefix)
            .filter(|prefix| !prefix.is_empty())
            .collect();
        for (part, one) in self.parts.iter().zip(read) {
            let named = |path: &str| match path {
                "" => part.prefix().trim_end_matches('/').to_owned(),
                path => format!("{}{path}", part.prefix()),
            };
            let is_taken =
                |path: &str| part.prefix().is_empty() && prefixes.iter().any(|prefix| path.starts_with(prefix));
            let (mut documents, mut skipped) = (0, one.skipped.len());
            for document in one.runbooks {
                if is_taken(&document.path) {
                    skipped += 1;
                    let message =
                        "the folder is named like the id of a source, so their paths cannot be told apart; rename one";
                    let problem = note(&document.path, 0, Level::Error, "source-id", message.to_owned());
                    library.skipped.push(Skipped {
                        path: document.path.clone(),
                        reason: "in a folder named like the id of a source".to_owned(),
                    });
                    library.diagnostics.push(problem);
                } else {
                    documents += 1;
                    library.runbooks.push(document);
                }
            }
            library.diagnostics.extend(one.diagnostics.into_iter().map(|mut found| {
                found.path = named(&found.path);
                found
            }));
            library.skipped.extend(one.skipped.into_iter().map(|mut skipped| {
                skipped.path = named(&skipped.path);
                skipped
            }));
            library.sources.push(LibrarySource {
                id: part.id().to_owned(),
                documents,
                skipped,
                version: part.version.clone(),
            });
            let own = part.folder.as_ref().and_then(Folder::own_teams);
            library
                .diagnostics
                .extend(same_teams(&data, own, &named("_data/teams.yml")));
            add_teams(&mut data, own);
            for (name, value) in one.data.iter().filter(|(name, _)| *name != "teams") {
                data.entry(name.clone()).or_insert_with(|| value.clone());
            }
        }
        library.data = Arc::new(data);
        library.teams = runbook::teams(&library.data);
        finish(&mut library);
        library
    }
}

/// Warnings for teams of a source whose keys another source uses for a different team.
fn same_teams(known: &Data, own: Option<&Value>, path: &str) -> Vec<runbook::Diagnostic> {
    let (Some(known), Some(Value::Object(own))) = (known.get("teams"), own) else {
        return Vec::new();
    };
    let differs = |key: &String, team: &Value| known.get(key).is_some_and(|known| known != team);
    own.iter()
        .filter(|(key, team)| differs(key, team))
        .map(|(key, _)| {
            let message =
                format!("another source also has a team `{key}`, and escalations use that one; rename one of the keys");
            note(path, 0, Level::Warning, "team-twice", message)
        })
        .collect()
}

impl SourcePart {
    fn id(&self) -> &str {
        self.source.as_ref().map_or("", |source| &source.id)
    }

    fn prefix(&self) -> &str {
        self.source.as_ref().map_or("", |source| &source.prefix)
    }

    fn read_from(&mut self, dir: &Path) {
        if let Some(folder) = &mut self.folder {
            return folder.set_dir(dir);
        }
        let mut folder = Folder::new(dir, self.options.clone(), Arc::clone(&self.clock));
        if let Some(source) = &self.source {
            folder.set_source(source);
        }
        self.folder = Some(folder);
    }

    /// Reads the source. With `is_alone`, a failure is an error also after the first reading.
    fn read(&mut self, is_alone: bool, progress: Progress<'_>, take: Take<'_>) -> Result<Library, LoadError> {
        let Some(folder) = &mut self.folder else {
            let message =
                "this source has not been fetched yet; run `signpost sources fetch` or `signpost serve`".to_owned();
            let problem = note("", 0, Level::Error, "source-unfetched", message);
            return Ok(Library {
                diagnostics: vec![problem],
                ..Library::default()
            });
        };
        match (folder.read(progress, take), &self.last) {
            (Ok(library), _) => {
                self.last = (!is_alone).then(|| library.clone());
                Ok(library)
            }
            (Err(cause), Some(last)) => {
                let mut library = last.clone();
                let kept = library.runbooks.len();
                let message = format!("{cause}; the {kept} documents read earlier are kept");
                library
                    .diagnostics
                    .push(note("", 0, Level::Error, "source-unreadable", message));
                Ok(library)
            }
            (Err(cause), None) => Err(cause),
        }
    }
}
