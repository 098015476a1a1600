//! Deleted messages: the answer goes, and nothing of the message is kept.

use super::MessageHandler;
use crate::bot::cases::{Case, CaseStatus, rows};
use crate::bot::questions::jobs;
use crate::store::{self, Action, AnswerKind, CaseRow, Changes, NewPost};

impl MessageHandler {
    /// Handles a deleted message: its answer is deleted too, and nothing of the message is kept.
    pub(crate) async fn forget(&self, message: &str) -> Result<Changes, store::Error> {
        self.unanswered.forget(message);
        let mut done = self.answer_forgotten(message).await?;
        done.join(self.shadow_forgotten(message).await?);
        Ok(done)
    }

    /// Deletes the answer to a deleted message.
    async fn answer_forgotten(&self, message: &str) -> Result<Changes, store::Error> {
        let Some(answered) = self.ctx.store.answer(message).await? else {
            return Ok(Changes::default());
        };
        let unanswer = vec![message.to_owned()];
        let channel = message.split(':').nth(1).unwrap_or_default();
        let gone = |key: &str| gone(channel, key);
        // The message asked for a run: the case that the run gathers facts for belongs to another message.
        if answered.kind == AnswerKind::Run {
            let mut done = self.questions.runner.silence(&jobs::run_of(message)).await?;
            done.posts.extend(answered.post.as_deref().map(gone));
            return Ok(Changes { unanswer, ..done });
        }
        let row = match &answered.case {
            Some(id) => self.ctx.store.case(id).await?,
            None => None,
        };
        let Some((row, case)) = row.and_then(|row| rows::read(&row).map(|case| (row, case))) else {
            return Ok(Changes {
                posts: answered.post.as_deref().map(gone).into_iter().collect(),
                unanswer,
                ..Changes::default()
            });
        };
        if case.id == message {
            let done = self.forgotten(row, &case).await?;
            return Ok(Changes { unanswer, ..done });
        }
        // The case has other messages: their part stays. A link that was posted for this one is deleted.
        let own = answered.post.as_deref();
        let own = own.filter(|key| case.post.as_deref() != Some(*key)).map(gone);
        let mut rest = case.clone();
        rest.pastes.retain(|paste| paste.message != message);
        let more = self.reconsidered(&self.ctx.knowledge.get(), &row, rest, None);
        let left = more.cases.first().and_then(rows::read);
        let mut done = match &left {
            // The rest makes no sense alone.
            Some(left) if left.status == CaseStatus::Withdrawn && !left.is_begun() => {
                self.forgotten(row, &case).await?
            }
            _ => more,
        };
        done.posts.splice(..0, own);
        done.unanswer = unanswer;
        Ok(done)
    }

    /// Deletes a case, with every message of it and of its runs.
    async fn forgotten(&self, row: CaseRow, case: &Case) -> Result<Changes, store::Error> {
        let mut done = self.questions.runner.silence_case(&case.id).await?;
        let cards = case.post.iter().chain(&case.earlier);
        done.posts.extend(cards.map(|key| NewPost {
            thread_ts: case.thread_ts.clone(),
            ..gone(&case.channel, key)
        }));
        // What was told to other teams repeats the message.
        let calls = case.escalations.iter().filter(|one| !one.post.is_empty());
        done.posts
            .extend(calls.map(|escalation| gone(&escalation.channel, &escalation.post)));
        done.forget.push(row.id.clone());
        // A concurrent change of the card is noticed: then everything is done again.
        done.cases.push(row);
        Ok(done)
    }
}

/// Deletes the message that was posted under a key.
pub(super) fn gone(channel: &str, key: &str) -> NewPost {
    NewPost {
        key: format!("delete:{key}"),
        channel: channel.to_owned(),
        thread_ts: None,
        action: Action::Delete { of: key.to_owned() },
        body: String::new(),
    }
}
