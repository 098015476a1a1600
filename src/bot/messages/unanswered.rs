//! Recent messages that matched no runbook.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::TOGETHER;
use crate::bot::cache::{Cache, CacheLimits};
use crate::bot::sweep::Expire;
use crate::matching;
use crate::slack::decode::Message;

/// Bytes kept of one message: more than fits into a message of Slack without files.
const KEPT: usize = 64 * 1024;
/// Messages kept of one author in one place.
const MESSAGES: usize = 4;
/// Limits of everything that is kept.
const LIMITS: CacheLimits = CacheLimits {
    bytes: 8 * 1024 * 1024,
    age: Duration::from_mins(1),
};

/// Messages that matched no runbook: the next message of the same author may complete them. They are not redacted, and
/// kept in memory only, for a minute at most.
#[derive(Debug)]
pub(crate) struct Unanswered {
    kept: Mutex<KeptMessage>,
}

#[derive(Debug)]
struct KeptMessage {
    /// Messages by id.
    texts: Cache<String, EarlierMessage>,
    /// The ids of each author's messages in a place, in order of arrival.
    by_speaker: HashMap<Speaker, VecDeque<String>>,
}

/// Channel, author, and thread (`None` outside threads).
type Speaker = (String, String, Option<String>);

#[derive(Debug)]
struct EarlierMessage {
    speaker: Speaker,
    /// Slack's time of the message, in seconds since 1970.
    at: f64,
    text: String,
}

impl Default for Unanswered {
    fn default() -> Self {
        Self::new(LIMITS)
    }
}

impl Unanswered {
    fn new(limits: CacheLimits) -> Self {
        Self {
            kept: Mutex::new(KeptMessage {
                texts: Cache::new(limits),
                by_speaker: HashMap::new(),
            }),
        }
    }

    /// Ids and texts of the author's messages just before, or just after where a later one arrived first.
    pub(super) fn before(&self, message: &Message) -> Vec<(String, String)> {
        self.before_at(message, Instant::now())
    }

    fn before_at(&self, message: &Message, now: Instant) -> Vec<(String, String)> {
        let (Some(speaker), Some(at), own) = (speaker(message), seconds(&message.ts), message.id()) else {
            return Vec::new();
        };
        let kept = self.locked();
        let ids = kept.by_speaker.get(&speaker).into_iter().flatten();
        let others = ids.filter(|id| **id != own);
        let said = others.filter_map(|id| Some((id, kept.texts.get(id.as_str(), now)?)));
        said.filter(|(_, said)| (at - said.at).abs() <= TOGETHER)
            .map(|(id, said)| (id.clone(), said.text.clone()))
            .collect()
    }

    /// Keeps the text of a message, as far as matching it together with another message can use it.
    pub(super) fn keep(&self, message: &Message, text: &str) {
        self.keep_at(message, text, Instant::now());
    }

    fn keep_at(&self, message: &Message, text: &str, now: Instant) {
        let (Some(speaker), Some(at)) = (speaker(message), seconds(&message.ts)) else {
            return;
        };
        let id = message.id();
        let text = matching::bounded(text, KEPT).into_owned();
        let mut kept = self.locked();
        kept.forget(&id);
        while kept.by_speaker.get(&speaker).is_some_and(|ids| ids.len() >= MESSAGES)
            && let Some(oldest) = kept.by_speaker.get(&speaker).and_then(|ids| ids.front().cloned())
        {
            kept.forget(&oldest);
        }
        let ids = kept.by_speaker.entry(speaker.clone()).or_default();
        ids.push_back(id.clone());
        // The speaker is a key too, and each id is in the list of its speaker.
        let (channel, author, thread) = &speaker;
        let names = 2 * (channel.len() + author.len() + thread.as_ref().map_or(0, String::len)) + 3 * id.len();
        let bytes = text.capacity() + names;
        let gone = kept.texts.insert(id, EarlierMessage { speaker, at, text }, bytes, now);
        kept.unlist(&gone);
        kept.report();
    }

    /// Forgets a message that was deleted.
    pub(super) fn forget(&self, message: &str) {
        let mut kept = self.locked();
        kept.forget(message);
        kept.report();
    }

    fn expire_at(&self, now: Instant) {
        let mut kept = self.locked();
        let gone = kept.texts.expire(now);
        kept.unlist(&gone);
        kept.report();
    }

    fn locked(&self) -> MutexGuard<'_, KeptMessage> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Expire for Unanswered {
    fn expire(&self) {
        self.expire_at(Instant::now());
    }
}

impl KeptMessage {
    fn forget(&mut self, id: &str) {
        if let Some(said) = self.texts.remove(id) {
            self.unlist(&[(id.to_owned(), said)]);
        }
    }

    /// Removes messages that are no longer kept from the lists of their authors.
    fn unlist(&mut self, gone: &[(String, EarlierMessage)]) {
        for (id, said) in gone {
            let Some(ids) = self.by_speaker.get_mut(&said.speaker) else {
                continue;
            };
            ids.retain(|other| other != id);
            if ids.is_empty() {
                self.by_speaker.remove(&said.speaker);
            }
        }
    }

    fn report(&self) {
        metrics::gauge!("signpost_unanswered_bytes").set(self.texts.bytes() as f64);
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
    use std::sync::Arc;

    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::bot::sweep::Sweeper;

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
            (kept.texts.bytes(), kept.by_speaker.len()),
            (0, 0),
            "nothing else has to come"
        );
    }

    #[tokio::test]
    async fn a_message_is_forgotten_although_nothing_else_comes() {
        let age = Duration::from_millis(20);
        let unanswered = Arc::new(Unanswered::new(CacheLimits { age, ..LIMITS }));
        unanswered.keep(&message(1, 1), "text");
        assert!(unanswered.locked().texts.bytes() > 0);
        let (every, what) = (
            Duration::from_millis(5),
            vec![Arc::clone(&unanswered) as Arc<dyn Expire>],
        );
        let sweep = Arc::new(Sweeper { every, what }).run(CancellationToken::new());
        let forgotten = async {
            while unanswered.locked().texts.bytes() > 0 {
                tokio::time::sleep(every).await;
            }
        };
        tokio::select! {
            () = sweep => {}
            () = forgotten => {}
            () = tokio::time::sleep(Duration::from_secs(20)) => {}
        }
        assert_eq!(unanswered.locked().texts.bytes(), 0);
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
        assert!(kept.texts.bytes() <= LIMITS.bytes);
        let listed: usize = kept.by_speaker.values().map(VecDeque::len).sum();
        assert!((100..150).contains(&listed), "{listed}");
    }

    #[test]
    fn many_short_messages_stay_within_the_budget_too() {
        let (unanswered, now) = (Unanswered::default(), Instant::now());
        for thread in 0..60_000 {
            unanswered.keep_at(&message(thread, thread), "hm", now);
        }
        let kept = unanswered.locked();
        assert!(kept.texts.bytes() <= LIMITS.bytes);
        assert!(kept.by_speaker.len() < 60_000, "{}", kept.by_speaker.len());
    }
}
