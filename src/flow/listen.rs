//! Messages: who is answered with what, and once. New ones, those that go on, edits, deletions, alerts that end.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use tracing::debug;

use super::Knowledge;
use super::cards::{self, key_of, post, row, update};
use super::case::{Case, Standing};
use super::mind::{Mind, body, confident, name};
use super::reading::Reading;
use super::rules::Rules;
use super::talk::{Asked, Said, Talk};
use crate::clock::Clock;
use crate::matching::{Match, Outcome};
use crate::policy::Verdict;
use crate::respond::Pointer;
use crate::slack::alerts;
use crate::slack::decode::Message;
use crate::store::{self, Action, Answered, CaseRow, Done, NewPost, Store};

/// Messages of one person within this many seconds belong together.
const TOGETHER: f64 = 60.0;
/// How far back cases are looked for that a message may go on; clocks differ.
const LATELY: SignedDuration = SignedDuration::from_mins(10);
/// People whose last words are remembered.
const SPEAKERS: usize = 2_000;
/// Messages of each.
const WORDS: usize = 4;

/// Listens.
#[derive(Debug)]
pub(super) struct Listener {
    pub(super) store: Arc<dyn Store>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) rules: Arc<Rules>,
    pub(super) mind: Arc<Mind>,
    pub(super) talk: Arc<Talk>,
    pub(super) reading: Arc<Reading>,
    pub(super) unanswered: Unanswered,
}

/// A message with what is needed to answer it.
struct Heard<'a> {
    message: &'a Message,
    id: String,
    text: String,
    stranger: bool,
}

impl Listener {
    /// What a message leads to.
    pub(super) async fn hear(&self, message: &Message, mentioned: bool) -> Result<Done, store::Error> {
        let muted = self.store.muted(&message.channel, self.clock.now()).await?.is_some();
        let (asked, stranger) = match self.rules.verdict(message, mentioned, muted) {
            Verdict::Ignore(why) => {
                debug!(message = message.id(), why, "a message is left alone");
                return Ok(Done::default());
            }
            Verdict::Unasked => (false, false),
            Verdict::Asked => (true, false),
            Verdict::AskedByStranger => (true, true),
        };
        let id = message.id();
        let answered = self.store.answer(&id).await?;
        if answered.is_some() && message.edited_ts.is_none() {
            debug!(message = id, "a message was answered before");
            return Ok(Done::default());
        }
        let heard = Heard {
            message,
            text: self.reading.text(message).await,
            id,
            stranger,
        };
        match answered {
            Some(answered) => self.edited(&heard, asked, &answered).await,
            None if asked => self.asked(&heard).await,
            None => self.unasked(&heard).await,
        }
    }

    /// Somebody asked.
    async fn asked(&self, heard: &Heard<'_>) -> Result<Done, store::Error> {
        let said = self.talk.answer(Self::question(heard)).await?;
        Ok(self.said(heard, said))
    }

    fn question(heard: &Heard<'_>) -> Asked {
        Asked {
            images: heard.text.trim().is_empty() && heard.message.images,
            case: Case {
                asked: true,
                ..Self::new_case(heard)
            },
            user: heard.message.user.clone().unwrap_or_default(),
            direct: heard.message.direct,
            shared: heard.message.ext_shared,
            text: heard.text.clone(),
        }
    }

    fn new_case(heard: &Heard<'_>) -> Case {
        let message = heard.message;
        let mut case = Case {
            id: heard.id.clone(),
            team: message.team.clone(),
            channel: message.channel.clone(),
            thread_ts: Some(message.answer_thread().to_owned()),
            post: Some(key_of(&heard.id)),
            author: message.author().map(str::to_owned),
            stranger: heard.stranger,
            ..Case::default()
        };
        case.paste(&heard.id, &crate::redact::redact(&heard.text));
        case
    }

    fn said(&self, heard: &Heard<'_>, said: Said) -> Done {
        let now = self.clock.now();
        let key = key_of(&heard.id);
        let (body, about, case) = match said {
            Said::Plain { reply, about, .. } => (body(&reply), about, None),
            Said::Case { case, about } => (self.mind.show(&self.mind.knowledge(), &case), about, Some(case)),
        };
        let thread = Some(heard.message.answer_thread().to_owned());
        Done {
            posts: post(&key, &heard.message.channel, thread, &body).into_iter().collect(),
            answered: vec![Answered {
                message: heard.id.clone(),
                about,
                post: Some(key),
                case: case.as_ref().map(|case| case.id.clone()),
            }],
            cases: case.iter().filter_map(|case| row(case, 0, now)).collect(),
            ..Done::default()
        }
    }

    /// Nobody asked: silence, unless it is sure.
    async fn unasked(&self, heard: &Heard<'_>) -> Result<Done, store::Error> {
        let message = heard.message;
        let alert = message.alert.as_ref();
        if alert.is_some_and(|alert| alert.state == alerts::State::Resolved) {
            return self.resolved(heard).await;
        }
        if heard.text.trim().is_empty() {
            return Ok(Done::default());
        }
        let known = self.mind.knowledge();
        let outcome = self.recognise(&known, &message.channel, &heard.text);
        let Some(best) = outcome.matches.first() else {
            return self.goes_on(heard, &known).await;
        };
        let topic = name(&known.library, best.topic);
        let fingerprint = alert.map_or_else(|| topic.clone(), |alert| format!("alert:{}", alert.group));
        let lately = self.rules.repeat(&message.channel).max(LATELY);
        let cases = self.cases(&message.channel, lately).await?;
        let mut same = cases.iter().filter(|(_, case)| {
            case.fingerprint == fingerprint
                && case.post.is_some()
                && !matches!(case.standing, Standing::Withdrawn | Standing::Resolved)
        });
        let within =
            |row: &CaseRow| self.clock.now().duration_since(row.created_at) <= self.rules.repeat(&message.channel);
        let thread = message.answer_thread();
        if let Some((row, case)) = same
            .clone()
            .find(|(_, case)| case.thread_ts.as_deref() == Some(thread))
            .or_else(|| same.find(|(row, _)| within(row)))
        {
            return Ok(self.again(heard, &known, row, case, best).await);
        }
        let mut case = Self::new_case(heard);
        Mind::take_up(&known.library, &mut case, &outcome);
        case.fingerprint = fingerprint;
        Ok(self.said(
            heard,
            Said::Case {
                case: Box::new(case),
                about: topic,
            },
        ))
    }

    /// What is recognised for certain in a channel.
    fn recognise(&self, known: &Knowledge, channel: &str, text: &str) -> Outcome {
        confident(known.index.find(text), self.rules.threshold(channel))
    }

    /// The same error again: whoever is in that thread has the answer before their eyes, others are told where it is. A
    /// bot is not told, for two bots could go on for ever.
    async fn again(&self, heard: &Heard<'_>, known: &Knowledge, row: &CaseRow, case: &Case, best: &Match) -> Done {
        let message = heard.message;
        let here = case.thread_ts.as_deref() == Some(message.answer_thread());
        let goes_on = here || Self::is_together(heard, case);
        let mut done = if goes_on && case.author.as_deref() == message.author() {
            self.absorb(heard, known, row, case)
        } else {
            Done::default()
        };
        if here || self.rules.by_bot(message) {
            return done;
        }
        let library = &known.library;
        let section = library.section(best.topic).filter(|_| best.topic.section != 0);
        let title = section.map(|section| section.heading.clone());
        let title = title.or_else(|| library.runbook(best.topic).map(|runbook| runbook.title.clone()));
        let thread = case.thread_ts.clone().unwrap_or_default();
        let pointer = Pointer {
            title: title.unwrap_or_default(),
            now: self.clock.now(),
            answered_at: row.created_at,
            url: self.reading.permalink(&case.channel, &thread).await,
        };
        let key = key_of(&heard.id);
        let reply = body(&self.mind.responder().pointer(&pointer));
        done.posts.extend(post(
            &key,
            &message.channel,
            Some(message.answer_thread().to_owned()),
            &reply,
        ));
        done.answered = vec![Answered {
            message: heard.id.clone(),
            about: format!("pointer to {}", case.id),
            post: Some(key),
            case: (!done.cases.is_empty()).then(|| case.id.clone()),
        }];
        done
    }

    /// Nothing is recognised in the message alone: with what its author said just before, perhaps.
    async fn goes_on(&self, heard: &Heard<'_>, known: &Knowledge) -> Result<Done, store::Error> {
        let message = heard.message;
        let cases = self.cases(&message.channel, LATELY).await?;
        let before = cases.iter().find(|(_, case)| {
            case.author.is_some() && case.author.as_deref() == message.author() && Self::is_together(heard, case)
        });
        if let Some((row, case)) = before {
            return Ok(self.absorb(heard, known, row, case));
        }
        let earlier = self.unanswered.before(message);
        self.unanswered.keep(message, &heard.text);
        if earlier.is_empty() {
            return Ok(Done::default());
        }
        let mut case = Self::new_case(heard);
        case.pastes.clear();
        let mut text = String::new();
        for (id, said) in &earlier {
            case.paste(id, &crate::redact::redact(said));
            text.extend([said, "\n"]);
        }
        case.paste(&heard.id, &crate::redact::redact(&heard.text));
        text.push_str(&heard.text);
        let outcome = self.recognise(known, &message.channel, &text);
        let Some(best) = outcome.matches.first() else {
            return Ok(Done::default());
        };
        let about = name(&known.library, best.topic);
        Mind::take_up(&known.library, &mut case, &outcome);
        case.fingerprint.clone_from(&about);
        let mut done = self.said(
            heard,
            Said::Case {
                case: Box::new(case),
                about,
            },
        );
        done.answered.extend(earlier.iter().map(|(id, _)| Answered {
            message: id.clone(),
            about: "went on".to_owned(),
            post: None,
            case: Some(heard.id.clone()),
        }));
        Ok(done)
    }

    /// Whether a message was written just after one of a case, in the same place.
    fn is_together(heard: &Heard<'_>, case: &Case) -> bool {
        let message = heard.message;
        let same_place = match message.thread_ts.as_deref() {
            Some(thread) if thread != message.ts => case.thread_ts.as_deref() == Some(thread),
            _ => case
                .pastes
                .first()
                .is_some_and(|paste| paste.message.ends_with(case.thread_ts.as_deref().unwrap_or("?"))),
        };
        let last = case
            .pastes
            .last()
            .and_then(|paste| seconds(paste.message.rsplit(':').next()?));
        let gap = last.zip(seconds(&message.ts)).map(|(last, now)| now - last);
        same_place && gap.is_some_and(|gap| (0.0..=TOGETHER).contains(&gap))
    }

    /// A case takes a message in when that says something new; chat is left alone, and not kept.
    fn absorb(&self, heard: &Heard<'_>, known: &Knowledge, row: &CaseRow, case: &Case) -> Done {
        let mut more = case.clone();
        if !more.paste(&heard.id, &crate::redact::redact(&heard.text)) {
            return Done::default();
        }
        let mut done = self.reconsidered(known, row, more);
        if done.posts.is_empty() {
            return Done::default();
        }
        done.answered = vec![Answered {
            message: heard.id.clone(),
            about: "goes on".to_owned(),
            post: None,
            case: Some(case.id.clone()),
        }];
        done
    }

    /// A case whose pastes changed is looked at anew.
    fn reconsidered(&self, known: &Knowledge, row: &CaseRow, mut case: Case) -> Done {
        let text = case.text();
        let outcome = if case.asked {
            confident(known.index.search(&text), self.rules.threshold(&case.channel))
        } else {
            self.recognise(known, &case.channel, &text)
        };
        let before = case.clone();
        if !Mind::take_up(&known.library, &mut case, &outcome) {
            if case.asked && !case.near.is_empty() {
                case.place = None;
                case.standing = Standing::Choosing;
                "near".clone_into(&mut case.why);
            } else {
                case.stand(Standing::Withdrawn, None);
            }
        }
        // Once people have begun, an afterthought does not take the runbook out of their hands.
        if before.is_begun() && before.found != case.found && case.pastes.len() > 1 {
            case.place.clone_from(&before.place);
            case.at = before.at;
            case.trail.clone_from(&before.trail);
        }
        if !case.fingerprint.starts_with("alert:")
            && let Some(found) = case.found.as_ref().filter(|_| case.standing != Standing::Withdrawn)
        {
            case.fingerprint = found.name();
        }
        self.changed(known, row, &before, &case)
    }

    /// A case is written down, and its card changed when that shows.
    fn changed(&self, known: &Knowledge, row: &CaseRow, before: &Case, case: &Case) -> Done {
        let now = self.clock.now();
        let mut done = Done {
            cases: cards::row(case, row.version, now)
                .map(|new| CaseRow {
                    created_at: row.created_at,
                    ..new
                })
                .into_iter()
                .collect(),
            ..Done::default()
        };
        let shown = self.mind.show(known, case);
        if shown != self.mind.show(known, before) {
            done.posts.extend(update(case, row.version, &shown));
        }
        done
    }

    /// The message was edited: its answer changes in place, when it does.
    async fn edited(&self, heard: &Heard<'_>, asked: bool, answered: &Answered) -> Result<Done, store::Error> {
        let known = self.mind.knowledge();
        if let Some(id) = &answered.case
            && let Some(row) = self.store.case(id).await?
            && let Some(mut case) = cards::read(&row)
        {
            if !case.paste(&heard.id, &crate::redact::redact(&heard.text)) {
                return Ok(Done::default());
            }
            let is_own = case.id == heard.id;
            // What went on about one error may have become another error of its own.
            if !is_own && !asked && !self.recognise(&known, &case.channel, &heard.text).matches.is_empty() {
                case.pastes.retain(|paste| paste.message != heard.id);
                let before = self.reconsidered(&known, &row, case);
                let mut done = self.unasked(heard).await?;
                if done.cases.iter().all(|case| case.id != row.id) {
                    done.posts.extend(before.posts);
                    done.cases.extend(before.cases);
                }
                return Ok(done);
            }
            // What was asked may have become another command.
            if asked && is_own && !case.is_begun() {
                let mut question = Self::question(heard);
                question.case.pastes.clone_from(&case.pastes);
                let said = self.talk.answer(question).await?;
                return Ok(self.said_anew(heard, said, row.version, row.created_at));
            }
            return Ok(self.reconsidered(&known, &row, case));
        }
        if asked && answered.post.is_some() {
            let said = self.talk.answer(Self::question(heard)).await?;
            return Ok(self.said_anew(heard, said, 0, self.clock.now()));
        }
        Ok(Done::default())
    }

    /// The answer to an edited question takes the place of the one before.
    fn said_anew(&self, heard: &Heard<'_>, said: Said, version: i64, created_at: Timestamp) -> Done {
        let mut done = self.said(heard, said);
        for case in &mut done.cases {
            case.version = version;
            case.created_at = created_at;
        }
        for post in &mut done.posts {
            let of = std::mem::replace(&mut post.key, format!("edit:{}", heard.message.key()));
            post.action = Action::Update { of };
        }
        done
    }

    /// Monitoring says that an alert is over: its answer says so too. Nothing new is said.
    async fn resolved(&self, heard: &Heard<'_>) -> Result<Done, store::Error> {
        let Some(alert) = &heard.message.alert else {
            return Ok(Done::default());
        };
        let fingerprint = format!("alert:{}", alert.group);
        let cases = self
            .cases(&heard.message.channel, SignedDuration::from_hours(24 * 7))
            .await?;
        let open = cases.into_iter().find(|(_, case)| {
            case.fingerprint == fingerprint && !matches!(case.standing, Standing::Resolved | Standing::Withdrawn)
        });
        let Some((row, before)) = open else {
            return Ok(Done::default());
        };
        let mut case = before.clone();
        let mark = super::case::Mark {
            by: String::new(),
            name: String::new(),
            at: self.clock.now(),
        };
        case.stand(Standing::Resolved, Some(&mark));
        Ok(self.changed(&self.mind.knowledge(), &row, &before, &case))
    }

    /// A message was deleted: its answer goes too, and nothing of it stays.
    pub(super) async fn forget(&self, message: &str) -> Result<Done, store::Error> {
        self.unanswered.forget(message);
        let Some(answered) = self.store.answer(message).await? else {
            return Ok(Done::default());
        };
        let mut done = Done {
            unanswer: vec![message.to_owned()],
            ..Done::default()
        };
        let gone = |key: &str| NewPost {
            key: format!("delete:{key}"),
            channel: message.split(':').nth(1).unwrap_or_default().to_owned(),
            thread_ts: None,
            action: Action::Delete { of: key.to_owned() },
            body: String::new(),
        };
        let Some(row) = (match &answered.case {
            Some(id) => self.store.case(id).await?,
            None => None,
        }) else {
            done.posts.extend(answered.post.as_deref().map(gone));
            return Ok(done);
        };
        let Some(case) = cards::read(&row) else {
            return Ok(done);
        };
        if case.id == message {
            done.posts.extend(case.post.as_deref().map(|key| NewPost {
                thread_ts: case.thread_ts.clone(),
                ..gone(key)
            }));
            done.forget.push(case.id);
            return Ok(done);
        }
        // One of several: what the others say stays. A pointer of its own goes.
        done.posts.extend(
            answered
                .post
                .as_deref()
                .filter(|key| case.post.as_deref() != Some(*key))
                .map(gone),
        );
        let mut rest = case;
        rest.pastes.retain(|paste| paste.message != message);
        let more = self.reconsidered(&self.mind.knowledge(), &row, rest);
        done.posts.extend(more.posts);
        done.cases = more.cases;
        Ok(done)
    }

    async fn cases(&self, channel: &str, lately: SignedDuration) -> Result<Vec<(CaseRow, Case)>, store::Error> {
        let since = self.clock.now().saturating_sub(lately).unwrap_or(Timestamp::MIN);
        let rows = self.store.cases_since(channel, since).await?;
        Ok(rows
            .into_iter()
            .filter_map(|row| {
                let case = cards::read(&row)?;
                Some((row, case))
            })
            .collect())
    }
}

/// What people said lately that no runbook recognised: the next message may make sense of it. Only in memory, for a
/// minute: it is not redacted.
#[derive(Debug, Default)]
pub(super) struct Unanswered {
    said: Mutex<HashMap<Speaker, VecDeque<Words>>>,
}

/// Who speaks where: channel, author, and the thread when it is in one.
type Speaker = (String, String, Option<String>);

#[derive(Debug)]
struct Words {
    at: f64,
    message: String,
    text: String,
}

impl Unanswered {
    fn speaker(message: &Message) -> Option<Speaker> {
        let thread = message.thread_ts.clone().filter(|thread| *thread != message.ts);
        Some((message.channel.clone(), message.author()?.to_owned(), thread))
    }

    /// What the author said just before, in order.
    fn before(&self, message: &Message) -> Vec<(String, String)> {
        let (Some(speaker), Some(now)) = (Self::speaker(message), seconds(&message.ts)) else {
            return Vec::new();
        };
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let words = said.get(&speaker).into_iter().flatten();
        words
            .filter(|words| (0.0..=TOGETHER).contains(&(now - words.at)) && words.message != message.id())
            .map(|words| (words.message.clone(), words.text.clone()))
            .collect()
    }

    fn keep(&self, message: &Message, text: &str) {
        let (Some(speaker), Some(at)) = (Self::speaker(message), seconds(&message.ts)) else {
            return;
        };
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        if said.len() >= SPEAKERS {
            said.retain(|_, words| words.back().is_some_and(|last| at - last.at <= TOGETHER));
        }
        let words = said.entry(speaker).or_default();
        words.retain(|words| at - words.at <= TOGETHER && words.message != message.id());
        if words.len() >= WORDS {
            words.pop_front();
        }
        words.push_back(Words {
            at,
            message: message.id(),
            text: text.to_owned(),
        });
    }

    fn forget(&self, message: &str) {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        for words in said.values_mut() {
            words.retain(|words| words.message != message);
        }
        said.retain(|_, words| !words.is_empty());
    }
}

/// Slack's timestamps are seconds with a counter behind the point.
fn seconds(ts: &str) -> Option<f64> {
    ts.parse().ok().filter(|seconds: &f64| seconds.is_finite())
}
