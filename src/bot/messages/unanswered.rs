//! Recent messages that matched no runbook.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::TOGETHER;
use crate::matching;
use crate::slack::decode::Message;

/// Bytes kept of one message: more than fits into a message of Slack without files.
const KEPT: usize = 64 * 1024;
/// Messages kept of one author in one place.
const MESSAGES: usize = 4;
/// Bytes of everything that is kept.
const BYTES: usize = 8 * 1024 * 1024;
/// Bytes that a message costs besides its text and names: its places in the two maps.
const OVERHEAD: usize = 400;
/// Time after which a message is no longer kept.
const AGE: Duration = Duration::from_mins(1);
/// Interval at which old messages are removed while nothing else comes.
const SWEEP: Duration = Duration::from_secs(5);

/// Messages that matched no runbook: the next message of the same author may complete them. They are not redacted, and
/// kept in memory only, for a minute at most.
///
/// A moka cache would not make this simpler: a message and its place in the list of its author have to go at the same
/// moment, and their bytes are shown as a metric, while moka evicts, counts and calls its listener some time later.
#[derive(Debug)]
pub(crate) struct Unanswered {
    age: Duration,
    kept: Mutex<KeptMessages>,
}

#[derive(Debug, Default)]
struct KeptMessages {
    /// Messages by number, in order of arrival.
    said: BTreeMap<u64, EarlierMessage>,
    /// The numbers of each author's messages in a place.
    by_speaker: BTreeSet<(Speaker, u64)>,
    bytes: usize,
}

/// Channel, author, and thread (`None` outside threads).
type Speaker = (String, String, Option<String>);

#[derive(Debug)]
struct EarlierMessage {
    id: String,
    speaker: Speaker,
    /// Slack's time of the message, in seconds since 1970.
    at: f64,
    text: String,
    bytes: usize,
    arrived: Instant,
}

impl Default for Unanswered {
    fn default() -> Self {
        Self::new(AGE)
    }
}

impl Unanswered {
    fn new(age: Duration) -> Self {
        let kept = Mutex::default();
        Self { age, kept }
    }

    /// Removes old messages, although nothing else comes, until told to stop.
    pub(crate) async fn run(self: Arc<Self>, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(SWEEP.min(self.age)) => self.expire_at(Instant::now()),
            }
        }
    }

    /// Ids and texts of the author's messages just before, or just after where a later one arrived first.
    pub(super) fn before(&self, message: &Message) -> Vec<(String, String)> {
        self.before_at(message, Instant::now())
    }

    /// As [`Self::before`], at a given time.
    pub(super) fn before_at(&self, message: &Message, now: Instant) -> Vec<(String, String)> {
        let (Some(speaker), Some(at), own) = (speaker(message), seconds(&message.ts), message.id()) else {
            return Vec::new();
        };
        let kept = self.locked();
        let numbers = kept.numbers(&speaker);
        let said = numbers.iter().filter_map(|number| kept.said.get(number));
        said.filter(|said| said.id != own && !self.is_old(said, now) && (at - said.at).abs() <= TOGETHER)
            .map(|said| (said.id.clone(), said.text.clone()))
            .collect()
    }

    /// Keeps the text of a message, as far as matching it together with another message can use it.
    pub(super) fn keep(&self, message: &Message, text: &str) {
        self.keep_at(message, text, Instant::now());
    }

    /// As [`Self::keep`], at a given time.
    pub(super) fn keep_at(&self, message: &Message, text: &str, now: Instant) {
        let (Some(speaker), Some(at)) = (speaker(message), seconds(&message.ts)) else {
            return;
        };
        let (id, text) = (message.id(), matching::bounded(text, KEPT).into_owned());
        let (channel, author, thread) = &speaker;
        let names = 2 * (channel.len() + author.len() + thread.as_ref().map_or(0, String::len)) + id.len();
        let said = EarlierMessage {
            bytes: text.capacity() + names + OVERHEAD,
            id,
            speaker,
            at,
            text,
            arrived: now,
        };
        let mut kept = self.locked();
        kept.make_way(&said);
        kept.trim(said.bytes, |said| self.is_old(said, now));
        kept.push(said);
        kept.report();
    }

    /// Forgets a message that was deleted.
    pub(super) fn forget(&self, message: &str) {
        let mut kept = self.locked();
        let numbers = kept.said.iter().filter(|(_, said)| said.id == message);
        for number in numbers.map(|(number, _)| *number).collect::<Vec<_>>() {
            kept.remove(number);
        }
        kept.report();
    }

    fn expire_at(&self, now: Instant) {
        let mut kept = self.locked();
        kept.trim(0, |said| self.is_old(said, now));
        kept.report();
    }

    fn is_old(&self, said: &EarlierMessage, now: Instant) -> bool {
        now.saturating_duration_since(said.arrived) >= self.age
    }

    fn locked(&self) -> MutexGuard<'_, KeptMessages> {
        self.kept.lock()
    }
}

impl KeptMessages {
    /// Removes the earlier version of a message, and the oldest ones of its author where there are too many.
    fn make_way(&mut self, said: &EarlierMessage) {
        let is_same = |number: &u64| self.said.get(number).is_some_and(|other| other.id == said.id);
        let (same, others): (Vec<_>, Vec<_>) = self.numbers(&said.speaker).into_iter().partition(is_same);
        for number in same.into_iter().chain(others.into_iter().rev().skip(MESSAGES - 1)) {
            self.remove(number);
        }
    }

    fn push(&mut self, said: EarlierMessage) {
        let number = self.said.last_key_value().map_or(0, |(last, _)| last + 1);
        self.bytes += said.bytes;
        self.by_speaker.insert((said.speaker.clone(), number));
        self.said.insert(number, said);
    }

    /// The numbers of an author's messages in a place, in order of arrival.
    fn numbers(&self, speaker: &Speaker) -> Vec<u64> {
        let all = (speaker.clone(), 0)..=(speaker.clone(), u64::MAX);
        self.by_speaker.range(all).map(|(_, number)| *number).collect()
    }

    /// Removes old messages, and the oldest until there is room for so many bytes.
    fn trim(&mut self, bytes: usize, is_old: impl Fn(&EarlierMessage) -> bool) {
        while let Some((&number, oldest)) = self.said.first_key_value()
            && (is_old(oldest) || self.bytes + bytes > BYTES)
        {
            self.remove(number);
        }
    }

    fn remove(&mut self, number: u64) {
        if let Some(gone) = self.said.remove(&number) {
            self.bytes -= gone.bytes;
            self.by_speaker.remove(&(gone.speaker, number));
        }
    }

    fn report(&self) {
        metrics::gauge!("signpost_unanswered_bytes").set(self.bytes as f64);
    }
}

fn speaker(message: &Message) -> Option<Speaker> {
    let thread = message.thread_ts.clone().filter(|thread| *thread != message.ts);
    Some((message.channel.clone(), message.author()?.to_owned(), thread))
}

/// Parses a timestamp of Slack: seconds with a counter after the decimal point.
pub(super) fn seconds(ts: &str) -> Option<f64> {
    ts.parse().ok().filter(|seconds: &f64| seconds.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(thread: usize, ts: usize) -> Message {
        Message {
            team: "T".to_owned(),
            channel: "C".to_owned(),
            user: Some("U".to_owned()),
            thread_ts: Some(format!("{thread}.1")),
            ts: format!("{ts}.2"),
            ..Message::default()
        }
    }

    fn texts(unanswered: &Unanswered, message: &Message, now: Instant) -> Vec<String> {
        let said = unanswered.before_at(message, now);
        said.into_iter().map(|(_, text)| text).collect()
    }

    #[test]
    fn the_last_four_messages_of_an_author_in_a_place_are_kept_for_a_minute() {
        let (unanswered, now) = (Unanswered::default(), Instant::now());
        for ts in 1..=6 {
            unanswered.keep_at(
                &message(1, ts),
                &format!("text {ts}"),
                now + Duration::from_secs(ts as u64),
            );
        }
        let next = message(1, 7);
        let later = |seconds| now + Duration::from_secs(seconds);
        assert_eq!(
            texts(&unanswered, &next, later(7)),
            ["text 3", "text 4", "text 5", "text 6"]
        );
        assert!(
            texts(&unanswered, &message(2, 7), later(7)).is_empty(),
            "another thread"
        );
        assert!(
            texts(&unanswered, &message(1, 90), later(7)).is_empty(),
            "a minute later for Slack"
        );
        assert_eq!(texts(&unanswered, &next, later(64)), ["text 5", "text 6"]);
        unanswered.forget(&message(1, 5).id());
        assert_eq!(texts(&unanswered, &next, later(64)), ["text 6"]);
        unanswered.expire_at(later(66));
        let kept = unanswered.locked();
        assert_eq!(
            (kept.bytes, kept.said.len(), kept.by_speaker.len()),
            (0, 0, 0),
            "nothing else has to come"
        );
    }

    #[tokio::test]
    async fn a_message_is_forgotten_although_nothing_else_comes() {
        let age = Duration::from_millis(20);
        let unanswered = Arc::new(Unanswered::new(age));
        unanswered.keep(&message(1, 1), "text");
        assert!(unanswered.locked().bytes > 0);
        let sweep = Arc::clone(&unanswered).run(CancellationToken::new());
        let forgotten = async {
            while unanswered.locked().bytes > 0 {
                tokio::time::sleep(age).await;
            }
        };
        tokio::select! {
            () = sweep => {}
            () = forgotten => {}
            () = tokio::time::sleep(Duration::from_secs(20)) => {}
        }
        assert_eq!(unanswered.locked().bytes, 0);
    }

    #[test]
    fn what_is_kept_stays_within_its_budget_and_the_newest_is_there() {
        let (unanswered, now) = (Unanswered::default(), Instant::now());
        let long = "12:00:00 INFO all is well\n".repeat(40_000);
        for thread in 1..=150 {
            unanswered.keep_at(&message(thread, thread), &long, now);
        }
        let last = texts(&unanswered, &message(150, 151), now);
        assert_eq!(last.len(), 1);
        assert!(last[0].len() <= KEPT && last[0].len() > KEPT / 2, "{}", last[0].len());
        assert!(
            texts(&unanswered, &message(1, 2), now).is_empty(),
            "the oldest gave way"
        );
        let kept = unanswered.locked();
        assert!(kept.bytes <= BYTES);
        assert!((100..150).contains(&kept.by_speaker.len()), "{}", kept.by_speaker.len());
    }

    #[test]
    fn many_short_messages_stay_within_the_budget_too() {
        let (unanswered, now) = (Unanswered::default(), Instant::now());
        for thread in 0..60_000 {
            unanswered.keep_at(&message(thread, thread), "hm", now);
        }
        let kept = unanswered.locked();
        assert!(kept.bytes <= BYTES);
        assert!(kept.by_speaker.len() < 60_000, "{}", kept.by_speaker.len());
    }
}
