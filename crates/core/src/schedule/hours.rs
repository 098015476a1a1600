//! Working hours: the days and times at which a team reads its channel.

use jiff::Timestamp;
use jiff::civil::{Time, Weekday};
use jiff::tz::TimeZone;

/// A team's working hours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkingHours {
    /// The zone of the times.
    pub zone: TimeZone,
    /// The working days; never empty.
    pub days: Vec<Weekday>,
    /// Beginning of the hours on each day.
    pub from: Time,
    /// End of the hours, exclusive. Earlier than the beginning: on the next day.
    pub to: Time,
}

impl WorkingHours {
    /// Returns true when a time is within the hours.
    pub fn contain(&self, at: Timestamp) -> bool {
        let local = self.zone.to_datetime(at);
        let time = local.time();
        let is_day = |weekday: Weekday| self.days.contains(&weekday);
        if self.from < self.to {
            return is_day(local.weekday()) && self.from <= time && time < self.to;
        }
        is_day(local.weekday()) && self.from <= time || is_day(local.weekday().previous()) && time < self.to
    }
}

/// Reads days: `mon`, `Tuesday`, or a range such as `mon-fri`.
///
/// # Errors
///
/// A sentence when the text names no day.
pub fn days(text: &str) -> Result<Vec<Weekday>, String> {
    let wrong = || format!("\"{text}\" is not a day; write for example `mon`, `sunday` or `mon-fri`");
    let (from, to) = text.split_once(['-', '–']).unwrap_or((text, text));
    let (from, to) = (day(from).ok_or_else(wrong)?, day(to).ok_or_else(wrong)?);
    let mut days = vec![from];
    let mut at = from;
    while at != to {
        at = at.next();
        days.push(at);
    }
    Ok(days)
}

fn day(text: &str) -> Option<Weekday> {
    let lower = text.trim().to_lowercase();
    let names = [
        ("monday", Weekday::Monday),
        ("tuesday", Weekday::Tuesday),
        ("wednesday", Weekday::Wednesday),
        ("thursday", Weekday::Thursday),
        ("friday", Weekday::Friday),
        ("saturday", Weekday::Saturday),
        ("sunday", Weekday::Sunday),
    ];
    let found = names
        .into_iter()
        .find(|(name, _)| lower.len() >= 3 && name.starts_with(&lower));
    found.map(|(_, day)| day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_hold_on_their_days_also_over_midnight() {
        let hours = |from: &str, to: &str| WorkingHours {
            zone: super::super::zone("Europe/Vienna").unwrap(),
            days: days("mon-fri").unwrap(),
            from: from.parse().unwrap(),
            to: to.parse().unwrap(),
        };
        for (from, to, at, expected) in [
            ("09:00", "17:00", "2026-01-05T08:00:00Z", true),
            ("09:00", "17:00", "2026-01-05T16:00:00Z", false),
            ("09:00", "17:00", "2026-01-04T12:00:00Z", false),
            ("22:00", "06:00", "2026-01-05T23:00:00Z", true),
            ("22:00", "06:00", "2026-01-05T03:00:00Z", false),
            ("22:00", "06:00", "2026-01-10T03:00:00Z", true),
        ] {
            let at: Timestamp = at.parse().unwrap();
            assert_eq!(hours(from, to).contain(at), expected, "{from}–{to} at {at}");
        }
        assert_eq!(days("fri-mon").unwrap().len(), 4);
        assert!(days("someday").is_err());
    }
}
