//! Messages and their answers, each given once: new messages, continued ones, edits, deletions, alerts that end.

use std::borrow::Cow;
use std::sync::Arc;

use tracing::debug;

mod asked;
mod changes;
mod lookup;
mod unanswered;

use super::Knowledge;
use super::context::Context;
use super::reading::Files;
use crate::bot::cases::rows::{self, key_of, post};
use crate::bot::cases::{Case, CaseStatus};
use crate::bot::questions::{Answer, QuestionHandler};
use unanswered::seconds;

pub(super) use unanswered::Unanswered;

use crate::bot::cases::TopicRef;
use crate::matching::SignatureKind;
use crate::matching::{self, Match, Outcome};
use crate::policy::Verdict;
use crate::respond::Pointer;
use crate::slack::alerts;
use crate::slack::decode::Message;
use crate::slack::sender::Body;
use crate::store::AnswerKind;
use crate::store::{self, Answered, CaseRow, Changes};

/// Seconds within which messages of one person belong together.
const TOGETHER: f64 = 60.0;

/// Handles messages and decides on their answers.
#[derive(Debug)]
pub(super) struct MessageHandler {
    pub(super) ctx: Arc<Context>,
    pub(super) questions: Arc<QuestionHandler>,
    pub(super) unanswered: Arc<Unanswered>,
}

/// A message with the data needed to answer it.
struct ReceivedMessage<'a> {
    message: &'a Message,
    id: String,
    /// Key of its answer in the outbox: the existing one, or a new one.
    key: String,
    text: String,
    external: bool,
}

/// An error together with its author's messages just before.
struct Before {
    case: Case,
    outcome: Outcome,
    said: Vec<(String, String)>,
}

impl MessageHandler {
    /// Downloads the files of a message that may be answered.
    pub(super) async fn files(&self, message: &Message, mentioned: bool) -> Result<Files, store::Error> {
        if message.unread_files().next().is_none() {
            return Ok(Files::default());
        }
        let muted = self
            .ctx
            .store
            .muted(&message.channel, self.ctx.clock.now())
            .await?
            .is_some();
        Ok(match self.ctx.rules.verdict(message, mentioned, muted) {
            Verdict::Ignore(_) => Files::default(),
            _ => self.ctx.reading.files(message).await,
        })
    }

    /// Handles a message and returns its outcome. `files` come from [`Self::files`].
    pub(super) async fn on_message(
        &self,
        message: &Message,
        mentioned: bool,
        files: Files,
    ) -> Result<Changes, store::Error> {
        let muted = self
            .ctx
            .store
            .muted(&message.channel, self.ctx.clock.now())
            .await?
            .is_some();
        let (asked, external) = match self.ctx.rules.verdict(message, mentioned, muted) {
            Verdict::Ignore(why) => {
                debug!(message = message.id(), why, "a message is left alone");
                return Ok(Changes::default());
            }
            Verdict::Unasked => (false, false),
            Verdict::Asked => (true, false),
            Verdict::AskedByExternal => (true, true),
        };
        let id = message.id();
        let answered = self.ctx.store.answer(&id).await?;
        if answered.is_some() && message.edited_ts.is_none() {
            debug!(message = id, "a message was answered before");
            return Ok(Changes::default());
        }
        // An edited message may have had an answer that was deleted together with another message: that key is used up.
        let key = match answered.as_ref().and_then(|answered| answered.post.clone()) {
            Some(key) => key,
            None if message.edited_ts.is_some() => key_of(&message.key()),
            None => key_of(&id),
        };
        let received = ReceivedMessage {
            message,
            key,
            text: bounded(self.ctx.reading.text(message, &files)),
            id,
            external,
        };
        match answered {
            Some(answered) => self.edited(&received, asked, &answered).await,
            None if asked => self.asked(&received).await,
            None => self.unasked(&received).await,
        }
    }

    /// The changes that a message makes to the case that its author began just before; none when it adds nothing.
    async fn adds(&self, received: &ReceivedMessage<'_>, known: &Knowledge) -> Result<Changes, store::Error> {
        let before = self.begun_before(received).await?;
        Ok(before.map_or_else(Changes::default, |(row, case)| {
            self.absorb(received, known, &row, &case)
        }))
    }

    /// Handles a message that does not ask the bot: no answer, unless a match is certain.
    async fn unasked(&self, received: &ReceivedMessage<'_>) -> Result<Changes, store::Error> {
        let message = received.message;
        let alert = message.alert.as_ref();
        if alert.is_some_and(|alert| alert.state == alerts::AlertState::Resolved) {
            return self.resolved(received).await;
        }
        if received.text.trim().is_empty() {
            return Ok(Changes::default());
        }
        let known = self.ctx.knowledge.get();
        let outcome = self.recognise(&known, &message.channel, &received.text);
        let Some(best) = outcome.matches.first() else {
            return self.goes_on(received, &known).await;
        };
        let topic = TopicRef::name_of(&known.library, best.topic);
        let fingerprint = alert.map_or_else(|| topic.clone(), |alert| fingerprint_of(alert, &topic));
        // In a thread that works on a runbook, words of that runbook are conversation about it: the result of a
        // look-up, a question.
        if self.is_talk(message, &known, best).await? {
            return self.adds(received, &known).await;
        }
        if let Some((row, case)) = self.same_error(message, &known, best, &fingerprint).await? {
            return self.again(received, &known, &row, &case, best).await;
        }
        let before = self.with_before(received, &known, &outcome);
        let Before {
            mut case,
            outcome,
            said: earlier,
        } = before.unwrap_or_else(|| Before {
            case: Self::new_case(received),
            outcome,
            said: Vec::new(),
        });
        case.take_up(&known.library, &outcome);
        case.fingerprint = fingerprint;
        let mut done = self.said(received, Answer::Case(Box::new(case)));
        done.answered.extend(Self::went_on(received, &earlier));
        Ok(done)
    }

    /// The author's messages just before, when they add values to the match: the case of all of them, the matches in
    /// it, and the messages.
    fn with_before(&self, received: &ReceivedMessage<'_>, known: &Knowledge, alone: &Outcome) -> Option<Before> {
        let said = self.unanswered.before(received.message);
        if said.is_empty() || self.ctx.rules.by_bot(received.message) {
            return None;
        }
        let (case, text) = Self::put_together(received, &said);
        let outcome = self.recognise(known, &received.message.channel, &text);
        let (all, one) = (outcome.matches.first()?, alone.matches.first()?);
        (all.topic == one.topic && all.captures != one.captures).then_some(Before { case, outcome, said })
    }

    /// The matches that are certain enough for a channel.
    fn recognise(&self, known: &Knowledge, channel: &str, text: &str) -> Outcome {
        let mut outcome = known.index.find(text).confident(self.ctx.rules.threshold(channel));
        outcome.matches.retain(|found| !self.is_of_parameters(found));
        outcome
    }

    /// Returns true when a match rests on nothing but words and names of job parameters, which are no error codes.
    fn is_of_parameters(&self, found: &Match) -> bool {
        let evidence = found.evidence.iter();
        let mut named = evidence.filter(|line| line.kind != SignatureKind::Words).peekable();
        named.peek().is_some() && named.all(|line| self.ctx.registry().has_parameter(&line.signature))
    }

    /// Handles a repeated error: people in the thread of the answer can see it there, others get a link to it. A bot
    /// gets none, for two bots could go on for ever.
    async fn again(
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
        let here = thread.as_deref() == Some(message.answer_thread());
        let goes_on = here || Self::is_together(received, case);
        // Other values make another paste, not more of this one.
        let other = case.other_values(best);
        let mut done = if goes_on && other.is_empty() && case.author.as_deref() == message.author() {
            self.absorb(received, known, row, case)
        } else {
            Changes::default()
        };
        // New details of the author are shown in the existing answer.
        if here || !done.posts.is_empty() {
            return Ok(done);
        }
        let library = &known.library;
        let section = library.section(best.topic).filter(|_| best.topic.section != 0);
        let title = section.map(|section| section.heading.clone());
        let title = title.or_else(|| library.runbook(best.topic).map(|runbook| runbook.title.clone()));
        let pointer = Pointer {
            title: title.unwrap_or_default(),
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
        let answer_thread = Some(message.answer_thread().to_owned());
        done.posts.extend(post(&key, &message.channel, answer_thread, &reply));
        done.answered = vec![Answered {
            message: received.id.clone(),
            kind: AnswerKind::Other(format!("pointer to {}", case.id)),
            post: Some(key),
            case: (!done.cases.is_empty()).then(|| case.id.clone()),
        }];
        Ok(done)
    }

    /// Handles a message without a match of its own: together with its author's messages just before it may have one.
    async fn goes_on(&self, received: &ReceivedMessage<'_>, known: &Knowledge) -> Result<Changes, store::Error> {
        let message = received.message;
        // Each message of a bot stands alone.
        if self.ctx.rules.by_bot(message) {
            return Ok(Changes::default());
        }
        let done = self.adds(received, known).await?;
        if !done.posts.is_empty() {
            return Ok(done);
        }
        let earlier = self.unanswered.before(message);
        self.unanswered.keep(message, &received.text);
        if earlier.is_empty() {
            return Ok(Changes::default());
        }
        let (mut case, text) = Self::put_together(received, &earlier);
        let outcome = self.recognise(known, &message.channel, &text);
        let Some(best) = outcome.matches.first() else {
            return Ok(Changes::default());
        };
        if self.is_talk(message, known, best).await? {
            return Ok(Changes::default());
        }
        case.take_up(&known.library, &outcome);
        case.fingerprint = TopicRef::name_of(&known.library, best.topic);
        let mut done = self.said(received, Answer::Case(Box::new(case)));
        done.answered.extend(Self::went_on(received, &earlier));
        Ok(done)
    }

    /// A new case made of a message and its author's messages just before, with the text of all of them.
    fn put_together(received: &ReceivedMessage<'_>, earlier: &[(String, String)]) -> (Case, String) {
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
    fn went_on(received: &ReceivedMessage<'_>, earlier: &[(String, String)]) -> Vec<Answered> {
        let answered = earlier.iter().map(|(id, _)| Answered {
            message: id.clone(),
            kind: "went on".into(),
            post: None,
            case: Some(received.id.clone()),
        });
        answered.collect()
    }

    /// Tells whether a message was written just after one of a case, in the same place.
    fn is_together(received: &ReceivedMessage<'_>, case: &Case) -> bool {
        let message = received.message;
        let same_place = match message.thread_ts.as_deref() {
            Some(thread) if thread != message.ts => case.thread_ts.as_deref() == Some(thread),
            _ => {
                let thread = case.thread_ts.as_deref().unwrap_or("?");
                case.pastes.iter().any(|paste| paste.message.ends_with(thread))
            }
        };
        let last = case
            .pastes
            .last()
            .and_then(|paste| seconds(paste.message.rsplit(':').next()?));
        let gap = last.zip(seconds(&message.ts)).map(|(last, now)| now - last);
        same_place && gap.is_some_and(|gap| gap.abs() <= TOGETHER)
    }

    /// Adds a message to a case when it says something new; chat is left alone, and not kept.
    fn absorb(&self, received: &ReceivedMessage<'_>, known: &Knowledge, row: &CaseRow, case: &Case) -> Changes {
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
}

/// The part of a message's text, with its files, that fits the limit of matching.
fn bounded(text: String) -> String {
    match matching::bounded(&text, matching::MOST_BYTES) {
        Cow::Borrowed(whole) if whole.len() == text.len() => text,
        part => part.into_owned(),
    }
}

/// The prefix of the fingerprints of an alert group.
pub(super) fn group_of(alert: &alerts::Alert) -> String {
    format!("alert:{}|", alert.group)
}

/// The fingerprint by which two messages of monitoring are the same error. A job that fails again may fail for another
/// reason.
fn fingerprint_of(alert: &alerts::Alert, topic: &str) -> String {
    let of_job = alert.source == alerts::AlertSource::Jenkins;
    format!("{}{}", group_of(alert), if of_job { topic } else { "" })
}
