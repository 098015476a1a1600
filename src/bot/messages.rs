//! Messages and their answers, each given once: new messages, continued ones, edits, deletions, alerts that end.

use std::borrow::Cow;
use std::sync::Arc;

use tracing::debug;

mod about_card;
mod asked;
mod deleted;
mod edited;
mod follow_up;
mod lookup;
mod near;
mod repeated;
mod replay;
mod resolved;
mod shadow;
mod unanswered;
mod warning;

use super::Knowledge;
use super::context::Context;
use super::reading::Files;
use super::rules::Rules;
use crate::addresses;
use crate::bot::cases::rows::key_of;
use crate::bot::cases::{Case, TopicRef};
use crate::bot::questions::{Answer, QuestionHandler};
use crate::jobs::Registry;
use crate::matching::{self, Match, Outcome, SignatureKind};
use crate::policy::Verdict;
use crate::slack::alerts;
use crate::slack::decode::Message;
use crate::store::{self, Changes, ShadowKind, ShadowRow};
use crate::traces::TraceSpan;
use follow_up::Before;
use shadow::{ShadowCase, shadow_withdrawn};

pub use replay::{ChannelReplay, Replay, ReplayedAnswer};
pub(super) use unanswered::Unanswered;

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
#[derive(Clone)]
struct ReceivedMessage<'a> {
    message: &'a Message,
    id: String,
    /// Key of its answer in the outbox: the existing one, or a new one.
    key: String,
    text: String,
    external: bool,
    /// True when its answer is recorded and not posted.
    shadow: bool,
    /// The shadow answers that hold it already.
    recorded: Vec<ShadowCase>,
}

impl ReceivedMessage<'_> {
    /// The shadow answer to the message itself.
    fn own_record(&self) -> Option<&ShadowRow> {
        let mut rows = self.recorded.iter().map(|(row, _)| row);
        rows.find(|row| row.message == self.id)
    }
}

impl MessageHandler {
    /// Downloads the files of a message that may be answered.
    pub(super) async fn files(&self, message: &Message, mentioned: bool) -> Result<Files, store::Error> {
        if message.unread_files().next().is_none() {
            return Ok(Files::default());
        }
        let muted = self.is_muted(&message.channel).await?;
        Ok(match self.ctx.rules.verdict(message, mentioned, muted) {
            Verdict::Ignore(_) => Files::default(),
            _ => self.ctx.reading.files(message).await,
        })
    }

    async fn is_muted(&self, channel: &str) -> Result<bool, store::Error> {
        Ok(self.ctx.store.muted(channel, self.ctx.clock.now()).await?.is_some())
    }

    /// Handles a message and returns its outcome. `files` come from [`Self::files`].
    pub(super) async fn on_message(
        &self,
        message: &Message,
        mentioned: bool,
        files: Files,
    ) -> Result<Changes, store::Error> {
        let muted = self.is_muted(&message.channel).await?;
        let (asked, external) = match self.ctx.rules.verdict(message, mentioned, muted) {
            Verdict::Ignore(why) => {
                debug!(message = message.id(), why, "a message is ignored");
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
        let is_shadow = self.ctx.rules.is_shadow(&message.channel);
        // Also for an answered message: an edit may make an error of its own of what continued another one.
        let recorded = if is_shadow || message.edited_ts.is_some() {
            self.shadow_of(&id).await?
        } else {
            Vec::new()
        };
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
            // What was recorded gets no answer later on, not even when its channel is answered since.
            shadow: !asked && (is_shadow || !recorded.is_empty()),
            id,
            external,
            recorded,
        };
        let done = match answered {
            Some(answered) => self.edited(&received, asked, &answered).await?,
            None if asked => {
                let mut done = self.asked(&received).await?;
                if let Some(row) = received.own_record() {
                    done.join(shadow_withdrawn(row));
                }
                done
            }
            None if received.recorded.is_empty() => self.unasked(&received).await?,
            None => self.shadow_edited(&received).await?,
        };
        Ok(self.warned(&received, done))
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
        let by_bot = self.ctx.rules.by_bot(message);
        let span = TraceSpan::new("match", &received.id);
        let (outcome, unknown_links) = recognised(&self.ctx.rules, &known, &message.channel, &received.text, by_bot);
        drop(span);
        self.ctx.tell_unknown_links(&message.channel, &unknown_links).await;
        let Some(best) = outcome.matches.first() else {
            let done = self.follow_up(received, &known).await?;
            return if done == Changes::default() {
                self.marked_near(received, &known).await
            } else {
                Ok(done)
            };
        };
        let topic = TopicRef::name_of(&known.library, best.topic);
        let fingerprint = alert.map_or_else(|| topic.clone(), |alert| fingerprint_of(alert, &topic));
        // In a thread that works on a runbook, words of that runbook are conversation about it: the result of a
        // look-up, a question.
        if self.is_talk(message, &known, best).await? {
            return self.added_details(received, &known).await;
        }
        if let Some((row, case)) = self.same_error(message, best, &fingerprint).await? {
            return self.repeated(received, &known, &row, &case, best).await;
        }
        if received.shadow {
            if self.is_in_shadow(received, &known, best).await? {
                return Ok(Changes::default());
            }
            if let Some(same) = self.same_in_shadow(received, best, &fingerprint).await? {
                return Ok(self.shadow_repeated(received, &known, &same, best).await);
            }
        }
        let before = self.with_before(received, &known, &outcome).await?;
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
        Ok(self.new_answer(received, &known, case, &outcome, &earlier).await)
    }

    /// Answers a message that nobody asked about, with its author's messages just before; in shadow mode the answer is
    /// recorded instead.
    async fn new_answer(
        &self,
        received: &ReceivedMessage<'_>,
        known: &Knowledge,
        case: Case,
        outcome: &Outcome,
        earlier: &[(String, String)],
    ) -> Changes {
        if received.shadow
            && let Some(best) = outcome.matches.first()
        {
            return self.record(received, known, case, best, ShadowKind::Answer).await;
        }
        let mut done = self.said(received, Answer::Case(Box::new(case)));
        done.answered.extend(Self::followed_up(received, earlier));
        done
    }

    /// The matches that are certain enough for a channel. `by_bot`: a bot wrote the text.
    fn recognise(&self, known: &Knowledge, channel: &str, text: &str, by_bot: bool) -> Outcome {
        recognised(&self.ctx.rules, known, channel, text, by_bot).0
    }
}

/// The matches of a text that are certain enough for a channel, and the runbook links of an alert that lead to none.
fn recognised(
    rules: &Rules,
    known: &Knowledge,
    channel: &str,
    text: &str,
    by_bot: bool,
) -> (Outcome, addresses::UnknownLinks) {
    let mut outcome = known.index.find(text).confident(rules.threshold(channel));
    outcome
        .matches
        .retain(|found| !is_of_parameters(&rules.settings.jobs.registry, found));
    let unknown = known.addresses.lead(&known.library, text, by_bot, &mut outcome);
    (outcome, unknown)
}

/// Returns true when a match rests on nothing but words and names of job parameters, which are no error codes.
fn is_of_parameters(registry: &Registry, found: &Match) -> bool {
    let evidence = found.evidence.iter();
    let mut named = evidence.filter(|line| line.kind != SignatureKind::Words).peekable();
    named.peek().is_some() && named.all(|line| registry.has_parameter(&line.signature))
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
