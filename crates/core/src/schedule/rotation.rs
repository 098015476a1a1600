//! Rotations: people who take turns, handing over at a local time.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use super::{OnCall, OnCallPerson, Shift};

/// Most people and overrides of a rotation.
pub const MOST: usize = 500;
/// Most hand-overs looked at until somebody else is on call.
const STEPS: usize = 1_000;

/// Length of a turn, in units of the calendar: a day is from one local time to the same the next day, whatever the clocks
/// do in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Period {
    /// Hours of the local clock; 1 to 8760.
    Hours(u32),
    /// Days; 1 to 3660. A week is 7.
    Days(u32),
    /// Months; 1 to 120.
    Months(u32),
}

/// A time in which somebody stands in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    /// Beginning of the time.
    pub from: Timestamp,
    /// End of the time, exclusive.
    pub to: Timestamp,
    /// The person who stands in.
    pub person: OnCallPerson,
}

/// People who take turns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotation {
    /// The zone of the hand-over's local time.
    pub zone: TimeZone,
    /// A hand-over to the first of the people, in local time.
    pub first: DateTime,
    /// Length of a turn.
    pub period: Period,
    /// The people in the order of their turns; never empty.
    pub people: Vec<OnCallPerson>,
    /// Times in which somebody else stands in. Of several at a time the last one counts.
    pub overrides: Vec<Override>,
}

impl Period {
    /// Reads a period: `week`, `1 week`, `12 hours`, `2 weeks`, `1 month`, also `daily`, `weekly` and `monthly`.
    ///
    /// # Errors
    ///
    /// A sentence when the text is not a period, or one out of range.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong =
            || format!("\"{text}\" is not a period; write for example `1 week`, `2 days`, `12 hours` or `1 month`");
        let lower = text.trim().to_lowercase();
        let (count, unit) = match lower.as_str() {
            "daily" => (1, "day"),
            "weekly" => (1, "week"),
            "monthly" => (1, "month"),
            other => match other.split_once(char::is_whitespace) {
                Some((count, unit)) => (count.parse::<u32>().map_err(|_| wrong())?, unit.trim()),
                None => (1, other),
            },
        };
        let in_range = |most: u32| {
            if (1..=most).contains(&count) {
                Ok(count)
            } else {
                Err(wrong())
            }
        };
        match unit.trim_end_matches('s') {
            "hour" => in_range(8_760).map(Self::Hours),
            "day" => in_range(3_660).map(Self::Days),
            "week" => in_range(522).map(|weeks| Self::Days(weeks * 7)),
            "month" => in_range(120).map(Self::Months),
            _ => Err(wrong()),
        }
    }

    /// The local time of a turn's beginning: `turn` periods after the first hand-over.
    fn start(self, first: DateTime, turn: i64) -> Option<DateTime> {
        let span = match self {
            Self::Hours(hours) => Span::new().try_hours(turn.checked_mul(hours.into())?),
            Self::Days(days) => Span::new().try_days(turn.checked_mul(days.into())?),
            Self::Months(months) => Span::new().try_months(turn.checked_mul(months.into())?),
        };
        first.checked_add(span.ok()?).ok()
    }

    /// The turn of a local time, give or take one.
    fn near(self, first: DateTime, at: DateTime) -> i64 {
        let months = |time: DateTime| i64::from(time.year()) * 12 + i64::from(time.month());
        let hours = at.duration_since(first).as_hours();
        match self {
            Self::Hours(count) => hours.div_euclid(count.into()),
            Self::Days(count) => hours.div_euclid(24).div_euclid(count.into()),
            Self::Months(count) => (months(at) - months(first)).div_euclid(count.into()),
        }
    }
}

impl Rotation {
    /// The person on call at a time, until when, and who follows. Times out of the calendar's range have nobody on call.
    pub fn on_call(&self, at: Timestamp) -> OnCall {
        let Some((person, mut until)) = self.holder(at) else {
            return OnCall::default();
        };
        let mut next = None;
        // The same person may have several turns in a row.
        for _ in 0..STEPS {
            let Some(end) = until else { break };
            let Some((other, its_end)) = self.holder(end) else {
                break;
            };
            if other != person {
                next = Some(other.clone());
                break;
            }
            until = its_end;
        }
        let until = until.filter(|_| next.is_some());
        OnCall {
            now: vec![Shift {
                person: person.clone(),
                until,
            }],
            next: next.into_iter().collect(),
        }
    }

    /// The person on call at a time, and the end of that turn or override.
    fn holder(&self, at: Timestamp) -> Option<(&OnCallPerson, Option<Timestamp>)> {
        let (index, end) = self.turn(at)?;
        let covers = |one: &&Override| one.from <= at && at < one.to;
        let override_now = self.overrides.iter().rposition(|one| covers(&one));
        let above = self
            .overrides
            .get(override_now.map_or(0, |index| index + 1)..)
            .unwrap_or_default();
        // An override that begins earlier than this one ends, and wins over it, ends it.
        let mut end = match override_now.and_then(|index| self.overrides.get(index)) {
            Some(one) => one.to,
            None => end,
        };
        end = above
            .iter()
            .map(|one| one.from)
            .filter(|from| *from > at)
            .fold(end, Timestamp::min);
        let person = match override_now.and_then(|index| self.overrides.get(index)) {
            Some(one) => &one.person,
            None => self.people.get(index)?,
        };
        Some((person, Some(end)))
    }

    /// Index of the person whose turn it is, and the end of the turn.
    fn turn(&self, at: Timestamp) -> Option<(usize, Timestamp)> {
        let local = self.zone.to_datetime(at);
        let start = |turn: i64| {
            let local = self.period.start(self.first, turn)?;
            // In a gap the later time, in an overlap the earlier one.
            self.zone.to_timestamp(local).ok()
        };
        let near = self.period.near(self.first, local);
        let turn = (near - 2..=near + 2)
            .rev()
            .find(|turn| start(*turn).is_some_and(|start| start <= at))?;
        let count = i64::try_from(self.people.len()).ok().filter(|count| *count > 0)?;
        let index = usize::try_from(turn.rem_euclid(count)).ok()?;
        Some((index, start(turn + 1)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(name: &str) -> OnCallPerson {
        OnCallPerson {
            name: name.to_owned(),
            slack: None,
        }
    }

    fn rotation(zone: &str, first: &str, period: &str) -> Rotation {
        Rotation {
            zone: super::super::zone(zone).unwrap(),
            first: first.parse().unwrap(),
            period: Period::parse(period).unwrap(),
            people: ["Ada", "Grace", "Linus"].map(person).to_vec(),
            overrides: Vec::new(),
        }
    }

    /// `NAME until TIME, then NAME`, the time in UTC.
    fn told(rotation: &Rotation, at: &str) -> String {
        let answer = rotation.on_call(at.parse().unwrap());
        let Some(shift) = answer.now.first() else {
            return "nobody".to_owned();
        };
        let until = shift.until.map_or("ever".to_owned(), |until| until.to_string());
        let next = answer.next.first().map_or("nobody", |next| next.name.as_str());
        format!("{} until {until}, then {next}", shift.person.name)
    }

    #[test]
    fn turns_hand_over_at_the_local_time_whatever_the_clocks_do() {
        let weekly = ("Europe/Vienna", "2026-01-05T09:00", "1 week");
        let daily = ("Europe/Vienna", "2026-01-01T02:30", "1 day");
        for ((zone, first, period), at, expected) in [
            (
                weekly,
                "2026-01-05T08:00:00Z",
                "Ada until 2026-01-12T08:00:00Z, then Grace",
            ),
            (
                weekly,
                "2026-01-05T07:59:59Z",
                "Linus until 2026-01-05T08:00:00Z, then Ada",
            ),
            (
                weekly,
                "2026-01-12T08:00:00Z",
                "Grace until 2026-01-19T08:00:00Z, then Linus",
            ),
            // From the end of March on 09:00 is an hour earlier in UTC.
            (
                weekly,
                "2026-03-25T12:00:00Z",
                "Linus until 2026-03-30T07:00:00Z, then Ada",
            ),
            (
                weekly,
                "2026-10-22T12:00:00Z",
                "Linus until 2026-10-26T08:00:00Z, then Ada",
            ),
            (
                weekly,
                "2020-06-01T12:00:00Z",
                "Linus until 2020-06-08T07:00:00Z, then Ada",
            ),
            // 02:30 does not exist on 29 March, and exists twice on 25 October.
            (
                daily,
                "2026-03-29T01:15:00Z",
                "Linus until 2026-03-29T01:30:00Z, then Ada",
            ),
            (
                daily,
                "2026-10-25T00:30:00Z",
                "Ada until 2026-10-26T01:30:00Z, then Grace",
            ),
            (
                ("UTC", "2026-01-31T00:00", "1 month"),
                "2026-02-28T00:00:00Z",
                "Grace until 2026-03-31T00:00:00Z, then Linus",
            ),
            (
                ("UTC", "2026-01-01T08:00", "12 hours"),
                "2026-01-01T21:00:00Z",
                "Grace until 2026-01-02T08:00:00Z, then Linus",
            ),
        ] {
            assert_eq!(told(&rotation(zone, first, period), at), expected, "{period} at {at}");
        }
    }

    #[test]
    fn overrides_win_and_their_neighbours_end_where_they_begin() {
        let mut weekly = rotation("UTC", "2026-01-05T09:00", "weekly");
        let time = |text: &str| text.parse::<Timestamp>().unwrap();
        weekly.overrides = vec![
            Override {
                from: time("2026-01-06T00:00:00Z"),
                to: time("2026-01-08T00:00:00Z"),
                person: person("Barbara"),
            },
            Override {
                from: time("2026-01-07T00:00:00Z"),
                to: time("2026-01-07T12:00:00Z"),
                person: person("Linus"),
            },
        ];
        for (at, expected) in [
            ("2026-01-05T10:00:00Z", "Ada until 2026-01-06T00:00:00Z, then Barbara"),
            ("2026-01-06T10:00:00Z", "Barbara until 2026-01-07T00:00:00Z, then Linus"),
            ("2026-01-07T10:00:00Z", "Linus until 2026-01-07T12:00:00Z, then Barbara"),
            ("2026-01-07T12:00:00Z", "Barbara until 2026-01-08T00:00:00Z, then Ada"),
            ("2026-01-08T00:00:00Z", "Ada until 2026-01-12T09:00:00Z, then Grace"),
        ] {
            assert_eq!(told(&weekly, at), expected, "{at}");
        }
    }

    #[test]
    fn one_person_alone_has_no_end_and_far_times_have_nobody() {
        let mut alone = rotation("UTC", "2026-01-05T09:00", "daily");
        alone.people.truncate(1);
        assert_eq!(told(&alone, "2026-05-05T09:00:00Z"), "Ada until ever, then nobody");
        alone.people.clear();
        assert_eq!(told(&alone, "2026-05-05T09:00:00Z"), "nobody");
        let far = rotation("UTC", "9999-12-30T09:00", "120 months");
        assert_eq!(far.on_call(Timestamp::MAX).now, Vec::new());
        assert!(
            !rotation("UTC", "-009999-01-02T00:00", "1 hour")
                .on_call(Timestamp::UNIX_EPOCH)
                .now
                .is_empty()
        );
    }

    #[test]
    fn periods_that_make_no_sense_are_refused_with_an_example() {
        for text in [
            "",
            "0 weeks",
            "week week",
            "-1 day",
            "1 fortnight",
            "9000 hours",
            "1.5 days",
        ] {
            assert!(Period::parse(text).unwrap_err().contains("1 week"), "{text}");
        }
        assert_eq!(Period::parse(" 2  Weeks "), Ok(Period::Days(14)));
    }
}
