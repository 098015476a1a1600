//! Answers to people who ask the bot.

use super::{MessageHandler, ReceivedMessage};
use crate::bot::cases::Case;
use crate::bot::cases::rows::{post, row};
use crate::bot::mind::body;
use crate::bot::questions::{Answer, Question, jobs};
use crate::store::{self, Answered, Changes};

impl MessageHandler {
    /// Answers a message that asks the bot.
    pub(super) async fn asked(&self, heard: &ReceivedMessage<'_>) -> Result<Changes, store::Error> {
        let said = self.talk.answer(Self::question(heard)).await?;
        // People paste in pieces in direct messages, too: a piece that says nothing by itself may be continued.
        let is_unsure = match &said {
            Answer::Plain { about, .. } => about == "nothing",
            Answer::Case { case, .. } => case.why == "near",
            Answer::Run { .. } | Answer::Joined { .. } | Answer::Form(_) => false,
        };
        if is_unsure && heard.message.direct {
            let done = self.goes_on(heard, &self.context.mind.knowledge()).await?;
            if !done.posts.is_empty() {
                return Ok(done);
            }
        }
        Ok(self.said(heard, said))
    }

    pub(super) fn question(heard: &ReceivedMessage<'_>) -> Question {
        Question {
            images: heard.text.trim().is_empty() && heard.message.images,
            case: Case {
                asked: true,
                ..Self::new_case(heard)
            },
            user: heard.message.user.clone().unwrap_or_default(),
            direct: heard.message.direct,
            shared: heard.message.ext_shared,
            can_open: false,
            text: heard.text.clone(),
        }
    }

    pub(super) fn new_case(heard: &ReceivedMessage<'_>) -> Case {
        let message = heard.message;
        let mut case = Case {
            id: heard.id.clone(),
            team: message.team.clone(),
            channel: message.channel.clone(),
            thread_ts: Some(message.answer_thread().to_owned()),
            post: Some(heard.key.clone()),
            author: message.author().map(str::to_owned),
            external: heard.external,
            ..Case::default()
        };
        case.paste(&heard.id, &crate::redact::redact(&heard.text));
        case
    }

    pub(super) fn said(&self, heard: &ReceivedMessage<'_>, said: Answer) -> Changes {
        let now = self.context.clock.now();
        let key = heard.key.clone();
        let mut more = Changes::default();
        let (body, about, case) = match said {
            Answer::Plain { reply, about, .. } => (body(&reply), about, None),
            Answer::Case { case, about } => (
                self.context.mind.show(&self.context.mind.knowledge(), &case),
                about,
                Some(case),
            ),
            // The run's own message is the answer.
            Answer::Run { mut done, post, .. } => {
                done.answered.push(Answered {
                    message: heard.id.clone(),
                    about: jobs::RUN.to_owned(),
                    post: Some(post),
                    case: None,
                });
                return *done;
            }
            Answer::Joined { done, reply } => {
                more = *done;
                (body(&reply), "joined".to_owned(), None)
            }
            Answer::Form(_) => (
                body(&self.context.mind.responder().help_on(Some(jobs::RUN))),
                jobs::RUN.to_owned(),
                None,
            ),
        };
        let thread = Some(heard.message.answer_thread().to_owned());
        let mut done = Changes {
            posts: post(&key, &heard.message.channel, thread, &body).into_iter().collect(),
            answered: vec![Answered {
                message: heard.id.clone(),
                about,
                post: Some(key),
                case: case.as_ref().map(|case| case.id.clone()),
            }],
            cases: case.iter().filter_map(|case| row(case, 0, now)).collect(),
            ..Changes::default()
        };
        jobs::join(&mut done, more);
        done
    }
}
