//! The `signpost lint` command: reports the problems of a runbook folder.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::bail;
use clap::Args;
use serde_json::json;

use super::knowledge::{self, ChosenRunbooks};
use crate::jobs::consistency;
use crate::runbook::{Diagnostic, Level, Library, team_usage};
use crate::{files, settings};

/// Report problems in a runbook folder.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The runbook folder [default: the sample pack].
    #[arg(value_name = "DIR")]
    runbooks: Option<PathBuf>,
    /// Follow links in the folder, even to places outside it.
    #[arg(long, requires = "runbooks")]
    follow_links: bool,
    /// Folder with `local.toml` and `jobs.toml`. Without DIR, check the runbooks from all sources in its settings. Also
    /// report jobs, checks and sections in the runbooks that do not match `jobs.toml`.
    #[arg(long, value_name = "DIR")]
    config: Option<PathBuf>,
    /// Print JSON: an object with `diagnostics`, `skipped` and counts.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let (folder, config) = (arguments.runbooks.as_deref(), arguments.config.as_deref());
    let mut chosen = ChosenRunbooks::of(folder, arguments.follow_links, config)?;
    let mut library = knowledge::whole(&mut chosen)?;
    if let Some(config) = config {
        match settings::jobs::registry(Some(config))? {
            Some(registry) => library.diagnostics.extend(consistency::misfits(&registry, &library)),
            None if matches!(chosen, ChosenRunbooks::Settings(..)) => {}
            None => bail!(
                "there is no jobs.toml in {}; give its folder with --config",
                config.display()
            ),
        }
    }
    library.diagnostics.extend(consistency::unusable_checks(&library));
    library.diagnostics.extend(team_usage(&library));
    library
        .diagnostics
        .sort_by(|a, b| (&a.path, a.line).cmp(&(&b.path, b.line)));
    let errors = library
        .diagnostics
        .iter()
        .filter(|found| found.level == Level::Error)
        .count();
    let mut out = std::io::stdout().lock();
    if arguments.json {
        let report = json!({
            "documents": library.runbooks.len(),
            "topics": library.runbooks.iter().map(|runbook| runbook.titles().count()).sum::<usize>(),
            "errors": errors,
            "diagnostics": library.diagnostics,
            "skipped": library.skipped,
        });
        writeln!(out, "{report}")?;
    } else {
        for found in &library.diagnostics {
            writeln!(out, "{}", line_of(found))?;
        }
    }
    drop(out);
    if !chosen.is_sample() && library.runbooks.is_empty() {
        bail!(chosen.nothing_to_read(&library));
    }
    summarise(&library)?;
    Ok(ExitCode::from(u8::from(errors > 0)))
}

/// Formats a diagnostic as `path:line: level[code]: message`.
pub(super) fn line_of(found: &Diagnostic) -> String {
    let level = match found.level {
        Level::Info => "info",
        Level::Warning => "warning",
        Level::Error => "error",
    };
    let path = if found.path.is_empty() { "." } else { &found.path };
    format!("{path}:{}: {level}[{}]: {}", found.line, found.code, found.message)
}

/// Prints the number of documents, the number of diagnostics by level and the skipped files, to stderr.
fn summarise(library: &Library) -> std::io::Result<()> {
    let mut err = std::io::stderr().lock();
    let count = |level| library.diagnostics.iter().filter(|found| found.level == level).count();
    let counted = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    writeln!(
        err,
        "{}, {}, {}, {}",
        files::counted(library.runbooks.len(), library.skipped.len()),
        counted(count(Level::Error), "error"),
        counted(count(Level::Warning), "warning"),
        counted(count(Level::Info), "note"),
    )?;
    for line in files::left_out(&library.skipped) {
        writeln!(err, "{line}")?;
    }
    Ok(())
}
