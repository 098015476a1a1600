//! `signpost replay`: the answers that the bot would have given to the messages of a Slack export.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io::{BufWriter, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::bail;
use clap::Args;
use jiff::Timestamp;
use jiff::civil::Date;
use rayon::prelude::*;

use super::knowledge::{self, ChosenRunbooks};
use super::terminal::plain;
use crate::bot::Replay;
use crate::matching::IndexOptions;
use crate::runbook::TopicId;
use crate::slack::export::{ConversationKind, DayRange, Export, ExportedChannel, UnreadFile};
use crate::{files, settings};
use channel::{ChannelReport, MessageCounts};
use errors::ErrorGroups;

mod channel;
mod errors;
mod json;
mod text;

/// Most channels that are listed when one is not known.
const OFFERED: usize = 40;

/// Show what the bot would have answered in a Slack export, and which pasted errors have no runbook.
///
/// Nothing is sent or written, and no network is used. Messages are treated as if they do not mention the bot. Exports do
/// not contain files: only the preview of a shared text file is used.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The export: the zip file from Slack, or the folder it was unpacked to.
    #[arg(value_name = "EXPORT")]
    export: PathBuf,
    /// The runbook folder [default: the one in the settings, or the sample pack].
    #[arg(long, value_name = "DIR")]
    runbooks: Option<PathBuf>,
    /// Follow links in the folder, even to places outside it.
    #[arg(long, requires = "runbooks")]
    follow_links: bool,
    /// Folder with `local.toml`, for thresholds, channels and allowed bots [default: the built-in settings].
    #[arg(long, value_name = "DIR")]
    config: Option<PathBuf>,
    /// Only this channel, by name or id. Can be repeated. Direct messages are read only when named here.
    #[arg(long, value_name = "NAME")]
    channel: Vec<String>,
    /// Only messages from this day on (2026-11-01), in UTC.
    #[arg(long, value_name = "DAY", value_parser = day)]
    since: Option<Date>,
    /// Only messages up to the end of this day (2026-11-30), in UTC.
    #[arg(long, value_name = "DAY", value_parser = day)]
    until: Option<Date>,
    /// Print JSON: one object with all answers and all unanswered errors.
    #[arg(long)]
    json: bool,
}

fn day(text: &str) -> Result<Date, String> {
    text.parse()
        .map_err(|_| "use a date such as 2026-11-01 (year-month-day)".to_owned())
}

/// The outcome of all channels, in the order of their names.
#[derive(Debug)]
struct ReplayReport {
    channels: Vec<ChannelReport>,
    total: MessageCounts,
    errors: ErrorGroups,
    /// Conversations between two people that were not named.
    direct_left_out: usize,
    /// Files that were not read, or not in full.
    unread: Vec<UnreadFile>,
}

/// The answers with one section of a runbook.
#[derive(Debug)]
struct SectionUse<'r> {
    topic: TopicId,
    answers: usize,
    repeats: usize,
    /// The channels, in the order of their names.
    channels: Vec<&'r ChannelReport>,
    first: Timestamp,
    last: Timestamp,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    if let (Some(since), Some(until)) = (arguments.since, arguments.until)
        && since > until
    {
        bail!("--since {since} is after --until {until}");
    }
    let export = Export::open(&arguments.export)?;
    let (channels, direct_left_out) = selected(&export, &arguments.channel)?;
    let replay = replay(arguments, &export)?;
    let range = DayRange {
        since: arguments.since,
        until: arguments.until,
    };
    let bar = knowledge::progress("days read");
    bar.set_length(channels.iter().map(|channel| channel.days() as u64).sum());
    let reports: Vec<ChannelReport> = channels
        .into_par_iter()
        .map(|channel| channel::replay(&replay, &export, channel, range, || bar.inc(1)))
        .collect();
    bar.finish_and_clear();
    let report = summed(&export, reports, direct_left_out);
    let mut out = BufWriter::new(std::io::stdout().lock());
    if arguments.json {
        writeln!(out, "{}", json::of(&report, replay.library()))?;
    } else {
        write!(out, "{}", text::of(&report, replay.library()))?;
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// The channels to read, and the number of direct messages that are left out: a bot is not in those of other people.
fn selected<'e>(export: &'e Export, named: &[String]) -> anyhow::Result<(Vec<&'e ExportedChannel>, usize)> {
    let all = export.channels();
    let is_named = |channel: &ExportedChannel, name: &str| {
        let name = name.strip_prefix('#').unwrap_or(name);
        channel.name == name || channel.id == name
    };
    if let Some(unknown) = named.iter().find(|name| all.iter().all(|one| !is_named(one, name))) {
        let names: Vec<String> = all.iter().take(OFFERED).map(|one| plain(&one.name)).collect();
        let more = all.len().saturating_sub(OFFERED);
        let more = if more > 0 {
            format!(", and {more} more")
        } else {
            String::new()
        };
        bail!(
            "no channel `{unknown}` in the export; it has {}{more}",
            names.join(", ")
        );
    }
    let (read, left_out): (Vec<_>, Vec<_>) = all.iter().partition(|channel| {
        if named.is_empty() {
            channel.kind != ConversationKind::Direct
        } else {
            named.iter().any(|name| is_named(channel, name))
        }
    });
    let direct = left_out.iter().filter(|_| named.is_empty()).count();
    Ok((read, direct))
}

/// The settings and the runbooks that the arguments name.
fn replay(arguments: &Arguments, export: &Export) -> anyhow::Result<Replay> {
    let settings = match &arguments.config {
        Some(folder) => settings::load_without_secrets(Some(folder))?,
        None => settings::built_in()?,
    };
    let own = arguments.runbooks.as_deref();
    let chosen = match own {
        Some(folder) => {
            let mut options = files::Options {
                follow_links: arguments.follow_links,
                ..files::Options::default()
            };
            options.ignore.extend(settings.runbooks.ignore.iter().cloned());
            ChosenRunbooks::Folder(folder.to_owned(), options)
        }
        None => ChosenRunbooks::of_settings(&settings),
    };
    let matching = IndexOptions {
        answer: settings.least_threshold(),
    };
    let (library, index) = knowledge::indexed_with(chosen, &matching)?;
    Ok(Replay::new(settings, export.us().clone(), library, index))
}

fn summed(export: &Export, channels: Vec<ChannelReport>, direct_left_out: usize) -> ReplayReport {
    let mut report = ReplayReport {
        channels,
        total: MessageCounts::default(),
        errors: ErrorGroups::default(),
        direct_left_out,
        unread: export.unread().to_vec(),
    };
    for channel in &mut report.channels {
        report.total.add(&channel.counts);
        report.errors.join(std::mem::take(&mut channel.errors));
        report.unread.append(&mut channel.unread);
    }
    report.unread.sort();
    report
}

impl ReplayReport {
    /// The sections that were answered with, the most frequent first.
    fn sections(&self) -> Vec<SectionUse<'_>> {
        let mut uses: BTreeMap<TopicId, SectionUse<'_>> = BTreeMap::new();
        for channel in &self.channels {
            for answer in &channel.answers {
                let one = uses.entry(answer.topic).or_insert_with(|| SectionUse {
                    topic: answer.topic,
                    answers: 0,
                    repeats: 0,
                    channels: Vec::new(),
                    first: answer.at,
                    last: answer.at,
                });
                match answer.repeat_of {
                    None => one.answers += 1,
                    Some(_) => one.repeats += 1,
                }
                if one.channels.last().is_none_or(|last| last.id != channel.id) {
                    one.channels.push(channel);
                }
                one.first = one.first.min(answer.at);
                one.last = one.last.max(answer.at);
            }
        }
        let mut uses: Vec<_> = uses.into_values().collect();
        uses.sort_by_key(|one| Reverse((one.answers, one.repeats)));
        uses
    }

    /// The name of a channel by its id.
    fn name<'r>(&'r self, id: &'r str) -> &'r str {
        let named = self.channels.iter().find(|channel| channel.id == id);
        named.map_or(id, |channel| &channel.name)
    }
}
