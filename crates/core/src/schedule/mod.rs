//! Schedules: who is on call at a time, and until when. Pure: the time is handed in.
//!
//! [`OnCall`] is the answer of every source of schedules. [`Rotation`] is the one source that needs no service: people
//! who take turns, as `_data/teams.yml` lists them.

mod hours;
mod rotation;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

pub use hours::{WorkingHours, days};
pub use rotation::{MOST as MOST_PEOPLE, Override, Period, Rotation};

/// A person who takes turns on call.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OnCallPerson {
    /// Name to show.
    pub name: String,
    /// Slack user id (`U…` or `W…`), where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slack: Option<String>,
}

/// A person on call at the asked time.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shift {
    /// The person on call.
    pub person: OnCallPerson,
    /// End of the shift; `None` when it has none, or when the source does not tell.
    #[serde(default)]
    pub until: Option<Timestamp>,
}

/// The people on call at a time, and those who follow.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OnCall {
    /// The people on call, the first to be called first; empty when nobody is.
    pub now: Vec<Shift>,
    /// The people on call after the first shift ends; empty when the source does not tell.
    #[serde(default)]
    pub next: Vec<OnCallPerson>,
}

/// Reads the name of a time zone.
///
/// # Errors
///
/// A sentence when there is no such zone.
pub fn zone(name: &str) -> Result<TimeZone, String> {
    TimeZone::get(name.trim()).map_err(|_| {
        format!("\"{name}\" is not a time zone; use a name such as Europe/Vienna, America/New_York or UTC")
    })
}

/// Writes a time of the near future or past as people read it in a zone: `18:00 CET`, `Mon 09:00 CET`, or
/// `24 Dec 09:00 CET` when it is a week away or more. `now` decides how much of the date is needed.
pub fn spoken(at: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
    let (there, here) = (at.to_zoned(zone.clone()), now.to_zoned(zone.clone()));
    let days = (there.date() - here.date()).get_days();
    let format = match days {
        0 => "%H:%M %Z",
        -6..=6 => "%a %H:%M %Z",
        _ => "%-d %b %H:%M %Z",
    };
    there.strftime(format).to_string()
}
