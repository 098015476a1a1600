//! Recent interactions and their answers, so that a second delivery of an interaction is not acted on again.
//!
//! Bounded in time by [`KEPT`], in number by [`MOST`], and in memory by [`ANSWERS`]. An interaction whose answer was
//! dropped is still known, and a second delivery of it is acknowledged without an answer.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use parking_lot::Mutex;
use serde_json::Value;
use tokio::sync::watch;
use tokio::time::Instant;

/// Time for which an interaction is remembered. A signed request is accepted from five minutes before its timestamp
/// until five minutes after it.
const KEPT: Duration = Duration::from_mins(11);
/// Maximum number of interactions remembered.
const MOST: usize = 10_000;
/// Maximum bytes of JSON in all answers that are kept.
const ANSWERS: usize = 4 * 1024 * 1024;

/// State of an interaction.
#[derive(Debug, Clone, Default)]
enum InteractionState {
    /// The interaction is being answered.
    #[default]
    Pending,
    /// The interaction was answered with this value.
    Answered(Option<Value>),
}

#[derive(Debug)]
struct KnownInteraction {
    begun: Instant,
    keys: Vec<String>,
    outcome: watch::Receiver<InteractionState>,
    /// Bytes of the answer; 0 before it is there and once it was dropped.
    bytes: usize,
}

#[derive(Debug, Default)]
struct InteractionTable {
    /// Number of the first of `known`.
    first: u64,
    /// The interactions in the order of their arrival.
    known: VecDeque<KnownInteraction>,
    by_key: HashMap<String, u64>,
    bytes: usize,
}

/// Table of the last minutes' interactions.
#[derive(Debug, Default)]
pub(super) struct Recent(Mutex<InteractionTable>);

/// Result of looking up an interaction on its arrival.
#[derive(Debug)]
pub(super) enum Repetition {
    /// The interaction is new: it has to be answered, and the answer passed to [`Recent::answered`].
    New(AnswerSlot),
    /// The interaction was delivered before.
    Again(Earlier),
}

/// Handle for the answer to a new interaction.
#[derive(Debug)]
pub(super) struct AnswerSlot {
    number: u64,
    outcome: watch::Sender<InteractionState>,
}

/// Handle for the earlier delivery of an interaction.
#[derive(Debug)]
pub(super) struct Earlier(watch::Receiver<InteractionState>);

impl Recent {
    /// Notes an interaction, which counts as known when one of its keys is.
    pub(super) fn arrived(&self, keys: Vec<String>, now: Instant) -> Repetition {
        let mut table = self.0.lock();
        while table
            .known
            .front()
            .is_some_and(|known| now.saturating_duration_since(known.begun) >= KEPT)
            || table.known.len() >= MOST
        {
            table.forget_first();
        }
        if let Some(known) = keys.iter().find_map(|key| table.get(*table.by_key.get(key)?)) {
            return Repetition::Again(Earlier(known.outcome.clone()));
        }
        let number = table.first + table.known.len() as u64;
        let (sender, receiver) = watch::channel(InteractionState::Pending);
        for key in &keys {
            table.by_key.insert(key.clone(), number);
        }
        table.known.push_back(KnownInteraction {
            begun: now,
            keys,
            outcome: receiver,
            bytes: 0,
        });
        Repetition::New(AnswerSlot {
            number,
            outcome: sender,
        })
    }

    /// Keeps the answer to an interaction, and drops the oldest answers when all of them together are too large.
    pub(super) fn answered(&self, to: AnswerSlot, answer: Option<Value>) {
        let AnswerSlot { number, outcome } = to;
        let bytes = answer.as_ref().map_or(0, |answer| answer.to_string().len());
        let mut table = self.0.lock();
        // Callers that wait for the answer get it in any case.
        outcome.send_replace(InteractionState::Answered(answer));
        if let Some(known) = table.get_mut(number) {
            known.bytes = bytes;
            table.bytes += bytes;
        }
        let mut at = 0;
        while table.bytes > ANSWERS {
            let Some(known) = table.known.get_mut(at) else { break };
            if known.bytes > 0 {
                let freed = std::mem::take(&mut known.bytes);
                known.outcome = watch::channel(InteractionState::Answered(None)).1;
                table.bytes -= freed;
            }
            at += 1;
        }
    }
}

impl InteractionTable {
    fn index(&self, number: u64) -> Option<usize> {
        usize::try_from(number.checked_sub(self.first)?).ok()
    }

    fn get(&self, number: u64) -> Option<&KnownInteraction> {
        self.known.get(self.index(number)?)
    }

    fn get_mut(&mut self, number: u64) -> Option<&mut KnownInteraction> {
        let index = self.index(number)?;
        self.known.get_mut(index)
    }

    fn forget_first(&mut self) {
        let number = self.first;
        let Some(known) = self.known.pop_front() else { return };
        self.first += 1;
        self.bytes -= known.bytes;
        for key in known.keys {
            if self.by_key.get(&key) == Some(&number) {
                self.by_key.remove(&key);
            }
        }
    }
}

impl Earlier {
    /// Waits for the answer to the earlier delivery; `None` also when there is none, because answering failed or the
    /// answer was dropped.
    pub(super) async fn answer(mut self) -> Option<Value> {
        let outcome = self
            .0
            .wait_for(|outcome| matches!(outcome, InteractionState::Answered(_)))
            .await
            .ok()?;
        match &*outcome {
            InteractionState::Answered(answer) => answer.clone(),
            InteractionState::Pending => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn keys(keys: &[&str]) -> Vec<String> {
        keys.iter().map(|key| (*key).to_owned()).collect()
    }

    fn new(recent: &Recent, of: &[&str]) -> AnswerSlot {
        new_at(recent, of, Instant::now())
    }

    fn new_at(recent: &Recent, of: &[&str], now: Instant) -> AnswerSlot {
        match recent.arrived(keys(of), now) {
            Repetition::New(answer) => answer,
            Repetition::Again(_) => panic!("{of:?} is known"),
        }
    }

    async fn again(recent: &Recent, of: &[&str]) -> Option<Value> {
        match recent.arrived(keys(of), Instant::now()) {
            Repetition::New(_) => panic!("{of:?} is not known"),
            Repetition::Again(earlier) => earlier.answer().await,
        }
    }

    #[tokio::test]
    async fn either_key_finds_the_answer_also_while_it_is_awaited() {
        let recent = Recent::default();
        let answer = new(&recent, &["delivery", "trigger"]);
        let Repetition::Again(waiting) = recent.arrived(keys(&["another delivery", "trigger"]), Instant::now()) else {
            panic!("it is known");
        };
        recent.answered(answer, Some(json!("yes")));
        assert_eq!(waiting.answer().await, Some(json!("yes")));
        assert_eq!(again(&recent, &["delivery"]).await, Some(json!("yes")));
        assert_eq!(again(&recent, &["third delivery", "trigger"]).await, Some(json!("yes")));
        new(&recent, &["another"]);
    }

    #[tokio::test]
    async fn what_failed_is_not_done_again() {
        let recent = Recent::default();
        drop(new(&recent, &["a"]));
        assert_eq!(again(&recent, &["a"]).await, None);
    }

    #[tokio::test]
    async fn all_is_bounded() {
        let recent = Recent::default();
        let large = json!("x".repeat(ANSWERS / 3));
        for key in ["a", "b", "c", "d"] {
            let answer = new(&recent, &[key]);
            recent.answered(answer, Some(large.clone()));
        }
        assert_eq!(again(&recent, &["a"]).await, None);
        assert_eq!(again(&recent, &["d"]).await, Some(large));
        for number in 0..MOST {
            new(&recent, &[&number.to_string()]);
        }
        {
            let table = recent.0.lock();
            assert_eq!((table.known.len(), table.by_key.len(), table.bytes), (MOST, MOST, 0));
        }
        assert_eq!(again(&recent, &["7"]).await, None);
        new_at(&recent, &["7"], Instant::now() + KEPT);
        assert_eq!(recent.0.lock().known.len(), 1);
    }
}
