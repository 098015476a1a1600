//! Loading of runbooks with a progress bar, shared by the commands that only read them.

use std::io::{IsTerminal as _, Write as _};
use std::path::Path;
use std::sync::Arc;

use anyhow::bail;
use indicatif::{ProgressBar, ProgressStyle};

use crate::clock::SystemClock;
use crate::files;
use crate::matching::{Index, IndexOptions, SignatureCache};
use crate::runbook::{Level, Library};

/// The runbooks of a folder, or the sample pack.
///
/// # Errors
///
/// The folder cannot be read, or holds no runbook.
pub(super) fn library(folder: Option<&Path>, follow_links: bool) -> anyhow::Result<Library> {
    checked(folder, read(folder, linked(follow_links), &|_, _| {})?)
}

/// The runbooks of a folder, or the sample pack, also when there are none: the library holds the problems found.
///
/// # Errors
///
/// The folder cannot be read.
pub(super) fn whole(folder: Option<&Path>, follow_links: bool) -> anyhow::Result<Library> {
    read(folder, linked(follow_links), &|_, _| {})
}

/// The runbooks of a folder, or the sample pack, with their index.
///
/// # Errors
///
/// The folder cannot be read, or holds no runbook.
pub(super) fn indexed(folder: Option<&Path>, follow_links: bool) -> anyhow::Result<(Library, Index)> {
    indexed_with(folder, linked(follow_links), &IndexOptions::default())
}

/// The runbooks of a folder, or the sample pack, with their index, by the options of a deployment.
///
/// # Errors
///
/// The folder cannot be read, or holds no runbook.
pub(super) fn indexed_with(
    folder: Option<&Path>,
    options: files::Options,
    matching: &IndexOptions,
) -> anyhow::Result<(Library, Index)> {
    let (library, signatures) = extracted(folder, options)?;
    let index = signatures.index(&library, matching);
    Ok((library, index))
}

/// The runbooks of a folder, or the sample pack, with the signatures from which indexes of them are assembled.
///
/// # Errors
///
/// The folder cannot be read, or holds no runbook.
pub(super) fn with_signatures(folder: Option<&Path>, follow_links: bool) -> anyhow::Result<(Library, SignatureCache)> {
    extracted(folder, linked(follow_links))
}

fn extracted(folder: Option<&Path>, options: files::Options) -> anyhow::Result<(Library, SignatureCache)> {
    let signatures = SignatureCache::default();
    let library = read(folder, options, &|document, runbook| {
        signatures.take(document, runbook);
    })?;
    Ok((checked(folder, library)?, signatures))
}

/// The options of a command that has no settings.
fn linked(follow_links: bool) -> files::Options {
    files::Options {
        follow_links,
        ..files::Options::default()
    }
}

fn read(folder: Option<&Path>, options: files::Options, take: files::Take<'_>) -> anyhow::Result<Library> {
    let Some(folder) = folder else {
        return Ok(files::load_embedded());
    };
    let bar = progress("runbooks read");
    let tell = |done: usize, total: usize| {
        bar.set_length(total as u64);
        bar.set_position(done as u64);
    };
    let library = files::Folder::new(folder, options, Arc::new(SystemClock)).read(&tell, take);
    bar.finish_and_clear();
    Ok(library?)
}

/// Refuses a folder without runbooks, with the reasons; otherwise reports the problems found.
fn checked(folder: Option<&Path>, library: Library) -> anyhow::Result<Library> {
    let Some(folder) = folder else {
        return Ok(library);
    };
    if library.runbooks.is_empty() {
        bail!(files::nothing_to_read(folder, &library));
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
