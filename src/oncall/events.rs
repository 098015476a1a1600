//! Events of a calendar (RFC 5545) as shifts.
//!
//! calcard parses the file, knows the names of zones that other programs write, and expands the rules. It does so here in
//! local time, one rule at a time: with zones it drops events at a change of the clocks and compares an UNTIL in UTC with
//! the wall clock, and it matches overrides by their SEQUENCE instead of their UID. Zones, exceptions and overrides are
//! therefore applied here. It counts instances from the first one of a rule, which bounds how far back a rule may begin.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::time::{Duration, Instant};

use calcard::common::timezone::Tz;
use calcard::icalendar::timezone::TzResolver;
use calcard::icalendar::{
    ICalendar, ICalendarComponent, ICalendarComponentType, ICalendarEntry, ICalendarFrequency, ICalendarParameterName,
    ICalendarPeriod, ICalendarProperty, ICalendarRecurrenceRule, ICalendarStatus, ICalendarValue,
};
use jiff::civil::{Date, DateTime};
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Span, Timestamp, ToSpan as _};

use super::event_times::{EventLength, at, floating, instant, local, of_duration, partial, span, time_zone};

/// Most instances of all rules.
const INSTANCES: usize = 50_000;
/// Most instances of a rule in a day: calcard keeps those of a period in memory.
const A_DAY: usize = 24;
/// First year in which a rule may begin: each one is stepped through from there.
const FIRST_YEAR: i16 = 1970;
/// Time limit for all rules.
const PATIENCE: Duration = Duration::from_secs(10);

/// An event's time: start, end, and the index of the component that names the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct EventSpan {
    pub(super) start: Timestamp,
    pub(super) end: Timestamp,
    pub(super) component: usize,
}

/// The times of a calendar's events.
#[derive(Debug, Default)]
pub(super) struct EventSpans {
    pub(super) found: Vec<EventSpan>,
    /// Number of events that cannot be read.
    pub(super) unreadable: usize,
    /// Time zones that are not known.
    pub(super) zones: BTreeSet<String>,
}

/// The times between which events are wanted.
#[derive(Debug, Clone, Copy)]
pub(super) struct EventRange {
    /// Events that have ended then are left out.
    pub(super) from: Timestamp,
    /// Recurrences end here.
    pub(super) to: Timestamp,
}

/// The reason why an event cannot be read.
enum EventFault {
    Broken,
    Zone(String),
    /// One that no other event makes up for.
    Refused(String),
}

/// An event with its own start, in its own zone.
struct EventTimes {
    component: usize,
    zone: TimeZone,
    start: DateTime,
    length: EventLength,
}

/// A RECURRENCE-ID or EXDATE: one instance, or those of a day.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum InstanceId {
    At(Timestamp),
    On(Date),
}

/// The components of one UID.
#[derive(Default)]
struct EventGroup<'c> {
    masters: Vec<(i64, usize, &'c ICalendarComponent)>,
    overrides: HashMap<InstanceId, (i64, usize, &'c ICalendarComponent)>,
}

/// A change of an instance and all later ones (`RANGE=THISANDFUTURE`).
struct OnwardsChange {
    from: Timestamp,
    /// `None` when they are cancelled.
    times: Option<EventTimes>,
}

/// Reads the events of a calendar.
struct EventReader<'c> {
    zones: TzResolver<&'c str>,
    default: TimeZone,
    range: EventRange,
    begun: Instant,
    left: usize,
    found: EventSpans,
}

/// The times of a calendar's events. `default` is the zone of times that name none. Errors say why the calendar is
/// refused.
pub(super) fn event_spans(calendar: &ICalendar, default: TimeZone, range: EventRange) -> Result<EventSpans, String> {
    let mut reader = EventReader {
        zones: calendar.build_tz_resolver(),
        default,
        range,
        begun: Instant::now(),
        left: INSTANCES,
        found: EventSpans::default(),
    };
    let mut groups: Vec<EventGroup<'_>> = Vec::new();
    let mut by_uid: HashMap<&str, usize> = HashMap::new();
    for (index, component) in calendar.components.iter().enumerate() {
        if component.component_type != ICalendarComponentType::VEvent {
            continue;
        }
        let group = match component.uid() {
            Some(uid) => *by_uid.entry(uid).or_insert(groups.len()),
            None => groups.len(),
        };
        if group == groups.len() {
            groups.push(EventGroup::default());
        }
        let Some(group) = groups.get_mut(group) else { continue };
        if let Err(fault) = reader.sort_into(group, index, component) {
            reader.tell(fault, component)?;
        }
    }
    for group in &groups {
        reader.read(group)?;
    }
    // In the order of the file where times are equal, whatever the order of overrides.
    reader.found.found.sort_by_key(|span| (span.start, span.component));
    Ok(reader.found)
}

impl EventReader<'_> {
    /// Counts an event that cannot be read.
    fn tell(&mut self, fault: EventFault, component: &ICalendarComponent) -> Result<(), String> {
        if is_cancelled(component) {
            return Ok(());
        }
        match fault {
            EventFault::Refused(reason) => return Err(reason),
            EventFault::Zone(zone) => {
                self.found.zones.insert(zone);
            }
            EventFault::Broken => {}
        }
        self.found.unreadable += 1;
        Ok(())
    }

    /// Keeps the highest SEQUENCE of a RECURRENCE-ID, and of the series itself.
    fn sort_into<'c>(
        &self,
        group: &mut EventGroup<'c>,
        index: usize,
        component: &'c ICalendarComponent,
    ) -> Result<(), EventFault> {
        let sequence = component.property(&ICalendarProperty::Sequence);
        let sequence = sequence.and_then(|entry| match entry.values.first()? {
            ICalendarValue::Integer(sequence) => Some(*sequence),
            _ => None,
        });
        let one = (sequence.unwrap_or(0), index, component);
        let Some(entry) = component.property(&ICalendarProperty::RecurrenceId) else {
            let highest = group.masters.iter().map(|(sequence, ..)| *sequence).max();
            if highest.is_some_and(|highest| highest < one.0) {
                group.masters.clear();
            }
            if highest.is_none_or(|highest| highest <= one.0) {
                group.masters.push(one);
            }
            return Ok(());
        };
        let fallback = match component.property(&ICalendarProperty::Dtstart) {
            Some(start) => self.zone(start, &self.default)?,
            None => self.default.clone(),
        };
        let id = self.ids(entry, &fallback)?.next().ok_or(EventFault::Broken)?;
        let known = group.overrides.entry(id).or_insert(one);
        if known.0 <= one.0 {
            *known = one;
        }
        Ok(())
    }

    fn read(&mut self, group: &EventGroup<'_>) -> Result<(), String> {
        let mut onwards: Vec<OnwardsChange> = Vec::new();
        for (id, (_, index, component)) in &group.overrides {
            let times = match self.times(*index, component) {
                Ok(times) => Some(times).filter(|_| !is_cancelled(component)),
                Err(fault) => {
                    self.tell(fault, component)?;
                    None
                }
            };
            match (id, times) {
                (InstanceId::At(from), times) if is_onwards(component) => {
                    onwards.push(OnwardsChange { from: *from, times });
                }
                (_, Some(times)) => self.keep(&times, times.start),
                (_, None) => {}
            }
        }
        onwards.sort_by_key(|change| change.from);
        for (_, index, component) in &group.masters {
            if is_cancelled(component) {
                continue;
            }
            let starts = self
                .times(*index, component)
                .and_then(|times| Ok((self.instances(&times, component)?, times)));
            match starts {
                Ok((starts, times)) => {
                    let excluded = self.excluded(component, &times.zone);
                    let is_left_out = |id: InstanceId| {
                        let replaced = group.overrides.get(&id);
                        excluded.contains(&id) || replaced.is_some_and(|(.., other)| !is_onwards(other))
                    };
                    self.keep_series(&times, &starts, &onwards, is_left_out);
                }
                Err(fault) => self.tell(fault, component)?,
            }
        }
        Ok(())
    }

    /// Keeps the instances of a series, the later ones as they were changed from an instance onwards.
    fn keep_series(
        &mut self,
        times: &EventTimes,
        starts: &[DateTime],
        onwards: &[OnwardsChange],
        is_left_out: impl Fn(InstanceId) -> bool,
    ) {
        for start in starts {
            let Some(at) = instant(*start, &times.zone) else {
                continue;
            };
            if is_left_out(InstanceId::At(at)) || is_left_out(InstanceId::On(start.date())) {
                continue;
            }
            let change = onwards.partition_point(|change| change.from <= at).checked_sub(1);
            let Some(change) = change.and_then(|index| onwards.get(index)) else {
                self.keep(times, *start);
                continue;
            };
            // Cancelled, or not readable.
            let Some(other) = &change.times else { continue };
            // The new time of day, in its own zone.
            let moved = at.to_zoned(other.zone.clone()).datetime();
            let before = change.from.to_zoned(other.zone.clone()).datetime();
            if let Ok(moved) = moved.checked_add(other.start.duration_since(before)) {
                self.keep(other, moved);
            }
        }
    }

    fn keep(&mut self, times: &EventTimes, start: DateTime) {
        let end = start
            .checked_add(times.length.local)
            .ok()
            .and_then(|end| instant(end, &times.zone)?.checked_add(times.length.exact).ok());
        let Some((start, end)) = instant(start, &times.zone).zip(end) else {
            return;
        };
        if end > self.range.from && end > start {
            self.found.found.push(EventSpan {
                start,
                end,
                component: times.component,
            });
        }
    }

    /// The start and the length of a component.
    fn times(&self, index: usize, component: &ICalendarComponent) -> Result<EventTimes, EventFault> {
        let entry = component
            .property(&ICalendarProperty::Dtstart)
            .or_else(|| component.property(&ICalendarProperty::RecurrenceId));
        let entry = entry.ok_or(EventFault::Broken)?;
        let zone = self.zone(entry, &self.default)?;
        let start = partial(entry).ok_or(EventFault::Broken)?;
        let has_time = start.hour.is_some();
        let start = local(start, &zone).ok_or(EventFault::Broken)?;
        let none = SignedDuration::ZERO;
        let length = if let Some(end) = component.property(&ICalendarProperty::Dtend) {
            let its_zone = self.zone(end, &zone)?;
            let end = partial(end)
                .and_then(|end| at(end, &its_zone))
                .ok_or(EventFault::Broken)?;
            // The wall clock goes on for those who come later; an end in the hour that the clocks repeat is exact.
            let begun = instant(start, &zone).ok_or(EventFault::Broken)?;
            let wall = end.to_zoned(zone.clone()).datetime().duration_since(start);
            if component.property(&ICalendarProperty::Rrule).is_some() || is_onwards(component) {
                EventLength {
                    local: span(wall),
                    exact: none,
                }
            } else {
                EventLength {
                    local: Span::new(),
                    exact: end.duration_since(begun),
                }
            }
        } else if let Some(entry) = component.property(&ICalendarProperty::Duration) {
            match entry.values.first() {
                Some(ICalendarValue::Duration(length)) => of_duration(length).ok_or(EventFault::Broken)?,
                _ => return Err(EventFault::Broken),
            }
        } else if has_time {
            EventLength {
                local: Span::new(),
                exact: none,
            }
        } else {
            EventLength {
                local: 1.day(),
                exact: none,
            }
        };
        Ok(EventTimes {
            component: index,
            zone,
            start,
            length,
        })
    }

    /// The starts of a component's instances, in its own zone.
    fn instances(&mut self, times: &EventTimes, component: &ICalendarComponent) -> Result<Vec<DateTime>, EventFault> {
        let mut starts = Vec::new();
        let mut recurs = false;
        for entry in &component.entries {
            match entry.name {
                ICalendarProperty::Rrule => {
                    recurs = true;
                    let Some(ICalendarValue::RecurrenceRule(rule)) = entry.values.first() else {
                        return Err(EventFault::Broken);
                    };
                    starts.extend(self.expanded(rule, times, component)?);
                }
                ICalendarProperty::Rdate => {
                    let zone = self.zone(entry, &times.zone)?;
                    let times_of = entry.values.iter().filter_map(|value| match value {
                        ICalendarValue::PartialDateTime(time) => Some(&**time),
                        ICalendarValue::Period(
                            ICalendarPeriod::Range { start, .. } | ICalendarPeriod::Duration { start, .. },
                        ) => Some(start),
                        _ => None,
                    });
                    let local = times_of.filter_map(|time| at(time, &zone));
                    starts.extend(local.map(|at| at.to_zoned(times.zone.clone()).datetime()));
                }
                _ => {}
            }
        }
        if !recurs {
            starts.push(times.start);
        }
        starts.sort_unstable();
        starts.dedup();
        Ok(starts)
    }

    /// The starts that a rule gives.
    fn expanded(
        &mut self,
        rule: &ICalendarRecurrenceRule,
        times: &EventTimes,
        component: &ICalendarComponent,
    ) -> Result<Vec<DateTime>, EventFault> {
        let refused = |reason: &str| EventFault::Refused(format!("the event “{}”, which {reason}", title(component)));
        let often = [ICalendarFrequency::Secondly, ICalendarFrequency::Minutely].contains(&rule.freq);
        if often || rule.bysecond.len() > 1 || rule.byhour.len().max(1) * rule.byminute.len().max(1) > A_DAY {
            return Err(refused("recurs more than 24 times a day"));
        }
        if times.start.year() < FIRST_YEAR {
            return Err(refused("recurs since before 1970"));
        }
        if self.begun.elapsed() > PATIENCE {
            return Err(EventFault::Refused("rules that take too long to expand".to_owned()));
        }
        let mut until = self.range.to.to_zoned(times.zone.clone()).datetime();
        if let Some(own) = &rule.until {
            // A day without a time is meant as a whole.
            let own = match (own.hour, local(own, &times.zone)) {
                (None, Some(own)) => own.date().at(23, 59, 59, 0),
                (_, own) => own.ok_or(EventFault::Broken)?,
            };
            until = until.min(own);
        }
        if until < times.start {
            return Ok(Vec::new());
        }
        let entry = |name, value| ICalendarEntry {
            name,
            params: Vec::new(),
            values: vec![value],
        };
        let rule = ICalendarRecurrenceRule {
            until: Some(floating(until)),
            ..rule.clone()
        };
        let start = ICalendarValue::PartialDateTime(Box::new(floating(times.start)));
        let one = ICalendar {
            components: vec![ICalendarComponent {
                component_type: ICalendarComponentType::VEvent,
                entries: vec![
                    entry(ICalendarProperty::Dtstart, start),
                    entry(ICalendarProperty::Rrule, ICalendarValue::RecurrenceRule(Box::new(rule))),
                ],
                component_ids: Vec::new(),
            }],
        };
        let expanded = one.expand_dates(Tz::Floating, self.left);
        if !expanded.errors.is_empty() {
            return Err(EventFault::Broken);
        }
        self.left = self.left.saturating_sub(expanded.events.len());
        if self.left == 0 {
            return Err(EventFault::Refused(
                "more than 50,000 shifts; use a later start date in its rules".to_owned(),
            ));
        }
        let starts = expanded.events.iter().map(|event| event.start.timestamp());
        let starts = starts.filter_map(|start| Timestamp::from_second(start).ok());
        Ok(starts.map(|start| Offset::UTC.to_datetime(start)).collect())
    }

    /// The EXDATEs of a component.
    fn excluded(&self, component: &ICalendarComponent, zone: &TimeZone) -> HashSet<InstanceId> {
        let entries = component.entries.iter();
        let entries = entries.filter(|entry| entry.name == ICalendarProperty::Exdate);
        entries
            .filter_map(|entry| self.ids(entry, zone).ok())
            .flatten()
            .collect()
    }

    /// The instances that an entry names. `fallback` is the zone of times that name none.
    fn ids<'e>(
        &self,
        entry: &'e ICalendarEntry,
        fallback: &TimeZone,
    ) -> Result<impl Iterator<Item = InstanceId> + use<'e>, EventFault> {
        let zone = self.zone(entry, fallback)?;
        Ok(entry.values.iter().filter_map(move |value| match value {
            ICalendarValue::PartialDateTime(time) if time.hour.is_none() => {
                Some(InstanceId::On(local(time, &zone)?.date()))
            }
            ICalendarValue::PartialDateTime(time) => Some(InstanceId::At(at(time, &zone)?)),
            _ => None,
        }))
    }

    /// The zone of an entry's times.
    fn zone(&self, entry: &ICalendarEntry, fallback: &TimeZone) -> Result<TimeZone, EventFault> {
        if let Some(name) = entry.tz_id() {
            let name = name.trim_matches('"');
            let zone = self.zones.resolve(name).and_then(time_zone);
            return zone.ok_or_else(|| EventFault::Zone(name.to_owned()));
        }
        let is_utc = partial(entry).is_some_and(|time| time.tz_hour.is_some());
        Ok(if is_utc { TimeZone::UTC } else { fallback.clone() })
    }
}

fn is_onwards(component: &ICalendarComponent) -> bool {
    let id = component.property(&ICalendarProperty::RecurrenceId);
    id.is_some_and(|entry| entry.parameters(&ICalendarParameterName::Range).next().is_some())
}

fn is_cancelled(component: &ICalendarComponent) -> bool {
    component.status() == Some(&ICalendarStatus::Cancelled)
}

/// The summary of a component, or its UID.
fn title(component: &ICalendarComponent) -> String {
    let summary = component.property(&ICalendarProperty::Summary);
    let summary = summary.and_then(|entry| entry.values.first()?.as_text());
    super::shortened(summary.or(component.uid()).unwrap_or_default(), 80)
}
