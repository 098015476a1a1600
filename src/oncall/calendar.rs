//! Calendars: an iCalendar file or link (RFC 5545) whose events are the shifts. The name of the person is the event's
//! summary; an attendee's address tells apart people of the same name.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use calcard::icalendar::{
    ICalendar, ICalendarComponent, ICalendarParameterName, ICalendarProperty, ICalendarValue, Uri,
};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use tokio::sync::Mutex;
use tokio::time::Instant;
use tracing::warn;

use super::event_times::named_zone;
use super::events::{self, EventRange};
use super::shifts::{ListedShift, on_call_among};
use super::{Error, ScheduleSource, ServiceEndpoint, person, shortened};
use crate::runbook::ServiceSchedule;
use crate::schedule::OnCall;

/// Name of this source, for people.
const SERVICE: &str = "the calendar";
/// Time after which the calendar is read anew.
const AGE: Duration = Duration::from_mins(5);
/// Most bytes of a calendar.
const LONGEST: usize = 2 * 1024 * 1024;
/// Most recurrence rules.
const RULES: usize = 200;
/// Time looked ahead for who is next.
const AHEAD: jiff::SignedDuration = jiff::SignedDuration::from_hours(24 * 400);

/// The place of a calendar.
#[derive(Debug)]
pub enum CalendarPlace {
    /// A file.
    File(PathBuf),
    /// A link, which is a secret.
    Link(ServiceEndpoint),
}

/// A calendar of shifts.
#[derive(Debug)]
pub struct Calendar {
    place: CalendarPlace,
    /// The zone of times that name none.
    zone: String,
    /// Held while the calendar is read, so that those who ask meanwhile share the answer.
    read: Arc<Mutex<Option<CalendarReading>>>,
}

/// The outcome of reading a calendar.
#[derive(Debug, Clone)]
struct CalendarReading {
    read_at: Instant,
    /// Shifts that ended before are left out.
    from: Timestamp,
    shifts: Result<Arc<CalendarShifts>, Error>,
}

/// The shifts of a calendar.
#[derive(Debug)]
struct CalendarShifts {
    shifts: Vec<CalendarShift>,
    /// The events that cannot be read, in a few words.
    unreadable: Option<String>,
}

#[derive(Debug)]
struct CalendarShift {
    start: Timestamp,
    end: Timestamp,
    who: Arc<CalendarPerson>,
}

#[derive(Debug)]
struct CalendarPerson {
    name: String,
    mail: String,
}

impl Calendar {
    /// A calendar at a place. `zone`: the time zone (IANA) of times that name none.
    pub fn new(place: CalendarPlace, zone: String) -> Self {
        Self {
            place,
            zone,
            read: Arc::default(),
        }
    }

    async fn text(&self) -> Result<String, Error> {
        let bytes = match &self.place {
            CalendarPlace::File(path) => match tokio::fs::metadata(path).await {
                Ok(file) if file.len() > LONGEST as u64 => return Err(odd("more than 2 MiB")),
                Ok(_) => tokio::fs::read(path)
                    .await
                    .map_err(|_| Error::Unreachable { service: SERVICE })?,
                Err(_) => return Err(Error::Unreachable { service: SERVICE }),
            },
            CalendarPlace::Link(endpoint) => endpoint.bytes(endpoint.get_base(), "").await?,
        };
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    async fn shifts(&self, at: Timestamp) -> Result<Arc<CalendarShifts>, Error> {
        let mut read = Arc::clone(&self.read).lock_owned().await;
        if let Some(known) = &*read
            && known.read_at.elapsed() < AGE
            && known.from <= at
        {
            return known.shifts.clone();
        }
        let text = self.text().await?;
        let zone = self.zone.clone();
        // Expanding rules is work for a thread of its own, which goes on, and holds the lock, when nobody waits any more.
        let reading = tokio::task::spawn_blocking(move || {
            let shifts = shifts(&text, &zone, at).map(Arc::new);
            *read = Some(CalendarReading {
                read_at: Instant::now(),
                from: at,
                shifts: shifts.clone(),
            });
            shifts
        });
        reading
            .await
            .unwrap_or_else(|_| Err(odd("something that cannot be read")))
    }
}

#[async_trait]
impl ScheduleSource for Calendar {
    async fn on_call(&self, schedule: &ServiceSchedule, at: Timestamp) -> Result<OnCall, Error> {
        let calendar = self.shifts(at).await?;
        let current = calendar.shifts.iter().filter(|shift| at < shift.end);
        let listed = current.map(|shift| ListedShift {
            key: format!("{}\n{}", shift.who.name, shift.who.mail),
            person: person(schedule, &shift.who.name, &[], &shift.who.mail),
            start: Some(shift.start),
            end: Some(shift.end),
        });
        let found = on_call_among(listed.collect(), at);
        match &calendar.unreadable {
            // One of them may be the shift.
            Some(unreadable) if found.now.is_empty() => Err(odd(unreadable)),
            _ => Ok(found),
        }
    }
}

fn odd(found: &str) -> Error {
    Error::Odd {
        service: SERVICE,
        found: found.to_owned(),
    }
}

/// The shifts of a calendar's text that end after a time. `zone` is that of times that name none.
fn shifts(text: &str, zone: &str, at: Timestamp) -> Result<CalendarShifts, Error> {
    let start = text.trim_start_matches('\u{feff}').trim_start();
    if start.starts_with('<') {
        return Err(odd("a web page, perhaps a sign-in page, instead of a calendar"));
    }
    if text.len() > LONGEST {
        return Err(odd("more than 2 MiB"));
    }
    let upper = text.to_ascii_uppercase();
    if upper.matches("RRULE").take(RULES + 1).count() > RULES {
        return Err(odd("more than 200 recurrence rules"));
    }
    let calendar = ICalendar::parse(start).map_err(|_| odd("something other than a calendar"))?;
    let default = own_zone(start).or_else(|| named_zone(zone));
    let range = EventRange {
        from: at,
        to: at.saturating_add(AHEAD).unwrap_or(at),
    };
    let spans = events::event_spans(&calendar, default.unwrap_or(TimeZone::UTC), range).map_err(|found| odd(&found))?;
    let unreadable = (spans.unreadable > 0).then(|| {
        let count = spans.unreadable;
        let events = if count == 1 { "event" } else { "events" };
        let zones: Vec<String> = spans
            .zones
            .iter()
            .take(3)
            .map(|zone| format!("“{}”", shortened(zone, 80)))
            .collect();
        let zones = match zones.as_slice() {
            [] => String::new(),
            zones => format!(" (unknown time zone {})", zones.join(", ")),
        };
        warn!(count, zones, "events of a calendar cannot be read");
        format!("{count} {events} that cannot be read{zones}")
    });
    let mut people: Vec<Option<Arc<CalendarPerson>>> = vec![None; calendar.components.len()];
    let shifts = spans.found.iter().filter_map(|span| {
        let component = calendar.components.get(span.component)?;
        let who = people.get_mut(span.component)?;
        Some(CalendarShift {
            start: span.start,
            end: span.end,
            who: Arc::clone(who.get_or_insert_with(|| Arc::new(who_of(component)))),
        })
    });
    Ok(CalendarShifts {
        shifts: shifts.collect(),
        unreadable,
    })
}

/// The zone that the calendar gives for times without one.
fn own_zone(text: &str) -> Option<TimeZone> {
    let mut lines = text.lines().take(200);
    named_zone(lines.find_map(|line| line.strip_prefix("X-WR-TIMEZONE:"))?)
}

fn who_of(component: &ICalendarComponent) -> CalendarPerson {
    let text = |property: &ICalendarProperty| {
        let value = component.property(property)?.values.first()?;
        value.as_text().map(str::to_owned)
    };
    let summary = text(&ICalendarProperty::Summary).unwrap_or_default();
    let attendee = component.property(&ICalendarProperty::Attendee);
    let mail = attendee.and_then(|entry| match entry.values.first()? {
        ICalendarValue::Uri(Uri::Location(uri)) => Some(uri.clone()),
        value => value.as_text().map(str::to_owned),
    });
    let mail = mail.map(|mail| {
        mail.trim_start_matches("mailto:")
            .trim_start_matches("MAILTO:")
            .to_owned()
    });
    let named = attendee.and_then(|entry| {
        let named = entry
            .params
            .iter()
            .find(|parameter| parameter.name == ICalendarParameterName::Cn)?;
        named.value.as_text()
    });
    let name = if summary.trim().is_empty() {
        named.unwrap_or_default()
    } else {
        &summary
    };
    CalendarPerson {
        name: shortened(name, 80),
        mail: mail.unwrap_or_default(),
    }
}
