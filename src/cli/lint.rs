//! The `signpost lint` command: reports the problems of a runbook folder.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::bail;
use clap::Args;
use serde_json::json;

use super::knowledge;
use crate::jobs::consistency;
use crate::runbook::{Diagnostic, Level, Library, team_usage};
use crate::{files, settings};

/// Report what is wrong in a runbook folder.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The folder of runbooks; without it, the sample pack.
    #[arg(value_name = "DIR")]
    runbooks: Option<PathBuf>,
    /// Read what links in the folder lead to, also outside it.
    #[arg(long, requires = "runbooks")]
    follow_links: bool,
    /// Folder with `jobs.toml`: also report jobs, checks and sections of the runbooks that do not fit it.
    #[arg(long, value_name = "DIR")]
    config: Option<PathBuf>,
    /// Print JSON: an object with `diagnostics`, `skipped` and counts.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let mut library = knowledge::whole(arguments.runbooks.as_deref(), arguments.follow_links)?;
    if let Some(folder) = &arguments.config {
        let Some(registry) = settings::jobs::registry(Some(folder))? else {
            bail!(
                "there is no jobs.toml in {}; --config names the folder that holds it",
                folder.display()
            );
        };
        library.diagnostics.extend(consistency::misfits(&registry, &library));
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
    if let Some(folder) = arguments.runbooks.as_deref().filter(|_| library.runbooks.is_empty()) {
        bail!(files::nothing_to_read(folder, &library));
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
        "{} read, {}, {}, {}",
        counted(library.runbooks.len(), "document"),
        counted(count(Level::Error), "error"),
        counted(count(Level::Warning), "warning"),
        counted(count(Level::Info), "note"),
    )?;
    for line in files::left_out(&library.skipped) {
        writeln!(err, "{line}")?;
    }
    Ok(())
}
