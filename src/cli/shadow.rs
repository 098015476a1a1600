//! `signpost shadow`: what would have been answered in channels in shadow mode, and the verdicts on it.

use std::collections::BTreeMap;
use std::io::{BufWriter, Write as _};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use super::listing::{Since, since, table, utc};
use super::terminal::plain;
use crate::clock::{Clock as _, SystemClock};
use crate::settings;
use crate::store::{self, ShadowKind, ShadowQuery, ShadowRow, ShadowVerdict, StoreLocation};

/// Number of runbooks and sections that the summary names.
const MOST_FREQUENT: usize = 5;
/// Kind of the labelled pastes.
const LABEL: &str = "shadow";

/// Print what would have been answered in channels in shadow mode, with the verdicts. Works while the bot is running.
///
/// One answer per line, oldest first: time, kind, channel, confidence, verdict, runbook, and the line that matched. A
/// summary follows. Times are in UTC.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Folder with `local.toml` [default: ./config, if it exists].
    #[arg(long, value_name = "DIR")]
    config: Option<PathBuf>,
    /// Only answers since then: a duration (90m, 12h, 7d), a date (2026-11-01) or a time (2026-11-01T08:00:00Z).
    #[arg(long, value_name = "WHEN", value_parser = since)]
    since: Option<Since>,
    /// Only answers in this channel (an id: C…).
    #[arg(long, value_name = "ID")]
    channel: Option<String>,
    /// Print one JSON object per line, without a summary.
    #[arg(long)]
    json: bool,
    /// Print the answers judged "right" or "shouldn't answer" as a labelled set for `signpost eval --cases`, with the texts of
    /// the messages.
    #[arg(long, conflicts_with = "json")]
    cases: bool,
}

/// A shadow answer as programs read it.
#[derive(Debug, Serialize)]
struct ShadowLine<'a> {
    at: String,
    kind: &'static str,
    message: &'a str,
    channel: &'a str,
    thread_ts: &'a str,
    author: Option<&'a str>,
    runbook: &'a str,
    section: Option<&'a str>,
    confidence: f64,
    evidence: &'a str,
    link: Option<&'a str>,
    verdict: Option<&'static str>,
    verdict_by: Option<&'a str>,
    verdict_name: Option<&'a str>,
    verdict_at: Option<String>,
}

/// A judged answer as a labelled paste.
#[derive(Debug, Serialize)]
struct LabelledPaste<'a> {
    id: &'a str,
    text: String,
    expect: Option<&'a str>,
    kind: &'static str,
}

/// Counts of a list.
#[derive(Debug, Default)]
struct ShadowSummary {
    answers: usize,
    repeats: usize,
    verdicts: BTreeMap<ShadowVerdict, usize>,
    /// Answers by runbook and section.
    places: BTreeMap<String, usize>,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let location = StoreLocation::from(&settings::load_store(arguments.config.as_deref())?);
    let query = ShadowQuery {
        since: arguments.since.map(|since| since.before(SystemClock.now())),
        channel: arguments.channel.clone(),
        texts: arguments.cases,
    };
    let mut out = BufWriter::new(std::io::stdout());
    let (mut rows, mut summary) = (Vec::new(), ShadowSummary::default());
    let mut printed = Ok(());
    // Programs get each line at once; the columns that people read are as wide as the widest entry.
    let mut visit = |row: ShadowRow| {
        printed = match line(&row, arguments) {
            Ok(Some(line)) => writeln!(out, "{line}").map_err(anyhow::Error::from),
            Ok(None) => Ok(()),
            Err(cause) => Err(cause.into()),
        };
        if !(arguments.json || arguments.cases) {
            summary.count(&row);
            rows.push(columns(&row));
        }
        if printed.is_ok() {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let reading = store::read_only(&location).await?;
        reading.list_shadow_answers(&query, &mut visit).await
    })?;
    printed?;
    if !(arguments.json || arguments.cases) {
        let mut lines = table(&rows);
        if !lines.is_empty() {
            lines.push(String::new());
        }
        lines.extend(summary.lines());
        for line in lines {
            writeln!(out, "{line}")?;
        }
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// The line that programs read of an answer, if there is one.
fn line(row: &ShadowRow, arguments: &Arguments) -> Result<Option<String>, serde_json::Error> {
    if arguments.json {
        return serde_json::to_string(&ShadowLine::of(row)).map(Some);
    }
    let labelled = LabelledPaste::of(row).filter(|_| arguments.cases);
    labelled.map(|case| serde_json::to_string(&case)).transpose()
}

fn columns(row: &ShadowRow) -> [String; 7] {
    let verdict = row.judged.as_ref().map(|judged| {
        let by = if judged.name.is_empty() {
            &judged.by
        } else {
            &judged.name
        };
        format!("{} ({})", judged.verdict.as_str(), plain(by))
    });
    [
        utc(row.at),
        row.kind.as_str().to_owned(),
        plain(&row.channel),
        format!("{}%", percent(row.confidence)),
        verdict.unwrap_or_else(|| "-".to_owned()),
        plain(&place(row)),
        plain(&row.evidence),
    ]
}

fn place(row: &ShadowRow) -> String {
    match &row.section {
        Some(section) => format!("{} › {section}", row.runbook),
        None => row.runbook.clone(),
    }
}

fn percent(share: f64) -> u32 {
    (share.clamp(0.0, 1.0) * 100.0).round() as u32
}

impl ShadowLine<'_> {
    fn of(row: &ShadowRow) -> ShadowLine<'_> {
        let judged = row.judged.as_ref();
        ShadowLine {
            at: utc(row.at),
            kind: row.kind.as_str(),
            message: &row.message,
            channel: &row.channel,
            thread_ts: &row.thread_ts,
            author: row.author.as_deref(),
            runbook: &row.runbook,
            section: row.section.as_deref(),
            // The store keeps a longer number than the matcher gave.
            confidence: (row.confidence * 1_000.0).round() / 1_000.0,
            evidence: &row.evidence,
            link: row.link.as_deref(),
            verdict: judged.map(|judged| judged.verdict.as_str()),
            verdict_by: judged.map(|judged| judged.by.as_str()),
            verdict_name: judged.map(|judged| judged.name.as_str()),
            verdict_at: judged.map(|judged| utc(judged.at)),
        }
    }
}

impl LabelledPaste<'_> {
    /// `None` for an answer whose right runbook is not known.
    fn of(row: &ShadowRow) -> Option<LabelledPaste<'_>> {
        let expect = match row.judged.as_ref()?.verdict {
            ShadowVerdict::Right => Some(row.runbook.as_str()),
            ShadowVerdict::Silent => None,
            ShadowVerdict::Wrong => return None,
        };
        let texts: Vec<&str> = row.texts.iter().map(|(_, text)| text.as_str()).collect();
        Some(LabelledPaste {
            id: &row.message,
            text: texts.join("\n"),
            expect,
            kind: LABEL,
        })
    }
}

impl ShadowSummary {
    fn count(&mut self, row: &ShadowRow) {
        match row.kind {
            ShadowKind::Answer => self.answers += 1,
            ShadowKind::Repeat => {
                self.repeats += 1;
                return;
            }
        }
        *self.places.entry(place(row)).or_default() += 1;
        if let Some(judged) = &row.judged {
            *self.verdicts.entry(judged.verdict).or_default() += 1;
        }
    }

    fn lines(&self) -> Vec<String> {
        let times = |count: usize, one: &str, many: &str| format!("{count} {}", if count == 1 { one } else { many });
        let mut lines = vec![format!(
            "{}, {}",
            times(self.answers, "answer", "answers"),
            times(self.repeats, "repeat", "repeats")
        )];
        let judged: usize = self.verdicts.values().sum();
        if judged > 0 {
            let count = |verdict| self.verdicts.get(&verdict).copied().unwrap_or_default();
            let right = count(ShadowVerdict::Right);
            lines.push(format!(
                "{judged} judged: {right} right ({}%), {} wrong runbook, {} shouldn't answer",
                percent(right as f64 / judged as f64),
                count(ShadowVerdict::Wrong),
                count(ShadowVerdict::Silent)
            ));
        }
        let mut places: Vec<(&String, usize)> = self.places.iter().map(|(place, count)| (place, *count)).collect();
        // Stable: equally frequent places stay in the order of their names.
        places.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        if !places.is_empty() {
            lines.push("most frequent:".to_owned());
        }
        let frequent = places.iter().take(MOST_FREQUENT);
        lines.extend(frequent.map(|(place, count)| format!("{count:>6}  {}", plain(place))));
        lines
    }
}
