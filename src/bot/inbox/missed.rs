//! Messages that are too old to be answered, as after an outage: dropped, counted, and reported once in their channel.

use jiff::{SignedDuration, Timestamp};
use tracing::{error, info};
use uuid::Uuid;

use crate::bot::cases::rows::{key_of, post};
use crate::bot::rules::Rules;
use crate::command::{self, Command};
use crate::policy::Verdict;
use crate::respond::{self, Responder};
use crate::slack::decode::{Event, Message, Reaction};
use crate::slack::sender::Body;
use crate::store::{Action, Answered, Changes, Expiry, Missed, NewMissed, Store, Waiting};

/// Fewest missed errors that are worth a report; each is in the channel for everybody to see.
const MANY: u64 = 3;
/// Time without a missed message after which a channel gets its report: until then its backlog is worked through.
const QUIET: SignedDuration = SignedDuration::from_secs(5);

/// The age of a message, judged by the limits in the settings.
#[derive(Debug, Clone, Default)]
pub(crate) struct Age {
    /// Set when the message is too old.
    missed: Option<NewMissed>,
    /// True when the message asks for a run.
    is_run: bool,
    /// True for a click on a reaction, which asks the bot only where the bot has marked the message.
    is_click: bool,
    /// Time until which an answer to the message is of use.
    expiry: Option<Expiry>,
}

impl Age {
    /// Judges an event by the time at which its message was written, or clicked on, in Slack's time. A row that an
    /// operator retried is never too old.
    pub(crate) fn of(event: &Event, row: &Waiting, rules: &Rules, now: Timestamp) -> Self {
        let message = match event {
            _ if row.retried => return Self::default(),
            Event::Message(message) => message,
            Event::Reacted(reaction) => return Self::of_click(reaction, rules, now),
            _ => return Self::default(),
        };
        let Some(at) = time_of(message.edited_ts.as_deref().unwrap_or(&message.ts)) else {
            return Self::default();
        };
        let asked = matches!(
            rules.verdict(message, message.mentioned || row.mentioned, false),
            Verdict::Asked | Verdict::AskedByExternal
        );
        // A job that is started hours later than asked for may do harm. Its refusal is an answer like any other.
        let is_run = asked && matches!(command::parse(&message.text), Command::Run(_));
        let end = |patient| rules.too_old(patient).and_then(|limit| at.checked_add(limit).ok());
        let missed = NewMissed {
            channel: message.channel.clone(),
            at,
            asked,
            noted_at: now,
        };
        Self {
            missed: end(asked && !is_run).is_some_and(|end| end < now).then_some(missed),
            is_run,
            is_click: false,
            expiry: end(asked).map(|end| Expiry {
                at: end,
                asked,
                written_at: at,
            }),
        }
    }

    fn of_click(reaction: &Reaction, rules: &Rules, now: Timestamp) -> Self {
        let at = reaction.event_ts.as_deref().and_then(time_of);
        let end = |at: Timestamp| rules.too_old(true).and_then(|limit| at.checked_add(limit).ok());
        let Some((at, end)) = at.and_then(|at| Some((at, end(at)?))) else {
            return Self::default();
        };
        let missed = NewMissed {
            channel: reaction.channel.clone(),
            at,
            asked: true,
            noted_at: now,
        };
        Self {
            missed: (end < now).then_some(missed),
            is_run: false,
            is_click: true,
            expiry: Some(Expiry {
                at: end,
                asked: true,
                written_at: at,
            }),
        }
    }

    /// Returns true when the message asks for a run and is too old for that: the author must learn that nothing was
    /// started.
    pub(crate) fn is_late_run(&self) -> bool {
        self.is_run && self.missed.is_some()
    }

    /// Tells whether the message is dropped without being handled: it is too old and asks the bot, so it would
    /// certainly have had an answer.
    pub(crate) fn is_refused(&self) -> bool {
        !self.is_click && self.missed.as_ref().is_some_and(|missed| missed.asked)
    }
}

/// Reduces the outcome of a message according to its age. Changes to existing answers go through however old the
/// message is: the end of an alert, for instance.
pub(crate) fn with_age(mut done: Changes, age: Age) -> Changes {
    if !done.shadow.is_empty() {
        // The channel hears nothing of it, not even that it was missed; and the owners' messages are of use at any time.
        let is_new = done.shadow.iter().any(|row| row.version == 0);
        return if age.missed.is_some() && is_new {
            Changes::default()
        } else {
            done
        };
    }
    match age.missed {
        Some(_) if age.is_run => done,
        Some(missed)
            if (missed.asked && !age.is_click) || done.posts.iter().any(|post| post.action == Action::Post) =>
        {
            Changes {
                missed: Some(missed),
                ..Changes::default()
            }
        }
        // A mark is of no use any more either.
        Some(_) => {
            done.posts.retain(|post| !matches!(post.action, Action::React { .. }));
            done
        }
        // The message of a run is not an answer: people must see that it was started.
        None => {
            done.expiry = age.expiry.filter(|_| done.runs.is_empty());
            done
        }
    }
}

fn time_of(ts: &str) -> Option<Timestamp> {
    let seconds = ts.parse::<f64>().ok().filter(|seconds| seconds.is_finite())?;
    Timestamp::from_millisecond((seconds * 1_000.0) as i64).ok()
}

/// The answer to a request for a run that is too old.
pub(crate) fn late_run(responder: &Responder, message: &Message) -> Changes {
    let key = key_of(&message.id());
    let posts = post(
        &key,
        &message.channel,
        message.answer_thread(),
        &Body::of(&responder.run_late()),
    );
    Changes {
        posts: posts.into_iter().collect(),
        answered: vec![Answered {
            message: message.id(),
            kind: "late run".into(),
            post: Some(key),
            case: None,
        }],
        ..Changes::default()
    }
}

/// Reports missed messages to their channels, once their backlog is worked through. `now` is Slack's time. Returns true
/// when there is something to post.
pub(crate) async fn tell(store: &dyn Store, responder: &Responder, now: Timestamp) -> bool {
    let before = now.checked_sub(QUIET).unwrap_or(now);
    let missed = match store.missed_before(before).await {
        Ok(missed) => missed,
        Err(cause) => {
            error!(%cause, "missed messages cannot be read; retrying");
            return false;
        }
    };
    let mut posted = false;
    for one in missed {
        let note = (one.count >= MANY || one.asked > 0)
            .then(|| note(responder, &one, now))
            .flatten();
        match store.tell_missed(&one, note.as_ref(), now).await {
            Ok(()) => {
                info!(
                    channel = one.channel,
                    count = one.count,
                    "messages were too old to be answered"
                );
                posted |= note.is_some();
            }
            Err(cause) => error!(%cause, "missed messages cannot be reported; retrying"),
        }
    }
    posted
}

fn note(responder: &Responder, missed: &Missed, now: Timestamp) -> Option<crate::store::NewPost> {
    let reply = responder.missed(&respond::Missed {
        count: missed.count,
        asked: missed.asked > 0,
        first_at: missed.first_at,
        last_at: missed.last_at,
        now,
    });
    let key = format!("missed:{}:{}", missed.channel, Uuid::new_v4());
    post(&key, &missed.channel, None, &Body::of(&reply))
}
