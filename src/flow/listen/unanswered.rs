//! What people said lately that nothing was found for.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use super::TOGETHER;
use crate::slack::decode::Message;

/// People whose last words are remembered.
const SPEAKERS: usize = 2_000;
/// Messages of each.
const WORDS: usize = 4;

/// What people said lately that no runbook recognised: the next message may make sense of it. Only in memory, for a
/// minute: it is not redacted.
#[derive(Debug, Default)]
pub(in crate::flow) struct Unanswered {
    said: Mutex<HashMap<Speaker, VecDeque<Words>>>,
}

/// Who speaks where: channel, author, and the thread when it is in one.
type Speaker = (String, String, Option<String>);

#[derive(Debug)]
struct Words {
    at: f64,
    message: String,
    text: String,
}

impl Unanswered {
    fn speaker(message: &Message) -> Option<Speaker> {
        let thread = message.thread_ts.clone().filter(|thread| *thread != message.ts);
        Some((message.channel.clone(), message.author()?.to_owned(), thread))
    }

    /// What the author said just before, or just after where it came first.
    pub(super) fn before(&self, message: &Message) -> Vec<(String, String)> {
        let (Some(speaker), Some(now)) = (Self::speaker(message), seconds(&message.ts)) else {
            return Vec::new();
        };
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let words = said.get(&speaker).into_iter().flatten();
        words
            .filter(|words| (now - words.at).abs() <= TOGETHER && words.message != message.id())
            .map(|words| (words.message.clone(), words.text.clone()))
            .collect()
    }

    pub(super) fn keep(&self, message: &Message, text: &str) {
        let (Some(speaker), Some(at)) = (Self::speaker(message), seconds(&message.ts)) else {
            return;
        };
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        if said.len() >= SPEAKERS {
            said.retain(|_, words| words.back().is_some_and(|last| at - last.at <= TOGETHER));
        }
        let words = said.entry(speaker).or_default();
        words.retain(|words| at - words.at <= TOGETHER && words.message != message.id());
        if words.len() >= WORDS {
            words.pop_front();
        }
        words.push_back(Words {
            at,
            message: message.id(),
            text: text.to_owned(),
        });
    }

    pub(super) fn forget(&self, message: &str) {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        for words in said.values_mut() {
            words.retain(|words| words.message != message);
        }
        said.retain(|_, words| !words.is_empty());
    }
}

/// Slack's timestamps are seconds with a counter behind the point.
pub(super) fn seconds(ts: &str) -> Option<f64> {
    ts.parse().ok().filter(|seconds: &f64| seconds.is_finite())
}
