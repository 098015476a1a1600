//! `signpost audit`: the log of requests for jobs, approvals and outcomes.

use std::io::{BufWriter, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde_json::{Map, Value};

use super::listing::{Since, since, table, utc};
use super::terminal::{plain, redact_json};
use crate::clock::{Clock as _, SystemClock};
use crate::settings;
use crate::store::{self, AuditEntry, AuditQuery, StoreLocation};

/// Print who requested which job, who approved it, and the outcome. Works while the bot is running.
///
/// One entry per line, oldest first: time, what, who, where, job, parameters, and what else is known. Times are in UTC.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Folder with `local.toml` [default: ./config, if it exists].
    #[arg(long, value_name = "DIR")]
    config: Option<PathBuf>,
    /// Print one JSON object per line.
    #[arg(long)]
    json: bool,
    /// Only entries since then: a duration (90m, 12h, 7d), a date (2026-11-01) or a time (2026-11-01T08:00:00Z).
    #[arg(long, value_name = "WHEN", value_parser = since)]
    since: Option<Since>,
    /// Only this job, by its id in jobs.toml.
    #[arg(long, value_name = "ID")]
    job: Option<String>,
    /// Only this run.
    #[arg(long, value_name = "ID")]
    run: Option<String>,
    /// Only actions of this user (an id: U…).
    #[arg(long, value_name = "ID")]
    user: Option<String>,
    /// Show secrets as they are, instead of marks such as `[redacted: password]`.
    #[arg(long)]
    show_secrets: bool,
    /// Only the newest entries, at most this many.
    #[arg(long, value_name = "N")]
    limit: Option<u32>,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let location = StoreLocation::from(&settings::load_store(arguments.config.as_deref())?);
    let query = AuditQuery {
        since: arguments.since.map(|since| since.before(SystemClock.now())),
        run: arguments.run.clone(),
        job: arguments.job.clone(),
        user: arguments.user.clone(),
        limit: arguments.limit.unwrap_or(u32::MAX),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let entries = runtime.block_on(async { store::read_only(&location).await?.audit(&query).await })?;
    let entries: Vec<AuditEntry> = entries
        .into_iter()
        .map(|mut entry| {
            for fields in [&mut entry.parameters, &mut entry.detail] {
                let mut value = Value::Object(std::mem::take(fields));
                redact_json(&mut value, arguments.show_secrets);
                if let Value::Object(clean) = value {
                    *fields = clean;
                }
            }
            entry
        })
        .collect();
    let mut out = BufWriter::new(std::io::stdout().lock());
    if arguments.json {
        for entry in &entries {
            writeln!(out, "{}", serde_json::to_string(entry)?)?;
        }
    } else {
        for line in table(&entries.iter().map(columns).collect::<Vec<_>>()) {
            writeln!(out, "{line}")?;
        }
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

fn columns(entry: &AuditEntry) -> [String; 7] {
    let who = match (&entry.name, &entry.user) {
        (Some(name), Some(user)) => format!("{name} ({user})"),
        (Some(one), None) | (None, Some(one)) => one.clone(),
        (None, None) => "-".to_owned(),
    };
    let place = match (&entry.channel, &entry.thread_ts) {
        (Some(channel), Some(thread)) => format!("{channel}/{thread}"),
        (Some(channel), None) => channel.clone(),
        (None, _) => "-".to_owned(),
    };
    let mut detail = pairs(&entry.detail);
    if let Some(run) = &entry.run {
        detail.push(format!("run={}", value(&Value::String(run.clone()))));
    }
    [
        utc(entry.at),
        plain(&entry.what),
        plain(&who),
        plain(&place),
        plain(&entry.job),
        or_dash(&pairs(&entry.parameters)),
        or_dash(&detail),
    ]
}

fn or_dash(pairs: &[String]) -> String {
    if pairs.is_empty() {
        "-".to_owned()
    } else {
        pairs.join(" ")
    }
}

fn pairs(object: &Map<String, Value>) -> Vec<String> {
    let pair = |(name, is): (&String, &Value)| format!("{}={}", plain(name), value(is));
    object.iter().map(pair).collect()
}

/// A value as it is where that is unambiguous, else as JSON.
fn value(value: &Value) -> String {
    match value {
        Value::String(text)
            if !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || c.is_control() || c == '"') =>
        {
            plain(text)
        }
        other => plain(&other.to_string()),
    }
}
