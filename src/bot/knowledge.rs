//! The runbooks and their index, always swapped together.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Instant;

use arc_swap::ArcSwap;
use jiff::Timestamp;
use parking_lot::Mutex;
use tracing::{info, warn};

use super::Error;
use super::sources::{FetchedSource, SourceReader};
use crate::addresses::{self, Addresses};
use crate::clock::{Clock as _, SystemClock};
use crate::files;
use crate::jobs::{Registry, consistency};
use crate::malloc;
use crate::matching::{self, Index, Outcome, SignatureCache};
use crate::runbook::{Diagnostic, Level, Library, TopicId};
use crate::settings::Settings;

/// The runbooks with their index.
#[derive(Debug)]
pub struct Knowledge {
    /// The runbooks.
    pub library: Library,
    /// The index that recognises them.
    pub index: Arc<Index>,
    /// The runbooks by their addresses.
    pub addresses: Arc<Addresses>,
    /// Time at which they were read.
    pub read_at: Timestamp,
}

impl Knowledge {
    /// The number of errors in the runbook folder.
    pub(super) fn errors(&self) -> usize {
        let found = self.library.diagnostics.iter();
        found.filter(|found| found.level == Level::Error).count()
    }

    /// The topic that a name leads to which is an address.
    pub(super) fn addressed(&self, name: &str) -> Option<TopicId> {
        let links = addresses::links_in(name);
        links
            .iter()
            .find_map(|link| self.addresses.find(&self.library, &link.url))
    }

    /// The topics for a text that somebody asks about. `threshold`: the confidence from which one is certain.
    pub(super) fn asked(&self, text: &str, threshold: f32) -> Outcome {
        let mut outcome = self.index.search(text).confident(threshold);
        self.addresses.asked(&self.library, text, &mut outcome);
        outcome
    }
}

/// The current knowledge, swapped as a whole by a reload.
#[derive(Debug)]
pub(super) struct KnowledgeHandle {
    current: ArcSwap<Knowledge>,
    /// The reason why the last reload of the runbooks failed; the old ones are used.
    reload_failed: Mutex<Option<String>>,
}

impl KnowledgeHandle {
    pub(super) fn new(knowledge: Knowledge) -> Self {
        Self {
            current: ArcSwap::from_pointee(knowledge),
            reload_failed: Mutex::new(None),
        }
    }

    /// The current knowledge.
    pub(super) fn get(&self) -> Arc<Knowledge> {
        self.current.load_full()
    }

    /// Swaps the knowledge. Answers in preparation are finished with the old one.
    pub(super) fn replace(&self, knowledge: Knowledge) {
        self.current.store(Arc::new(knowledge));
        self.set_reload_failed(None);
    }

    /// Sets the reason why a reload failed; `None` clears it.
    pub(super) fn set_reload_failed(&self, why: Option<String>) {
        *self.reload_failed.lock() = why;
    }

    /// The reason why the last reload failed; `None` when it succeeded.
    pub(super) fn reload_failed(&self) -> Option<String> {
        let reason = self.reload_failed.lock();
        reason.clone()
    }
}

/// Source of the runbooks: the folder and the sources of the settings, or the sample pack. Keeps the files that it read, so that little
/// is read when little changes.
#[derive(Debug)]
pub(super) struct KnowledgeSource {
    /// The folder and the sources; `None` for the sample pack.
    reader: Option<SourceReader>,
    signatures: SignatureCache,
    options: matching::IndexOptions,
    /// The registered jobs, which the runbooks have to fit.
    registry: Arc<Registry>,
    /// Address at which the folder of the settings is published.
    base_url: Option<String>,
}

impl KnowledgeSource {
    pub(super) fn new(settings: &Settings, fetched: &[Arc<FetchedSource>]) -> KnowledgeSource {
        KnowledgeSource {
            reader: SourceReader::new(settings, fetched),
            signatures: SignatureCache::default(),
            options: matching::IndexOptions {
                answer: settings.least_threshold(),
            },
            registry: Arc::clone(&settings.jobs.registry),
            base_url: settings.runbooks.base_url().map(str::to_owned),
        }
    }

    /// Reads all runbooks for the first time.
    pub(super) fn begin(&mut self) -> Result<Knowledge, Error> {
        let begun = Instant::now();
        let library = self.read(None)?;
        let knowledge = self.index(library);
        let (runbooks, milliseconds) = (knowledge.library.runbooks.len(), begun.elapsed().as_millis());
        let skipped = knowledge.library.skipped.len();
        info!(runbooks, skipped, milliseconds, "runbooks are loaded");
        if runbooks == 0 {
            let why = self.nothing_to_read(&knowledge.library);
            warn!("{why}");
        }
        malloc::trim();
        Ok(knowledge)
    }

    /// The reason why there is no runbook to answer with.
    pub(super) fn nothing_to_read(&self, library: &Library) -> String {
        let place = self.reader.as_ref().map(SourceReader::named);
        files::nothing_to_read(place.as_deref().unwrap_or("the sample pack"), library)
    }

    /// Reads the files that changed. With `previous`, only new problems are logged; a broken file keeps its old
    /// version.
    pub(super) fn read(&mut self, previous: Option<&Library>) -> Result<Library, Error> {
        let signatures = &self.signatures;
        let mut library = match &mut self.reader {
            Some(reader) => reader.read(&|_, _| {}, &|document, runbook| signatures.take(document, runbook))?,
            None => files::load_embedded(),
        };
        library.diagnostics.extend(consistency::unusable_checks(&library));
        library
            .diagnostics
            .extend(consistency::misfits(&self.registry, &library));
        tell(&library, previous);
        Ok(library)
    }

    /// Builds the index of a library.
    pub(super) fn index(&self, library: Library) -> Knowledge {
        let index = Arc::new(self.signatures.index(&library, &self.options));
        Knowledge {
            addresses: Arc::new(Addresses::of(&library, self.base_url.as_deref())),
            library,
            index,
            read_at: SystemClock.now(),
        }
    }
}

/// Logs problems for the authors of the runbooks; after a reload only the new ones.
fn tell(library: &Library, previous: Option<&Library>) {
    let known = previous.iter().flat_map(|previous| &previous.diagnostics);
    let known: HashSet<&Diagnostic> = known.collect();
    let mut warnings = 0;
    for diagnostic in library
        .diagnostics
        .iter()
        .filter(|diagnostic| !known.contains(diagnostic))
    {
        let (path, line, code, message) = (&diagnostic.path, diagnostic.line, diagnostic.code, &diagnostic.message);
        match diagnostic.level {
            Level::Error => warn!("{path}:{line}: error[{code}]: {message}"),
            Level::Warning | Level::Info => warnings += 1,
        }
    }
    if warnings > 0 {
        info!(warnings, "`signpost lint` lists the problems");
    }
    let skipped = |library: &Library| files::left_out(&library.skipped);
    let now = skipped(library);
    if previous.map(skipped).unwrap_or_default() != now {
        for line in now {
            info!("{line}");
        }
    }
}
