//! Calendars: an iCalendar file or link (RFC 5545) whose events are the shifts. The name of the person is the event's
//! summary; an attendee's address tells apart people of the same name.
//!
//! calcard expands recurrences with their exceptions and overrides, and knows the names of zones that other programs
//! write. It counts instances from the first one of a rule, which bounds how far back a rule may begin, takes `PT24H` for
//! a calendar day, and keeps cancelled instances, which are left out here.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use calcard::common::PartialDateTime;
use calcard::common::timezone::Tz;
use calcard::icalendar::dates::TimeOrDelta;
use calcard::icalendar::{
    ICalendar, ICalendarComponent, ICalendarParameter, ICalendarParameterName, ICalendarParameterValue,
    ICalendarProperty, ICalendarStatus, ICalendarValue, Uri,
};
use jiff::Timestamp;
use parking_lot::Mutex;
use tokio::time::Instant;

use super::{Error, ScheduleSource, ServiceEndpoint, person, shortened};
use crate::runbook::ServiceSchedule;
use crate::schedule::{OnCall, OnCallPerson, Shift};

/// Name of this source, for people.
const SERVICE: &str = "the calendar";
/// Time after which the calendar is read anew.
const AGE: Duration = Duration::from_mins(5);
/// Most bytes of a calendar.
const LONGEST: usize = 2 * 1024 * 1024;
/// Most recurrence rules, and most instances of all of them.
const RULES: usize = 200;
const INSTANCES: usize = 50_000;
/// Time looked ahead for who is next.
const AHEAD: jiff::SignedDuration = jiff::SignedDuration::from_hours(24 * 400);
/// Most people on call at a time.
const PEOPLE: usize = 20;

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
    read: Mutex<Option<(Instant, Arc<str>)>>,
}

impl Calendar {
    /// A calendar at a place. `zone`: the time zone (IANA) of times that name none.
    pub fn new(place: CalendarPlace, zone: String) -> Self {
        Self {
            place,
            zone,
            read: Mutex::default(),
        }
    }

    async fn text(&self) -> Result<Arc<str>, Error> {
        let known = self.read.lock().clone();
        if let Some((_, text)) = known.filter(|(at, _)| at.elapsed() < AGE) {
            return Ok(text);
        }
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
        let text: Arc<str> = String::from_utf8_lossy(&bytes).into();
        *self.read.lock() = Some((Instant::now(), Arc::clone(&text)));
        Ok(text)
    }
}

#[async_trait]
impl ScheduleSource for Calendar {
    async fn on_call(&self, schedule: &ServiceSchedule, at: Timestamp) -> Result<OnCall, Error> {
        let text = self.text().await?;
        let (schedule, zone) = (schedule.clone(), self.zone.clone());
        // Expanding rules is work for a thread of its own.
        let read = tokio::task::spawn_blocking(move || on_call(&text, &zone, &schedule, at));
        read.await.unwrap_or_else(|_| Err(odd("something that cannot be read")))
    }
}

fn odd(found: &str) -> Error {
    Error::Odd {
        service: SERVICE,
        found: found.to_owned(),
    }
}

/// The people on call at a time by a calendar's text. `zone` is that of times that name none.
fn on_call(text: &str, zone: &str, schedule: &ServiceSchedule, at: Timestamp) -> Result<OnCall, Error> {
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
    if ["FREQ=SECONDLY", "FREQ=MINUTELY"]
        .iter()
        .any(|rule| upper.contains(rule))
    {
        return Err(odd("an event that recurs every minute or second"));
    }
    let mut calendar = ICalendar::parse(start).map_err(|_| odd("something other than a calendar"))?;
    name_utc(&mut calendar);
    end_rules(&mut calendar, at.saturating_add(AHEAD).unwrap_or(at));
    let default = own_zone(start).unwrap_or(zone);
    let default: Tz = default.parse().or_else(|()| "UTC".parse()).unwrap_or_default();
    let expanded = calendar.expand_dates(default, INSTANCES);
    if expanded.events.len() >= INSTANCES {
        return Err(odd("more than 50000 shifts; let its rules begin later"));
    }
    let mut shifts: Vec<(Timestamp, Timestamp, OnCallPerson)> = Vec::new();
    for event in expanded.events {
        let end = match event.end {
            TimeOrDelta::Time(end) => end.timestamp(),
            TimeOrDelta::Delta(length) => event.start.timestamp().saturating_add(length.num_seconds()),
        };
        let time = |seconds: i64| Timestamp::from_second(seconds).ok();
        let (Some(start), Some(end)) = (time(event.start.timestamp()), time(end)) else {
            continue;
        };
        let component = calendar.components.get(event.comp_id as usize);
        if end > at
            && let Some(component) = component.filter(|component| !is_cancelled(component))
        {
            shifts.push((start, end, who(component, schedule)));
        }
    }
    shifts.sort_by_key(|(start, ..)| *start);
    let shift = |(_, end, person): &(_, Timestamp, OnCallPerson)| Shift {
        person: person.clone(),
        until: Some(*end),
    };
    let now: Vec<Shift> = shifts
        .iter()
        .filter(|(start, ..)| *start <= at)
        .take(PEOPLE)
        .map(shift)
        .collect();
    let end = now.iter().filter_map(|shift| shift.until).min().unwrap_or(at);
    let first = shifts
        .iter()
        .map(|(start, ..)| *start)
        .find(|start| *start >= end && *start > at);
    let next = shifts.iter().filter(|(start, ..)| Some(*start) == first).take(PEOPLE);
    Ok(OnCall {
        next: next.map(|(.., person)| person.clone()).collect(),
        now,
    })
}

/// Gives beginnings in UTC that zone: calcard repeats them in the default zone.
fn name_utc(calendar: &mut ICalendar) {
    let entries = calendar
        .components
        .iter_mut()
        .flat_map(|component| &mut component.entries);
    for entry in entries.filter(|entry| entry.name == ICalendarProperty::Dtstart) {
        let is_utc = |value: &ICalendarValue| match value {
            ICalendarValue::PartialDateTime(time) => time.tz_hour == Some(0),
            _ => false,
        };
        if entry.tz_id().is_none() && entry.values.iter().any(is_utc) {
            entry.params.push(ICalendarParameter {
                name: ICalendarParameterName::Tzid,
                value: ICalendarParameterValue::Text("UTC".to_owned()),
            });
        }
    }
}

/// Ends the recurrences at a time: all of them share one limit of instances, which an endless one would use up.
fn end_rules(calendar: &mut ICalendar, at: Timestamp) {
    let end = at.to_zoned(jiff::tz::TimeZone::UTC);
    let (year, month, day) = (
        u16::try_from(end.year()),
        u8::try_from(end.month()),
        u8::try_from(end.day()),
    );
    let until = PartialDateTime {
        year: year.ok(),
        month: month.ok(),
        day: day.ok(),
        hour: Some(0),
        minute: Some(0),
        second: Some(0),
        ..PartialDateTime::default()
    };
    let entries = calendar
        .components
        .iter_mut()
        .flat_map(|component| &mut component.entries);
    for value in entries.flat_map(|entry| &mut entry.values) {
        let ICalendarValue::RecurrenceRule(rule) = value else {
            continue;
        };
        let date = |time: &PartialDateTime| (time.year, time.month, time.day);
        if rule.until.as_ref().is_none_or(|own| date(own) > date(&until)) {
            rule.until = Some(until.clone());
        }
    }
}

/// The zone that the calendar gives for times without one.
fn own_zone(text: &str) -> Option<&str> {
    let mut lines = text.lines().take(200);
    lines
        .find_map(|line| line.strip_prefix("X-WR-TIMEZONE:"))
        .map(str::trim)
}

fn is_cancelled(component: &ICalendarComponent) -> bool {
    component.status() == Some(&ICalendarStatus::Cancelled)
}

fn who(component: &ICalendarComponent, schedule: &ServiceSchedule) -> OnCallPerson {
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
    person(schedule, &shortened(name, 80), &[mail.as_deref().unwrap_or_default()])
}
