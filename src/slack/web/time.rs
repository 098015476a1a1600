//! Slack's time, measured from the `Date` header of its answers.
//!
//! Posts are scheduled by it, and times are compared with Slack's timestamps by it: this machine's clock may be wrong,
//! and may be set at any moment.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use reqwest::header::{DATE, HeaderMap};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::clock::Clock;

/// Response time beyond which an answer says too little about the time.
const LONGEST: Duration = Duration::from_secs(5);
/// Mean error of `Date`, which has whole seconds: the true time is up to one second later.
const HALF_A_SECOND: Duration = Duration::from_millis(500);
/// Deviation of the measured time below which it counts as noise.
const NOISE: Duration = Duration::from_secs(1);

/// A clock that shows Slack's time. Between measurements it runs on the monotonic clock, so that setting this machine's
/// clock does not change it. Before the first measurement it starts from this machine's clock.
pub struct SlackTime {
    local: Arc<dyn Clock>,
    anchor: Mutex<Anchor>,
    skew: watch::Sender<Option<Skew>>,
}

/// A moment on both clocks.
#[derive(Debug, Clone, Copy)]
struct Anchor {
    time: Timestamp,
    at: Instant,
    is_measured: bool,
}

/// The deviation of this machine's clock from Slack's when it was last measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Skew {
    /// Seconds that this machine's clock is ahead of Slack's; negative when it is behind.
    pub seconds: i64,
}

/// One measurement: Slack's time and this machine's at the moment an answer arrived.
#[derive(Debug, Clone, Copy)]
pub(in crate::slack) struct ClockReading {
    slack: Timestamp,
    local: Timestamp,
    at: Instant,
    error: Duration,
}

impl fmt::Debug for SlackTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SlackTime")
            .field("skew", &self.skew())
            .finish_non_exhaustive()
    }
}

impl Clock for SlackTime {
    fn now(&self) -> Timestamp {
        self.shown_at(Instant::now())
    }
}

impl SlackTime {
    /// Creates a clock for Slack's time, to be measured against this machine's clock.
    pub fn new(local: Arc<dyn Clock>) -> Self {
        let anchor = Anchor {
            time: local.now(),
            at: Instant::now(),
            is_measured: false,
        };
        Self {
            local,
            anchor: Mutex::new(anchor),
            skew: watch::Sender::new(None),
        }
    }

    /// The deviation of this machine's clock; `None` before the first measurement.
    pub fn skew(&self) -> Option<Skew> {
        *self.skew.borrow()
    }

    /// The deviation of this machine's clock, with a notification at each measurement.
    pub fn watch(&self) -> watch::Receiver<Option<Skew>> {
        self.skew.subscribe()
    }

    /// Returns true when this machine's clock has moved by `by` or more against Slack's time since the last
    /// measurement: it was set, or the machine slept, and then Slack's time stood still.
    pub fn has_drifted(&self, by: Duration) -> bool {
        self.has_drifted_at(by, Instant::now())
    }

    fn has_drifted_at(&self, by: Duration, at: Instant) -> bool {
        let skew = SignedDuration::from_secs(self.skew().map_or(0, |skew| skew.seconds));
        let now = self.local.now().duration_since(self.shown_at(at));
        now.saturating_sub(skew).unsigned_abs() >= by
    }

    fn shown_at(&self, at: Instant) -> Timestamp {
        let anchor = *self.anchor.lock();
        later(anchor.time, at.saturating_duration_since(anchor.at))
    }

    /// Measures Slack's time from the headers of an answer to a request that was sent at `sent`.
    pub(in crate::slack) fn read(&self, headers: &HeaderMap, sent: Instant) -> Option<ClockReading> {
        self.read_at(headers, sent, Instant::now())
    }

    fn read_at(&self, headers: &HeaderMap, sent: Instant, at: Instant) -> Option<ClockReading> {
        let took = at.duration_since(sent);
        let told = headers.get(DATE)?.to_str().ok()?;
        let told = jiff::fmt::rfc2822::parse(told).ok()?.timestamp();
        (took <= LONGEST).then(|| ClockReading {
            // Slack wrote the date at some time between request and answer.
            slack: later(told, HALF_A_SECOND + took / 2),
            local: self.local.now(),
            at,
            error: HALF_A_SECOND + took / 2,
        })
    }

    /// Adopts a measurement.
    pub(in crate::slack) fn take(&self, reading: ClockReading) {
        let seconds = reading.local.duration_since(reading.slack).as_millis();
        let seconds = i64::try_from((seconds + seconds.signum() * 500) / 1_000).unwrap_or_default();
        let mut anchor = self.anchor.lock();
        let expected = later(anchor.time, reading.at.saturating_duration_since(anchor.at));
        let off = reading.slack.duration_since(expected).unsigned_abs();
        if !anchor.is_measured || off > reading.error + NOISE {
            *anchor = Anchor {
                time: reading.slack,
                at: reading.at,
                is_measured: true,
            };
        }
        drop(anchor);
        self.skew.send_replace(Some(Skew { seconds }));
    }
}

fn later(time: Timestamp, by: Duration) -> Timestamp {
    SignedDuration::try_from(by)
        .ok()
        .and_then(|by| time.checked_add(by).ok())
        .unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    #[derive(Debug)]
    struct Set(Mutex<Timestamp>);

    impl Clock for Set {
        fn now(&self) -> Timestamp {
            *self.0.lock()
        }
    }

    const NOON: &str = "Sun, 29 Nov 2026 12:00:00 GMT";

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    /// Processes an answer that arrived at `at`, and returns the deviation then.
    fn answer(time: &SlackTime, date: &'static str, sent: Instant, at: Instant) -> Option<i64> {
        let mut headers = HeaderMap::new();
        headers.insert(DATE, HeaderValue::from_static(date));
        time.take(time.read_at(&headers, sent, at)?);
        time.skew().map(|skew| skew.seconds)
    }

    #[test]
    fn slacks_time_goes_on_whatever_happens_to_our_clock() {
        let local = Arc::new(Set(Mutex::new(at("2026-11-29T12:05:00Z"))));
        let time = SlackTime::new(Arc::clone(&local) as _);
        assert_eq!(time.skew(), None);
        let begun = Instant::now();
        assert_eq!(answer(&time, NOON, begun, begun), Some(300));
        *local.0.lock() = at("2026-11-27T12:00:00Z");
        let later = begun + Duration::from_mins(10);
        assert_eq!(time.shown_at(later), at("2026-11-29T12:10:00.5Z"));
        assert_eq!(
            answer(&time, "Sun, 29 Nov 2026 12:10:00 GMT", later, later),
            Some(-173_401)
        );
    }

    #[test]
    fn a_clock_that_was_set_and_a_machine_that_slept_are_noticed() {
        let local = Arc::new(Set(Mutex::new(at("2026-11-29T12:05:00Z"))));
        let time = SlackTime::new(Arc::clone(&local) as _);
        let begun = Instant::now();
        let half_a_minute = Duration::from_secs(30);
        assert!(!time.has_drifted_at(half_a_minute, begun));
        answer(&time, NOON, begun, begun);
        assert!(!time.has_drifted_at(half_a_minute, begun), "it is off, but as it was");
        *local.0.lock() = at("2026-11-29T12:15:00Z");
        assert!(
            time.has_drifted_at(half_a_minute, begun),
            "the monotonic clock stood still"
        );
        let later = begun + Duration::from_mins(10);
        assert!(!time.has_drifted_at(half_a_minute, later), "both went on");
        *local.0.lock() = at("2026-11-27T12:00:00Z");
        assert!(time.has_drifted_at(half_a_minute, later));
    }

    #[test]
    fn noise_does_not_move_slacks_time_and_a_deviation_does() {
        let time = SlackTime::new(Arc::new(Set(Mutex::new(at("2026-11-29T12:00:00Z")))));
        let begun = Instant::now();
        for (date, expected) in [
            (NOON, "2026-11-29T12:00:00.5Z"),
            ("Sun, 29 Nov 2026 12:00:01 GMT", "2026-11-29T12:00:00.5Z"),
            ("Sun, 29 Nov 2026 12:00:05 GMT", "2026-11-29T12:00:05.5Z"),
        ] {
            answer(&time, date, begun, begun);
            assert_eq!(time.shown_at(begun), at(expected), "{date}");
        }
    }

    #[test]
    fn a_slow_answer_and_one_without_a_date_tell_nothing() {
        let time = SlackTime::new(Arc::new(Set(Mutex::new(at("2026-11-29T12:00:00Z")))));
        let sent = Instant::now();
        assert_eq!(answer(&time, NOON, sent, sent + Duration::from_secs(6)), None);
        assert_eq!(answer(&time, "yesterday", sent, sent), None);
        assert!(time.read(&HeaderMap::new(), sent).is_none());
    }
}
