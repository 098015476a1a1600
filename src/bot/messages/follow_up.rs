//! Messages that continue what their author wrote just before: people paste in pieces.

use super::unanswered::seconds;
use super::{MessageHandler, ReceivedMessage, TOGETHER};
use crate::bot::Knowledge;
use crate::bot::cases::{Case, CaseStatus, TopicRef, rows};
use crate::matching::Outcome;
use crate::store::{self, Answered, CaseRow, Changes};

/// An error together with its author's messages just before.
pub(super) struct Before {
    pub(super) case: Case,
    pub(super) outcome: Outcome,
    pub(super) said: Vec<(String, String)>,
}

impl MessageHandler {
    /// Handles a message without a match of its own: together with its author's messages just before it may have one.
    pub(super) async fn follow_up(
        &self,
        received: &ReceivedMessage<'_>,
        known: &Knowledge,
    ) -> Result<Changes, store::Error> {
        let message = received.message;
        // Each message of a bot stands alone.
        if self.ctx.rules.by_bot(message) {
            return Ok(Changes::default());
        }
        let done = self.added_details(received, known).await?;
        if !done.posts.is_empty() {
            return Ok(done);
        }
        let earlier = self.unanswered_before(received).await?;
        self.unanswered.keep(message, &received.text);
        if earlier.is_empty() {
            return Ok(Changes::default());
        }
        let (mut case, text) = Self::put_together(received, &earlier);
        let outcome = self.recognise(known, &message.channel, &text, false);
        let Some(best) = outcome.matches.first() else {
            return Ok(Changes::default());
        };
        if self.is_talk(message, known, best).await? {
            return Ok(Changes::default());
        }
        case.take_up(&known.library, &outcome);
        if received.shadow && self.is_in_shadow(received, known, best).await? {
            return Ok(Changes::default());
        }
        case.fingerprint = TopicRef::name_of(&known.library, best.topic);
        Ok(self.new_answer(received, known, case, &outcome, &earlier).await)
    }

    /// The changes that a message makes to the case that its author began just before; none when it adds nothing.
    pub(super) async fn added_details(
        &self,
        received: &ReceivedMessage<'_>,
        known: &Knowledge,
    ) -> Result<Changes, store::Error> {
        let before = self.begun_before(received).await?;
        Ok(before.map_or_else(Changes::default, |(row, case)| {
            self.add_details(received, known, &row, &case)
        }))
    }

    /// The author's messages just before, when they add values to the match: the case of all of them, the matches in
    /// it, and the messages.
    pub(super) async fn with_before(
        &self,
        received: &ReceivedMessage<'_>,
        known: &Knowledge,
        alone: &Outcome,
    ) -> Result<Option<Before>, store::Error> {
        if self.ctx.rules.by_bot(received.message) {
            return Ok(None);
        }
        let said = self.unanswered_before(received).await?;
        if said.is_empty() {
            return Ok(None);
        }
        let (case, text) = Self::put_together(received, &said);
        let outcome = self.recognise(known, &received.message.channel, &text, false);
        let adds = match (outcome.matches.first(), alone.matches.first()) {
            (Some(all), Some(one)) => all.topic == one.topic && all.captures != one.captures,
            _ => false,
        };
        Ok(adds.then_some(Before { case, outcome, said }))
    }

    /// The author's messages just before that have no answer yet, by id and text. One that was answered, or recorded,
    /// together with another is no part of what comes next.
    async fn unanswered_before(&self, received: &ReceivedMessage<'_>) -> Result<Vec<(String, String)>, store::Error> {
        let mut said = Vec::new();
        let is_shadow = self.ctx.rules.is_shadow(&received.message.channel);
        for (id, text) in self.unanswered.before(received.message) {
            if self.ctx.store.answer(&id).await?.is_some() {
                continue;
            }
            if !is_shadow || self.shadow_of(&id).await?.is_empty() {
                said.push((id, text));
            }
        }
        Ok(said)
    }

    /// Adds a message to a case when it says something new; chat is left alone, and not kept.
    pub(super) fn add_details(
        &self,
        received: &ReceivedMessage<'_>,
        known: &Knowledge,
        row: &CaseRow,
        case: &Case,
    ) -> Changes {
        let mut more = case.clone();
        if !more.paste(&received.id, &crate::redact::redact(&received.text)) {
            return Changes::default();
        }
        let mut done = self.reconsidered(known, row, more, Some(received));
        let says_more = done.cases.first().and_then(rows::read).is_some_and(|after| {
            let is_told = after.status != CaseStatus::Withdrawn && after.place.is_some();
            let found = |case: &Case| (case.found.clone(), case.captures.clone(), case.others.clone());
            is_told && found(&after) != found(case)
        });
        if done.posts.is_empty() || !says_more {
            return Changes::default();
        }
        done.answered = vec![Answered {
            message: received.id.clone(),
            kind: "goes on".into(),
            post: None,
            case: Some(case.id.clone()),
        }];
        done
    }

    /// A new case made of a message and its author's messages just before, with the text of all of them.
    pub(super) fn put_together(received: &ReceivedMessage<'_>, earlier: &[(String, String)]) -> (Case, String) {
        let mut case = Self::new_case(received);
        case.pastes.clear();
        // With two connections, a later piece may arrive first.
        let mut pieces: Vec<(&str, &str)> = earlier.iter().map(|(id, said)| (id.as_str(), said.as_str())).collect();
        pieces.push((&received.id, &received.text));
        let at = |id: &str| id.rsplit(':').next().and_then(seconds).unwrap_or_default();
        pieces.sort_by(|one, other| at(one.0).total_cmp(&at(other.0)));
        for (id, said) in &pieces {
            case.paste(id, &crate::redact::redact(said));
        }
        let texts: Vec<&str> = pieces.iter().map(|(_, said)| *said).collect();
        (case, texts.join("\n"))
    }

    /// Records the earlier messages as part of the case: when one is deleted, its text is removed from there too.
    pub(super) fn followed_up(received: &ReceivedMessage<'_>, earlier: &[(String, String)]) -> Vec<Answered> {
        let answered = earlier.iter().map(|(id, _)| Answered {
            message: id.clone(),
            kind: "went on".into(),
            post: None,
            case: Some(received.id.clone()),
        });
        answered.collect()
    }

    /// Tells whether a message was written just after one of a case, in the same place.
    pub(super) fn is_together(received: &ReceivedMessage<'_>, case: &Case) -> bool {
        let message = received.message;
        let same_place = match message.thread_ts.as_deref() {
            Some(thread) if thread != message.ts => case.thread_ts.as_deref() == Some(thread),
            _ => match case.thread_ts.as_deref() {
                Some(thread) => case.pastes.iter().any(|paste| paste.message.ends_with(thread)),
                None => case.is_in_conversation(),
            },
        };
        let last = case
            .pastes
            .last()
            .and_then(|paste| seconds(paste.message.rsplit(':').next()?));
        let gap = last.zip(seconds(&message.ts)).map(|(last, now)| now - last);
        same_place && gap.is_some_and(|gap| gap.abs() <= TOGETHER)
    }
}
