//! Lists of what the store holds: the period to print, and lines with aligned columns.

use std::fmt::Write as _;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, SpanRelativeTo, Timestamp};

/// Maximum characters to which a column is widened for one entry.
const WIDEST: usize = 48;

/// Start of the period to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Since {
    At(Timestamp),
    Ago(SignedDuration),
}

impl Since {
    /// Returns the time at which the period begins.
    pub(super) fn before(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(at) => at,
            Self::Ago(ago) => now.checked_sub(ago).unwrap_or(Timestamp::MIN),
        }
    }
}

/// Parses the start of a period as people write it.
pub(super) fn since(text: &str) -> Result<Since, String> {
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
        _ => Err("use a duration (90m, 12h, 7d), a date (2026-11-01) or a time (2026-11-01T08:00:00Z)".to_owned()),
    }
}

/// A line for each row, with the columns aligned.
pub(super) fn table<const N: usize>(rows: &[[String; N]]) -> Vec<String> {
    let width = |column: usize| {
        let widths = rows.iter().filter_map(|row| row.get(column));
        let widths = widths.map(|text| text.chars().count());
        widths.filter(|width| *width <= WIDEST).max().unwrap_or(0)
    };
    let widths: [usize; N] = std::array::from_fn(width);
    let line = |row: &[String; N]| {
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

/// A time in UTC, as lists show it.
pub(super) fn utc(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
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
