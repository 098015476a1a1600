//! `run` and `jobs`: requests for runs, their values, and the replies when a run is refused.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use tracing::debug;

mod words;

use self::words::{first_word, harmless, named, secrets, written};
use super::{Answer, Question, QuestionHandler, plain, typo};
use crate::bot::Knowledge;
use crate::bot::cases::{Case, is_conversation, rows};
use crate::bot::runs::{Origin, Request, Requested};
use crate::command::{self, Command};
use crate::jobs::arguments::{self, UnreadableArguments};
use crate::jobs::parameters::{self, Fault};
use crate::jobs::{Denied, Job, Named};
use crate::redact::redact;
use crate::respond::{Reply, RunRefusal, Wanted};
use crate::store::{self, AnswerKind, CaseLookup, CaseRow};

/// Longest text, in characters, that may be a mistyped command: a longer one that begins with `run` is none.
const SLIP: usize = 300;

/// Age of the latest change up to which a case in a conversation is the one that a run is for.
const A_DAY: SignedDuration = SignedDuration::from_hours(24);

/// A job's form that is to be opened.
#[derive(Debug, Clone, Default)]
pub(crate) struct FormRequest {
    /// The job's id.
    pub(crate) job: String,
    /// The values given already.
    pub(crate) given: BTreeMap<String, String>,
    /// The source line of the step with the job.
    pub(crate) line: Option<u32>,
    /// The case that the run is for.
    pub(crate) case: Option<String>,
}

/// The id of the run that a message asks for.
pub(crate) fn run_of(message: &str) -> String {
    format!("run:{message}")
}

/// A person's request about a job, for the sentence that explains a refusal.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct About<'a> {
    pub(crate) wanted: Wanted,
    pub(crate) job: Option<&'a Job>,
    pub(crate) line: Option<u32>,
    /// The values given already, without secrets.
    pub(crate) given: Option<&'a BTreeMap<String, String>>,
}

impl QuestionHandler {
    /// Handles `run JOB key=value …`. A text that names no job and has no values may be a search.
    pub(super) async fn run(&self, known: &Knowledge, asked: Question, text: &str) -> Result<Answer, store::Error> {
        let read = arguments::read(text);
        let name = read.as_ref().map_or_else(|_| first_word(text), |read| read.job.clone());
        let job = match self.runner.registry().named(&name) {
            Named::One(job) => job,
            Named::Several(jobs) => return self.ambiguous(asked, &name, &jobs).await,
            Named::Nothing { .. } if read.is_err() => return Ok(self.find(known, asked, None)),
            Named::Nothing { nearest, is_slip } => {
                let is_meant = is_slip || name.contains('/') || read.is_ok_and(|read| !read.values.is_empty());
                let nearest = nearest.map(|job| job.id.0.clone());
                return self.unknown(known, asked, name, nearest, is_meant).await;
            }
        };
        let origin = self.origin(&asked).await?;
        let (given, unreadable) = match read {
            Ok(read) => (named(job, read.values), None),
            Err(unreadable) => (BTreeMap::new(), Some(unreadable)),
        };
        if unreadable.is_none() && asked.can_open && given.is_empty() && !job.parameters.is_empty() {
            return Ok(Self::form(job, given, &origin));
        }
        self.request(job, &asked, origin, given, unreadable).await
    }

    /// The answer to a name that several jobs go by: the person chooses one.
    async fn ambiguous(&self, asked: Question, name: &str, jobs: &[&Job]) -> Result<Answer, store::Error> {
        let origin = self.origin(&asked).await?;
        let reason = if origin.external {
            Denied::External
        } else {
            let candidates = jobs.iter().map(|job| (job.id.0.clone(), job.shown().to_owned()));
            Denied::AmbiguousJob {
                words: redact(name).into_owned(),
                candidates: candidates.collect(),
            }
        };
        Ok(plain(
            self.refusal(About::default(), &origin, reason).await,
            AnswerKind::RunRefused,
        ))
    }

    /// The answer when no job of that name is known. `is_meant`: the name can have been nothing but a job's.
    async fn unknown(
        &self,
        known: &Knowledge,
        asked: Question,
        words: String,
        nearest: Option<String>,
        is_meant: bool,
    ) -> Result<Answer, store::Error> {
        if !is_meant && let Some(said) = self.found_in(known, &asked) {
            return Ok(Answer::Case(Box::new(said)));
        }
        let origin = self.origin(&asked).await?;
        let reason = match () {
            () if !self.runner.is_configured() => Denied::NoJobs,
            () if origin.external => Denied::External,
            () => Denied::UnknownJob {
                words: redact(&words).into_owned(),
                nearest,
                known: self
                    .allowed(&origin)
                    .await
                    .into_iter()
                    .map(|job| job.id.0.clone())
                    .collect(),
            },
        };
        Ok(plain(
            self.refusal(About::default(), &origin, reason).await,
            AnswerKind::RunRefused,
        ))
    }

    /// Requests the run, with the given values and those known from elsewhere.
    async fn request(
        &self,
        job: &Job,
        asked: &Question,
        origin: Origin,
        given: BTreeMap<String, String>,
        unreadable: Option<UnreadableArguments>,
    ) -> Result<Answer, store::Error> {
        let (may, definition) = tokio::join!(self.runner.may(job, &origin), self.runner.definition(job));
        let harmless = harmless(job, definition.as_ref(), &given);
        let about = About {
            job: Some(job),
            given: Some(&harmless),
            ..About::default()
        };
        if may.is_ok() {
            if let Some(mut unreadable) = unreadable {
                // A word that stands twice before a `=` need not be a name.
                if let UnreadableArguments::Twice { key } = &mut unreadable
                    && !parameters::is_repeatable(key)
                {
                    key.clear();
                }
                let reply = self.refusal(about, &origin, Denied::Unreadable(unreadable)).await;
                return Ok(plain(reply, AnswerKind::RunRefused));
            }
            // A slash command is shown to nobody else, and nobody else reads a direct message.
            let mut secrets = secrets(job, definition.as_ref(), &given);
            if !secrets.is_empty() && !asked.can_open && !asked.direct {
                secrets.retain(|name| parameters::is_repeatable(name));
                return Ok(plain(
                    self.refusal(about, &origin, Denied::Secret(secrets)).await,
                    AnswerKind::RunRefused,
                ));
            }
        }
        let fields = match may {
            Ok(()) => self.runner.fields(job, &origin, None, &given).await?,
            // The run is requested nevertheless, so that the refusal is audited.
            Err(_) => Vec::new(),
        };
        let mut values = parameters::values(&fields);
        // A value without a field is wrong, and must not be lost.
        for (name, value) in &given {
            values.entry(name.clone()).or_insert_with(|| value.clone());
        }
        let request = Request {
            id: run_of(&asked.case.id),
            job: job.id.clone(),
            values,
            origin: origin.clone(),
        };
        Ok(match self.runner.request(request).await? {
            Requested::Refused(Denied::Faults(faults)) => {
                let is_missing = faults.iter().all(|fault| fault.fault == Fault::Missing);
                if asked.can_open && is_missing {
                    Self::form(job, given.clone(), &origin)
                } else {
                    plain(
                        self.refusal(about, &origin, Denied::Faults(faults)).await,
                        AnswerKind::RunRefused,
                    )
                }
            }
            Requested::Refused(refusal) => plain(self.refusal(about, &origin, refusal).await, AnswerKind::RunRefused),
            taken => self.taken(job, taken),
        })
    }

    /// The answer to a request that was accepted.
    pub(crate) fn taken(&self, job: &Job, requested: Requested) -> Answer {
        let responder = &self.ctx.responder;
        match requested {
            Requested::New { done, post, run } => {
                debug!(run, "a run is requested in a message");
                Answer::Run {
                    done,
                    post,
                    reply: responder.run_started(job.shown(), None),
                }
            }
            Requested::Known { post, .. } => Answer::Run {
                done: Box::default(),
                post,
                reply: responder.run_started(job.shown(), None),
            },
            Requested::Joined { done, by, url, .. } => Answer::Joined {
                done,
                reply: responder.run_joined(job.shown(), &by, url.as_deref()),
            },
            Requested::Refused(_) => plain(responder.too_old(None), AnswerKind::RunRefused),
        }
    }

    fn form(job: &Job, given: BTreeMap<String, String>, origin: &Origin) -> Answer {
        Answer::Form(Box::new(FormRequest {
            job: job.id.0.clone(),
            given,
            line: None,
            case: origin.case.clone(),
        }))
    }

    /// Starts a run when `run` stands before the title or the path of a job. Else searches, unless the text begins as a
    /// command for an existing job and no match is certain.
    pub(super) async fn find_or_run(&self, known: &Knowledge, asked: Question) -> Result<Answer, store::Error> {
        let is_short = asked.text.chars().count() <= SLIP && !asked.text.trim().contains('\n');
        let command = asked.text.trim().split_once(' ');
        let rest = command.filter(|(word, _)| is_short && word.eq_ignore_ascii_case("run"));
        let Some(rest) = rest.map(|(_, rest)| rest.trim().to_owned()) else {
            return Ok(self.find(known, asked, None));
        };
        let registry = self.runner.registry();
        let (named, values) = registry.leading(&rest).unwrap_or_default();
        let mut slip = None;
        let name = rest.strip_suffix(values).unwrap_or(&rest).trim();
        match named {
            Named::One(job) => {
                let written = command::parse(&format!("run {} {values}", job.id));
                if let Command::Run(text) = written {
                    return Box::pin(self.run(known, asked, &text)).await;
                }
            }
            Named::Several(jobs) => return self.ambiguous(asked, name, &jobs).await,
            Named::Nothing { nearest, is_slip } => slip = nearest.filter(|_| is_slip).map(|job| job.id.0.clone()),
        }
        // A job, followed by text that is not a list of values.
        if let (Named::One(job), Some(unreadable)) = (registry.named(&first_word(&rest)), arguments::read(&rest).err())
        {
            if self.found_in(known, &asked).is_some() {
                return Ok(self.find(known, asked, None));
            }
            let origin = self.origin(&asked).await?;
            let unreadable = Some(unreadable);
            return self.request(job, &asked, origin, BTreeMap::new(), unreadable).await;
        }
        match slip {
            Some(_) => self.unknown(known, asked, name.to_owned(), slip, true).await,
            None => Ok(self.find(known, asked, None)),
        }
    }

    /// The answer to a mistyped command. If a run was meant, one click starts it, without its secrets: others read
    /// along.
    pub(super) async fn nearly(&self, known: &Knowledge, asked: Question, meant: &str) -> Result<Answer, store::Error> {
        let read = match command::parse(meant) {
            Command::Run(rest) => arguments::read(&rest),
            _ => return Ok(self.find(known, asked, Some(meant))),
        };
        let Ok(read) = read else {
            return Ok(self.find(known, asked, None));
        };
        match self.runner.registry().named(&read.job) {
            Named::One(job) => {
                let definition = self.runner.definition(job).await;
                let given = harmless(job, definition.as_ref(), &named(job, read.values));
                // The text may hold a secret of the job: nothing of it is kept.
                let case = Case {
                    pastes: Vec::new(),
                    ..asked.case
                };
                Ok(typo(case, &written(job, &given)))
            }
            Named::Several(jobs) => self.ambiguous(asked, &read.job, &jobs).await,
            Named::Nothing { nearest, .. } if !read.values.is_empty() && self.found_in(known, &asked).is_none() => {
                let nearest = nearest.map(|job| job.id.0.clone());
                self.unknown(known, asked, read.job, nearest, true).await
            }
            Named::Nothing { .. } => Ok(self.find(known, asked, None)),
        }
    }

    /// The answer to the text as a search, when a match is certain.
    fn found_in(&self, known: &Knowledge, asked: &Question) -> Option<Case> {
        let threshold = self.ctx.rules.threshold(&asked.case.channel);
        let outcome = known.asked(&asked.text, threshold);
        let is_found = !outcome.matches.is_empty();
        is_found
            .then(|| Self::found(&known.library, asked.case.clone(), &outcome))
            .flatten()
    }

    /// The reply that explains a refusal.
    pub(crate) async fn refusal(&self, about: About<'_>, origin: &Origin, reason: Denied) -> Reply {
        let channels = match (&reason, about.job) {
            (Denied::NotHere, Some(job)) => {
                join_all(job.channels.iter().map(|channel| self.ctx.people.channel(channel))).await
            }
            _ => Vec::new(),
        };
        self.ctx.responder.run_refused(&RunRefusal {
            wanted: about.wanted,
            job: about.job,
            channels: channels.into_iter().flatten().collect(),
            case: origin.case.as_deref().unwrap_or_default(),
            line: about.line,
            given: about.given.cloned().unwrap_or_default(),
            reason,
        })
    }

    /// The person who asks, the place, and the case that it is about.
    pub(super) async fn origin(&self, asked: &Question) -> Result<Origin, store::Error> {
        let Question { case, user, direct, .. } = asked;
        let thread = case.thread_ts.clone();
        let (about, name) = tokio::join!(
            self.case_in(&case.channel, thread.as_deref(), user),
            self.ctx.people.name(user)
        );
        Ok(Origin {
            user: user.clone(),
            name,
            team: case.team.clone(),
            channel: case.channel.clone(),
            thread_ts: thread,
            external: case.external,
            direct: *direct,
            case: about?,
        })
    }

    /// The newest case that people work on in a thread; in a conversation with the bot alone, the latest open one of
    /// the last day.
    pub(crate) async fn case_in(
        &self,
        channel: &str,
        thread: Option<&str>,
        user: &str,
    ) -> Result<Option<String>, store::Error> {
        let since = self.ctx.clock.now().saturating_sub(A_DAY).unwrap_or(Timestamp::MIN);
        let lookup = match thread {
            Some(thread) => CaseLookup::Thread(thread),
            None if is_conversation(channel) => CaseLookup::Author { author: user, since },
            None => return Ok(None),
        };
        let wanted = |_: &CaseRow, case: &Case| {
            let is_here = thread.is_some() || case.is_in_conversation() && case.status.is_open();
            is_here && (case.place.is_some() || case.found.is_some())
        };
        let found = rows::find(self.ctx.store.as_ref(), channel, lookup, wanted).await?;
        Ok(found.map(|(row, _)| row.id))
    }
}
