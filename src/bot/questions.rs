//! Answers to people who ask, by mention, in a direct message, with a slash command or a shortcut: one grammar for all
//! of them.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

pub(super) mod jobs;
mod listed;

use super::Knowledge;
use super::context::Context;
use super::runs::Runner;
use crate::bot::cases::{Case, CaseRequest, CaseStatus, NEAR_FLOOR, TopicRef};
use crate::bot::inbox::cpu_permits::to_its_end;
use crate::command::{self, Command, Resolution, Subject, Whom};
use crate::matching::Outcome;
use crate::policy::{self, MayMute};
use crate::redact::redact;
use crate::respond::{ConnectionFacts, Listening, Problems, Reply, StatusFacts};
use crate::runbook::{Library, TopicId};
use crate::store::{self, AnswerKind, Changes, Mute};
use jobs::FormRequest;

/// Maximum number of search results that are listed.
const RESULTS: usize = 5;
/// Time limit for asking who is on call.
const ON_CALL: Duration = Duration::from_secs(1);

/// Answers questions.
#[derive(Debug)]
pub(super) struct QuestionHandler {
    pub(super) ctx: Arc<Context>,
    pub(super) runner: Arc<Runner>,
}

/// A question, and the place where it was asked.
#[derive(Debug, Clone, Default)]
pub(super) struct Question {
    /// The text, without the mention of the bot.
    pub(super) text: String,
    /// True when the message holds images.
    pub(super) images: bool,
    /// The case that the question may become; the values set here are kept.
    pub(super) case: Case,
    /// The user id of the person who asks.
    pub(super) user: String,
    /// True in a direct message.
    pub(super) direct: bool,
    /// True when the channel is shared with another organisation.
    pub(super) shared: bool,
    /// True when nobody else sees the question, and a modal can be opened for its answer.
    pub(super) can_open: bool,
}

/// The answer to a question.
#[derive(Debug)]
pub(super) enum Answer {
    /// A reply without a case.
    Plain { reply: Reply, kind: AnswerKind },
    /// A case to work on.
    Case(Box<Case>),
    /// A run, begun once `done` is saved. Its own message is the answer, and `post` the key of that; `reply` is for
    /// people who asked where that message is not seen.
    Run {
        done: Box<Changes>,
        post: String,
        reply: Reply,
    },
    /// An equal run that is under way; `done` adds the person who asks for it.
    Joined { done: Box<Changes>, reply: Reply },
    /// The form of a job, to be filled in: only where [`Question::can_open`] is set.
    Form(Box<FormRequest>),
}

impl QuestionHandler {
    /// Answers a question; every question gets an answer.
    pub(super) async fn answer(&self, asked: Question) -> Result<Answer, store::Error> {
        let responder = &self.ctx.responder;
        if asked.images && asked.text.trim().is_empty() {
            return Ok(plain(responder.images_not_read(false), "images"));
        }
        let known = self.ctx.knowledge.get();
        let library = &known.library;
        // A remark about a card is acted on before; here it is about none.
        if command::remark(&asked.text).is_some() && self.outcome(&known, &asked).matches.is_empty() {
            return Ok(plain(responder.no_card(false), "talk"));
        }
        Ok(match command::parse(&asked.text) {
            Command::Help | Command::Empty => plain(responder.help(), "help"),
            Command::HelpOn(command) => plain(responder.help_on(Some(&command)), "help"),
            Command::Search(words) => self.search(&known, asked, words),
            Command::Show { runbook, .. } if let Some(topic) = known.addressed(&runbook) => {
                place(library, asked.case, topic)
            }
            Command::Show { runbook, section } => match command::resolve(library, &runbook, section.as_deref()) {
                Resolution::Found(topic) => place(library, asked.case, topic),
                Resolution::Ambiguous(topics) => choose(library, asked.case, runbook, &topics),
                Resolution::Nothing if self.outcome(&known, &asked).matches.is_empty() => {
                    plain(responder.no_runbook_called(&redact(&runbook)), AnswerKind::Nothing)
                }
                Resolution::Nothing => self.find(&known, asked, None),
            },
            Command::Who(words) => match command::who(library, &words) {
                whom if is_nobody(&whom, asked.case.external)
                    && !known.index.search(&asked.text).matches.is_empty() =>
                {
                    self.find(&known, asked, None)
                }
                _ if asked.case.external => plain(responder.who_refused(), "who"),
                whom => plain(self.who(library, &whom, &words).await, "who"),
            },
            Command::Status => plain(self.status(&known, &asked).await?, "status"),
            Command::Mute { for_ } => plain(self.mute(&asked, for_).await?, "mute"),
            Command::Unmute => plain(self.unmute(&asked).await?, "unmute"),
            Command::Run(text) => Box::pin(self.run(&known, asked, &text)).await?,
            Command::Jobs => plain(Box::pin(self.jobs(&asked)).await?, "jobs"),
            Command::Typo { meant, text } => {
                let typed = Question { text, ..asked };
                Box::pin(self.nearly(&known, typed, &meant)).await?
            }
            Command::Unclear { command, rest, text } => {
                let typed = Question { text, ..asked };
                let outcome = self.outcome(&known, &typed);
                if outcome.matches.is_empty() {
                    plain(responder.unclear(command, &redact(&rest)), "unclear")
                } else {
                    self.find(&known, typed, None)
                }
            }
            Command::Find(text) => Box::pin(self.find_or_run(&known, Question { text, ..asked })).await?,
        })
    }

    /// The answer with the best runbook for a text, the closest ones, or the statement that there is none.
    fn find(&self, known: &Knowledge, asked: Question, meant: Option<&str>) -> Answer {
        let outcome = self.outcome(known, &asked);
        if outcome.matches.is_empty()
            && let Some(meant) = meant
        {
            return typo(asked.case, meant);
        }
        let (text, images) = (asked.text, asked.images);
        match Self::found(&known.library, asked.case, &outcome) {
            Some(case) => Answer::Case(Box::new(case)),
            None if images => plain(self.ctx.responder.images_not_read(true), AnswerKind::Nothing),
            None => self.nothing(&text),
        }
    }

    /// Names the people to contact about a runbook.
    pub(super) async fn who_to_contact(&self, library: &Library, runbook: &str) -> Reply {
        self.who(library, &command::who(library, runbook), runbook).await
    }

    /// Names whom to call, and who of them is on call now.
    async fn who(&self, library: &Library, whom: &Whom, words: &str) -> Reply {
        let teams = match whom {
            Whom::Found(owner) => owner.teams.as_slice(),
            Whom::Ambiguous(_) | Whom::Nothing { .. } => Default::default(),
        };
        self.ctx.ask_on_call(teams, ON_CALL).await;
        let on_call = self.ctx.on_call_lines(teams.iter().map(String::as_str));
        self.ctx.responder.who_on_call(library, whom, words, &on_call)
    }

    /// The answer when no runbook fits: it fits what was said instead.
    fn nothing(&self, text: &str) -> Answer {
        let responder = &self.ctx.responder;
        if let Some(talk) = command::small_talk(text) {
            return plain(responder.small_talk(talk == command::SmallTalk::Thanks), "talk");
        }
        let reply = match command::code_in(text) {
            Some(code) => responder.no_runbook_mentions(&redact(code)),
            None => responder.nothing_found(),
        };
        plain(reply, AnswerKind::Nothing)
    }

    /// The results of a search for the text that are certain enough for the channel.
    fn outcome(&self, known: &Knowledge, asked: &Question) -> Outcome {
        let threshold = self.ctx.rules.threshold(&asked.case.channel);
        let mut outcome = known.asked(&asked.text, threshold);
        outcome.near.retain(|near| near.confidence >= NEAR_FLOOR);
        outcome
    }

    /// Turns the results into a case; `None` when there are none.
    pub(super) fn found(library: &Library, mut case: Case, outcome: &Outcome) -> Option<Case> {
        let best = outcome.best()?;
        case.fingerprint = TopicRef::name_of(library, best.topic);
        if !case.take_up(library, outcome) {
            if case.near.is_empty() {
                return None;
            }
            case.status = CaseStatus::Choosing(None);
            case.request = CaseRequest::Near;
        }
        Some(case)
    }

    fn search(&self, known: &Knowledge, asked: Question, words: String) -> Answer {
        let outcome = known.index.search(&words);
        let found = outcome.matches.iter().chain(&outcome.near).take(RESULTS);
        let near: Vec<TopicRef> = found
            .filter_map(|found| TopicRef::of(&known.library, found.topic))
            .collect();
        if near.is_empty() {
            let reply = self.ctx.responder.search_results(&known.library, &outcome, &words);
            return plain(reply, "search");
        }
        choosing(asked.case, "search", CaseRequest::Search(words), near)
    }

    async fn status(&self, known: &Knowledge, asked: &Question) -> Result<Reply, store::Error> {
        let now = self.ctx.status.get();
        // Reasons of failed fetches name hosts of the team's own network.
        let sources = if asked.case.external {
            Vec::new()
        } else {
            self.ctx.status.sources.facts()
        };
        let facts = StatusFacts {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            now: self.ctx.clock.now(),
            runbooks: known.library.runbooks.len(),
            skipped: known.library.skipped.len(),
            sources,
            loaded_at: Some(known.read_at),
            reload_failed: self.ctx.knowledge.reload_failed(),
            problems: Problems::of(&known.library.diagnostics),
            connection: if self.ctx.rules.is_http() {
                ConnectionFacts::Http
            } else {
                ConnectionFacts::Socket {
                    connections: now.sockets,
                }
            },
            listening: self.listening(asked).await?,
        };
        Ok(self.ctx.responder.status(&facts))
    }

    async fn listening(&self, asked: &Question) -> Result<Listening, store::Error> {
        let channel = &asked.case.channel;
        if asked.direct {
            return Ok(Listening::Direct);
        }
        if let Some(mute) = self.ctx.store.muted(channel, self.ctx.clock.now()).await? {
            return Ok(Listening::Muted {
                until: mute.until,
                by: Some(self.ctx.people.name(&mute.by).await),
            });
        }
        Ok(if asked.shared && !self.ctx.rules.is_shared_allowed(channel) {
            Listening::Shared
        } else if !self.ctx.rules.is_unasked(channel) {
            Listening::Asked
        } else if self.ctx.rules.is_shadow(channel) {
            Listening::Shadow
        } else {
            Listening::Unasked
        })
    }

    async fn mute(&self, asked: &Question, time: Option<Duration>) -> Result<Reply, store::Error> {
        let responder = &self.ctx.responder;
        if let Some(refused) = self.refused(asked).await {
            return Ok(refused);
        }
        let now = self.ctx.clock.now();
        let until = time.map(|time| {
            let time = SignedDuration::try_from(time).unwrap_or(SignedDuration::MAX);
            now.saturating_add(time).unwrap_or(now)
        });
        let mute = Mute {
            by: asked.user.clone(),
            until,
        };
        self.write_mute(&asked.case.channel, Some(mute), now).await?;
        Ok(responder.muted(until, now))
    }

    async fn unmute(&self, asked: &Question) -> Result<Reply, store::Error> {
        if let Some(refused) = self.refused(asked).await {
            return Ok(refused);
        }
        let now = self.ctx.clock.now();
        let was_muted = self.ctx.store.muted(&asked.case.channel, now).await?.is_some();
        self.write_mute(&asked.case.channel, None, now).await?;
        let listening = self.listening(asked).await?;
        Ok(self.ctx.responder.unmuted(was_muted, &listening))
    }

    async fn write_mute(&self, channel: &str, mute: Option<Mute>, now: Timestamp) -> Result<(), store::Error> {
        let (store, channel) = (Arc::clone(&self.ctx.store), channel.to_owned());
        let write = async move { store.mute(&channel, mute.as_ref(), now).await };
        to_its_end(&self.ctx.tracker, write).await
    }

    /// The reason why somebody may not mute or unmute a channel; `None` when they may.
    async fn refused(&self, asked: &Question) -> Option<Reply> {
        let responder = &self.ctx.responder;
        let listed = self.ctx.rules.mute_by();
        let muter = policy::Muter {
            direct: asked.direct,
            bot: false,
            external: asked.case.external,
            nobody_listed: listed.is_empty(),
            listed: self.ctx.people.is_one_of(&asked.user, listed).await,
        };
        match policy::may_mute(muter) {
            MayMute::Yes => None,
            MayMute::Direct => Some(responder.mute_direct()),
            MayMute::External => Some(responder.mute_refused(true)),
            MayMute::NotListed | MayMute::Bot => Some(responder.mute_refused(false)),
        }
    }
}

/// Returns true when a name stands for nobody. For people of other organisations a team is nobody.
fn is_nobody(whom: &Whom, external: bool) -> bool {
    match whom {
        Whom::Nothing { .. } => true,
        Whom::Found(owner) => external && owner.subject == Subject::Team,
        Whom::Ambiguous(_) => false,
    }
}

fn plain(reply: Reply, kind: impl Into<AnswerKind>) -> Answer {
    let kind = kind.into();
    Answer::Plain { reply, kind }
}

/// The answer with a list to choose from.
fn choosing(case: Case, fingerprint: &str, request: CaseRequest, near: Vec<TopicRef>) -> Answer {
    Answer::Case(Box::new(Case {
        near,
        request,
        status: CaseStatus::Choosing(None),
        fingerprint: fingerprint.to_owned(),
        ..case
    }))
}

/// The answer to a mistyped command: one click runs the command that was probably meant.
fn typo(case: Case, meant: &str) -> Answer {
    choosing(case, "typo", CaseRequest::Typo(meant.to_owned()), Vec::new())
}

/// The answer with a topic that somebody asked to see.
fn place(library: &Library, case: Case, topic: TopicId) -> Answer {
    Answer::Case(Box::new(Case {
        place: TopicRef::of(library, topic),
        fingerprint: TopicRef::name_of(library, topic),
        ..case
    }))
}

/// The answer to a name that fits several topics.
fn choose(library: &Library, case: Case, name: String, topics: &[TopicId]) -> Answer {
    let near = topics.iter().take(RESULTS);
    let near = near.filter_map(|id| TopicRef::of(library, *id)).collect();
    choosing(case, "choice", CaseRequest::Name(name), near)
}
