//! Day files: their messages one by one, and in the order of their time across the files.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::de::{Deserializer as _, SeqAccess, Visitor};
use serde_json::error::Category;
use serde_json::value::RawValue;
use serde_json::{Deserializer, Value};

use super::{ExportedMessage, date_of};

/// A range of days in UTC, both included.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DayRange {
    /// The first day; `None` for the beginning.
    pub since: Option<Date>,
    /// The last day; `None` for the end.
    pub until: Option<Date>,
}

impl DayRange {
    /// Returns true when a time lies in the range.
    pub(super) fn holds(self, at: Timestamp) -> bool {
        let day = date_of(at);
        self.since.is_none_or(|since| since <= day) && self.until.is_none_or(|until| day <= until)
    }

    /// Returns true when the file of a day may hold messages of the range: its day is that of the workspace's time zone.
    pub(super) fn may_hold(self, day: Date) -> bool {
        let from = day.yesterday().unwrap_or(day);
        let to = day.tomorrow().unwrap_or(day);
        self.since.is_none_or(|since| since <= to) && self.until.is_none_or(|until| from <= until)
    }
}

/// Puts messages in order across files: a message waits until the next file shows that nothing older comes.
#[derive(Debug, Default)]
pub(super) struct Sorted {
    waiting: Vec<ExportedMessage>,
}

impl Sorted {
    /// Adds a file's messages, and hands on the waiting ones that are older than all of them.
    pub(super) fn add(&mut self, mut messages: Vec<ExportedMessage>, each: &mut impl FnMut(ExportedMessage)) {
        let first = messages.iter().map(|message| message.at).min();
        let Some(first) = first else {
            return;
        };
        let ready = self.waiting.partition_point(|message| message.at < first);
        self.waiting.drain(..ready).for_each(&mut *each);
        self.waiting.append(&mut messages);
        self.waiting.sort_by_key(|message| message.at);
        // A reply that was also sent to the channel may stand in two places, in two forms; no two messages of a channel
        // have one time.
        self.waiting.dedup_by(|one, kept| {
            let is_same = one.at == kept.at;
            if is_same && kept.message.is_none() {
                kept.message = one.message.take();
            }
            is_same
        });
    }

    /// Hands on the messages that still wait.
    pub(super) fn finish(self, each: &mut impl FnMut(ExportedMessage)) {
        self.waiting.into_iter().for_each(each);
    }
}

/// Reason given for an element that is no JSON by itself, such as one with half of a character.
const UNREADABLE: &str = "its JSON cannot be read";

/// Calls `each` with the elements of a JSON array, without holding more than one, or with the reason why one cannot be
/// read.
///
/// # Errors
///
/// The reason why the text is no such array, for people.
pub(super) fn elements(text: &str, each: impl FnMut(Result<Value, &'static str>)) -> Result<(), String> {
    let mut json = Deserializer::from_str(text);
    json.deserialize_seq(Elements(each))
        .and_then(|()| json.end())
        .map_err(|cause| match cause.classify() {
            Category::Data => "not a list".to_owned(),
            _ => format!("broken JSON: {cause}"),
        })
}

struct Elements<F>(F);

impl<'de, F: FnMut(Result<Value, &'static str>)> Visitor<'de> for Elements<F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<(), A::Error> {
        while let Some(element) = list.next_element::<&RawValue>()? {
            (self.0)(serde_json::from_str(element.get()).map_err(|_| UNREADABLE));
        }
        Ok(())
    }
}

/// The time that a `ts` stands for, to the microsecond: Slack counts the messages of a second there.
pub(super) fn time_of(ts: &str) -> Option<Timestamp> {
    let (seconds, count) = ts.split_once('.').unwrap_or((ts, "0"));
    let micros: i32 = format!("{count:0<6}").get(..6)?.parse().ok()?;
    let seconds: i64 = seconds.parse().ok()?;
    Timestamp::new(seconds, micros.checked_mul(1_000)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(ts: &str) -> ExportedMessage {
        ExportedMessage {
            at: time_of(ts).unwrap(),
            message: None,
        }
    }

    #[test]
    fn messages_come_in_order_although_the_files_overlap() {
        let (mut seen, mut sorted) = (Vec::new(), Sorted::default());
        let mut each = |message: ExportedMessage| seen.push(message.at.as_second());
        sorted.add(vec![message("30.1"), message("10.1"), message("10.1")], &mut each);
        sorted.add(vec![message("40.1"), message("20.1")], &mut each);
        sorted.add(Vec::new(), &mut each);
        sorted.finish(&mut each);
        assert_eq!(seen, [10, 20, 30, 40]);
    }

    #[test]
    fn a_ts_is_a_time_with_a_counter() {
        for (ts, micros) in [
            ("1767225600.000200", Some(1_767_225_600_000_200)),
            ("1767225600", Some(1_767_225_600_000_000)),
            ("1767225600.5", Some(1_767_225_600_500_000)),
            ("-1.x", None),
            ("", None),
            ("1e9", None),
            ("99999999999999999999.1", None),
        ] {
            assert_eq!(time_of(ts).map(Timestamp::as_microsecond), micros, "{ts}");
        }
    }

    #[test]
    fn a_range_includes_both_days() {
        let day = |text: &str| text.parse::<Date>().unwrap();
        let range = DayRange {
            since: Some(day("2026-01-02")),
            until: Some(day("2026-01-03")),
        };
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        assert!(range.holds(at("2026-01-02T00:00:00Z")) && range.holds(at("2026-01-03T23:59:59Z")));
        assert!(!range.holds(at("2026-01-01T23:59:59Z")) && !range.holds(at("2026-01-04T00:00:00Z")));
        assert!(range.may_hold(day("2026-01-01")) && range.may_hold(day("2026-01-04")));
        assert!(!range.may_hold(day("2025-12-31")) && !range.may_hold(day("2026-01-05")));
        assert!(DayRange::default().may_hold(day("2026-01-05")));
    }
}
