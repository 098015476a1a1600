//! Times in templates.

use jiff::Timestamp;
use minijinja::{Value, context};

use crate::runbook::{Inline, Moment};

/// Private-use characters around a time in a text: the beginning, the end of the seconds, and the end. Whoever writes
/// them into a text makes that text a time, and nothing else.
const BEGIN: char = '\u{F0003}';
const SHOWN: char = '\u{F0004}';
const END: char = '\u{F0005}';
/// Begins the seconds of a time whose day goes without saying.
const CLOCK: char = 'c';

/// Returns a time for a template, with its day: `1 May 06:41 UTC` where readers do not see it in their own zone.
pub fn moment(at: Timestamp) -> String {
    moment_as(at, &at.strftime("%-d %b %H:%M UTC").to_string())
}

/// Returns a time of today for a template: `06:41 UTC` where readers do not see it in their own zone.
pub(super) fn clock(at: Timestamp) -> String {
    format!(
        "{BEGIN}{CLOCK}{}{SHOWN}{}{END}",
        at.as_second(),
        at.strftime("%H:%M UTC")
    )
}

/// Returns a time for a template, with its day: `text` where readers do not see it in their own zone.
pub fn moment_as(at: Timestamp, text: &str) -> String {
    let text = text.replace([BEGIN, SHOWN, END], "");
    format!("{BEGIN}{}{SHOWN}{text}{END}", at.as_second())
}

/// Returns a text with its times in words.
pub fn spoken(text: &str) -> String {
    super::words(&inlines(text))
}

/// Splits a text at its times.
pub(super) fn inlines(text: &str) -> Vec<Inline> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some((before, (time, after))) = next(rest) {
        if !before.is_empty() {
            out.push(Inline::Text(before.to_owned()));
        }
        out.push(Inline::Time(time));
        rest = after;
    }
    let left = rest.replace([BEGIN, SHOWN, END], "");
    if !left.is_empty() {
        out.push(Inline::Text(left));
    }
    out
}

fn next(text: &str) -> Option<(&str, (Moment, &str))> {
    let (before, rest) = text.split_once(BEGIN)?;
    let (seconds, rest) = rest.split_once(SHOWN)?;
    let (shown, after) = rest.split_once(END)?;
    let digits = seconds.strip_prefix(CLOCK);
    let time = Moment {
        at: digits.unwrap_or(seconds).parse().ok()?,
        text: shown.to_owned(),
        is_clock: digits.is_some(),
    };
    Some((before, (time, after)))
}

/// A time as the macros of `when.md` take it: both the clock time and the distance from now.
pub(super) fn time(at: Timestamp, now: Timestamp) -> Value {
    let seconds = at.duration_since(now).as_secs().unsigned_abs();
    let past = at <= now;
    // A time in the future is rounded up: "in 2 hours" just after `mute 2h`.
    let minutes = if past { seconds / 60 } else { seconds.div_ceil(60) };
    context! {
        clock => clock(at),
        day => at.strftime("%-d %B").to_string(),
        today => at.strftime("%F").to_string() == now.strftime("%F").to_string(),
        past, minutes, hours => minutes / 60, days => minutes / (24 * 60),
    }
}
