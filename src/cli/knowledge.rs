//! Loading of runbooks with a progress bar, shared by the commands that only read them.

use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::bail;
use indicatif::{ProgressBar, ProgressStyle};

use crate::bot::{self, SourceReader};
use crate::clock::SystemClock;
use crate::files;
use crate::matching::{Index, IndexOptions, SignatureCache};
use crate::runbook::{Level, Library};
use crate::settings::{self, Settings};

/// The runbooks that a command is about.
#[derive(Debug)]
pub(super) enum ChosenRunbooks {
    /// The sample pack.
    Sample,
    /// A folder, and the options for reading it.
    Folder(PathBuf, files::Options),
    /// The folder and the sources of the settings, and the address at which the folder is published.
    Settings(Box<SourceReader>, Option<String>),
}

impl ChosenRunbooks {
    /// The folder that was named, else what the settings of a config folder name, else the sample pack.
    ///
    /// # Errors
    ///
    /// The settings cannot be used.
    pub(super) fn of(
        folder: Option<&Path>,
        follow_links: bool,
        config: Option<&Path>,
    ) -> anyhow::Result<ChosenRunbooks> {
        let options = files::Options {
            follow_links,
            ..files::Options::default()
        };
        match (folder, config) {
            (Some(folder), _) => Ok(ChosenRunbooks::Folder(folder.to_owned(), options)),
            (None, Some(config)) => Ok(ChosenRunbooks::of_settings(&settings::load_without_secrets(Some(
                config,
            ))?)),
            (None, None) => Ok(ChosenRunbooks::Sample),
        }
    }

    /// The sources of the settings, else the sample pack.
    pub(super) fn of_settings(settings: &Settings) -> ChosenRunbooks {
        let reader = SourceReader::new(settings, &bot::fetched_sources(settings));
        reader.map_or(ChosenRunbooks::Sample, |reader| {
            let base_url = settings.runbooks.base_url().map(str::to_owned);
            ChosenRunbooks::Settings(Box::new(reader), base_url)
        })
    }

    /// Address at which documents without a source of their own are published, when the settings name it.
    pub(super) fn base_url(&self) -> Option<String> {
        match self {
            ChosenRunbooks::Settings(_, base_url) => base_url.clone(),
            ChosenRunbooks::Sample | ChosenRunbooks::Folder(..) => None,
        }
    }

    /// True for the sample pack, which needs no check.
    pub(super) fn is_sample(&self) -> bool {
        matches!(self, ChosenRunbooks::Sample)
    }

    /// Explains why there is nothing to answer with.
    pub(super) fn nothing_to_read(&self, library: &Library) -> String {
        let place = match self {
            ChosenRunbooks::Sample => "the sample pack".to_owned(),
            ChosenRunbooks::Folder(folder, _) => folder.display().to_string(),
            ChosenRunbooks::Settings(reader, _) => reader.named(),
        };
        files::nothing_to_read(&place, library)
    }

    fn read(&mut self, take: files::Take<'_>) -> anyhow::Result<Library> {
        let bar = progress("runbooks read");
        let tell = |done: usize, total: usize| {
            bar.set_length(total as u64);
            bar.set_position(done as u64);
        };
        let library = match self {
            ChosenRunbooks::Sample => return Ok(files::load_embedded()),
            ChosenRunbooks::Folder(folder, options) => {
                files::Folder::new(folder, options.clone(), Arc::new(SystemClock)).read(&tell, take)
            }
            ChosenRunbooks::Settings(reader, _) => reader.read(&tell, take),
        };
        bar.finish_and_clear();
        Ok(library?)
    }
}

/// The chosen runbooks.
///
/// # Errors
///
/// They cannot be read, or there are none.
pub(super) fn library(mut chosen: ChosenRunbooks) -> anyhow::Result<Library> {
    let library = chosen.read(&|_, _| {})?;
    checked(&chosen, library)
}

/// The chosen runbooks, also when there are none: the library holds the problems found.
///
/// # Errors
///
/// They cannot be read.
pub(super) fn whole(chosen: &mut ChosenRunbooks) -> anyhow::Result<Library> {
    chosen.read(&|_, _| {})
}

/// The chosen runbooks with their index.
///
/// # Errors
///
/// They cannot be read, or there are none.
pub(super) fn indexed(chosen: ChosenRunbooks) -> anyhow::Result<(Library, Index)> {
    indexed_with(chosen, &IndexOptions::default())
}

/// The chosen runbooks with their index, by the options of a deployment.
///
/// # Errors
///
/// They cannot be read, or there are none.
pub(super) fn indexed_with(chosen: ChosenRunbooks, matching: &IndexOptions) -> anyhow::Result<(Library, Index)> {
    let (library, signatures) = with_signatures(chosen)?;
    let index = signatures.index(&library, matching);
    Ok((library, index))
}

/// The chosen runbooks with the signatures from which indexes of them are assembled.
///
/// # Errors
///
/// They cannot be read, or there are none.
pub(super) fn with_signatures(mut chosen: ChosenRunbooks) -> anyhow::Result<(Library, SignatureCache)> {
    let signatures = SignatureCache::default();
    let library = chosen.read(&|document, runbook| signatures.take(document, runbook))?;
    Ok((checked(&chosen, library)?, signatures))
}

/// The chosen runbooks with their index, also when there are none; the problems found are reported.
///
/// # Errors
///
/// They cannot be read.
#[cfg(feature = "sandbox")]
pub(super) fn indexed_whole(chosen: &mut ChosenRunbooks) -> anyhow::Result<(Library, Index)> {
    let signatures = SignatureCache::default();
    let library = chosen.read(&|document, runbook| signatures.take(document, runbook))?;
    if !library.runbooks.is_empty() {
        tell_errors(&library)?;
    }
    let index = signatures.index(&library, &IndexOptions::default());
    Ok((library, index))
}

/// Refuses a choice without runbooks, with the reasons; otherwise reports the problems found.
fn checked(chosen: &ChosenRunbooks, library: Library) -> anyhow::Result<Library> {
    if chosen.is_sample() {
        return Ok(library);
    }
    if library.runbooks.is_empty() {
        bail!(chosen.nothing_to_read(&library));
    }
    tell_errors(&library)?;
    Ok(library)
}

/// Reports on standard error the errors in runbooks; the other files are used.
fn tell_errors(library: &Library) -> anyhow::Result<()> {
    const MOST: usize = 5;
    let errors: Vec<_> = library
        .diagnostics
        .iter()
        .filter(|found| found.level == Level::Error)
        .collect();
    let mut out = std::io::stderr().lock();
    for error in errors.iter().take(MOST) {
        writeln!(out, "{}", super::lint::line_of(error))?;
    }
    if errors.len() > MOST {
        writeln!(
            out,
            "and {} more errors; `signpost lint` lists them all",
            errors.len() - MOST
        )?;
    }
    Ok(())
}

/// A progress bar on standard error; hidden where that is no terminal.
pub(super) fn progress(what: &'static str) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style =
        ProgressStyle::with_template("{pos}/{len} {msg} {wide_bar}").unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(0).with_style(style).with_message(what)
}
