//! Edited messages: the answer changes with its message.

use jiff::Timestamp;

use super::shadow::shadow_withdrawn;
use super::{MessageHandler, ReceivedMessage};
use crate::bot::Knowledge;
use crate::bot::cases::rows::{self, post, update};
use crate::bot::cases::{Case, CaseRequest, CaseStatus};
use crate::bot::questions::Answer;
use crate::slack::alerts;
use crate::store::{self, Action, AnswerKind, Answered, CaseRow, Changes};

impl MessageHandler {
    /// Handles an edited message: its answer is updated in place, if it changes.
    pub(super) async fn edited(
        &self,
        received: &ReceivedMessage<'_>,
        asked: bool,
        answered: &Answered,
    ) -> Result<Changes, store::Error> {
        // Some monitors edit their message when the alert is over.
        let alert = received.message.alert.as_ref();
        if !asked && alert.is_some_and(|alert| alert.state == alerts::AlertState::Resolved) {
            return self.resolved(received).await;
        }
        let known = self.ctx.knowledge.get();
        if let Some(id) = &answered.case
            && let Some(row) = self.ctx.store.case(id).await?
            && let Some(mut case) = rows::read(&row)
        {
            if !case.paste(&received.id, &crate::redact::redact(&received.text)) {
                return Ok(Changes::default());
            }
            let is_own = case.id == received.id;
            // A message that continued one error may now be about another.
            let by_bot = self.ctx.rules.by_bot(received.message);
            let names_another = || self.recognise(&known, &case.channel, &received.text, by_bot);
            if !is_own && !asked && !names_another().matches.is_empty() {
                case.pastes.retain(|paste| paste.message != received.id);
                let before = self.reconsidered(&known, &row, case, None);
                let mut done = self.unasked(received).await?;
                Self::without_old_record(received, &mut done);
                if done.cases.iter().all(|case| case.id != row.id) {
                    done.posts.extend(before.posts);
                    done.cases.extend(before.cases);
                }
                return Ok(done);
            }
            // The question may have become another command.
            if asked && is_own && !case.is_begun() {
                let mut question = Self::question(received);
                question.case.pastes.clone_from(&case.pastes);
                let said = self.questions.answer(question).await?;
                let mut done = self.said_anew(received, said, row.version, row.created_at);
                // A command in place of the error leaves nothing of it.
                if done.cases.is_empty() {
                    done.forget.push(row.id);
                }
                return Ok(done);
            }
            if !case.is_of_paste() {
                return Ok(Changes::default());
            }
            let begun = case.is_begun().then(|| case.clone());
            let mut done = self.reconsidered(&known, &row, case, Some(received));
            Self::without_old_record(received, &mut done);
            let after = done.cases.first().and_then(rows::read);
            // "Fixed, thanks" in place of the error does not take the card from those who worked with it.
            if let Some(begun) = begun
                && after.is_some_and(|after| after.status == CaseStatus::Withdrawn || after.place.is_none())
            {
                let mut kept = begun.clone();
                kept.note_edit();
                kept.others.clear();
                let mut done = self.changed(&known, &row, &begun, &kept);
                Self::without_old_record(received, &mut done);
                return Ok(done);
            }
            return Ok(done);
        }
        // An edit does not change a run; cancelling does.
        if answered.post.is_none() || answered.kind == AnswerKind::Run {
            return Ok(Changes::default());
        }
        if asked {
            let said = self.questions.answer(Self::question(received)).await?;
            return Ok(self.said_anew(received, said, 0, self.ctx.clock.now()));
        }
        // The answer was a link to an earlier answer. It was posted, so it changes in shadow mode, too.
        let posted = ReceivedMessage {
            shadow: false,
            ..received.clone()
        };
        let mut done = self.unasked(&posted).await?;
        if done.posts.iter().all(|post| post.action != Action::Post) {
            let mut nothing = Self::new_case(received);
            nothing.set_status(CaseStatus::Withdrawn);
            let shown = self.ctx.card(&known, &nothing);
            let thread = received.message.answer_thread();
            done.posts
                .extend(post(&received.key, &received.message.channel, thread, &shown));
        }
        Self::in_place(received, &mut done);
        Ok(done)
    }

    /// Deletes the shadow answer that an earlier version of the message had, unless it is written anew.
    fn without_old_record(received: &ReceivedMessage<'_>, done: &mut Changes) {
        if let Some(row) = received.own_record()
            && done.shadow.iter().all(|new| new.message != row.message)
        {
            done.join(shadow_withdrawn(row));
        }
    }

    /// Turns the new answer into an update of the previous one.
    fn in_place(received: &ReceivedMessage<'_>, done: &mut Changes) {
        for post in done.posts.iter_mut().filter(|post| post.action == Action::Post) {
            let of = std::mem::replace(&mut post.key, format!("edit:{}", received.message.key()));
            post.action = Action::Update { of };
        }
    }

    /// Replaces the previous answer with the answer to the edited question.
    fn said_anew(&self, received: &ReceivedMessage<'_>, said: Answer, version: i64, created_at: Timestamp) -> Changes {
        // A run has a message of its own, which stays; the previous answer says so.
        if let Answer::Run { done: begun, reply, .. } = said {
            let kind = AnswerKind::Run;
            let mut done = self.said(received, Answer::Plain { reply, kind });
            Self::in_place(received, &mut done);
            done.join(*begun);
            return done;
        }
        let mut done = self.said(received, said);
        for case in &mut done.cases {
            case.version = version;
            case.created_at = created_at;
        }
        Self::in_place(received, &mut done);
        done
    }

    /// Matches a case again after its pastes changed. `received` is the whole message that this is for.
    pub(super) fn reconsidered(
        &self,
        known: &Knowledge,
        row: &CaseRow,
        mut case: Case,
        received: Option<&ReceivedMessage<'_>>,
    ) -> Changes {
        let text = case.text_with(received.map(|received| (received.id.as_str(), received.text.as_str())));
        let outcome = if case.asked {
            known.asked(&text, self.ctx.rules.threshold(&case.channel))
        } else {
            self.recognise(known, &case.channel, &text, case.by_bot)
        };
        let before = case.clone();
        if !case.take_up(&known.library, &outcome) {
            if case.asked && !case.near.is_empty() {
                case.place = None;
                case.status = CaseStatus::Choosing(case.status.actor().cloned());
                case.request = CaseRequest::Near;
            } else {
                case.set_status(CaseStatus::Withdrawn);
            }
        }
        // Once people have begun, neither a later message nor an edit replaces the runbook they work on: marks, outcome and
        // escalation are about that error. The other error is offered beside it.
        if before.is_begun() && before.found.is_some() && before.found != case.found && case.found.is_some() {
            case.stay_with(&before);
            case.note_edit();
        }
        if !case.fingerprint.starts_with("alert:")
            && let Some(found) = case.found.as_ref().filter(|_| case.status != CaseStatus::Withdrawn)
        {
            case.fingerprint = found.name();
        }
        self.changed(known, row, &before, &case)
    }

    /// Saves a case, and updates its card when the change shows.
    pub(super) fn changed(&self, known: &Knowledge, row: &CaseRow, before: &Case, case: &Case) -> Changes {
        let now = self.ctx.clock.now();
        let mut done = Changes {
            cases: rows::row(case, row.version, now)
                .map(|new| CaseRow {
                    created_at: row.created_at,
                    ..new
                })
                .into_iter()
                .collect(),
            ..Changes::default()
        };
        let shown = self.ctx.card(known, case);
        if shown != self.ctx.card(known, before) {
            done.posts.extend(update(case, row.version, &shown));
        }
        let was_over = before.status.is_over();
        done.posts
            .extend(self.ctx.team_messages_of(case, was_over, row.version));
        done
    }
}
