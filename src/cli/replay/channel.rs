//! One channel of an export, judged message by message.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::errors::{ErrorGroups, NearRunbook, PastedError, SilenceReason};
use crate::bot::{ChannelReplay, Replay, ReplayedAnswer};
use crate::cli::explain;
use crate::matching::{Evidence, Match, Silence, normalise::normalise};
use crate::redact::redact;
use crate::runbook::{Section, TopicId};
use crate::slack::decode::Message;
use crate::slack::export::{DayRange, Export, ExportedChannel, ExportedMessage, UnreadFile};

/// Time after which a message can no longer be the first piece of a longer paste.
const TOGETHER: SignedDuration = SignedDuration::from_secs(60);
/// Most lines of evidence of one answer.
const EVIDENCE: usize = 6;
/// Most characters of a line of evidence.
const EVIDENCE_LINE: usize = 300;
/// Least confidence of a runbook that is called near. Some page always shares a word with a message.
const LEAST_NEAR: f32 = 0.01;
/// The reason why notices are left alone.
const NOTICE: &str = "it is a notice, such as a join or a new topic";

/// The outcome of one channel.
#[derive(Debug)]
pub(super) struct ChannelReport {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) counts: MessageCounts,
    pub(super) answers: Vec<PastAnswer>,
    pub(super) errors: ErrorGroups,
    pub(super) unread: Vec<UnreadFile>,
}

/// Messages, counted by what became of them.
#[derive(Debug, Clone, Default)]
pub(super) struct MessageCounts {
    pub(super) messages: usize,
    /// Messages of people that were read.
    pub(super) people: usize,
    /// Messages of allowed bots that were read.
    pub(super) bots: usize,
    /// Messages left alone, by reason.
    pub(super) left_alone: BTreeMap<&'static str, usize>,
    /// Messages of bots left alone, by the bot's id.
    pub(super) other_bots: BTreeMap<String, usize>,
    pub(super) answers: usize,
    pub(super) repeats: usize,
    /// Messages that belong to an answer given before.
    pub(super) follow_ups: usize,
    pub(super) near_misses: usize,
    pub(super) unanswered_errors: usize,
    /// Messages with a text file of which an export has the beginning at most.
    pub(super) files_not_read: usize,
    pub(super) first: Option<Timestamp>,
    pub(super) last: Option<Timestamp>,
}

/// An answer that the bot would have given.
#[derive(Debug)]
pub(super) struct PastAnswer {
    pub(super) ts: String,
    pub(super) at: Timestamp,
    pub(super) thread_ts: String,
    pub(super) user: Option<String>,
    pub(super) topic: TopicId,
    pub(super) confidence: f32,
    /// Redacted.
    pub(super) evidence: Vec<Evidence>,
    /// The `ts` of the message that was answered, where the answer is a link to that answer.
    pub(super) repeat_of: Option<String>,
}

/// A message that no runbook is certain for: the author's next one may complete it.
struct UnsureMessage {
    ts: String,
    at: Timestamp,
    text: String,
    by_bot: bool,
    near: bool,
}

/// Replays a channel. `day` is called after each of its files.
pub(super) fn replay(
    replay: &Replay,
    export: &Export,
    channel: &ExportedChannel,
    range: DayRange,
    day: impl FnMut(),
) -> ChannelReport {
    let mut judge = Judge {
        replay,
        channel: &channel.id,
        messages: replay.channel(),
        unsure: Vec::new(),
        report: ChannelReport {
            id: channel.id.clone(),
            name: channel.name.clone(),
            counts: MessageCounts::default(),
            answers: Vec::new(),
            errors: ErrorGroups::default(),
            unread: Vec::new(),
        },
    };
    let unread = export.read(channel, range, |message| judge.take(message), day);
    judge.settle(None);
    judge.report.unread = unread;
    judge.report
}

impl MessageCounts {
    /// Adds the counts of another channel.
    pub(super) fn add(&mut self, other: &Self) {
        self.messages += other.messages;
        self.people += other.people;
        self.bots += other.bots;
        for (why, count) in &other.left_alone {
            *self.left_alone.entry(why).or_default() += count;
        }
        for (bot, count) in &other.other_bots {
            *self.other_bots.entry(bot.clone()).or_default() += count;
        }
        self.answers += other.answers;
        self.repeats += other.repeats;
        self.follow_ups += other.follow_ups;
        self.near_misses += other.near_misses;
        self.unanswered_errors += other.unanswered_errors;
        self.files_not_read += other.files_not_read;
        self.first = self.first.into_iter().chain(other.first).min();
        self.last = self.last.max(other.last);
    }

    /// The number of messages left alone, for whatever reason.
    pub(super) fn all_left_alone(&self) -> usize {
        self.left_alone.values().sum()
    }
}

struct Judge<'r> {
    replay: &'r Replay,
    channel: &'r str,
    messages: ChannelReplay<'r>,
    unsure: Vec<UnsureMessage>,
    report: ChannelReport,
}

impl Judge<'_> {
    fn take(&mut self, ExportedMessage { at, message }: ExportedMessage) {
        self.settle(Some(at));
        let counts = &mut self.report.counts;
        counts.messages += 1;
        counts.first = counts.first.or(Some(at));
        counts.last = Some(at);
        let Some(message) = message else {
            *counts.left_alone.entry(NOTICE).or_default() += 1;
            return;
        };
        let by_bot = self.replay.is_by_bot(&message);
        let reaction = self.messages.take(&message);
        let counts = &mut self.report.counts;
        if let ReplayedAnswer::Ignored(why) = reaction {
            *counts.left_alone.entry(why).or_default() += 1;
            if let Some(bot) = message.bot_id.clone().filter(|_| by_bot) {
                *counts.other_bots.entry(bot).or_default() += 1;
            }
            return;
        }
        if by_bot {
            counts.bots += 1;
        } else {
            counts.people += 1;
        }
        counts.files_not_read += usize::from(message.unread_files().next().is_some());
        match reaction {
            ReplayedAnswer::Ignored(_) | ReplayedAnswer::Nothing => {}
            ReplayedAnswer::FollowUp => counts.follow_ups += 1,
            ReplayedAnswer::Answered { found, text, earlier } => {
                counts.answers += 1;
                self.unsure.retain(|one| !earlier.contains(&one.ts));
                self.answered(&message, at, &found, &text, None);
            }
            ReplayedAnswer::Repeated { found, text, of } => {
                counts.repeats += 1;
                self.answered(&message, at, &found, &text, Some(of));
            }
            ReplayedAnswer::Unsure { text, near } => self.unsure.push(UnsureMessage {
                ts: message.ts,
                at,
                text,
                by_bot,
                near,
            }),
        }
    }

    fn answered(&mut self, message: &Message, at: Timestamp, found: &Match, text: &str, repeat_of: Option<String>) {
        self.report.answers.push(PastAnswer {
            ts: message.ts.clone(),
            at,
            thread_ts: message.thread().to_owned(),
            user: message.author().map(str::to_owned),
            topic: found.topic,
            confidence: found.confidence,
            evidence: redacted(&found.evidence, text),
            repeat_of,
        });
    }

    /// Counts the messages that nothing can complete any more; without a time, all of them.
    fn settle(&mut self, now: Option<Timestamp>) {
        let is_old = |one: &UnsureMessage| now.is_none_or(|now| now.duration_since(one.at) > TOGETHER);
        let old = self.unsure.iter().take_while(|one| is_old(one)).count();
        let old: Vec<UnsureMessage> = self.unsure.drain(..old).collect();
        for one in old {
            self.unanswered(&one);
        }
    }

    fn unanswered(&mut self, one: &UnsureMessage) {
        let counts = &mut self.report.counts;
        counts.near_misses += usize::from(one.near);
        let Some(error) = PastedError::of(&one.text, one.by_bot) else {
            return;
        };
        let threshold = self.replay.threshold(self.channel);
        let explanation = self.replay.index().explain(&one.text, false);
        let best = explanation.candidates.first();
        // It is no error any more, or not yet: a runbook was found, and would not help.
        if best.is_some_and(|best| best.silence == Some(Silence::Talk) && best.confidence >= threshold) {
            return;
        }
        counts.unanswered_errors += 1;
        let library = self.replay.library();
        self.report.errors.add(error, self.channel, one.at, || match best {
            None => SilenceReason {
                near: None,
                why: explain::NOTHING.to_owned(),
            },
            Some(best) => SilenceReason {
                near: library
                    .runbook(best.topic)
                    .filter(|_| best.confidence >= LEAST_NEAR)
                    .map(|runbook| NearRunbook {
                        runbook: runbook.path.clone(),
                        section: library.section(best.topic).map_or("", Section::name).to_owned(),
                        confidence: best.confidence,
                    }),
                why: match best.silence {
                    None if best.confidence >= threshold => "silent: only names of job parameters match".to_owned(),
                    _ => explain::verdict(library, threshold, best),
                },
            },
        });
    }
}

/// The evidence with its lines redacted, within the whole text: some secrets take several lines.
fn redacted(evidence: &[Evidence], text: &str) -> Vec<Evidence> {
    let lines = normalise(&redact(text)).lines;
    let cut = |text: &str| redact(text).chars().take(EVIDENCE_LINE).collect::<String>();
    let one = |one: &Evidence| Evidence {
        line: one.line,
        text: cut(one
            .line
            .checked_sub(1)
            .and_then(|at| lines.get(at))
            .map_or("", |line| &line.shown)),
        signature: cut(&one.signature),
        kind: one.kind,
    };
    evidence.iter().take(EVIDENCE).map(one).collect()
}
