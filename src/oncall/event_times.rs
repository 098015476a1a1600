//! Times of events: from what calcard reads to instants and wall clocks.

use calcard::common::PartialDateTime;
use calcard::common::timezone::Tz;
use calcard::icalendar::{ICalendarDuration, ICalendarEntry, ICalendarValue};
use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Span, Timestamp};

/// A length: `P1D` is a calendar day, `PT24H` is 24 hours.
#[derive(Clone, Copy)]
pub(super) struct EventLength {
    pub(super) local: Span,
    pub(super) exact: SignedDuration,
}

/// The zone that a calendar or the settings name.
pub(super) fn named_zone(name: &str) -> Option<TimeZone> {
    name.trim().parse().ok().and_then(time_zone)
}

pub(super) fn time_zone(zone: Tz) -> Option<TimeZone> {
    match zone {
        Tz::Floating => None,
        Tz::Fixed(offset) => Offset::from_seconds(offset.local_minus_utc()).ok().map(TimeZone::fixed),
        Tz::Tz(_) => TimeZone::get(&zone.name()?).ok(),
    }
}

pub(super) fn partial(entry: &ICalendarEntry) -> Option<&PartialDateTime> {
    match entry.values.first()? {
        ICalendarValue::PartialDateTime(time) => Some(time),
        _ => None,
    }
}

/// The wall clock that a time shows.
fn wall(time: &PartialDateTime) -> Option<DateTime> {
    let small = |part: Option<u8>| i8::try_from(part.unwrap_or(0)).ok();
    DateTime::new(
        i16::try_from(time.year?).ok()?,
        small(time.month)?,
        small(time.day)?,
        small(time.hour)?,
        small(time.minute)?,
        // A leap second.
        small(time.second)?.min(59),
        0,
    )
    .ok()
}

/// The instant of a time. `zone` is that of a time without an offset.
pub(super) fn at(time: &PartialDateTime, zone: &TimeZone) -> Option<Timestamp> {
    let wall = wall(time)?;
    let Some(hours) = time.tz_hour else {
        return instant(wall, zone);
    };
    let seconds = i32::from(hours) * 3600 + i32::from(time.tz_minute.unwrap_or(0)) * 60;
    let offset = Offset::from_seconds(if time.tz_minus { -seconds } else { seconds });
    offset.ok()?.to_timestamp(wall).ok()
}

/// The wall clock of a zone at a time.
pub(super) fn local(time: &PartialDateTime, zone: &TimeZone) -> Option<DateTime> {
    match time.tz_hour {
        None => wall(time),
        Some(_) => Some(at(time, zone)?.to_zoned(zone.clone()).datetime()),
    }
}

/// The instant of a wall clock: later in a gap, the first one where the clocks repeat an hour.
pub(super) fn instant(wall: DateTime, zone: &TimeZone) -> Option<Timestamp> {
    zone.to_ambiguous_timestamp(wall).compatible().ok()
}

pub(super) fn floating(wall: DateTime) -> PartialDateTime {
    PartialDateTime {
        year: u16::try_from(wall.year()).ok(),
        month: u8::try_from(wall.month()).ok(),
        day: u8::try_from(wall.day()).ok(),
        hour: u8::try_from(wall.hour()).ok(),
        minute: u8::try_from(wall.minute()).ok(),
        second: u8::try_from(wall.second()).ok(),
        ..PartialDateTime::default()
    }
}

pub(super) fn span(length: SignedDuration) -> Span {
    Span::new().try_seconds(length.as_secs()).unwrap_or_default()
}

pub(super) fn of_duration(length: &ICalendarDuration) -> Option<EventLength> {
    let days = i64::from(length.weeks) * 7 + i64::from(length.days);
    let seconds = i64::from(length.hours) * 3600 + i64::from(length.minutes) * 60 + i64::from(length.seconds);
    if length.neg {
        return None;
    }
    Some(EventLength {
        local: Span::new().try_days(days).ok()?,
        exact: SignedDuration::from_secs(seconds),
    })
}
