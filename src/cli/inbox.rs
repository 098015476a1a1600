//! `signpost inbox`: messages that wait or were set aside, and another try for those.

use std::io::{BufWriter, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::bail;
use clap::{Args, Subcommand};

use crate::settings;
use crate::store::{self, InboxRow, StoreLocation};

/// List messages that are waiting or set aside, or retry them. Works while the bot is running.
///
/// A message is set aside when the bot crashed five times while handling it, or when handling it panicked. Its text is kept for
/// a day and is never printed. A message that could not be handled for a day is listed too, but cannot be retried, because its
/// text has been erased.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    action: Option<InboxAction>,
    /// Folder with `local.toml` [default: ./config, if it exists].
    #[arg(long, value_name = "DIR", global = true)]
    config: Option<PathBuf>,
    /// Print one JSON object per line.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum InboxAction {
    /// List messages, oldest first (the default).
    List {
        /// Print at most this many.
        #[arg(long, value_name = "N", default_value_t = 1_000)]
        limit: u32,
    },
    /// Handle messages that were set aside again, even past `answers.too_old`, while their texts are still kept.
    #[command(override_usage = "signpost inbox retry <KEY | --all>")]
    Retry {
        /// The key of one message, as printed by `list`.
        #[arg(required_unless_present = "all", conflicts_with = "all")]
        key: Option<String>,
        /// All of them.
        #[arg(long)]
        all: bool,
    },
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let location = StoreLocation::from(&settings::load_store(arguments.config.as_deref())?);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match arguments.action.as_ref() {
        None => list(&runtime.block_on(store::inbox_rows(&location, 1_000))?, arguments.json),
        Some(InboxAction::List { limit }) => {
            list(&runtime.block_on(store::inbox_rows(&location, *limit))?, arguments.json)
        }
        Some(InboxAction::Retry { key, .. }) => {
            let retried = runtime.block_on(store::retry(&location, key.as_deref()))?;
            match key {
                Some(key) if retried == 0 => {
                    bail!("no message {key} can be retried; `signpost inbox list` shows those that can")
                }
                _ => told(retried, arguments.json),
            }
        }
    }
}

fn told(retried: u64, json: bool) -> anyhow::Result<ExitCode> {
    let mut out = std::io::stdout().lock();
    if json {
        writeln!(out, "{}", serde_json::json!({ "retried": retried }))?;
    } else {
        match retried {
            0 => writeln!(out, "No messages to retry.")?,
            1 => writeln!(
                out,
                "Queued 1 message. A running bot handles it now; otherwise it is handled at the next start."
            )?,
            _ => writeln!(
                out,
                "Queued {retried} messages. A running bot handles them now; otherwise they are handled at the next start."
            )?,
        }
    }
    Ok(ExitCode::SUCCESS)
}

#[expect(clippy::print_stderr, reason = "a person should not wonder about an empty list")]
fn list(rows: &[InboxRow], json: bool) -> anyhow::Result<ExitCode> {
    if rows.is_empty() && !json {
        eprintln!("No messages are waiting or set aside.");
    }
    let mut out = BufWriter::new(std::io::stdout().lock());
    for row in rows {
        if json {
            writeln!(out, "{}", serde_json::to_string(row)?)?;
        } else {
            writeln!(out, "{}", line(row))?;
        }
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

fn line(row: &InboxRow) -> String {
    let why = row.reason.as_deref().map_or(String::new(), |why| format!(" ({why})"));
    let retry = match (row.state.as_str(), row.retriable, row.reason.as_deref()) {
        ("set_aside", false, Some("undecoded")) => "  cannot be retried: this version does not understand it",
        ("set_aside", false, _) => "  cannot be retried: its text has been erased",
        _ => "",
    };
    let key = row.key.escape_debug();
    format!(
        "{}  {}{why}  {key}{retry}",
        row.received_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        row.state.replace('_', " ")
    )
}
