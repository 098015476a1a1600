//! `signpost audit`: the log of requests for jobs, approvals and outcomes.

use std::fmt::Write as _;
use std::io::{BufWriter, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, SpanRelativeTo, Timestamp};
use serde_json::{Map, Value};

use super::terminal::plain;
use crate::clock::{Clock as _, SystemClock};
use crate::settings;
use crate::store::sqlite::Sqlite;
use crate::store::{AuditEntry, AuditQuery, Runs as _};

/// Maximum characters to which a column is widened for one entry.
const WIDEST: usize = 48;

/// Print who asked for which job, who allowed it, and what came of it. The bot may run meanwhile.
///
/// One entry a line, the oldest first: time, what, who, where, job, parameters, and what else is known. Times are in UTC.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Folder with `local.toml` [default: ./config, when it is there].
    #[arg(long, value_name = "DIR")]
    config: Option<PathBuf>,
    /// Print a JSON object a line.
    #[arg(long)]
    json: bool,
    /// Only what happened since: a time ago (90m, 12h, 7d), a day (2026-11-01) or a time (2026-11-01T08:00:00Z).
    #[arg(long, value_name = "WHEN", value_parser = since)]
    since: Option<Since>,
    /// Only of this job, as jobs.toml calls it.
    #[arg(long, value_name = "ID")]
    job: Option<String>,
    /// Only of this run.
    #[arg(long, value_name = "ID")]
    run: Option<String>,
    /// Only what this user did (an id: U…).
    #[arg(long, value_name = "ID")]
    user: Option<String>,
    /// At most so many, the newest.
    #[arg(long, value_name = "N")]
    limit: Option<u32>,
}

/// Start of the period to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Since {
    At(Timestamp),
    Ago(SignedDuration),
}

fn since(text: &str) -> Result<Since, String> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(Since::At(at));
    }
    if let Ok(day) = text.parse::<Date>()
        && let Ok(midnight) = day.to_zoned(TimeZone::UTC)
    {
        return Ok(Since::At(midnight.timestamp()));
    }
    let ago = text
        .parse::<Span>()
        .and_then(|span| span.to_duration(SpanRelativeTo::days_are_24_hours()));
    match ago {
        Ok(ago) if !ago.is_negative() => Ok(Since::Ago(ago)),
        _ => Err("write a time ago (90m, 12h, 7d), a day (2026-11-01) or a time (2026-11-01T08:00:00Z)".to_owned()),
    }
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let store = settings::load_store(arguments.config.as_deref())?;
    let query = AuditQuery {
        since: arguments.since.map(|since| match since {
            Since::At(at) => at,
            Since::Ago(ago) => SystemClock.now().checked_sub(ago).unwrap_or(Timestamp::MIN),
        }),
        run: arguments.run.clone(),
        job: arguments.job.clone(),
        user: arguments.user.clone(),
        limit: arguments.limit.unwrap_or(u32::MAX),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let entries = runtime.block_on(async { Sqlite::read_only(&store.path).await?.audit(&query).await })?;
    let mut out = BufWriter::new(std::io::stdout().lock());
    if arguments.json {
        for entry in &entries {
            writeln!(out, "{}", serde_json::to_string(entry)?)?;
        }
    } else {
        for line in table(&entries) {
            writeln!(out, "{line}")?;
        }
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// A line for each entry, with the columns aligned.
fn table(entries: &[AuditEntry]) -> Vec<String> {
    let rows: Vec<[String; 7]> = entries.iter().map(columns).collect();
    let width = |column: usize| {
        let widths = rows.iter().filter_map(|row| row.get(column));
        let widths = widths.map(|text| text.chars().count());
        widths.filter(|width| *width <= WIDEST).max().unwrap_or(0)
    };
    let widths: [usize; 7] = std::array::from_fn(width);
    let line = |row: &[String; 7]| {
        let mut line = String::new();
        for (text, width) in row.iter().zip(widths) {
            // Writing to a String cannot fail.
            let _ = write!(line, "{text:width$}  ");
        }
        line.truncate(line.trim_end().len());
        line
    };
    rows.iter().map(line).collect()
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
        entry.at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_as_people_write_it() {
        let ago = |hours| Ok(Since::Ago(SignedDuration::from_hours(hours)));
        assert_eq!(since("7d"), ago(7 * 24));
        assert_eq!(since("2w"), ago(14 * 24));
        assert_eq!(since("12h"), ago(12));
        let at = |text: &str| Ok(Since::At(text.parse().unwrap()));
        assert_eq!(since("2026-11-01"), at("2026-11-01T00:00:00Z"));
        assert_eq!(since("2026-11-01T08:00:00+01:00"), at("2026-11-01T07:00:00Z"));
        for wrong in ["", "yesterday", "-7d", "7", "1 month", "2026-13-01"] {
            assert!(since(wrong).is_err(), "{wrong}");
        }
    }
}
