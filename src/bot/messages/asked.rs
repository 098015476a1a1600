//! Answers to people who ask the bot.

use super::lookup::LATELY;
use super::{MessageHandler, ReceivedMessage};
use crate::bot::cases::rows::{self, post, row};
use crate::bot::cases::{Case, CaseRequest};
use crate::bot::questions::{Answer, Question};
use crate::slack::sender::Body;
use crate::store::{self, Action, AnswerKind, Answered, Changes, NewPost};

impl MessageHandler {
    /// Answers a message that asks the bot.
    pub(super) async fn asked(&self, received: &ReceivedMessage<'_>) -> Result<Changes, store::Error> {
        if let Some(done) = self.about_card(received).await? {
            return Ok(done);
        }
        let said = self.questions.answer(Self::question(received)).await?;
        if let Some(done) = self.more_of_latest(received, &said).await? {
            return Ok(done);
        }
        // People paste in pieces in direct messages, too: a piece that says nothing by itself may be continued.
        let is_unsure = match &said {
            Answer::Plain { kind, .. } => *kind == AnswerKind::Nothing,
            Answer::Case(case) => case.request == CaseRequest::Near,
            Answer::Run { .. } | Answer::Joined { .. } | Answer::Form(_) => false,
        };
        // In the thread of a card, what names no other error is one more detail of that one.
        if is_unsure
            && !received.message.is_root()
            && let Some((row, case)) = self.card_here(received).await?
        {
            let done = self.add_details(received, &self.ctx.knowledge.get(), &row, &case);
            if !done.posts.is_empty() {
                return Ok(done);
            }
        }
        if is_unsure && received.message.direct {
            let done = self.follow_up(received, &self.ctx.knowledge.get()).await?;
            if !done.posts.is_empty() {
                return Ok(self.told_below(received, done));
            }
        }
        Ok(self.said(received, said))
    }

    /// Adds a message to the card that the conversation was about just before, when it has more of the same error: new
    /// values, or a further line. `said` is the answer that it would get by itself. `None` when it has an answer of its own.
    async fn more_of_latest(
        &self,
        received: &ReceivedMessage<'_>,
        said: &Answer,
    ) -> Result<Option<Changes>, store::Error> {
        if !received.message.is_in_conversation() {
            return Ok(None);
        }
        let known = self.ctx.knowledge.get();
        let library = &known.library;
        let since = self.since(LATELY);
        let Some((row, card)) = self
            .card_here(received)
            .await?
            .filter(|(row, _)| row.updated_at >= since)
        else {
            return Ok(None);
        };
        let is_more = match said {
            Answer::Plain { kind, .. } => *kind == AnswerKind::Nothing,
            Answer::Case(case) if case.request == CaseRequest::Near => true,
            Answer::Case(case) => case.matched(library).is_some_and(|found| {
                case.found == card.found && card.is_same_error(&found) && card.other_values(&found).is_empty()
            }),
            Answer::Run { .. } | Answer::Joined { .. } | Answer::Form(_) => false,
        };
        if !is_more || !card.status.is_open() {
            return Ok(None);
        }
        let done = self.add_details(received, &known, &row, &card);
        Ok((!done.posts.is_empty()).then(|| self.told_below(received, done)))
    }

    /// Adds a reply where a message only changed an answer further up in the conversation.
    fn told_below(&self, received: &ReceivedMessage<'_>, mut done: Changes) -> Changes {
        let is_update = |post: &NewPost| matches!(post.action, Action::Update { .. });
        if received.message.is_in_conversation() && done.posts.iter().all(is_update) {
            let known = self.ctx.knowledge.get();
            let changed = done.cases.first().and_then(rows::read);
            let place = changed.as_ref().and_then(|case| case.place.as_ref());
            let title = place.map(|place| place.title(&known.library));
            let body = Body::of(&self.ctx.responder.added(title.as_deref()));
            done.posts
                .extend(post(&received.key, &received.message.channel, None, &body));
            for answered in &mut done.answered {
                answered.post = Some(received.key.clone());
            }
        }
        done
    }

    pub(super) fn question(received: &ReceivedMessage<'_>) -> Question {
        Question {
            images: received.message.images,
            case: Case {
                asked: true,
                ..Self::new_case(received)
            },
            user: received.message.user.clone().unwrap_or_default(),
            direct: received.message.direct,
            shared: received.message.ext_shared,
            can_open: false,
            text: received.text.clone(),
        }
    }

    pub(super) fn new_case(received: &ReceivedMessage<'_>) -> Case {
        let message = received.message;
        let mut case = Case {
            id: received.id.clone(),
            team: message.team.clone(),
            channel: message.channel.clone(),
            thread_ts: message.answer_thread(),
            post: Some(received.key.clone()),
            author: message.author().map(str::to_owned),
            external: received.external,
            by_bot: message.bot_id.is_some(),
            ..Case::default()
        };
        case.paste(&received.id, &crate::redact::redact(&received.text));
        case
    }

    pub(super) fn said(&self, received: &ReceivedMessage<'_>, said: Answer) -> Changes {
        let now = self.ctx.clock.now();
        let mut more = Changes::default();
        let (body, kind, case) = match said {
            Answer::Plain { reply, kind } => (Body::of(&reply), kind, None),
            Answer::Case(case) => {
                let kind = case.answer_kind();
                (self.ctx.card(&self.ctx.knowledge.get(), &case), kind, Some(case))
            }
            // The run's own message is the answer.
            Answer::Run { mut done, post, .. } => {
                done.answered.push(Answered {
                    message: received.id.clone(),
                    kind: AnswerKind::Run,
                    post: Some(post),
                    case: None,
                });
                return *done;
            }
            Answer::Joined { done, reply } => {
                more = *done;
                (Body::of(&reply), "joined".into(), None)
            }
            Answer::Form(_) => (
                Body::of(&self.ctx.responder.help_on(Some("run"))),
                AnswerKind::Run,
                None,
            ),
        };
        let mut done = Self::reply(received, &body, kind, case.as_ref().map(|case| case.id.clone()));
        done.cases.extend(case.and_then(|case| row(&case, 0, now)));
        done.join(more);
        done
    }

    /// The answer to a message, in its thread or below it. `case`: id of the case that the answer is about.
    pub(super) fn reply(
        received: &ReceivedMessage<'_>,
        body: &Body,
        kind: AnswerKind,
        case: Option<String>,
    ) -> Changes {
        let (key, message) = (&received.key, received.message);
        let thread = message.answer_thread();
        Changes {
            posts: post(key, &message.channel, thread, body).into_iter().collect(),
            answered: vec![Answered {
                message: received.id.clone(),
                kind,
                post: Some(key.clone()),
                case,
            }],
            ..Changes::default()
        }
    }
}
