//! The rules for messages that nobody asks about, applied to past messages: which of them would have been answered.
//!
//! Whatever is pure is the live handler's own. Its look-ups in the store have an equivalent here, among the cases of one
//! channel in memory; each names the look-up that it mirrors.

use std::fmt;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use super::unanswered::{Unanswered, seconds};
use super::{MessageHandler, ReceivedMessage, bounded, fingerprint_of, group_of, lookup, recognised};
use crate::addresses::Addresses;
use crate::bot::Knowledge;
use crate::bot::cases::rows::key_of;
use crate::bot::cases::{Actor, Case, CaseStatus, TopicRef, identity_of};
use crate::bot::reading::own_text;
use crate::bot::rules::Rules;
use crate::matching::{Index, Match, Outcome};
use crate::policy::Verdict;
use crate::redact::redact;
use crate::runbook::Library;
use crate::settings::Settings;
use crate::slack::alerts::AlertState;
use crate::slack::decode::{Identity, Message};

/// The settings and runbooks by which past messages are judged.
#[derive(Debug)]
pub struct Replay {
    rules: Rules,
    known: Knowledge,
}

/// The messages of one channel, judged one after the other.
pub struct ChannelReplay<'r> {
    replay: &'r Replay,
    /// The cases that the answers would have begun, in their order.
    cases: Vec<PastCase>,
    /// The cases up to here have no texts any more.
    slim: usize,
    unanswered: Unanswered,
    /// The arrival time of every message: their age is judged by Slack's time alone.
    begun: Instant,
}

/// A case as the store would keep it.
struct PastCase {
    case: Case,
    identity: String,
    /// The `ts` of the message that was answered.
    ts: String,
    created: Timestamp,
    changed: Timestamp,
}

/// The bot's reaction to a message that does not ask it.
#[derive(Debug)]
pub enum ReplayedAnswer {
    /// The policy leaves the message alone, for this reason.
    Ignored(&'static str),
    /// The runbook is shown in the message's thread.
    Answered {
        /// The best match.
        found: Box<Match>,
        /// The text that was matched, of several messages where people paste in pieces.
        text: String,
        /// The `ts` of the author's messages just before that belong to it.
        earlier: Vec<String>,
    },
    /// A link to an earlier answer is posted.
    Repeated {
        /// The best match.
        found: Box<Match>,
        /// The text that was matched.
        text: String,
        /// The `ts` of the message that was answered.
        of: String,
    },
    /// Nothing new is posted: the message belongs to an earlier answer.
    FollowUp,
    /// There is nothing to answer: no text, or an alert that is over.
    Nothing,
    /// No runbook is certain enough.
    Unsure {
        /// The text of the message.
        text: String,
        /// True when a runbook came near.
        near: bool,
    },
}

impl fmt::Debug for ChannelReplay<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChannelReplay")
            .field("cases", &self.cases.len())
            .finish_non_exhaustive()
    }
}

impl Replay {
    /// Creates a replay with these runbooks. `us` need not name a bot: mentions are not known then.
    pub fn new(settings: Settings, us: Identity, library: Library, index: Index) -> Self {
        let known = Knowledge {
            addresses: Arc::new(Addresses::of(&library, settings.runbooks.base_url())),
            library,
            index: Arc::new(index),
            read_at: Timestamp::UNIX_EPOCH,
        };
        Self {
            rules: Rules { us, settings },
            known,
        }
    }

    /// Begins a channel.
    pub fn channel(&self) -> ChannelReplay<'_> {
        ChannelReplay {
            replay: self,
            cases: Vec::new(),
            slim: 0,
            unanswered: Unanswered::default(),
            begun: Instant::now(),
        }
    }

    /// The runbooks.
    pub fn library(&self) -> &Library {
        &self.known.library
    }

    /// The index of the runbooks.
    pub fn index(&self) -> &Index {
        &self.known.index
    }

    /// The confidence from which messages of a channel are answered.
    pub fn threshold(&self, channel: &str) -> f32 {
        self.rules.threshold(channel)
    }

    /// Returns true when a bot wrote the message.
    pub fn is_by_bot(&self, message: &Message) -> bool {
        self.rules.by_bot(message)
    }
}

impl ChannelReplay<'_> {
    /// The reaction to the channel's next message. Messages have to come in the order of their `ts`.
    pub fn take(&mut self, message: &Message) -> ReplayedAnswer {
        let rules = &self.replay.rules;
        if let Verdict::Ignore(why) = rules.verdict(message, false, false) {
            return ReplayedAnswer::Ignored(why);
        }
        let Some(now) = time_of(&message.ts) else {
            return ReplayedAnswer::Ignored("its ts is not a time");
        };
        self.forget(now);
        let id = message.id();
        let received = ReceivedMessage {
            message,
            key: key_of(&id),
            text: bounded(own_text(rules, message)),
            id,
            external: false,
            shadow: false,
            recorded: Vec::new(),
        };
        self.unasked(received, now)
    }

    /// The reaction to a message that does not ask the bot, as [`MessageHandler::unasked`] has it.
    fn unasked(&mut self, received: ReceivedMessage<'_>, now: Timestamp) -> ReplayedAnswer {
        let (message, known) = (received.message, &self.replay.known);
        let alert = message.alert.as_ref();
        if alert.is_some_and(|alert| alert.state == AlertState::Resolved) {
            self.resolve(&received, now);
            return ReplayedAnswer::Nothing;
        }
        if received.text.trim().is_empty() {
            return ReplayedAnswer::Nothing;
        }
        let outcome = self.recognise(&received, &received.text);
        let Some(best) = outcome.matches.first() else {
            return self.follow_up(received, &outcome, now);
        };
        let topic = TopicRef::name_of(&known.library, best.topic);
        let fingerprint = alert.map_or_else(|| topic.clone(), |alert| fingerprint_of(alert, &topic));
        if self.is_talk(message, best) {
            self.added_details(&received, now);
            return ReplayedAnswer::FollowUp;
        }
        if let Some(at) = self.same_error(message, best, &fingerprint, now) {
            return self.repeated(received, at, best, now);
        }
        let said = self.unanswered.before_at(message, self.begun);
        let together = self.with_before(&received, &said, best);
        let (case, outcome, text, said) = match together {
            Some((case, outcome, text)) => (case, outcome, text, said),
            None => (
                MessageHandler::new_case(&received),
                outcome,
                received.text.clone(),
                Vec::new(),
            ),
        };
        self.answered(&received, case, &outcome, fingerprint, text, &said, now)
    }

    /// The reaction to a message without a match of its own, as [`MessageHandler::follow_up`] has it.
    fn follow_up(&mut self, received: ReceivedMessage<'_>, alone: &Outcome, now: Timestamp) -> ReplayedAnswer {
        let (message, near) = (received.message, !alone.near.is_empty());
        if self.replay.rules.by_bot(message) {
            let text = received.text;
            return ReplayedAnswer::Unsure { text, near };
        }
        if self.added_details(&received, now) {
            return ReplayedAnswer::FollowUp;
        }
        let earlier = self.unanswered.before_at(message, self.begun);
        self.unanswered.keep_at(message, &received.text, self.begun);
        if !earlier.is_empty() {
            let (case, text) = MessageHandler::put_together(&received, &earlier);
            let outcome = self.recognise(&received, &text);
            if let Some(best) = outcome.matches.first() {
                if self.is_talk(message, best) {
                    return ReplayedAnswer::FollowUp;
                }
                let fingerprint = TopicRef::name_of(&self.replay.known.library, best.topic);
                return self.answered(&received, case, &outcome, fingerprint, text, &earlier, now);
            }
        }
        let text = received.text;
        ReplayedAnswer::Unsure { text, near }
    }

    /// The author's messages just before, when they add values to the match, as [`MessageHandler::with_before`] has it.
    fn with_before(
        &self,
        received: &ReceivedMessage<'_>,
        said: &[(String, String)],
        alone: &Match,
    ) -> Option<(Case, Outcome, String)> {
        if said.is_empty() || self.replay.rules.by_bot(received.message) {
            return None;
        }
        let (case, text) = MessageHandler::put_together(received, said);
        let outcome = self.recognise(received, &text);
        let all = outcome.matches.first()?;
        (all.topic == alone.topic && all.captures != alone.captures).then_some((case, outcome, text))
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one answer")]
    fn answered(
        &mut self,
        received: &ReceivedMessage<'_>,
        mut case: Case,
        outcome: &Outcome,
        fingerprint: String,
        text: String,
        earlier: &[(String, String)],
        now: Timestamp,
    ) -> ReplayedAnswer {
        let Some(best) = outcome.matches.first() else {
            return ReplayedAnswer::Nothing;
        };
        case.take_up(&self.replay.known.library, outcome);
        case.fingerprint = fingerprint;
        // What was answered is no part of what comes next.
        for id in earlier.iter().map(|(id, _)| id).chain([&received.id]) {
            self.unanswered.forget(id);
        }
        self.cases.push(PastCase {
            case,
            identity: identity_of(best),
            ts: received.message.ts.clone(),
            created: now,
            changed: now,
        });
        let ts = |id: &str| id.rsplit(':').next().unwrap_or_default().to_owned();
        ReplayedAnswer::Answered {
            found: Box::new(best.clone()),
            text,
            earlier: earlier.iter().map(|(id, _)| ts(id)).collect(),
        }
    }

    /// The reaction to an error that was answered before, as [`MessageHandler::repeated`] has it.
    fn repeated(&mut self, received: ReceivedMessage<'_>, at: usize, best: &Match, now: Timestamp) -> ReplayedAnswer {
        let message = received.message;
        let Some(past) = self.cases.get(at).filter(|_| !self.replay.rules.by_bot(message)) else {
            return ReplayedAnswer::FollowUp;
        };
        let of = past.ts.clone();
        let here = past.case.thread_ts.as_deref() == Some(message.thread());
        let continues = (here || MessageHandler::is_together(&received, &past.case))
            && past.case.other_values(best).is_empty()
            && past.case.author.as_deref() == message.author();
        if continues && self.add_details(&received, at, now) || here {
            return ReplayedAnswer::FollowUp;
        }
        ReplayedAnswer::Repeated {
            found: Box::new(best.clone()),
            text: received.text,
            of,
        }
    }

    /// Adds a message to the case that its author began just before, and returns true when it says something new.
    /// Mirrors [`MessageHandler::added_details`] and its look-up by author.
    fn added_details(&mut self, received: &ReceivedMessage<'_>, now: Timestamp) -> bool {
        let Some(author) = received.message.author() else {
            return false;
        };
        let since = before(now, lookup::LATELY);
        let begun = self.cases.iter().enumerate().filter(|(_, past)| {
            past.changed >= since
                && past.case.author.as_deref() == Some(author)
                && past.case.is_of_paste()
                && MessageHandler::is_together(received, &past.case)
        });
        let latest = begun.max_by_key(|(_, past)| past.changed).map(|(at, _)| at);
        latest.is_some_and(|at| self.add_details(received, at, now))
    }

    /// Mirrors [`MessageHandler::add_details`], with the parts of `reconsidered` that concern a case nobody has clicked
    /// in.
    fn add_details(&mut self, received: &ReceivedMessage<'_>, at: usize, now: Timestamp) -> bool {
        // The texts of older cases are gone.
        let Some(past) = self.cases.get(at).filter(|_| at >= self.slim) else {
            return false;
        };
        let mut more = past.case.clone();
        if !more.paste(&received.id, &redact(&received.text)) {
            return false;
        }
        let text = more.text_with(Some((&received.id, &received.text)));
        let outcome = self.recognise(received, &text);
        let Some(best) = outcome.matches.first() else {
            return false;
        };
        more.take_up(&self.replay.known.library, &outcome);
        let found = |case: &Case| (case.found.clone(), case.captures.clone(), case.others.clone());
        if more.place.is_none() || found(&more) == found(&past.case) {
            return false;
        }
        if let Some(found) = more.found.as_ref().filter(|_| !more.fingerprint.starts_with("alert:")) {
            more.fingerprint = found.name();
        }
        let identity = identity_of(best);
        if let Some(past) = self.cases.get_mut(at) {
            past.case = more;
            past.identity = identity;
            past.changed = now;
        }
        true
    }

    /// Mirrors [`MessageHandler::is_talk`].
    fn is_talk(&self, message: &Message, best: &Match) -> bool {
        let library = &self.replay.known.library;
        let thread = message.thread();
        let mut here = self
            .cases
            .iter()
            .filter(|past| past.case.thread_ts.as_deref() == Some(thread));
        here.any(|past| past.case.is_talk(library, best))
    }

    /// The case that already answers the error of a message. Mirrors [`MessageHandler::same_error`]: in the thread, else
    /// in the channel, the identical error first.
    fn same_error(&self, message: &Message, best: &Match, fingerprint: &str, now: Timestamp) -> Option<usize> {
        let rules = &self.replay.rules;
        let since = before(now, lookup::looked_back(rules, message));
        let is_same =
            |past: &PastCase| past.changed >= since && lookup::is_same(message, &past.case, best, fingerprint);
        let is_here = |past: &PastCase| past.case.thread_ts.as_deref() == Some(message.thread());
        let here = self.cases.iter().rposition(|past| is_here(past) && is_same(past));
        here.or_else(|| {
            let identity = identity_of(best);
            let holds_still =
                |past: &PastCase| now.duration_since(past.created) <= lookup::holds(rules, message, &past.case);
            let same = self.cases.iter().enumerate();
            let same = same.filter(|(_, past)| is_same(past) && holds_still(past));
            same.max_by_key(|(_, past)| (past.identity == identity, past.changed))
                .map(|(at, _)| at)
        })
    }

    /// Marks the cases of an alert that is over. Mirrors [`MessageHandler::resolved`].
    fn resolve(&mut self, received: &ReceivedMessage<'_>, now: Timestamp) {
        let message = received.message;
        let Some(alert) = &message.alert else {
            return;
        };
        let outcome = self.recognise(received, &received.text);
        let threshold = self.replay.rules.threshold(&message.channel);
        let registry = &self.replay.rules.settings.jobs.registry;
        let is_sure = |best: &&Match| best.confidence >= threshold && !super::is_of_parameters(registry, best);
        let best = outcome.best().filter(is_sure);
        let group = group_of(alert);
        for past in &mut self.cases {
            let is_open = past.case.status.is_open() && past.case.fingerprint.starts_with(&group);
            if is_open && best.is_none_or(|best| past.case.other_values(best).is_empty()) {
                past.case.set_status(CaseStatus::Resolved(Actor {
                    at: now,
                    ..Actor::default()
                }));
                past.changed = now;
            }
        }
    }

    fn recognise(&self, received: &ReceivedMessage<'_>, text: &str) -> Outcome {
        let by_bot = self.replay.rules.by_bot(received.message);
        recognised(
            &self.replay.rules,
            &self.replay.known,
            &received.message.channel,
            text,
            by_bot,
        )
        .0
    }

    /// Forgets cases as the store does, and the texts of cases that no message can continue any more.
    fn forget(&mut self, now: Timestamp) {
        let days = i64::from(self.replay.rules.retention_days());
        let kept_since = before(now, SignedDuration::from_hours(24 * days));
        let old = self.cases.iter().take_while(|past| past.changed < kept_since).count();
        self.cases.drain(..old);
        self.slim = self.slim.saturating_sub(old);
        let lately = before(now, lookup::LATELY);
        while let Some(past) = self.cases.get_mut(self.slim).filter(|past| past.changed < lately) {
            past.case.pastes.clear();
            self.slim += 1;
        }
    }
}

fn before(now: Timestamp, span: SignedDuration) -> Timestamp {
    now.saturating_sub(span).unwrap_or(Timestamp::MIN)
}

/// The time that a `ts` stands for.
fn time_of(ts: &str) -> Option<Timestamp> {
    Timestamp::from_millisecond((seconds(ts)? * 1_000.0) as i64).ok()
}
