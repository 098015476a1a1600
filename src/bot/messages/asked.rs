//! Answers to people who ask the bot.

use super::{MessageHandler, ReceivedMessage};
use crate::bot::cases::rows::{post, row};
use crate::bot::cases::{Case, CaseRequest};
use crate::bot::questions::{Answer, Question};
use crate::slack::sender::Body;
use crate::store::{self, AnswerKind, Answered, Changes};

impl MessageHandler {
    /// Answers a message that asks the bot.
    pub(super) async fn asked(&self, received: &ReceivedMessage<'_>) -> Result<Changes, store::Error> {
        if let Some(done) = self.about_card(received).await? {
            return Ok(done);
        }
        let said = self.questions.answer(Self::question(received)).await?;
        // People paste in pieces in direct messages, too: a piece that says nothing by itself may be continued.
        let is_unsure = match &said {
            Answer::Plain { kind, .. } => *kind == AnswerKind::Nothing,
            Answer::Case(case) => case.request == CaseRequest::Near,
            Answer::Run { .. } | Answer::Joined { .. } | Answer::Form(_) => false,
        };
        // In the thread of a card, what names no other error is one more detail of that one.
        if is_unsure
            && !received.message.is_root()
            && let Some((row, case)) = self.card_of_thread(received).await?
        {
            let done = self.add_details(received, &self.ctx.knowledge.get(), &row, &case);
            if !done.posts.is_empty() {
                return Ok(done);
            }
        }
        if is_unsure && received.message.direct {
            let done = self.follow_up(received, &self.ctx.knowledge.get()).await?;
            if !done.posts.is_empty() {
                return Ok(done);
            }
        }
        Ok(self.said(received, said))
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
            thread_ts: Some(message.answer_thread().to_owned()),
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

    /// The answer to a message, in its thread. `case`: id of the case that the answer is about.
    pub(super) fn reply(
        received: &ReceivedMessage<'_>,
        body: &Body,
        kind: AnswerKind,
        case: Option<String>,
    ) -> Changes {
        let (key, message) = (&received.key, received.message);
        let thread = Some(message.answer_thread().to_owned());
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
