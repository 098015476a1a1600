//! The outcome of a replay as a person reads it.

use std::fmt::Write as _;

use jiff::Timestamp;

use super::ReplayReport;
use super::channel::MessageCounts;
use super::errors::{ErrorGroup, shortened};
use crate::cli::explain;
use crate::cli::terminal::plain;
use crate::redact::redact;
use crate::runbook::Library;

/// Most unanswered errors, bots and files that are listed; JSON holds all.
const MOST_ERRORS: usize = 20;
const MOST_BOTS: usize = 5;
const MOST_FILES: usize = 10;
/// Most channels that are named beside a runbook or an error.
const MOST_CHANNELS: usize = 4;

/// The report.
pub(super) fn of(report: &ReplayReport, library: &Library) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = summary(&mut text, report)
        .and_then(|()| channels(&mut text, report))
        .and_then(|()| sections(&mut text, report, library))
        .and_then(|()| errors(&mut text, report))
        .and_then(|()| unread(&mut text, report));
    text
}

fn summary(text: &mut String, report: &ReplayReport) -> std::fmt::Result {
    let total = &report.total;
    let with_messages = report.channels.iter().filter(|channel| channel.counts.messages > 0);
    let channels = counted(with_messages.count(), "channel");
    write!(text, "{} in {channels}", counted(total.messages, "message"))?;
    if let (Some(first), Some(last)) = (total.first, total.last) {
        write!(text, ", {}", span(first, last))?;
    }
    writeln!(text, ":")?;
    row(text, total.people, "of people")?;
    row(text, total.bots, "of allowed bots")?;
    row(text, total.all_left_alone(), "left alone")?;
    for (why, count) in &total.left_alone {
        writeln!(text, "            {count} because {why}")?;
    }
    let mut bots: Vec<_> = total.other_bots.iter().collect();
    bots.sort_by(|one, other| other.1.cmp(one.1).then(one.0.cmp(other.0)));
    if !bots.is_empty() {
        let named: Vec<String> = bots
            .iter()
            .take(MOST_BOTS)
            .map(|(bot, count)| format!("{} ({count})", plain(bot)))
            .collect();
        let more = if bots.len() > MOST_BOTS { ", …" } else { "" };
        writeln!(text, "            the bots: {}{more}", named.join(", "))?;
    }
    writeln!(text, "\nThe bot would have")?;
    row(text, total.answers, "answered")?;
    row(text, total.repeats, "pointed to an earlier answer")?;
    row(text, total.follow_ups, "been added to an earlier answer")?;
    row(text, total.near_misses, "stayed silent on a near miss")?;
    row(text, total.unanswered_errors, "stayed silent on a pasted error")?;
    if report.direct_left_out > 0 {
        let left_out = counted(report.direct_left_out, "direct conversation");
        writeln!(
            text,
            "\n{left_out} between two people skipped, because the bot is not in them. Use --channel ID to include one."
        )?;
    }
    if total.files_not_read > 0 {
        writeln!(
            text,
            "\n{} with a text file that is not in the export. The live bot reads such files.",
            counted(total.files_not_read, "message")
        )?;
    }
    Ok(())
}

fn row(text: &mut String, count: usize, what: &str) -> std::fmt::Result {
    writeln!(text, "{count:>8}  {what}")
}

fn channels(text: &mut String, report: &ReplayReport) -> std::fmt::Result {
    let rows: Vec<(String, &MessageCounts)> = report
        .channels
        .iter()
        .filter(|channel| channel.counts.messages > 0)
        .map(|channel| (format!("#{}", safe(&channel.name)), &channel.counts))
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    let widest = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let width = widest.max("Channels".len());
    writeln!(
        text,
        "\n{:width$}  messages  people  bots  left alone  answers  repeats  near misses  unanswered errors",
        "Channels"
    )?;
    for (name, counts) in rows {
        writeln!(
            text,
            "{name:width$}  {:>8}  {:>6}  {:>4}  {:>10}  {:>7}  {:>7}  {:>11}  {:>17}",
            counts.messages,
            counts.people,
            counts.bots,
            counts.all_left_alone(),
            counts.answers,
            counts.repeats,
            counts.near_misses,
            counts.unanswered_errors,
        )?;
    }
    Ok(())
}

fn sections(text: &mut String, report: &ReplayReport, library: &Library) -> std::fmt::Result {
    let sections = report.sections();
    if sections.is_empty() {
        return Ok(());
    }
    writeln!(text, "\nAnswers  repeats  runbook › section")?;
    for one in sections {
        let names: Vec<&str> = one.channels.iter().map(|channel| channel.name.as_str()).collect();
        writeln!(
            text,
            "{:>7}  {:>7}  {}",
            one.answers,
            one.repeats,
            safe(&explain::name(library, one.topic))
        )?;
        writeln!(
            text,
            "                  {}, {}",
            channel_names(&names),
            span(one.first, one.last)
        )?;
    }
    Ok(())
}

fn errors(text: &mut String, report: &ReplayReport) -> std::fmt::Result {
    let groups = report.errors.sorted();
    if groups.is_empty() {
        return Ok(());
    }
    writeln!(text, "\nPasted errors without a runbook")?;
    for group in groups.iter().take(MOST_ERRORS) {
        error(text, report, group)?;
    }
    let more: usize = groups.iter().skip(MOST_ERRORS).map(|group| group.count).sum();
    let forms = groups.len().saturating_sub(MOST_ERRORS);
    if forms > 0 {
        writeln!(
            text,
            "\n{} more in {}; --json lists them all.",
            counted(more, "message"),
            counted(forms, "other form")
        )?;
    }
    if report.errors.beyond() > 0 {
        writeln!(
            text,
            "\n{} in more variants than are kept.",
            counted(report.errors.beyond(), "message")
        )?;
    }
    Ok(())
}

fn error(text: &mut String, report: &ReplayReport, group: &ErrorGroup) -> std::fmt::Result {
    let names: Vec<&str> = group.channels.iter().map(|id| report.name(id)).collect();
    writeln!(text, "{:>7}  {}", group.count, safe(&group.example))?;
    writeln!(
        text,
        "         {}, {}",
        channel_names(&names),
        span(group.first, group.last)
    )?;
    if let Some(near) = &group.reason.near {
        writeln!(
            text,
            "         closest: {} › {}",
            safe(&near.runbook),
            safe(&near.section)
        )?;
    }
    writeln!(text, "         {}", safe(&group.reason.why))
}

fn unread(text: &mut String, report: &ReplayReport) -> std::fmt::Result {
    if report.unread.is_empty() {
        return Ok(());
    }
    writeln!(text, "\nNot read")?;
    for one in report.unread.iter().take(MOST_FILES) {
        writeln!(text, "  {}: {}", safe(&one.file), safe(&one.why))?;
    }
    let more = report.unread.len().saturating_sub(MOST_FILES);
    if more > 0 {
        writeln!(text, "  and {more} more; --json lists them all.")?;
    }
    Ok(())
}

/// A text that somebody wrote: redacted, in one line, and without control over the terminal.
fn safe(text: &str) -> String {
    plain(&shortened(&redact(text)))
}

fn channel_names(names: &[&str]) -> String {
    let shown: Vec<String> = names
        .iter()
        .take(MOST_CHANNELS)
        .map(|name| format!("#{}", safe(name)))
        .collect();
    let more = names.len().saturating_sub(MOST_CHANNELS);
    let more = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    format!("{}{more}", shown.join(", "))
}

/// Two days, or one.
fn span(first: Timestamp, last: Timestamp) -> String {
    let day = |at: Timestamp| at.strftime("%Y-%m-%d").to_string();
    let (first, last) = (day(first), day(last));
    if first == last {
        first
    } else {
        format!("{first} to {last}")
    }
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
