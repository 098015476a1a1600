//! Errors that were answered before: a link to that answer, or more details in it.

use super::{MessageHandler, ReceivedMessage};
use crate::bot::Knowledge;
use crate::bot::cases::Case;
use crate::bot::cases::rows::{self, post};
use crate::matching::Match;
use crate::respond::Pointer;
use crate::slack::sender::Body;
use crate::store::{self, AnswerKind, Answered, CaseRow, Changes, ShadowKind};

impl MessageHandler {
    /// Handles a repeated error: people in the thread of the answer can see it there, others get a link to it. A bot
    /// gets none, for two bots could go on for ever.
    pub(super) async fn repeated(
        &self,
        received: &ReceivedMessage<'_>,
        known: &Knowledge,
        row: &CaseRow,
        case: &Case,
        best: &Match,
    ) -> Result<Changes, store::Error> {
        let message = received.message;
        if self.ctx.rules.by_bot(message) {
            return Ok(Changes::default());
        }
        let thread = rows::thread_of(self.ctx.store.as_ref(), case).await?;
        let here = thread.as_deref() == Some(message.thread());
        let follow_up = here || Self::is_together(received, case);
        // Other values make another paste, not more of this one.
        let other = case.other_values(best);
        let mut done = if follow_up && other.is_empty() && case.author.as_deref() == message.author() {
            self.add_details(received, known, row, case)
        } else {
            Changes::default()
        };
        // New details of the author are shown in the existing answer.
        if here || !done.posts.is_empty() {
            return Ok(done);
        }
        if received.shadow {
            let mut repeat = Self::new_case(received);
            repeat.fingerprint.clone_from(&case.fingerprint);
            return Ok(self.record(received, known, repeat, best, ShadowKind::Repeat).await);
        }
        let library = &known.library;
        let pointer = Pointer {
            title: self.ctx.responder.title(library, best),
            now: self.ctx.clock.now(),
            answered_at: row.created_at,
            url: match thread {
                Some(thread) => self.ctx.reading.permalink(&case.channel, &thread).await,
                None => None,
            },
            values: other,
        };
        let key = received.key.clone();
        let reply = Body::of(&self.ctx.responder.pointer(&pointer));
        done.posts
            .extend(post(&key, &message.channel, message.answer_thread(), &reply));
        done.answered = vec![Answered {
            message: received.id.clone(),
            kind: AnswerKind::Other(format!("pointer to {}", case.id)),
            post: Some(key),
            case: (!done.cases.is_empty()).then(|| case.id.clone()),
        }];
        Ok(done)
    }
}
