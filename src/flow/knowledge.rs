//! What the bot knows: the runbooks and their index, always swapped together.

use std::time::Instant;

use tracing::{info, warn};

use super::Error;
use crate::files;
use crate::matching::{self, Index};
use crate::memory;
use crate::runbook::{Level, Library};
use crate::settings::Settings;

/// The runbooks and how they are recognised.
#[derive(Debug)]
pub struct Knowledge {
    /// The runbooks.
    pub library: Library,
    /// How they are recognised.
    pub index: Index,
}

impl Knowledge {
    /// Indexes a library.
    pub fn new(library: Library, settings: &Settings) -> Self {
        let options = matching::Options {
            answer: settings.matching.threshold,
        };
        let index = Index::build(&library, &options);
        Self { library, index }
    }
}

/// Reads the folder of the settings, or the sample pack, and indexes it.
pub(super) fn load(settings: &Settings) -> Result<Knowledge, Error> {
    let begun = Instant::now();
    let knowledge = Knowledge::new(read(settings, None)?, settings);
    let (runbooks, milliseconds) = (knowledge.library.runbooks.len(), begun.elapsed().as_millis());
    info!(runbooks, milliseconds, "runbooks are loaded");
    if runbooks == 0 {
        warn!("there is no runbook in the folder: the bot has nothing to answer with");
    }
    memory::give_back();
    Ok(knowledge)
}

/// Reads the folder of the settings, or the sample pack. With `previous`, a broken file keeps its old version.
pub(super) fn read(settings: &Settings, previous: Option<&Library>) -> Result<Library, Error> {
    let library = match settings.runbooks.folder() {
        Some(folder) => {
            let mut options = files::Options::default();
            options.ignore.extend(settings.runbooks.ignore.iter().cloned());
            files::load(folder, &options, previous, &|_, _| {})?
        }
        None => files::load_embedded(),
    };
    tell(&library, previous);
    Ok(library)
}

/// Logs what the authors should know; after a reload only what is new.
fn tell(library: &Library, previous: Option<&Library>) {
    let known = previous.map_or(&[][..], |previous| previous.diagnostics.as_slice());
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
        info!(
            warnings,
            skipped = library.skipped.len(),
            "`signpost lint` tells what was not understood"
        );
    }
}
