//! `signpost store`: the move of a store to another engine.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use secrecy::SecretString;

use crate::settings;
use crate::store::{self, StoreLocation};

/// Move the store from an SQLite file to PostgreSQL.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    action: StoreAction,
}

#[derive(Debug, Subcommand)]
enum StoreAction {
    /// Copy everything from an SQLite file into an empty PostgreSQL database. Stop the bot first.
    ///
    /// Everything is copied in one transaction. The schema of the file is upgraded; its data is kept.
    Migrate {
        /// The SQLite file, such as sqlite://signpost.db or sqlite:///var/lib/signpost/signpost.db.
        #[arg(long, value_name = "URL")]
        from: String,
        /// The PostgreSQL database [default: store.url of the settings]. Set a URL with a password in the
        /// environment instead (SIGNPOST__STORE__URL): other users of this machine can see command arguments.
        #[arg(long, value_name = "URL")]
        to: Option<String>,
        /// Folder with `local.toml` [default: ./config, if it exists].
        #[arg(long, value_name = "DIR")]
        config: Option<PathBuf>,
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let StoreAction::Migrate { from, to, config, json } = &arguments.action;
    let from = from
        .strip_prefix("sqlite:")
        .map(|rest| PathBuf::from(rest.strip_prefix("//").unwrap_or(rest)))
        .filter(|path| !path.as_os_str().is_empty())
        .context("--from is not the URL of an SQLite file; use sqlite://PATH")?;
    let to = match to {
        Some(url) => settings::database_url(url)?,
        None => match StoreLocation::from(&settings::load_store(config.as_deref())?) {
            StoreLocation::Database(url) => url,
            StoreLocation::File(_) => bail!("there is no database to move to; set store.url or use --to postgres://…"),
        },
    };
    migrate(&from, &to, *json)
}

fn migrate(from: &std::path::Path, to: &SecretString, json: bool) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let moved = runtime.block_on(store::transfer(from, to))?;
    let mut out = std::io::stdout().lock();
    if json {
        let tables: serde_json::Map<String, serde_json::Value> = moved
            .into_iter()
            .map(|table| (table.table, table.rows.into()))
            .collect();
        writeln!(out, "{}", serde_json::json!({ "rows": tables }))?;
        return Ok(ExitCode::SUCCESS);
    }
    let width = moved.iter().map(|table| table.table.len()).max().unwrap_or_default();
    for table in &moved {
        writeln!(out, "{:<width$}  {}", table.table, table.rows)?;
    }
    writeln!(
        out,
        "Moved to {}. Set store.url, remove store.path, and start the bot.",
        StoreLocation::Database(to.clone())
    )?;
    Ok(ExitCode::SUCCESS)
}
